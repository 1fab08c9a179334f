// SPDX-License-Identifier: EUPL-1.2

package driver

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rinnova.example/go/card/pcsc/pcsctest"
	"rinnova.example/go/systemtest"
	"rinnova.example/go/trial"
)

// TestPinpad logs in with OpenSC's tool at a reader with a keypad. The tool shows that the token has it, and asks no
// PIN. The person types it there once, for login and signature; wrong PIN, cancel key and time are told apart, and only
// the wrong one costs a try.
func TestPinpad(t *testing.T) {
	systemtest.Need(t, "opensc", "pkcs11-tool")
	systemtest.NeedMade(t, library, "token")
	service, err := trial.New(t.Context(), trial.Config{})
	check(t, err)
	t.Cleanup(func() { check(t, service.Close()) })
	reader := pcsctest.StartPinpad(t)
	card := (&stage{service: service}).issue(t, "ID2019")
	reader.PlugCard(t, card)
	h := newHost(t)
	if list := h.run("pkcs11-tool", "--module", h.module, "-L"); !strings.Contains(list, "PIN pad present") {
		t.Errorf("the flags of the token:\n%s", list)
	}
	message := []byte("a message")
	in, out := h.write("message", string(message), 0o600), filepath.Join(h.home, "signature")
	sign := func(typed ...string) string {
		t.Helper()
		reader.Types(typed...)
		c := h.command("pkcs11-tool", "--module", h.module, "--login", "--sign", "--mechanism", "SHA256-RSA-PKCS",
			"--input-file", in, "--output-file", out)
		b, err := c.CombinedOutput()
		if (err == nil) != (len(typed) == 1 && typed[0] == trial.PIN) {
			t.Errorf("typed %q: %v\n%s", typed, err, b)
		}
		if entries := reader.Entries(); !slices.Equal(entries, []string{"verify 5 8"}) {
			t.Errorf("typed %q: the reader asked for %q", typed, entries)
		}
		return string(b)
	}
	sign(trial.PIN)
	signature, err := os.ReadFile(out)
	check(t, err)
	digest := sha256.Sum256(message)
	if err := rsa.VerifyPKCS1v15(card.Certificate.PublicKey.(*rsa.PublicKey), crypto.SHA256, digest[:],
		signature); err != nil {
		t.Errorf("the signature: %v", err)
	}
	for _, row := range []struct {
		typed []string
		said  string
		left  int
	}{
		{[]string{"99999"}, "CKR_PIN_INCORRECT", 2},
		{[]string{"cancel"}, "CKR_FUNCTION_CANCELED", 2},
		{[]string{"123"}, "CKR_PIN_LEN_RANGE", 2},
		{nil, "CKR_FUNCTION_CANCELED", 2},
		{[]string{trial.PIN}, "", 3},
		{[]string{"99999"}, "CKR_PIN_INCORRECT", 2},
		{[]string{"88888"}, "CKR_PIN_INCORRECT", 1},
	} {
		if said := sign(row.typed...); !strings.Contains(said, row.said) {
			t.Errorf("typed %q: no %s\n%s", row.typed, row.said, said)
		}
		left(t, card, row.left)
	}
	// The last try is not asked at the reader.
	reader.Types(trial.PIN)
	b, err := h.command("pkcs11-tool", "--module", h.module, "--login", "-O").CombinedOutput()
	if err == nil || !strings.Contains(string(b), "CKR_PIN_LOCKED") || len(reader.Entries()) != 0 {
		t.Errorf("the last try: %v\n%s", err, b)
	}
	left(t, card, 1)
}
