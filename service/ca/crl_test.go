// SPDX-License-Identifier: EUPL-1.2

package ca

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"
)

func TestCRL(t *testing.T) {
	for _, row := range []struct {
		name   string
		issuer *Issuer
		text   string
	}{
		{"P-256", newCurrent(t, P256), "ecdsa-with-SHA256"},
		{"RSA", newCurrent(t, RSA2048), "sha256WithRSAEncryption"},
		{"legacy root signed with SHA-1", newLegacy(t, x509.SHA1WithRSA), "sha256WithRSAEncryption"},
	} {
		t.Run(row.name, func(t *testing.T) {
			issue := func() *x509.Certificate {
				return craft(t, row.issuer, func(c *crafted) {
					c.template.SignatureAlgorithm, c.key = 0, &rsaKey(t, "old", 2048).PublicKey
					c.template.SerialNumber, _ = newSerial()
					c.template.NotAfter = date(2021, time.May, 1)
				})
			}
			good, superseded, held := issue(), issue(), issue()
			der, err := row.issuer.CRL(258, issueTime, issueTime.Add(24*time.Hour), []x509.RevocationListEntry{
				{SerialNumber: superseded.SerialNumber, RevocationTime: issueTime.Add(-time.Hour), ReasonCode: 4},
				{SerialNumber: held.SerialNumber, RevocationTime: issueTime.Add(-time.Minute), ReasonCode: 6},
				{SerialNumber: big.NewInt(77), RevocationTime: issueTime.Add(-time.Second)},
			})
			if err != nil {
				t.Fatal(err)
			}
			root := certificateFile(t, row.issuer.certificate)
			crl := writeFile(t, "crl.pem", pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der}))
			text := openssl(t, "crl", "-in", crl, "-noout", "-text", "-CAfile", root)
			for _, want := range []string{
				"verify OK", "Version 2 (0x1)", "Signature Algorithm: " + row.text,
				"Last Update: May 25 09:30:15 2020 GMT", "Next Update: May 26 10:30:15 2020 GMT",
				"X509v3 CRL Number: \n                258\n", "X509v3 Authority Key Identifier",
				fmt.Sprintf("Serial Number: %X\n        Revocation Date: May 25 09:30:15 2020 GMT\n"+
					"        CRL entry extensions:\n            X509v3 CRL Reason Code: \n                Superseded\n",
					superseded.SerialNumber),
				fmt.Sprintf("Serial Number: %X\n        Revocation Date: May 25 10:29:15 2020 GMT\n"+
					"        CRL entry extensions:\n            X509v3 CRL Reason Code: \n"+
					"                Certificate Hold\n", held.SerialNumber),
				// reason 0 is omitted
				"Serial Number: 4D\n        Revocation Date: May 25 10:30:14 2020 GMT\n    Signature",
			} {
				if !strings.Contains(text, want) {
					t.Errorf("openssl crl -text lacks %q:\n%s", want, text)
				}
			}
			check := func(c *x509.Certificate) (string, error) {
				return opensslError(t, "verify", "-auth_level", "0", "-x509_strict", "-crl_check", "-CRLfile", crl,
					"-attime", fmt.Sprint(date(2020, time.May, 25).Unix()), "-CAfile", root, certificateFile(t, c))
			}
			if out, err := check(good); err != nil {
				t.Errorf("good certificate: %s", out)
			}
			for _, c := range []*x509.Certificate{superseded, held} {
				if out, err := check(c); err == nil || !strings.Contains(out, "certificate revoked") {
					t.Errorf("revoked certificate: %v\n%s", err, out)
				}
			}
		})
	}
}

func TestCRLOfNothing(t *testing.T) {
	issuer := newCurrent(t, P256)
	der, err := issuer.CRL(1, issueTime, issueTime.Add(time.Hour), nil)
	if err != nil {
		t.Fatal(err)
	}
	crl := writeFile(t, "crl.pem", pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der}))
	text := openssl(t, "crl", "-in", crl, "-noout", "-text", "-CAfile", certificateFile(t, issuer.certificate))
	if !strings.Contains(text, "No Revoked Certificates") || !strings.Contains(text, "verify OK") {
		t.Errorf("the empty list in openssl's words: %s", text)
	}
}

func TestCRLRefuses(t *testing.T) {
	issuer := newCurrent(t, P256)
	entry := func(serial int64, reason int) x509.RevocationListEntry {
		return x509.RevocationListEntry{SerialNumber: big.NewInt(serial), RevocationTime: issueTime, ReasonCode: reason}
	}
	rows := []struct {
		name    string
		number  int64
		life    time.Duration
		revoked []x509.RevocationListEntry
	}{
		{"number 0", 0, time.Hour, nil},
		{"negative number", -1, time.Hour, nil},
		{"ends when it begins", 1, 0, nil},
		{"serial number twice", 1, time.Hour, []x509.RevocationListEntry{entry(5, 1), entry(6, 1), entry(5, 4)}},
		{"serial number 0", 1, time.Hour, []x509.RevocationListEntry{entry(0, 1)}},
		{"no serial number", 1, time.Hour, []x509.RevocationListEntry{{RevocationTime: issueTime}}},
		{"no time", 1, time.Hour, []x509.RevocationListEntry{{SerialNumber: big.NewInt(5)}}},
		{"reason 7", 1, time.Hour, []x509.RevocationListEntry{entry(5, 7)}},
		{"removeFromCRL", 1, time.Hour, []x509.RevocationListEntry{entry(5, 8)}},
		{"reason 11", 1, time.Hour, []x509.RevocationListEntry{entry(5, 11)}},
		{"reason -1", 1, time.Hour, []x509.RevocationListEntry{entry(5, -1)}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if _, err := issuer.CRL(row.number, issueTime, issueTime.Add(row.life), row.revoked); err == nil {
				t.Error("made a list")
			}
		})
	}
}

// TestCRLNegativeSerial lists a certificate of an issuer that gave negative serial numbers, beside its positive twin.
func TestCRLNegativeSerial(t *testing.T) {
	issuer := newCurrent(t, P256)
	der, err := issuer.CRL(1, issueTime, issueTime.Add(time.Hour), []x509.RevocationListEntry{
		{SerialNumber: big.NewInt(-4660), RevocationTime: issueTime},
		{SerialNumber: big.NewInt(4660), RevocationTime: issueTime},
	})
	if err != nil {
		t.Fatal(err)
	}
	crl := writeFile(t, "crl.pem", pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der}))
	text := openssl(t, "crl", "-in", crl, "-noout", "-text", "-CAfile", certificateFile(t, issuer.certificate))
	for _, want := range []string{"Serial Number: -1234\n", "Serial Number: 1234\n", "verify OK"} {
		if !strings.Contains(text, want) {
			t.Errorf("openssl crl -text lacks %q:\n%s", want, text)
		}
	}
	if _, err := issuer.CRL(1, issueTime, issueTime.Add(time.Hour), []x509.RevocationListEntry{
		{SerialNumber: new(big.Int), RevocationTime: issueTime}}); err == nil {
		t.Error("serial number 0 is listed")
	}
}
