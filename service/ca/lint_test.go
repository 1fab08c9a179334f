// SPDX-License-Identifier: EUPL-1.2

package ca

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"net"
	"strings"
	"testing"
	"time"
)

// cleanTemplate is a template that passes the lints.
func cleanTemplate(t *testing.T, r Request) *x509.Certificate {
	t.Helper()
	template, err := cnsTemplate(r.PublicKey, publicURL, oidPolicyCurrent, CRLPath)
	if err != nil {
		t.Fatal(err)
	}
	serial, err := newSerial()
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber, template.RawSubject = serial, r.Old.RawSubject
	template.NotBefore, template.NotAfter = issueTime, r.NotAfter
	return template
}

// lintRow is a change to a good template, and the lint's findings.
type lintRow struct {
	name   string
	want   string
	change func(*x509.Certificate)
}

func lintRows(issuer *Issuer) []lintRow {
	extra := func(oid asn1.ObjectIdentifier, critical bool, value []byte) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			c.ExtraExtensions = append(c.ExtraExtensions, pkix.Extension{Id: oid, Critical: critical, Value: value})
		}
	}
	policies := func(change func([]byte) []byte) func(*x509.Certificate) {
		return func(c *x509.Certificate) {
			c.ExtraExtensions[0].Value = change(bytes.Clone(c.ExtraExtensions[0].Value))
		}
	}
	return []lintRow{
		{"clean", "", func(c *x509.Certificate) {}},
		{"serial number of 8 octets", "serial number",
			func(c *x509.Certificate) { c.SerialNumber = big.NewInt(1 << 62) }},
		{"serial number of 17 octets", "serial number",
			func(c *x509.Certificate) { c.SerialNumber = new(big.Int).Lsh(c.SerialNumber, 8) }},
		{"serial number 0", "serial number", func(c *x509.Certificate) { c.SerialNumber = new(big.Int) }},
		{"begins before its root", "validity",
			func(c *x509.Certificate) { c.NotBefore = issuer.certificate.NotBefore.Add(-time.Second) }},
		{"ends after its root", "validity",
			func(c *x509.Certificate) { c.NotAfter = issuer.certificate.NotAfter.Add(time.Second) }},
		{"ends when it begins", "validity", func(c *x509.Certificate) { c.NotAfter = c.NotBefore }},
		{"keyUsage with nonRepudiation", "keyUsage",
			func(c *x509.Certificate) { c.KeyUsage |= x509.KeyUsageContentCommitment }},
		{"keyUsage with keyEncipherment", "keyUsage",
			func(c *x509.Certificate) { c.KeyUsage |= x509.KeyUsageKeyEncipherment }},
		{"keyUsage missing", "keyUsage", func(c *x509.Certificate) { c.KeyUsage = 0 }},
		{"keyUsage not critical", "set of extensions",
			extra(asn1.ObjectIdentifier{2, 5, 29, 15}, false, []byte{3, 2, 7, 0x80})},
		{"extKeyUsage missing", "extKeyUsage", func(c *x509.Certificate) { c.ExtKeyUsage = nil }},
		{"extKeyUsage serverAuth", "extKeyUsage",
			func(c *x509.Certificate) { c.ExtKeyUsage[0] = x509.ExtKeyUsageServerAuth }},
		{"extKeyUsage with emailProtection", "extKeyUsage",
			func(c *x509.Certificate) { c.ExtKeyUsage = append(c.ExtKeyUsage, x509.ExtKeyUsageEmailProtection) }},
		{"extKeyUsage with cmcRA", "extKeyUsage",
			func(c *x509.Certificate) { c.UnknownExtKeyUsage = []asn1.ObjectIdentifier{oidCMCRA} }},
		{"extKeyUsage critical", "set of extensions",
			extra(asn1.ObjectIdentifier{2, 5, 29, 37}, true, []byte{0x30, 10, 6, 8, 0x2b, 6, 1, 5, 5, 7, 3, 2})},
		{"subject key identifier of another key", "subject key identifier",
			func(c *x509.Certificate) { c.SubjectKeyId[0] ^= 1 }},
		{"no subject key identifier", "subject key identifier", func(c *x509.Certificate) { c.SubjectKeyId = nil }},
		{"authority key identifier of another root", "authority key identifier",
			extra(asn1.ObjectIdentifier{2, 5, 29, 35}, false, append([]byte{0x30, 22, 0x80, 20}, make([]byte, 20)...))},
		{"OCSP elsewhere", "authority information access",
			func(c *x509.Certificate) { c.OCSPServer[0] = "http://other.example/ocsp" }},
		{"no OCSP", "authority information access", func(c *x509.Certificate) { c.OCSPServer = nil }},
		{"caIssuers", "authority information access",
			func(c *x509.Certificate) { c.IssuingCertificateURL = []string{publicURL + "/ca.crt"} }},
		{"no CRL distribution point", "CRL distribution point",
			func(c *x509.Certificate) { c.CRLDistributionPoints = nil }},
		{"two CRL distribution points", "CRL distribution point", func(c *x509.Certificate) {
			c.CRLDistributionPoints = append(c.CRLDistributionPoints, publicURL+CRLPath)
		}},
		{"CRL of the legacy root", "CRL distribution point",
			func(c *x509.Certificate) { c.CRLDistributionPoints[0] = publicURL + LegacyCRLPath }},
		{"CRL over TLS", "is not http://host",
			func(c *x509.Certificate) { c.CRLDistributionPoints[0] = "https://rinnova.example:8080" + CRLPath }},
		{"no policies", "set of extensions", func(c *x509.Certificate) { c.ExtraExtensions = nil }},
		{"policy of CIE", "certificatePolicies", policies(func(b []byte) []byte {
			return bytes.Replace(b, []byte{0x2b, 76, 16, 2, 1}, []byte{0x2b, 76, 16, 2, 4}, 1)
		})},
		{"notice in other words", "certificatePolicies",
			policies(func(b []byte) []byte { return bytes.Replace(b, []byte("italian"), []byte("Italian"), 1) })},
		{"policy of the legacy root", "certificatePolicies",
			policies(func(b []byte) []byte {
				return bytes.Replace(b, []byte{0x88, 0x37, 1, 2}, []byte{0x88, 0x37, 1, 1},
					1)
			})},
		{"CPS elsewhere", "certificatePolicies",
			policies(func(b []byte) []byte { return bytes.Replace(b, []byte("/cps"), []byte("/CPS"), 1) })},
		{"policies critical", "set of extensions", func(c *x509.Certificate) { c.ExtraExtensions[0].Critical = true }},
		{"basicConstraints", "set of extensions", func(c *x509.Certificate) { c.BasicConstraintsValid = true }},
		{"subjectAltName", "set of extensions",
			func(c *x509.Certificate) { c.IPAddresses = []net.IP{net.IPv4(127, 0, 0, 1)} }},
		{"unknown extension", "set of extensions", extra(asn1.ObjectIdentifier{2, 999, 9}, false, []byte{5, 0})},
		{"subject without an administration", "malformed-subject", func(c *x509.Certificate) {
			c.RawSubject, _ = encodeName([]attribute{{oidCommonName, brunilde}})
		}},
		{"subject of another kind of card", "not-health-card", func(c *x509.Certificate) {
			c.RawSubject,
				_ = encodeName([]attribute{{oidOrganizationalUnit, "R"},
				{oidCommonName, strings.Replace(brunilde, "/6090", "/7430", 1)}})
		}},
		{"card number with a letter", "malformed-subject", func(c *x509.Certificate) {
			c.RawSubject = bytes.ReplaceAll(c.RawSubject, []byte("6090"), []byte("609A"))
		}},
		{"zlint: e-mail address over 128 characters", "e_subject_email_max_length", func(c *x509.Certificate) {
			name := []relativeDistinguishedNameSET{
				{{oidOrganizationalUnit, asn1.RawValue{Tag: asn1.TagUTF8String, Bytes: []byte("R")}}},
				{{oidCommonName, asn1.RawValue{Tag: asn1.TagUTF8String, Bytes: []byte(brunilde)}}},
				{{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 1},
					asn1.RawValue{Tag: asn1.TagUTF8String,
						Bytes: []byte(strings.Repeat("e", 300) + "@esempio.example")}}},
			}
			c.RawSubject, _ = asn1.Marshal(name)
		}},
	}
}

// TestLint changes each field of the profile alone: the lint refuses it and names the field.
func TestLint(t *testing.T) {
	issuer := newCurrent(t, P256)
	r := request(t)
	for _, row := range lintRows(issuer) {
		t.Run(row.name, func(t *testing.T) {
			template := cleanTemplate(t, r)
			row.change(template)
			der, err := issuer.signThrowaway(template, r.PublicKey)
			if err != nil {
				t.Fatal(err)
			}
			c, err := x509.ParseCertificate(der)
			if err != nil {
				t.Fatal(err)
			}
			err = lint(c, issuer.certificate)
			if row.want == "" {
				if err != nil {
					t.Errorf("a right certificate is refused: %v", err)
				}
				return
			}
			if err == nil || !strings.HasPrefix(err.Error(), "lint: ") || !strings.Contains(err.Error(), row.want) {
				t.Errorf("got %v, want %s", err, row.want)
			}
		})
	}
}

// TestLintOf lints what a template does not show: who signed, with which algorithm, for which key.
func TestLintOf(t *testing.T) {
	issuer := newCurrent(t, P256)
	r := request(t)
	t.Run("signature algorithm", func(t *testing.T) {
		der, err := newCurrent(t, RSA2048).signThrowaway(cleanTemplate(t, r), r.PublicKey)
		if err != nil {
			t.Fatal(err)
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		if err := lint(c, issuer.certificate); err == nil || err.Error() != "lint: unexpected signature algorithm" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("issuer", func(t *testing.T) {
		other := *issuer.certificate
		other.RawSubject = r.Old.RawSubject
		der, err := issuer.signThrowaway(cleanTemplate(t, r), r.PublicKey)
		if err != nil {
			t.Fatal(err)
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		if err := lint(c, &other); err == nil || err.Error() != "lint: unexpected issuer" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("key size", func(t *testing.T) {
		key := &rsaKey(t, "old", 1024).PublicKey
		template, err := cnsTemplate(key, publicURL, oidPolicyCurrent, CRLPath)
		if err != nil {
			t.Fatal(err)
		}
		base := cleanTemplate(t, r)
		template.SerialNumber, template.RawSubject, template.NotBefore, template.NotAfter = base.SerialNumber,
			base.RawSubject, base.NotBefore, base.NotAfter
		der, err := issuer.signThrowaway(template, key)
		if err != nil {
			t.Fatal(err)
		}
		c, err := x509.ParseCertificate(der)
		if err != nil {
			t.Fatal(err)
		}
		if err := lint(c, issuer.certificate); err == nil || err.Error() != "lint: unexpected key size" {
			t.Errorf("got %v", err)
		}
	})
}

// TestLintRegistry: zlint's lints are linked in, and every exemption names a lint that runs.
func TestLintRegistry(t *testing.T) {
	rules, err := registry()
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]bool{}
	for _, name := range rules.Names() {
		names[name] = true
	}
	for _, name := range []string{"e_ext_duplicate_extension", "e_spki_rsa_encryption_parameter_not_null",
		"w_subject_dn_trailing_whitespace", "e_serial_number_longer_than_20_octets",
		"w_ext_subject_key_identifier_missing_sub_cert"} {
		if !names[name] {
			t.Errorf("lint %s does not run", name)
		}
	}
	for name := range exempt {
		if !names[name] {
			t.Errorf("exempted %s is no lint that runs", name)
		}
	}
}
