// SPDX-License-Identifier: EUPL-1.2

package ra_test

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha512"
	"crypto/x509"
	"log/slog"
	"math/big"
	"strings"
	"sync"
	"testing"
	"time"

	"rinnova.example/go/cmp"
	"rinnova.example/go/service/ca"
	"rinnova.example/go/service/campaign"
	"rinnova.example/go/service/ra"
	"rinnova.example/go/service/store"
	"rinnova.example/go/service/store/storetest"
	"rinnova.example/go/trial"
)

func TestRenewal(t *testing.T) {
	s := newService(t)
	old := s.known(0)
	cert := s.renew(s.request(old, "new"))
	if !bytes.Equal(cert.RawSubject, old.RawSubject) {
		t.Error("another subject")
	}
	// the guide; end of day in Rome
	if want := time.Date(2020, 6, 30, 21, 59, 59, 0, time.UTC); !cert.NotAfter.Equal(want) {
		t.Errorf("valid until %v, want %v", cert.NotAfter, want)
	}
	check(t, cert.CheckSignatureFrom(s.current.Certificate()))
	s.stands(cert, store.Issued, store.Active)
	s.confirm(old, cert)
	s.confirm(old, cert)
	s.stands(cert, store.Installed, store.Active)

	// The same certificate each time, also after the campaign has closed.
	s.now = clock.AddDate(3, 0, 0)
	if again := s.renew(s.request(old, "new")); !again.Equal(cert) {
		t.Error("another certificate for the same key")
	}
	if n := len(s.signer.seen); n != 1 {
		t.Errorf("%d signatures", n)
	}
}

// multipleOf3 is a key whose modulus has a small factor.
func multipleOf3() *rsa.PublicKey {
	n := new(big.Int).Lsh(big.NewInt(1), 2047)
	n.Add(n, big.NewInt(1))
	for new(big.Int).Mod(n, big.NewInt(3)).Sign() != 0 {
		n.Add(n, big.NewInt(2))
	}
	return &rsa.PublicKey{N: n, E: 65537}
}

// refusals are requests that are refused, by the code of the refusal.
var refusals = map[string]func(*testing.T, *service) cmp.UpdateRequest{
	"untrusted-issuer": func(t *testing.T, s *service) cmp.UpdateRequest {
		root, err := ca.NewRoot(ca.RootRequest{ // a root of the same name with another key
			Name: trial.LegacyName, Key: key(t, "stranger", 2048), NotBefore: clock.AddDate(-8, 0, 0),
			NotAfter: clock.AddDate(12, 0, 0),
		})
		check(t, err)
		s.legacy, root = root, s.legacy
		old := s.known(0)
		s.legacy = root
		return s.request(old, "new")
	},
	"wrong-subject": func(t *testing.T, s *service) cmp.UpdateRequest {
		r := s.request(s.known(0), "new")
		r.Subject = s.card(1, nil).RawSubject
		return r
	},
	"not-in-registry": func(t *testing.T, s *service) cmp.UpdateRequest { return s.request(s.card(0, nil), "new") },
	"revoked": func(t *testing.T, s *service) cmp.UpdateRequest {
		old := s.known(0)
		check(t, s.store.SetStatus(t.Context(), store.Sum(old.Raw), store.Revoked, 1, clock))
		return s.request(old, "new")
	},
	"suspended": func(t *testing.T, s *service) cmp.UpdateRequest {
		old := s.known(0)
		check(t, s.store.SetStatus(t.Context(), store.Sum(old.Raw), store.Suspended, 6, clock))
		return s.request(old, "new")
	},
	"not-yet-valid": func(t *testing.T, s *service) cmp.UpdateRequest {
		old := s.known(0)
		s.now = old.NotBefore.Add(-time.Second)
		return s.request(old, "new")
	},
	"campaign-unknown": func(t *testing.T, s *service) cmp.UpdateRequest {
		r := s.request(s.known(0), "new")
		r.Campaign = "1999"
		return r
	},
	"campaign-closed": func(t *testing.T, s *service) cmp.UpdateRequest {
		r := s.request(s.known(0), "new")
		r.Campaign = "2022"
		return r
	},
	"no-campaign": func(t *testing.T, s *service) cmp.UpdateRequest {
		s.setCampaign("prova", func(c *campaign.Campaign) { c.OpenTo = clock.AddDate(0, 0, -1) })
		s.now = clock.AddDate(6, 0, 0)
		return s.request(s.known(0), "new")
	},
	"campaign-ambiguous": func(t *testing.T, s *service) cmp.UpdateRequest {
		s.setCampaign("prova", func(c *campaign.Campaign) { c.Last = false })
		return s.request(s.known(0), "new")
	},
	"not-in-window": func(t *testing.T, s *service) cmp.UpdateRequest {
		old := s.card(0, func(r *ca.OldRequest) { r.NotAfter = time.Date(2019, 12, 31, 22, 59, 59, 0, time.UTC) })
		check(t, s.store.Register(t.Context(), old, "", clock))
		r := s.request(old, "new")
		r.Campaign = "2020"
		return r
	},
	"expired-credential": func(t *testing.T, s *service) cmp.UpdateRequest {
		s.setCampaign("2020", func(c *campaign.Campaign) { c.AcceptExpired = false })
		r := s.request(s.known(0), "new")
		r.Campaign = "2020"
		return r
	},
	"no-extension": func(t *testing.T, s *service) cmp.UpdateRequest {
		old := s.card(0, func(r *ca.OldRequest) { r.NotAfter = time.Date(2020, 6, 30, 21, 59, 59, 0, time.UTC) })
		check(t, s.store.Register(t.Context(), old, "", clock))
		r := s.request(old, "new")
		r.Campaign = "2020"
		return r
	},
	"already-renewed": func(t *testing.T, s *service) cmp.UpdateRequest {
		old := s.known(0)
		s.confirm(old, s.renew(s.request(old, "new")))
		return s.request(old, "second")
	},
	"no-attempts-left": func(t *testing.T, s *service) cmp.UpdateRequest {
		s.setCampaign("2020", func(c *campaign.Campaign) { c.Attempts = 1 })
		s.setCampaign("prova", func(c *campaign.Campaign) { c.OpenTo = clock.AddDate(0, 0, -1) })
		old := s.known(0)
		s.renew(s.request(old, "new"))
		return s.request(old, "second")
	},
	"key-seen": func(t *testing.T, s *service) cmp.UpdateRequest {
		s.renew(s.request(s.known(0), "new"))
		return s.request(s.known(1), "new")
	},
	"certificate-revoked": func(t *testing.T, s *service) cmp.UpdateRequest {
		old := s.known(0)
		c := confirmation(old, s.renew(s.request(old, "new")))
		c.Accepted = false
		check(t, s.Confirm(t.Context(), c))
		return s.request(old, "new")
	},
	"key-is-old": func(t *testing.T, s *service) cmp.UpdateRequest {
		old := s.card(0, func(r *ca.OldRequest) { r.PublicKey = &key(t, "old", 2048).PublicKey })
		check(t, s.store.Register(t.Context(), old, "", clock))
		return s.request(old, "old")
	},
	"key-not-rsa": func(t *testing.T, s *service) cmp.UpdateRequest {
		k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		check(t, err)
		return requestFor(t, s.known(0), k.Public())
	},
	"key-too-short": func(t *testing.T, s *service) cmp.UpdateRequest {
		return requestFor(t, s.known(0), &key(t, "short", 1024).PublicKey)
	},
	"key-bad-exponent": func(t *testing.T, s *service) cmp.UpdateRequest {
		return requestFor(t, s.known(0), &rsa.PublicKey{N: key(t, "new", 2048).N, E: 3})
	},
	"key-small-factor": func(t *testing.T, s *service) cmp.UpdateRequest {
		return requestFor(t, s.known(0), multipleOf3())
	},
}

// TestRefusals has a row for every code with which a request for a certificate is refused.
func TestRefusals(t *testing.T) {
	for code, ask := range refusals {
		t.Run(code, func(t *testing.T) {
			s := newService(t)
			r := ask(t, s)
			signed := len(s.signer.seen)
			for range 2 { // and again: a refusal records nothing that changes the next answer
				_, err := s.Update(t.Context(), r)
				refused(t, err, code)
			}
			if len(s.signer.seen) != signed {
				t.Error("something was signed for a refused request")
			}
		})
	}
}

func TestAmbiguousCampaignsAreListed(t *testing.T) {
	s := newService(t)
	s.setCampaign("prova", func(c *campaign.Campaign) { c.Last = false })
	_, err := s.Update(t.Context(), s.request(s.known(0), "new"))
	refused(t, err, "campaign-ambiguous")
	if text := err.(*cmp.Refusal).Text; !strings.Contains(text, "2020, prova.") {
		t.Errorf("text %q", text)
	}
}

// TestLastCampaign: the trial campaign accepts a certificate that no other accepts, and not one that another has
// renewed.
func TestLastCampaign(t *testing.T) {
	s := newService(t)
	old := s.card(0, func(r *ca.OldRequest) { r.NotAfter = clock.AddDate(0, 6, 0) })
	check(t, s.store.Register(t.Context(), old, "", clock))
	cert := s.renew(s.request(old, "new"))
	// a year, end of day in Rome
	if want := time.Date(2021, 5, 25, 21, 59, 59, 0, time.UTC); !cert.NotAfter.Equal(want) {
		t.Errorf("valid until %v, want %v", cert.NotAfter, want)
	}
	s.confirm(old, cert)

	// A certificate of the current root can itself be renewed, by a later law and not by the one that made it.
	s.now = clock.AddDate(0, 11, 0)
	_, err := s.Update(t.Context(), s.request(cert, "second"))
	refused(t, err, "already-renewed")
	s.setCampaign("2022", func(c *campaign.Campaign) { c.OpenFrom, c.ExpiryFrom = time.Time{}, time.Time{} })
	next := s.renew(s.request(cert, "second"))
	if want := time.Date(2023, 12, 31, 22, 59, 59, 0, time.UTC); !next.NotAfter.Equal(want) {
		t.Errorf("valid until %v, want %v", next.NotAfter, want)
	}
}

func TestParallel(t *testing.T) {
	s := newService(t)
	old := s.known(0)
	r := s.request(old, "new")
	parallel(t, r, s.Authority)
	s.mustHaveOne(old)
}

func (s *service) mustHaveOne(old *x509.Certificate) {
	s.t.Helper()
	list, err := s.store.RenewalsOf(s.t.Context(), store.Sum(old.Raw))
	check(s.t, err)
	if len(list) != 1 {
		s.t.Fatalf("%d certificates on record, want 1", len(list))
	}
}

// parallel sends fifty requests at once, spread over the replicas.
func parallel(t *testing.T, r cmp.UpdateRequest, replicas ...*ra.Authority) {
	t.Helper()
	var wg sync.WaitGroup
	certs := make([]*x509.Certificate, 50)
	errs := make([]error, len(certs))
	for i := range certs {
		wg.Go(func() {
			var response *cmp.UpdateResponse
			if response, errs[i] = replicas[i%len(replicas)].Update(t.Context(), r); errs[i] == nil {
				certs[i] = response.Certificate
			}
		})
	}
	wg.Wait()
	for i, cert := range certs {
		check(t, errs[i])
		if !cert.Equal(certs[0]) {
			t.Fatal("different certificates for one key")
		}
	}
}

// TestReplicas: two services on one PostgreSQL. A race with two keys leaves one certificate valid.
func TestReplicas(t *testing.T) {
	s := newServiceOn(t, storetest.PostgreSQL(t).Database(t))
	other := s.replica()
	t.Cleanup(func() { other.Close() })
	old := s.known(0)
	parallel(t, s.request(old, "new"), s.Authority, other.Authority)
	s.mustHaveOne(old)

	second := s.known(1)
	var wg sync.WaitGroup
	certs := make([]*x509.Certificate, 2)
	errs := make([]error, 2)
	for i, a := range []*ra.Authority{s.Authority, other.Authority} {
		r := s.request(second, []string{"second", "third"}[i])
		wg.Go(func() {
			response, err := a.Update(t.Context(), r)
			if errs[i] = err; err == nil {
				certs[i] = response.Certificate
			}
		})
	}
	wg.Wait()
	check(t, errs[0])
	check(t, errs[1])
	for i, a := range []*ra.Authority{other.Authority, s.Authority} {
		wg.Go(func() { errs[i] = a.Confirm(t.Context(), confirmation(second, certs[i])) })
	}
	wg.Wait()
	won := 0
	if errs[0] != nil {
		won = 1
	}
	check(t, errs[won])
	refused(t, errs[1-won], "already-renewed")
	s.stands(certs[won], store.Installed, store.Active)
	s.stands(certs[1-won], store.Abandoned, store.Revoked)
	_, err := other.Authority.Update(t.Context(), s.request(second, "fourth"))
	refused(t, err, "already-renewed")
}

func TestConfirmation(t *testing.T) {
	s := newService(t)
	old, stranger := s.known(0), s.known(1)
	first := s.renew(s.request(old, "new"))
	second := s.renew(s.request(old, "second"))
	s.stands(first, store.Issued, store.Active) // a new certificate revokes nothing before it is confirmed

	refused(t, s.Confirm(t.Context(), confirmation(stranger, first)), "unknown-certificate")
	refused(t, s.Confirm(t.Context(), confirmation(old, old)), "unknown-certificate")
	short := confirmation(old, first)
	short.CertificateHash = short.CertificateHash[:20]
	refused(t, s.Confirm(t.Context(), short), "unknown-certificate")
	refused(t, s.Confirm(t.Context(), confirmation(s.card(0, nil), first)), "not-in-registry")

	s.confirm(old, second)
	s.stands(second, store.Installed, store.Active)
	s.stands(first, store.Abandoned, store.Revoked)
	refused(t, s.Confirm(t.Context(), confirmation(old, first)), "already-renewed")
	rejection := confirmation(old, second)
	rejection.Accepted = false
	refused(t, s.Confirm(t.Context(), rejection), "already-confirmed")
	_, err := s.Update(t.Context(), s.request(old, "new"))
	refused(t, err, "already-renewed")

	// Confirmed until notAfter, also when the campaign has closed, and no later.
	late := s.renew(s.request(stranger, "third"))
	s.now = late.NotAfter
	s.confirm(stranger, late)
	s.now = late.NotAfter.Add(time.Second)
	refused(t, s.Confirm(t.Context(), confirmation(stranger, late)), "certificate-expired")

	check(t, s.store.SetStatus(t.Context(), store.Sum(old.Raw), store.Revoked, 1, clock))
	s.now = clock
	refused(t, s.Confirm(t.Context(), confirmation(old, second)), "revoked")
}

// TestConfirmationByHash finds the certificate by the old one and whatever hash the client names (RFC 9810 §5.3.18).
func TestConfirmationByHash(t *testing.T) {
	s := newService(t)
	old := s.known(0)
	first, second := s.renew(s.request(old, "new")), s.renew(s.request(old, "second"))
	hash := sha512.Sum384(second.Raw)
	c := cmp.ConfirmRequest{OldCertificate: old, CertificateHash: hash[:], Hash: crypto.SHA512, Accepted: true}
	refused(t, s.Confirm(t.Context(), c), "unknown-certificate")
	c.Hash = 0 // that of the signature, which is SHA-256
	refused(t, s.Confirm(t.Context(), c), "unknown-certificate")
	c.Hash = crypto.SHA384
	check(t, s.Confirm(t.Context(), c))
	s.stands(second, store.Installed, store.Active)
	s.stands(first, store.Abandoned, store.Revoked)
}

func TestRejection(t *testing.T) {
	s := newService(t)
	old := s.known(0)
	cert := s.renew(s.request(old, "new"))
	c := confirmation(old, cert)
	c.Accepted, c.Reason = false, "CLLDAA51A71H501O: catena non valida"
	check(t, s.Confirm(t.Context(), c))
	check(t, s.Confirm(t.Context(), c))
	s.stands(cert, store.Refused, store.Revoked)
	if held, _ := s.store.WithDigest(t.Context(), store.Sum(cert.Raw)); held.Note != "…: catena non valida" {
		t.Errorf("note %q", held.Note)
	}
	refused(t, s.Confirm(t.Context(), confirmation(old, cert)), "certificate-revoked")
	s.confirm(old, s.renew(s.request(old, "second"))) // with another key it goes on
}

// TestLogNamesTransactions: the number that a citizen's report gives each request is in the log, whatever the answer.
func TestLogNamesTransactions(t *testing.T) {
	s := newService(t)
	var log bytes.Buffer
	s.Log = slog.New(slog.NewTextHandler(&log, nil))
	old := s.known(0)
	ask := s.request(old, "new")
	ask.TransactionID = []byte{0xAB, 0xCD, 1}
	cert := s.renew(ask)
	c := confirmation(old, cert)
	c.TransactionID = []byte{0xAB, 0xCD, 2}
	check(t, s.Confirm(t.Context(), c))
	digest := store.Sum(old.Raw)
	_, err := s.Inform(t.Context(), cmp.InformRequest{StandingOf: digest[:], TransactionID: []byte{0xAB, 0xCD, 3}})
	check(t, err)
	again := s.request(old, "second")
	again.TransactionID = []byte{0xAB, 0xCD, 4}
	_, err = s.Update(t.Context(), again)
	refused(t, err, "already-renewed")
	s.Refused(t.Context(), []byte{0xAB, 0xCD, 5}, "bad-template")
	check(t, s.store.Close())
	if _, err := s.Inform(t.Context(), cmp.InformRequest{Campaigns: true,
		TransactionID: []byte{0xAB, 0xCD, 6}}); err == nil {
		t.Error("campaigns of a closed database")
	}
	again.TransactionID = []byte{0xAB, 0xCD, 7}
	if _, err := s.Update(t.Context(), again); err == nil {
		t.Error("a certificate of a closed database")
	}
	for _, line := range []string{"request=update transaction=abcd01", "request=confirm transaction=abcd02",
		"request=standing transaction=abcd03", "request=update transaction=abcd04",
		"transaction=abcd05 code=bad-template", "level=ERROR msg=failed request=campaigns transaction=abcd06",
		"level=ERROR msg=failed request=update transaction=abcd07"} {
		if !strings.Contains(log.String(), line) {
			t.Errorf("no %q in the log:\n%s", line, log.String())
		}
	}
}

// TestLogHasNoPersonalData renews, refuses and logs in, and searches the log for the person.
func TestLogHasNoPersonalData(t *testing.T) {
	s := newService(t)
	var log bytes.Buffer
	s.Log = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	old := s.known(0)
	cert := s.renew(s.request(old, "new"))
	s.confirm(old, cert)
	_, err := s.Update(t.Context(), s.request(old, "second"))
	refused(t, err, "already-renewed")
	_, _, err = s.Login(t.Context(), cert)
	check(t, err)
	for _, line := range []string{"certificate issued", "certificate confirmed", "code=already-renewed",
		"login with a renewed certificate"} {
		if !strings.Contains(log.String(), line) {
			t.Errorf("no line %q in the log", line)
		}
	}
	for _, secret := range []string{"CLLDAA51A71H501O", "6120900000001001", "CLLDAA", "Collaudo"} {
		if strings.Contains(log.String(), secret) {
			t.Errorf("the log names the person")
		}
	}
}
