// SPDX-License-Identifier: EUPL-1.2

package ca

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"rinnova.example/go/holder"
	"rinnova.example/go/systemtest"
)

const publicURL = "http://rinnova.example:8080"

// The subject of docs/DOMAIN.md §5.1, a synthetic person.
const brunilde = "SMPBNL78R47D612H/6090900000003001.3SsHNs8uNFgeYKY73uk31/nMtfI="

var (
	legacyName  = Name{"Rinnova Prova", "Servizi di Certificazione", "Regione Esempio - CA Cittadini (VECCHIA, PROVA)"}
	currentName = Name{"Rinnova Prova", "Servizi di Certificazione", "Regione Esempio - CA Cittadini (PROVA)"}
	tlsName     = Name{"Rinnova Prova", "Servizi di rete", "Rinnova - CA TLS (PROVA)"}
)

func date(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 12, 0, 0, 0, time.UTC)
}

// keys are made once per run: an RSA key costs a tenth of a second.
var keys sync.Map

func rsaKey(t testing.TB, name string, bits int) *rsa.PrivateKey {
	t.Helper()
	make := sync.OnceValue(func() *rsa.PrivateKey {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		if err != nil {
			t.Fatal(err)
		}
		return key
	})
	found, _ := keys.LoadOrStore(fmt.Sprint(name, bits), make)
	return found.(func() *rsa.PrivateKey)()
}

func ownKey(t testing.TB, name string, kind KeyKind) crypto.Signer {
	t.Helper()
	switch kind {
	case RSA2048:
		return rsaKey(t, name, 2048)
	case RSA4096:
		return rsaKey(t, name, 4096)
	}
	key, err := GenerateKey(kind)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newLegacy(t testing.TB, signature x509.SignatureAlgorithm) *Issuer {
	t.Helper()
	issuer, err := NewRoot(RootRequest{
		Name: legacyName, Key: rsaKey(t, "legacy", 2048), Signature: signature,
		NotBefore: date(2012, time.November, 1), NotAfter: date(2032, time.November, 1),
	})
	if err != nil {
		t.Fatal(err)
	}
	return issuer
}

func newCurrent(t testing.TB, kind KeyKind) *Issuer {
	t.Helper()
	issuer, err := NewRoot(RootRequest{
		Name: currentName, Key: ownKey(t, "current", kind),
		NotBefore: date(2020, time.January, 1), NotAfter: date(2040, time.January, 1),
	})
	if err != nil {
		t.Fatal(err)
	}
	return issuer
}

func commonName(t testing.TB, s string) holder.CN {
	t.Helper()
	cn, err := holder.ParseCN(s)
	if err != nil {
		t.Fatal(err)
	}
	return cn
}

func oldRequest(t testing.TB, bits int, signature x509.SignatureAlgorithm) OldRequest {
	return OldRequest{
		Administration: "Regione Esempio",
		GivenName:      "Brunilde",
		Surname:        "Esempio",
		CN:             commonName(t, brunilde),
		PublicKey:      &rsaKey(t, "old", bits).PublicKey,
		Signature:      signature,
		NotBefore:      time.Date(2014, time.June, 15, 0, 0, 0, 0, time.UTC),
		NotAfter:       time.Date(2020, time.March, 31, 22, 0, 0, 0, time.UTC),
		PublicURL:      publicURL,
	}
}

func issueOld(t testing.TB, issuer *Issuer, r OldRequest) *x509.Certificate {
	t.Helper()
	certificate, err := issuer.IssueOld(r)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

// openssl runs the real tool.
func openssl(t testing.TB, args ...string) string {
	t.Helper()
	out, err := opensslError(t, args...)
	if err != nil {
		t.Fatalf("openssl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func opensslError(t testing.TB, args ...string) (string, error) {
	t.Helper()
	systemtest.Need(t, "openssl", "openssl")
	out, err := exec.Command("openssl", args...).CombinedOutput()
	return string(out), err
}

func writeFile(t testing.TB, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func certificateFile(t testing.TB, c *x509.Certificate) string {
	t.Helper()
	return writeFile(t, "certificate.pem", EncodeCertificate(c))
}

func keyFile(t testing.TB, key crypto.Signer) string {
	t.Helper()
	encoded, err := EncodeKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return writeFile(t, "key.pem", encoded)
}

// byOpenSSL describes a certificate that OpenSSL issues.
type byOpenSSL struct {
	section string // of testdata/cns.cnf
	subject string // in the form of -subj
	key     crypto.Signer
	issuer  *Issuer // nil: self-signed
	serial  *big.Int
	digest  string
	env     []string // CRL=, OWN_POLICY=
}

func (b byOpenSSL) issue(t testing.TB) *x509.Certificate {
	t.Helper()
	dir := t.TempDir()
	run := func(args ...string) {
		t.Helper()
		systemtest.Need(t, "openssl", "openssl")
		command := exec.Command("openssl", args...)
		command.Env = append(append(os.Environ(), "CRL=/none", "OWN_POLICY=2.999"), b.env...)
		if out, err := command.CombinedOutput(); err != nil {
			t.Fatalf("openssl %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	request, certificate := filepath.Join(dir, "request.pem"), filepath.Join(dir, "certificate.pem")
	key := keyFile(t, b.key)
	run("req", "-new", "-config", "testdata/cns.cnf", "-utf8", "-subj", b.subject, "-key", key, "-out", request)
	args := []string{"x509", "-req", "-in", request, "-extfile", "testdata/cns.cnf", "-extensions", b.section,
		"-set_serial", "0x" + b.serial.Text(16), "-" + b.digest, "-out", certificate}
	if b.issuer == nil {
		args = append(args, "-key", key)
	} else {
		args = append(args, "-CA", certificateFile(t, b.issuer.certificate), "-CAkey", keyFile(t, b.issuer.key))
	}
	run(args...)
	content, err := os.ReadFile(certificate)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := ParseCertificates(content)
	if err != nil {
		t.Fatal(err)
	}
	return parsed[0]
}

// sameCertificate compares everything but validity and signature.
func sameCertificate(t *testing.T, got, want *x509.Certificate) {
	t.Helper()
	for _, field := range []struct {
		name      string
		got, want []byte
	}{
		{"serial number", got.SerialNumber.Bytes(), want.SerialNumber.Bytes()},
		{"issuer", got.RawIssuer, want.RawIssuer},
		{"subject", got.RawSubject, want.RawSubject},
		{"public key", got.RawSubjectPublicKeyInfo, want.RawSubjectPublicKeyInfo},
	} {
		if !bytes.Equal(field.got, field.want) {
			t.Errorf("%s: got %x, OpenSSL %x", field.name, field.got, field.want)
		}
	}
	if got.Version != want.Version || got.SignatureAlgorithm != want.SignatureAlgorithm {
		t.Errorf("version %d, %v; OpenSSL %d, %v", got.Version, got.SignatureAlgorithm, want.Version,
			want.SignatureAlgorithm)
	}
	if len(got.Extensions) != len(want.Extensions) {
		t.Errorf("%d extensions, OpenSSL %d", len(got.Extensions), len(want.Extensions))
	}
	for _, w := range want.Extensions {
		found := false
		for _, g := range got.Extensions {
			if g.Id.Equal(w.Id) {
				found = true
				if g.Critical != w.Critical || !bytes.Equal(g.Value, w.Value) {
					t.Errorf("extension %v: critical %v %x, OpenSSL %v %x", w.Id, g.Critical, g.Value, w.Critical,
						w.Value)
				}
			}
		}
		if !found {
			t.Errorf("extension %v missing", w.Id)
		}
	}
}
