// SPDX-License-Identifier: EUPL-1.2

package packaging

import (
	"bytes"
	"crypto/sha256"
	"debug/buildinfo"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rinnova.example/go/operator"
	"rinnova.example/go/pemfile"
	"rinnova.example/go/service/portal"
	"rinnova.example/go/systemtest"
)

// version is the version of the packages: that of the environment, or the Makefile's default.
var version = func() string {
	if v := os.Getenv("VERSION"); v != "" {
		return v
	}
	b, err := os.ReadFile("../Makefile")
	if err != nil {
		panic(err)
	}
	for line := range strings.Lines(string(b)) {
		if v, ok := strings.CutPrefix(line, "VERSION ?= "); ok {
			return strings.TrimSpace(v)
		}
	}
	panic("the Makefile has no VERSION")
}()

const (
	out  = "../dist/packages"
	work = "../dist/work"
)

var (
	number = strings.SplitN(version, "-", 2)[0]
	tilde  = strings.Replace(version, "-", "~", 1)
	deb    = filepath.Join(out, "rinnova_"+tilde+"-1_amd64.deb")
	rpm    = filepath.Join(out, "rinnova-"+tilde+"-1.x86_64.rpm")
)

// debian is the package of each program that a smallest Debian does not have.
var debian = map[string]string{
	"lintian": "lintian", "desktop-file-validate": "desktop-file-utils", "appstreamcli": "appstream", "rpm": "rpm",
	"man": "man-db", "zsh": "zsh", "fish": "fish", "msiinfo": "msitools", "msiextract": "msitools",
	"minisign": "minisign",
}

// run returns what a program prints, and fails the test when it fails.
func run(t *testing.T, program string, args ...string) string {
	t.Helper()
	if p := debian[program]; p != "" {
		systemtest.Need(t, p, program)
	}
	var out, errOut bytes.Buffer
	c := exec.Command(program, args...)
	c.Stdout, c.Stderr = &out, &errOut
	if err := c.Run(); err != nil {
		t.Fatalf("%s %q: %v\n%s%s", program, args, err, out.Bytes(), errOut.Bytes())
	}
	return out.String()
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func same(t *testing.T, a, b string) {
	t.Helper()
	if !bytes.Equal(read(t, a), read(t, b)) {
		t.Errorf("%s and %s differ", a, b)
	}
}

// The folder has exactly the promised files, and every sum is right.
func TestFolder(t *testing.T) {
	systemtest.NeedMade(t, out, "packages")
	want := []string{"SHA256SUMS", filepath.Base(deb), filepath.Base(rpm), "rinnova-" + version + ".cdx.json",
		"rinnova-window-" + version + ".cdx.json"}
	for _, n := range []string{"x64.msi", "x64-user.msi", "x86.msi", "linux-amd64.tar.gz", "linux-arm64.tar.gz",
		"darwin-amd64.tar.gz", "darwin-arm64.tar.gz"} {
		want = append(want, "rinnova-"+version+"-"+n)
	}
	slices.Sort(want)
	sums := map[string]string{}
	for line := range strings.Lines(string(read(t, filepath.Join(out, "SHA256SUMS")))) {
		sum, name, ok := strings.Cut(strings.TrimSuffix(line, "\n"), "  ")
		if !ok {
			t.Fatal(line)
		}
		sums[name] = sum
	}
	entries, err := os.ReadDir(out)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".minisig") || e.Name() == "manifest.json" {
			continue // added when a release is signed
		}
		got = append(got, e.Name())
		if e.Name() == "SHA256SUMS" {
			continue
		}
		if h := sha256.Sum256(read(t, filepath.Join(out, e.Name()))); sums[e.Name()] != hex.EncodeToString(h[:]) {
			t.Error(e.Name(), "has another sum")
		}
	}
	if !slices.Equal(got, want) || len(sums) != len(want)-1 {
		t.Errorf("%q, want %q; %d sums", got, want, len(sums))
	}
}

// The portal recognises every package of its operator, and accepts none that knows no service.
func TestPortalOffersAll(t *testing.T) {
	systemtest.NeedMade(t, out, "packages")
	systemtest.NeedMade(t, operators, "packages OPERATOR=packaging/testdata/operator.json OUT=dist/operator")
	o, err := operator.Parse(read(t, operatorFile))
	if err != nil {
		t.Fatal(err)
	}
	roots, err := pemfile.Certificates([]byte(o.CA))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := portal.OpenPackages(out, roots[0]); !errors.Is(err, portal.ErrNoService) {
		t.Errorf("packages without operator.json: %v", err)
	}
	p, err := portal.OpenPackages(operators, roots[0])
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	s := httptest.NewServer(p)
	defer s.Close()
	for stable, file := range map[string]string{
		"windows-x64.msi":      "rinnova-" + version + "-x64.msi",
		"windows-x64-user.msi": "rinnova-" + version + "-x64-user.msi",
		"windows-x86.msi":      "rinnova-" + version + "-x86.msi",
		"debian-amd64.deb":     filepath.Base(deb), "fedora-x86_64.rpm": filepath.Base(rpm),
		"linux-amd64.tar.gz": "rinnova-" + version + "-linux-amd64.tar.gz",
		"linux-arm64.tar.gz": "rinnova-" + version + "-linux-arm64.tar.gz",
		"macos-amd64.tar.gz": "rinnova-" + version + "-darwin-amd64.tar.gz",
		"macos-arm64.tar.gz": "rinnova-" + version + "-darwin-arm64.tar.gz",
	} {
		r, err := http.Head(s.URL + "/scarica/rinnova-latest-" + stable)
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		if r.StatusCode != http.StatusOK || !strings.Contains(r.Header.Get("Content-Disposition"), `"`+file+`"`) {
			t.Errorf("%s: %s %q, want %s", stable, r.Status, r.Header.Get("Content-Disposition"), file)
		}
	}
}

// A release signs every package, and the list of versions that names them. minisign accepts each of them, and none
// after a change of one byte.
func TestRelease(t *testing.T) {
	systemtest.NeedMade(t, out, "packages")
	dir := t.TempDir()
	signed := filepath.Join(dir, "packages")
	if err := os.CopyFS(signed, os.DirFS(out)); err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(dir, "release.key")
	run(t, "go", "run", "../cmd/release", "key", "--out", key)
	run(t, "go", "run", "../cmd/release", "manifest", "--dir", signed, "--version", version, "--minimum", version,
		"--serial", "1", "--expires", "2099-12-31", "--key", key)
	var manifest struct {
		Files []struct{ Name, SHA256 string }
	}
	if err := json.Unmarshal(read(t, filepath.Join(signed, "manifest.json")), &manifest); err != nil {
		t.Fatal(err)
	}
	if len(manifest.Files) != 9 {
		t.Errorf("%d packages in the list", len(manifest.Files))
	}
	names := []string{"manifest.json"}
	for _, f := range manifest.Files {
		names = append(names, f.Name)
		if h := sha256.Sum256(read(t, filepath.Join(out, f.Name))); f.SHA256 != hex.EncodeToString(h[:]) {
			t.Error(f.Name, "has another sum")
		}
	}
	for _, name := range names {
		file := filepath.Join(signed, name)
		run(t, "minisign", "-V", "-q", "-p", key+".pub", "-m", file)
		b := read(t, file)
		b[len(b)/2] ^= 1
		if err := os.WriteFile(file, b, 0o644); err != nil {
			t.Fatal(err)
		}
		systemtest.Need(t, "minisign", "minisign")
		if exec.Command("minisign", "-V", "-q", "-p", key+".pub", "-m", file).Run() == nil {
			t.Error(name, "is accepted with a byte changed")
		}
	}
}

// A bill lists exactly the modules of the programs; the window's lists those of its front end too.
func TestBills(t *testing.T) {
	systemtest.NeedMade(t, out, "packages")
	for name, programs := range map[string][]string{
		"rinnova": {"linux-amd64/rinnova", "linux-amd64/rinnova-pkcs11", "linux-arm64/rinnova",
			"darwin-amd64/rinnova", "darwin-arm64/rinnova",
			"windows-amd64/rinnova.exe", "windows-amd64/rinnova-pkcs11.exe", "windows-386/rinnova.exe"},
		"rinnova-window": {"linux-amd64/rinnova-window", "windows-amd64/rinnova-window.exe",
			"windows-386/rinnova-window.exe"},
	} {
		want := map[string]bool{}
		for _, p := range programs {
			info, err := buildinfo.ReadFile(filepath.Join(work, p))
			if err != nil {
				t.Fatal(err)
			}
			want["pkg:golang/std@"+strings.TrimPrefix(info.GoVersion, "go")] = true
			for _, d := range info.Deps {
				want["pkg:golang/"+d.Path+"@"+d.Version] = true
			}
		}
		var bill struct {
			BOMFormat, SpecVersion, SerialNumber string
			Metadata                             struct {
				Component struct{ Name, Version string }
			}
			Components []struct{ Purl string }
		}
		b := read(t, filepath.Join(out, name+"-"+version+".cdx.json"))
		if err := json.Unmarshal(b, &bill); err != nil {
			t.Fatal(err)
		}
		if bill.BOMFormat != "CycloneDX" || bill.SpecVersion != "1.5" || bill.Metadata.Component.Name != name ||
			bill.Metadata.Component.Version != version || bill.SerialNumber == "" {
			t.Errorf("%+v", bill)
		}
		npm := 0
		for _, c := range bill.Components {
			switch {
			case strings.HasPrefix(c.Purl, "pkg:npm/"):
				npm++
			case !want[c.Purl]:
				t.Errorf("%s: %s is in no program", name, c.Purl)
			}
			delete(want, c.Purl)
		}
		if len(want) > 0 {
			t.Errorf("%s lacks %v", name, want)
		}
		if (npm > 0) != (name == "rinnova-window") || name == "rinnova-window" &&
			!bytes.Contains(b, []byte("pkg:npm/bootstrap-italia@")) {
			t.Errorf("%s: %d npm packages", name, npm)
		}
	}
}

// An archive opens into one folder; the program in it is for its system and of this version.
func TestArchives(t *testing.T) {
	systemtest.NeedMade(t, out, "packages")
	magic := map[string]string{"linux": "\x7fELF", "darwin": "\xcf\xfa\xed\xfe"}
	for _, target := range []string{"linux-amd64", "linux-arm64", "darwin-amd64", "darwin-arm64"} {
		name := "rinnova-" + version + "-" + target
		file := filepath.Join(out, name+".tar.gz")
		var got []string
		for line := range strings.Lines(run(t, "tar", "-tf", file)) {
			got = append(got, strings.TrimPrefix(strings.TrimSpace(line), name))
		}
		want := []string{"/", "/LEGGIMI.md", "/LICENSE", "/completions/", "/completions/_rinnova",
			"/completions/rinnova.bash", "/completions/rinnova.fish",
			"/man/", "/man/man1/", "/man/man1/rinnova.1", "/rinnova"}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q", name, got)
		}
		dir := t.TempDir()
		run(t, "tar", "-C", dir, "-xf", file)
		program := filepath.Join(dir, name, "rinnova")
		b := read(t, program)
		info, err := buildinfo.ReadFile(program)
		if err != nil {
			t.Fatal(err)
		}
		set := map[string]string{}
		for _, s := range info.Settings {
			set[s.Key] = s.Value
		}
		system, arch, _ := strings.Cut(target, "-")
		if set["GOOS"] != system || set["GOARCH"] != arch || set["CGO_ENABLED"] != "0" ||
			!strings.HasPrefix(string(b), magic[system]) || !bytes.Contains(b, []byte(version)) {
			t.Errorf("%s: %v", name, set)
		}
		if target == "linux-amd64" {
			if got := run(t, program, "version"); got != "rinnova "+version+"\n" {
				t.Errorf("version prints %q", got)
			}
		}
		same(t, filepath.Join(dir, name, "LICENSE"), "../LICENSE")
	}
}
