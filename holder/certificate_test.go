// SPDX-License-Identifier: EUPL-1.2

package holder

import (
	"bytes"
	"crypto/x509"
	"encoding/binary"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"rinnova.example/go/systemtest"
)

// odd makes a certificate with OpenSSL that crypto/x509 refuses: serial is openssl's -set_serial, and unit the bytes of
// an organizational unit, put into the DER afterwards.
func odd(t *testing.T, serial string, unit []byte) []byte {
	t.Helper()
	systemtest.Need(t, "openssl", "openssl")
	dir := t.TempDir()
	config := "[req]\ndistinguished_name=dn\nprompt=no\nstring_mask=pkix\n[dn]\nC=IT\nOU=" +
		strings.Repeat("x", len(unit)) + "\nCN=PROVA\n"
	if err := os.WriteFile(filepath.Join(dir, "req.cnf"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", "key.pem", "-config",
		"req.cnf",
		"-set_serial", serial, "-days", "30", "-outform", "DER", "-out", "cert.der")
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	der, err := os.ReadFile(filepath.Join(dir, "cert.der"))
	if err != nil {
		t.Fatal(err)
	}
	return bytes.ReplaceAll(der, []byte(strings.Repeat("x", len(unit))), unit)
}

// universal encodes a text as a UniversalString's value: each character is its number in four bytes.
func universal(text string) string {
	var b []byte
	for _, r := range text {
		b = binary.BigEndian.AppendUint32(b, uint32(r))
	}
	return string(b)
}

// retagUnit makes the organizational unit of issuer and subject a UniversalString, tag 28.
func retagUnit(t *testing.T, der, unit []byte) {
	t.Helper()
	n := 0
	for i := range len(der) - len(unit) {
		if bytes.Equal(der[i:i+len(unit)], unit) {
			der[i-2] = 28
			n++
		}
	}
	if n != 2 {
		t.Fatalf("the unit occurs %d times", n)
	}
}

// TestParseCertificate reads certificates that OpenSSL reads and crypto/x509 refuses.
func TestParseCertificate(t *testing.T) {
	for _, row := range []struct {
		name, serial, unit, want, number string
	}{
		{"negative serial number", "-4660", "Regione", "Regione", "-4660"},
		{"underscore in PrintableString", "7", "ASL_ROMA_1", "ASL_ROMA_1", "7"},
		{"Latin-1 in PrintableString", "7", "S\xfcdtirol", "Südtirol", "7"},
		{"UniversalString", "7", universal("Südtirol 𝄞"), "Südtirol 𝄞", "7"},
		{"both", "-128", "ASL_ROMA_1", "ASL_ROMA_1", "-128"},
	} {
		t.Run(row.name, func(t *testing.T) {
			der := odd(t, row.serial, []byte(row.unit))
			if row.name == "UniversalString" {
				retagUnit(t, der, []byte(row.unit))
			}
			if _, err := x509.ParseCertificate(der); err == nil {
				t.Fatal("crypto/x509 reads it: this test shows nothing")
			}
			c, err := ParseCertificate(der)
			if err != nil {
				t.Fatal(err)
			}
			if c.SerialNumber.String() != row.number || len(c.Subject.OrganizationalUnit) != 1 ||
				c.Subject.OrganizationalUnit[0] != row.want {
				t.Errorf("serial number %v, unit %q", c.SerialNumber, c.Subject.OrganizationalUnit)
			}
			if !bytes.Equal(c.Raw, der) || !bytes.Contains(c.RawSubject, []byte(row.unit)) ||
				!bytes.Equal(c.RawIssuer, c.RawSubject) || !bytes.Contains(der, c.RawTBSCertificate) {
				t.Error("the raw fields are not the card's")
			}
		})
	}
}

// TestParseCertificateSigned: the signature of a tolerated certificate can still be verified.
func TestParseCertificateSigned(t *testing.T) {
	c, err := ParseCertificate(odd(t, "-4660", []byte("xxxx")))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.CheckSignature(c.SignatureAlgorithm, c.RawTBSCertificate, c.Signature); err != nil {
		t.Errorf("the signature of the card's certificate: %v", err)
	}
}

func TestParseCertificateRefuses(t *testing.T) {
	good := odd(t, "-1", []byte("Regione"))
	for n := range len(good) - 1 {
		if _, err := ParseCertificate(good[:n]); err == nil {
			t.Fatalf("%d of %d bytes are a certificate", n, len(good))
		}
	}
	if _, err := ParseCertificate(append(good, 0)); err == nil {
		t.Error("a byte more is a certificate")
	}
}

// TestNoCharacter: a UniversalString with a number above the last of Unicode, 10FFFF, has no characters to show.
func TestNoCharacter(t *testing.T) {
	unit := []byte{0, 0x11, 0, 0}
	der := odd(t, "7", unit)
	retagUnit(t, der, unit)
	if c, err := ParseCertificate(der); err == nil {
		t.Errorf("unit %q", c.Subject.OrganizationalUnit)
	}
}

func FuzzParseCertificate(f *testing.F) {
	f.Add([]byte{0x30, 0x03, 0x30, 0x01, 0x02})
	f.Fuzz(func(t *testing.T, der []byte) {
		before := bytes.Clone(der)
		c, err := ParseCertificate(der)
		if !bytes.Equal(der, before) {
			t.Error("the input changed")
		}
		if err == nil && !bytes.Equal(c.Raw, der) {
			t.Error("another certificate")
		}
	})
}
