// SPDX-License-Identifier: EUPL-1.2

package emulator

import (
	"crypto/rand"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// recordedBits is the old key's size on the cards that each version of OpenSC was recorded with; 0 is
// the series' own.
var recordedBits = map[string]int{"0.23": 1024, "0.26": 0}

// What OpenSC sent through pcscd gets the same status words again. The files are named by series and
// version of OpenSC; those of 0.23 are written by TestOpenSC -record, those of 0.26 were recorded with
// Debian 13's OpenSC 0.26.1 in the same way.
func TestReplay(t *testing.T) {
	names, err := os.ReadDir(filepath.Join("testdata", "opensc"))
	if err != nil || len(names) == 0 {
		t.Fatal("no recordings", err)
	}
	for _, n := range names {
		series, version, _ := strings.Cut(strings.TrimSuffix(n.Name(), ".apdu"), "-")
		bits, ok := recordedBits[version]
		if !ok || filepath.Ext(n.Name()) != ".apdu" {
			t.Fatalf("unknown file %s", n.Name())
		}
		key := issuedKey(t, series)
		if bits != 0 {
			key = testKey(t, bits, 0)
		}
		c, err := demo(series, rand.Reader, key)
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join("testdata", "opensc", n.Name()))
		if err != nil {
			t.Fatal(err)
		}
		signed := 0
		for line := range strings.Lines(string(b)) {
			command, want, _ := strings.Cut(strings.TrimSpace(line), " ")
			if command == "reset" {
				c.Reset()
				continue
			}
			if _, sw := send(t, c, command); sw != want {
				t.Errorf("%s: %.60s answers %s, was %s", n.Name(), command, sw, want)
			}
			if strings.HasPrefix(command, "002A8086") && want == "9000" {
				signed++
			}
		}
		if signed == 0 {
			t.Errorf("%s: nothing was signed", n.Name())
		}
	}
}
