// SPDX-License-Identifier: EUPL-1.2

package judges

import (
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"rinnova.example/go/service/campaign"
	"rinnova.example/go/systemtest"
	"rinnova.example/go/systemtest/screen"
)

// made returns the absolute path of a file that "make token" made.
func (w *workshop) made(file string) string {
	w.Helper()
	systemtest.NeedMade(w, file, "token")
	path, err := filepath.Abs(file)
	if err != nil {
		w.Fatal(err)
	}
	return path
}

// usualFirefox is Firefox with a profile in the usual place.
var usualFirefox = &browser{firefox.name, func(x *rootScreen, address string) *exec.Cmd {
	return x.there("firefox-esr", "--no-remote", "--profile", "/mnt/home/.mozilla/firefox/prova", address)
}, firefox.choose}

// registered adds our library to both browsers by the window, in a home folder in which Chromium was never started
// and Firefox once. Then it trusts the trial's sites, as the browsers do with real ones.
func (x *rootScreen) registered(s *service) {
	w := x.w
	w.Helper()
	if err := os.MkdirAll(filepath.Join(w.dir, "home/.mozilla/firefox/prova"), 0o700); err != nil {
		w.Fatal(err)
	}
	w.write("home/.mozilla/firefox/prova/times.json", []byte("{}"))
	w.write("home/.mozilla/firefox/prova/user.js", []byte(firefoxPrefs))
	window := x.windowMade(s)
	x.files["media"] = filepath.Dir(w.made("../../bin/librinnova-pkcs11.so")) // the browsers load it from here
	closes := systemtest.Start(w, window)
	x.Press("rinnova", screen.Link, []string{"Diagnosi"},
		func() bool { _, there := x.Look("rinnova", screen.Button, addModule); return there })
	x.Shot("0-diagnosis")
	x.addsModule("0-added")
	closes()
	x.trusts("home/.pki/nssdb")
	x.trusts("home/.mozilla/firefox/prova")
}

// addModule is the window's button that adds our module to the browsers.
const addModule = "Aggiungi ai browser"

func (x *rootScreen) addsModule(picture string) {
	x.w.Helper()
	x.Press("rinnova", screen.Button, []string{addModule},
		func() bool { _, there := x.Look("rinnova", screen.Button, "Togli dai browser"); return there })
	x.Shot(picture)
}

// A renewed card of each series of the guide logs in with our own library, in a browser, with one PIN prompt. The old
// certificate, which is still valid, is on the card too: the browser offers the new one first. In the last two rows the
// browser has OpenSC as well, as Debian configures it.
func TestDriver(t *testing.T) {
	at := stackIn(t, browsers)
	w := opened(t, at)
	s := w.serve("")
	x := w.screen("driver")
	x.registered(s)
	known := map[string]bool{}
	for i, row := range []struct {
		series  string
		browser *browser
		beside  string // the store to which OpenSC is added
	}{
		{"AC2013", usualFirefox, ""}, {"AC2014", chromium, ""}, {"AC2018", usualFirefox, ""},
		{"OT2015", chromium, ""}, {"OT2016", usualFirefox, ""}, {"ID2019", chromium, ""},
		{"AC2014", chromium, ".pki/nssdb"}, {"ID2019", usualFirefox, ".mozilla/firefox/prova"},
	} {
		t.Run(row.series+row.beside, func(t *testing.T) {
			name := fmt.Sprintf("%c-%s", 'a'+i, row.series)
			if row.beside != "" {
				w.output(w.there("modutil", "-dbdir", "sql:/mnt/home/"+row.beside, "-add", "OpenSC", "-libfile",
					w.at.module, "-force"))
			}
			r, done := s.renewed(name, row.series)
			defer done()
			var serial string
			for _, c := range s.certificates() {
				if !known[c.Serial] {
					serial = c.Serial
				}
				known[c.Serial] = true
			}
			defer systemtest.Start(t, row.browser.open(x, s.login))()
			x.chooses(row.browser, name, serial)
			must(t, x.Page(row.browser.name, "Accesso riuscito"), "BRUNILDE ESEMPIO",
				"valido fino al "+r.NotAfter.In(campaign.Rome).Format("02/01/2006 15:04"), "TLS 1.3", serial)
			x.Shot(name + "-welcome")
		})
	}
	w.output(w.there("rinnova", "browser", "remove"))
	if out := w.output(w.there("rinnova", "browser", "list", "--json")); strings.Contains(out, "rinnova-pkcs11") ||
		!strings.Contains(out, "nssdb") || !strings.Contains(out, "prova") {
		t.Errorf("after the removal: %s", out)
	}
}

// renewed puts a card into the reader, whose old certificate is valid for another month, and renews it. done pulls the
// card and checks that no try of its PIN was spent.
func (s *service) renewed(name, series string) (r result, done func()) {
	w := s.w
	w.Helper()
	s.issue(name, series, "--not-after", time.Now().AddDate(0, 1, 0).Format(time.DateOnly))
	pull := w.insert(name + ".json")
	_, r = w.events(w.output(w.there("rinnova", s.renew("pcsc:0", "--series", series)...)))
	if r.Code != "done" {
		w.Fatalf("renewal of %s: %+v", name, r)
	}
	return r, func() { pull(); w.untried(name + ".json") }
}

// provider configures OpenSSL's PKCS #11 provider with our library.
const provider = `openssl_conf = all
[all]
providers = providers
[providers]
default = own
pkcs11 = card
[own]
activate = 1
[card]
module = /usr/lib/x86_64-linux-gnu/ossl-modules/pkcs11.so
pkcs11-module-path = /mnt/librinnova-pkcs11.so
activate = 1
`

// OpenSSL of Debian 13 logs in by its PKCS #11 provider, which replaces the engine.
func TestProvider(t *testing.T) {
	at := stackIn(t, browsers)
	w := opened(t, at)
	w.output(exec.Command("cp", w.made("../../bin/librinnova-pkcs11.so"), w.made("../../bin/rinnova-pkcs11"), w.dir))
	w.write("openssl.cnf", []byte(provider))
	s := w.serve("")
	address, err := url.Parse(s.login)
	if err != nil {
		t.Fatal(err)
	}
	for _, series := range []string{"AC2014", "OT2015", "ID2019"} {
		t.Run(series, func(t *testing.T) {
			r, done := s.renewed(series, series)
			defer done()
			list := w.output(w.there("pkcs11-tool", "--module", "/mnt/librinnova-pkcs11.so", "-O", "--type", "cert"))
			id := regexp.MustCompile(`(?m)^  ID: +([0-9a-f]+)$`).FindStringSubmatch(list)
			if id == nil {
				t.Fatalf("no certificate in\n%s", list)
			}
			uri := "pkcs11:id=" + regexp.MustCompile("..").ReplaceAllString(id[1], "%$0")
			c := w.there("openssl", "s_client", "-connect", address.Host, "-quiet", "-CAfile", "s/tls.pem", "-cert",
				uri+";type=cert", "-key", uri+";type=private?pin-value=12345")
			c.Env = append(c.Env, "OPENSSL_CONF=/mnt/openssl.cnf")
			c.Stdin = strings.NewReader("GET / HTTP/1.0\r\nAccept: application/json\r\n\r\n")
			out := w.output(c)
			var l login
			w.answer(out[strings.Index(out, "{"):], &l)
			if !l.Accepted || !l.NotAfter.Equal(r.NotAfter) || l.TLS != "TLS 1.3" {
				t.Errorf("the site answers %+v", l)
			}
		})
	}
}
