// SPDX-License-Identifier: EUPL-1.2

package portal_test

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rinnova.example/go/cmp"
	"rinnova.example/go/service/ca"
	"rinnova.example/go/service/portal"
	"rinnova.example/go/service/store"
	"rinnova.example/go/systemtest"
)

// TestOCSP: openssl ocsp asks over HTTP, with a nonce, about certificates of both roots, and verifies the answers.
func TestOCSP(t *testing.T) {
	s := newSite(t)
	s.now = time.Now() // OpenSSL has no other
	base := s.pagesOf(nil)
	dir := t.TempDir()
	write := func(name string, c *x509.Certificate) string {
		t.Helper()
		path := filepath.Join(dir, name+".pem")
		check(t, os.WriteFile(path, ca.EncodeCertificate(c), 0o600))
		return path
	}
	ask := func(issuer *ca.Issuer, args ...string) string {
		t.Helper()
		systemtest.Need(t, "openssl", "openssl")
		root := write("root", issuer.Certificate())
		out, err := exec.Command("openssl",
			append([]string{"ocsp", "-issuer", root, "-CAfile", root, "-url", base + "/ocsp", "-no_proxy", "127.0.0.1"},
				args...)...).CombinedOutput()
		if err != nil || !strings.Contains(string(out), "Response verify OK") ||
			strings.Contains(string(out), "WARNING") {
			t.Fatalf("%v\n%s", err, out)
		}
		return string(out)
	}
	old := s.old(func(r *ca.OldRequest) { r.NotBefore, r.NotAfter = s.now.AddDate(-5, 0, 0), s.now.AddDate(0, 1, 0) })
	card := s.key
	s.key = newKey(t)
	spki, err := x509.MarshalPKIXPublicKey(&s.key.PublicKey)
	check(t, err)
	response, err := s.authority.Update(t.Context(),
		cmp.UpdateRequest{OldCertificate: old, PublicKey: &s.key.PublicKey, SPKI: spki})
	check(t, err)
	s.key = card
	for _, c := range []struct {
		issuer      *ca.Issuer
		other       *ca.Issuer
		certificate *x509.Certificate
	}{{s.legacy, s.current, old}, {s.current, s.legacy, response.Certificate}} {
		path := write("certificate", c.certificate)
		if out := ask(c.issuer, "-cert", path); !strings.Contains(out, path+": good") {
			t.Errorf("a valid certificate: %s", out)
		}
		if out := ask(c.issuer, "-serial", "0x1234567890abcdef"); !strings.Contains(out, ": unknown") {
			t.Errorf("a number never given: %s", out)
		}
		// The number belongs to another root: an issuer does not know numbers that it did not assign.
		if out := ask(c.other, "-serial", "0x"+c.certificate.SerialNumber.Text(16)); !strings.Contains(out,
			": unknown") {
			t.Errorf("another issuer's number: %s", out)
		}
		check(t, s.store.SetStatus(t.Context(), store.Sum(c.certificate.Raw), store.Suspended,
			store.ReasonCertificateHold, s.now))
		if out := ask(c.issuer, "-cert", path); !strings.Contains(out, path+": revoked") ||
			!strings.Contains(out, "Reason: certificateHold") {
			t.Errorf("a suspended certificate: %s", out)
		}
		check(t, s.store.SetStatus(t.Context(), store.Sum(c.certificate.Raw), store.Active, 0, s.now))
		if out := ask(c.issuer, "-cert", path); !strings.Contains(out, path+": good") {
			t.Errorf("a certificate valid again: %s", out)
		}
		check(t, s.store.SetStatus(t.Context(), store.Sum(c.certificate.Raw), store.Revoked, store.ReasonSuperseded,
			s.now))
		if out := ask(c.issuer, "-cert", path); !strings.Contains(out, path+": revoked") ||
			!strings.Contains(out, "Reason: superseded") {
			t.Errorf("a revoked certificate: %s", out)
		}
	}
}

// TestOCSPOverHTTP: both methods of RFC 6960 appendix A, what may be kept by caches, and what is no OCSP.
func TestOCSPOverHTTP(t *testing.T) {
	s := newSite(t)
	base := s.pagesOf(nil)
	dir := t.TempDir()
	root := filepath.Join(dir, "root.pem")
	check(t, os.WriteFile(root, ca.EncodeCertificate(s.current.Certificate()), 0o600))
	request := func(args ...string) []byte {
		t.Helper()
		systemtest.Need(t, "openssl", "openssl")
		path := filepath.Join(dir, "request.der")
		out, err := exec.Command("openssl",
			append([]string{"ocsp", "-issuer", root, "-reqout", path}, args...)...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		der, err := os.ReadFile(path)
		check(t, err)
		return der
	}
	// A request whose base64 has characters that a path changes.
	var der []byte
	for n := byte(0x10); !strings.Contains(base64.StdEncoding.EncodeToString(der), "//"); n++ {
		if n == 0xff {
			t.Fatal("no request with // in base64")
		}
		der = request("-no_nonce", "-serial", "0x"+strings.Repeat("f", 20)+"0123456789abcdef"[n>>4:n>>4+1]+
			"0123456789abcdef"[n&15:n&15+1])
	}
	encoded := base64.StdEncoding.EncodeToString(der)
	for _, row := range []struct {
		name, method, path, kind string
		body                     []byte
		status                   int
		cache                    string
	}{
		{"POST", http.MethodPost, "/ocsp", "application/ocsp-request", der, http.StatusOK, "no-store"},
		{"POST with a parameter", http.MethodPost, "/ocsp", "Application/OCSP-Request; charset=x", der, http.StatusOK,
			"no-store"},
		{"GET", http.MethodGet, "/ocsp/" + url.PathEscape(encoded), "", nil, http.StatusOK,
			"max-age=300, no-transform, must-revalidate"},
		{"GET, not escaped", http.MethodGet, "/ocsp/" + encoded, "", nil, http.StatusOK,
			"max-age=300, no-transform, must-revalidate"},
		{"GET with a nonce", http.MethodGet, "/ocsp/" +
			url.PathEscape(base64.StdEncoding.EncodeToString(request("-serial", "5"))), "", nil, http.StatusOK,
			"no-store"},
		{"GET of no base64", http.MethodGet, "/ocsp/*", "", nil, http.StatusOK, "no-store"},
		{"GET of nothing", http.MethodGet, "/ocsp", "", nil, http.StatusMethodNotAllowed, ""},
		{"another method", http.MethodPut, "/ocsp", "application/ocsp-request", der, http.StatusMethodNotAllowed, ""},
		{"another type", http.MethodPost, "/ocsp", "text/plain", der, http.StatusUnsupportedMediaType, ""},
		{"too long", http.MethodPost, "/ocsp", "application/ocsp-request", make([]byte, portal.MaxOCSPRequest+1),
			http.StatusRequestEntityTooLarge, ""},
		{"another path", http.MethodGet, "/ocspx", "", nil, http.StatusNotFound, "no-cache"},
	} {
		t.Run(row.name, func(t *testing.T) {
			r, err := http.NewRequest(row.method, base+row.path, bytes.NewReader(row.body))
			check(t, err)
			if row.kind != "" {
				r.Header.Set("Content-Type", row.kind)
			}
			client := http.Client{CheckRedirect: func(*http.Request,
				[]*http.Request) error {
				return http.ErrUseLastResponse
			}}
			response, err := client.Do(r)
			check(t, err)
			defer response.Body.Close()
			answer, err := io.ReadAll(response.Body)
			check(t, err)
			if response.StatusCode != row.status || response.Header.Get("Cache-Control") != row.cache {
				t.Fatalf("%s, %v", response.Status, response.Header)
			}
			if row.status != http.StatusOK {
				return
			}
			if response.Header.Get("Content-Type") != "application/ocsp-response" {
				t.Errorf("headers: %v", response.Header)
			}
			path := filepath.Join(dir, "response.der")
			check(t, os.WriteFile(path, answer, 0o600))
			out, _ := exec.Command("openssl", "ocsp", "-noverify", "-resp_text", "-respin", path).CombinedOutput()
			want := "Cert Status: unknown"
			if row.name == "GET of no base64" {
				want = "malformedrequest"
			}
			if !strings.Contains(string(out), want) {
				t.Errorf("%s", out)
			}
		})
	}
	s.store.Close()
	response, err := http.Post(base+"/ocsp", "application/ocsp-request", bytes.NewReader(der))
	check(t, err)
	defer response.Body.Close()
	// tryLater
	if answer, err := io.ReadAll(response.Body); err != nil || !bytes.Equal(answer, []byte{0x30, 3, 0x0a, 1, 3}) {
		t.Errorf("without a database: %x, %v", answer, err)
	}
}

// TestBundle: both roots, and nothing else, in the file that relying sites load.
func TestBundle(t *testing.T) {
	s := newSite(t)
	_, body := fetch(t, s.pagesOf(nil)+portal.BundlePath)
	certificates, err := ca.ParseCertificates([]byte(body))
	check(t, err)
	if len(certificates) != 2 || !certificates[0].Equal(s.current.Certificate()) ||
		!certificates[1].Equal(s.legacy.Certificate()) {
		t.Errorf("%d certificates", len(certificates))
	}
}

// TestTrustList reads the list as relying sites do: every X509Certificate of a service of type IdV.
func TestTrustList(t *testing.T) {
	s := newSite(t)
	response, body := fetch(t, s.pagesOf(nil)+portal.TrustListPath)
	if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "application/vnd.etsi.tsl+xml" ||
		!strings.Contains(body, "non firmato") {
		t.Fatal(response.Status, response.Header)
	}
	var found []string
	var kind, text string
	services := 0
	for d := xml.NewDecoder(strings.NewReader(body)); ; {
		token, err := d.Token()
		if err == io.EOF {
			break
		}
		check(t, err)
		switch token := token.(type) {
		case xml.StartElement:
			text = ""
			if token.Name.Space != "http://uri.etsi.org/02231/v2#" {
				t.Errorf("element %v", token.Name)
			}
			if token.Name.Local == "TSPService" {
				services++
			}
		case xml.CharData:
			text += string(token)
		case xml.EndElement:
			switch token.Name.Local {
			case "ServiceTypeIdentifier":
				kind = text
			case "X509Certificate":
				if kind == "http://uri.etsi.org/TrstSvc/Svctype/IdV" {
					found = append(found, text)
				}
			}
		}
	}
	if len(found) != 2 || services != 2 || found[0] != base64.StdEncoding.EncodeToString(s.current.Certificate().Raw) ||
		found[1] != base64.StdEncoding.EncodeToString(s.legacy.Certificate().Raw) {
		t.Errorf("%d certificates in %d services", len(found), services)
	}
}
