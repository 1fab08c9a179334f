// SPDX-License-Identifier: EUPL-1.2

package trial

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log/slog"
	"net/http"
	"time"

	"rinnova.example/go/cmp"
	"rinnova.example/go/service/ca"
	"rinnova.example/go/service/campaign"
	"rinnova.example/go/service/portal"
	"rinnova.example/go/service/ra"
	"rinnova.example/go/service/store"
)

// Addresses that a service names where its Config names none.
const (
	PublicURL = "http://rinnova.example"
	LoginURL  = "https://accesso.example"
)

// Config says what a service is made of.
type Config struct {
	*Authorities                       // nil: made, valid from ten years before to 25 after the start
	DSN            string              // "": a database in memory
	Clock          func() time.Time    // nil: the system's
	Random         io.Reader           // of nonces and card numbers; nil: the system's
	Keys           *Keys               // of authorities that are made, and of cards
	Campaigns      []campaign.Campaign // nil: the shipped ones, in a database that has none
	PublicURL      string              // "": PublicURL
	LoginURL       string              // "": LoginURL
	MinimumVersion string              // of the program; "": 0.1
	Secrets        [][]byte            // of all replicas; nil: made
	Log            *slog.Logger        // nil: none
}

// Service is a running issuing service.
type Service struct {
	Config
	Store     *store.Store
	Authority *ra.Authority
	Handler   *cmp.Handler // answers CMP
}

// Campaigns returns the shipped campaigns that keep chooses.
func Campaigns(keep func(campaign.Campaign) bool) []campaign.Campaign {
	list := []campaign.Campaign{}
	for _, c := range campaign.Shipped() {
		if keep(c) {
			list = append(list, c)
		}
	}
	return list
}

// New starts a service.
func New(ctx context.Context, c Config) (*Service, error) {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Random == nil {
		c.Random = rand.Reader
	}
	if c.DSN == "" {
		c.DSN = store.Memory
	}
	if c.Campaigns == nil {
		c.Campaigns = campaign.Shipped()
	}
	if c.PublicURL == "" {
		c.PublicURL = PublicURL
	}
	if c.LoginURL == "" {
		c.LoginURL = LoginURL
	}
	if c.MinimumVersion == "" {
		c.MinimumVersion = "0.1"
	}
	if c.Secrets == nil {
		c.Secrets = [][]byte{make([]byte, 32)}
		if _, err := rand.Read(c.Secrets[0]); err != nil {
			return nil, err
		}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Authorities == nil {
		now := c.Clock()
		var err error
		c.Authorities,
			err = NewAuthorities(AuthoritiesRequest{From: now.AddDate(-10, 0, 0), Until: now.AddDate(25, 0, 0),
			Keys: c.Keys})
		if err != nil {
			return nil, err
		}
	}
	s := &Service{Config: c}
	var err error
	if s.Store, err = store.Open(ctx, c.DSN); err != nil {
		return nil, err
	}
	if err := s.begin(ctx); err != nil {
		s.Store.Close()
		return nil, err
	}
	return s, nil
}

// begin records the campaigns where there are none, and starts what holds no state.
func (s *Service) begin(ctx context.Context) error {
	known, err := s.Store.Campaigns(ctx)
	if err != nil {
		return err
	}
	if len(known) == 0 {
		for _, c := range s.Campaigns {
			if err := s.Store.AddCampaign(ctx, c, s.Clock()); err != nil {
				return err
			}
		}
	}
	s.Restart()
	return nil
}

// Restart starts the service's process again on its open database: nothing that the process remembered is left.
func (s *Service) Restart() {
	authority := ra.New(ra.Config{Store: s.Store, Issuer: s.Current, Verifier: s.Verifier, PublicURL: s.PublicURL,
		LoginURL: s.LoginURL, MinimumVersion: s.MinimumVersion, Secrets: s.Secrets, Clock: s.Clock, Log: s.Log})
	s.Authority = authority
	s.Handler = &cmp.Handler{Authority: authority, Signer: s.Signer, Secrets: s.Secrets, Now: s.Clock, Rand: s.Random,
		Refused: s.Authority.Refused, CheckSigner: s.Authority.CheckSigner, CheckNewKey: s.Authority.CheckNewKey}
}

// Replica starts another process of the service, with its own connection to the database, which is not one in memory.
func (s *Service) Replica(ctx context.Context) (*Service, error) { return New(ctx, s.Config) }

// Close closes the database.
func (s *Service) Close() error { return s.Store.Close() }

// Login returns the trial login, and how its TLS is set up.
func (s *Service) Login() (http.Handler, *tls.Config) {
	return portal.Login(s.Authority),
		portal.LoginTLS(s.Server, []*x509.Certificate{s.Legacy.Certificate(), s.Current.Certificate()})
}

// Responder returns an OCSP responder for the certificates of both roots.
func (s *Service) Responder() (*ca.Responder, error) {
	return ca.NewResponder(name("Servizi", "OCSP (PROVA)"), s.Current, s.Legacy)
}
