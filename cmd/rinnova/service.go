// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"rinnova.example/go/cardfile"
	"rinnova.example/go/citizen/opensccache"
	"rinnova.example/go/citizen/proxy"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/citizen/settings"
	"rinnova.example/go/cmp"
	"rinnova.example/go/endpoint"
	"rinnova.example/go/failure"
	"rinnova.example/go/pemfile"
)

// begin opens the card of the flags and returns a run on it.
func (p *program) begin() (*opened, *renewal.Renewal, error) {
	o, err := p.open()
	if err != nil {
		return nil, nil, err
	}
	r, err := p.renewal(o)
	if err != nil {
		o.Close()
		return nil, nil, err
	}
	return o, r, nil
}

// renewal returns a run on the card with the common flags. Without a service the run can only look at the card.
func (p *program) renewal(o *opened) (*renewal.Renewal, error) {
	now, err := p.clock()
	if err != nil {
		return nil, err
	}
	r := &renewal.Renewal{Card: o.Card, Pinpad: o.pinpad, Campaign: p.Campaign, Version: version, Now: now,
		Random: rand.Reader, Wait: renewal.Wait, OnWritten: opensccache.Drop}
	if r.Journal, err = p.journal(); err != nil {
		return nil, err
	}
	if p.Service == "" {
		return r, nil
	}
	if r.Service.URL, err = serviceURL(p.Service); err != nil {
		return nil, err
	}
	t, err := p.transport()
	if err != nil {
		return nil, err
	}
	r.Service.HTTP = &http.Client{Transport: t, Timeout: 2 * time.Minute}
	o.closers = append(o.closers, idle{t})
	if r.Anchors, err = certificates(p.CA, p.known.CA); err == nil && r.Anchors == nil {
		err = failureOf(failure.CANeeded, nil)
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// idle closes a transport's idle connections, because a window opens many cards.
type idle struct{ *http.Transport }

func (i idle) Close() error {
	i.CloseIdleConnections()
	return nil
}

// clock is the system's, or one that started at --clock.
func (p *program) clock() (func() time.Time, error) {
	if p.Clock == "" {
		return time.Now, nil
	}
	t, err := time.Parse(time.RFC3339, p.Clock)
	if err != nil {
		return nil, failureOf(failure.ClockMalformed, err)
	}
	started := time.Now()
	return func() time.Time { return t.Add(time.Since(started)) }, nil
}

// serviceURL reads a service's address.
func serviceURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.User != nil {
		return nil, failureOf(failure.ServiceMalformed, errors.New("not an address"))
	}
	if !endpoint.Trusted(u) {
		return nil, failureOf(failure.ServiceMalformed, errors.New("neither https nor this machine"))
	}
	return u, nil
}

func (p *program) transport() (*http.Transport, error) {
	roots, err := p.tlsRoots()
	if err != nil {
		return nil, err
	}
	now, err := p.clock()
	if err != nil {
		return nil, err
	}
	through, err := proxy.Choose(p.Proxy)
	if err != nil {
		return nil, failureOf(failure.ProxyMalformed, err)
	}
	return &http.Transport{Proxy: through.Proxy, TLSHandshakeTimeout: 30 * time.Second,
		DialContext: (&net.Dialer{Timeout: 20 * time.Second}).DialContext,
		OnProxyConnectResponse: func(_ context.Context, _ *url.URL, _ *http.Request, res *http.Response) error {
			if res.StatusCode == http.StatusOK {
				return nil
			}
			return &cmp.HTTPError{Status: res.StatusCode} // net/http would keep its text only
		},
		TLSClientConfig: &tls.Config{RootCAs: roots, Time: now, MinVersion: tls.VersionTLS12}}, nil
}

// tlsRoots returns the roots of --tls-ca or of the operator, nil for the system's.
func (p *program) tlsRoots() (*x509.CertPool, error) {
	list, err := certificates(p.TLSCA, p.known.TLSCA)
	if list == nil || err != nil {
		return nil, err
	}
	pool := x509.NewCertPool()
	for _, c := range list {
		pool.AddCert(c)
	}
	return pool, nil
}

// certificates reads a PEM file of certificates, or the operator's if file is "", and returns nil if that is "" too.
// A file without a certificate is an error.
func certificates(file, operators string) ([]*x509.Certificate, error) {
	b, err := given(file, operators)
	if b == nil && err == nil {
		return nil, nil
	}
	if err != nil {
		return nil, failureOf(failure.CAUnreadable, err)
	}
	list, err := pemfile.Certificates(b)
	if err != nil {
		return nil, failureOf(failure.CAUnreadable, err)
	}
	return list, nil
}

// given reads a file of the flags, otherwise returns the text of the operator's file; nil if there is neither.
func given(file, operators string) ([]byte, error) {
	switch {
	case file != "":
		return os.ReadFile(file)
	case operators != "":
		return []byte(operators), nil
	}
	return nil, nil
}

// journal is in folder.
func (p *program) journal() (*cardfile.Files, error) {
	dir, err := p.folder()
	return cardfile.In(dir), err
}

// folder is that of --journal, otherwise the system's folder for the state of programs.
func (p *program) folder() (string, error) {
	if p.Journal != "" {
		return p.Journal, nil
	}
	dir, err := settings.StateFolder()
	if err != nil {
		return "", failureOf(failure.JournalNowhere, err)
	}
	return dir, nil
}
