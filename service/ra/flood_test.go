// SPDX-License-Identifier: EUPL-1.2

package ra_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"rinnova.example/go/cmp"
	"rinnova.example/go/service/ca"
	"rinnova.example/go/service/gate"
	"rinnova.example/go/service/store"
)

// unproven is a key that cannot be used; its signature is any text of the right length.
type unproven struct{ public crypto.PublicKey }

func (u unproven) Public() crypto.PublicKey { return u.public }

func (u unproven) Sign(io.Reader, []byte, crypto.SignerOpts) ([]byte, error) {
	return make([]byte, 1024), nil
}

// lookalike is a certificate for key that the issuer's name alone connects with a root.
func lookalike(t *testing.T, issuer *x509.Certificate, key crypto.Signer) cmp.Credential {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: people[0]},
		NotBefore: clock.AddDate(-1, 0, 0), NotAfter: clock.AddDate(1, 0, 0)}, issuer, key.Public(), key)
	check(t, err)
	cert, err := x509.ParseCertificate(der)
	check(t, err)
	return cmp.Credential{Certificate: cert, Key: key}
}

// TestCostlyKeys sends keys whose signatures take milliseconds to verify, with signatures that do not hold: each is
// refused for its issuer's name or its kind, so no signature was verified.
func TestCostlyKeys(t *testing.T) {
	s := newService(t)
	old := s.known(0)
	honest := cmp.Credential{Certificate: old, Key: key(t, "old0", 1024)}
	p521, err := ecdsa.GenerateKey(elliptic.P521(), rand.Reader)
	check(t, err)
	named := *s.legacy.Certificate()
	named.PublicKey = nil // or the signature would have to be its own
	n := new(big.Int).Lsh(big.NewInt(1), 8191)
	n.SetBit(n, 0, 1)
	rsa8192 := unproven{&rsa.PublicKey{N: n, E: 1<<31 - 1}}
	foreign := &x509.Certificate{Subject: pkix.Name{CommonName: "CA altrui"}}
	for name, c := range map[string]struct {
		old  cmp.Credential
		key  crypto.Signer
		want string
	}{
		"unknown issuer":  {lookalike(t, foreign, p521), key(t, "new", 2048), "untrusted-issuer"},
		"P-521 as a card": {lookalike(t, &named, p521), key(t, "new", 2048), "wrong-key"},
		"RSA-8192 new":    {honest, rsa8192, "key-too-long"},
		"P-521 new":       {honest, unproven{p521.Public()}, "key-not-rsa"},
	} {
		t.Run(name, func(t *testing.T) {
			tr, err := cmp.NewTransaction(rand.Reader)
			check(t, err)
			kur, err := tr.UpdateRequest(c.old, c.key, nil, s.now, rand.Reader)
			check(t, err)
			if c.old.Certificate != old { // spoil the protection of a signer that is to be refused
				m, err := cmp.ParseMessage(kur)
				check(t, err)
				m.Protection[len(m.Protection)-1] ^= 1
				kur, err = m.Marshal()
				check(t, err)
			}
			post, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
				"http://rinnova.example/.well-known/cmp/p/2020", bytes.NewReader(kur))
			check(t, err)
			post.Header.Set("Content-Type", "application/pkixcmp")
			answer, err := s.trial.RoundTrip(post)
			check(t, err)
			der, err := io.ReadAll(answer.Body)
			check(t, err)
			trust := cmp.Trust{Anchors: []*x509.Certificate{s.current.Certificate()}, Now: s.now}
			_, err = tr.UpdateResponse(der, trust)
			refused(t, err, c.want)
		})
	}
}

// TestStrangersAreSampled: what strangers send fills no log, and a card's refusal is always in it.
func TestStrangersAreSampled(t *testing.T) {
	s := newService(t)
	var log bytes.Buffer
	handler := slog.NewTextHandler(&log, nil)
	s.Log, s.Strangers = slog.New(handler), slog.New(gate.Sampled(handler, gate.Budget{PerSecond: 0.001, AtOnce: 10}))
	old := s.known(0)
	foreign := s.card(1, nil)
	foreign.RawIssuer = []byte("another")
	for range 200 {
		s.Refused(t.Context(), []byte("t"), "bad-protection")
		s.standing(foreign, "")
		_, err := s.Update(t.Context(), s.request(foreign, "new"))
		refused(t, err, "untrusted-issuer")
	}
	if n := strings.Count(log.String(), "\n"); n != 10 {
		t.Errorf("%d lines about strangers, want 10", n)
	}
	log.Reset()
	for range 200 {
		_, err := s.Update(t.Context(), requestFor(t, old, &key(t, "short", 1024).PublicKey))
		refused(t, err, "key-too-short")
	}
	if n := strings.Count(log.String(), "code=key-too-short"); n != 200 {
		t.Errorf("%d of 200 refusals of a card are logged", n)
	}
}

// TestIssuerEnds: an issuer whose certificate ends before the campaign's new date issues nothing for it and says so
// before a PIN; lists of revocations go on, also after its end.
func TestIssuerEnds(t *testing.T) {
	s := newService(t)
	end := s.current.Certificate().NotAfter
	old := s.known(0)
	s.now = end.AddDate(0, -6, 0)
	stopped, err := s.Stopped(t.Context())
	if check(t, err); !slices.Equal(stopped, []string{"prova"}) {
		t.Errorf("stopped: %v", stopped)
	}
	if st := s.standing(old, "prova"); st.Decision != cmp.Refused || st.Reason != "issuer-ends" {
		t.Errorf("standing: %+v", st)
	}
	_, err = s.Update(t.Context(), s.request(old, "new"))
	refused(t, err, "issuer-ends")
	if renewals, err := s.store.RenewalsOf(t.Context(), store.Sum(old.Raw)); err != nil || len(renewals) != 0 {
		t.Errorf("on record: %v, %v", renewals, err)
	}
	if len(s.signer.seen) != 0 {
		t.Errorf("%d signatures", len(s.signer.seen))
	}
	for _, s.now = range []time.Time{s.now, end.AddDate(0, 1, 0)} {
		for _, issuer := range []*ca.Issuer{s.current, s.legacy} {
			der, err := s.CRL(t.Context(), issuer)
			check(t, err)
			crl, err := x509.ParseRevocationList(der)
			check(t, err)
			check(t, crl.CheckSignatureFrom(issuer.Certificate()))
		}
	}
}
