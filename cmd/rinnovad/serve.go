// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"golang.org/x/mod/semver"

	"rinnova.example/go/cmp"
	"rinnova.example/go/endpoint"
	"rinnova.example/go/failure"
	"rinnova.example/go/guide"
	"rinnova.example/go/service/ca"
	"rinnova.example/go/service/campaign"
	"rinnova.example/go/service/gate"
	"rinnova.example/go/service/portal"
	"rinnova.example/go/service/ra"
	"rinnova.example/go/service/store"
)

// Downloads of packages at the same time, in all and of one address: they take long, and revocation lists must not
// wait for them. A card's messages are those of a few renewals in a row.
const (
	downloads          = 256
	downloadsOfAddress = 64
)

// pinTime is for a login's handshake, in the middle of which a person may type the PIN.
const pinTime = 30 * time.Second

var (
	messagesOfCard      = gate.Budget{PerSecond: 0.5, AtOnce: 40}
	linesAboutStrangers = gate.Budget{PerSecond: 5, AtOnce: 500}
)

type serveCommand struct {
	serviceDir
	Listen    string   `required:"" placeholder:"IND:PORTA" help:"Dove ricevere le richieste CMP (porta 0: una libera)."`
	Login     string   `required:"" placeholder:"IND:PORTA" help:"Dove offrire la prova di accesso (porta 0: una libera)."`
	PublicURL string   `name:"public-url" placeholder:"URL" help:"Indirizzo http:// scritto nei certificati per le liste delle revoche; senza, quello di --publish."`
	Publish   string   `placeholder:"IND:PORTA" help:"Dove pubblicare le pagine, le liste e i certificati delle autorità; senza, l'indirizzo di --public-url se è di questo computer, altrimenti una porta libera."`
	Packages  string   `type:"path" placeholder:"DIR" help:"Cartella dei programmi da scaricare, preparati per questo servizio (make packages OPERATOR=FILE); senza, le pagine dicono che non sono pubblicati."`
	ProxyFrom []string `name:"proxy-from" placeholder:"IND,…" help:"Bilanciatori davanti al servizio, indirizzi o prefissi: ogni loro connessione comincia con il protocollo PROXY, versione 2, che dice l'indirizzo del cittadino."`
	// The default is the lowest version of 0.1.0, so that 0.1.0-dev is not below it.
	MinimumVersion string `name:"minimum-version" default:"0.1.0-0" placeholder:"VERSIONE" help:"Versione più vecchia del programma con cui si può rinnovare (Semantic Versioning)."`
}

// Run serves until the context ends, and then waits for open requests.
func (c *serveCommand) Run(p *program) error {
	clock, err := c.clock()
	if err != nil {
		return err
	}
	if !semver.IsValid("v" + c.MinimumVersion) {
		return misused("--minimum-version vuole una versione, per esempio 1.2.0", nil)
	}
	peers, err := gate.ParsePeers(c.ProxyFrom)
	if err != nil {
		return misused("--proxy-from vuole indirizzi o prefissi, per esempio 192.0.2.7,2001:db8::/32", err)
	}
	lines := slog.NewTextHandler(p.err, nil)
	log := slog.New(lines)
	current, err := c.issuer(currentName)
	if err != nil {
		return err
	}
	legacy, err := c.issuer(legacyName)
	if err != nil {
		return err
	}
	server, err := c.server()
	if err != nil {
		return err
	}
	signer, err := c.signer(current)
	if err != nil {
		return err
	}
	verifier, err := verifierOf(legacy, current)
	if err != nil {
		return err
	}
	responder, err := ca.NewResponder(ocspName, current, legacy)
	if err != nil {
		return err
	}
	var packages *portal.Packages
	if c.Packages != "" {
		packages, err = portal.OpenPackages(c.Packages, current.Certificate())
		switch {
		case errors.Is(err, portal.ErrNoService):
			return ended(failure.PackagesNoService, err)
		case errors.Is(err, portal.ErrOtherService):
			return ended(failure.PackagesOther, err)
		case err != nil:
			return ended(failure.Packages, err)
		}
		defer packages.Close()
	}
	db, err := c.open(p.ctx, clock())
	if err != nil {
		return err
	}
	defer db.Close()

	public, publicURL, err := c.publish(p.ctx, db)
	if err != nil {
		return err
	}
	defer public.Close()
	cmpListener, err := listen(c.Listen)
	if err != nil {
		return err
	}
	defer cmpListener.Close()
	loginListener, err := listen(c.Login)
	if err != nil {
		return err
	}
	defer loginListener.Close()
	cmpURL, loginURL := "https://"+cmpListener.Addr().String(), "https://"+loginListener.Addr().String()

	secrets, err := c.secrets()
	if err != nil {
		return err
	}
	authority := ra.New(ra.Config{
		Store: db, Issuer: current, Verifier: verifier, PublicURL: publicURL, LoginURL: loginURL,
		MinimumVersion: c.MinimumVersion, Secrets: secrets, Clock: clock, Log: log,
		Strangers: slog.New(gate.Sampled(lines, linesAboutStrangers)),
	})
	stopped, err := authority.Stopped(p.ctx)
	if err != nil {
		return err
	}
	for _, id := range stopped {
		log.Error("nothing is issued for a campaign: the issuer's certificate ends before the new ones would",
			"campaign", id, "issuerEnds", current.Certificate().NotAfter)
	}
	if !portal.Styled() || !guide.Complete() {
		log.Warn("this build has not the portal's style sheet or the guide's figures: make frontend figures")
	}
	publication := gate.Quota(portal.DownloadPath, downloads, downloadsOfAddress,
		portal.Publication(authority, responder, current, legacy,
			portal.Pages(authority, packages, current, legacy)))
	requests := http.NewServeMux()
	requests.Handle("/", publication) // the same pages, with TLS
	handler := &cmp.Handler{Authority: authority, Signer: signer, Secrets: secrets, Now: clock,
		Refused: authority.Refused, CheckSigner: authority.CheckSigner, CheckNewKey: authority.CheckNewKey,
		Charge: charge()}
	requests.Handle("/.well-known/cmp", handler)
	requests.Handle("/.well-known/cmp/", handler)
	requests.HandleFunc("GET /healthz", health(authority))
	cmpTLS := &tls.Config{Certificates: []tls.Certificate{server}, MinVersion: tls.VersionTLS12}
	loginTLS := portal.LoginTLS(server, []*x509.Certificate{legacy.Certificate(), current.Certificate()})
	var servers []*http.Server
	ended := make(chan error, 3)
	start := func(l net.Listener, secure *tls.Config, handler http.Handler, grace time.Duration) {
		g := gate.New(gate.Config{ProxyFrom: peers, Log: log, Grace: grace})
		if l = g.Listen(l); secure != nil {
			l = tls.NewListener(l, gate.TLS(secure))
		}
		server := g.Server(handler)
		servers = append(servers, server)
		go func() { ended <- server.Serve(l) }()
	}
	start(cmpListener, cmpTLS, requests, 0)
	start(loginListener, loginTLS, portal.Login(authority), pinTime)
	start(public, nil, publication, 0)
	fmt.Fprintf(p.out, "pronto cmp=%s login=%s public=%s\n", cmpURL, loginURL, publicURL)

	select {
	case <-p.ctx.Done():
	case err = <-ended: // a listener failed: end the others too
	}
	stopping, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), 10*time.Second)
	defer cancel()
	for _, s := range servers {
		err = errors.Join(err, s.Shutdown(stopping))
	}
	return err
}

// health tells whether the database answers, and for which campaigns nothing is issued. These do not make the service
// unhealthy: its revocation lists must be reached.
func health(authority *ra.Authority) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		stopped, err := authority.Stopped(r.Context())
		if err = errors.Join(err, authority.Store.Ping(r.Context())); err != nil {
			http.Error(w, "base dati non raggiungibile", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ok")
		for _, id := range stopped {
			fmt.Fprintf(w, "campagna %s ferma: l'autorità che rilascia vale fino al %s, meno dei nuovi certificati\n",
				id, authority.Issuer.Certificate().NotAfter.In(campaign.Rome).Format("02/01/2006"))
		}
	}
}

// charge counts the messages of each card.
func charge() func(*x509.Certificate) time.Duration {
	cards := gate.NewBuckets[store.Digest](messagesOfCard)
	return func(signer *x509.Certificate) time.Duration { return cards.Take(store.Sum(signer.Raw), time.Now()) }
}

func listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, ended(failure.Listen, err)
	}
	return l, nil
}

// publish opens the plain listener and returns the URL for certificates. Without flags it takes the port of the
// previous run, so that the certificates of that run can still be checked, or any free one.
func (c *serveCommand) publish(ctx context.Context, db *store.Store) (net.Listener, string, error) {
	address, public := c.Publish, strings.TrimSuffix(c.PublicURL, "/")
	if public != "" {
		u, err := url.Parse(public)
		if err != nil || u.Scheme != "http" || u.Host == "" || u.Path != "" || u.RawQuery != "" || u.User != nil {
			return nil, "", misused("--public-url vuole un indirizzo http:// senza percorso", nil)
		}
		if address == "" && endpoint.Loopback(u) {
			address = u.Host
			if u.Port() == "" {
				address = net.JoinHostPort(u.Hostname(), "80")
			}
			if u.Port() == "0" {
				public = ""
			}
		}
	}
	var l net.Listener
	if address == "" && public == "" {
		if last, err := db.PublicURL(ctx); err == nil {
			l, _ = net.Listen("tcp", strings.TrimPrefix(last, "http://"))
		}
	}
	if l == nil {
		if address == "" {
			address = "127.0.0.1:0"
		}
		var err error
		if l, err = net.Listen("tcp", address); err != nil {
			return nil, "", ended(failure.Listen, err)
		}
	}
	if public == "" {
		public = "http://" + l.Addr().String()
	}
	if err := db.SetPublicURL(ctx, public); err != nil {
		l.Close()
		return nil, "", err
	}
	return l, public, nil
}
