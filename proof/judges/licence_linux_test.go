// SPDX-License-Identifier: EUPL-1.2

package judges

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"rinnova.example/go/systemtest"
)

// licences has the REUSE project's own checker.
var licences = &layer{name: "licences", below: cards, packages: []string{"reuse"}, setup: "true"}

// TestREUSE: the REUSE project's checker finds a licence and a holder of the rights for every file of the repository,
// and finds a file without them.
func TestREUSE(t *testing.T) {
	systemtest.NeedRoot(t)
	systemtest.Need(t, "git", "git")
	root, err := licences.root()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	list, err := exec.Command("git", "-C", "../..", "ls-files", "-z").Output()
	if err != nil {
		t.Fatal(err)
	}
	files := strings.Split(strings.TrimSuffix(string(list), "\x00"), "\x00")
	for _, name := range files {
		copied(t, filepath.Join("../..", name), filepath.Join(dir, name))
	}
	lint := func() (string, error) {
		out, err := within(root, map[string]string{"mnt": dir}, "reuse", "--root", "/mnt", "lint").CombinedOutput()
		return string(out), err
	}
	if out, err := lint(); err != nil || !strings.Contains(out, "compliant with version 3.3 of the REUSE") {
		t.Errorf("%v: %s", err, out)
	}
	// A licence that nothing holds is no licence of ours.
	if err := os.WriteFile(filepath.Join(dir, "planted.go"),
		[]byte("// SPDX-License-"+"Identifier: Example-1.0\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := lint(); err == nil || !strings.Contains(out, "planted.go") {
		t.Errorf("a planted file passes: %v: %s", err, out)
	}
}

// copied copies a file, with the folders above it.
func copied(t *testing.T, from, to string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(from)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	out, err := os.Create(to)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, in); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
}
