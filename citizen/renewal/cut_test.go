// SPDX-License-Identifier: EUPL-1.2

package renewal_test

import (
	"bytes"
	"crypto/x509"
	"net/http"
	"testing"

	"rinnova.example/go/card/emulator"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/trial"
)

// changes reports whether a command may change the card: CREATE, DELETE, PUT DATA, GENERATE, UPDATE, VERIFY.
func changes(command []byte) bool {
	switch command[1] {
	case 0xE0, 0xE4, 0xDA, 0x46, 0xD6, 0x20:
		return true
	}
	return false
}

// cutAt causes a fault at the n-th command that changes the card, once. The result tells whether it did.
func cutAt(card *emulator.Card, n int, cut emulator.Cut, pages int) *bool {
	seen, happened := 0, new(bool)
	card.SetFault(func(_ int, command []byte) emulator.Fault {
		if changes(command) {
			if seen++; seen == n+1 && !*happened {
				*happened = true
				return emulator.Fault{Cut: cut, Pages: pages}
			}
		}
		return emulator.Fault{}
	})
	return happened
}

// settled checks the end state of a renewal that was interrupted and run again.
func settled(t *testing.T, s *service, card *emulator.Card, old *x509.Certificate, before []byte, tries int) {
	t.Helper()
	if !bytes.Equal(oldFiles(t, card), before) {
		t.Error("the old credential's files changed")
	}
	n := s.valid(old)
	if n[trial.Installed]+n[trial.Proven] != 1 || n[trial.Issued] != 0 {
		t.Errorf("valid certificates: %v", n)
	}
	if card.Tries(0x10) != tries || card.Tries(0x11) != 10 {
		t.Errorf("tries left: PIN %d, PUK %d", card.Tries(0x10), card.Tries(0x11))
	}
}

// TestCutAtEveryChange removes the card at every command that may change it: before the card acts, in the middle of a
// write, and after it acted. It then runs the renewal again, on the same computer with the journal and on another
// computer without it.
func TestCutAtEveryChange(t *testing.T) {
	points := 0
	for i, name := range []string{"AC2014", "OT2016", "ID2019"} {
		for _, kind := range []struct {
			name  string
			cut   emulator.Cut
			pages int
		}{{"before", emulator.CutBefore, 0}, {"within", emulator.CutMidway, 1}, {"after", emulator.CutAfter, 0}} {
			for n := 0; ; n++ {
				s := newService(t) // each case needs a service without earlier records
				card := s.card(name, i, inWindow)
				old, before := certificateOf(t, card), oldFiles(t, card)
				happened := cutAt(card, n, kind.cut, kind.pages)
				journal, _ := memory()
				r := s.run(card, someone(), journal)
				r.Campaign = "prova"
				_, err := r.Run(t.Context())
				if !*happened {
					if err != nil {
						t.Fatal(err)
					}
					if n < 20 {
						t.Errorf("%s: only %d commands change the card", name, n)
					}
					break
				}
				points++
				if code(err) != "card-removed" {
					t.Errorf("%s, %s change %d: %v", name, kind.name, n, err)
				}
				card.SetFault(nil)
				card.Reinsert()
				if n%2 == 1 {
					journal = nil // another computer
				}
				r = s.run(card, someone(), journal)
				r.Campaign = "prova"
				if _, err := r.Run(t.Context()); err != nil && code(err) != "already-renewed" {
					t.Errorf("%s, %s change %d, second run: %v", name, kind.name, n, err)
				}
				settled(t, s, card, old, before, 3)
				if t.Failed() {
					t.FailNow()
				}
			}
		}
	}
	t.Logf("%d cuts", points)
}

func certificateOf(t *testing.T, card *emulator.Card) *x509.Certificate {
	t.Helper()
	b, _ := card.File("1100/1101")
	n := 4 + int(b[2])<<8 + int(b[3])
	c, err := x509.ParseCertificate(b[:n])
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestExchangeLost loses each message to the service, or each answer, from then on until the run gives up.
func TestExchangeLost(t *testing.T) {
	for _, name := range []string{"AC2014", "ID2019"} {
		for _, answer := range []bool{false, true} {
			for n := 0; ; n++ {
				s := newService(t)
				card := s.card(name, 1, inWindow)
				old, before := certificateOf(t, card), oldFiles(t, card)
				seen, lost := 0, false
				s.exchange = func(w http.ResponseWriter, r *http.Request, next http.Handler) {
					if seen++; seen <= n {
						next.ServeHTTP(w, r)
						return
					}
					lost = true
					if answer {
						next.ServeHTTP(discard{http.Header{}}, r)
					}
					panic(http.ErrAbortHandler)
				}
				journal, _ := memory()
				r := s.run(card, someone(), journal)
				r.Campaign = "prova"
				_, err := r.Run(t.Context())
				if !lost {
					if err != nil || n < 3 {
						t.Fatal(n, err)
					}
					break
				}
				if code(err) != "service-unreachable" {
					t.Errorf("%s, exchange %d: %v", name, n, err)
				}
				s.exchange = nil
				r = s.run(card, someone(), journal)
				r.Campaign = "prova"
				if _, err := r.Run(t.Context()); err != nil {
					t.Errorf("%s, exchange %d, second run: %v", name, n, err)
				}
				settled(t, s, card, old, before, 3)
			}
		}
	}
}

// discard is a response writer whose answer never arrives.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}

// A renewal succeeds even if the journal cannot be written or read.
func TestJournalBroken(t *testing.T) {
	s := newService(t)
	card := s.card("ID2019", 3, inWindow)
	journal, disk := memory()
	journal.Write = func(string, []byte) error { return errNotExist }
	var noted []string
	r := s.run(card, someone(), journal)
	r.Campaign = "prova"
	r.Events = func(e renewal.Event) {
		if e.State == renewal.Noted {
			noted = append(noted, e.Code)
		}
	}
	if _, err := r.Run(t.Context()); err != nil || len(noted) == 0 {
		t.Errorf("without a journal: %v, noted %q", err, noted)
	}
	if files := disk.All(); len(files) != 0 {
		t.Error("the test is wrong")
	}
}
