// SPDX-License-Identifier: EUPL-1.2

package ca

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// ocspName is the name of the signers of answers.
var ocspName = Name{"Rinnova Prova", "Servizi di Certificazione", "Rinnova - risposte OCSP (PROVA)"}

func newResponder(t testing.TB, issuers ...*Issuer) *Responder {
	t.Helper()
	r, err := NewResponder(ocspName, issuers...)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// ask writes a request with OpenSSL; args name issuers and certificates in the order of its command line.
func ask(t testing.TB, args ...string) (path string, der []byte) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "request.der")
	openssl(t, append(append([]string{"ocsp"}, args...), "-reqout", path)...)
	der, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return path, der
}

// judge verifies an answer with OpenSSL, at the real time; args are the request, or the arguments to make it.
func judge(t testing.TB, root string, response []byte, args ...string) string {
	t.Helper()
	out, _ := opensslError(t,
		append([]string{"ocsp", "-respin", writeFile(t, "response.der", response), "-CAfile", root}, args...)...)
	return out
}

// statuses is a registry of serial numbers.
type statuses map[string]CertificateStatus

func (s statuses) of(_ *x509.Certificate, serial *big.Int) (CertificateStatus, error) {
	return s[serial.String()], nil
}

// TestOCSP: OpenSSL makes requests, and verifies and prints the answers, for each kind of root.
func TestOCSP(t *testing.T) {
	revokedAt := time.Now().Add(-48 * time.Hour).UTC().Truncate(time.Second)
	at := revokedAt.Format("Jan _2 15:04:05 2006 GMT")
	registry := statuses{
		"100": {Issued: true},
		"101": {Issued: true, Revoked: true, RevokedAt: revokedAt, Reason: 4},
		"102": {Issued: true, Revoked: true, RevokedAt: revokedAt, Reason: 6},
		"103": {Issued: true, Revoked: true, RevokedAt: revokedAt},
	}
	for _, row := range []struct {
		name   string
		issuer *Issuer
	}{
		{"P-256", newCurrent(t, P256)},
		{"RSA", newCurrent(t, RSA2048)},
		{"legacy root signed with SHA-1", newLegacy(t, x509.SHA1WithRSA)},
	} {
		t.Run(row.name, func(t *testing.T) {
			root := certificateFile(t, row.issuer.certificate)
			responder := newResponder(t, row.issuer)
			for _, hash := range []string{"-sha1", "-sha256", "-sha384", "-sha512"} {
				args := []string{"-no_nonce", hash, "-issuer", root}
				for _, serial := range []string{"100", "101", "102", "103", "104"} {
					args = append(args, "-serial", serial)
				}
				_, der := ask(t, args...)
				response, cacheable, err := responder.Answer(der, time.Now(), registry.of)
				if err != nil || !cacheable {
					t.Fatal(cacheable, err)
				}
				out := judge(t, root, response, append(args, "-status_age", "4200")...) // an hour for slow clocks
				for _, want := range []string{
					"Response verify OK\n", "\n100: good\n\tThis Update: ", "\n101: revoked\n", "Reason: superseded\n",
					"Reason: certificateHold\n",
					"Revocation Time: " + at, "\n104: unknown\n",
				} {
					if !strings.Contains(out, want) {
						t.Errorf("%s: openssl ocsp does not say %q:\n%s", hash, want, out)
					}
				}
				if strings.Count(out, "Reason: ") != 2 || strings.Count(out, "Next Update: ") != 5 {
					t.Errorf("%s:\n%s", hash, out)
				}
			}
		})
	}
}

// TestOCSPNonce: the answer has the nonce of the request, and only then caches must not keep it.
func TestOCSPNonce(t *testing.T) {
	issuer := newCurrent(t, P256)
	root := certificateFile(t, issuer.certificate)
	responder := newResponder(t, issuer)
	request, der := ask(t, "-issuer", root, "-serial", "5")
	other, _ := ask(t, "-issuer", root, "-serial", "5")
	response, cacheable, err := responder.Answer(der, time.Now(), statuses{}.of)
	if err != nil || cacheable {
		t.Fatal(cacheable, err)
	}
	if out := judge(t, root, response, "-reqin", request); !strings.Contains(out, "Response verify OK") ||
		strings.Contains(out, "nonce") {
		t.Errorf("without a nonce: %s", out)
	}
	if out := judge(t, root, response, "-reqin", other); !strings.Contains(out, "Nonce Verify error") {
		t.Errorf("with another nonce: %s", out)
	}
}

// TestOCSPSigner: the delegated certificate conforms to RFC 6960 §4.2.2.2, is reused, and is renewed in time.
func TestOCSPSigner(t *testing.T) {
	issuer := newCurrent(t, RSA2048)
	responder := newResponder(t, issuer)
	root := certificateFile(t, issuer.certificate)
	_, der := ask(t, "-no_nonce", "-issuer", root, "-serial", "5")
	signer := func(now time.Time) string {
		t.Helper()
		response, cacheable, err := responder.Answer(der, now, statuses{}.of)
		if err != nil || !cacheable {
			t.Fatal(cacheable, err)
		}
		out := judge(t, root, response, "-resp_text", "-noverify")
		text, rest, found := strings.Cut(out, "-----BEGIN CERTIFICATE-----")
		if !found {
			t.Fatal(out)
		}
		for _, want := range []string{"OCSP Signing", "OCSP No Check", "Digital Signature", "ecdsa-with-SHA256",
			"Rinnova - risposte OCSP (PROVA)"} {
			if !strings.Contains(text, want) {
				t.Errorf("no %q in\n%s", want, text)
			}
		}
		if strings.Contains(text, "Nonce") {
			t.Error("a nonce without one in the request")
		}
		pem, _, _ := strings.Cut(rest, "-----END")
		return pem
	}
	first := signer(issueTime)
	if signer(issueTime.Add(5*24*time.Hour)) != first {
		t.Error("another signer before its time")
	}
	later := signer(issueTime.Add(6*24*time.Hour + time.Minute))
	if later == first {
		t.Error("the signer is used up to its end")
	}
	if signer(issueTime) == later {
		t.Error("a signer from the future")
	}
}

// TestOCSPForgery: OpenSSL refuses an answer of another root's responder with the right identifiers.
func TestOCSPForgery(t *testing.T) {
	issuer, other := newCurrent(t, RSA2048), newLegacy(t, x509.SHA256WithRSA)
	root := certificateFile(t, issuer.certificate)
	request, der := ask(t, "-issuer", root, "-serial", "5")
	responder := newResponder(t, issuer)
	forger := newResponder(t, other)
	certificate, key, err := forger.signers[0].current(time.Now())
	if err != nil {
		t.Fatal(err)
	}
	responder.signers[0].certificate, responder.signers[0].key = certificate, key
	response, _, err := responder.Answer(der, time.Now(), statuses{"5": {Issued: true}}.of)
	if err != nil {
		t.Fatal(err)
	}
	if out := judge(t, root, response, "-reqin", request); strings.Contains(out, "verify OK") ||
		!strings.Contains(out, "Response Verify Failure") {
		t.Errorf("signed by another: %s", out)
	}
}

func TestOCSPRefuses(t *testing.T) {
	issuer, other := newCurrent(t, P256), newLegacy(t, x509.SHA1WithRSA)
	root, stranger := certificateFile(t, issuer.certificate), certificateFile(t, other.certificate)
	responder := newResponder(t, issuer)
	_, good := ask(t, "-issuer", root, "-serial", "5")
	_, strange := ask(t, "-issuer", stranger, "-serial", "5")
	_, md5 := ask(t, "-md5", "-issuer", root, "-serial", "5")
	_, signed := ask(t, "-issuer", root, "-serial", "5", "-signer", root, "-signkey", keyFile(t, issuer.key))
	many := []string{"-issuer", root}
	for range maxOCSPRequests + 1 {
		many = append(many, "-serial", "5")
	}
	_, long := ask(t, many...)
	nonce := func(extensions ...pkix.Extension) []byte {
		var r struct {
			TBS struct {
				List       []asn1.RawValue
				Extensions []pkix.Extension `asn1:"explicit,tag:2"`
			}
		}
		if _, err := asn1.Unmarshal(good, &r); err != nil {
			t.Fatal(err)
		}
		r.TBS.Extensions = extensions
		der, err := asn1.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	octets := func(n int) []byte {
		der, err := asn1.Marshal(make([]byte, n))
		if err != nil {
			t.Fatal(err)
		}
		return der
	}
	example := asn1.ObjectIdentifier{2, 999, 9}
	for _, row := range []struct {
		name    string
		request []byte
		says    string
	}{
		{"nothing", nil, "malformedrequest"},
		{"truncated", good[:len(good)-1], "malformedrequest"},
		{"more behind it", append(bytes.Clone(good), 0), "malformedrequest"},
		{"no certificate", []byte{0x30, 4, 0x30, 2, 0x30, 0}, "malformedrequest"},
		{"another version", append([]byte{0x30, byte(len(good) + 3), 0x30, good[3] + 5, 0xa0, 3, 2, 1, 1}, good[4:]...),
			"malformedrequest"},
		{"too many certificates", long, "malformedrequest"},
		{"stranger's issuer", strange, "unauthorized"},
		{"MD5", md5, "unauthorized"},
		{"empty nonce", nonce(pkix.Extension{Id: oidOCSPNonce, Value: octets(0)}), "malformedrequest"},
		{"long nonce", nonce(pkix.Extension{Id: oidOCSPNonce, Value: octets(129)}), "malformedrequest"},
		{"two nonces", nonce(pkix.Extension{Id: oidOCSPNonce, Value: octets(16)},
			pkix.Extension{Id: oidOCSPNonce, Value: octets(16)}), "malformedrequest"},
		{"nonce of 128 octets", nonce(pkix.Extension{Id: oidOCSPNonce, Value: octets(128)}), ""},
		{"signed by the asker", signed, ""},
		{"critical extension", nonce(pkix.Extension{Id: example, Critical: true, Value: octets(1)}),
			"malformedrequest"},
		{"further extension", nonce(pkix.Extension{Id: example, Value: octets(1)}), ""},
	} {
		t.Run(row.name, func(t *testing.T) {
			response, cacheable, err := responder.Answer(row.request, issueTime, statuses{"5": {Issued: true}}.of)
			if err != nil {
				t.Fatal(err)
			}
			out, _ := opensslError(t, "ocsp", "-noverify", "-resp_text", "-respin",
				writeFile(t, "response.der", response))
			if row.says == "" {
				if !strings.Contains(out, "OCSP Response Status: successful") {
					t.Errorf("a right request: %s", out)
				}
				return
			}
			if cacheable || !strings.Contains(out, "Responder Error: "+row.says+" (") {
				t.Errorf("a wrong request: %s", out)
			}
		})
	}
	response, _, err := responder.Answer(good, issueTime, func(*x509.Certificate, *big.Int) (CertificateStatus, error) {
		return CertificateStatus{}, errors.New("no database")
	})
	if out, _ := opensslError(t, "ocsp", "-noverify", "-respin", writeFile(t, "response.der", response)); err == nil ||
		!strings.Contains(out, "Responder Error: trylater (") {
		t.Errorf("a signer that fails: %v, %s", err, out)
	}
}

// TestOCSPTwoIssuers: each request is answered by its own issuer's signer; one for both issuers is refused, since
// OpenSSL would refuse the answer.
func TestOCSPTwoIssuers(t *testing.T) {
	current, legacy := newCurrent(t, RSA2048), newLegacy(t, x509.SHA1WithRSA)
	responder := newResponder(t, current, legacy)
	everything := statuses{"5": {Issued: true}, "6": {Issued: true}}.of
	a, b := certificateFile(t, current.certificate), certificateFile(t, legacy.certificate)
	for _, root := range []string{a, b} {
		args := []string{"-no_nonce", "-issuer", root, "-serial", "5"}
		_, der := ask(t, args...)
		response, _, err := responder.Answer(der, time.Now(), everything)
		if err != nil {
			t.Fatal(err)
		}
		if out := judge(t, root, response, args...); !strings.Contains(out, "Response verify OK") ||
			!strings.Contains(out, "5: good") {
			t.Errorf("the answer to a serial number: %s", out)
		}
	}
	_, der := ask(t, "-issuer", a, "-serial", "5", "-issuer", b, "-serial", "6")
	response, _, err := responder.Answer(der, time.Now(), everything)
	if err != nil {
		t.Fatal(err)
	}
	if out, _ := opensslError(t, "ocsp", "-noverify", "-respin",
		writeFile(t, "response.der", response)); !strings.Contains(out, "Responder Error: unauthorized (") {
		t.Errorf("a foreign issuer: %s", out)
	}
}

// FuzzOCSP: no request makes the responder fail, and every answer parses: a status, and with success a basic response
// that repeats the identifiers of the request.
func FuzzOCSP(f *testing.F) {
	issuer := newCurrent(f, P256)
	root := certificateFile(f, issuer.certificate)
	for _, args := range [][]string{{"-serial", "5"}, {"-no_nonce", "-serial", "5", "-serial", "6"},
		{"-sha256", "-serial", "0x7fffffffffffffffffff"}} {
		_, der := ask(f, append([]string{"-issuer", root}, args...)...)
		f.Add(der)
	}
	responder := newResponder(f, issuer)
	f.Fuzz(func(t *testing.T, request []byte) {
		response, cacheable, err := responder.Answer(request, issueTime, statuses{"5": {Issued: true}}.of)
		if err != nil {
			t.Fatal(err)
		}
		if len(response) == 5 {
			if response[4] != ocspMalformedRequest && response[4] != ocspUnauthorized || cacheable {
				t.Fatalf("%x", response)
			}
			return
		}
		asked, _, err := parseOCSP(request)
		if err != nil {
			t.Fatal("answered what cannot be read")
		}
		for _, a := range asked {
			if !bytes.Contains(response, a.raw.FullBytes) {
				t.Fatalf("the answer does not repeat %x", a.raw.FullBytes)
			}
		}
	})
}

// TestOCSPAfterTheRoot: on a root's last day and after it one signer answers, as one is certified at most until the end
// of the root. Its answers verify at a time at which the root was valid.
func TestOCSPAfterTheRoot(t *testing.T) {
	issuer := newCurrent(t, RSA2048)
	root := certificateFile(t, issuer.certificate)
	_, der := ask(t, "-no_nonce", "-issuer", root, "-serial", "5")
	end := issuer.certificate.NotAfter
	for name, times := range map[string][]time.Time{
		"before and after": {end.Add(-12 * time.Hour), end.Add(-time.Minute), end.Add(24 * time.Hour)},
		"begun after":      {end.Add(24 * time.Hour), end.Add(48 * time.Hour)},
	} {
		t.Run(name, func(t *testing.T) {
			responder := newResponder(t, issuer)
			var signer *x509.Certificate
			for _, now := range times {
				response, _, err := responder.Answer(der, now, statuses{"5": {Issued: true}}.of)
				if err != nil {
					t.Fatal(err)
				}
				out := judge(t, root, response, "-issuer", root, "-serial", "5", "-no_nonce", "-resp_text", "-attime",
					strconv.FormatInt(end.Add(-time.Second).Unix(), 10))
				if !strings.Contains(out, "Response verify OK") || !strings.Contains(out, "Cert Status: good") {
					t.Fatalf("at %v:\n%s", now, out)
				}
				certificate := responder.signers[0].certificate
				if signer != nil && !certificate.Equal(signer) {
					t.Errorf("another signer at %v", now)
				}
				signer = certificate
			}
		})
	}
}
