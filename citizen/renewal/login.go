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
	"rinnova.example/go/login"
)

// Login is the answer of the trial login.
type Login login.Answer

// Verify tests a card by logging in at a site with its newest valid certificate. It asks for the PIN as a renewal
// does. Without a URL it asks the service for the address of its trial login. The error is a *Failure; a refusal by
// the site is "login-refused" and comes with the answer.
func (r *Renewal) Verify(ctx context.Context, url string, roots *x509.CertPool, transport *http.Transport) (*Login,
	error) {
	n := &run{Renewal: r, task: TaskRenewal, login: true}
	defer func() {
		_ = n.release() // the login has ended, so an error of the card does not matter
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
	if n.s.HasPIN() {
		if err := n.release(); err != nil { // the site decides when it asks for the signature
			return nil, Classify(err)
		}
	} else { // so that the person need not type again at the reader
		n.s.Linger(n.block, lingers)
		n.block = nil
	}
	l, err := LoginWith(ctx, n.s, n.base, url, roots, transport)
	if err != nil {
		return l, Classify(err)
	}
	return l, nil
}

// newest returns the slot of the certificate that is valid now and ends last, or of the one that ends last where none
// is valid. Of two with the same end it chooses the later slot: an abandoned renewal is in an earlier slot than the
// installed one.
func newest(held []cns.Slot, now time.Time) cns.Slot {
	best := -1
	for i, p := range held {
		c := p.Certificate.Certificate
		if now.Before(c.NotBefore) || now.After(c.NotAfter) {
			continue
		}
		if best < 0 || c.NotAfter.Equal(held[best].Certificate.Certificate.NotAfter) && p.Number > held[best].Number {
			best = i
		}
	}
	return held[max(best, 0)]
}

// LoginWith authenticates at a site with the pair of one slot (RFC 8446 §4.4.3, RFC 5246 §7.4.8). It succeeds only if
// the site is reached by https, the card has signed in this handshake, and the site has accepted that certificate. It
// opens a block with the card for each signature, so that no transaction is held while the program waits for the
// site. Only where the PIN is typed at the reader it is typed before, and the card is held for at most 4 seconds. Nil
// roots mean the system's. The transport gives proxies and timeouts; nil means the default.
func LoginWith(ctx context.Context, s *cns.Session, p cns.Slot, url string, roots *x509.CertPool,
	transport *http.Transport) (*Login, error) {
	cert := p.Certificate.Certificate
	key, ok := cert.PublicKey.(*rsa.PublicKey)
	if !ok {
		return nil, fail(failure.NoCertificate, errors.New("the key is not RSA"))
	}
	if s.Unlocked() && !s.HasPIN() { // the site would not wait for a person who types at the reader
		if err := s.Hold(lingers); err != nil {
			return nil, err
		}
	}
	signer := &recordingSigner{Signer: s.Signer(p.Location.Key, key)}
	credential := tls.Certificate{Certificate: [][]byte{cert.Raw}, Leaf: cert, PrivateKey: signer}
	if key.Size() < 256 {
		// EMSA-PSS with SHA-512 does not fit 1024 bits (RFC 8017 §9.1.1).
		credential.SupportedSignatureAlgorithms = []tls.SignatureScheme{tls.PKCS1WithSHA256, tls.PKCS1WithSHA384,
			tls.PSSWithSHA256, tls.PSSWithSHA384, tls.PKCS1WithSHA1}
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
	if req.URL.Scheme != "https" {
		return nil, fail(failure.LoginNotProven, fmt.Errorf("an address of the scheme %q", req.URL.Scheme))
	}
	req.Header.Set("Accept", "application/json")
	res,
		err := (&http.Client{Transport: t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(req)
	if signer.err != nil {
		return nil, signer.err
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
		f := fail(failure.LoginRefused, errors.New(string(l.Reason)))
		if l.Reason.SaidByService() || l.Reason == failure.Expired {
			f.Reason = l.Reason
		}
		return &l, f
	}
	if !signer.signed {
		return nil, fail(failure.LoginNotProven, errors.New("the site did not ask the card for a signature"))
	}
	if l.NotBefore == nil || l.NotAfter == nil || !l.NotAfter.Equal(cert.NotAfter) {
		return nil, fail(failure.LoginUnreadable, errors.New("the site accepted another certificate"))
	}
	return &l, nil
}

// recordingSigner records whether it signed and its error, which crypto/tls does not return.
type recordingSigner struct {
	crypto.Signer
	signed bool
	err    error
}

func (r *recordingSigner) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	signature, err := r.Signer.Sign(random, digest, opts)
	r.signed = r.signed || err == nil
	r.err = errors.Join(r.err, err)
	return signature, err
}
