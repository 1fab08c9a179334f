// SPDX-License-Identifier: EUPL-1.2

package relying

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rinnova.example/go/card/pcsc/pcsctest"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/proof/person"
	"rinnova.example/go/systemtest"
	"rinnova.example/go/trial"
)

// renewed returns a renewed card of the service, and its new certificate.
func (w *world) renewed(series string) (*trial.Card, *x509.Certificate) {
	w.Helper()
	now := time.Now()
	card, err := w.service.Issue(w.Context(), trial.CardRequest{Series: series, NotBefore: now.AddDate(-5, 0, 0),
		NotAfter: now.AddDate(0, 1, 0)})
	check(w, err)
	r := &renewal.Renewal{Card: card, Campaign: "prova", Prompter: person.Knowing{Series: series},
		Now: time.Now, Random: rand.Reader,
		Service: renewal.Service{URL: &url.URL{Scheme: "https", Host: "rinnovo.example"},
			HTTP: &http.Client{Transport: w.service}},
		Anchors: []*x509.Certificate{w.current.Certificate()}, Wait: renewal.Wait}
	out, err := r.Run(w.Context())
	check(w, err)
	out.Session.ForgetPIN()
	return card, out.Certificate
}

// TestCard logs in at both servers with a renewed card, by our PKCS #11 library and curl.
func TestCard(t *testing.T) {
	const library = "../../bin/librinnova-pkcs11.so"
	systemtest.NeedMade(t, library, "token")
	systemtest.Need(t, "libengine-pkcs11-openssl", "/usr/lib/*/engines-3/pkcs11.so")
	module, err := filepath.Abs(library)
	check(t, err)
	stack := pcsctest.Start(t)
	for name, row := range map[string]struct {
		series string
		start  func(*world)
	}{
		"Apache": {"AC2014", func(w *world) { w.Apache() }},
		"nginx":  {"ID2019", func(w *world) { w.Nginx() }},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			row.start(w)
			card, certificate := w.renewed(row.series)
			pull := pcsctest.PlugCard(t, stack.Addrs[0], card)
			defer pcsctest.Empty(t, stack.Readers[0])
			defer pull()
			// RFC 5280 §4.2.1.2, method 1, as RFC 7512 writes bytes
			id := sha1.Sum(x509.MarshalPKCS1PublicKey(certificate.PublicKey.(*rsa.PublicKey)))
			pair := "pkcs11:id=" + strings.ReplaceAll(fmt.Sprintf(" % x", id), " ", "%")
			c := exec.Command("curl", "-sSk", "--noproxy", "*", "--engine", "pkcs11", "--cert-type", "ENG", "--cert",
				pair+";type=cert", "--key-type", "ENG", "--key", pair+";type=private;pin-value="+trial.PIN,
				"https://"+w.Address+"/")
			c.Env = append(os.Environ(), "HOME="+t.TempDir(), "XDG_STATE_HOME=", "PKCS11_MODULE_PATH="+module)
			if out, err := c.CombinedOutput(); err != nil || string(out) != "Benvenuto, "+codiceFiscale+"\n" {
				t.Errorf("%v\n%s", err, out)
			}
			if n := card.Tries(0x10); n != 3 {
				t.Errorf("%d tries left", n)
			}
		})
	}
}
