// SPDX-License-Identifier: EUPL-1.2

package operator

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rinnova.example/go/jsonfile"
	"rinnova.example/go/systemtest"
)

// root returns a certificate as PEM.
func root(t *testing.T) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Radice\u202e"}, NotBefore: now,
		NotAfter: now.Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

func TestEncode(t *testing.T) {
	ca := root(t)
	for _, o := range []Operator{
		{Service: "https://rinnova.example", CA: ca},
		{Service: "http://127.0.0.1:8443/x", CA: ca + ca, TLSCA: root(t), Desk: root(t), Contact: Contact{
			Telephone: "+39 06 0000 (12)", Mail: "aiuto@rinnova.example", Hours: "lun–ven 8–18",
			Page: "https://rinnova.example/aiuto"}},
	} {
		b, err := o.Encode()
		if err != nil {
			t.Fatal(err)
		}
		if back, err := Parse(b); err != nil || back != o {
			t.Errorf("%+v, %v\nfrom %s", back, err, b)
		}
	}
	if _, err := (Operator{Service: "https://rinnova.example"}).Encode(); err == nil {
		t.Error("a file without roots is written")
	}
}

// A file that cannot be used is refused with the name of the wrong member, and no part of it is used.
func TestRefused(t *testing.T) {
	quoted := strings.ReplaceAll(root(t), "\n", `\n`)
	cut := strings.Replace(quoted, "-----END", "", 1)
	service, ca := `"Service": "https://rinnova.example"`, `"CA": "`+quoted+`"`
	contact := func(s string) string { return service + ", " + ca + `, "Contact": {` + s + "}" }
	for members, name := range map[string]string{
		"": "Service", ca: "Service", service: "CA", service + ", " + ca + `, "Colour": "red"`: `"Colour"`,
		service + ", " + service + ", " + ca:                   `"Service"`,
		service + `, "CA": ""`:                                 "CA",
		service + `, "CA": "ca.pem"`:                           "CA",
		service + `, "CA": "` + cut + `"`:                      "CA",
		service + ", " + ca + `, "TLSCA": "tls.pem"`:           "TLSCA",
		service + ", " + ca + `, "Desk": "` + cut + `"`:        "Desk",
		service + ", " + ca + `, "Contact": "06 0000"`:         "Contact",
		contact(`"Fax": "1"`):                                  `Contact."Fax"`,
		contact(`"Telephone": "javascript:1"`):                 "Contact.Telephone",
		contact(`"Telephone": "+"`):                            "Contact.Telephone",
		contact(`"Mail": "aiuto"`):                             "Contact.Mail",
		contact(`"Mail": "x <aiuto@rinnova.example>"`):         "Contact.Mail",
		contact(`"Hours": "8\u001b[2J"`):                       "Contact.Hours",
		contact(`"Hours": "` + strings.Repeat("8", 201) + `"`): "Contact.Hours",
		contact(`"Page": "http://rinnova.example"`):            "Contact.Page",
		contact(`"Page": "javascript:alert(1)"`):               "Contact.Page",
	} {
		refused(t, "{"+members+"}", name)
	}
	for _, address := range []string{"http://rinnova.example", "rinnova.example", "https://", "ftp://rinnova.example",
		"https://u:p@rinnova.example", "https://rinnova.example/?x", "https://rinnova.example#x", "://"} {
		refused(t, `{"Service": "`+address+`", `+ca+`}`, "Service")
	}
	refused(t, "{"+service+", "+ca+`, "Desk": "`+strings.Repeat("x", MaxFile)+`"}`, "")
	refused(t, "Service: https://rinnova.example", "")
}

func refused(t *testing.T, file, name string) {
	t.Helper()
	o, err := Parse([]byte(file))
	var bad *jsonfile.Error
	if !errors.As(err, &bad) || bad.Name != name || o != (Operator{}) {
		t.Errorf("%.200s: %v, want a fault of %q", file, err, name)
	}
}

// The fingerprint is the one that openssl prints.
func TestRoots(t *testing.T) {
	text := root(t)
	file := filepath.Join(t.TempDir(), "root.pem")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	systemtest.Need(t, "openssl", "openssl")
	out, err := exec.Command("openssl", "x509", "-in", file, "-noout", "-fingerprint", "-sha256").Output()
	if err != nil {
		t.Fatal(err)
	}
	_, want, _ := strings.Cut(strings.TrimSpace(string(out)), "=")
	if got, err := Roots(text + text); err != nil || len(got) != 2 || got[1] != (Root{"Radice", want}) {
		t.Errorf("%+v, %v, openssl %s", got, err, want)
	}
}
