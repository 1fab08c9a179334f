// SPDX-License-Identifier: EUPL-1.2

//go:build development

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"rinnova.example/go/systemtest"
)

// TestFilesAreCompleted: after a command that takes files, bash and fish complete their names, and flags after a
// hyphen.
func TestFilesAreCompleted(t *testing.T) {
	dir := t.TempDir()
	if err := (&manualCommand{To: dir, Date: "2020-05-25"}).Run(nil); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "card.transcript"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, row := range []struct{ line, want, not string }{
		{"replay car", "card.transcript", "--check"}, {"replay --ch", "--check", "card.transcript"},
		{"record car", "card.transcript", "--yes"}, {"status car", "", "card.transcript"},
	} {
		for shell, args := range map[string][]string{
			"bash": {"--norc", "-c", `source ./rinnova.bash; COMP_WORDS=(rinnova ` + row.line +
				`); COMP_CWORD=2; _rinnova; printf '%s\n' "${COMPREPLY[@]}"`},
			"fish": {"--no-config", "-c", "source ./rinnova.fish; complete -C 'rinnova " + row.line + "'"},
		} {
			systemtest.Need(t, shell, shell)
			cmd := exec.Command(shell, args...)
			cmd.Dir = dir
			cmd.Env = append(os.Environ(), "HOME="+dir)
			out, err := cmd.CombinedOutput()
			if err != nil || !strings.Contains(string(out), row.want) || strings.Contains(string(out), row.not) {
				t.Errorf("%s completes %q as %q, %v", shell, row.line, out, err)
			}
		}
	}
}
