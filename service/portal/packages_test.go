// SPDX-License-Identifier: EUPL-1.2

package portal_test

import (
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rinnova.example/go/service/portal"
)

// sha256sum is what a citizen would compare with.
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
	dir, packages := packagesFolder(t)
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
	shows("rinnova-0.10.0-x64.msi")
	check(t, os.WriteFile(newer, []byte("other"), 0o644)) // of the same length
	check(t, os.Chtimes(newer, time.Time{}, time.Now().Add(time.Minute)))
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
func TestDownloadsRefuse(t *testing.T) {
	s := newSite(t)
	dir, packages := packagesFolder(t)
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
	if _, err := portal.OpenPackages(filepath.Join(dir, "nothing")); err == nil {
		t.Error("a folder that is not there")
	}
}

// TestManifestIsServed: programs read manifest and signatures; the page offers neither as a package.
func TestManifestIsServed(t *testing.T) {
	s := newSite(t)
	dir, packages := packagesFolder(t)
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
