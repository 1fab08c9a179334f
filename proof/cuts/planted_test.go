// SPDX-License-Identifier: EUPL-1.2

package cuts

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// edit replaces a text that must stand in a file exactly once.
type edit struct{ file, old, new string }

// planted are faults of the kinds that the matrix must find. An overlay of the sources builds each into the program,
// so that the program has no switch for any of them.
const (
	installStep = "\t\t{\"install\", func(f runFacts) bool { return f.Written }, (*run).install, 3, 25},\n"
	confirmStep = "\t\t{\"confirm\", func(f runFacts) bool { return f.Confirmed }, (*run).confirm, 4, 4},\n"
)

var planted = []struct {
	name  string
	edits []edit
}{
	{"skip the public-key file",
		[]edit{{"citizen/renewal/generate.go", "if stored == nil || !stored.Equal(k) {", "if false {"}}},
	{"first bytes of the certificate first",
		[]edit{{"card/cns/file.go", "for i := n; i < len(data); i += chunk {",
			"for i := 0; i < len(data); i += chunk {"}}},
	{"repeat VERIFY after 63Cx",
		[]edit{{"card/cns/code.go", "Data: data})\n\treturn s.judged(kind, err)\n", "Data: data})\n" +
			"\tif err = s.judged(kind, err); err != nil {\n" +
			"\t\tiso7816.Do(s.card, iso7816.Command{INS: iso7816.INSVerify, P2: s.reference(c), Data: data})\n" +
			"\t}\n\treturn err\n"}}},
	{"overwrite a known key",
		[]edit{{"citizen/renewal/action.go", "\tcase k.Claimed:\n\t\treturn keepKey\n",
			"\tcase k.Claimed:\n\t\treturn makeKey\n"}}},
	{"drop idempotency",
		[]edit{{"service/ra/authority.go", "before, err := a.Store.ForKur(ctx, old, spki, kur)",
			"before, err := store.Certificate{}, error(store.ErrNotFound)"}}},
	{"confirm before read-back", []edit{
		{"citizen/renewal/renewal.go", confirmStep, ""},
		{"citizen/renewal/renewal.go", installStep, confirmStep + installStep}}},
	{"trust a stale journal",
		[]edit{{"citizen/renewal/generate.go", "\t\tok, err := b.KeyMatches(p.Key, k)\n",
			"\t\tok, err := true, error(nil)\n"}}},
	{"adopt a key with nonRepudiation", []edit{{"citizen/renewal/inspect.go",
		"return p.Number > 0 && (s == cns.FileAbsent ||",
		"return p.Number > 0 && (s == cns.FileReadable || s == cns.FileAbsent ||"}}},
	{"skip the identity check", []edit{{"card/cns/session.go", "\tif id != s.IDCarta {\n", "\tif id == \"\" {\n"}}},
	{"revoke on a timer", []edit{{"service/ra/authority.go", "\tcase err == nil:\n\t\treturn a.answer(before)\n",
		"\tcase err == nil && before.State == store.Issued && now.Sub(before.RequestedAt) > 20*24*time.Hour:\n" +
			"\t\treturn nil, refuse(failure.CertificateRevoked)\n\tcase err == nil:\n\t\treturn a.answer(before)\n"}}},
}

// TestPlanted builds each fault into the program and expects the matrix of one series to fail. Before that the same
// matrix succeeds without a fault.
func TestPlanted(t *testing.T) {
	if os.Getenv("RINNOVA_CUTS_SERIES") != "" {
		t.Log("this is the run inside the run")
		return
	}
	matrix := func(t *testing.T, edits []edit) (string, error) {
		overlay := map[string]map[string]string{"Replace": {}}
		for _, e := range edits {
			path, err := filepath.Abs(filepath.Join("..", "..", e.file))
			if err != nil {
				t.Fatal(err)
			}
			source := path
			if made, ok := overlay["Replace"][path]; ok {
				source = made
			}
			b, err := os.ReadFile(source)
			if err != nil {
				t.Fatal(err)
			}
			if strings.Count(string(b), e.old) != 1 {
				t.Fatalf("%q does not stand in %s once", e.old, e.file)
			}
			made := filepath.Join(t.TempDir(), filepath.Base(e.file))
			if err := os.WriteFile(made, []byte(strings.Replace(string(b), e.old, e.new, 1)), 0o600); err != nil {
				t.Fatal(err)
			}
			overlay["Replace"][path] = made
		}
		list, err := json.Marshal(overlay)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "overlay.json")
		if err := os.WriteFile(file, list, 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("go", "test", "-count=1", "-run", "^TestMatrix$", "-overlay", file, ".")
		cmd.Env = append(os.Environ(), "RINNOVA_CUTS_SERIES=ID2019")
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	for _, p := range planted {
		t.Run(p.name, func(t *testing.T) {
			out, err := matrix(t, p.edits)
			if err == nil {
				t.Fatal("the matrix stayed green")
			}
			i := strings.Index(out, "--- FAIL: TestMatrix")
			if i < 0 {
				t.Fatalf("the matrix did not run:\n%s", out)
			}
			lines := strings.SplitN(out[i:], "\n", 3)
			t.Log(strings.TrimSpace(lines[1]))
		})
	}
}
