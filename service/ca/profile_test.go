// SPDX-License-Identifier: EUPL-1.2

package ca

import (
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"
)

const brunildeSubject = `/C=IT/O=TS-CNS/OU=Regione Esempio/SN=Esempio/GN=Brunilde/CN=SMPBNL78R47D612H\/6090900000003001.3SsHNs8uNFgeYKY73uk31\/nMtfI=`

// TestIssueOld compares each old certificate with the one that OpenSSL issues with the same key, subject and serial
// number, extension by extension, byte by byte.
func TestIssueOld(t *testing.T) {
	rows := []struct {
		bits      int
		signature x509.SignatureAlgorithm
		digest    string
		names     bool
	}{
		{1024, x509.SHA1WithRSA, "sha1", true},
		{1024, x509.SHA256WithRSA, "sha256", false},
		{2048, x509.SHA1WithRSA, "sha1", false},
		{2048, x509.SHA256WithRSA, "sha256", true},
	}
	for _, row := range rows {
		t.Run(fmt.Sprint(row.bits, row.signature), func(t *testing.T) {
			issuer := newLegacy(t, row.signature)
			r := oldRequest(t, row.bits, row.signature)
			subject := brunildeSubject
			if !row.names {
				r.GivenName, r.Surname = "", ""
				subject = strings.Replace(subject, "/SN=Esempio/GN=Brunilde", "", 1)
			}
			got := issueOld(t, issuer, r)
			sameCertificate(t, got, byOpenSSL{
				section: "cns", subject: subject, key: rsaKey(t, "old", row.bits), issuer: issuer,
				serial: got.SerialNumber, digest: row.digest,
				env: []string{"CRL=/crl/legacy.crl", "OWN_POLICY=2.999.1.1"},
			}.issue(t))
			if !got.NotBefore.Equal(r.NotBefore) || !got.NotAfter.Equal(r.NotAfter) {
				t.Errorf("validity %v to %v", got.NotBefore, got.NotAfter)
			}
			if len(got.Subject.CommonName) != 62 {
				t.Errorf("common name of %d characters, want 62", len(got.Subject.CommonName))
			}
			file := certificateFile(t, got)
			text := openssl(t, "x509", "-in", file, "-noout", "-text", "-nameopt", "RFC2253,show_type,sep_comma_plus")
			names := ""
			if row.names {
				names = "GN=UTF8STRING:Brunilde,SN=UTF8STRING:Esempio,"
			}
			for _, want := range []string{
				"Version: 3 (0x2)",
				fmt.Sprintf("Signature Algorithm: %sWithRSAEncryption", row.digest),
				"Issuer: CN=UTF8STRING:Regione Esempio - CA Cittadini (VECCHIA\\, PROVA),OU=UTF8STRING:Servizi di " +
					"Certificazione,O=UTF8STRING:Rinnova Prova,C=PRINTABLESTRING:IT",
				"Not Before: Jun 15 00:00:00 2014 GMT",
				"Not After : Mar 31 22:00:00 2020 GMT",
				"Subject: CN=UTF8STRING:" + brunilde + "," + names +
					"OU=UTF8STRING:Regione Esempio,O=UTF8STRING:TS-CNS,C=PRINTABLESTRING:IT",
				fmt.Sprintf("Public-Key: (%d bit)", row.bits),
				"X509v3 Key Usage: critical\n                Digital Signature\n",
				"X509v3 Extended Key Usage: \n                TLS Web Client Authentication\n",
				"Policy: 1.3.76.16.2.1\n",
				"Explicit Text: Identifies X.509 authentication certificates issued for the italian National Service " +
					"Card (CNS) project in according to the italian regulation\n",
				"Policy: 2.999.1.1\n                  CPS: http://rinnova.example:8080/cps\n",
				"OCSP - URI:http://rinnova.example:8080/ocsp\n",
				"URI:http://rinnova.example:8080/crl/legacy.crl\n",
			} {
				if !strings.Contains(text, want) {
					t.Errorf("openssl x509 -text lacks %q:\n%s", want, text)
				}
			}
			if strings.Contains(text, "Basic Constraints") {
				t.Error("basicConstraints present")
			}
			openssl(t, "verify", "-x509_strict", "-auth_level", "0", "-purpose", "sslclient", "-attime",
				fmt.Sprint(date(2019, time.May, 1).Unix()),
				"-CAfile", certificateFile(t, issuer.certificate), file)
			if out, err := opensslError(t, "verify", "-auth_level", "0", "-attime",
				fmt.Sprint(date(2020, time.May, 1).Unix()),
				"-CAfile", certificateFile(t, issuer.certificate), file); err == nil ||
				!strings.Contains(out, "certificate has expired") {
				t.Errorf("a month after its end: %v\n%s", err, out)
			}
		})
	}
}

func TestIssueOldRefuses(t *testing.T) {
	issuer := newLegacy(t, x509.SHA1WithRSA)
	rows := []struct {
		name   string
		change func(*OldRequest)
	}{
		{"wrong check character", func(r *OldRequest) { r.CN.CodiceFiscale = "SMPBNL78R47D612A" }},
		{"no administration", func(r *OldRequest) { r.Administration = "" }},
		{"administration of 65 characters", func(r *OldRequest) { r.Administration = strings.Repeat("e", 65) }},
		{"surname ending in a blank", func(r *OldRequest) { r.Surname = "Esempio " }},
		{"surname with a control character", func(r *OldRequest) { r.Surname = "Ese\x00mpio" }},
		{"surname that is no UTF-8", func(r *OldRequest) { r.Surname = "Esempi\xf2" }},
		{"ends before it begins", func(r *OldRequest) { r.NotAfter = r.NotBefore }},
		{"key of 768 bits", func(r *OldRequest) {
			r.PublicKey = &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 767, 1), E: 65537}
		}},
		{"MD5", func(r *OldRequest) { r.Signature = x509.MD5WithRSA }},
		{"SHA-512", func(r *OldRequest) { r.Signature = x509.SHA512WithRSA }},
		{"public URL with TLS", func(r *OldRequest) { r.PublicURL = "https://rinnova.example" }},
		{"public URL with a path", func(r *OldRequest) { r.PublicURL = "http://rinnova.example/" }},
		{"public URL with a query", func(r *OldRequest) { r.PublicURL = "http://rinnova.example?a" }},
		{"public URL without a host", func(r *OldRequest) { r.PublicURL = "http://" }},
		{"no public URL", func(r *OldRequest) { r.PublicURL = "" }},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r := oldRequest(t, 1024, x509.SHA1WithRSA)
			row.change(&r)
			if c, err := issuer.IssueOld(r); err == nil {
				t.Errorf("issued %v", c.Subject)
			}
		})
	}
}
