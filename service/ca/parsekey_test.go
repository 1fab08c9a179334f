// SPDX-License-Identifier: EUPL-1.2

package ca

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// TestParseKey reads keys as OpenSSL writes them.
func TestParseKey(t *testing.T) {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	openssl(t, "genrsa", "-out", at("rsa"), "2048")
	openssl(t, "pkcs8", "-topk8", "-nocrypt", "-in", at("rsa"), "-out", at("PKCS #8"))
	openssl(t, "rsa", "-traditional", "-in", at("rsa"), "-out", at("PKCS #1"))
	openssl(t, "pkcs8", "-topk8", "-nocrypt", "-in", at("rsa"), "-outform", "DER", "-out", at("PKCS #8 in DER"))
	openssl(t, "rsa", "-traditional", "-in", at("rsa"), "-outform", "DER", "-out", at("PKCS #1 in DER"))
	openssl(t, "rsa", "-text", "-in", at("rsa"), "-out", at("with text"))
	openssl(t, "ecparam", "-name", "prime256v1", "-genkey", "-out", at("SEC 1 with parameters"))
	openssl(t, "pkcs8", "-topk8", "-in", at("rsa"), "-passout", "pass:prova", "-out", at("encrypted"))
	openssl(t, "rsa", "-traditional", "-aes128", "-passout", "pass:prova", "-in", at("rsa"), "-out",
		at("encrypted by its head"))
	openssl(t, "rsa", "-in", at("rsa"), "-pubout", "-out", at("public"))
	for name, want := range map[string]error{
		"PKCS #8": nil, "PKCS #1": nil, "PKCS #8 in DER": nil, "PKCS #1 in DER": nil, "with text": nil,
		"SEC 1 with parameters": nil, "encrypted": ErrEncryptedKey, "encrypted by its head": ErrEncryptedKey,
	} {
		b, err := os.ReadFile(at(name))
		if err != nil {
			t.Fatal(err)
		}
		if key, err := ParseKey(b); !errors.Is(err, want) || (key != nil) != (want == nil) {
			t.Errorf("%s: %v", name, err)
		}
	}
	two := []byte{}
	for range 2 {
		b, err := os.ReadFile(at("rsa"))
		if err != nil {
			t.Fatal(err)
		}
		two = append(two, b...)
	}
	public, err := os.ReadFile(at("public"))
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"two keys": two, "a public key": public, "nothing": nil,
		"a key cut short": two[:len(two)/4]} {
		if _, err := ParseKey(b); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
