// SPDX-License-Identifier: EUPL-1.2

package ca

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"testing"
	"time"
)

var (
	signerName = Name{"Rinnova Prova", "Servizi di rete", "Servizio CMP (PROVA)"}
	serverName = Name{"Rinnova Prova", "Servizi di rete", "Servizio di rinnovo (PROVA)"}
)

func TestSignerCertificate(t *testing.T) {
	for _, kinds := range [][2]KeyKind{{P256, P256}, {RSA2048, RSA2048}, {P256, RSA2048}, {RSA2048, P256}} {
		t.Run(fmt.Sprint(kinds), func(t *testing.T) {
			issuer, key := newCurrent(t, kinds[0]), ownKey(t, "signer", kinds[1])
			got, err := issuer.SignerCertificate(SignerRequest{Name: signerName, PublicKey: key.Public(),
				NotBefore: date(2020, time.May, 1), NotAfter: date(2022, time.May, 1)})
			if err != nil {
				t.Fatal(err)
			}
			sameCertificate(t, got, byOpenSSL{section: "signer", key: key, issuer: issuer, serial: got.SerialNumber,
				digest:  "sha256",
				subject: "/C=IT/O=Rinnova Prova/OU=Servizi di rete/CN=Servizio CMP (PROVA)"}.issue(t))
			if !got.NotBefore.Equal(date(2020, time.May, 1)) || !got.NotAfter.Equal(date(2022, time.May, 1)) {
				t.Errorf("validity %v to %v", got.NotBefore, got.NotAfter)
			}
			root, file := certificateFile(t, issuer.certificate), certificateFile(t, got)
			openssl(t, "verify", "-x509_strict", "-attime", fmt.Sprint(issueTime.Unix()), "-CAfile", root, file)
			if out, err := opensslError(t, "verify", "-purpose", "sslclient", "-attime", fmt.Sprint(issueTime.Unix()),
				"-CAfile", root, file); err == nil {
				t.Errorf("good for a login: %s", out)
			}
		})
	}
}

func TestServerCertificate(t *testing.T) {
	issuer, err := NewRoot(RootRequest{Name: tlsName, Key: ownKey(t, "tls", P256),
		NotBefore: date(2020, time.January, 1), NotAfter: date(2040, time.January, 1)})
	if err != nil {
		t.Fatal(err)
	}
	root := certificateFile(t, issuer.certificate)
	issue := func(t *testing.T, host string, key crypto.Signer) *x509.Certificate {
		t.Helper()
		c, err := issuer.ServerCertificate(ServerRequest{Name: serverName, Host: host, PublicKey: key.Public(),
			NotBefore: date(2020, time.May, 1), NotAfter: date(2022, time.May, 1)})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	verify := func(c string, how ...string) (string, error) {
		return opensslError(t,
			append(append([]string{"verify", "-x509_strict", "-purpose", "sslserver", "-attime",
				fmt.Sprint(issueTime.Unix()), "-CAfile", root}, how...), c)...)
	}

	key := ownKey(t, "", P256)
	got := issue(t, "rinnova.example", key)
	sameCertificate(t, got, byOpenSSL{section: "server", key: key, issuer: issuer, serial: got.SerialNumber,
		digest:  "sha256",
		subject: "/C=IT/O=Rinnova Prova/OU=Servizi di rete/CN=Servizio di rinnovo (PROVA)"}.issue(t))

	rows := []struct {
		host  string
		key   KeyKind
		names int
		good  [][]string
		bad   [][]string
	}{
		{"", P256, 2, [][]string{{"-verify_hostname", "localhost"}, {"-verify_ip", "127.0.0.1"}},
			[][]string{{"-verify_hostname", "rinnova.example"}, {"-verify_ip", "127.0.0.2"},
				{"-purpose", "sslclient"}}},
		{"localhost", P256, 2, [][]string{{"-verify_hostname", "localhost"}}, nil},
		{"127.0.0.1", P256, 2, [][]string{{"-verify_ip", "127.0.0.1"}}, nil},
		{"192.0.2.7", RSA2048, 3, [][]string{{"-verify_ip", "192.0.2.7"}, {"-verify_ip", "127.0.0.1"}},
			[][]string{{"-verify_ip", "192.0.2.8"}}},
		{"2001:db8::7", P256, 3, [][]string{{"-verify_ip", "2001:db8::7"}}, nil},
		{"rinnova.example", P256, 3, [][]string{{"-verify_hostname", "rinnova.example"},
			{"-verify_hostname", "localhost"}}, [][]string{{"-verify_hostname", "www.rinnova.example"}}},
	}
	for _, row := range rows {
		t.Run(row.host, func(t *testing.T) {
			c := issue(t, row.host, ownKey(t, "server", row.key))
			if n := len(c.DNSNames) + len(c.IPAddresses); n != row.names {
				t.Errorf("%d names, want %d", n, row.names)
			}
			file := certificateFile(t, c)
			for _, how := range row.good {
				if out, err := verify(file, how...); err != nil {
					t.Errorf("%v: %s", how, out)
				}
			}
			for _, how := range row.bad {
				if out, err := verify(file, how...); err == nil {
					t.Errorf("%v: %s", how, out)
				}
			}
		})
	}
}

func TestCredentialRefuses(t *testing.T) {
	issuer := newCurrent(t, P256)
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	rows := []struct {
		name   string
		want   error
		change func(*SignerRequest)
	}{
		{"RSA 1024", nil, func(r *SignerRequest) { r.PublicKey = &rsaKey(t, "old", 1024).PublicKey }},
		{"P-384", nil, func(r *SignerRequest) { r.PublicKey = p384.Public() }},
		{"no name", nil, func(r *SignerRequest) { r.Name = Name{} }},
		{"ends before it begins", nil, func(r *SignerRequest) { r.NotAfter = r.NotBefore }},
		{"ends after the root", ErrIssuerEnds, func(r *SignerRequest) { r.NotAfter = date(2040, time.January, 2) }},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r := SignerRequest{Name: signerName, PublicKey: ownKey(t, "", P256).Public(),
				NotBefore: date(2020, time.May, 1), NotAfter: date(2022, time.May, 1)}
			row.change(&r)
			if _, err := issuer.SignerCertificate(r); err == nil || row.want != nil && !errors.Is(err, row.want) {
				t.Errorf("got %v, want %v", err, row.want)
			}
		})
	}
}
