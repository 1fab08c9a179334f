// SPDX-License-Identifier: EUPL-1.2

package ra_test

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"database/sql"
	"errors"
	"slices"
	"testing"

	"rinnova.example/go/service/store"
)

// TestCrash cuts a request between any two of the numbered steps, with a fault in the database or the signing
// device, starts the service again and repeats the request. Every signed certificate must be on record before a client
// has it, and the result must be one certificate.
func TestCrash(t *testing.T) {
	cut := errors.New("cut")
	for _, c := range []struct {
		name    string
		trigger string // fault in the database
		device  error  // fault in the signing device
		rows    int    // on record after the cut
		signed  int    // signatures made before it
	}{
		{"while the key is recorded", `CREATE TRIGGER cut BEFORE INSERT ON keys BEGIN SELECT RAISE(ABORT, 'cut'); END`,
			nil, 0, 0},
		{"while the intent is recorded",
			`CREATE TRIGGER cut AFTER INSERT ON certificates BEGIN SELECT RAISE(ABORT, 'cut'); END`, nil, 0, 0},
		{"between intent and signature", "", cut, 1, 0},
		{"between signature and record",
			`CREATE TRIGGER cut BEFORE UPDATE ON certificates BEGIN SELECT RAISE(ABORT, 'cut'); END`, nil, 1, 1},
		{"in the middle of the record",
			`CREATE TRIGGER cut BEFORE INSERT ON registry BEGIN SELECT RAISE(ABORT, 'cut'); END`, nil, 1, 1},
		{"at the end of the record",
			`CREATE TRIGGER cut AFTER UPDATE ON certificates WHEN NEW.state = 'issued' BEGIN SELECT RAISE(ABORT, 'cut'); END`, nil, 1, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newService(t)
			old := s.known(0)
			r := s.request(old, "new")
			if c.trigger != "" {
				s.database(c.trigger)
			}
			s.signer.fail = c.device
			if _, err := s.Update(t.Context(), r); err == nil {
				t.Fatal("the cut did not cut")
			}
			list, err := s.store.RenewalsOf(t.Context(), store.Sum(old.Raw))
			check(t, err)
			if len(list) != c.rows || len(s.signer.seen) != c.signed {
				t.Fatalf("%d rows and %d signatures, want %d and %d", len(list), len(s.signer.seen), c.rows, c.signed)
			}
			if c.rows > 0 {
				if list[0].State != store.Requested || list[0].DER != nil {
					t.Fatalf("on record: %s", list[0].State)
				}
				if c.signed > 0 { // the record has the signed certificate
					intent, err := x509.ParseCertificate(list[0].Intent)
					check(t, err)
					if sum := sha256.Sum256(intent.RawTBSCertificate); !bytes.Equal(s.signer.seen[0], sum[:]) {
						t.Fatal("a certificate was signed that is not on record")
					}
				}
				if st := s.standing(old, ""); st.Decision != "renewable" || st.State != "requested" {
					t.Fatalf("standing %+v", st)
				}
			}

			if c.trigger != "" {
				s.database(`DROP TRIGGER cut`)
			}
			s.signer.fail = nil
			s.start()
			cert := s.renew(r)
			if c.rows > 0 && list[0].Serial != serialOf(cert) {
				t.Error("completed with another serial number")
			}
			s.mustHaveOne(old)
			s.stands(cert, store.Issued, store.Active)
			s.start() // the answer was lost
			if again := s.renew(r); !again.Equal(cert) {
				t.Error("another certificate")
			}
			s.confirm(old, cert)
		})
	}
}

// TestRevokedWhileSigned: the facts change while the device signs. The certificate exists, so it enters the record as
// revoked, the revocation list and OCSP name it, and the request is refused.
func TestRevokedWhileSigned(t *testing.T) {
	for name, c := range map[string]struct {
		meanwhile func(s *service, old, other *x509.Certificate)
		refusal   string
	}{
		"the card is revoked": {func(s *service, old, _ *x509.Certificate) {
			check(s.t, s.store.SetStatus(s.t.Context(), store.Sum(old.Raw), store.Revoked, 9, clock))
		}, "revoked"},
		"another certificate is confirmed": {func(s *service, old, other *x509.Certificate) { s.confirm(old, other) },
			"already-renewed"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t)
			old := s.known(0)
			other := s.renew(s.request(old, "second"))
			s.signer.once = func() { c.meanwhile(s, old, other) }
			r := s.request(old, "new")
			for range 2 {
				_, err := s.Update(t.Context(), r)
				refused(t, err, c.refusal)
			}
			held, err := s.store.ForKey(t.Context(), store.Sum(old.Raw), store.Sum(r.SPKI))
			check(t, err)
			if len(held.DER) == 0 || held.State != store.Abandoned || held.Status != store.Revoked {
				t.Fatalf("on record: %s %q, %d bytes", held.State, held.Status, len(held.DER))
			}
			cert, err := x509.ParseCertificate(held.DER)
			check(t, err)
			check(t, cert.CheckSignatureFrom(s.current.Certificate()))
			der, err := s.CRL(t.Context(), s.current)
			check(t, err)
			list, err := x509.ParseRevocationList(der)
			check(t, err)
			if !slices.ContainsFunc(list.RevokedCertificateEntries, func(e x509.RevocationListEntry) bool {
				return e.SerialNumber.Cmp(cert.SerialNumber) == 0
			}) {
				t.Error("not in the revocation list")
			}
			_, reason, err := s.Login(t.Context(), cert)
			check(t, err)
			if reason != "revoked" {
				t.Errorf("a login with it: %q", reason)
			}
		})
	}
}

// TestSuspendedWhileSigned: the certificate is on record, and the request gets it once the card is reinstated.
func TestSuspendedWhileSigned(t *testing.T) {
	s := newService(t)
	old := s.known(0)
	s.signer.once = func() {
		check(t, s.store.SetStatus(t.Context(), store.Sum(old.Raw), store.Suspended, 6, clock))
	}
	r := s.request(old, "new")
	_, err := s.Update(t.Context(), r)
	refused(t, err, "suspended")
	check(t, s.store.SetStatus(t.Context(), store.Sum(old.Raw), store.Active, 0, clock))
	s.stands(s.renew(r), store.Issued, store.Active)
	s.mustHaveOne(old)
}

// TestCrashInConfirmation cuts a confirmation after its first statement: the record has not changed.
func TestCrashInConfirmation(t *testing.T) {
	s := newService(t)
	old := s.known(0)
	first, second := s.renew(s.request(old, "new")), s.renew(s.request(old, "second"))
	s.database(`CREATE TRIGGER cut BEFORE UPDATE ON certificates WHEN NEW.state = 'abandoned' BEGIN SELECT RAISE(ABORT, 'cut'); END`)
	if err := s.Confirm(t.Context(), confirmation(old, second)); err == nil {
		t.Fatal("the cut did not cut")
	}
	s.stands(first, store.Issued, store.Active)
	s.stands(second, store.Issued, store.Active)
	s.database(`DROP TRIGGER cut`)
	s.start()
	s.confirm(old, second)
	s.stands(first, store.Abandoned, store.Revoked)
}

// TestFaultyDevice: a signature that does not verify is never recorded.
func TestFaultyDevice(t *testing.T) {
	s := newService(t)
	old := s.known(0)
	good := s.signer.Signer
	s.signer.Signer = key(t, "another", 2048)
	if _, err := s.Update(t.Context(), s.request(old, "new")); err == nil {
		t.Fatal("a faulty signature was accepted")
	}
	s.signer.Signer = good
	s.stands(s.renew(s.request(old, "new")), store.Issued, store.Active)
}

func serialOf(cert *x509.Certificate) store.Serial { return store.Serial(cert.SerialNumber.Text(16)) }

// database runs a statement on the service's SQLite file beside it.
func (s *service) database(statement string) {
	s.t.Helper()
	db, err := sql.Open("sqlite", s.trial.DSN)
	check(s.t, err)
	defer db.Close()
	_, err = db.Exec(statement)
	check(s.t, err)
}
