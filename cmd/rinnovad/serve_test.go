// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestPortal: one process serves the pages, the packages and OCSP on the plain listener, and the pages with TLS too.
func TestPortal(t *testing.T) {
	dir := t.TempDir()
	where := []string{"--dir", filepath.Join(dir, "s")}
	packages := filepath.Join(dir, "packages")
	if err := os.Mkdir(packages, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(packages, "rinnova-0.1.0-x64.msi"), []byte("installer"), 0o644); err != nil {
		t.Fatal(err)
	}
	do(t, dir, "rinnovad", append([]string{"init"}, where...)...)
	do(t, dir, "rinnovad", "operator", "--dir", filepath.Join(dir, "s"), "--service", "https://rinnova.example",
		"--telephone", "06 0000", "--out", filepath.Join(packages, "operator.json"))
	do(t, packages, "sh", "-c", "sha256sum -- * >../sums && mv ../sums SHA256SUMS")
	service := serve(t, append([]string{"--packages", packages}, where...)...)
	do(t, dir, "rinnovad", append([]string{"card", "issue", "--series", "AC2014", "--out", "card.json", "--pem", "."},
		where...)...)

	secure := func(path string) string {
		return do(t, dir, "curl", "-sSf", "--noproxy", "*", "--cacert", "s/tls.pem", service.cmp+path)
	}
	for _, page := range []string{string(fetch(t, service.public+"/driver")), secure("/driver")} {
		if !strings.Contains(page, "<h1>Elenco driver</h1>") || !strings.Contains(page, "rinnova-0.1.0-x64.msi") {
			t.Errorf("the list of drivers: %s", page)
		}
	}
	if page := secure("/driver"); !strings.Contains(page,
		"https://rinnova.example/scarica/rinnova-latest-windows-x64.msi") {
		t.Errorf("the list of drivers over TLS: %s", page)
	}
	if got := string(fetch(t, service.public+"/scarica/rinnova-latest-windows-x64.msi")); got != "installer" {
		t.Errorf("the newest installer is %q", got)
	}
	if got := secure("/healthz"); got != "ok\n" {
		t.Errorf("health is %q", got)
	}
	if home := string(fetch(t, service.public+"/")); !strings.Contains(home, `href="`+service.login+`"`) ||
		!strings.Contains(home, "06 0000") {
		t.Errorf("the first page: %s", home)
	}

	// The address of the responder is the one in the certificate.
	uri := strings.TrimSpace(do(t, dir, "openssl", "x509", "-in", "old.pem", "-noout", "-ocsp_uri"))
	if uri != service.public+"/ocsp" {
		t.Fatalf("responder at %s, the service at %s", uri, service.public)
	}
	ask := func() string {
		return do(t, dir, "openssl", "ocsp", "-issuer", "s/legacy.pem", "-CAfile", "s/legacy.pem", "-cert", "old.pem",
			"-url", uri, "-no_proxy", "127.0.0.1")
	}
	if out := ask(); !strings.Contains(out, "Response verify OK") || !strings.Contains(out, "old.pem: good") {
		t.Errorf("the old certificate in openssl's words: %s", out)
	}
	serial := strings.TrimPrefix(strings.TrimSpace(do(t, dir, "openssl", "x509", "-in", "old.pem", "-noout",
		"-serial")), "serial=")
	do(t, dir, "rinnovad", append([]string{"certificate", "revoke", serial}, where...)...)
	if out := ask(); !strings.Contains(out, "Response verify OK") || !strings.Contains(out, "old.pem: revoked") {
		t.Errorf("the revoked certificate in openssl's words: %s", out)
	}
	service.stop()

	c := exec.Command("rinnovad",
		append([]string{"serve", "--listen", "127.0.0.1:0", "--login", "127.0.0.1:0", "--packages",
			filepath.Join(dir, "nothing")}, where...)...)
	if out, err := c.CombinedOutput(); err == nil || !strings.HasPrefix(string(out), "packages: ") {
		t.Errorf("a folder that is not there: %v, %s", err, out)
	}
}
