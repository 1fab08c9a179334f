// SPDX-License-Identifier: EUPL-1.2

package driver

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/cns"
	"rinnova.example/go/systemtest"
	"rinnova.example/go/trial"
)

const library = "../../bin/librinnova-pkcs11.so"

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// host runs programs as a user with an empty home folder.
type host struct {
	testing.TB
	home   string
	module string // the library's absolute path
}

func newHost(t testing.TB) *host {
	t.Helper()
	module, err := filepath.Abs(library)
	check(t, err)
	return &host{t, t.TempDir(), module}
}

func (h *host) command(name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Env = []string{"HOME=" + h.home, "PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8"}
	return c
}

func (h *host) output(c *exec.Cmd) string {
	h.Helper()
	out, err := c.CombinedOutput()
	if err != nil {
		h.Fatalf("%s: %v\n%s", strings.Join(c.Args, " "), err, out)
	}
	return string(out)
}

func (h *host) run(name string, args ...string) string {
	h.Helper()
	return h.output(h.command(name, args...))
}

// write writes a file into the user's home folder, and returns its path.
func (h *host) write(name, text string, mode os.FileMode) string {
	h.Helper()
	path := filepath.Join(h.home, name)
	check(h, os.MkdirAll(filepath.Dir(path), 0o700))
	check(h, os.WriteFile(path, []byte(text), mode))
	return path
}

// TestEverySeries has OpenSC's tool test the old and the new key of each series that can be renewed.
func TestEverySeries(t *testing.T) {
	systemtest.Need(t, "opensc", "pkcs11-tool")
	s := newStage(t)
	for _, series := range renewable() {
		t.Run(series, func(t *testing.T) {
			card := s.renewed(t, series)
			defer s.plug(t, card)()
			h := newHost(t)
			tool := func(args ...string) string {
				return h.run("pkcs11-tool", append([]string{"--module", h.module}, args...)...)
			}
			if list := tool("-O"); strings.Count(list, "Certificate Object") != 2 ||
				strings.Count(list, "Public Key Object") != 2 || strings.Contains(list, "Private Key Object") {
				t.Errorf("objects before a login:\n%s", list)
			}
			out := tool("--login", "--pin", trial.PIN, "--test")
			for _, want := range []string{"No errors", "all 4 signature functions seem to work"} {
				if !strings.Contains(out, want) {
					t.Errorf("no %q in\n%s", want, out)
				}
			}
			if n := strings.Count(out, "testing key "); n != 4 { // each signs and decrypts
				t.Errorf("%d keys were tested:\n%s", n, out)
			}
			session, err := cns.Open(card)
			check(t, err)
			if n := card.Tries(session.Model.Code(cardmodel.PIN).Reference); n != 3 {
				t.Errorf("%d tries left", n)
			}
		})
	}
}
