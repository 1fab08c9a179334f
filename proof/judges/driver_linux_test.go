// SPDX-License-Identifier: EUPL-1.2

package judges

import (
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"rinnova.example/go/proof/relying"
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

// registered adds our library to both browsers by "rinnova browser add", in a home folder in which Chromium was never
// started and Firefox once. Then it trusts the trial's sites, as the browsers do with real ones.
func (x *rootScreen) registered() {
	w := x.w
	w.Helper()
	if err := os.MkdirAll(filepath.Join(w.dir, "home/.mozilla/firefox/prova"), 0o700); err != nil {
		w.Fatal(err)
	}
	w.write("home/.mozilla/firefox/prova/times.json", []byte("{}"))
	w.write("home/.mozilla/firefox/prova/user.js", []byte(firefoxPrefs))
	x.files["media"] = filepath.Dir(w.made("../../bin/librinnova-pkcs11.so")) // the browsers load it from here
	systemtest.NeedMade(w, "../../bin/rinnova-window", "window")
	w.output(x.there("/media/rinnova-window", "browser", "add"))
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

// loginSite is a site in which a renewed card logs in.
type loginSite struct {
	address string // begins with https://
	greets  string // its page has these words after a login
}

// greeted returns the page that a person sees after a login, once the browser shows it.
func (x *rootScreen) greeted(b *browser, site loginSite) (page string, ok bool) {
	for e := range x.Shown(b.name) {
		if e.Role == screen.DocumentWeb {
			page = strings.Join(strings.Fields(e.Text()), " ")
			return page, strings.Contains(page, site.greets)
		}
	}
	return "", false
}

// welcomes waits for the page after the login with a renewed certificate.
func (x *rootScreen) welcomes(b *browser, site loginSite, r result, serial string) {
	w := x.w
	w.Helper()
	var page string
	x.Patiently("the page of "+site.address, func() (ok bool) { page, ok = x.greeted(b, site); return ok })
	if site.greets == trialGreets {
		must(w, page, "BRUNILDE ESEMPIO", "valido fino al "+r.NotAfter.In(campaign.Rome).Format("02/01/2006 15:04"),
			"TLS 1.3", serial)
	}
}

// trialGreets is on the page of the trial login. Other sites greet the person of "rinnovad card issue".
const trialGreets = "Accesso riuscito"

// behind starts a web server as docs/RELYING-SITE.md sets it up, which trusts the service's roots.
func (s *service) behind(start func(*relying.Site)) loginSite {
	w := s.w
	w.Helper()
	site := relying.NewSite(w, s.public, w.read("s/server.pem"), w.read("s/server.key"))
	start(site)
	return loginSite{"https://" + site.Address, "Benvenuto, SMPBNL78R47D612H"}
}

// A renewed card of each series of the guide logs in with our own library, in both browsers, with one PIN prompt: a
// second one would stand before the page. The old certificate, which is still valid, is on the card too: the browser
// offers the new one first. Each browser logs in at each site, and beside OpenSC as Debian configures it.
func TestDriver(t *testing.T) {
	at := stackIn(t, browsers)
	w := opened(t, at)
	s := w.serve("")
	x := w.screen("driver")
	x.registered()
	sites := map[string]loginSite{"Prova di accesso": {s.login, trialGreets},
		"Apache": s.behind((*relying.Site).Apache), "nginx": s.behind((*relying.Site).Nginx)}
	stores := map[*browser]string{chromium: ".pki/nssdb", usualFirefox: ".mozilla/firefox/prova"}
	known := map[string]bool{}
	for i, row := range []struct {
		series string
		sites  map[*browser]string
		beside bool // from here on both browsers have OpenSC too
	}{
		{"AC2013", map[*browser]string{chromium: "Prova di accesso", usualFirefox: "Apache"}, false},
		{"AC2014", map[*browser]string{chromium: "nginx", usualFirefox: "Prova di accesso"}, false},
		{"AC2018", map[*browser]string{chromium: "Apache", usualFirefox: "nginx"}, false},
		{"OT2015", map[*browser]string{chromium: "Prova di accesso", usualFirefox: "nginx"}, false},
		{"OT2016", map[*browser]string{chromium: "nginx", usualFirefox: "Apache"}, true},
		{"ID2019", map[*browser]string{chromium: "Apache", usualFirefox: "Prova di accesso"}, false},
	} {
		t.Run(row.series, func(t *testing.T) {
			if row.beside {
				for _, store := range stores {
					w.output(w.there("modutil", "-dbdir", "sql:/mnt/home/"+store, "-add", "OpenSC", "-libfile",
						w.at.module, "-force"))
				}
			}
			r, done := s.renewed(row.series, row.series)
			defer done()
			serial := s.newest(known)
			for b, site := range row.sites {
				closes := systemtest.Start(t, b.open(x, sites[site].address))
				picture := "" // pictures take longer than the login
				if i == 0 {
					picture = row.series + "-" + b.name
				}
				x.chooses(b, picture, serial)
				x.welcomes(b, sites[site], r, serial)
				closes()
			}
		})
	}
	w.output(w.there("rinnova", "browser", "remove"))
	if out := w.output(w.there("rinnova", "browser", "list", "--json")); strings.Contains(out, "rinnova-pkcs11") ||
		!strings.Contains(out, "nssdb") || !strings.Contains(out, "prova") {
		t.Errorf("after the removal: %s", out)
	}
}

// newest returns the serial number of the one certificate on record that is not known yet.
func (s *service) newest(known map[string]bool) (serial string) {
	s.w.Helper()
	for _, c := range s.certificates() {
		if !known[c.Serial] && serial != "" {
			s.w.Fatal("two new certificates are on record")
		}
		if !known[c.Serial] {
			serial = c.Serial
		}
	}
	known[serial] = true
	return serial
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
