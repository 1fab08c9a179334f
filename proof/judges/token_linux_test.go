// SPDX-License-Identifier: EUPL-1.2

package judges

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rinnova.example/go/systemtest"
)

// A program for Windows loads our PKCS #11 library from where the installer put it, logs in, signs with both pairs and
// frees the library, under Wine, with a card of each layout. Firefox's policy is written only when it is asked for.
func TestWindowsToken(t *testing.T) {
	w := windows(t)
	compiler := systemtest.Need(t, "gcc-mingw-w64-x86-64-win32", "x86_64-w64-mingw32-gcc")[0]
	w.install("x64")
	for value := range w.machine() {
		if strings.Contains(value, "Mozilla") {
			t.Errorf("without being asked the installer wrote %s", value)
		}
	}
	headers := t.TempDir() // p11-kit's alone: its neighbours are of another system
	if err := os.Symlink("/usr/include/p11-kit-1/p11-kit", filepath.Join(headers, "p11-kit")); err != nil {
		t.Fatal(err)
	}
	w.output(exec.Command(compiler, "-Wall", "-I", headers, "-o", filepath.Join(w.dir, "host.exe"),
		"testdata/windows_host.c"))
	s := w.serve("")
	for _, series := range []string{"AC2014", "OT2015", "ID2019"} {
		t.Run(series, func(t *testing.T) {
			r, done := s.renewed(series, series)
			defer done()
			out := strings.Fields(w.ran(0, w.exe("host.exe", programs64+"rinnova-pkcs11.dll", "12345")))
			if len(out) != 7 || out[6] != "freed" {
				t.Fatalf("the host said %q", out)
			}
			var until []time.Time
			for i := 0; i < 6; i += 3 {
				label, value, signature := decoded(t, out[i]), decoded(t, out[i+1]), decoded(t, out[i+2])
				c, err := x509.ParseCertificate(value)
				if err != nil {
					t.Fatal(err)
				}
				until = append(until, c.NotAfter)
				digest, key := sha256.Sum256([]byte("Rinnova")), c.PublicKey.(*rsa.PublicKey)
				if err := rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature); err != nil {
					t.Errorf("%s: %v", label, err)
				}
			}
			if !until[0].Equal(r.NotAfter) || !until[1].Before(until[0]) {
				t.Errorf("the pairs are valid until %v, the new one until %v", until, r.NotAfter)
			}
		})
	}
}

func decoded(t *testing.T, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
