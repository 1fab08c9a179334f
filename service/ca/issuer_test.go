// SPDX-License-Identifier: EUPL-1.2

package ca

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"fmt"
	"strings"
	"testing"
	"time"
)

func TestNewRoot(t *testing.T) {
	rows := []struct {
		kind      KeyKind
		signature x509.SignatureAlgorithm
		digest    string
		key, text string
	}{
		{RSA2048, 0, "sha256", "Public-Key: (2048 bit)", "sha256WithRSAEncryption"},
		{RSA2048, x509.SHA1WithRSA, "sha1", "Public-Key: (2048 bit)", "sha1WithRSAEncryption"},
		{RSA2048, x509.SHA256WithRSA, "sha256", "Public-Key: (2048 bit)", "sha256WithRSAEncryption"},
		{RSA4096, 0, "sha256", "Public-Key: (4096 bit)", "sha256WithRSAEncryption"},
		{P256, 0, "sha256", "Public-Key: (256 bit)", "ecdsa-with-SHA256"},
	}
	for _, row := range rows {
		t.Run(fmt.Sprint(row.kind, row.signature), func(t *testing.T) {
			key := ownKey(t, "root", row.kind)
			issuer, err := NewRoot(RootRequest{Name: currentName, Key: key, Signature: row.signature,
				NotBefore: date(2020, time.January, 1), NotAfter: date(2060, time.January, 1)})
			if err != nil {
				t.Fatal(err)
			}
			sameCertificate(t, issuer.Certificate(),
				byOpenSSL{section: "root", key: key, serial: issuer.Certificate().SerialNumber, digest: row.digest,
					subject: "/C=IT/O=Rinnova Prova/OU=Servizi di Certificazione/CN=Regione Esempio - CA Cittadini " +
						"(PROVA)"}.issue(t))
			file := certificateFile(t, issuer.Certificate())
			text := openssl(t, "x509", "-in", file, "-noout", "-text")
			for _, want := range []string{row.key, row.text, "CA:TRUE, pathlen:0", "Certificate Sign, CRL Sign",
				// GeneralizedTime after 2049
				"Not Before: Jan  1 12:00:00 2020 GMT", "Not After : Jan  1 12:00:00 2060 GMT"} {
				if !strings.Contains(text, want) {
					t.Errorf("openssl x509 -text lacks %q:\n%s", want, text)
				}
			}
			openssl(t, "verify", "-x509_strict", "-check_ss_sig", "-auth_level", "0", "-CAfile", file, file)

			keyPEM, err := EncodeKey(key)
			if err != nil {
				t.Fatal(err)
			}
			again, err := LoadIssuer(EncodeCertificate(issuer.Certificate()), keyPEM)
			if err != nil {
				t.Fatal(err)
			}
			if !again.Certificate().Equal(issuer.Certificate()) {
				t.Error("another certificate after reading it back")
			}
			openssl(t, "pkey", "-in", keyFile(t, key), "-noout", "-check")
		})
	}
}

func TestNewRootRefuses(t *testing.T) {
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rows := []struct {
		name   string
		change func(*RootRequest)
	}{
		{"SHA-1 with P-256", func(r *RootRequest) { r.Key, r.Signature = ownKey(t, "", P256), x509.ECDSAWithSHA1 }},
		{"RSA signature with P-256", func(r *RootRequest) {
			r.Key, r.Signature = ownKey(t, "", P256),
				x509.SHA1WithRSA
		}},
		{"SHA-512", func(r *RootRequest) { r.Signature = x509.SHA512WithRSA }},
		{"RSA of 1024 bits", func(r *RootRequest) { r.Key = rsaKey(t, "old", 1024) }},
		{"Ed25519", func(r *RootRequest) { r.Key = edKey }},
		{"no common name", func(r *RootRequest) { r.Name.CommonName = "" }},
		{"ends before it begins", func(r *RootRequest) { r.NotAfter = r.NotBefore }},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r := RootRequest{Name: currentName, Key: rsaKey(t, "legacy", 2048), NotBefore: date(2020, time.January, 1),
				NotAfter: date(2040, time.January, 1)}
			row.change(&r)
			if _, err := NewRoot(r); err == nil {
				t.Error("made a root")
			}
		})
	}
	if _, err := GenerateKey("rsa1024"); err == nil {
		t.Error("made a key of unknown kind")
	}
}

func TestLoadIssuerRefuses(t *testing.T) {
	issuer := newLegacy(t, x509.SHA1WithRSA)
	root := EncodeCertificate(issuer.certificate)
	leaf := EncodeCertificate(issueOld(t, issuer, oldRequest(t, 2048, x509.SHA1WithRSA)))
	key, err := EncodeKey(issuer.key)
	if err != nil {
		t.Fatal(err)
	}
	leafKey, err := EncodeKey(rsaKey(t, "old", 2048))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := LoadIssuer(root, key); err != nil {
		t.Fatal(err)
	}
	encrypted := openssl(t, "pkcs8", "-topk8", "-in", keyFile(t, issuer.key), "-passout", "pass:prova")
	rows := []struct {
		name             string
		certificate, key []byte
	}{
		{"key of another certificate", root, leafKey},
		{"end entity", leaf, leafKey},
		{"two certificates", append(append([]byte{}, root...), leaf...), key},
		{"no certificate", nil, key},
		{"key among certificates", append(append([]byte{}, root...), key...), key},
		{"no key", root, nil},
		{"certificate for a key", root, root},
		{"two keys", root, append(append([]byte{}, key...), leafKey...)},
		{"encrypted key", root, []byte(encrypted)},
		{"key cut short", root, bytes.Replace(key, key[100:150], nil, 1)},
		{"certificate cut short", bytes.Replace(root, root[100:150], nil, 1), key},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if _, err := LoadIssuer(row.certificate, row.key); err == nil {
				t.Error("loaded")
			}
		})
	}
}
