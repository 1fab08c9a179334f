// SPDX-License-Identifier: EUPL-1.2

package renewal_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"sync"
	"testing"
	"time"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/emulator"
	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/cmp"
	"rinnova.example/go/holder"
	"rinnova.example/go/service/ca"
	"rinnova.example/go/service/campaign"
	"rinnova.example/go/service/ra"
	"rinnova.example/go/service/store"
)

const (
	rightPIN = "24680"
	rightPUK = "13579246"
)

// pool hands out keys by number, each made once for the whole run of the tests: making them costs most
// of a test's time.
type pool struct {
	mu   sync.Mutex
	keys map[[2]int]*rsa.PrivateKey
}

func (p *pool) take(bits, n int) *rsa.PrivateKey {
	p.mu.Lock()
	defer p.mu.Unlock()
	k, ok := p.keys[[2]int{bits, n}]
	if !ok {
		k = must(rsa.GenerateKey(rand.Reader, bits))
		p.keys[[2]int{bits, n}] = k
	}
	return k
}

var prepared = &pool{keys: map[[2]int]*rsa.PrivateKey{}}

// service is the real one: ra, ca and store behind cmp's handler on a loopback listener.
type service struct {
	t       testing.TB
	now     time.Time
	store   *store.Store
	legacy  *ca.Issuer
	current *ca.Issuer
	server  *httptest.Server
	root    crypto.Signer // of current
	handler *cmp.Handler
	log     bytes.Buffer
	// exchange, when set, stands before the handler: the network.
	exchange func(w http.ResponseWriter, r *http.Request, next http.Handler)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// start is where most tests stand: in the campaign of 2020.
var start = time.Date(2020, 5, 25, 10, 0, 0, 0, time.UTC)

func newService(t testing.TB) *service {
	s := &service{t: t, now: start}
	s.store = must(store.Open(t.Context(), store.Memory))
	t.Cleanup(func() { s.store.Close() })
	name := ca.Name{Organization: "Rinnova Prova", OrganizationalUnit: "Servizi di Certificazione"}
	name.CommonName = "Regione Esempio - CA Cittadini (PROVA)"
	s.legacy = must(ca.NewRoot(ca.RootRequest{Name: name, Key: prepared.take(2048, 0), Signature: x509.SHA256WithRSA,
		NotBefore: start.AddDate(-8, 0, 0), NotAfter: start.AddDate(12, 0, 0)}))
	name.CommonName = "Regione Esempio - CA Cittadini 2020 (PROVA)"
	s.root = must(ca.GenerateKey(ca.P256))
	s.current = must(ca.NewRoot(ca.RootRequest{Name: name, Key: s.root,
		NotBefore: start.AddDate(-1, 0, 0), NotAfter: start.AddDate(20, 0, 0)}))
	for _, c := range campaign.Shipped() {
		if err := s.store.AddCampaign(t.Context(), c, s.now); err != nil {
			t.Fatal(err)
		}
	}
	key := must(ca.GenerateKey(ca.P256))
	signer := must(s.current.SignerCertificate(ca.SignerRequest{Name: ca.Name{Organization: "Rinnova Prova", OrganizationalUnit: "Servizi", CommonName: "CMP (PROVA)"},
		PublicKey: key.Public(), NotBefore: start.AddDate(0, -1, 0), NotAfter: start.AddDate(5, 0, 0)}))
	authority := must(ra.New(t.Context(), ra.Config{Store: s.store, Issuer: s.current,
		Verifier:  must(ca.NewVerifier([]*x509.Certificate{s.legacy.Certificate()}, []*x509.Certificate{s.current.Certificate()})),
		PublicURL: "http://rinnova.example", LoginURL: "https://accesso.example/", MinimumVersion: "0.1",
		Clock: func() time.Time { return s.now }, Log: slog.New(slog.NewTextHandler(&s.log, nil))}))
	s.handler = &cmp.Handler{Authority: authority, Signer: cmp.Credential{Certificate: signer, Chain: []*x509.Certificate{s.current.Certificate()}, Key: key},
		Now: func() time.Time { return s.now }}
	s.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.exchange != nil {
			s.exchange(w, r, s.handler)
			return
		}
		s.handler.ServeHTTP(w, r)
	}))
	t.Cleanup(s.server.Close)
	return s
}

// card issues a card of a series whose certificate is in the registry.
func (s *service) card(series string, number int, notAfter time.Time) *emulator.Card {
	id := fmt.Sprintf("6120900%06d01%d", number, number%10)[:16]
	data := must(holder.PersonalData{Issuer: "6120", IssueDate: "15062014", ExpiryDate: "30062020", Surname: "ESEMPIO", Name: "BRUNILDE",
		BirthDate: "07101978", Sex: "F", CodiceFiscale: "SMPBNL78R47D612H", BirthMunicipality: "D612", ResidenceMunicipality: "D612"}.Encode())
	m, _, ok := cardmodel.BySeries(series)
	if !ok {
		s.t.Fatalf("series %s is not in the table", series)
	}
	key := prepared.take(m.IssuedKeyBits.Value, 20+number)
	cert := must(s.legacy.IssueOld(ca.OldRequest{Administration: "Regione Esempio",
		CN:        holder.CN{CodiceFiscale: "SMPBNL78R47D612H", Card: holder.IDCarta(id), Hash: holder.HashPersonalData(data)},
		PublicKey: &key.PublicKey, Signature: x509.SHA256WithRSA, NotBefore: start.AddDate(-6, 0, 0), NotAfter: notAfter, PublicURL: "http://rinnova.example"}))
	if err := s.store.Register(s.t.Context(), cert, s.now); err != nil {
		s.t.Fatal(err)
	}
	card := must(emulator.Issue(series, emulator.Personalization{IDCarta: id, PersonalData: data, Certificate: cert.Raw, Key: key, PIN: rightPIN, PUK: rightPUK}))
	made := 0
	card.SetKeys(func(bits int) (*rsa.PrivateKey, error) {
		made++
		return prepared.take(bits, 300+10*number+made), nil
	})
	return card
}

// person answers from a list and counts how often a code was given.
type person struct {
	pins, puks []string
	lastTry    bool
	series     string
	typed      int
	asked      []renewal.CodeRequest
}

func (p *person) PIN(_ context.Context, r renewal.CodeRequest) ([]byte, error) {
	return p.next(&p.pins, r)
}
func (p *person) PUK(_ context.Context, r renewal.CodeRequest) ([]byte, error) {
	return p.next(&p.puks, r)
}

func (p *person) next(list *[]string, r renewal.CodeRequest) ([]byte, error) {
	p.asked = append(p.asked, r)
	if len(*list) == 0 {
		return nil, renewal.ErrNoInput
	}
	code := (*list)[0]
	*list = (*list)[1:]
	p.typed++
	return []byte(code), nil
}

func (p *person) Consent(_ context.Context, q renewal.Question) (string, error) {
	switch {
	case q.Kind == renewal.AskLastTry && p.lastTry:
		return "yes", nil
	case q.Kind == renewal.AskSeries && p.series != "":
		return p.series, nil
	}
	return "", renewal.ErrNoInput
}

// someone knows both codes.
func someone() *person { return &person{pins: []string{rightPIN}, puks: []string{rightPUK}} }

// memory is a journal that lives in a map.
func memory() (*renewal.Journal, map[string][]byte) {
	files := map[string][]byte{}
	var mu sync.Mutex
	return &renewal.Journal{
		Read: func(name string) ([]byte, error) {
			mu.Lock()
			defer mu.Unlock()
			b, ok := files[name]
			if !ok {
				return nil, errNotExist
			}
			return bytes.Clone(b), nil
		},
		Write: func(name string, b []byte) error {
			mu.Lock()
			defer mu.Unlock()
			files[name] = bytes.Clone(b)
			return nil
		},
	}, files
}

// run is a run of the citizen's program against the service.
func (s *service) run(card iso7816.Card, who renewal.Prompter, journal *renewal.Journal) *renewal.Renewal {
	return &renewal.Renewal{Card: card, Service: renewal.Service{URL: must(url.Parse(s.server.URL)), HTTP: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}},
		Anchors: []*x509.Certificate{s.current.Certificate()}, Prompter: who, Journal: journal,
		Now: func() time.Time { return s.now }, Random: rand.Reader,
		Wait: func(ctx context.Context, d time.Duration) error { s.now = s.now.Add(d); return ctx.Err() }}
}

// valid lists the certificates issued for a card that are valid, by state.
func (s *service) valid(old *x509.Certificate) map[store.State]int {
	n := map[store.State]int{}
	for _, c := range must(s.store.RenewalsOf(s.t.Context(), store.Sum(old.Raw))) {
		if c.Status == store.Active && (c.State == store.Issued || c.State == store.Installed || c.State == store.Proven) {
			n[c.State]++
		}
	}
	return n
}

// left is how many tries a failure tells of, -1 where it tells of none.
func left(err error) int {
	if n := renewal.Classify(err).Tries; n != nil {
		return *n
	}
	return -1
}

func code(err error) string {
	var f *renewal.Failure
	switch {
	case err == nil:
		return ""
	case errors.As(err, &f):
		return string(f.Code)
	}
	return "not a failure: " + err.Error()
}
