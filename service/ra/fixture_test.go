// SPDX-License-Identifier: EUPL-1.2

package ra_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"rinnova.example/go/cmp"
	"rinnova.example/go/holder"
	"rinnova.example/go/service/ca"
	"rinnova.example/go/service/campaign"
	"rinnova.example/go/service/ra"
	"rinnova.example/go/service/store"
	"rinnova.example/go/trial"
)

// clock is the instant of most tests: within the shipped campaign 2020.
var clock = time.Date(2020, 5, 25, 10, 0, 0, 0, time.UTC)

// The people of docs/DOMAIN.md §5.1.
var people = []string{
	"CLLDAA51A71H501O/6120900000001001.3SsHNs8uNFgeYKY73uk31/nMtfI=",
	"PRVLEO64B29F205Z/6030900000002001.3SsHNs8uNFgeYKY73uk31/nMtfI=",
}

// prepared are the keys of all tests.
var prepared = &trial.Keys{}

func key(t testing.TB, name string, bits int) *rsa.PrivateKey {
	t.Helper()
	k, err := prepared.Key(name, bits)
	check(t, err)
	return k
}

// service is an issuing service with everything a test may turn.
type service struct {
	*ra.Authority
	t       testing.TB
	trial   *trial.Service
	store   *store.Store
	legacy  *ca.Issuer
	current *ca.Issuer
	signer  *device
	now     time.Time
}

// device is a signing key that can fail, or die after signing, as an HSM does.
type device struct {
	crypto.Signer
	mu   sync.Mutex
	seen [][]byte // digests signed
	fail error
	once func() // called before the next signature
}

func (d *device) Sign(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if once := d.once; once != nil {
		d.once = nil
		once()
	}
	if d.fail != nil {
		return nil, d.fail
	}
	d.seen = append(d.seen, digest)
	return d.Signer.Sign(rand, digest, opts)
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newService(t *testing.T) *service {
	return newServiceOn(t, filepath.Join(t.TempDir(), "rinnovad.db"))
}

func newServiceOn(t testing.TB, dsn string) *service {
	t.Helper()
	s := &service{t: t, now: clock}
	// its signatures differ each time: the same certificate must come from the record
	p256, err := ca.GenerateKey(ca.P256)
	check(t, err)
	s.signer = &device{Signer: p256}
	authorities, err := trial.NewAuthorities(trial.AuthoritiesRequest{From: clock.AddDate(-8, 0, 0),
		Until: clock.AddDate(20, 0, 0),
		Keys:  prepared, Current: s.signer, Signature: x509.SHA1WithRSA})
	check(t, err)
	s.legacy, s.current, s.signer.seen = authorities.Legacy, authorities.Current, nil
	process, err := trial.New(t.Context(), trial.Config{Authorities: authorities, DSN: dsn, Keys: prepared,
		Clock: func() time.Time { return s.now }})
	check(t, err)
	s.run(process)
	return s
}

// start begins a process: it opens the database again and drops everything else.
func (s *service) start() {
	s.t.Helper()
	s.run(s.replica())
}

// run makes a process the one that is asked, until the test ends.
func (s *service) run(process *trial.Service) {
	s.trial, s.store, s.Authority = process, process.Store, process.Authority
	s.t.Cleanup(func() { process.Close() })
}

func (s *service) replica() *trial.Service {
	s.t.Helper()
	other, err := s.trial.Replica(s.t.Context())
	check(s.t, err)
	return other
}

// setCampaign changes a shipped campaign.
func (s *service) setCampaign(id string, change func(*campaign.Campaign)) {
	s.t.Helper()
	all, err := s.store.Campaigns(s.t.Context())
	check(s.t, err)
	for _, c := range all {
		if c.ID == id {
			change(&c)
			c.Version++
			check(s.t, s.store.AddCampaign(s.t.Context(), c, s.now))
			return
		}
	}
	s.t.Fatalf("no campaign %s", id)
}

// card is an old certificate with its key.
func (s *service) card(person int, change func(*ca.OldRequest)) *x509.Certificate {
	s.t.Helper()
	cn, err := holder.ParseCN(people[person])
	check(s.t, err)
	r := ca.OldRequest{
		Administration: "Regione Esempio", CN: cn, PublicKey: &key(s.t, fmt.Sprint("old", person), 1024).PublicKey,
		Signature: x509.SHA1WithRSA,
		NotBefore: clock.AddDate(-6, 0, 0), NotAfter: time.Date(2020, 3, 31, 21, 59, 59, 0, time.UTC),
		PublicURL: "http://rinnova.example",
	}
	if change != nil {
		change(&r)
	}
	cert, err := s.legacy.IssueOld(r)
	check(s.t, err)
	return cert
}

// known is a card that is in the registry.
func (s *service) known(person int) *x509.Certificate {
	s.t.Helper()
	cert := s.card(person, nil)
	check(s.t, s.store.Register(s.t.Context(), cert, "", s.now))
	return cert
}

func (s *service) request(old *x509.Certificate, name string) cmp.UpdateRequest {
	s.t.Helper()
	return requestFor(s.t, old, &key(s.t, name, 2048).PublicKey)
}

func requestFor(t testing.TB, old *x509.Certificate, public crypto.PublicKey) cmp.UpdateRequest {
	t.Helper()
	spki, err := x509.MarshalPKIXPublicKey(public)
	check(t, err)
	r := cmp.UpdateRequest{OldCertificate: old, Subject: old.RawSubject, PublicKey: public, SPKI: spki,
		TransactionID: make([]byte, 16), Kur: cmp.Kur{Nonce: make([]byte, 16)}}
	rand.Read(r.TransactionID)
	rand.Read(r.Kur.Digest[:])
	return r
}

// renew asks and gets a certificate.
func (s *service) renew(r cmp.UpdateRequest) *x509.Certificate {
	s.t.Helper()
	response, err := s.Update(s.t.Context(), r)
	check(s.t, err)
	if response.Certificate == nil {
		s.t.Fatalf("to wait %v", response.CheckAfter)
	}
	return response.Certificate
}

func confirmation(old, cert *x509.Certificate) cmp.ConfirmRequest {
	hash := sha256.Sum256(cert.Raw)
	return cmp.ConfirmRequest{OldCertificate: old, CertificateHash: hash[:], Accepted: true}
}

func (s *service) confirm(old, cert *x509.Certificate) {
	s.t.Helper()
	check(s.t, s.Confirm(context.WithoutCancel(s.t.Context()), confirmation(old, cert)))
}

func refused(t testing.TB, err error, code string) {
	t.Helper()
	var r *cmp.Refusal
	if !errors.As(err, &r) {
		t.Fatalf("got %v, want the refusal %s", err, code)
	}
	if string(r.Code) != code {
		t.Fatalf("refused as %s, want %s", r.Code, code)
	}
	if r.Text == "" || len(r.Text) >= 500 {
		t.Fatalf("text of %s has %d bytes", code, len(r.Text))
	}
}

func (s *service) stands(cert *x509.Certificate, state store.State, status store.Status) {
	s.t.Helper()
	c, err := s.store.WithDigest(s.t.Context(), store.Sum(cert.Raw))
	check(s.t, err)
	if c.State != state || c.Status != status {
		s.t.Fatalf("%s and %s, want %s and %s", c.State, c.Status, state, status)
	}
}

func (s *service) standing(old *x509.Certificate, label string) *cmp.Standing {
	s.t.Helper()
	hash := sha256.Sum256(old.Raw)
	response, err := s.Inform(s.t.Context(), cmp.InformRequest{Campaign: label, StandingOf: hash[:]})
	check(s.t, err)
	return response.Standing
}
