// SPDX-License-Identifier: EUPL-1.2

package driver

import (
	"os/exec"
	"strings"
	"testing"

	"rinnova.example/go/systemtest"
	"rinnova.example/go/trial"
)

// TestOpenSC shows the causes that docs/BROWSERS.md gives for what OpenSC says of these cards, and that both libraries
// sign in turn in one program.
func TestOpenSC(t *testing.T) {
	systemtest.Need(t, "opensc", "pkcs11-tool")
	module := systemtest.Need(t, "opensc-pkcs11", "/usr/lib/*/opensc-pkcs11.so")[0]
	s := newStage(t)
	program := compiled(t, t.TempDir(), "host", "testdata/host.c")
	for _, series := range []string{"AC2014", "OT2016"} {
		t.Run(series, func(t *testing.T) {
			card := s.renewed(t, series)
			defer s.plug(t, card)()
			h := newHost(t)
			tool := func(args ...string) *exec.Cmd {
				c := h.command("pkcs11-tool", append([]string{"--module", module}, args...)...)
				c.Env = append(c.Env, "OPENSC_DEBUG=9")
				return c
			}
			list := h.output(tool("-L"))
			if !strings.Contains(list, "user PIN locked") ||
				!strings.Contains(list, "does not support PIN status queries") {
				t.Errorf("the flags of the tokens:\n%s", list)
			}
			out, err := tool("--slot-index", "1", "--login", "--pin", trial.PIN, "-O").CombinedOutput()
			if err == nil || !strings.Contains(string(out), "CKR_GENERAL_ERROR") ||
				!strings.Contains(string(out), "\n00 20 00 1A 08 31 32 33 34 35 FF FF FF") ||
				!strings.Contains(string(out), "Referenced data not found") {
				t.Errorf("login at the second pair: %v\n%s", err, out)
			}
			if out := h.run(program, h.module, trial.PIN, "beside", module); out != "ok\n" {
				t.Errorf("beside OpenSC the host said %q", out)
			}
			left(t, card, 3)
		})
	}
}
