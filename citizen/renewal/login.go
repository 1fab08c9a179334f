// SPDX-License-Identifier: EUPL-1.2

package renewal

import (
	"context"
	"crypto"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"rinnova.example/go/card/cns"
	"rinnova.example/go/cmp"
	"rinnova.example/go/failure"
)

// Login is what the trial login answered.
type Login struct {
	Name                string    `json:"name"`
	CodiceFiscaleMasked string    `json:"codiceFiscaleMasked"`
	NotBefore           time.Time `json:"notBefore"`
	NotAfter            time.Time `json:"notAfter"`
	Policy              string    `json:"policy"`
	TLS                 string    `json:"tls"`
	Accepted            bool      `json:"accepted"`
	Reason              string    `json:"reason"`
}

// Verify proves a card by logging in at a site with its newest valid certificate: it asks the PIN as a
// renewal does. Without a URL the service is asked for its trial login. The error is a *Failure; a refusal
// by the site is "login-refused", and comes with the answer.
func (r *Renewal) Verify(ctx context.Context, url string, roots *x509.CertPool, transport *http.Transport) (*Login, error) {
	n := &run{Renewal: r}
	defer func() {
		n.release()
		if n.s != nil {
			n.s.ForgetPIN()
		}
	}()
	if err := n.step(ctx, "identify"); err != nil {
		return nil, Classify(err)
	}
	held := candidates(n.s)
	if len(held) == 0 {
		return nil, fail(failure.NoCertificate, nil)
	}
	n.base = newest(held, r.Now())
	if url == "" {
		res, err := r.ask(ctx, cmp.InformRequest{ServiceFacts: true})
		if err != nil {
			return nil, Classify(err)
		}
		if res.Service == nil || res.Service.LoginURL == "" {
			return nil, fail(failure.LoginUnknown, nil)
		}
		url = res.Service.LoginURL
	}
	if err := n.step(ctx, "unlock"); err != nil {
		return nil, Classify(err)
	}
	if err := n.release(); err != nil { // the site asks when it wants its signature
		return nil, Classify(err)
	}
	l, err := LoginWith(ctx, n.s, n.base, url, roots, transport)
	if err != nil {
		return l, Classify(err)
	}
	return l, nil
}

// newest is the certificate that is valid now and ends last, or the one that ends last where none is.
func newest(held []cns.Slot, now time.Time) cns.Slot {
	for _, p := range held {
		c := p.Certificate.Certificate
		if !now.Before(c.NotBefore) && !now.After(c.NotAfter) {
			return p
		}
	}
	return held[0]
}

// LoginWith authenticates at a site with the pair of one place (RFC 8446 §4.4.3, RFC 5246 §7.4.8). Each
// signature is a block of its own with the card: no transaction is held while the site is waited for.
// nil roots are the system's. The transport gives proxies and timeouts, nil for the default.
func LoginWith(ctx context.Context, s *cns.Session, p cns.Slot, url string, roots *x509.CertPool, transport *http.Transport) (*Login, error) {
	cert := p.Certificate.Certificate
	key, ok := cert.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, fail(failure.NoCertificate, errors.New("the key is not RSA"))
	}
	var signing error // crypto/tls does not hand the signer's error on
	credential := tls.Certificate{Certificate: [][]byte{cert.Raw}, Leaf: cert, PrivateKey: noting{s.Signer(p.Location.Key, key), &signing}}
	if key.Size() < 256 {
		// EMSA-PSS with SHA-512 does not fit 1024 bits (RFC 8017 §9.1.1).
		credential.SupportedSignatureAlgorithms = []tls.SignatureScheme{tls.PKCS1WithSHA256, tls.PKCS1WithSHA384, tls.PSSWithSHA256, tls.PSSWithSHA384, tls.PKCS1WithSHA1}
	}
	t := &http.Transport{Proxy: http.ProxyFromEnvironment, TLSHandshakeTimeout: time.Minute}
	if transport != nil {
		t = transport.Clone()
	}
	t.DisableKeepAlives = true
	t.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &credential, nil }}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, fail(failure.LoginUnknown, err)
	}
	req.Header.Set("Accept", "application/json")
	res, err := (&http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(req)
	if signing != nil {
		return nil, signing
	}
	if err != nil {
		return nil, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if err != nil {
		return nil, err
	}
	var l Login
	if err := json.Unmarshal(body, &l); err != nil {
		return nil, fail(failure.LoginUnreadable, fmt.Errorf("status %d: %w", res.StatusCode, err))
	}
	if !l.Accepted {
		f := fail(failure.LoginRefused, errors.New(l.Reason))
		return &l, f
	}
	return &l, nil
}

// noting is a signer that keeps its error.
type noting struct {
	crypto.Signer
	err *error
}

func (n noting) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	sig, err := n.Signer.Sign(random, digest, opts)
	if err != nil {
		*n.err = err
	}
	return sig, err
}
