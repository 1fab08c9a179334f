// SPDX-License-Identifier: EUPL-1.2

package packaging

import (
	"crypto/sha256"
	"encoding/hex"
	"path/filepath"
	"strings"
	"testing"

	"rinnova.example/go/systemtest"
)

const (
	operators    = "../dist/operator" // the packages of a trial operator
	operatorFile = "testdata/operator.json"
)

// Every package of an operator has operator.json in the place where the program reads it; its programs are those of
// the packages without one.
func TestOperatorsPackages(t *testing.T) {
	systemtest.NeedMade(t, operators, "packages OPERATOR=packaging/testdata/operator.json OUT=dist/operator")
	same(t, filepath.Join(operators, "operator.json"), operatorFile)

	dir := t.TempDir()
	run(t, "dpkg-deb", "-x", filepath.Join(operators, filepath.Base(deb)), dir)
	same(t, filepath.Join(dir, "usr/share/rinnova/operator.json"), operatorFile)
	for _, program := range []string{"rinnova", "rinnova-window"} {
		same(t, filepath.Join(dir, "usr/bin", program), filepath.Join(work, "linux-amd64", program))
	}
	// The program finds the file from where it lies.
	if got := run(t, filepath.Join(dir, "usr/bin/rinnova"), "service"); !strings.Contains(got,
		"Servizio: https://rinnovo.example\n") || !strings.Contains(got, "/usr/share/rinnova/operator.json") {
		t.Errorf("the program of the Debian package knows %s", got)
	}

	sum := sha256.Sum256(read(t, operatorFile))
	found := false
	for line := range strings.Lines(run(t, "rpm", "-qp", "--dump", filepath.Join(operators, filepath.Base(rpm)))) {
		f := strings.Fields(line) // path size mtime digest mode owner group …
		found = found || f[0] == "/usr/share/rinnova/operator.json" && f[3] == hex.EncodeToString(sum[:]) &&
			f[4] == "0100644" && f[5] == "root"
	}
	if !found {
		t.Error("the Fedora package has no operator.json of root's")
	}

	for _, target := range []string{"linux-amd64", "linux-arm64", "darwin-amd64", "darwin-arm64"} {
		dir, name := t.TempDir(), "rinnova-"+version+"-"+target
		run(t, "tar", "-C", dir, "-xf", filepath.Join(operators, name+".tar.gz"))
		same(t, filepath.Join(dir, name, "share/rinnova/operator.json"), operatorFile)
		same(t, filepath.Join(dir, name, "rinnova"), filepath.Join(work, target, "rinnova"))
		if target == "linux-amd64" {
			got := run(t, filepath.Join(dir, name, "rinnova"), "service")
			if !strings.Contains(got, "Servizio: https://rinnovo.example\n") {
				t.Errorf("the program of the archive knows %s", got)
			}
		}
	}
	for _, i := range installers {
		extracted, generic := t.TempDir(), t.TempDir()
		run(t, "msiextract", "-C", extracted, filepath.Join(operators, filepath.Base(i.file())))
		run(t, "msiextract", "-C", generic, i.file())
		all := strings.Split(strings.TrimSuffix(run(t, "find", extracted, "-path", "*/Rinnova/operator.json"), "\n"),
			"\n")
		if len(all) != 1 || all[0] == "" {
			t.Fatalf("%s: operator.json at %q", i.name, all)
		}
		same(t, all[0], operatorFile)
		folder, err := filepath.Rel(extracted, filepath.Dir(all[0]))
		if err != nil {
			t.Fatal(err)
		}
		for _, program := range []string{"rinnova.exe", "rinnova-window.exe"} {
			same(t, filepath.Join(extracted, folder, program), filepath.Join(generic, folder, program))
		}
		if a, b := table(t, filepath.Join(operators, filepath.Base(i.file())), "Property"), table(t, i.file(),
			"Property"); a["ProductCode"]["Value"] == b["ProductCode"]["Value"] ||
			a["UpgradeCode"]["Value"] != b["UpgradeCode"]["Value"] {
			t.Errorf("%s: the same product as without an operator, or one that does not take its place", i.name)
		}
	}
}
