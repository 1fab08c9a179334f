// SPDX-License-Identifier: EUPL-1.2

package pcsc_test

import (
	"bytes"
	"errors"
	"os/exec"
	"path/filepath"
	"testing"

	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/pcsc"
	"rinnova.example/go/card/pcsc/pcsctest"
	"rinnova.example/go/systemtest"
)

// library compiles testdata/reader.c and has the package use it until the test ends.
func library(t *testing.T, macros ...string) {
	t.Helper()
	systemtest.Need(t, "gcc", "gcc")
	out := filepath.Join(t.TempDir(), "reader.so")
	args := append([]string{"-shared", "-fPIC", "-o", out, "testdata/reader.c", "-ldl"}, macros...)
	if b, err := exec.Command("gcc", args...).CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, b)
	}
	restore, err := pcsc.UseLibrary(out)
	ok(t, err)
	t.Cleanup(restore)
}

// TestReaderLimit sends a long command through readers that carry short ones only. A reader whose driver tells its
// limit never gets the long one. A reader that fails at it gets it once; every connection knows its limit from then
// on.
func TestReaderLimit(t *testing.T) {
	long := append([]byte{0x00, 0xD6, 0x00, 0x00, 0x00, 0x01, 0x00}, pattern(256)...)
	short := append([]byte{0x00, 0xD6, 0x00, 0x00, 0xFF}, pattern(255)...)
	for name, row := range map[string]struct {
		macros []string
		errs   []error // of one long command after the other
	}{
		"the driver says 0":     {[]string{"-DLIMIT=261", "-DCONTROL=0"}, []error{iso7816.ErrExtendedLength}},
		"the driver says 256":   {[]string{"-DLIMIT=261", "-DCONTROL=256"}, []error{iso7816.ErrExtendedLength}},
		"the driver says 65536": {[]string{"-DLIMIT=70000", "-DCONTROL=65536"}, []error{nil, nil}},
		"the driver is silent":  {[]string{"-DLIMIT=70000"}, []error{nil, nil}},
		"the reader fails":      {[]string{"-DLIMIT=261"}, []error{iso7816.ErrReader, iso7816.ErrExtendedLength}},
		"the driver is mistaken": {[]string{"-DLIMIT=261", "-DCONTROL=65536"},
			[]error{iso7816.ErrReader, iso7816.ErrExtendedLength}},
	} {
		t.Run(name, func(t *testing.T) {
			s := pcsctest.Start(t)
			library(t, row.macros...)
			pcsc.ForgetLimits()
			chip := &card{atr: atrT1}
			pcsctest.PlugCard(t, s.Addrs[0], chip)
			for _, want := range row.errs {
				c := open(t, "0") // each time a new connection
				ok(t, c.Begin())
				_, err := c.Transmit(long)
				if want == nil && err != nil || !errors.Is(err, want) {
					t.Errorf("long command: %v, want %v", err, want)
				}
				if got := bytes.Equal(chip.last(), long); got != (want == nil) {
					t.Errorf("the card got it: %t", got)
				}
				expect(t, c, short, 0x90, 0x00)
				ok(t, c.End(false))
			}
		})
	}
}

// TestNoContext tells why there is no context: Windows answers that the service does not run while no reader is
// connected, and polkit refuses.
func TestNoContext(t *testing.T) {
	for macro, want := range map[string]error{
		"-DESTABLISH=0x8010001D": pcsc.ErrNoService,
		"-DESTABLISH=0x8010006A": pcsc.ErrNotPermitted,
	} {
		t.Run(macro, func(t *testing.T) {
			library(t, "-DLIMIT=261", macro)
			_, err := pcsc.Readers()
			failsWith(t, err, want)
		})
	}
}
