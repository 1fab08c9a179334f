// SPDX-License-Identifier: EUPL-1.2

package renewal_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"rinnova.example/go/card/emulator"
	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/cardfile"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/trial"
)

const (
	rightPIN = "24680"
	rightPUK = "13579246"
)

// prepared are the keys that all tests share.
var prepared = &trial.Keys{}

// take returns a prepared key by its number.
func take(bits, n int) *rsa.PrivateKey { return must(prepared.Key(fmt.Sprint(n), bits)) }

// service is a real service behind a loopback listener.
type service struct {
	*trial.Service
	t      testing.TB
	now    time.Time
	server *httptest.Server
	root   crypto.Signer // of Current
	log    bytes.Buffer
	// exchange, if set, is called in place of the handler and simulates the network.
	exchange func(w http.ResponseWriter, r *http.Request, next http.Handler)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// start is the date of most tests, within the campaign of 2020.
var start = time.Date(2020, 5, 25, 10, 0, 0, 0, time.UTC)

func newService(t testing.TB) *service {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	s := &service{t: t, now: start, root: must(key, err)}
	authorities := must(trial.NewAuthorities(trial.AuthoritiesRequest{From: start.AddDate(-8, 0, 0),
		Until: start.AddDate(20, 0, 0),
		Keys:  prepared, Current: s.root}))
	s.Service = must(trial.New(t.Context(), trial.Config{Authorities: authorities, Keys: prepared,
		Clock: func() time.Time { return s.now }, Log: slog.New(slog.NewTextHandler(&s.log, nil))}))
	t.Cleanup(func() { s.Close() })
	s.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if s.exchange != nil {
			s.exchange(w, r, s.Handler)
			return
		}
		s.Handler.ServeHTTP(w, r)
	}))
	t.Cleanup(s.server.Close)
	return s
}

// card issues a card of a series and enters its certificate in the registry.
func (s *service) card(series string, number int, notAfter time.Time) *emulator.Card {
	id := fmt.Sprintf("6120900%06d01%d", number, number%10)[:16]
	return must(s.Issue(s.t.Context(), trial.CardRequest{Series: series, Number: id, Key: fmt.Sprint(20 + number),
		Generator: prepared.Generator(fmt.Sprint("new ", number), 0), PIN: rightPIN, PUK: rightPUK,
		NotBefore: start.AddDate(-6, 0, 0), NotAfter: notAfter})).Card
}

// person answers from a list and counts the codes given.
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

// someone returns a person who knows both codes.
func someone() *person { return &person{pins: []string{rightPIN}, puks: []string{rightPUK}} }

// memory returns a journal in memory, and its files.
func memory() (*cardfile.Files, *trial.Files) {
	disk := &trial.Files{}
	return &cardfile.Files{Read: disk.Read, Write: disk.Write}, disk
}

// run prepares a run of the citizen's program against the service.
func (s *service) run(card iso7816.Card, who renewal.Prompter, journal *cardfile.Files) *renewal.Renewal {
	return &renewal.Renewal{Card: card,
		Service: renewal.Service{URL: must(url.Parse(s.server.URL)),
			HTTP: &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}},
		Anchors: []*x509.Certificate{s.Current.Certificate()}, Prompter: who, Journal: journal,
		Now: func() time.Time { return s.now }, Random: rand.Reader,
		Wait: func(ctx context.Context, d time.Duration) error { s.now = s.now.Add(d); return ctx.Err() }}
}

// valid counts the valid certificates issued for an old one, by state.
func (s *service) valid(old *x509.Certificate) map[trial.State]int {
	return must(s.Valid(s.t.Context(), old))
}

// left returns the tries in a failure, -1 where it has none.
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
