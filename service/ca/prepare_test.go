// SPDX-License-Identifier: EUPL-1.2

package ca

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"io"
	"math/big"
	"strings"
	"testing"
	"time"
)

var issueTime = time.Date(2020, time.May, 25, 10, 30, 15, 0, time.UTC)

func request(t testing.TB) Request {
	t.Helper()
	return Request{
		Old:       issueOld(t, newLegacy(t, x509.SHA1WithRSA), oldRequest(t, 1024, x509.SHA1WithRSA)),
		PublicKey: &rsaKey(t, "new", 2048).PublicKey,
		Now:       issueTime,
		NotAfter:  time.Date(2020, time.June, 30, 21, 59, 59, 0, time.UTC),
		PublicURL: publicURL,
	}
}

func prepare(t testing.TB, issuer *Issuer, r Request) *Prepared {
	t.Helper()
	p, err := issuer.Prepare(r)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestPrepareAndSign(t *testing.T) {
	for _, row := range []struct {
		kind KeyKind
		text string
	}{
		{P256, "ecdsa-with-SHA256"},
		{RSA2048, "sha256WithRSAEncryption"},
		{RSA4096, "sha256WithRSAEncryption"},
	} {
		t.Run(string(row.kind), func(t *testing.T) {
			issuer := newCurrent(t, row.kind)
			r := request(t)
			p := prepare(t, issuer, r)
			intent := bytes.Clone(p.Intent())
			got, err := p.Sign()
			if err != nil {
				t.Fatal(err)
			}
			sameCertificate(t, got, byOpenSSL{
				section: "cns", subject: brunildeSubject, key: rsaKey(t, "new", 2048), issuer: issuer,
				serial: p.Serial(), digest: "sha256", env: []string{"CRL=/crl/ca.crl", "OWN_POLICY=2.999.1.2"},
			}.issue(t))
			if !bytes.Equal(got.RawSubject, r.Old.RawSubject) {
				t.Errorf("subject %x, want %x", got.RawSubject, r.Old.RawSubject)
			}
			if want := "2020-05-25 09:30:15 +0000 UTC"; got.NotBefore.String() != want ||
				!p.NotBefore().Equal(got.NotBefore) {
				t.Errorf("notBefore %v, want %v", got.NotBefore, want)
			}
			if want := "2020-06-30 21:59:59 +0000 UTC"; got.NotAfter.String() != want {
				t.Errorf("notAfter %v, want %v", got.NotAfter, want)
			}
			if b := got.SerialNumber.Bytes(); len(b) != 16 || b[0]&0x80 != 0 {
				t.Errorf("serial number %x, want 16 octets, positive", b)
			}
			file, root := certificateFile(t, got), certificateFile(t, issuer.certificate)
			text := openssl(t, "x509", "-in", file, "-noout", "-text")
			for _, want := range []string{row.text, "Not After : Jun 30 21:59:59 2020 GMT", "Public-Key: (2048 bit)"} {
				if !strings.Contains(text, want) {
					t.Errorf("openssl x509 -text lacks %q:\n%s", want, text)
				}
			}
			openssl(t, "verify", "-x509_strict", "-purpose", "sslclient", "-attime", fmt.Sprint(issueTime.Unix()),
				"-CAfile", root, file)

			// The intent is the same certificate with another signature.
			recorded, err := x509.ParseCertificate(intent)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(recorded.RawTBSCertificate, got.RawTBSCertificate) ||
				bytes.Equal(recorded.Signature, got.Signature) {
				t.Error("intent and certificate must agree in all but the signature")
			}
			if out, err := opensslError(t, "verify", "-attime", fmt.Sprint(issueTime.Unix()), "-CAfile", root,
				certificateFile(t, recorded)); err == nil {
				t.Errorf("the intent verifies: %s", out)
			}

			if _, err := p.Sign(); !errors.Is(err, ErrSigned) {
				t.Errorf("second signature: %v", err)
			}

			// After a crash the record is enough, in another process with another throw-away key.
			restarted, err := newIssuer(issuer.certificate, issuer.key)
			if err != nil {
				t.Fatal(err)
			}
			resumed, err := restarted.Resume(intent)
			if err != nil {
				t.Fatal(err)
			}
			again, err := resumed.Sign()
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(again.RawTBSCertificate, got.RawTBSCertificate) {
				t.Error("resumed: another certificate")
			}
		})
	}
}

// A renewed certificate may be the old one of a later campaign, and its root the issuer of both.
func TestPrepareAgain(t *testing.T) {
	issuer := newCurrent(t, P256)
	first, err := prepare(t, issuer, request(t)).Sign()
	if err != nil {
		t.Fatal(err)
	}
	r := request(t)
	r.Old, r.PublicKey, r.NotAfter = first, &rsaKey(t, "third", 2048).PublicKey,
		time.Date(2023, time.December, 31, 22, 59, 59, 0, time.UTC)
	second, err := prepare(t, issuer, r).Sign()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(second.RawSubject, first.RawSubject) || second.SerialNumber.Cmp(first.SerialNumber) == 0 {
		t.Error("same subject and another serial number wanted")
	}
}

// TestSubjectIsCopied: forms in an old certificate's subject that a lint refuses are copied nevertheless.
func TestSubjectIsCopied(t *testing.T) {
	issuer := newCurrent(t, P256)
	utf8, printable := func(s string) asn1.RawValue { return asn1.RawValue{Tag: asn1.TagUTF8String, Bytes: []byte(s)} },
		func(s string) asn1.RawValue { return asn1.RawValue{Tag: asn1.TagPrintableString, Bytes: []byte(s)} }
	ou, cn := oidOrganizationalUnit, oidCommonName
	oidSerial := asn1.ObjectIdentifier{2, 5, 4, 5}
	rows := []struct {
		lint string // the exempted lint that would refuse it
		name []relativeDistinguishedNameSET
	}{
		{"", []relativeDistinguishedNameSET{{{ou, printable("Regione Esempio")}}, {{cn, utf8(brunilde)}},
			{{oidCountry, printable("IT")}}}},
		{"", []relativeDistinguishedNameSET{
			{{ou, asn1.RawValue{Tag: 28, Bytes: []byte("\x00\x00\x00R\x00\x01\xD1\x1E")}}}, {{cn, utf8(brunilde)}}}},
		{"w_subject_dn_leading_whitespace",
			[]relativeDistinguishedNameSET{{{ou, utf8(" Regione Esempio")}}, {{cn, utf8(brunilde)}}}},
		{"w_subject_dn_trailing_whitespace",
			[]relativeDistinguishedNameSET{{{ou, utf8("Regione Esempio ")}}, {{cn, utf8(brunilde)}}}},
		{"e_subject_dn_country_not_printable_string",
			[]relativeDistinguishedNameSET{{{oidCountry, utf8("IT")}}, {{ou, utf8("R")}}, {{cn, utf8(brunilde)}}}},
		{"e_subject_printable_string_badalpha",
			[]relativeDistinguishedNameSET{{{ou, printable("Salute & C")}}, {{cn, utf8(brunilde)}}}},
		{"e_subject_organization_name_max_length",
			[]relativeDistinguishedNameSET{{{oidOrganization, utf8(strings.Repeat("o", 65))}}, {{ou, utf8("R")}},
				{{cn, utf8(brunilde)}}}},
		{"e_subject_organizational_unit_name_max_length",
			[]relativeDistinguishedNameSET{{{ou, utf8(strings.Repeat("o", 65))}}, {{cn, utf8(brunilde)}}}},
		{"w_subject_given_name_recommended_max_length",
			[]relativeDistinguishedNameSET{{{oidGivenName, utf8(strings.Repeat("n", 65))}}, {{ou, utf8("R")}},
				{{cn, utf8(brunilde)}}}},
		{"e_subject_dn_serial_number_not_printable_string",
			[]relativeDistinguishedNameSET{{{oidSerial, utf8("TINIT-0")}}, {{ou, utf8("R")}}, {{cn, utf8(brunilde)}}}},
		{"e_subject_dn_serial_number_max_length", []relativeDistinguishedNameSET{
			{{oidSerial, printable(strings.Repeat("7", 65))}}, {{ou, utf8("R")}}, {{cn, utf8(brunilde)}}}},
		{"e_subject_locality_name_max_length", []relativeDistinguishedNameSET{
			{{asn1.ObjectIdentifier{2, 5, 4, 7}, utf8(strings.Repeat("l", 129))}}, {{ou, utf8("R")}},
			{{cn, utf8(brunilde)}}}},
		{"e_subject_state_name_max_length", []relativeDistinguishedNameSET{
			{{asn1.ObjectIdentifier{2, 5, 4, 8}, utf8(strings.Repeat("p", 129))}}, {{ou, utf8("R")}},
			{{cn, utf8(brunilde)}}}},
		{"e_subject_dn_not_printable_characters", []relativeDistinguishedNameSET{
			{{ou, asn1.RawValue{Tag: asn1.TagBMPString, Bytes: []byte("\x00R\x00\xfc")}}}, {{cn, utf8(brunilde)}}}},
		{"w_subject_surname_recommended_max_length",
			[]relativeDistinguishedNameSET{{{oidSurname, utf8(strings.Repeat("s", 65))}}, {{ou, utf8("R")}},
				{{cn, utf8(brunilde)}}}},
	}
	tried := map[string]bool{}
	for _, row := range rows {
		t.Run(row.lint, func(t *testing.T) {
			subject, err := asn1.Marshal(row.name)
			if err != nil {
				t.Fatal(err)
			}
			r := request(t)
			r.Old = &x509.Certificate{RawSubject: subject, PublicKey: r.Old.PublicKey}
			p := prepare(t, issuer, r)
			got, err := p.Sign()
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got.RawSubject, subject) {
				t.Errorf("subject %x, want %x", got.RawSubject, subject)
			}
			if row.lint == "" {
				return
			}
			tried[row.lint] = true
			reason := exempt[row.lint]
			delete(exempt, row.lint)
			defer func() { exempt[row.lint] = reason }()
			if _, err := issuer.Resume(p.Intent()); err == nil || err.Error() != "lint: "+row.lint {
				t.Errorf("without the exemption: %v", err)
			}
		})
	}
	for name := range exempt {
		if !tried[name] {
			t.Errorf("exemption %s is not needed by any row", name)
		}
	}
}

func TestPrepareRefuses(t *testing.T) {
	issuer := newCurrent(t, P256)
	rows := []struct {
		name   string
		want   error // nil: any
		change func(*Request)
	}{
		{"old key again", KeyIsOld, func(r *Request) {
			r.Old = issueOld(t, newLegacy(t, x509.SHA256WithRSA), oldRequest(t, 2048, x509.SHA256WithRSA))
			r.PublicKey = r.Old.PublicKey.(*rsa.PublicKey)
		}},
		{"short key", KeyTooShort, func(r *Request) { r.PublicKey = &rsaKey(t, "short", 1024).PublicKey }},
		{"ends after the root", ErrIssuerEnds,
			func(r *Request) { r.NotAfter = issuer.certificate.NotAfter.Add(time.Second) }},
		{"ends now", nil, func(r *Request) { r.NotAfter = r.Now }},
		{"before the root begins", nil, func(r *Request) { r.Now = issuer.certificate.NotBefore.Add(-time.Second) }},
		{"public URL with TLS", nil, func(r *Request) { r.PublicURL = "https://rinnova.example" }},
		{"empty subject", ErrLint, func(r *Request) { r.Old = &x509.Certificate{PublicKey: r.Old.PublicKey} }},
		{"subject of a root", MalformedSubject, func(r *Request) {
			r.Old = newLegacy(t, x509.SHA1WithRSA).certificate
		}},
		{"subject of its own root", ErrLint, func(r *Request) {
			r.Old = &x509.Certificate{RawSubject: issuer.certificate.RawSubject, PublicKey: r.Old.PublicKey}
		}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r := request(t)
			row.change(&r)
			if _, err := issuer.Prepare(r); err == nil || row.want != nil && !errors.Is(err, row.want) {
				t.Errorf("got %v, want %v", err, row.want)
			}
		})
	}
}

// TestPrepareAtTheRootsEnds: a certificate may end with its root, and never begins before it.
func TestPrepareAtTheRootsEnds(t *testing.T) {
	issuer := newCurrent(t, P256)
	r := request(t)
	r.Now = issuer.certificate.NotBefore.Add(time.Minute)
	r.NotAfter = issuer.certificate.NotAfter
	p := prepare(t, issuer, r)
	if !p.NotBefore().Equal(issuer.certificate.NotBefore) {
		t.Errorf("notBefore %v, want the root's %v", p.NotBefore(), issuer.certificate.NotBefore)
	}
}

// faultySigner is a device that returns a wrong signature.
type faultySigner struct{ crypto.Signer }

func (f faultySigner) Sign(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	other := bytes.Clone(digest)
	other[0] ^= 1
	return f.Signer.Sign(rand, other, opts)
}

func TestSignRefuses(t *testing.T) {
	t.Run("device that signs something else", func(t *testing.T) {
		good := newCurrent(t, RSA2048)
		issuer, err := newIssuer(good.certificate, faultySigner{good.key})
		if err != nil {
			t.Fatal(err)
		}
		p := prepare(t, issuer, request(t))
		if c, err := p.Sign(); err == nil {
			t.Errorf("returned %x", c.Raw)
		}
		// The failed attempt counts: the device may have signed, so the caller must resume the record.
		if _, err := p.Sign(); !errors.Is(err, ErrSigned) {
			t.Errorf("second attempt: %v", err)
		}
	})
	for name, change := range map[string]func(*x509.Certificate){
		"serial number": func(c *x509.Certificate) { c.SerialNumber = new(big.Int).Add(c.SerialNumber, big.NewInt(1)) },
		"subject":       func(c *x509.Certificate) { c.RawSubject = c.RawIssuer },
		"end":           func(c *x509.Certificate) { c.NotAfter = c.NotAfter.Add(time.Second) },
		"key":           func(c *x509.Certificate) { c.PublicKey = &rsaKey(t, "third", 2048).PublicKey },
		"extension":     func(c *x509.Certificate) { c.Extensions = c.Extensions[1:] },
	} {
		t.Run("other than the intent: "+name, func(t *testing.T) {
			p := prepare(t, newCurrent(t, P256), request(t))
			change(p.intent)
			if _, err := p.Sign(); err == nil || err.Error() != "signed certificate differs from the intent" {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestResumeRefuses(t *testing.T) {
	issuer := newCurrent(t, P256)
	intent := prepare(t, issuer, request(t)).Intent()
	if _, err := newCurrent(t, RSA2048).Resume(intent); !errors.Is(err, ErrLint) {
		t.Errorf("intent of another root: %v", err)
	}
	for n := range len(intent) {
		if _, err := issuer.Resume(intent[:n]); err == nil {
			t.Fatalf("intent cut to %d of %d octets accepted", n, len(intent))
		}
	}
	if _, err := issuer.Resume(append(bytes.Clone(intent), 0)); err == nil {
		t.Error("octet after the intent accepted")
	}
}

func TestSerialNumbers(t *testing.T) {
	seen := map[string]bool{}
	or, and := make([]byte, 16), bytes.Repeat([]byte{0xff}, 16)
	for range 1000 {
		serial, err := newSerial()
		if err != nil {
			t.Fatal(err)
		}
		b := serial.Bytes()
		if len(b) != 16 || seen[string(b)] {
			t.Fatalf("serial number %x", b)
		}
		seen[string(b)] = true
		for i := range b {
			or[i] |= b[i]
			and[i] &= b[i]
		}
	}
	// Every bit but the first two is drawn: in 1000 draws each has been seen set and not set.
	if or[0] != 0x7f || and[0] != 0x40 || !bytes.Equal(or[1:], bytes.Repeat([]byte{0xff}, 15)) ||
		!bytes.Equal(and[1:], make([]byte, 15)) {
		t.Errorf("bits ever set %x, always set %x", or, and)
	}
}

func BenchmarkPrepareAndSign(b *testing.B) {
	issuer := newCurrent(b, P256)
	r := request(b)
	prepare(b, issuer, r) // the throw-away key and the lints are made at the first call
	for b.Loop() {
		if _, err := prepare(b, issuer, r).Sign(); err != nil {
			b.Fatal(err)
		}
	}
}
