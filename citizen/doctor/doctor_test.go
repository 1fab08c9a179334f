// SPDX-License-Identifier: EUPL-1.2

package doctor_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
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
	"rinnova.example/go/citizen/proxy"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/cmp"
	"rinnova.example/go/failure"
	"rinnova.example/go/holder"
)

// fails returns an instrument that fails with a code.
func fails(code failure.Code) error { return &renewal.Failure{Code: code} }

// computer is a healthy one with a card in its one reader, and no service.
func computer(t *testing.T, card iso7816.Card, ledger tries.Ledger) doctor.Computer {
	folder := t.TempDir()
	return doctor.Computer{
		Readers: func() ([]doctor.Reader, error) {
			return []doctor.Reader{{Name: "Lettore", Present: true}}, nil
		},
		Open: func(context.Context, string) (*renewal.Renewal, func(), error) {
			return &renewal.Renewal{Card: card, Journal: ledger.Files, Now: time.Now}, func() {}, nil
		},
		Reach:   func(context.Context) (time.Time, error) { return time.Now(), nil },
		Now:     time.Now,
		Newest:  func(context.Context) (string, bool, error) { return "", false, nil },
		Folder:  func() (string, error) { return folder, nil },
		OpenSC:  &doctor.OpenSC{},
		WebView: func() bool { return true },
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

// healthy is what a computer without an open certificate's service says, without the areas that it does not examine.
const healthy = "smart-cards well;readers well;card well;pin well;certificate unknown unknown;network well;" +
	"proxy well;clock well;service well;program well;state well;browsers well;opensc well;web-view well"

// causes are what makes a computer ill, and the lines that then differ from a healthy one's.
var causes = []struct {
	name  string
	cause func(*doctor.Computer)
	want  string
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
	{"no driver", func(c *doctor.Computer) {
		c.Readers = func() ([]doctor.Reader, error) { return nil, nil }
		c.Devices = func() []doctor.Device { return []doctor.Device{{ID: "08e6:3437", Name: "Gemalto"}} }
	}, "readers bad reader-driver;card unknown unknown;pin unknown unknown"},
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
		c.Users = func() []string { return []string{"scdaemon"} }
	}, "card bad card-busy;pin unknown unknown"},
	{"a card in use", func(c *doctor.Computer) {
		c.Readers = func() ([]doctor.Reader, error) {
			return []doctor.Reader{{Name: "Lettore", Present: true, InUse: true}}, nil
		}
		c.Users = func() []string { return []string{"firefox"} }
	}, "card warning in-use"},
	{"service not reached", func(c *doctor.Computer) { c.Reach = unreached(context.DeadlineExceeded) },
		"network unknown unknown;proxy unknown unknown;clock unknown unknown;service bad service-unreachable"},
	{"no service known", func(c *doctor.Computer) { c.Reach = unreached(fails(failure.ServiceNotGiven)) },
		"network unknown unknown;proxy unknown unknown;clock unknown unknown;service bad service-not-given"},
	{"a proxy that asks", func(c *doctor.Computer) { c.Reach = unreached(&cmp.HTTPError{Status: 407}) },
		"proxy bad proxy-auth;clock unknown unknown;service unknown unknown"},
	{"a script for the proxy", func(c *doctor.Computer) { c.Reach = unreached(proxy.ErrScript) },
		"network unknown unknown;proxy bad proxy-script;clock unknown unknown;service unknown unknown"},
	{"only SOCKS", func(c *doctor.Computer) { c.Reach = unreached(proxy.ErrUnsupported) },
		"network unknown unknown;proxy bad proxy-unsupported;clock unknown unknown;service unknown unknown"},
	{"a clock that is wrong by a year", func(c *doctor.Computer) { c.Reach = unreached(fails(failure.ClockWrong)) },
		"clock bad clock-wrong;service unknown unknown"},
	{"a clock that is wrong by minutes", func(c *doctor.Computer) {
		c.Now = func() time.Time { return time.Now().Add(-6 * time.Minute) }
	}, "clock warning clock"},
	{"a program that is too old", func(c *doctor.Computer) { c.Reach = unreached(fails(failure.ProgramTooOld)) },
		"clock unknown unknown;service bad program-too-old"},
	{"a service without a campaign", func(c *doctor.Computer) {
		c.Reach = func(context.Context) (time.Time, error) { return time.Now(), fails(failure.NoCampaign) }
	}, "service bad no-campaign"},
	{"a newer version", func(c *doctor.Computer) {
		c.Newest = func(context.Context) (string, bool, error) { return "9.0.0", false, nil }
	}, "program warning newer"},
	{"a version that is not supported", func(c *doctor.Computer) {
		c.Newest = func(context.Context) (string, bool, error) { return "9.0.0", true, nil }
	}, "program warning unsupported"},
	{"no place for the journal", func(c *doctor.Computer) {
		c.Folder = func() (string, error) { return filepath.Join(os.DevNull, "journal"), nil }
	}, "state bad journal-nowhere"},
	{"a card outside of the readers", func(c *doctor.Computer) { c.Named = "emulated:card.json" },
		"smart-cards -;readers -"},
	{"a browser without the module", func(c *doctor.Computer) {
		c.Browsers = func() ([]browser.Store, error) {
			return []browser.Store{{Browser: "Firefox"}, {Browser: "Chromium", Ours: true}}, nil
		}
	}, "browsers warning module"},
	{"a browser that is confined", func(c *doctor.Computer) {
		c.Browsers = func() ([]browser.Store, error) {
			return []browser.Store{{Browser: "Firefox", Confined: "snap"}}, nil
		}
	}, "browsers warning confined"},
	{"no browser", func(c *doctor.Computer) {
		c.Browsers = func() ([]browser.Store, error) { return nil, nil }
	}, "browsers warning no-browser"},
	{"a browser's store that cannot be read", func(c *doctor.Computer) {
		c.Browsers = func() ([]browser.Store, error) { return nil, fails(failure.BrowserStore) }
	}, "browsers bad browser-store"},
	{"a browser with OpenSC alone", func(c *doctor.Computer) { withOpenSC(c, "# slots_per_card = 2;") },
		"browsers warning module;opensc warning slots"},
	{"a browser with OpenSC and two slots", func(c *doctor.Computer) {
		withOpenSC(c, "\tslots_per_card = 2;")
	},
		"browsers warning module"},
	{"no web view", func(c *doctor.Computer) { c.WebView = func() bool { return false } },
		"web-view warning no-web-view"},
}

// unreached is a request to the service that ends with an error.
func unreached(err error) func(context.Context) (time.Time, error) {
	return func(context.Context) (time.Time, error) { return time.Time{}, err }
}

// withOpenSC is a computer whose browser has OpenSC's module, with a line of its settings.
func withOpenSC(c *doctor.Computer, line string) {
	c.OpenSC = &doctor.OpenSC{Settings: "app default {\n" + line + "\n}\n"}
	c.Browsers = func() ([]browser.Store, error) {
		return []browser.Store{{Browser: "Firefox", Modules: []browser.Module{{Name: "OpenSC",
			Library: "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so"}}}}, nil
	}
}

// TestExamine: each cause gives its finding, and what depends on it is not guessed.
func TestExamine(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	good := card(t, "AC2014")
	for _, row := range causes {
		t.Run(row.name, func(t *testing.T) {
			c := computer(t, good, tries.Ledger{})
			row.cause(&c)
			want := healthy
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
			for _, f := range doctor.Examine(t.Context(), computer(t, c, l)) {
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
			if _, err := r.Reach(t.Context()); !errors.As(err, &f) || f.Code != row.want {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestIntercepted: a server with a root of its own in the place of the service is told with its issuer's name.
func TestIntercepted(t *testing.T) {
	server := httptest.NewTLSServer(http.NotFoundHandler()) // its certificate says "Acme Co"
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	defer server.Close()
	u, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	r := &renewal.Renewal{Service: renewal.Service{URL: u, HTTP: &http.Client{}}, Now: time.Now, Random: rand.Reader}
	c := computer(t, card(t, "OT2016"), tries.Ledger{})
	c.Reach = r.Reach
	for _, f := range doctor.Examine(t.Context(), c) {
		if f.Area == catalogue.AreaService && (f.Code != failure.TLSUntrusted || f.Seen != "O=Acme Co") ||
			f.Area == catalogue.AreaNetwork && f.Level != doctor.Well {
			t.Errorf("%+v", f)
		}
	}
}

// fullCard tells that its DFs have 16 bytes left (tag 81 of a DF's FCI, docs/CARDS.md §2.5).
type fullCard struct{ iso7816.Card }

func (c fullCard) Transmit(command []byte) ([]byte, error) {
	answer, err := c.Card.Transmit(command)
	if len(answer) > 6 && command[1] == 0xA4 && answer[0] == 0x6F && answer[2] == 0x81 && answer[3] == 2 {
		answer[4], answer[5] = 0, 16
	}
	return answer, err
}

// TestFull: a card without room is told also where no service is known.
func TestFull(t *testing.T) {
	for _, series := range []string{"AC2014", "ID2019"} {
		c := computer(t, fullCard{card(t, series)}, tries.Ledger{})
		if list := said(doctor.Examine(t.Context(), c)); !strings.Contains(list, "certificate bad no-room") {
			t.Errorf("%s: %s", series, list)
		}
	}
}

// TestTexts: every area and note has its texts in every language, and a number of its own.
func TestTexts(t *testing.T) {
	numbers := map[int]catalogue.Note{}
	for _, n := range catalogue.Notes() {
		if other := numbers[n.Number()]; n.Number() < 900 || other != "" {
			t.Errorf("%s has the number %d of %q", n, n.Number(), other)
		}
		numbers[n.Number()] = n
	}
	for _, l := range catalogue.Languages() {
		for _, a := range catalogue.Areas {
			if catalogue.AreaTitle(l, a) == "" || catalogue.Well(l, a) == "" {
				t.Errorf("%s lacks texts of %s", l, a)
			}
		}
		for _, level := range []doctor.Level{doctor.Well, doctor.Warning, doctor.Bad, doctor.Unknown} {
			if catalogue.LevelWord(l, string(level)) == "" {
				t.Errorf("%s has no word for %s", l, level)
			}
		}
		for _, n := range catalogue.Notes() {
			if e := catalogue.Noted(l, n); e.What == "" || e.Do == "" {
				t.Errorf("%s lacks texts of %s", l, n)
			}
		}
	}
	for _, c := range failure.All() {
		if a := catalogue.AreaOf(c); a != "" && !slices.Contains(catalogue.Areas, a) {
			t.Errorf("%s is of the area %q", c, a)
		}
	}
}
