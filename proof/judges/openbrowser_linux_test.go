// SPDX-License-Identifier: EUPL-1.2

package judges

import (
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rinnova.example/go/card/emulator"
	"rinnova.example/go/proof/relying"
	"rinnova.example/go/systemtest"
	"rinnova.example/go/systemtest/screen"
)

// openBrowser is a browser with our library that stays open while cards come and go.
type openBrowser struct {
	*rootScreen
	*browser
	s *service
}

func (o *openBrowser) asksCertificate() bool {
	_, asks := o.Look(o.name, screen.Button, o.choose)
	return asks
}

func (o *openBrowser) asksPIN() bool { _, asks := o.Look(o.name, screen.PasswordText, ""); return asks }

// goes types the address of a site into the browser, until it asks something or lets the person in.
func (o *openBrowser) goes(site loginSite) {
	o.w.Helper()
	var typed time.Time
	o.Patiently("a question, or the page of "+site.address, func() bool {
		if o.asksCertificate() || o.asksPIN() || o.isIn(site) {
			return true
		}
		if time.Since(typed) > 20*time.Second {
			o.Key("ctrl+l")
			o.Type(site.address)
			o.Key("Return")
			typed = time.Now()
		}
		return false
	})
}

// isIn reports whether the browser shows the page after a login. The page of the site before has the same words.
func (o *openBrowser) isIn(site loginSite) bool {
	if _, shown := o.Look(o.name, screen.PageTab, strings.TrimPrefix(site.address, "https://")); !shown {
		return false
	}
	_, greeted := o.greeted(o.browser, site)
	return greeted
}

// logsIn logs in at a new site. The certificate that the browser offers first must be that of the serial number.
// Firefox does not ask for one where it was asked before: it remembers the choice for a host, whatever the port. logsIn
// answers each question for the PIN, and checks how many there are.
func (o *openBrowser) logsIn(serial, pin string, questions int) {
	o.w.Helper()
	site := o.s.behind((*relying.Site).Apache)
	o.goes(site)
	asked := 0
	for !o.isIn(site) {
		o.Patiently("a question or the page", func() bool {
			return o.asksCertificate() || o.asksPIN() || o.isIn(site)
		})
		switch {
		case o.asksCertificate():
			o.picks(o.browser, "", serial, func() bool { return !o.asksCertificate() })
		case o.asksPIN():
			asked++
			o.Code(o.name, "", pin)
			o.Sent(o.name, "")
		}
	}
	if asked != questions {
		o.w.Errorf("%s asked %d times for the PIN, want %d", o.name, asked, questions)
	}
}

// mistypes types another wrong PIN at each question, four at most, until the browser gives up.
func (o *openBrowser) mistypes(serial string) {
	o.w.Helper()
	o.goes(o.s.behind((*relying.Site).Apache))
	if o.asksCertificate() {
		o.picks(o.browser, "", serial, o.asksPIN)
	}
	for i := range 4 {
		o.Code(o.name, "", fmt.Sprintf("9753%d", i))
		o.Sent(o.name, "")
		for end := time.Now().Add(5 * time.Second); !o.asksPIN(); time.Sleep(200 * time.Millisecond) {
			if time.Now().After(end) {
				o.w.Logf("%s asked %d times", o.name, i+1)
				return
			}
		}
	}
	o.Key("Escape")
}

// card is a trial card in a file, and in the reader between insert and pull.
func (s *service) card(t testing.TB, name, series string) (serial string) {
	t.Helper()
	s.issue(name, series, "--not-after", time.Now().AddDate(0, 1, 0).Format(time.DateOnly))
	block, _ := pem.Decode(s.w.read(name + "/old.pem"))
	if block == nil {
		t.Fatal("no certificate in old.pem")
	}
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%x", c.SerialNumber)
}

// tries checks how many tries of the PIN a card has that is out of the reader.
func (w *workshop) tries(t testing.TB, name string, want int) {
	t.Helper()
	card, err := emulator.Open(filepath.Join(w.dir, name+".json"))
	if err != nil {
		t.Fatal(err)
	}
	defer card.Close()
	if got := card.Tries(0x10); got != want {
		t.Errorf("%s has %d tries of the PIN left, want %d", name, got, want)
	}
}

// A browser that loads our library stays open while cards are pulled, inserted, renewed and given another PIN by other
// programs, and while another browser uses the same card.
func TestOpenBrowser(t *testing.T) {
	at := stackIn(t, browsers)
	w := opened(t, at)
	s := w.serve("")
	x := w.screen("open")
	x.registered()
	driver, _ := s.driverPage()
	for b, other := range map[*browser]*browser{chromium: usualFirefox, usualFirefox: chromium} {
		t.Run(b.name, func(t *testing.T) {
			known := map[string]bool{}
			for _, c := range s.certificates() {
				known[c.Serial] = true
			}
			o := &openBrowser{x, b, s}
			t.Log("started without a card")
			defer systemtest.Start(t, b.open(x, driver))()
			x.Page(b.name, "Elenco driver")

			t.Log("a card comes, and another browser uses it too")
			one := b.name + "-one"
			s.card(t, one, "AC2014")
			pull := w.insert(one + ".json")
			w.output(w.there("rinnova", s.renew("pcsc:0", "--series", "AC2014")...))
			serial := s.newest(known)
			o.logsIn(serial, "12345", 1)
			site := s.behind((*relying.Site).Nginx)
			closes := systemtest.Start(t, other.open(x, site.address))
			x.chooses(other, "", serial)
			x.welcomes(other, site, result{}, serial)
			closes()
			o.logsIn(serial, "12345", 0)

			t.Log("the same card again")
			pull()
			pull = w.insert(one + ".json")
			o.logsIn(serial, "12345", 1)
			pull()
			w.tries(t, one, 3)

			t.Log("another card, which is renewed meanwhile")
			two := b.name + "-two"
			old := s.card(t, two, "ID2019")
			pull = w.insert(two + ".json")
			o.logsIn(old, "12345", 1)
			w.output(w.there("rinnova", s.renew("pcsc:0", "--series", "ID2019")...))
			serial = s.newest(known)
			o.logsIn(serial, "12345", 1)

			t.Log("whose PIN is changed meanwhile")
			change := w.there("rinnova", "pin", "change", "--card", "pcsc:0", "--pin-from", "env:PIN", "--new-pin-from",
				"env:NEW")
			change.Env = append(change.Env, "NEW=97531")
			w.output(change)
			o.logsIn(serial, "97531", 1)
			pull()
			w.tries(t, two, 3)

			t.Log("a wrong PIN, as often as the browser asks")
			three := b.name + "-three"
			old = s.card(t, three, "OT2015")
			pull = w.insert(three + ".json")
			o.mistypes(old)
			pull()
			w.tries(t, three, 1)
		})
	}
}
