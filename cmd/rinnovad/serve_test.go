// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
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

// TestIssuerEnds: a service whose issuer ends before the new certificates would says so at start and when it is asked
// for its health, and goes on publishing.
func TestIssuerEnds(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, "s")
	do(t, dir, "rinnovad", "init", "--dir", folder)
	// The root ends in twenty years, and the trial campaign renews for one.
	service := serve(t, "--dir", folder, "--clock", time.Now().AddDate(19, 6, 0).UTC().Format(time.RFC3339))
	health := do(t, dir, "curl", "-sSf", "--noproxy", "*", "--cacert", "s/tls.pem", service.cmp+"/healthz")
	if !strings.HasPrefix(health, "ok\ncampagna prova ferma") {
		t.Errorf("health: %q", health)
	}
	for _, name := range []string{"ca", "legacy"} {
		if err := os.WriteFile(filepath.Join(dir, "list.crl"), fetch(t, service.public+"/crl/"+name+".crl"),
			0o600); err != nil {
			t.Fatal(err)
		}
		if out := do(t, dir, "openssl", "crl", "-inform", "der", "-in", "list.crl", "-CAfile", "s/"+name+".pem",
			"-noout"); !strings.Contains(out, "verify OK") {
			t.Errorf("%s: %s", name, out)
		}
	}
	service.stop()
	if log := service.log.String(); strings.Count(log, "level=ERROR") != 1 ||
		!strings.Contains(log, "campaign=prova") {
		t.Errorf("log:\n%s", log)
	}
}

// TestTLS asks with OpenSSL for what must not be agreed on, at both listeners.
func TestTLS(t *testing.T) {
	dir := t.TempDir()
	folder := filepath.Join(dir, "s")
	do(t, dir, "rinnovad", "init", "--dir", folder)
	service := serve(t, "--dir", folder)
	for _, address := range []string{service.cmp, service.login} {
		shake := func(args ...string) string {
			c := exec.Command("openssl", append([]string{"s_client", "-connect",
				strings.TrimPrefix(address, "https://"), "-CAfile", "s/tls.pem", "-cipher", "ALL:@SECLEVEL=0"},
				args...)...)
			c.Dir = dir
			out, _ := c.CombinedOutput() // a failed handshake ends with 1
			return string(out)
		}
		for _, want := range [][]string{{"-tls1_3"}, {"-tls1_2"},
			{"-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"}, {"-tls1_2", "-cipher", "ECDHE+CHACHA20"}} {
			if out := shake(want...); !strings.Contains(out, "Verify return code: 0 (ok)") ||
				!strings.Contains(out, "No ALPN negotiated") {
				t.Errorf("%s %v:\n%s", address, want, out)
			}
		}
		for _, refused := range [][]string{{"-tls1_1"}, {"-tls1"}, {"-tls1_2", "-cipher", "ECDHE-ECDSA-AES128-SHA"},
			{"-tls1_2", "-cipher", "ECDHE-ECDSA-AES256-SHA384"}, {"-tls1_2", "-cipher", "kRSA"},
			{"-tls1_2", "-cipher", "DHE"}} {
			if out := shake(refused...); !strings.Contains(out, "Cipher is (NONE)") {
				t.Errorf("%s agrees on %v:\n%s", address, refused, out)
			}
		}
		if out := shake("-tls1_3", "-alpn", "h2,http/1.1"); strings.Contains(out, "ALPN protocol: h2") {
			t.Errorf("%s offers HTTP/2", address)
		}
	}
	// Each login is a handshake of its own.
	kept := filepath.Join(dir, "session")
	for _, version := range []string{"-tls1_2", "-tls1_3"} {
		for _, use := range []string{"-sess_out", "-sess_in"} {
			c := exec.Command("openssl", "s_client", "-connect", strings.TrimPrefix(service.login, "https://"), version,
				use, kept)
			c.Stdin = strings.NewReader("GET / HTTP/1.0\r\n\r\n")
			out, _ := c.CombinedOutput()
			if strings.Contains(string(out), "Reused, ") {
				t.Errorf("the login resumed a session of %s", version)
			}
		}
	}
}
