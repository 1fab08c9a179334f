// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestDemo runs the whole demonstration of "make demo": service, card, renewal and login are the programs' own.
func TestDemo(t *testing.T) {
	out, err := exec.Command(filepath.Join(programs, "rinnova"), "demo").CombinedOutput()
	if err != nil || !strings.Contains(string(out), "Accesso riuscito: BRUNILDE ESEMPIO") {
		t.Errorf("%v\n%s", err, out)
	}
}
