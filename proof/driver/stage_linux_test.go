// SPDX-License-Identifier: EUPL-1.2

package driver

import (
	"crypto/rand"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"testing"
	"time"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/pcsc/pcsctest"
	"rinnova.example/go/card/vpcd"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/proof/person"
	"rinnova.example/go/systemtest"
	"rinnova.example/go/trial"
)

// stage is a service, and readers without cards.
type stage struct {
	service *trial.Service
	stack   *pcsctest.Stack
}

func newStage(t testing.TB) *stage {
	t.Helper()
	systemtest.NeedMade(t, library, "token")
	service, err := trial.New(t.Context(), trial.Config{})
	check(t, err)
	t.Cleanup(func() { check(t, service.Close()) })
	return &stage{service, pcsctest.Start(t)}
}

// site starts the trial login.
func (s *stage) site(t testing.TB) *httptest.Server {
	site := httptest.NewUnstartedServer(nil)
	site.Config.Handler, site.TLS = s.service.Login()
	site.StartTLS()
	t.Cleanup(site.Close)
	return site
}

// issue returns a card whose certificate is valid for another month.
func (s *stage) issue(t testing.TB, series string) *trial.Card {
	t.Helper()
	now := time.Now()
	card, err := s.service.Issue(t.Context(), trial.CardRequest{Series: series, NotBefore: now.AddDate(-5, 0, 0),
		NotAfter: now.AddDate(0, 1, 0)})
	check(t, err)
	return card
}

// plug inserts a card. pull returns when the reader is empty again.
func (s *stage) plug(t testing.TB, card vpcd.Card) (pull func()) {
	t.Helper()
	out := pcsctest.PlugCard(t, s.stack.Addrs[0], card)
	return func() { out(); pcsctest.Empty(t, s.stack.Readers[0]) }
}

// left checks the tries of a card's PIN.
func left(t testing.TB, card *trial.Card, want int) {
	t.Helper()
	if n := card.Tries(0x10); n != want {
		t.Errorf("%d tries left, want %d", n, want)
	}
}

// renewable lists the series that can be renewed.
func renewable() []string {
	return slices.DeleteFunc(trial.Series(), func(sigla string) bool {
		m, _, _ := cardmodel.BySeries(sigla)
		return m.NotRenewable.Value != ""
	})
}

// renewed returns a card with its old pair and a new one.
func (s *stage) renewed(t testing.TB, series string) *trial.Card {
	t.Helper()
	card := s.issue(t, series)
	s.renew(t, &renewal.Renewal{Card: card}, series)
	return card
}

// renew runs a renewal of which only the card, and perhaps a journal, is given.
func (s *stage) renew(t testing.TB, r *renewal.Renewal, series string) {
	t.Helper()
	r.Service = renewal.Service{URL: &url.URL{Scheme: "https", Host: "rinnovo.example"},
		HTTP: &http.Client{Transport: s.service}}
	r.Anchors, r.Campaign = []*x509.Certificate{s.service.Current.Certificate()}, "prova"
	r.Prompter, r.Now, r.Random, r.Wait = person.Knowing{Series: series}, time.Now, rand.Reader, renewal.Wait
	out, err := r.Run(t.Context())
	check(t, err)
	out.Session.ForgetPIN()
}
