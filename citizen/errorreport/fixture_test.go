// SPDX-License-Identifier: EUPL-1.2

package errorreport

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/transcript"
	"rinnova.example/go/systemtest"
)

// now is the date of all tests.
var now = time.Date(2026, 11, 23, 10, 30, 0, 0, time.UTC)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// key returns the RSA key of a number; it makes each key once.
var key = func() func(n int) *rsa.PrivateKey {
	var mu sync.Mutex
	keys := map[int]*rsa.PrivateKey{}
	return func(n int) *rsa.PrivateKey {
		mu.Lock()
		defer mu.Unlock()
		if keys[n] == nil {
			keys[n] = must(rsa.GenerateKey(rand.Reader, 2048))
		}
		return keys[n]
	}
}()

// desk makes a certificate for key n, valid from one day to another, counted from now.
func desk(n, from, to int, change ...func(*x509.Certificate)) *x509.Certificate {
	t := &x509.Certificate{SerialNumber: big.NewInt(int64(1000*n + to + 500)),
		Subject:   pkix.Name{CommonName: "Assistenza (PROVA)"},
		NotBefore: now.AddDate(0, 0, from), NotAfter: now.AddDate(0, 0, to), KeyUsage: x509.KeyUsageKeyEncipherment}
	for _, f := range change {
		f(t)
	}
	return must(x509.ParseCertificate(must(x509.CreateCertificate(rand.Reader, t, t, key(n).Public(), key(n)))))
}

func certificatePEM(list ...*x509.Certificate) []byte {
	var b []byte
	for _, c := range list {
		b = append(b, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return b
}

func keyPEM(n int) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: must(x509.MarshalPKCS8PrivateKey(key(n)))})
}

// chip answers every command with its status word.
type chip struct {
	iso7816.Unshared
	sw []byte
}

func (chip) ATR() []byte                         { return []byte{0x3B, 0x02, 0x14, 0x50} }
func (c chip) Transmit(b []byte) ([]byte, error) { return append([]byte{0x41, 0x42}, c.sw...), nil }

// failed returns the report of a short run that failed.
func failed(t testing.TB) (*Report, *transcript.Transcript) {
	t.Helper()
	at := now
	c := &Collector{Program: Program{"rinnova", "0.1.0"},
		System:  System{"linux", "amd64", "Debian GNU/Linux 12 (bookworm)"},
		Drivers: []Driver{{"CCIDCLASSDRIVER", "1.5.2"}},
		Now:     func() time.Time { at = at.Add(700 * time.Millisecond); return at }}
	c.Reader("Virtual PCD 00 00", true, true)
	c.Reader("Generic Reader (20070818000000000) 01 00", false, false)
	r, err := c.Record(chip{sw: []byte{0x90, 0x00}})
	if err != nil {
		t.Fatal(err)
	}
	c.Card(Card{ATR: "3B021450", Model: "idemia-2019", Series: []string{"ID2019"}, Emulated: true})
	c.Step("identify", "started", "")
	for _, b := range [][]byte{{0x00, 0xA4, 0x08, 0x0C, 0x02, 0x11, 0x02}, {0x00, 0xB0, 0, 0, 16}} {
		r.Transmit(b)
	}
	c.Step("identify", "done", "")
	c.Step("unlock", "started", "")
	r.Transmit([]byte{0x00, 0x20, 0x00, 0x10, 0x05, '1', '2', '3', '4', '5'})
	c.Request([]byte{0xAB, 0xCD}, "genm", now, 250*time.Millisecond, 503)
	tries := 2
	report, text, err := c.Report(Failure{Code: "pin-wrong", Step: "unlock", Exit: 5, StatusWord: "63C2",
		Tries: &tries}, os.ErrNotExist)
	if err != nil {
		t.Fatal(err)
	}
	return report, text
}

// openssl runs OpenSSL in a folder.
func openssl(t testing.TB, dir string, args ...string) []byte {
	t.Helper()
	systemtest.Need(t, "openssl", "openssl")
	c := exec.Command("openssl", args...)
	c.Dir = dir
	var problem bytes.Buffer
	c.Stderr = &problem
	out, err := c.Output()
	if err != nil {
		t.Fatalf("openssl %s: %v\n%s", strings.Join(args, " "), err, &problem)
	}
	return out
}

func write(t testing.TB, dir, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
