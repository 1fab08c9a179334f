// SPDX-License-Identifier: EUPL-1.2

package portal_test

import (
	"crypto/x509"
	"encoding/pem"
	"errors"
	"html"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rinnova.example/go/operator"
	"rinnova.example/go/service/portal"
)

// sha256sum returns the sum that a citizen compares.
func sha256sum(t *testing.T, path string) string {
	t.Helper()
	out, err := exec.Command("sha256sum", path).Output()
	check(t, err)
	sum, _, _ := strings.Cut(string(out), " ")
	return sum
}

// TestDownloads: the stable name follows the newest file without a restart; the hash on the page is that of the file.
func TestDownloads(t *testing.T) {
	s := newSite(t)
	dir, packages := packagesFolder(t, s)
	base := s.pagesOf(packages)
	latest := base + "/scarica/rinnova-latest-windows-x64.msi"
	shows := func(name string) {
		t.Helper()
		want, err := os.ReadFile(filepath.Join(dir, name))
		check(t, err)
		for _, address := range []string{latest, base + "/scarica/" + name} {
			response, body := fetch(t, address)
			if response.StatusCode != http.StatusOK || body != string(want) ||
				response.Header.Get("Content-Disposition") != `attachment; filename="`+name+`"` ||
				response.Header.Get("X-Content-Type-Options") != "nosniff" ||
				response.Header.Get("Content-Type") != "application/octet-stream" {
				t.Errorf("%s: %s %q %v", address, response.Status, body, response.Header)
			}
		}
		_, body := fetch(t, base+"/driver")
		if !strings.Contains(body, "<code>"+sha256sum(t, filepath.Join(dir, name))+"</code>") ||
			!strings.Contains(body, `href="/scarica/`+name+`"`) {
			t.Errorf("the page does not have %s with its hash", name)
		}
	}
	shows("rinnova-0.2.0-x64.msi")
	newer := filepath.Join(dir, "rinnova-0.10.0-x64.msi")
	check(t, os.WriteFile(newer, []byte("newer"), 0o644))
	shows("rinnova-0.2.0-x64.msi") // the sums do not name the newer one
	if r, _ := fetch(t, base+"/scarica/rinnova-0.10.0-x64.msi"); r.StatusCode != http.StatusNotFound {
		t.Errorf("a package of no assembly: %s", r.Status)
	}
	sums(t, dir)
	shows("rinnova-0.10.0-x64.msi")
	check(t, os.WriteFile(newer, []byte("other"), 0o644)) // of the same length
	check(t, os.Chtimes(newer, time.Time{}, time.Now().Add(time.Minute)))
	sums(t, dir)
	shows("rinnova-0.10.0-x64.msi")
	if r, body := fetch(t, base+"/scarica/rinnova_0.2.0_amd64.deb.asc"); r.StatusCode != http.StatusOK ||
		body != "signature" {
		t.Errorf("signature: %s %q", r.Status, body)
	}

	request, err := http.NewRequest(http.MethodGet, latest, nil)
	check(t, err)
	request.Header.Set("Range", "bytes=2-") // a download that goes on
	response, err := http.DefaultClient.Do(request)
	check(t, err)
	defer response.Body.Close()
	if body, err := io.ReadAll(response.Body); err != nil || response.StatusCode != http.StatusPartialContent ||
		string(body) != "her" {
		t.Errorf("part: %s %q %v", response.Status, body, err)
	}
}

// TestDownloadsRefuse: nothing but the folder's own plain files.
// TestDownloadForThisComputer puts the package of the browser's system first, and the others under a fold that is open
// only where the system is not known.
func TestDownloadForThisComputer(t *testing.T) {
	s := newSite(t)
	_, open := packagesFolder(t, s)
	base := s.pagesOf(open)
	const windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0"
	for agent, mine := range map[string]string{
		windows:       "rinnova-latest-windows-x64.msi",
		"curl/8.14.1": "",
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/driver", nil)
		check(t, err)
		request.Header.Set("User-Agent", agent)
		response, err := http.DefaultClient.Do(request)
		check(t, err)
		body, err := io.ReadAll(response.Body)
		check(t, err)
		check(t, response.Body.Close())
		if response.Header.Get("Vary") != "User-Agent" {
			t.Errorf("Vary %q", response.Header.Get("Vary"))
		}
		before, after, folded := strings.Cut(string(body), "<details")
		if !folded {
			t.Fatalf("%s: no fold in\n%s", agent, body)
		}
		if mine != "" && !strings.Contains(before, `href="/scarica/`+mine+`"`) ||
			mine == "" && strings.Contains(before, `href="/scarica/`) {
			t.Errorf("%s: before the fold\n%s", agent, before)
		}
		if isOpen := strings.HasPrefix(after, " open"); isOpen != (mine == "") {
			t.Errorf("%s: open %t", agent, isOpen)
		}
	}
}

func TestDownloadsRefuse(t *testing.T) {
	s := newSite(t)
	dir, packages := packagesFolder(t, s)
	base := s.pagesOf(packages)
	secret := filepath.Join(t.TempDir(), "secret")
	check(t, os.WriteFile(secret, []byte("secret"), 0o644))
	check(t, os.WriteFile(filepath.Join(dir, ".hidden"), []byte("secret"), 0o644))
	check(t, os.Mkdir(filepath.Join(dir, "folder"), 0o755))
	check(t, os.WriteFile(filepath.Join(dir, "folder", "file"), []byte("secret"), 0o644))
	check(t, os.Symlink(secret, filepath.Join(dir, "link")))
	check(t, os.Symlink(secret, filepath.Join(dir, "rinnova-9.0.0-x64.msi")))
	for _, name := range []string{".hidden", "folder", "folder/file", "link", "rinnova-9.0.0-x64.msi", "nothing",
		"..%2fsecret", "%2e%2e", "", "a%00b", "rinnova-latest-macos-arm64.tar.gz"} {
		if response, body := fetch(t, base+"/scarica/"+name); response.StatusCode == http.StatusOK ||
			strings.Contains(body, "secret") {
			t.Errorf("%q: %s %q", name, response.Status, body)
		}
	}
	if _, body := fetch(t, base+"/driver"); strings.Contains(body, "9.0.0") {
		t.Error("a link out of the folder is published")
	}
	if _, err := portal.OpenPackages(filepath.Join(dir, "nothing"), s.current.Certificate()); err == nil {
		t.Error("a folder that is not there")
	}
}

// TestManifestIsServed: programs read manifest and signatures; the page offers neither as a package.
func TestManifestIsServed(t *testing.T) {
	s := newSite(t)
	dir, packages := packagesFolder(t, s)
	base := s.pagesOf(packages)
	for name, kind := range map[string]string{"manifest.json": "application/json",
		"manifest.json.minisig":         "text/plain; charset=utf-8",
		"rinnova-0.2.0-x64.msi.minisig": "text/plain; charset=utf-8"} {
		check(t, os.WriteFile(filepath.Join(dir, name), []byte("content of "+name), 0o644))
		r, body := fetch(t, base+"/scarica/"+name)
		if r.StatusCode != http.StatusOK || body != "content of "+name || r.Header.Get("Content-Type") != kind ||
			r.Header.Get("Content-Disposition") != "" ||
			r.Header.Get("X-Content-Type-Options") != "nosniff" || r.Header.Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: %s %q %v", name, r.Status, body, r.Header)
		}
	}
	_, page := fetch(t, base+"/driver")
	if strings.Contains(page, "manifest") || !strings.Contains(page, `href="/scarica/rinnova-0.2.0-x64.msi.minisig"`) {
		t.Errorf("the page: %s", page)
	}
	if platform, version, ok := portal.PackageOf("rinnova_0.2.0~dev_amd64.deb"); platform != "debian-amd64" ||
		version != "0.2.0~dev" || !ok {
		t.Errorf("platform %s, version %s, %t", platform, version, ok)
	}
	if _, _, ok := portal.PackageOf("manifest.json"); ok {
		t.Error("the manifest is a package")
	}
}

// sums writes the sums of a folder's files, as the assembly does.
func sums(t *testing.T, dir string) {
	t.Helper()
	c := exec.Command("sh", "-c",
		"rm -f SHA256SUMS && sha256sum -- *[!S] >.sums && mv .sums SHA256SUMS")
	c.Dir = dir
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
}

var assistance = operator.Contact{Telephone: "+39 06 0000", Mail: "aiuto@rinnova.example", Hours: "lun–ven 8–18",
	Page: "https://rinnova.example/aiuto"}

// assemble puts an operator's file into a folder, and the sums.
func assemble(t *testing.T, dir string, root *x509.Certificate) {
	t.Helper()
	o := operator.Operator{Service: "https://rinnova.example", Contact: assistance,
		CA: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.Raw}))}
	b, err := o.Encode()
	check(t, err)
	check(t, os.WriteFile(filepath.Join(dir, operator.Name), b, 0o644))
	sums(t, dir)
}

// TestPackagesWithoutService: packages that know no service, or another one, are not opened.
func TestPackagesWithoutService(t *testing.T) {
	s := newSite(t)
	root := s.current.Certificate()
	for name, one := range map[string]struct {
		spoil func(dir string) error
		want  error
	}{
		"no operator's file": {func(dir string) error { return os.Remove(filepath.Join(dir, operator.Name)) },
			portal.ErrNoService},
		"no sums": {func(dir string) error { return os.Remove(filepath.Join(dir, "SHA256SUMS")) },
			portal.ErrNoService},
		"a package of another assembly": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "rinnova-0.3.0-x64.msi"), []byte("x"), 0o644)
		}, portal.ErrNoService},
		"a changed package": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "rinnova-0.2.0-x64.msi"), []byte("another"), 0o644)
		}, portal.ErrNoService},
		"a changed operator's file": {func(dir string) error {
			file := filepath.Join(dir, operator.Name)
			b, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			return os.WriteFile(file, append(b, '\n'), 0o644)
		}, portal.ErrNoService},
		"an unknown member": {func(dir string) error {
			return os.WriteFile(filepath.Join(dir, operator.Name), []byte(`{"Colour": "red"}`), 0o644)
		}, portal.ErrNoService},
		"another service": {func(dir string) error {
			assemble(t, dir, s.legacy.Certificate())
			return nil
		}, portal.ErrOtherService},
	} {
		dir, open := packagesFolder(t, s)
		check(t, one.spoil(dir))
		if p, err := portal.OpenPackages(dir, root); !errors.Is(err, one.want) || p != nil {
			t.Errorf("%s: %v, want %v", name, err, one.want)
		}
		base := s.pagesOf(open)
		r, page := fetch(t, base+"/driver")
		if name != "a package of another assembly" && (r.StatusCode != http.StatusOK ||
			strings.Contains(page, `href="/scarica/rinnova-0.2.0-x64.msi"`)) {
			t.Errorf("%s, while the service runs: %s, the package is still published", name, r.Status)
		}
	}
}

// TestContact: every page says how to reach the assistance.
func TestContact(t *testing.T) {
	s := newSite(t)
	_, packages := packagesFolder(t, s)
	for _, path := range []string{"/", "/driver", "/guida", "/nothing"} {
		_, page := fetch(t, s.pagesOf(packages)+path)
		for _, want := range []string{`href="tel:+39060000"`, "+39 06 0000", `href="mailto:aiuto@rinnova.example"`,
			assistance.Hours, `href="https://rinnova.example/aiuto"`} {
			if !strings.Contains(html.UnescapeString(page), want) {
				t.Errorf("%s lacks %s", path, want)
			}
		}
	}
	if _, page := fetch(t, s.pagesOf(nil)+"/"); strings.Contains(page, "assistenza\"") {
		t.Error("an assistance that is not known is shown")
	}
}
