// SPDX-License-Identifier: EUPL-1.2

package renewal_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/cns"
	"rinnova.example/go/card/emulator"
	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/tries"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/holder"
	"rinnova.example/go/trial"
)

var errNotExist = fs.ErrNotExist

// sigle lists the series that can be renewed, or those that cannot.
func sigle(renewable bool) []string {
	var list []string
	for _, m := range cardmodel.Models() {
		if (m.NotRenewable.Value == "") == renewable {
			list = append(list, m.Sigle()...)
		}
	}
	return list
}

// inWindow is an expiry for which the campaign of 2020 allows a renewal.
var inWindow = time.Date(2020, 6, 15, 21, 59, 59, 0, time.UTC)

// oldFiles returns the files of the old credential, which no step may change.
func oldFiles(t *testing.T, c *emulator.Card) []byte {
	t.Helper()
	var all []byte
	for _, f := range []string{"1000/1003", "1100/1101", "1100/1102"} {
		b, ok := c.File(f)
		if !ok {
			t.Fatalf("%s is absent", f)
		}
		all = append(all, b...)
	}
	return all
}

func TestRenewEverySeries(t *testing.T) {
	s := newService(t)
	series := sigle(true)
	if len(series) == 0 {
		t.Fatal("no renewable series")
	}
	for i, name := range series {
		t.Run(name, func(t *testing.T) {
			card := s.card(name, i, inWindow)
			before := oldFiles(t, card)
			journal, _ := memory()
			who := someone()
			r := s.run(card, who, journal)
			r.Campaign = "prova"
			var seen []string
			r.Events = func(e renewal.Event) {
				if e.State == renewal.Done {
					seen = append(seen, e.Step)
				}
			}
			out, err := r.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(oldFiles(t, card), before) {
				t.Error("the old credential's files changed")
			}
			// One year after issue (campaign prova), the same person, another key.
			if d := out.Certificate.NotAfter.Sub(s.now); d < 364*24*time.Hour || d > 367*24*time.Hour {
				t.Errorf("valid until %s", out.Certificate.NotAfter)
			}
			if !bytes.Equal(out.Certificate.RawSubject, out.Old.RawSubject) ||
				bytes.Equal(out.Certificate.RawSubjectPublicKeyInfo, out.Old.RawSubjectPublicKeyInfo) {
				t.Error("subject or key")
			}
			if n := s.valid(out.Old); n[trial.Installed] != 1 || len(n) != 1 {
				t.Errorf("valid certificates: %v", n)
			}
			m, _, _ := cardmodel.BySeries(name)
			// The PUK is asked for once or not at all, by the model: its own test names the series (R21).
			asked := 0
			for _, a := range who.asked {
				if a.Code.Reference == 0x11 {
					asked++
				}
			}
			if want := map[bool]int{true: 1}[m.NeedsPUK()]; asked != want {
				t.Errorf("the PUK was asked %d times", asked)
			}
			want := strings.Join(renewal.Steps, " ")
			if !slices.ContainsFunc(m.NeededDFs.Value, func(needed cardmodel.DF) bool {
				return !slices.ContainsFunc(m.DFsAtIssue.Value, func(there cardmodel.DF) bool {
					return slices.Equal(there.Path, needed.Path)
				})
			}) {
				want = strings.Replace(want, "prepare ", "", 1) // the DFs are already there
			}
			if got := strings.Join(seen, " "); got != want {
				t.Errorf("steps %s, want %s", got, want)
			}

			r = s.run(card, someone(), journal)
			r.Campaign = "prova"
			if _, err := r.Run(t.Context()); code(err) != "already-renewed" {
				t.Errorf("a second renewal: %v", err)
			}
			empty, _ := memory()
			r = s.run(card, someone(), empty)
			r.Campaign = "prova"
			if _, err := r.Run(t.Context()); code(err) != "already-renewed" {
				t.Errorf("a second renewal on another computer: %v", err)
			}
			if card.Tries(0x10) != 3 {
				t.Errorf("%d tries of the PIN left", card.Tries(0x10))
			}
		})
	}
}

func TestNotRenewableSeries(t *testing.T) {
	s := newService(t)
	for i, name := range sigle(false) {
		card := s.card(name, 40+i, inWindow)
		who := someone()
		_, err := s.run(card, who, nil).Run(t.Context())
		if code(err) != "series-not-renewable" || who.typed != 0 {
			t.Errorf("%s: %v, %d codes typed", name, err, who.typed)
		}
	}
}

// Refusals come before a PIN is asked for.
func TestRefusedBeforePIN(t *testing.T) {
	for _, c := range []struct {
		name     string
		notAfter time.Time
		now      time.Time
		campaign string
		exchange func(http.ResponseWriter, *http.Request, http.Handler)
		want     string
		exit     int
	}{
		{"outside the window", time.Date(2020, 7, 1, 21, 59, 59, 0, time.UTC), start, "2020", nil, "not-in-window", 3},
		{"campaign closed", inWindow, start.AddDate(1, 0, 0), "2020", nil, "campaign-closed", 3},
		{"unknown campaign", inWindow, start, "1848", nil, "campaign-unknown", 2},
		{"service answers nonsense", inWindow, start, "", func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			w.Header().Set("Content-Type", "application/pkixcmp")
			w.Write([]byte{0x30, 0x03, 0x02, 0x01, 0x02})
		}, "service-untrusted", 1},
		{"captive portal", inWindow, start, "", func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			w.Header().Set("Content-Type", "text/html")
			w.Write([]byte("<html>accesso alla rete"))
		}, "service-portal", 1},
		{"redirected", inWindow, start, "", func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
			http.Redirect(w, r, "/altrove", http.StatusFound)
		}, "service-portal", 1},
		{"busy", inWindow, start, "", func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			w.WriteHeader(http.StatusServiceUnavailable)
		}, "service-busy", 1},
		{"broken", inWindow, start, "", func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			w.WriteHeader(http.StatusInternalServerError)
		}, "service-error", 1},
		{"proxy wants a password", inWindow, start, "", func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			w.WriteHeader(http.StatusProxyAuthRequired)
		}, "proxy-auth", 1},
		{"connection reset", inWindow, start, "", func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			panic(http.ErrAbortHandler)
		}, "service-unreachable", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newService(t)
			card := s.card("AC2014", 1, c.notAfter)
			s.now, s.exchange = c.now, c.exchange
			who := someone()
			r := s.run(card, who, nil)
			r.Campaign = c.campaign
			_, err := r.Run(t.Context())
			if code(err) != c.want || renewal.Classify(err).Exit() != c.exit {
				t.Errorf("%v, want %s", err, c.want)
			}
			if who.typed != 0 {
				t.Error("a code was asked")
			}
		})
	}
	t.Run("not in the registry", func(t *testing.T) {
		s, other := newService(t), newService(t)
		card := other.card("ID2019", 1, inWindow)
		who := someone()
		if _, err := s.run(card, who, nil).Run(t.Context()); code(err) != "not-in-registry" || who.typed != 0 {
			t.Errorf("a card of another service: %v, %d codes typed", err, who.typed)
		}
	})
	t.Run("another service's answers", func(t *testing.T) {
		s, other := newService(t), newService(t)
		card := s.card("ID2019", 1, inWindow)
		who := someone()
		r := s.run(card, who, nil)
		r.Anchors = []*x509.Certificate{other.Current.Certificate(), s.Legacy.Certificate()}
		if _, err := r.Run(t.Context()); code(err) != "service-untrusted" || who.typed != 0 {
			t.Errorf("another service's root: %v, %d codes typed", err, who.typed)
		}
	})
	t.Run("service down", func(t *testing.T) {
		s := newService(t)
		card := s.card("ID2019", 1, inWindow)
		s.server.Close()
		who := someone()
		if _, err := s.run(card, who, nil).Run(t.Context()); code(err) != "service-unreachable" || who.typed != 0 {
			t.Errorf("a service that is away: %v, %d codes typed", err, who.typed)
		}
	})
}

func TestCodes(t *testing.T) {
	s := newService(t)
	for i, c := range []struct {
		name       string
		who        person
		want       string
		tries      int
		pin        int // left on the card
		puk        int
		typedTwice bool
	}{
		{"no PIN", person{}, "input-missing", -1, 3, 10, false},
		{"malformed", person{pins: []string{"12a45"}}, "pin-format", -1, 3, 10, false},
		{"wrong once", person{pins: []string{"11111"}}, "pin-wrong", 2, 2, 10, false},
		{"wrong, then right", person{pins: []string{"11111", rightPIN}, puks: []string{rightPUK}}, "", -1, 3, 10,
			false},
		{"twice wrong, no consent", person{pins: []string{"11111", "22222", rightPIN}}, "pin-wrong", 1, 1, 10, false},
		{"twice wrong, consent, right", person{pins: []string{"11111", "22222", rightPIN}, puks: []string{rightPUK},
			lastTry: true}, "", -1, 3, 10, false},
		{"three times wrong", person{pins: []string{"11111", "22222", "33333", rightPIN}, lastTry: true}, "pin-blocked",
			0, 0, 10, false},
		{"PUK wrong", person{pins: []string{rightPIN}, puks: []string{"87654321"}}, "puk-wrong", 9, 3, 9, false},
		{"no PUK", person{pins: []string{rightPIN}}, "input-missing", -1, 3, 10, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			card := s.card("AC2018", 60+i, inWindow)
			before := oldFiles(t, card)
			journal, _ := memory()
			r := s.run(card, &c.who, journal)
			r.Campaign = "prova"
			_, err := r.Run(t.Context())
			if code(err) != c.want {
				t.Fatalf("%v, want %q", err, c.want)
			}
			if err != nil && left(err) != c.tries {
				t.Errorf("%d tries told, want %d", left(err), c.tries)
			}
			if card.Tries(0x10) != c.pin || card.Tries(0x11) != c.puk {
				t.Errorf("left: PIN %d, PUK %d", card.Tries(0x10), card.Tries(0x11))
			}
			if !bytes.Equal(oldFiles(t, card), before) {
				t.Error("the old credential's files changed")
			}
			if _, ok := card.File("1400/9010"); ok != (err == nil) {
				t.Error("the signature file system was changed")
			}
		})
	}
}

// The journal keeps the last known counter: the next run asks for consent before the last try.
func TestLastTryIsRemembered(t *testing.T) {
	s := newService(t)
	card := s.card("OT2015", 80, inWindow)
	journal, _ := memory()
	who := &person{pins: []string{"11111", "22222"}}
	if _, err := s.run(card, who, journal).Run(t.Context()); code(err) != "pin-wrong" {
		t.Fatal(err)
	}
	card.Reinsert()
	who = &person{pins: []string{"33333"}}
	if _, err := s.run(card, who, journal).Run(t.Context()); code(err) != "last-try" || who.typed != 0 {
		t.Errorf("%v, %d typed", err, who.typed)
	}
	if card.Tries(0x10) != 1 {
		t.Errorf("%d tries left", card.Tries(0x10))
	}
}

// browsing is a person who types a wrong PIN in a browser while the program waits for theirs.
type browsing struct {
	*person
	meanwhile func()
}

func (b browsing) PIN(ctx context.Context, r renewal.CodeRequest) ([]byte, error) {
	b.meanwhile()
	return b.person.PIN(ctx, r)
}

// The last try that another program of ours leaves, while a person types, is not sent without a consent.
func TestLastTryMeanwhile(t *testing.T) {
	s := newService(t)
	card := s.card("OT2015", 80, inWindow)
	journal, _ := memory()
	number, _ := card.File("1000/1003")
	who := browsing{&person{pins: []string{rightPIN}}, func() {
		left := 1
		if err := (tries.Ledger{Files: journal}).Keep(holder.IDCarta(number), cardmodel.PIN, &left); err != nil {
			t.Error("the driver's ledger:", err)
		}
	}}
	sent := false
	card.SetFault(func(_ int, command []byte) emulator.Fault {
		sent = sent || command[1] == iso7816.INSVerify
		return emulator.Fault{}
	})
	_, err := s.run(card, who, journal).Run(t.Context())
	if code(err) != "last-try" || sent {
		t.Errorf("%v, VERIFY sent: %v", err, sent)
	}
}

// Two certificates end at the same time: one is an abandoned renewal, revoked because the other was confirmed. The
// valid one is renewed.
func TestAbandonedBesideValid(t *testing.T) {
	s := newService(t)
	card := s.card("OT2016", 95, inWindow)
	s.now = start
	elsewhere := card.Clone()
	elsewhere.SetKeys(prepared.Generator("elsewhere", 0))
	ctx, stop := context.WithCancel(t.Context())
	r := s.run(elsewhere, someone(), nil)
	r.Campaign = "2020"
	r.Events = func(e renewal.Event) {
		if e.Step == "confirm" {
			stop()
		}
	}
	if _, err := r.Run(ctx); code(err) != "interrupted" {
		t.Fatalf("the renewal to abandon: %v", err)
	}
	abandoned := must(cns.Open(elsewhere)).Contents.Slots[1].Certificate.Certificate
	r = s.run(card, someone(), nil)
	r.Campaign = "2020"
	out, err := r.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if out.Certificate.Equal(abandoned) || !out.Certificate.NotAfter.Equal(abandoned.NotAfter) {
		t.Fatal("not two renewals of the same end")
	}
	session := must(cns.Open(card))
	for name, slots := range map[string][2]*x509.Certificate{
		"abandoned behind": {out.Certificate, abandoned}, "abandoned before": {abandoned, out.Certificate},
	} {
		if err := session.UnlockInBlock([]byte(rightPIN), func(b *cns.Block) error {
			return errors.Join(b.WriteCertificate(session.Contents.Slots[1].Location, slots[0].Raw),
				b.WriteCertificate(session.Contents.Slots[2].Location, slots[1].Raw))
		}); err != nil {
			t.Fatal(err)
		}
		for _, campaign := range []string{"2020", ""} {
			r = s.run(card, someone(), nil)
			r.Campaign = campaign
			if _, err := r.Run(t.Context()); code(err) != "already-renewed" {
				t.Errorf("%s, campaign %q: %v, want already-renewed", name, campaign, err)
			}
		}
	}
}

// A later renewal of the same card, under another campaign, uses the third slot.
func TestThirdPlace(t *testing.T) {
	s := newService(t)
	for i, name := range []string{"AC2014", "OT2016", "ID2019"} {
		card := s.card(name, 90+i, inWindow)
		s.now = start
		r := s.run(card, someone(), nil)
		r.Campaign = "2020"
		r.Series = name
		first, err := r.Run(t.Context())
		if err != nil {
			t.Fatal(name, err)
		}
		if end := time.Date(2020, 6, 30, 21, 59, 59, 0, time.UTC); !first.Certificate.NotAfter.Equal(end) {
			t.Errorf("%s: valid until %s", name, first.Certificate.NotAfter)
		}
		s.now = start.AddDate(0, 0, 10)
		r = s.run(card, &person{pins: []string{rightPIN}}, nil)
		r.Campaign = "prova"
		second, err := r.Run(t.Context())
		if err != nil {
			t.Fatal(name, err)
		}
		if first.Slot != 1 || second.Slot != 2 || !second.Old.Equal(first.Certificate) {
			t.Errorf("%s: slots %d and %d", name, first.Slot, second.Slot)
		}
	}
}

// The connection that inspect opens serves the whole renewal: no other TLS handshake follows the key generation.
func TestOneConnection(t *testing.T) {
	s := newService(t)
	opened, exchanges := 0, 0
	s.exchange = func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		exchanges++
		next.ServeHTTP(w, r)
	}
	r := s.run(s.card("AC2014", 1, inWindow), someone(), nil)
	r.Campaign = "prova"
	var dialer net.Dialer
	transport := &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		opened++
		return dialer.DialContext(ctx, network, address)
	}}
	defer transport.CloseIdleConnections()
	r.Service.HTTP = &http.Client{Transport: transport}
	if _, err := r.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if opened != 1 || exchanges != 3 {
		t.Errorf("%d connections for %d messages, want one for genm, kur and certConf", opened, exchanges)
	}
}
