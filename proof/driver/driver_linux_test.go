// SPDX-License-Identifier: EUPL-1.2

package driver

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/cns"
	"rinnova.example/go/card/pcsc/pcsctest"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/login"
	"rinnova.example/go/systemtest"
	"rinnova.example/go/trial"
)

const library = "../../bin/librinnova-pkcs11.so"

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// renewable lists the series that can be renewed.
func renewable() []string {
	return slices.DeleteFunc(trial.Series(), func(sigla string) bool {
		m, _, _ := cardmodel.BySeries(sigla)
		return m.NotRenewable.Value != ""
	})
}

// knowing is a person who knows both codes.
type knowing struct{ series string }

func (knowing) PIN(context.Context, renewal.CodeRequest) ([]byte, error) {
	return []byte(trial.PIN), nil
}

func (knowing) PUK(context.Context, renewal.CodeRequest) ([]byte, error) {
	return []byte(trial.PUK), nil
}

func (k knowing) Consent(context.Context, renewal.Question) (string, error) { return k.series, nil }

// renewed returns a card with its old pair and a new one.
func renewed(t *testing.T, s *trial.Service, series string) *trial.Card {
	t.Helper()
	now := time.Now()
	card, err := s.Issue(t.Context(), trial.CardRequest{Series: series, NotBefore: now.AddDate(-5, 0, 0),
		NotAfter: now.AddDate(0, 1, 0)})
	check(t, err)
	r := &renewal.Renewal{Card: card, Service: renewal.Service{URL: &url.URL{Scheme: "https", Host: "rinnovo.example"},
		HTTP: &http.Client{Transport: s}}, Anchors: []*x509.Certificate{s.Current.Certificate()}, Campaign: "prova",
		Prompter: knowing{series}, Now: time.Now, Random: rand.Reader, Wait: renewal.Wait}
	out, err := r.Run(t.Context())
	check(t, err)
	out.Session.ForgetPIN()
	return card
}

// host runs programs as a user with an empty home folder.
type host struct {
	*testing.T
	home   string
	module string // for OpenSSL's engine, "" for none
}

// openssl lets OpenSSL use the old keys of 1024 bits.
const openssl = `openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = default
[default]
CipherString = DEFAULT:@SECLEVEL=0
`

func newHost(t *testing.T) *host { return &host{t, t.TempDir(), ""} }

func (h *host) run(name string, args ...string) string {
	h.Helper()
	c := exec.Command(name, args...)
	c.Env = []string{"HOME=" + h.home, "PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8",
		"PKCS11_MODULE_PATH=" + h.module}
	if h.module != "" {
		c.Env = append(c.Env, "OPENSSL_CONF="+filepath.Join(h.home, "openssl.cnf"))
	}
	out, err := c.CombinedOutput()
	if err != nil {
		h.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

// TestEverySeries has OpenSC's tool test the old and the new key of each series that can be renewed.
func TestEverySeries(t *testing.T) {
	systemtest.Need(t, "opensc", "pkcs11-tool")
	systemtest.NeedMade(t, library, "token")
	module, err := filepath.Abs(library)
	check(t, err)
	service, err := trial.New(t.Context(), trial.Config{})
	check(t, err)
	t.Cleanup(func() { check(t, service.Close()) })
	stack := pcsctest.Start(t)
	for _, series := range renewable() {
		t.Run(series, func(t *testing.T) {
			card := renewed(t, service, series)
			pull := pcsctest.PlugCard(t, stack.Addrs[0], card)
			defer pcsctest.Empty(t, stack.Readers[0])
			defer pull()
			h := newHost(t)
			tool := func(args ...string) string {
				return h.run("pkcs11-tool", append([]string{"--module", module}, args...)...)
			}
			if list := tool("-O"); strings.Count(list, "Certificate Object") != 2 ||
				strings.Count(list, "Public Key Object") != 2 || strings.Contains(list, "Private Key Object") {
				t.Errorf("objects before a login:\n%s", list)
			}
			out := tool("--login", "--pin", trial.PIN, "--test")
			for _, want := range []string{"No errors", "all 4 signature functions seem to work"} {
				if !strings.Contains(out, want) {
					t.Errorf("no %q in\n%s", want, out)
				}
			}
			if n := strings.Count(out, "testing key "); n != 4 { // each signs and decrypts
				t.Errorf("%d keys were tested:\n%s", n, out)
			}
			session, err := cns.Open(card)
			check(t, err)
			if n := card.Tries(session.Model.Code(cardmodel.PIN).Reference); n != 3 {
				t.Errorf("%d tries left", n)
			}
		})
	}
}

// TestCurl logs in at the trial login with curl, by OpenSSL's PKCS #11 engine, with the old pair and with the new one.
func TestCurl(t *testing.T) {
	systemtest.Need(t, "curl", "curl")
	systemtest.Need(t, "libengine-pkcs11-openssl", "/usr/lib/*/engines-3/pkcs11.so")
	systemtest.NeedMade(t, library, "token")
	module, err := filepath.Abs(library)
	check(t, err)
	service, err := trial.New(t.Context(), trial.Config{})
	check(t, err)
	t.Cleanup(func() { check(t, service.Close()) })
	site := httptest.NewUnstartedServer(nil)
	site.Config.Handler, site.TLS = service.Login()
	site.StartTLS()
	t.Cleanup(site.Close)
	stack := pcsctest.Start(t)
	card := renewed(t, service, "OT2015")
	defer pcsctest.PlugCard(t, stack.Addrs[0], card)()
	session, err := cns.Open(card)
	check(t, err)
	h := newHost(t)
	h.module = module
	check(t, os.WriteFile(filepath.Join(h.home, "openssl.cnf"), []byte(openssl), 0o600))
	for _, slot := range session.Contents.Slots[:2] {
		c := slot.Certificate.Certificate
		id := sha1.Sum(x509.MarshalPKCS1PublicKey(c.PublicKey.(*rsa.PublicKey))) // RFC 5280 §4.2.1.2, method 1
		uri := "pkcs11:id=" + strings.ReplaceAll(fmt.Sprintf(" % x", id), " ", "%")
		out := h.run("curl", "-sS", "--insecure", "--engine", "pkcs11",
			"--cert-type", "ENG", "--cert", uri+";type=cert",
			"--key-type", "ENG", "--key", uri+";type=private;pin-value="+trial.PIN,
			"-H", "Accept: application/json", site.URL)
		var answer login.Answer
		check(t, json.Unmarshal([]byte(out), &answer))
		if !answer.Accepted || answer.NotAfter == nil || !answer.NotAfter.Equal(c.NotAfter) || answer.TLS != "TLS 1.3" {
			t.Errorf("the site answers %+v to a certificate until %v", answer, c.NotAfter)
		}
	}
	if n := card.Tries(session.Model.Code(cardmodel.PIN).Reference); n != 3 {
		t.Errorf("%d tries left", n)
	}
}
