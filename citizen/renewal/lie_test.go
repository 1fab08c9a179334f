// SPDX-License-Identifier: EUPL-1.2

package renewal_test

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/cns"
	"rinnova.example/go/card/emulator"
	"rinnova.example/go/trial"
)

// lie is one way in which a card lies.
type lie struct {
	name  string
	fault emulator.Fault
	at    func(command []byte) bool // the commands at which it can be told, each in a run of its own
	every bool                      // tell it at all of these commands in one run instead
	typed []string                  // PINs typed; the right one where empty
	// ends are the codes with which a run may end before the certificate is confirmed, "done" for a renewal that
	// succeeds in spite of the lie. Each must occur for at least one command of one family.
	ends string
}

func ins(list ...byte) func([]byte) bool {
	return func(c []byte) bool { return bytes.IndexByte(list, c[1]) >= 0 }
}

// answers reports whether a command is answered with data.
func answers(c []byte) bool { return ins(0xB0, 0xC0, 0x2A)(c) || c[1] == 0xA4 && c[3] != 0x0C }

var lies = []lie{
	{name: "drops the block", fault: emulator.Fault{DropWrite: true}, at: changes,
		ends: "card-error card-write card-wrong-key done"},
	{name: "drops every block", fault: emulator.Fault{DropWrite: true}, at: changes, every: true,
		ends: "card-error"},
	{name: "flips the first bit written", fault: emulator.Fault{Flip: 1}, at: changes,
		ends: "card-error card-write done"},
	{name: "flips a late bit written", fault: emulator.Fault{Flip: 8*96 + 3}, at: ins(0x46, 0xD6),
		ends: "card-write card-wrong-key done"},
	{name: "flips every block written", fault: emulator.Fault{Flip: 5}, at: changes, every: true,
		ends: "card-wrong-key"},
	{name: "flips the first bit read", fault: emulator.Fault{Flip: 2}, at: answers,
		ends: "card-malformed card-write card-wrong-key certificate-unreadable done no-certificate not-in-registry"},
	{name: "flips a late bit read", fault: emulator.Fault{Flip: 8*61 + 7}, at: answers,
		ends: "card-write card-wrong-key certificate-unreadable done no-certificate not-in-registry other-card"},
	{name: "says 9000 and does nothing", fault: emulator.Fault{SW: 0x9000}, at: func([]byte) bool { return true },
		ends: "card-error card-malformed card-write card-wrong-key certificate-unreadable done no-room"},
	{name: "says 9000 to every write and does nothing", fault: emulator.Fault{SW: 0x9000}, at: ins(0xD6), every: true,
		ends: "card-write"},
	{name: "returns the old file", fault: emulator.Fault{StaleRead: true}, at: ins(0xB0),
		ends: "card-write done"},
	{name: "always returns the old file", fault: emulator.Fault{StaleRead: true}, at: ins(0xB0), every: true,
		ends: "card-write"},
	{name: "makes another key", fault: emulator.Fault{ReportOtherKey: true}, at: ins(0x46),
		ends: "card-wrong-key"},
	{name: "forgets the PIN on one SELECT", fault: emulator.Fault{ForgetOnSelect: true}, at: ins(0xA4),
		ends: "done"},
	{name: "forgets the PIN on every SELECT", fault: emulator.Fault{ForgetOnSelect: true}, at: ins(0xA4), every: true,
		ends: "done"},
	{name: "does not count", fault: emulator.Fault{HideTries: true}, at: ins(0x20), every: true,
		typed: []string{"11111", rightPIN},
		ends:  "done"},
	{name: "refuses extended length once", fault: emulator.Fault{RefuseExtended: true}, at: ins(0x2A, 0xDA),
		ends: "done"},
	{name: "refuses extended length", fault: emulator.Fault{RefuseExtended: true}, at: ins(0x2A, 0xDA), every: true,
		ends: "done"},
	{name: "refuses P2 0C once", fault: emulator.Fault{RefuseSelectWithoutFCI: true}, at: ins(0xA4),
		ends: "done"},
	{name: "refuses P2 0C", fault: emulator.Fault{RefuseSelectWithoutFCI: true}, at: ins(0xA4), every: true,
		ends: "done"},
	{name: "drops leading zeros", fault: emulator.Fault{DropLeadingZeros: true}, at: ins(0x2A, 0xC0), every: true,
		ends: "done"},
	{name: "says the PIN is wrong", fault: emulator.Fault{SW: 0x63C2}, at: ins(0x20),
		ends: "pin-wrong puk-wrong"},
	{name: "says the PIN is blocked", fault: emulator.Fault{SW: 0x6983}, at: ins(0x20),
		ends: "pin-blocked puk-blocked"},
	{name: "is worn", fault: emulator.Fault{SW: 0x6581}, at: changes,
		ends: "card-error"},
	{name: "says that it is full", fault: emulator.Fault{SW: 0x6A84}, at: changes,
		ends: "no-room"},
	{name: "says that the file is not there", fault: emulator.Fault{SW: 0x6A82}, at: ins(0xA4),
		ends: "card-error card-foreign card-wrong-key done no-certificate"},
	{name: "says that it is there already", fault: emulator.Fault{SW: 0x6A89}, at: ins(0xE0, 0xDA),
		ends: "card-error done"},
	{name: "says that the PIN was not given", fault: emulator.Fault{SW: 0x6982},
		at:   func(c []byte) bool { return c[1] != 0x20 },
		ends: "card-error card-foreign card-wrong-key done"},
}

// TestLies lets a card of each chip family lie, at each command of a whole renewal at which the lie can be told.
// Either the renewal succeeds and the card holds the confirmed certificate, or it ends before the confirmation with a
// code that belongs to the lie. The next run, on the honest card, succeeds.
func TestLies(t *testing.T) {
	var mu sync.Mutex
	ended, told := map[string]map[string]int{}, 0
	t.Run("", func(t *testing.T) {
		for i, series := range families(t) {
			t.Run(series, func(t *testing.T) {
				t.Parallel()
				for _, l := range lies {
					for n := 0; ; n++ {
						code, happened := lieAt(t, series, i, l, n)
						if happened && !slices.Contains(strings.Fields(l.ends), code) {
							t.Errorf("ended with %s", code)
						}
						if t.Failed() {
							t.Fatalf("%s, command %d", l.name, n)
						}
						if !happened {
							break
						}
						mu.Lock()
						if ended[l.name] == nil {
							ended[l.name] = map[string]int{}
						}
						ended[l.name][code]++
						told++
						mu.Unlock()
						if l.every {
							break
						}
					}
				}
			})
		}
	})
	if t.Failed() {
		return
	}
	for _, l := range lies {
		t.Logf("%s: %v", l.name, ended[l.name])
		for _, code := range strings.Fields(l.ends) {
			if ended[l.name][code] == 0 {
				t.Errorf("%s: never ended with %s", l.name, code)
			}
		}
	}
	t.Logf("%d lies", told)
}

// TestLiesAfterwards lets a card lie to a run that continues a renewal: either the answer to the request was lost and
// the run is on another computer, or the answer to the confirmation was lost. A confirmed certificate stays on the
// card with its key, whatever the card answers.
func TestLiesAfterwards(t *testing.T) {
	for _, begun := range []struct {
		name    string
		lost    int // number of the service's answer that is lost
		journal bool
		state   trial.State
	}{{"issued", 2, false, trial.Issued}, {"confirmed", 3, true, trial.Installed}} {
		told := 0
		for _, l := range lies {
			switch l.name {
			case "drops every block", "flips the first bit read", "says 9000 and does nothing",
				"says that the file is not there", "says that the PIN was not given", "returns the old file":
			default:
				continue
			}
			for n := 0; ; n++ {
				s := newService(t)
				card := s.card("AC2013", 1, inWindow)
				old, before := certificateOf(t, card), oldFiles(t, card)
				journal, _ := memory()
				exchanges := 0
				s.exchange = func(w http.ResponseWriter, r *http.Request, next http.Handler) {
					if exchanges++; exchanges < begun.lost {
						next.ServeHTTP(w, r)
						return
					}
					next.ServeHTTP(discard{http.Header{}}, r)
					panic(http.ErrAbortHandler)
				}
				again := func() error {
					r := s.run(card, someone(), journal)
					r.Campaign = "prova"
					_, err := r.Run(t.Context())
					card.SetFault(nil)
					card.Reinsert()
					return err
				}
				if err := again(); code(err) != "service-unreachable" || s.valid(old)[begun.state] != 1 {
					t.Fatal(err, s.valid(old))
				}
				s.exchange = nil
				if !begun.journal {
					journal = nil
				}
				seen, happened := 0, false
				card.SetFault(func(_ int, command []byte) emulator.Fault {
					if l.at(command) {
						if seen++; l.every || seen == n+1 {
							happened = true
							return l.fault
						}
					}
					return emulator.Fault{}
				})
				lied := again()
				if !happened {
					break
				}
				told++
				if err := again(); err != nil && code(err) != "already-renewed" {
					t.Errorf("%v", err)
				}
				for _, c := range must(s.Renewals(t.Context(), old)) {
					if c.State == trial.Installed {
						sound(t, card, must(x509.ParseCertificate(c.DER)))
					}
				}
				settled(t, s, card, old, before, 3)
				if t.Failed() {
					t.Fatalf("%s, %s, command %d: %v", begun.name, l.name, n, lied)
				}
				if l.every {
					break
				}
			}
		}
		t.Logf("%s: %d lies", begun.name, told)
		if told < 150 {
			t.Error("too few")
		}
	}
}

// TestLeadingZerosDropped signs with the old key a message whose signature starts with a zero byte, as one in 256
// does, on a card that omits such bytes.
func TestLeadingZerosDropped(t *testing.T) {
	card := newService(t).card("AC2013", 1, inWindow)
	key := take(1024, 21)
	var digest, want []byte
	for i := byte(0); want == nil || want[0] != 0; i++ {
		h := sha256.Sum256(append(digest, i))
		digest = h[:]
		want = must(rsa.SignPKCS1v15(nil, key, crypto.SHA256, digest))
	}
	dropped := 0
	card.SetFault(func(int, []byte) emulator.Fault { dropped++; return emulator.Fault{DropLeadingZeros: true} })
	s := must(cns.Open(card))
	defer s.ForgetPIN()
	err := s.UnlockInBlock([]byte(rightPIN), func(b *cns.Block) error {
		got, err := b.Signer(s.Contents.Slots[0].Location.Key, &key.PublicKey).Sign(nil, digest, crypto.SHA256)
		if !bytes.Equal(got, want) {
			t.Errorf("signature of %d bytes, want %d", len(got), len(want))
		}
		return err
	})
	if err != nil || dropped == 0 {
		t.Errorf("%d writes dropped, %v", dropped, err)
	}
}

// families returns one series of each renewable model.
func families(t *testing.T) []string {
	var list []string
	for _, m := range cardmodel.Models() {
		if m.NotRenewable.Value == "" {
			list = append(list, m.Sigle()[0])
		}
	}
	if len(list) == 0 {
		t.Fatal("no renewable model")
	}
	return list
}

// lieAt runs a renewal in which the n-th command at which the lie can be told is answered with it, and then one in
// which the card is honest. It returns the code of the first, and whether the lie was told.
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
			t.Errorf("no fault happened, and the renewal failed: %v", err)
		}
		return "", false
	}
	if ended = code(err); err == nil {
		ended = "done"
	}
	confirmed := s.valid(old)[trial.Installed] + s.valid(old)[trial.Proven]
	if err == nil {
		sound(t, card, out.Certificate)
		if confirmed != 1 {
			t.Error("done and not confirmed")
		}
	} else {
		if confirmed != 0 {
			t.Errorf("%v, and the certificate is confirmed", err)
		}
	}
	if !bytes.Equal(oldFiles(t, card), before) {
		t.Error("the old credential's files changed")
	}
	if wrong := max(0, len(l.typed)-1); card.Tries(0x10) < 3-wrong || card.Tries(0x11) != 10 {
		t.Errorf("tries left: PIN %d, PUK %d", card.Tries(0x10), card.Tries(0x11))
	}

	card.Reinsert()
	if n%2 == 1 {
		journal = nil // as on another computer
	}
	r = s.run(card, someone(), journal)
	r.Campaign = "prova"
	out, err = r.Run(t.Context())
	switch code(err) {
	case "":
		sound(t, card, out.Certificate)
	case "already-renewed":
		if ended != "done" {
			t.Errorf("%s, and then %v", ended, err)
		}
	default:
		t.Errorf("%s, and then %v", ended, err)
	}
	settled(t, s, card, old, before, 3)
	return ended, true
}

// sound checks that a card holds a certificate, byte for byte, and the key for it.
func sound(t *testing.T, card *emulator.Card, cert *x509.Certificate) {
	t.Helper()
	s, err := cns.Open(card.Clone())
	if err != nil {
		t.Fatal(err)
	}
	defer s.ForgetPIN()
	for _, p := range s.Contents.Slots[1:] {
		b, ok := card.File(p.Location.Certificate.String())
		if !ok || !bytes.HasPrefix(b, cert.Raw) {
			continue
		}
		holds := false
		err := s.UnlockInBlock([]byte(rightPIN), func(b *cns.Block) (err error) {
			holds, err = b.KeyMatches(p.Location.Key, cert.PublicKey.(*rsa.PublicKey))
			return err
		})
		if err != nil || !holds {
			t.Errorf("slot %d: the certificate is there, its key is not: %v", p.Number, err)
		}
		return
	}
	t.Error("the confirmed certificate is not on the card")
}
