// SPDX-License-Identifier: EUPL-1.2

package cmp

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"net/http"
	"reflect"
	"testing"
	"time"
)

// TestHandlerKeepsNothing: a Handler has no field of its own beside what it was given, so nothing that a stranger sends
// stays with it.
func TestHandlerKeepsNothing(t *testing.T) {
	for field := range reflect.TypeFor[Handler]().Fields() {
		if !field.IsExported() {
			t.Errorf("Handler keeps %s", field.Name)
		}
	}
}

// TestCheckedBeforeSignatures: a signer and a new key that are certain to be refused get that refusal, although the
// signatures by these keys do not hold either: they were not verified.
func TestCheckedBeforeSignatures(t *testing.T) {
	f := pki()
	refusal := &Refusal{SignerNotTrusted, "untrusted-issuer", "Autorità sconosciuta."}
	for name, c := range map[string]struct {
		set  func(*Handler)
		make func(*forge) []byte
	}{
		"signer": {
			func(h *Handler) {
				h.CheckSigner = func(c *x509.Certificate) error {
					if !c.Equal(f.oldEC.Certificate) {
						t.Errorf("asked about %v", c.Subject)
					}
					return refusal
				}
			},
			func(fg *forge) []byte { fg.kur(); return fg.reprotect(f.spare) },
		},
		"new key": {
			func(h *Handler) {
				h.CheckNewKey = func(key crypto.PublicKey) error {
					if !samePublicKey(key, f.newEC.Public()) {
						t.Errorf("asked about %v", key)
					}
					return refusal
				}
			},
			func(fg *forge) []byte { fg.prove(f.spare); return fg.kur() },
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := new(authority)
			client, h := serve(t, a)
			c.set(h)
			fg := newForge(t)
			wantRefusal(t, post(t, client, c.make(fg), nil), fg.tr, refusal)
			if len(a.updates) != 0 {
				t.Error("it reached the authority")
			}
		})
	}
}

// TestCharge: a card pays for messages that it signed; a stranger who knows its certificate pays nothing in its name.
// The answer to a card that has paid all is not signed, and not the last one.
func TestCharge(t *testing.T) {
	f, a := pki(), new(authority)
	client, h := serve(t, a)
	charged := 0
	h.Charge = func(signer *x509.Certificate) time.Duration {
		if charged++; !signer.Equal(f.oldEC.Certificate) {
			t.Errorf("charged %v", signer.Subject)
		}
		return time.Duration(charged-1) * 1500 * time.Millisecond
	}
	stranger := newForge(t)
	stranger.kur()
	wantRefusal(t, post(t, client, stranger.reprotect(f.spare), nil), stranger.tr, refusalProtection)
	if charged != 0 {
		t.Fatal("a stranger charged the card")
	}
	tr := newTransaction(t)
	kur, err := tr.UpdateRequest(f.oldEC, f.newEC, nil, now, rand.Reader)
	resp, err := tr.UpdateResponse(post(t, client, kur, err), f.trust())
	if err != nil {
		t.Fatal(err)
	}
	conf, err := tr.ConfirmRequest(f.oldEC, resp.Certificate, true, "", now, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var refused *HTTPError
	if _, err := client.Post(t.Context(), conf); !errors.As(err, &refused) ||
		refused.Status != http.StatusServiceUnavailable || refused.RetryAfter != 2*time.Second {
		t.Errorf("%+v, want 503 and two seconds", err)
	}
	if len(a.confirmed) != 0 || charged != 2 {
		t.Errorf("%d confirmations, charged %d times", len(a.confirmed), charged)
	}
	h.Charge = nil
	if err := tr.ConfirmResponse(post(t, client, conf, nil), f.trust()); err != nil || len(a.confirmed) != 1 {
		t.Errorf("later: %v", err)
	}
}
