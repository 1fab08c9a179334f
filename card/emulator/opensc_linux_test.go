// SPDX-License-Identifier: EUPL-1.2

package emulator

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"rinnova.example/go/card/pcsc/pcsctest"
	"rinnova.example/go/systemtest"
)

var recording = flag.Bool("record", false, "write what OpenSC sends to testdata/opensc")

// pkcs11Module is where Debian's opensc-pkcs11 lies below the library folder.
func pkcs11Module(t *testing.T) string {
	t.Helper()
	m, err := filepath.Glob("/usr/lib/*/opensc-pkcs11.so")
	if err != nil || len(m) != 1 {
		t.Fatal("opensc-pkcs11.so is missing: install the Debian package opensc")
	}
	return m[0]
}

// recorder writes down commands and status words.
type recorder struct {
	*Card
	mu    sync.Mutex
	lines bytes.Buffer
}

func (r *recorder) Transmit(b []byte) ([]byte, error) {
	sent := hex.EncodeToString(b)
	a, err := r.Card.Transmit(b)
	if err == nil {
		r.mu.Lock()
		fmt.Fprintf(&r.lines, "%s %s\n", strings.ToUpper(sent), strings.ToUpper(hex.EncodeToString(a[len(a)-2:])))
		r.mu.Unlock()
	}
	return a, err
}

func (r *recorder) Reset() {
	r.Card.Reset()
	r.mu.Lock()
	fmt.Fprintln(&r.lines, "reset")
	r.mu.Unlock()
}

// hiddenFromOpenSC checks that OpenSC finds nothing on a card that shows its files to its own application only, as on
// the real one of OpenSC issue 3804.
func hiddenFromOpenSC(t *testing.T, stack *pcsctest.Stack, card *Card) {
	t.Helper()
	pull := pcsctest.PlugCard(t, stack.Addrs[0], card)
	out, err := exec.Command("pkcs15-tool", "--reader", stack.Readers[0], "-D").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "Unsupported card") {
		t.Errorf("pkcs15-tool: %v\n%s", err, out)
	}
	pull()
	pcsctest.Empty(t, stack.Readers[0])
}

// OpenSC lists the old pair of every series and can use it, through pcscd and the virtual reader.
//
// Debian 12's OpenSC 0.23 signs with 1024 bits only on any CNS, so that the series with a longer old key
// are given one of 1024 bits here; testdata/opensc holds what OpenSC 0.26.1 sends to their own.
func TestOpenSC(t *testing.T) {
	module := pkcs11Module(t)
	systemtest.Need(t, "opensc", "pkcs15-tool", "pkcs11-tool", module)
	stack := pcsctest.Start(t)
	for _, series := range allSeries() {
		t.Run(series, func(t *testing.T) {
			card, err := demo(series, rand.Reader, testKey(t, 1024, 0))
			if err != nil {
				t.Fatal(err)
			}
			if card.hidden {
				hiddenFromOpenSC(t, stack, card)
				return
			}
			r := &recorder{Card: card}
			pull := pcsctest.PlugCard(t, stack.Addrs[0], r)
			defer func() {
				if t.Failed() {
					t.Logf("what was sent, and the status words:\n%s", r.lines.String())
				}
			}()
			home := t.TempDir() // OpenSC keeps files by card number
			tool := func(name string, args ...string) string {
				t.Helper()
				cmd := exec.Command(name, args...)
				cmd.Env = append(os.Environ(), "HOME="+home, "XDG_CACHE_HOME="+home)
				out, err := cmd.CombinedOutput()
				if err != nil {
					t.Fatalf("%s: %v\n%s", name, err, out)
				}
				return string(out)
			}
			dump := tool("pkcs15-tool", "--reader", stack.Readers[0], "-D")
			for _, want := range []string{"PIN CNS0", "Private RSA Key [CNS0]", "X.509 Certificate [CNS0]",
				"BRUNILDE ESEMPIO"} {
				if !strings.Contains(dump, want) {
					t.Errorf("no %q in\n%s", want, dump)
				}
			}
			out := tool("pkcs11-tool", "--module", module, "--token-label", "BRUNILDE ESEMPIO", "--login", "--pin",
				DemoPIN, "--test")
			// OpenSC 0.23 asks for 100 random bytes at once, more than Idemia's cards of 2021 give.
			result := "No errors"
			if card.challengeLimit() < 100 {
				result = "1 errors"
				if strings.Count(out, "ERR:") != 1 || !strings.Contains(out, "ERR: C_GenerateRandom") {
					t.Errorf("another error than the random bytes:\n%s", out)
				}
			}
			for _, want := range []string{result, "testing key 0 (CNS0)", "all 4 signature functions seem to work",
				"SHA256-RSA-PKCS: OK"} {
				if !strings.Contains(out, want) {
					t.Errorf("no %q in\n%s", want, out)
				}
			}
			if card.Tries(0x10) != 3 {
				t.Errorf("%d tries left", card.Tries(0x10))
			}
			pull()
			pcsctest.Empty(t, stack.Readers[0])
			if *recording {
				name := filepath.Join("testdata", "opensc", series+"-0.23.apdu")
				if err := os.WriteFile(name, r.lines.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}
