// SPDX-License-Identifier: EUPL-1.2

package doctor_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/emulator"
	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/tries"
	"rinnova.example/go/cardfile"
	"rinnova.example/go/catalogue"
	"rinnova.example/go/citizen/browser"
	"rinnova.example/go/citizen/doctor"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/failure"
	"rinnova.example/go/holder"
)

// fails returns an instrument that fails with a code.
func fails(code failure.Code) error { return &renewal.Failure{Code: code} }

// computer is a healthy one with a card in its one reader, and no service.
func computer(card iso7816.Card, ledger tries.Ledger) doctor.Computer {
	return doctor.Computer{
		Readers: func() ([]doctor.Reader, error) { return []doctor.Reader{{Name: "Lettore", Present: true}}, nil },
		Open: func(context.Context, string) (*renewal.Renewal, func(), error) {
			return &renewal.Renewal{Card: card, Journal: ledger.Files, Now: time.Now}, func() {}, nil
		},
		Reach: func(context.Context) error { return nil },
		State: func() error { return nil },
		Browsers: func() ([]browser.Store, error) {
			return []browser.Store{{Browser: "Firefox", Ours: true}}, nil
		},
	}
}

// said writes findings as "area level code-or-note", one in a line.
func said(findings []doctor.Finding) string {
	var lines []string
	for _, f := range findings {
		lines = append(lines, strings.TrimSpace(fmt.Sprintf("%s %s %s%s", f.Area, f.Level, f.Code, f.Note)))
	}
	return strings.Join(lines, "\n")
}

func card(t *testing.T, series string) *emulator.Card {
	t.Helper()
	c, err := emulator.Demo(series, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestExamine: each cause gives its finding, and what depends on it is not guessed.
func TestExamine(t *testing.T) {
	good := card(t, "AC2014")
	for _, row := range []struct {
		name  string
		cause func(*doctor.Computer)
		want  string // the lines that differ from a healthy computer's
	}{
		{"healthy", func(*doctor.Computer) {}, ""},
		{"no smart-card service", func(c *doctor.Computer) {
			c.Readers = func() ([]doctor.Reader, error) { return nil, fails(failure.NoSmartCardService) }
		}, "smart-cards bad no-smartcard-service;readers unknown unknown;card unknown unknown;pin unknown unknown"},
		{"not permitted", func(c *doctor.Computer) {
			c.Readers = func() ([]doctor.Reader, error) { return nil, fails(failure.NotPermitted) }
		}, "smart-cards bad not-permitted;readers unknown unknown;card unknown unknown;pin unknown unknown"},
		{"no reader", func(c *doctor.Computer) {
			c.Readers = func() ([]doctor.Reader, error) { return nil, nil }
		}, "readers bad no-reader;card unknown unknown;pin unknown unknown"},
		{"no card", func(c *doctor.Computer) {
			c.Readers = func() ([]doctor.Reader, error) { return []doctor.Reader{{Name: "Lettore"}}, nil }
		}, "card unknown no-card;pin unknown unknown"},
		{"mute card", func(c *doctor.Computer) {
			c.Readers = func() ([]doctor.Reader, error) {
				return []doctor.Reader{{Name: "Lettore", Present: true, Mute: true}}, nil
			}
		}, "card bad card-mute;pin unknown unknown"},
		{"busy card", func(c *doctor.Computer) {
			c.Open = func(context.Context, string) (*renewal.Renewal, func(), error) {
				return nil, nil, iso7816.ErrCardBusy
			}
		}, "card bad card-busy;pin unknown unknown"},
		{"service not reached", func(c *doctor.Computer) {
			c.Reach = func(context.Context) error { return context.DeadlineExceeded }
		}, "service bad service-unreachable"},
		{"no place for the journal", func(c *doctor.Computer) {
			c.State = func() error { return doctor.Writable(filepath.Join(os.DevNull, "journal")) }
		}, "state bad journal-nowhere"},
		{"a card outside of the readers", func(c *doctor.Computer) { c.Named = "emulated:card.json" },
			"smart-cards -;readers -"},
		{"a browser without the module", func(c *doctor.Computer) {
			c.Browsers = func() ([]browser.Store, error) {
				return []browser.Store{{Browser: "Firefox"}, {Browser: "Chromium", Ours: true}}, nil
			}
		}, "browsers warning module"},
		{"no browser", func(c *doctor.Computer) {
			c.Browsers = func() ([]browser.Store, error) { return nil, nil }
		}, "browsers warning no-browser"},
		{"a browser's store that cannot be read", func(c *doctor.Computer) {
			c.Browsers = func() ([]browser.Store, error) { return nil, fails(failure.BrowserStore) }
		}, "browsers bad browser-store"},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := computer(good, tries.Ledger{})
			row.cause(&c)
			want := "smart-cards well;readers well;card well;pin well;certificate unknown unknown;service well;" +
				"state well;browsers well"
			for _, line := range strings.Split(row.want, ";") {
				if area, _, ok := strings.Cut(line, " "); ok {
					want = strings.Replace(want, area+" well", line, 1)
					want = strings.Replace(want, area+" -;", "", 1) // not examined
				}
			}
			if got := said(doctor.Examine(t.Context(), c)); got != strings.ReplaceAll(want, ";", "\n") {
				t.Errorf("found\n%s", got)
			}
		})
	}
}

// TestCodes: the last known tries, and a new PIN without an answer.
func TestCodes(t *testing.T) {
	c := card(t, "OT2015")
	number, _ := c.File("1000/1003")
	id := holder.IDCarta(number)
	left := func(n int) *int { return &n }
	for name, row := range map[string]struct {
		do    func(tries.Ledger) error
		level doctor.Level
		code  failure.Code
		what  string
	}{
		"nothing is known": {func(tries.Ledger) error { return nil }, doctor.Well, "",
			"Nessun tentativo sbagliato è noto a questo computer."},
		"one PIN": {func(l tries.Ledger) error { return l.Keep(id, cardmodel.PIN, left(1)) }, doctor.Warning, "",
			"Prima del blocco restano tentativi: PIN 1."},
		"PIN blocked": {func(l tries.Ledger) error { return l.Keep(id, cardmodel.PIN, left(0)) }, doctor.Bad,
			failure.PINBlocked, "Il PIN è bloccato."},
		"PUK blocked": {func(l tries.Ledger) error { return l.Keep(id, cardmodel.PUK, left(0)) }, doctor.Bad,
			failure.PUKBlocked, "Il PUK è bloccato."},
		"a new PIN was sent": {func(l tries.Ledger) error { return l.Sent(id, true) }, doctor.Warning, "",
			"La tessera non ha risposto a un nuovo PIN."},
	} {
		t.Run(name, func(t *testing.T) {
			l := tries.Ledger{Files: cardfile.In(t.TempDir())}
			if err := row.do(l); err != nil {
				t.Fatal(err)
			}
			for _, f := range doctor.Examine(t.Context(), computer(c, l)) {
				e := f.Explain(catalogue.Italian, catalogue.Window)
				if f.Area == catalogue.AreaPIN && (e.Level != row.level || e.Code != row.code || e.What != row.what) {
					t.Errorf("%+v", e)
				}
			}
		})
	}
}

// TestReach: a hotel's page, a server that errs and one that is not the service's are told apart, by a real connection.
func TestReach(t *testing.T) {
	for name, row := range map[string]struct {
		answer http.HandlerFunc
		want   failure.Code
	}{
		"a page": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>Accedi al Wi-Fi</html>") },
			failure.ServicePortal},
		"busy": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
			failure.ServiceBusy},
		"an error": {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
			failure.ServiceError},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(row.answer)
			defer server.Close()
			u, err := url.Parse(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			r := &renewal.Renewal{Service: renewal.Service{URL: u, HTTP: server.Client()}, Now: time.Now,
				Random: rand.Reader}
			var f *renewal.Failure
			if err := r.Reach(t.Context()); !errors.As(err, &f) || f.Code != row.want {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestTexts: every area and note has its texts in every language, and the terminal prints them or JSON.
func TestTexts(t *testing.T) {
	notes := []catalogue.Note{catalogue.NoteBegun, catalogue.NoteTries, catalogue.NoteNewPIN, catalogue.NoteUnknown,
		catalogue.NoteModule, catalogue.NoteNoBrowser}
	for _, l := range catalogue.Languages() {
		for _, a := range catalogue.Areas {
			if catalogue.AreaTitle(l, a) == "" || catalogue.Well(l, a) == "" {
				t.Errorf("%s lacks texts of %s", l, a)
			}
		}
		for _, n := range notes {
			if e := catalogue.Noted(l, n); e.What == "" || e.Do == "" {
				t.Errorf("%s lacks texts of %s", l, n)
			}
		}
	}
	findings := []doctor.Finding{{Area: catalogue.AreaReaders, Level: doctor.Bad, Code: failure.NoReader}}
	var text, line bytes.Buffer
	if err := errors.Join(doctor.Print(&text, false, findings), doctor.Print(&line, true, findings)); err != nil {
		t.Fatal(err)
	}
	const want = "[non va] Lettori: Non è collegato alcun lettore di smart card.\n" +
		"  Collega il lettore al computer e riprova.\n  Codice: no-reader (109)\n"
	var list []doctor.Explained
	if text.String() != want || json.Unmarshal(line.Bytes(), &list) != nil || len(list) != 1 || list[0].Number != 109 {
		t.Errorf("%s%s", text.String(), line.String())
	}
}
