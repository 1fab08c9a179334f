// SPDX-License-Identifier: EUPL-1.2

//go:build window || development

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/big"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/emulator"
	"rinnova.example/go/cmp"
	"rinnova.example/go/holder"
	"rinnova.example/go/service/ca"
	"rinnova.example/go/service/campaign"
	"rinnova.example/go/service/portal"
	"rinnova.example/go/service/ra"
	"rinnova.example/go/service/store"
)

// demoHost is the name of a service that no network has (RFC 6761 §6.4).
const demoHost = "dimostrazione.invalid"

// demoService is the whole issuing service in memory: ra, ca and store, reached through function calls. It
// is an http.RoundTripper, and opens no socket.
type demoService struct {
	clock     func() time.Time
	db        *store.Store
	legacy    *ca.Issuer
	current   *ca.Issuer
	handler   http.Handler
	login     *pipeListener
	roots     *x509.CertPool // of the login's server
	down      atomic.Bool    // as if the network were gone
	slow      atomic.Int64   // nanoseconds before each answer
	exchanges atomic.Int64   // since the last setting of failAt
	failAt    atomic.Int64   // the exchange that is lost, 0 for none
}

// newDemoService makes authorities of its own and takes the campaigns that keep says.
func newDemoService(ctx context.Context, clock func() time.Time, keep func(campaign.Campaign) bool) (*demoService, error) {
	s := &demoService{clock: clock, login: &pipeListener{conns: make(chan net.Conn), closed: ctx.Done()}, roots: x509.NewCertPool()}
	from, until := clock().AddDate(-8, 0, 0).Truncate(time.Second), time.Now().AddDate(20, 0, 0).Truncate(time.Second)
	const organization = "Rinnova (DIMOSTRAZIONE)"
	root := func(name string, kind ca.KeyKind) (*ca.Issuer, error) {
		key, err := ca.GenerateKey(kind)
		if err != nil {
			return nil, err
		}
		return ca.NewRoot(ca.RootRequest{Name: ca.Name{Organization: organization, OrganizationalUnit: "Servizi di Certificazione", CommonName: name}, Key: key, NotBefore: from, NotAfter: until.AddDate(1, 0, 0)})
	}
	var err error
	if s.legacy, err = root("Regione Esempio - CA Cittadini (DIMOSTRAZIONE, VECCHIA)", ca.RSA2048); err != nil {
		return nil, err
	}
	if s.current, err = root("Regione Esempio - CA Cittadini (DIMOSTRAZIONE)", ca.RSA2048); err != nil {
		return nil, err
	}
	network, err := root("Rinnova - CA TLS (DIMOSTRAZIONE)", ca.P256)
	if err != nil {
		return nil, err
	}
	s.roots.AddCert(network.Certificate())
	signerKey, err := ca.GenerateKey(ca.P256)
	if err != nil {
		return nil, err
	}
	signer, err := s.current.SignerCertificate(ca.SignerRequest{Name: ca.Name{Organization: organization, OrganizationalUnit: "Servizi", CommonName: "CMP (DIMOSTRAZIONE)"},
		PublicKey: signerKey.Public(), NotBefore: from, NotAfter: until})
	if err != nil {
		return nil, err
	}
	serverKey, err := ca.GenerateKey(ca.P256)
	if err != nil {
		return nil, err
	}
	server, err := network.ServerCertificate(ca.ServerRequest{Name: ca.Name{Organization: organization, OrganizationalUnit: "Servizi", CommonName: "localhost"},
		PublicKey: serverKey.Public(), NotBefore: from, NotAfter: until})
	if err != nil {
		return nil, err
	}
	if s.db, err = store.Open(ctx, store.Memory); err != nil {
		return nil, err
	}
	context.AfterFunc(ctx, func() { s.db.Close() })
	for _, c := range campaign.Shipped() {
		if keep(c) {
			if err := s.db.AddCampaign(ctx, c, clock()); err != nil {
				return nil, err
			}
		}
	}
	verifier, err := ca.NewVerifier([]*x509.Certificate{s.legacy.Certificate()}, []*x509.Certificate{s.current.Certificate()})
	if err != nil {
		return nil, err
	}
	authority, err := ra.New(ctx, ra.Config{Store: s.db, Issuer: s.current, Verifier: verifier, PublicURL: "http://" + demoHost, LoginURL: "https://localhost/",
		MinimumVersion: "0.1.0-0", Clock: clock, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	s.handler = &cmp.Handler{Authority: authority, Signer: cmp.Credential{Certificate: signer, Chain: []*x509.Certificate{s.current.Certificate()}, Key: signerKey}, Now: clock}
	page := &http.Server{Handler: portal.Login(authority), ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)}
	issuers := []*x509.Certificate{s.legacy.Certificate(), s.current.Certificate()}
	go page.Serve(tls.NewListener(s.login, portal.LoginTLS(tls.Certificate{Certificate: [][]byte{server.Raw}, PrivateKey: serverKey}, issuers)))
	return s, nil
}

var errDemoNetwork = &net.OpError{Op: "dial", Net: "demo", Err: errors.New("the demonstration's network is off")}

// RoundTrip answers a request by calling the service's handler.
func (s *demoService) RoundTrip(r *http.Request) (*http.Response, error) {
	n := s.exchanges.Add(1)
	if s.down.Load() || n == s.failAt.Load() {
		return nil, errDemoNetwork
	}
	if d := time.Duration(s.slow.Load()); d > 0 {
		if err := wait(r.Context(), d); err != nil {
			return nil, err
		}
	}
	if r.URL.Host != demoHost {
		return nil, fmt.Errorf("the demonstration reaches %s only", demoHost)
	}
	a := &demoAnswer{header: http.Header{}, status: http.StatusOK}
	in := r.Clone(r.Context())
	in.RequestURI = r.URL.RequestURI()
	if in.Body == nil {
		in.Body = http.NoBody
	}
	s.handler.ServeHTTP(a, in)
	return &http.Response{StatusCode: a.status, Status: http.StatusText(a.status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: a.header, Body: io.NopCloser(&a.body), ContentLength: int64(a.body.Len()), Request: r}, nil
}

// demoAnswer keeps what a handler writes.
type demoAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *demoAnswer) Header() http.Header         { return a.header }
func (a *demoAnswer) Write(b []byte) (int, error) { return a.body.Write(b) }
func (a *demoAnswer) WriteHeader(status int)      { a.status = status }

// transport reaches the trial login and nothing else, whatever address is asked for.
func (s *demoService) transport() *http.Transport {
	return &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		if s.down.Load() {
			return nil, errDemoNetwork
		}
		return s.login.dial(ctx)
	}}
}

// pipeListener is a listener whose connections are made in memory.
type pipeListener struct {
	conns  chan net.Conn
	closed <-chan struct{}
}

func (l *pipeListener) dial(ctx context.Context) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case l.conns <- far:
		return near, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error   { return nil }
func (l *pipeListener) Addr() net.Addr { return pipeAddr{} }

type pipeAddr struct{}

func (pipeAddr) Network() string { return "pipe" }
func (pipeAddr) String() string  { return "pipe" }

// demoCard is how a card differs from the usual one.
type demoCard struct {
	series       string
	first        byte // of the card number, 0: a health card's
	noCert       bool
	unregistered bool
	hostile      bool // texts that try to break the page
}

// issue makes a card whose certificate the service has on record.
func (s *demoService) issue(ctx context.Context, d demoCard) (*emulator.Card, error) {
	now := s.clock().UTC().Truncate(time.Second)
	model, _, ok := cardmodel.BySeries(d.series)
	if !ok {
		return nil, fmt.Errorf("%w %q", emulator.ErrSeries, d.series)
	}
	// It ends within the window of 2020 when the demonstration lives then.
	notBefore, notAfter := now.AddDate(-6, 0, 20), now.AddDate(0, 0, 20)
	p := holder.PersonalData{Issuer: "6090", IssueDate: cardDay(notBefore), ExpiryDate: cardDay(notAfter), Surname: "ESEMPIO", Name: "BRUNILDE",
		BirthDate: "07101978", Sex: "F", CodiceFiscale: "SMPBNL78R47D612H", BirthMunicipality: "D612", ResidenceMunicipality: "D612"}
	if d.hostile {
		p.Name = "<img src=x onerror=alert(1)>\"'&\x07\u0085"
		p.Surname = "NOME-INTERMINABILE-SENZA-SPAZI-CHE-NON-STA-IN-NESSUNA-RIGA-E-CONTINUA-ANCORA-PER-UN-BEL-POCO-OLTRE-OGNI-MISURA"
	}
	data, err := p.Encode()
	if err != nil {
		return nil, err
	}
	n, err := rand.Int(rand.Reader, big.NewInt(1e11))
	if err != nil {
		return nil, err
	}
	number := fmt.Sprintf("60909%011d", n)
	if d.first != 0 {
		number = string(d.first) + number[1:]
	}
	key, err := rsa.GenerateKey(rand.Reader, model.IssuedKeyBits.Value)
	if err != nil {
		return nil, err
	}
	personal := emulator.Personalization{IDCarta: number, PersonalData: data, Key: key, PIN: demoPIN, PUK: demoPUK}
	if !d.noCert {
		certificate, err := s.legacy.IssueOld(ca.OldRequest{Administration: "Regione Esempio", GivenName: "BRUNILDE", Surname: "ESEMPIO",
			CN:        holder.CN{CodiceFiscale: "SMPBNL78R47D612H", Card: holder.IDCarta(number), Hash: holder.HashPersonalData(data)},
			PublicKey: &key.PublicKey, Signature: x509.SHA256WithRSA, NotBefore: notBefore, NotAfter: notAfter, PublicURL: "http://" + demoHost})
		if err != nil {
			return nil, err
		}
		personal.Certificate = certificate.Raw
		if !d.unregistered {
			if err := s.db.Register(ctx, certificate, now); err != nil {
				return nil, err
			}
		}
	}
	return emulator.Issue(d.series, personal)
}

func cardDay(t time.Time) string { return t.In(campaign.Rome).Format("02012006") }
