// SPDX-License-Identifier: EUPL-1.2

package pemfile_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"math/big"
	"testing"
	"unicode/utf16"

	"rinnova.example/go/pemfile"
)

func certificate(t *testing.T, serial int64) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: big.NewInt(serial)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func wide(order binary.AppendByteOrder, s []byte) []byte {
	b := order.AppendUint16(nil, 0xFEFF)
	for _, u := range utf16.Encode([]rune(string(s))) {
		b = order.AppendUint16(b, u)
	}
	return b
}

func TestCertificates(t *testing.T) {
	one, two := certificate(t, 1), certificate(t, 2)
	both := bytes.Join([][]byte{one, two}, nil)
	parameters := pem.EncodeToMemory(&pem.Block{Type: "EC PARAMETERS", Bytes: []byte{6, 1, 2}})
	for name, file := range map[string][]byte{
		"as written":      both,
		"byte order mark": append([]byte("\xEF\xBB\xBF"), both...),
		"CRLF":            bytes.ReplaceAll(both, []byte("\n"), []byte("\r\n")),
		"CR":              bytes.ReplaceAll(both, []byte("\n"), []byte("\r")),
		"byte order mark and CRLF": append([]byte("\xEF\xBB\xBF"),
			bytes.ReplaceAll(both, []byte("\n"), []byte("\r\n"))...),
		"UTF-16, low byte first":  wide(binary.LittleEndian, both),
		"UTF-16, high byte first": wide(binary.BigEndian, both),
		"text before, between, after": bytes.Join([][]byte{[]byte("subject: CN=A\nissuer: B\n"), one,
			[]byte("\n  a note: città\n"), two, []byte("the end\n")}, nil),
		"a block of another kind": bytes.Join([][]byte{parameters, both}, nil),
	} {
		list, err := pemfile.Certificates(file)
		if err != nil || len(list) != 2 || list[0].SerialNumber.Int64() != 1 || list[1].SerialNumber.Int64() != 2 {
			t.Errorf("%s: %d certificates, %v", name, len(list), err)
		}
	}
	cut := bytes.Replace(both, []byte("-----END CERTIFICATE-----\n"), nil, 1)
	for name, c := range map[string]struct {
		file []byte
		want error
	}{
		"empty": {nil, pemfile.ErrNone}, "text": {[]byte("no certificate here\n"), pemfile.ErrNone},
		"no end of the first":        {cut, pemfile.ErrDamaged},
		"no end of the last":         {both[:len(both)-30], pemfile.ErrDamaged},
		"a letter that is no base64": {bytes.Replace(both, []byte("\nMI"), []byte("\n*I"), 1), pemfile.ErrDamaged},
		"only another kind":          {parameters, pemfile.ErrNone},
	} {
		if list, err := pemfile.Certificates(c.file); !errors.Is(err, c.want) {
			t.Errorf("%s: %d certificates, %v, want %v", name, len(list), err, c.want)
		}
	}
}
