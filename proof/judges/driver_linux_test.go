// SPDX-License-Identifier: EUPL-1.2

package judges

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"rinnova.example/go/service/campaign"
	"rinnova.example/go/systemtest"
)

// takeDriver copies the library and its helper, as "make token" made them, and returns the library's path in the root.
func (w *workshop) takeDriver() string {
	w.Helper()
	if err := os.MkdirAll(filepath.Join(w.dir, "driver"), 0o755); err != nil {
		w.Fatal(err)
	}
	for _, name := range []string{"librinnova-pkcs11.so", "rinnova-pkcs11"} {
		made := filepath.Join("../../bin", name)
		systemtest.NeedMade(w, made, "token")
		b, err := os.ReadFile(made)
		if err != nil {
			w.Fatal(err)
		}
		w.write("driver/"+name, b)
		if err := os.Chmod(filepath.Join(w.dir, "driver", name), 0o755); err != nil {
			w.Fatal(err)
		}
	}
	return "/mnt/driver/librinnova-pkcs11.so"
}

// A renewed card of each series of the guide logs in with our own library, in a browser, with one PIN prompt. The old
// certificate, which is still valid, is on the card too: the browser offers the new one first.
func TestDriver(t *testing.T) {
	at := stackIn(t, browsers)
	w := opened(t, at)
	s := w.serve("")
	x := w.screen("driver")
	x.setUp("Rinnova", w.takeDriver())
	known := map[string]bool{}
	for i, row := range []struct {
		series  string
		browser *browser
	}{
		{"AC2013", firefox}, {"AC2014", chromium}, {"AC2018", firefox},
		{"OT2015", chromium}, {"OT2016", firefox}, {"ID2019", chromium},
	} {
		t.Run(row.series, func(t *testing.T) {
			file := row.series + ".json"
			s.issue(row.series, row.series, "--not-after", time.Now().AddDate(0, 1, 0).Format(time.DateOnly))
			pull := w.insert(file)
			defer func() { pull(); w.untried(file) }()
			_, r := w.events(w.output(w.there("rinnova", s.renew("pcsc:0", "--series", row.series)...)))
			if r.Code != "done" {
				t.Fatalf("renewal: %+v", r)
			}
			var serial string
			for _, c := range s.certificates() {
				if !known[c.Serial] {
					serial = c.Serial
				}
				known[c.Serial] = true
			}
			defer systemtest.Start(t, row.browser.open(x, s.login))()
			x.chooses(row.browser, string(rune('a'+i))+"-"+row.series, serial)
			must(t, x.Page(row.browser.name, "Accesso riuscito"), "BRUNILDE ESEMPIO",
				"valido fino al "+r.NotAfter.In(campaign.Rome).Format("02/01/2006 15:04"), "TLS 1.3", serial)
			x.Shot(string(rune('a'+i)) + "-" + row.series + "-welcome")
		})
	}
}
