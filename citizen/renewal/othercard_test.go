// SPDX-License-Identifier: EUPL-1.2

package renewal_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"rinnova.example/go/card/emulator"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/failure"
)

// swapped is a reader that holds another card from one Begin on, for a number of transactions.
type swapped struct {
	first, other *emulator.Card
	at, for_     int // for_ 0: it stays
	begins       int
	written      []byte // instructions sent to the other card that do not read
	read         bool   // the other card was sent something
}

func (w *swapped) in() *emulator.Card {
	if n := w.begins - 1; n >= w.at && (w.for_ == 0 || n < w.at+w.for_) {
		return w.other
	}
	return w.first
}

func (w *swapped) ATR() []byte          { return w.in().ATR() }
func (w *swapped) Begin() error         { w.begins++; return w.in().Begin() }
func (w *swapped) End(reset bool) error { return w.in().End(reset) }

func (w *swapped) Transmit(command []byte) ([]byte, error) {
	if w.in() == w.other {
		w.read = true
		switch command[1] {
		case 0xA4, 0xB0, 0xC0:
		default:
			w.written = append(w.written, command[1])
		}
	}
	return w.in().Transmit(command)
}

// chip returns all that a card stores without power.
func chip(t *testing.T, card *emulator.Card) []byte {
	t.Helper()
	name := filepath.Join(t.TempDir(), "card")
	if err := card.Save(name); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestOtherCard puts another card into the reader between any two transactions of a renewal, for good or for one
// transaction. The program reads only the other card's number, and the next run on the right card succeeds.
func TestOtherCard(t *testing.T) {
	points := 0
	for _, series := range families(t) {
		for _, c := range []struct {
			name string
			same bool // a card of the same series
			for_ int
		}{{"for good", true, 0}, {"for one transaction", true, 1}, {"of another series", false, 0}} {
			kind := series
			for _, x := range families(t) {
				if !c.same && x != series {
					kind = x
				}
			}
			for at := 1; ; at++ {
				s := newService(t)
				w := &swapped{first: s.card(series, 1, inWindow), other: s.card(kind, 2, inWindow), at: at,
					for_: c.for_}
				old, before, kept := certificateOf(t, w.first), oldFiles(t, w.first), chip(t, w.other)
				journal, _ := memory()
				r := s.run(w, someone(), journal)
				r.Campaign = "prova"
				_, err := r.Run(t.Context())
				if w.begins <= at {
					if err != nil || at < 3 { // the look, up to the request, or from install to the confirmation
						t.Fatalf("%s %s: %d transactions, %v", series, c.name, w.begins, err)
					}
					break
				}
				points++
				where := fmt.Sprintf("%s, %s from transaction %d", series, c.name, at)
				if code(err) != "other-card" || renewal.Classify(err).Exit() != failure.ExitInterrupted || !w.read {
					t.Errorf("%s: %v", where, err)
				}
				if len(w.written) > 0 || !bytes.Equal(chip(t, w.other), kept) {
					t.Errorf("%s: the other card got %X", where, w.written)
				}
				if n := s.valid(certificateOf(t, w.other)); len(n) > 0 {
					t.Errorf("%s: a certificate for the other card", where)
				}
				w.first.Reinsert()
				if at%2 == 1 {
					journal = nil // as on another computer
				}
				r = s.run(w.first, someone(), journal)
				r.Campaign = "prova"
				if _, err := r.Run(t.Context()); err != nil {
					t.Errorf("%s, the right card again: %v", where, err)
				}
				settled(t, s, w.first, old, before, 3)
				if t.Failed() {
					t.FailNow()
				}
			}
		}
	}
	t.Logf("%d exchanges of cards", points)
	if points < 12+6+9 { // AC has five transactions, OT three, ID four; each but the first has three swaps
		t.Error("too few")
	}
}

// TestOtherCardAfterPull removes a card at each command that changes it and puts another one into the same reader.
// The journal of the first is not used for the second, and each renewal ends on its own card.
func TestOtherCardAfterPull(t *testing.T) {
	points := 0
	for _, series := range families(t) {
		for n := 0; ; n++ {
			s := newService(t)
			first, other := s.card(series, 1, inWindow), s.card(series, 2, inWindow)
			kept := chip(t, other)
			journal, _ := memory()
			happened := cutAt(first, n, emulator.CutAfter, 0)
			r := s.run(first, someone(), journal)
			r.Campaign = "prova"
			_, err := r.Run(t.Context())
			if !*happened {
				if err != nil || n < 10 {
					t.Fatal(n, err)
				}
				break
			}
			points++
			if code(err) != "card-removed" || !bytes.Equal(chip(t, other), kept) {
				t.Fatal(series, n, err)
			}
			first.SetFault(nil)
			first.Reinsert()
			for _, card := range []*emulator.Card{other, first} {
				old, before := certificateOf(t, card), oldFiles(t, card)
				r := s.run(card, someone(), journal)
				r.Campaign = "prova"
				out, err := r.Run(t.Context())
				switch {
				case err == nil:
					sound(t, card, out.Certificate)
				case code(err) != "already-renewed" || card == other:
					t.Fatal(series, n, err)
				}
				settled(t, s, card, old, before, 3)
			}
			if t.Failed() {
				t.Fatal(series, n)
			}
		}
	}
	t.Logf("%d pulls", points)
}

// TestOtherCardReinserted replaces the card of a session that has a verified PIN by another one, as when the citizen,
// asked to take the card out, puts in a relative's.
func TestOtherCardReinserted(t *testing.T) {
	s := newService(t)
	w := &swapped{first: s.card("AC2014", 1, inWindow), other: s.card("AC2014", 2, inWindow), at: 1 << 30}
	r := s.run(w, someone(), nil)
	r.Campaign = "prova"
	out, err := r.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer out.Session.ForgetPIN()
	kept := chip(t, w.other)
	w.first.Reinsert()
	w.at = w.begins
	for name, f := range map[string]func() error{
		"resume": func() error { return out.Session.Resume(w) },
		"read":   func() error { _, err := out.Session.ReadContents(); return err },
		"block":  func() error { return out.Session.InBlock(nil) },
	} {
		if err := f(); code(renewal.Classify(err)) != "other-card" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if len(w.written) > 0 || !w.read || !bytes.Equal(chip(t, w.other), kept) {
		t.Errorf("the other card got %X", w.written)
	}
	w.at = 1 << 30
	if err := out.Session.Resume(w); err != nil {
		t.Error("the right card:", err)
	}
}
