// SPDX-License-Identifier: EUPL-1.2

package judges

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"html"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"rinnova.example/go/card/emulator"
	"rinnova.example/go/service/campaign"
	"rinnova.example/go/systemtest"
	"rinnova.example/go/systemtest/screen"
)

// browsers are those of Debian 13 in Italian, with the packages that connect OpenSC to them, and those that the
// citizen's window needs. The policy only hides the bar about running as root without a sandbox.
var browsers = &layer{
	name:  "browsers",
	below: cards,
	packages: []string{"chromium", "chromium-l10n", "firefox-esr", "firefox-esr-l10n-it", "libnss3-tools",
		"fonts-dejavu-core",
		"libgtk-3-0t64", "libwebkit2gtk-4.1-0", "pkcs11-provider"},
	setup: `mkdir -p /etc/chromium/policies/managed && echo '{"CommandLineFlagSecurityWarningsEnabled": false}' >/etc/chromium/policies/managed/judges.json`,
}

// site fetches a page of the service without a card.
func (s *service) site(address string) string {
	s.w.Helper()
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(s.w.read("s/tls.pem")) {
		s.w.Fatal("no root in tls.pem")
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	defer transport.CloseIdleConnections()
	r, err := (&http.Client{Transport: transport}).Get(address)
	if err != nil {
		s.w.Fatal(err)
	}
	defer r.Body.Close()
	b, err := io.ReadAll(r.Body)
	if err != nil {
		s.w.Fatal(err)
	}
	return string(b)
}

// driverPage is the page to which the trial login sends a person whose browser showed no certificate.
func (s *service) driverPage() (address, page string) {
	s.w.Helper()
	m := regexp.MustCompile(`href="(http://127\.0\.0\.1:\d+/driver)#opensc"`).FindStringSubmatch(s.site(s.login))
	if m == nil {
		s.w.Fatal("the trial login has no link to the list of drivers")
	}
	return m[1], s.site(m[1])
}

// setOpenSC configures OpenSC as the list of drivers describes it, for programs started on the screen later.
func (s *service) setOpenSC(x *rootScreen) {
	s.w.Helper()
	_, page := s.driverPage()
	lines := regexp.MustCompile(`(?s)<pre><code>(.*?)</code></pre>`).FindStringSubmatch(page)
	if lines == nil {
		s.w.Fatal("no lines for opensc.conf in the list of drivers")
	}
	const file = "etc/opensc/opensc.conf"
	original, err := os.ReadFile(filepath.Join(s.w.at.root, file))
	if err != nil {
		s.w.Fatal(err)
	}
	s.w.write("opensc.conf", append(original, html.UnescapeString(lines[1])...))
	x.files[file] = filepath.Join(s.w.dir, "opensc.conf")
}

// trusts puts the root of the trial's sites into the store of a browser, which trusts real ones by itself.
func (x *rootScreen) trusts(folder string) {
	w := x.w
	w.Helper()
	if err := os.MkdirAll(filepath.Join(w.dir, folder), 0o700); err != nil {
		w.Fatal(err)
	}
	store := "sql:/mnt/" + folder
	w.output(w.there("certutil", "-N", "-d", store, "--empty-password"))
	w.output(w.there("certutil", "-A", "-d", store, "-n", "trial", "-t", "C,,", "-i", "s/tls.pem"))
}

// browser is a citizen's browser: its names on the screen and on its dialogs.
type browser struct {
	name   string
	open   func(x *rootScreen, address string) *exec.Cmd
	choose string // the button that takes a certificate
}

var chromium = &browser{"Chromium", func(x *rootScreen, address string) *exec.Cmd {
	return x.there("chromium", "--no-sandbox", "--user-data-dir=/mnt/home/chromium", "--no-first-run",
		"--no-default-browser-check",
		"--force-renderer-accessibility", "--disable-gpu", "--disable-component-update",
		"--disable-background-networking", "--lang=it", "--window-position=0,0", "--window-size=1280,960", address)
}, "Ok"}

var firefox = &browser{"Firefox", func(x *rootScreen, address string) *exec.Cmd {
	return x.there("firefox-esr", "--no-remote", "--profile", "/mnt/home/firefox", address)
}, "OK"}

// newFirefox is Firefox at its first start. It makes its profile in the usual place.
var newFirefox = &browser{firefox.name, func(x *rootScreen, address string) *exec.Cmd {
	return x.there("firefox-esr", "--no-remote", address)
}, firefox.choose}

// firefoxPolicies are the settings of a computer on which Firefox is in Italian and trusts the trial's sites, as it
// does real ones by itself. It has no profile yet.
const firefoxPolicies = `{"policies": {"RequestedLocales": ["it"], "Certificates": {"Install": ["/mnt/s/tls.pem"]},
"DontCheckDefaultBrowser": true, "DisableTelemetry": true, "OverrideFirstRunPage": "", "OverridePostUpdatePage": "",
"Preferences": {"accessibility.force_disabled": {"Value": -1}, "browser.aboutwelcome.enabled": {"Value": false},
"browser.translations.enable": {"Value": false},
"security.sandbox.warn_unprivileged_namespaces": {"Value": false}}}}`

// firefoxPrefs are the settings of a Firefox that was started before, in Italian.
const firefoxPrefs = `user_pref("intl.locale.requested", "it");
user_pref("browser.aboutwelcome.enabled", false);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("browser.translations.enable", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("accessibility.force_disabled", -1);
user_pref("security.sandbox.warn_unprivileged_namespaces", false);
`

// setUp makes the stores of both browsers, with a PKCS #11 library.
func (x *rootScreen) setUp(module, library string) {
	w := x.w
	w.Helper()
	for _, folder := range []string{"home/.pki/nssdb", "home/firefox"} {
		x.trusts(folder)
		w.output(w.there("modutil", "-dbdir", "sql:/mnt/"+folder, "-add", module, "-libfile", library, "-force"))
	}
	w.write("home/firefox/user.js", []byte(firefoxPrefs))
}

// goes types an address into an open browser that shows another page, and waits for the page.
func (x *rootScreen) goes(b *browser, address, title string) string {
	x.w.Helper()
	var typed time.Time
	x.Patiently("the page at "+address, func() bool {
		if _, there := x.Look(b.name, screen.DocumentWeb, title); there {
			return true
		}
		if time.Since(typed) > 20*time.Second {
			x.Key("ctrl+l")
			x.Type(address + "\n")
			typed = time.Now()
		}
		return false
	})
	return x.Page(b.name, title)
}

// serialNumber is one of 128 bits, as the service and the trial give them.
var serialNumber = regexp.MustCompile(`\b[0-9a-f]{32}\b`)

// chooses takes the certificate that the browser offers first, which must be that of the serial number, and types the
// PIN. Without a name for its pictures it takes none.
func (x *rootScreen) chooses(b *browser, picture, serial string) {
	x.w.Helper()
	asksPIN := func() bool { _, asks := x.Look(b.name, screen.PasswordText, ""); return asks }
	x.picks(b, picture, serial, asksPIN)
	x.Code(b.name, "", "12345")
	if picture != "" {
		x.Shot(picture + "-pin")
	}
	x.Key("Return")
}

// picks takes the certificate that the browser offers first and waits for what that must bring.
func (x *rootScreen) picks(b *browser, picture, serial string, brings func() bool) {
	x.w.Helper()
	x.Find(b.name, screen.Button, b.choose)
	shows := ""
	for e := range x.Shown(b.name) {
		shows += e.Name + "\n"
	}
	first := serialNumber.FindString(strings.ReplaceAll(strings.ToLower(shows), ":", ""))
	if first != strings.ToLower(serial) {
		x.w.Errorf("%s offers %s first, want %s:\n%s", b.name, first, serial, shows)
	}
	if picture != "" {
		x.Shot(picture + "-certificate")
	}
	x.Press(b.name, screen.Button, []string{b.choose}, brings)
}

// must has a page say something.
func must(t testing.TB, page string, wants ...string) {
	t.Helper()
	for _, want := range wants {
		if !strings.Contains(page, want) {
			t.Errorf("no %q in the page %q", want, page)
		}
	}
}

// expired is a day some weeks ago.
func expired() string { return time.Now().AddDate(0, 0, -20).Format(time.DateOnly) }

const hidden = "Se il certificato della tessera è scaduto il browser non lo propone: rinnovalo seguendo la guida."

// A citizen whose certificate has expired renews the card in the window and logs in with a browser. Steps
// 14 and 15 of the guide: the card is taken out and put back, the browser is closed and opened again.
func TestBrowser(t *testing.T) {
	at := stackIn(t, browsers)
	w := opened(t, at)
	s := w.serve("")
	s.issue("card", "ID2019", "--not-after", expired())
	pull := w.insert("card.json")
	x := w.screen("browser")
	x.setUp("OpenSC", w.at.module)
	s.setOpenSC(x)

	// Before the renewal. The site would say that the certificate has expired; no browser of today presents such a
	// certificate.
	if l := s.logsIn("CNS0", "1.3"); l.Accepted || l.Reason != "expired" {
		t.Fatalf("before: %+v", l)
	}
	openFirefox := systemtest.Start(t, firefox.open(x, s.login))
	must(t, x.Page(firefox.name, "Accesso non riuscito"), "no-certificate", hidden)
	x.Shot("1-before-firefox")
	openFirefox()
	closeChromium := systemtest.Start(t, chromium.open(x, s.login))
	must(t, x.Page(chromium.name, "Accesso non riuscito"), "no-certificate", hidden)
	x.Shot("1-before-chromium")

	// The window, as "make window" made it.
	r := x.renews(s, x.windowMade(s), "3-reinserted", func() {
		pull()
		x.Find("rinnova", screen.ListItem, "✓Rimuovi la tessera dal lettore.")
		pull = w.insert("card.json")
	})

	// Chromium has not been closed: it still has no certificate.
	driver, _ := s.driverPage()
	x.goes(chromium, driver, "Elenco driver")
	must(t, x.goes(chromium, s.login, "Accesso non riuscito"), "no-certificate",
		"Chiudi tutte le finestre del browser e riaprilo")
	x.Shot("4-not-closed-chromium")
	closeChromium()

	// Closed and opened again.
	welcome := []string{"BRUNILDE ESEMPIO", "valido fino al " + r.NotAfter.In(campaign.Rome).Format("02/01/2006 15:04"),
		"TLS 1.3", r.Serial}
	closeChromium = systemtest.Start(t, chromium.open(x, s.login))
	x.chooses(chromium, "5-chromium", r.Serial)
	must(t, x.Page(chromium.name, "Accesso riuscito"), welcome...)
	x.Shot("6-welcome-chromium")
	closeChromium()
	closeFirefox := systemtest.Start(t, firefox.open(x, s.login))
	x.chooses(firefox, "7-firefox", r.Serial)
	must(t, x.Page(firefox.name, "Accesso riuscito"), welcome...)
	x.Shot("8-welcome-firefox")
	closeFirefox()

	// OpenSC as Debian sets it shows browsers one certificate of a card: the page says what to do about it.
	delete(x.files, "etc/opensc/opensc.conf")
	closeChromium = systemtest.Start(t, chromium.open(x, s.login))
	must(t, x.Page(chromium.name, "Accesso non riuscito"), "no-certificate", "OpenSC", "va configurato")
	x.Shot("9-opensc-not-set-chromium")
	closeChromium()

	pull()
	w.untried("card.json")
}

// untried checks that no try of the PIN was spent on a card that is out of the reader.
func (w *workshop) untried(file string) {
	w.Helper()
	card, err := emulator.Open(filepath.Join(w.dir, file))
	if err != nil {
		w.Fatal(err)
	}
	defer card.Close()
	if pin := card.Tries(0x10); pin != 3 {
		w.Errorf("%d tries of the PIN are left", pin)
	}
}

// windowMade is the window that make window made. The environment names its service.
func (x *rootScreen) windowMade(s *service) *exec.Cmd {
	w := x.w
	w.Helper()
	window, err := filepath.Abs("../../bin/rinnova-window")
	if err == nil {
		_, err = os.Stat(window)
	}
	if err != nil {
		w.Fatalf("%v: make window", err)
	}
	x.files["media"] = filepath.Dir(window)
	c := x.there("/media/rinnova-window", "window", "--pause", "2s")
	c.Env = append(c.Env, "RINNOVA_SERVICE="+s.cmp, "RINNOVA_CA=/mnt/s/ca.pem", "RINNOVA_TLS_CA=/mnt/s/tls.pem")
	delete(x.files, "media")
	return c
}

// renews renews the card in the reader with the window. reinsert takes the card out and inserts it again.
func (x *rootScreen) renews(s *service, window *exec.Cmd, picture string, reinsert func()) certificate {
	w := x.w
	w.Helper()
	before := map[string]bool{}
	for _, c := range s.certificates() {
		before[c.Serial] = true
	}
	defer systemtest.Start(w, window)()
	const rinnova = "rinnova"
	x.Find(rinnova, screen.Heading, "La tua tessera")
	x.Shot("2-window-card")
	x.Press(rinnova, screen.Button, []string{"RINNOVA"},
		func() bool { _, asks := x.Look(rinnova, screen.PasswordText, "Codice PIN"); return asks })
	x.Code(rinnova, "Codice PIN", "12345")
	x.Shot("2-window-pin")
	x.Press(rinnova, screen.Button, []string{"PROSEGUI"}, func() bool {
		_, done := x.Look(rinnova, screen.Heading, "Certificato rinnovato con successo")
		return done
	})
	x.Shot("2-window-done")
	reinsert()
	x.Press(rinnova, screen.Button, []string{"PROVA L’ACCESSO"}, func() bool {
		for e := range x.Shown(rinnova) {
			if strings.HasPrefix(e.Text(), "Accesso riuscito: BRUNILDE ESEMPIO") {
				return true
			}
		}
		return false
	})
	x.Shot(picture)
	serial := s.newest(before)
	for _, c := range s.certificates() {
		if c.Serial == serial && c.State == "proven" && c.Valid {
			return c
		}
	}
	w.Fatalf("not on record as proven: %s", serial)
	return certificate{}
}

// OpenSC cannot use the new key of these series: C_Login ends in an error. The browser offers the certificate, asks the
// PIN, and then comes without one; the page says which driver there is, and "rinnova verify" that the card is good.
func TestSeriesWithoutOpenSC(t *testing.T) {
	at := stackIn(t, browsers)
	for series, driver := range map[string]string{"AC2014": "asepkcs", "OT2016": "bit4xpki"} {
		t.Run(series, func(t *testing.T) {
			w := opened(t, at)
			s := w.serve("")
			s.issue("card", series, "--not-after", expired())
			pull := w.insert("card.json")
			_, r := w.events(w.output(w.there("rinnova", s.renew("pcsc:0", "--series", series)...)))
			if r.Code != "done" {
				t.Fatalf("%+v", r)
			}
			var l login
			w.answer(w.output(w.there("rinnova", append([]string{"verify"}, s.common("pcsc:0")...)...)), &l)
			if !l.Accepted || !l.NotAfter.Equal(r.NotAfter) {
				t.Errorf("verify: %+v", l)
			}
			x := w.screen("browser")
			x.setUp("OpenSC", w.at.module)
			s.setOpenSC(x)
			stop := systemtest.Start(t, chromium.open(x, s.login))
			x.chooses(chromium, fmt.Sprintf("10-%s", series), s.certificates()[0].Serial)
			must(t, x.Page(chromium.name, "Accesso non riuscito"), "no-certificate",
				"OpenSC non può usare il certificato rinnovato delle tessere AC e OT")
			x.Shot(fmt.Sprintf("11-%s-refused", series))
			x.Press(chromium.name, screen.Link, []string{"elenco dei driver"},
				func() bool { _, there := x.Look(chromium.name, screen.DocumentWeb, "Elenco driver"); return there })
			must(t, x.Page(chromium.name, "Elenco driver"), series, driver,
				"OpenSC non può usare il certificato rinnovato di queste tessere")
			x.Shot(fmt.Sprintf("12-%s-drivers", series))
			stop()
			pull()
			w.untried("card.json")
		})
	}
}
