// SPDX-License-Identifier: EUPL-1.2

package renewal_test

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"slices"
	"strings"
	"testing"

	"rinnova/cardmodel"
	"rinnova/cns"
	"rinnova/emulator"
	"rinnova/renewal"
	"rinnova/store"
)

// lie is one way in which a card lies.
type lie struct {
	name  string
	fault emulator.Fault
	at    func(command []byte) bool // the commands that it can be told to; each one has its turn
	every bool                      // it is told to all of them in one run instead
	typed []string                  // PINs typed, the right one where empty
	// ends are the codes with which a run may end before the certificate is confirmed, "" for a renewal
	// that is done in spite of the lie. Each must come to pass at one command at least.
	ends string
}

func ins(list ...byte) func([]byte) bool {
	return func(c []byte) bool { return bytes.IndexByte(list, c[1]) >= 0 }
}

// afterPIN is every command but those that only read what nobody but the issuer can have written, and
// that the program has nothing to compare with: the card's number, person and certificate.
var lies = []lie{
	{name: "drops the block", fault: emulator.Fault{DropWrite: true}, at: changes},
	{name: "drops every block", fault: emulator.Fault{DropWrite: true}, at: changes, every: true},
	{name: "flips the first bit written", fault: emulator.Fault{Flip: 1}, at: changes},
	{name: "flips a late bit written", fault: emulator.Fault{Flip: 8*96 + 3}, at: changes},
	{name: "flips every block written", fault: emulator.Fault{Flip: 5}, at: changes, every: true},
	{name: "flips the first bit read", fault: emulator.Fault{Flip: 2}, at: ins(0xB0, 0xA4, 0xC0, 0x2A)},
	{name: "flips a late bit read", fault: emulator.Fault{Flip: 8*61 + 7}, at: ins(0xB0, 0xA4, 0xC0, 0x2A)},
	{name: "says 9000 and does nothing", fault: emulator.Fault{SW: 0x9000}, at: func([]byte) bool { return true }},
	{name: "says 9000 to every write and does nothing", fault: emulator.Fault{SW: 0x9000}, at: ins(0xD6), every: true},
	{name: "returns the old file", fault: emulator.Fault{OldFile: true}, at: ins(0xB0)},
	{name: "always returns the old file", fault: emulator.Fault{OldFile: true}, at: ins(0xB0), every: true},
	{name: "makes another key", fault: emulator.Fault{OtherKey: true}, at: ins(0x46)},
	{name: "forgets the PIN on one SELECT", fault: emulator.Fault{ForgetOnSelect: true}, at: ins(0xA4)},
	{name: "forgets the PIN on every SELECT", fault: emulator.Fault{ForgetOnSelect: true}, at: ins(0xA4), every: true},
	{name: "does not count", fault: emulator.Fault{NoCounter: true}, at: ins(0x20), every: true, typed: []string{"11111", rightPIN}},
	{name: "refuses extended length once", fault: emulator.Fault{RefuseExtended: true}, at: ins(0x2A, 0xDA)},
	{name: "refuses extended length", fault: emulator.Fault{RefuseExtended: true}, at: ins(0x2A, 0xDA), every: true},
	{name: "refuses P2 0C once", fault: emulator.Fault{RefuseNoFCI: true}, at: ins(0xA4)},
	{name: "refuses P2 0C", fault: emulator.Fault{RefuseNoFCI: true}, at: ins(0xA4), every: true},
	{name: "drops leading zeros", fault: emulator.Fault{DropZeros: true}, at: ins(0x2A, 0xC0), every: true},
	{name: "says the PIN is wrong", fault: emulator.Fault{SW: 0x63C2}, at: ins(0x20)},
	{name: "says the PIN is blocked", fault: emulator.Fault{SW: 0x6983}, at: ins(0x20)},
	{name: "is worn", fault: emulator.Fault{SW: 0x6581}, at: changes},
	{name: "says that it is full", fault: emulator.Fault{SW: 0x6A84}, at: changes},
	{name: "says that the file is not there", fault: emulator.Fault{SW: 0x6A82}, at: ins(0xA4)},
	{name: "says that it is there already", fault: emulator.Fault{SW: 0x6A89}, at: ins(0xE0, 0xDA)},
	{name: "says that the PIN was not given", fault: emulator.Fault{SW: 0x6982}, at: func(c []byte) bool { return c[1] != 0x20 }},
}

// TestLies has a card of each chip family lie, at each command of a whole renewal that a lie can be told
// to. Either the renewal is done and the card holds what was confirmed, or it ends before the
// confirmation with a code that belongs to the lie; and when the card no longer lies, the next run
// finishes.
func TestLies(t *testing.T) {
	for i, series := range families(t) {
		t.Run(series, func(t *testing.T) {
			t.Parallel()
			told := 0
			for _, l := range lies {
				ended := map[string]int{}
				for n := 0; ; n++ {
					code, happened := lieAt(t, series, i, l, n)
					if t.Failed() {
						t.Fatalf("%s, command %d", l.name, n)
					}
					if !happened {
						break
					}
					ended[code]++
					told++
					if l.every {
						break
					}
				}
				t.Logf("%s: %v", l.name, ended)
			}
			t.Logf("%d lies", told)
		})
	}
}

// families is one series of each renewable model.
func families(t *testing.T) []string {
	var list []string
	for _, m := range cardmodel.Models() {
		if m.NotRenewable.Value == "" {
			list = append(list, m.Sigle()[0])
		}
	}
	if len(list) != 3 {
		t.Fatal(list)
	}
	return list
}

// lieAt runs a renewal in which the n-th command that the lie can be told to is answered with it, and
// another in which the card is honest. It returns the first one's code, and whether the lie was told.
func lieAt(t *testing.T, series string, number int, l lie, n int) (ended string, happened bool) {
	t.Helper()
	s := newService(t)
	card := s.card(series, number, inWindow)
	old, before := certificateOf(t, card), oldFiles(t, card)
	who := someone()
	if l.typed != nil {
		who.pins = slices.Clone(l.typed)
	}
	seen := 0
	card.SetFault(func(_ int, command []byte) emulator.Fault {
		if l.at(command) {
			if seen++; l.every || seen == n+1 {
				happened = true
				return l.fault
			}
		}
		return emulator.Fault{}
	})
	journal, _ := memory()
	r := s.run(card, who, journal)
	r.Campaign = "prova"
	out, err := r.Run(t.Context())
	card.SetFault(nil)
	if !happened {
		if err != nil {
			t.Error(err)
		}
		return "", false
	}
	ended = code(err)
	confirmed := s.valid(old)[store.Installed] + s.valid(old)[store.Proven]
	if err == nil {
		sound(t, card, out.Certificate)
		if confirmed != 1 {
			t.Error("done and not confirmed")
		}
	} else {
		if confirmed != 0 {
			t.Errorf("%v, and the certificate is confirmed", err)
		}
		ended += "@" + renewal.Classify(err).Step
	}
	if !bytes.Equal(oldFiles(t, card), before) {
		t.Error("the old credential's files changed")
	}
	if wrong := max(0, len(l.typed)-1); card.Tries(0x10) < 3-wrong || card.Tries(0x11) != 10 {
		t.Errorf("tries left: PIN %d, PUK %d", card.Tries(0x10), card.Tries(0x11))
	}

	card.Reinsert()
	if n%2 == 1 {
		journal = nil // another computer
	}
	r = s.run(card, someone(), journal)
	r.Campaign = "prova"
	out, err = r.Run(t.Context())
	switch code(err) {
	case "":
		sound(t, card, out.Certificate)
	case "already-renewed":
		if ended != "" {
			t.Errorf("%s, and then %v", ended, err)
		}
	default:
		t.Errorf("%s, and then %v", ended, err)
	}
	settled(t, s, card, old, before, 3)
	return ended, true
}

// sound checks that a card holds a certificate, byte for byte, and the key that belongs to it.
func sound(t *testing.T, card *emulator.Card, cert *x509.Certificate) {
	t.Helper()
	s, err := cns.Open(card.Clone())
	if err != nil {
		t.Fatal(err)
	}
	defer s.Forget()
	for _, p := range s.Contents.Places[1:] {
		b, ok := card.File(strings.ReplaceAll(fmt.Sprint(p.Where.Certificate), "MF/", ""))
		if !ok || !bytes.HasPrefix(b, cert.Raw) {
			continue
		}
		holds := false
		err := s.Unlock([]byte(rightPIN), func(b *cns.Block) (err error) {
			holds, err = b.Holds(p.Where.Key, cert.PublicKey.(*rsa.PublicKey))
			return err
		})
		if err != nil || !holds {
			t.Errorf("place %d: the certificate is there, its key is not: %v", p.Number, err)
		}
		return
	}
	t.Error("the confirmed certificate is not on the card")
}
