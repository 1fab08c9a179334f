// SPDX-License-Identifier: EUPL-1.2

package store_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"database/sql"
	"errors"
	"fmt"
	"math/big"
	"path/filepath"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"rinnova.example/go/service/campaign"
	"rinnova.example/go/service/store"
	"rinnova.example/go/service/store/storetest"
)

var now = time.Date(2020, 5, 25, 10, 0, 0, 0, time.UTC)

// newCertificate signs a certificate without a card's profile, which the store does not check.
func newCertificate(t *testing.T, issuer string, serial int64) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), Subject: pkix.Name{CommonName: issuer},
		NotBefore: now, NotAfter: now.AddDate(0, 1, 0)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

func intent(old, cert *x509.Certificate, camp string) store.Intent {
	return store.Intent{
		Serial: store.SerialOf(cert.SerialNumber), Old: store.Sum(old.Raw),
		SPKI:     store.Sum(cert.RawSubjectPublicKeyInfo),
		Campaign: camp, CampaignVersion: 1, DER: cert.Raw, NotBefore: cert.NotBefore, NotAfter: cert.NotAfter,
		Kur: kur(fmt.Sprint(cert.SerialNumber), cert.Raw),
	}
}

// kur is one of that transaction with that content.
func kur(transaction string, content []byte) store.Kur {
	return store.Kur{Transaction: []byte("transaction " + transaction), Digest: store.Sum(content),
		Nonce: []byte("nonce of " + transaction)}
}

func open(t *testing.T, dsn string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// everywhere runs a test on both databases. The second argument opens the same database once more, as
// another replica does.
func everywhere(t *testing.T, tests map[string]func(*testing.T, *store.Store, func() *store.Store)) {
	cluster := storetest.PostgreSQL(t)
	for name, test := range tests {
		for engine, dsn := range map[string]string{
			"sqlite":     filepath.Join(t.TempDir(), "a b%?#.db"),
			"postgresql": cluster.Database(t),
		} {
			t.Run(name+"/"+engine, func(t *testing.T) {
				test(t, open(t, dsn), func() *store.Store { return open(t, dsn) })
			})
		}
	}
}

func TestStore(t *testing.T) {
	everywhere(t, map[string]func(*testing.T, *store.Store, func() *store.Store){
		"registry":           testRegistry,
		"issuance":           testIssuance,
		"siblings":           testSiblings,
		"revoked meanwhile":  testRevokedMeanwhile,
		"rejection":          testRejection,
		"login":              testLogin,
		"changed":            testChanged,
		"keys":               testKeys,
		"second campaign":    testSecondCampaign,
		"replicas":           testReplicas,
		"campaigns":          testCampaigns,
		"queue":              testQueue,
		"revocation list":    testCRL,
		"settings":           testSettings,
		"transactions":       testTransactions,
		"pending":            testPending,
		"record needs trace": testRecordWithoutIntent,
	})
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func want(t *testing.T, err, target error) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Fatalf("got %v, want %v", err, target)
	}
}

func testRegistry(t *testing.T, s *store.Store, _ func() *store.Store) {
	ctx := t.Context()
	cert := newCertificate(t, "a", 10)
	_, err := s.Registered(ctx, store.Sum(cert.Raw))
	want(t, err, store.ErrNotFound)
	check(t, s.Register(ctx, cert, "", now))
	check(t, s.SetStatus(ctx, store.Sum(cert.Raw), store.Suspended, store.ReasonCertificateHold, now))
	check(t, s.Register(ctx, cert, "", now.Add(time.Hour))) // again: stays suspended
	r, err := s.Registered(ctx, store.Sum(cert.Raw))
	check(t, err)
	if r.Serial != "a" || r.Status != store.Suspended || r.Reason != 6 || !r.NotAfter.Equal(cert.NotAfter) ||
		!r.ChangedAt.Equal(now) || r.SPKI != store.Sum(cert.RawSubjectPublicKeyInfo) {
		t.Fatalf("registration %+v", r)
	}
	check(t, s.SetStatus(ctx, r.Digest, store.Active, 0, now))
	check(t, s.SetStatus(ctx, r.Digest, store.Revoked, 1, now))
	check(t, s.SetStatus(ctx, r.Digest, store.Active, 0, now)) // revoked stays revoked
	if r, _ = s.Registered(ctx, r.Digest); r.Status != store.Revoked || r.Reason != 1 {
		t.Fatalf("a revocation was lifted: %+v", r)
	}
	want(t, s.Register(ctx, newCertificate(t, "a", 10), "", now), store.ErrRegistered)
	check(t, s.Register(ctx, newCertificate(t, "b", 10), "", now))
	list, err := s.WithSerial(ctx, "a")
	check(t, err)
	if len(list) != 2 {
		t.Fatalf("%d certificates with serial number a, want 2", len(list))
	}
	want(t, s.SetStatus(ctx, store.Digest{}, store.Revoked, 0, now), store.ErrNotFound)
}

// requested registers an old certificate and records an intent for a new one.
func requested(t *testing.T, s *store.Store, serial int64) (old, cert *x509.Certificate) {
	t.Helper()
	old, cert = newCertificate(t, "old", serial), newCertificate(t, "new", serial)
	check(t, s.Register(t.Context(), old, "", now))
	check(t, s.RecordIntent(t.Context(), intent(old, cert, "2020"), store.Progress{}, now))
	return old, cert
}

func testIssuance(t *testing.T, s *store.Store, _ func() *store.Store) {
	ctx := t.Context()
	old, cert := requested(t, s, 1)
	got, err := s.ForKey(ctx, store.Sum(old.Raw), store.Sum(cert.RawSubjectPublicKeyInfo))
	check(t, err)
	if got.State != store.Requested || got.DER != nil || string(got.Intent) != string(cert.Raw) || got.Status != "" ||
		got.CampaignVersion != 1 {
		t.Fatalf("intent %+v", got)
	}
	got, _, err = s.RecordCertificate(ctx, cert, now)
	check(t, err)
	if got.State != store.Issued || string(got.DER) != string(cert.Raw) || got.Status != store.Active ||
		!got.NotAfter.Equal(cert.NotAfter) {
		t.Fatalf("issued %+v", got)
	}
	_, err = s.Confirm(ctx, store.Sum(cert.Raw), store.Sum(cert.Raw), now) // not the old one
	want(t, err, store.ErrNotFound)
	for range 2 {
		got, err = s.Confirm(ctx, store.Sum(old.Raw), store.Sum(cert.Raw), now.Add(time.Minute))
		check(t, err)
		if got.State != store.Installed {
			t.Fatalf("state %s", got.State)
		}
	}
	p, err := s.ProgressOf(ctx, store.Sum(old.Raw), "2020")
	check(t, err)
	if p != (store.Progress{Presented: 1, Renewed: true}) {
		t.Fatalf("progress %+v", p)
	}
	if got, _ = s.WithDigest(ctx, store.Sum(cert.Raw)); got.State != store.Installed ||
		!got.ChangedAt.Equal(now.Add(time.Minute)) {
		t.Fatalf("on record %+v", got)
	}
	want(t, s.Reject(ctx, store.Sum(old.Raw), store.Sum(cert.Raw), "", now), store.ErrChanged)
}

func testSiblings(t *testing.T, s *store.Store, _ func() *store.Store) {
	ctx := t.Context()
	old, first := requested(t, s, 1)
	_, _, err := s.RecordCertificate(ctx, first, now)
	check(t, err)
	second, third, other := newCertificate(t, "new", 2), newCertificate(t, "new", 3), newCertificate(t, "new", 4)
	check(t, s.RecordIntent(ctx, intent(old, second, "2020"), store.Progress{Presented: 1}, now))
	_, _, err = s.RecordCertificate(ctx, second, now)
	check(t, err)
	check(t, s.RecordIntent(ctx, intent(old, third, "2020"), store.Progress{Presented: 2}, now))
	check(t, s.RecordIntent(ctx, intent(old, other, "2022"), store.Progress{}, now))
	_, _, err = s.RecordCertificate(ctx, other, now)
	check(t, err)
	stands := func(cert *x509.Certificate, state store.State, status store.Status) {
		t.Helper()
		c, err := s.ForKey(ctx, store.Sum(old.Raw), store.Sum(cert.RawSubjectPublicKeyInfo))
		check(t, err)
		if c.State != state || c.Status != status {
			t.Fatalf("%s: %s %q, want %s %q", c.Serial, c.State, c.Status, state, status)
		}
	}
	stands(first, store.Issued, store.Active) // nothing is revoked before a confirmation
	_, err = s.Confirm(ctx, store.Sum(old.Raw), store.Sum(second.Raw), now)
	check(t, err)
	stands(first, store.Abandoned, store.Revoked)
	stands(second, store.Installed, store.Active)
	stands(third, store.Abandoned, "")
	stands(other, store.Issued, store.Active) // another campaign is another renewal
	if r, _ := s.Registered(ctx, store.Sum(first.Raw)); r.Reason != store.ReasonSuperseded {
		t.Fatalf("revoked for reason %d", r.Reason)
	}
	if r, _ := s.Registered(ctx, store.Sum(old.Raw)); r.Status != store.Active {
		t.Fatal("the old certificate was revoked")
	}
	// The third was being signed meanwhile.
	held, _, err := s.RecordCertificate(ctx, third, now)
	check(t, err)
	if held.State != store.Abandoned || string(held.DER) != string(third.Raw) || held.Status != store.Revoked {
		t.Fatalf("a signed certificate is not on record as revoked: %+v", held)
	}
	stands(third, store.Abandoned, store.Revoked)
	if r, _ := s.Registered(ctx, store.Sum(third.Raw)); r.Reason != store.ReasonSuperseded {
		t.Fatalf("revoked for reason %d", r.Reason)
	}
	_, err = s.Confirm(ctx, store.Sum(old.Raw), store.Sum(first.Raw), now)
	want(t, err, store.ErrRevoked)
}

// testRevokedMeanwhile: the old certificate is revoked, or suspended, while the new one is signed.
func testRevokedMeanwhile(t *testing.T, s *store.Store, _ func() *store.Store) {
	ctx := t.Context()
	for i, c := range []struct {
		status store.Status
		reason int
		state  store.State
		stands store.Status
	}{
		{store.Revoked, 9, store.Abandoned, store.Revoked}, // privilegeWithdrawn, RFC 5280 §5.3.1
		{store.Suspended, store.ReasonCertificateHold, store.Issued, store.Active},
	} {
		old, cert := requested(t, s, int64(i+1))
		check(t, s.SetStatus(ctx, store.Sum(old.Raw), c.status, c.reason, now))
		for range 2 {
			held, status, err := s.RecordCertificate(ctx, cert, now)
			check(t, err)
			if status != c.status || held.State != c.state || held.Status != c.stands ||
				string(held.DER) != string(cert.Raw) {
				t.Errorf("%s: %s, %s, %s, %d bytes", c.status, status, held.State, held.Status, len(held.DER))
			}
		}
		r, err := s.Registered(ctx, store.Sum(cert.Raw))
		check(t, err)
		if r.Status != c.stands || r.Status == store.Revoked && r.Reason != c.reason {
			t.Errorf("%s: on record %+v", c.status, r)
		}
		list, err := s.Unusable(ctx, cert.RawIssuer, now)
		check(t, err)
		listed := slices.ContainsFunc(list, func(r store.Registration) bool { return r.Digest == store.Sum(cert.Raw) })
		if listed != (c.stands == store.Revoked) {
			t.Errorf("%s: listed %t", c.status, listed)
		}
	}
}

func testRejection(t *testing.T, s *store.Store, _ func() *store.Store) {
	ctx := t.Context()
	old, cert := requested(t, s, 1)
	_, _, err := s.RecordCertificate(ctx, cert, now)
	check(t, err)
	for range 2 {
		check(t, s.Reject(ctx, store.Sum(old.Raw), store.Sum(cert.Raw), "catena", now))
	}
	c, err := s.WithDigest(ctx, store.Sum(cert.Raw))
	check(t, err)
	if c.State != store.Refused || c.Status != store.Revoked || c.Note != "catena" {
		t.Fatalf("%+v", c)
	}
	_, err = s.Confirm(ctx, store.Sum(old.Raw), store.Sum(cert.Raw), now)
	want(t, err, store.ErrRevoked)
	want(t, s.Reject(ctx, store.Sum(old.Raw), store.Digest{}, "", now), store.ErrNotFound)
}

func testLogin(t *testing.T, s *store.Store, _ func() *store.Store) {
	ctx := t.Context()
	old, cert := requested(t, s, 1)
	_, _, err := s.RecordCertificate(ctx, cert, now)
	check(t, err)
	second := newCertificate(t, "new", 2)
	check(t, s.RecordIntent(ctx, intent(old, second, "2020"), store.Progress{Presented: 1}, now))
	_, _, err = s.RecordCertificate(ctx, second, now)
	check(t, err)
	for range 2 { // the confirmation was lost
		c, err := s.Prove(ctx, store.Sum(cert.Raw), now)
		check(t, err)
		if c.State != store.Proven {
			t.Fatalf("state %s", c.State)
		}
	}
	c, err := s.Confirm(ctx, store.Sum(old.Raw), store.Sum(cert.Raw), now) // and comes late
	check(t, err)
	if c.State != store.Proven {
		t.Fatalf("a late confirmation made a proven certificate %s", c.State)
	}
	_, err = s.Prove(ctx, store.Sum(second.Raw), now)
	want(t, err, store.ErrRevoked)
	_, err = s.Prove(ctx, store.Sum(old.Raw), now) // not issued here
	want(t, err, store.ErrNotFound)
}

func testChanged(t *testing.T, s *store.Store, _ func() *store.Store) {
	ctx := t.Context()
	old, cert := requested(t, s, 1)
	second := newCertificate(t, "new", 2)
	want(t, s.RecordIntent(ctx, intent(old, second, "2020"), store.Progress{}, now), store.ErrChanged)
	want(t, s.RecordIntent(ctx, intent(old, cert, "2020"), store.Progress{Presented: 1}, now), store.ErrChanged)
	check(t, s.SetStatus(ctx, store.Sum(old.Raw), store.Revoked, 1, now))
	want(t, s.RecordIntent(ctx, intent(old, second, "2020"), store.Progress{Presented: 1}, now), store.ErrChanged)
	want(t, s.RecordIntent(ctx, intent(second, cert, "2020"), store.Progress{}, now), store.ErrNotFound)
}

func testKeys(t *testing.T, s *store.Store, _ func() *store.Store) {
	ctx := t.Context()
	_, cert := requested(t, s, 1)
	other := newCertificate(t, "old", 2)
	check(t, s.Register(ctx, other, "", now))
	in := intent(other, newCertificate(t, "new", 2), "2020")
	in.SPKI = store.Sum(cert.RawSubjectPublicKeyInfo) // presented for the first card
	want(t, s.RecordIntent(ctx, in, store.Progress{}, now), store.ErrKeySeen)
	in.SPKI = store.Sum(newCertificate(t, "new", 3).RawSubjectPublicKeyInfo)
	check(t, s.RecordIntent(ctx, in, store.Progress{}, now))
	third := newCertificate(t, "old", 3)
	check(t, s.Register(ctx, third, "", now))
	in = intent(other, newCertificate(t, "new", 4), "2020")
	in.SPKI = store.Sum(third.RawSubjectPublicKeyInfo) // the key of another card's old certificate
	want(t, s.RecordIntent(ctx, in, store.Progress{Presented: 1}, now), store.ErrKeySeen)
}

func testSecondCampaign(t *testing.T, s *store.Store, _ func() *store.Store) {
	ctx := t.Context()
	old, cert := requested(t, s, 1)
	_, _, err := s.RecordCertificate(ctx, cert, now)
	check(t, err)
	_, err = s.Confirm(ctx, store.Sum(old.Raw), store.Sum(cert.Raw), now)
	check(t, err)
	// A renewed certificate is itself the old one of the next renewal, but not in the campaign that made it.
	for camp, want := range map[string]store.Progress{"2020": {Renewed: true}, "2022": {}} {
		p, err := s.ProgressOf(ctx, store.Sum(cert.Raw), camp)
		check(t, err)
		if p != want {
			t.Fatalf("progress in %s: %+v", camp, p)
		}
	}
	next := newCertificate(t, "new", 2)
	check(t, s.RecordIntent(ctx, intent(cert, next, "2022"), store.Progress{}, now))
	_, _, err = s.RecordCertificate(ctx, next, now)
	check(t, err)
	list, err := s.Certificates(ctx)
	check(t, err)
	of, err := s.RenewalsOf(ctx, store.Sum(cert.Raw))
	check(t, err)
	if len(list) != 2 || len(of) != 1 || of[0].Serial != "2" {
		t.Fatalf("%d certificates, %d of the second", len(list), len(of))
	}
}

// testTransactions: a transactionID belongs to one kur, for ever.
func testTransactions(t *testing.T, s *store.Store, _ func() *store.Store) {
	ctx := t.Context()
	old, cert := requested(t, s, 1)
	other := newCertificate(t, "old", 2)
	check(t, s.Register(ctx, other, "", now))
	oldDigest, spki := store.Sum(old.Raw), store.Sum(cert.RawSubjectPublicKeyInfo)
	same, again, strange := kur("1", cert.Raw), kur("1", []byte("other bytes")), kur("9", cert.Raw)
	held, err := s.ForKur(ctx, oldDigest, spki, same)
	check(t, err)
	if held.Serial != store.SerialOf(cert.SerialNumber) || string(held.Kur.Nonce) != "nonce of 1" || held.Kur.Mods {
		t.Errorf("on record %+v", held)
	}
	_, err = s.ForKur(ctx, oldDigest, spki, again)
	want(t, err, store.ErrTransaction)
	_, err = s.ForKur(ctx, store.Sum(other.Raw), store.Sum([]byte("key")), again)
	want(t, err, store.ErrTransaction)
	held, err = s.ForKur(ctx, oldDigest, spki, strange) // a program that lost its transaction
	check(t, err)
	if held.Serial != store.SerialOf(cert.SerialNumber) {
		t.Errorf("on record %+v", held)
	}
	_, err = s.ForKur(ctx, store.Sum(other.Raw), spki, strange)
	want(t, err, store.ErrNotFound)
	held, err = s.ForTransaction(ctx, same.Transaction)
	check(t, err)
	if held.Old != oldDigest || held.SPKI != spki {
		t.Errorf("on record %+v", held)
	}
	_, err = s.ForTransaction(ctx, strange.Transaction)
	want(t, err, store.ErrNotFound)

	// The index decides a race.
	in := intent(other, newCertificate(t, "new", 3), "2020")
	in.Kur = again
	want(t, s.RecordIntent(ctx, in, store.Progress{}, now), store.ErrTransaction)
	in.Kur = kur("3", nil)
	in.Kur.Mods = true
	check(t, s.RecordIntent(ctx, in, store.Progress{}, now))
	if held, err = s.ForTransaction(ctx, in.Kur.Transaction); err != nil || !held.Kur.Mods {
		t.Errorf("on record %+v, %v", held, err)
	}
}

// testPending: a kur that waits is found by every replica until its place lapses, and keeps its transactionID.
func testPending(t *testing.T, s *store.Store, again func() *store.Store) {
	ctx := t.Context()
	old, cert := newCertificate(t, "old", 1), newCertificate(t, "new", 2)
	check(t, s.Register(ctx, old, "", now))
	p := store.Pending{Kur: kur("2", cert.Raw), Old: store.Sum(old.Raw), SPKI: []byte("key"), Ticket: []byte("ticket")}
	p.Mods = true
	enter := func(who store.Digest, at time.Time, p *store.Pending) error {
		_, _, err := s.EnterQueue(ctx, who, "2020", 1, at, at, p)
		return err
	}
	check(t, enter(store.Sum([]byte("first")), now, &p)) // there is room: nothing waits
	_, err := s.PendingKur(ctx, p.Transaction, now)
	want(t, err, store.ErrNotFound)
	for range 2 {
		check(t, enter(p.Old, now, &p))
	}
	got, err := again().PendingKur(ctx, p.Transaction, now.Add(store.ArrivalLife))
	check(t, err)
	if !reflect.DeepEqual(got, p) {
		t.Errorf("%+v, want %+v", got, p)
	}
	_, err = s.PendingKur(ctx, p.Transaction, now.Add(store.ArrivalLife+time.Millisecond))
	want(t, err, store.ErrNotFound)

	other := p
	other.Kur = kur("2", []byte("other bytes"))
	want(t, enter(p.Old, now, &other), store.ErrTransaction)
	in := intent(old, cert, "2020")
	in.Kur = other.Kur
	want(t, s.RecordIntent(ctx, in, store.Progress{}, now), store.ErrTransaction)
	in.Kur = p.Kur
	check(t, s.RecordIntent(ctx, in, store.Progress{}, now))
	check(t, s.DropPending(ctx, p.Transaction))
	check(t, s.DropPending(ctx, p.Transaction))
	_, err = s.PendingKur(ctx, p.Transaction, now)
	want(t, err, store.ErrNotFound)

	// Those that have expired make room for others.
	check(t, enter(p.Old, now, &p))
	later := now.Add(store.ArrivalLife + time.Minute)
	other.Kur = kur("5", nil)
	check(t, enter(store.Sum([]byte("first")), later, nil))
	check(t, enter(store.Sum([]byte("second")), later, &other))
	_, err = s.PendingKur(ctx, p.Transaction, now)
	want(t, err, store.ErrNotFound)
}

// testReplicas: two replicas race for one old certificate, with one key, then with two.
func testReplicas(t *testing.T, s *store.Store, again func() *store.Store) {
	ctx := t.Context()
	replicas := []*store.Store{s, again()}
	race := func(intents []store.Intent, decided store.Progress) (won int) {
		var wg sync.WaitGroup
		errs := make([]error, len(intents))
		for i := range intents {
			wg.Go(func() { errs[i] = replicas[i%2].RecordIntent(context.WithoutCancel(ctx), intents[i], decided, now) })
		}
		wg.Wait()
		for _, err := range errs {
			if err == nil {
				won++
			} else {
				want(t, err, store.ErrChanged)
			}
		}
		return won
	}
	old := newCertificate(t, "old", 1)
	check(t, s.Register(ctx, old, "", now))
	var same, different []store.Intent
	key := store.Sum([]byte("key"))
	for i := range int64(8) {
		in := intent(old, newCertificate(t, "new", 10+i), "2020")
		different = append(different, in)
		in.SPKI, in.Serial, in.Kur.Transaction = key, in.Serial+"f", []byte(in.Serial+"f")
		same = append(same, in)
	}
	if won := race(same, store.Progress{}); won != 1 {
		t.Fatalf("%d intents for one key", won)
	}
	if won := race(different, store.Progress{Presented: 1}); won != 1 {
		t.Fatalf("%d intents decided on the same facts", won)
	}
}

func testCampaigns(t *testing.T, s *store.Store, _ func() *store.Store) {
	ctx := t.Context()
	shipped := campaign.Shipped()
	for _, c := range shipped {
		check(t, s.AddCampaign(ctx, c, now))
		want(t, s.AddCampaign(ctx, c, now), store.ErrChanged)
	}
	changed := shipped[0]
	changed.Version, changed.OpenTo = 3, now
	want(t, s.AddCampaign(ctx, changed, now), store.ErrChanged) // 2 is missing
	changed.Version = 2
	check(t, s.AddCampaign(ctx, changed, now))
	got, err := s.Campaigns(ctx)
	check(t, err)
	if len(got) != len(shipped) {
		t.Fatalf("%d campaigns, want %d", len(got), len(shipped))
	}
	for i, c := range got {
		w := shipped[i]
		if i == 0 {
			w = changed
		}
		if c.ID != w.ID || c.Version != w.Version || !c.OpenTo.Equal(w.OpenTo) || !c.ExpiryFrom.Equal(w.ExpiryFrom) ||
			!c.NewNotAfter.Equal(w.NewNotAfter) ||
			c.AcceptExpired != w.AcceptExpired || c.Attempts != w.Attempts || c.Capacity != w.Capacity ||
			c.Last != w.Last || len(c.Series) != len(w.Series) {
			t.Errorf("campaign %+v, want %+v", c, w)
		}
	}
}

func testQueue(t *testing.T, s *store.Store, again func() *store.Store) {
	ctx := t.Context()
	check(t, s.AddCampaign(ctx, campaign.Campaign{ID: "2020", Version: 1}, now))
	person := func(i int) store.Digest { return store.Sum(fmt.Append(nil, i)) }
	place := func(s *store.Store, i int, at time.Time, want int) {
		t.Helper()
		look, err := s.LookAtQueue(ctx, person(i), "2020", 2, at)
		check(t, err)
		got, _, err := s.EnterQueue(ctx, person(i), "2020", 2, at, at, nil)
		check(t, err)
		if got != want || look != want {
			t.Fatalf("person %d at place %d, by a look %d, want %d", i, got, look, want)
		}
	}
	other := again()
	for i, want := range []int{0, 0, 1, 2, 3} {
		place([]*store.Store{s, other}[i%2], i, now.Add(time.Duration(i)*time.Second), want)
	}
	minute := now.Add(time.Minute)
	place(s, 1, minute, 0)
	place(s, 4, minute, 3) // a second question changes no position
	// The third came first and lost the position with its row: the ticket has the arrival.
	got, since, err := s.EnterQueue(ctx, person(9), "2020", 2, now.Add(-time.Minute), minute, nil)
	check(t, err)
	if got != 1 || !since.Equal(now.Add(-time.Minute)) {
		t.Fatalf("an early arrival at place %d since %v", got, since)
	}
	late := now.Add(store.WaitingTimeout + 30*time.Second)
	place(s, 4, late, 1) // 2 and 3 have not asked again, 9 has; 0 is admitted and has sent nothing since
	place(s, 0, late, 1) // it returns: its admission has lapsed, and it comes before 4, which came later
	place(s, 9, late, 0)
	place(s, 0, late, 1)
	place(s, 4, late, 2)
	later := now.Add(store.AdmissionTimeout + 5*time.Second)
	place(s, 4, later, 0) // 0 and 1 have long been under way, 9 has gone
	// A confirmation frees the place.
	old, cert := requested(t, s, 1)
	if got, _, err = s.EnterQueue(ctx, store.Sum(old.Raw), "2020", 2, later, later, nil); err != nil || got != 0 {
		t.Fatalf("place %d, %v", got, err)
	}
	place(s, 5, later, 1)
	_, _, err = s.RecordCertificate(ctx, cert, now)
	check(t, err)
	place(s, 5, later, 1)
	_, err = s.Confirm(ctx, store.Sum(old.Raw), store.Sum(cert.Raw), now)
	check(t, err)
	place(s, 5, later, 0)
}

func testCRL(t *testing.T, s *store.Store, _ func() *store.Store) {
	ctx := t.Context()
	a, b := newCertificate(t, "old", 1), newCertificate(t, "old", 2)
	check(t, s.Register(ctx, a, "", now))
	check(t, s.Register(ctx, b, "", now))
	_, err := s.LatestCRL(ctx, a.RawIssuer)
	want(t, err, store.ErrNotFound)
	seen := map[string]bool{}
	state := func() {
		t.Helper()
		c, err := s.RevocationState(ctx, a.RawIssuer)
		check(t, err)
		if seen[c] {
			t.Fatalf("state %q twice", c)
		}
		seen[c] = true
	}
	state()
	check(t, s.SetStatus(ctx, store.Sum(a.Raw), store.Suspended, 6, now))
	state()
	check(t, s.SetStatus(ctx, store.Sum(b.Raw), store.Suspended, 6, now.Add(time.Second)))
	state()
	check(t, s.SetStatus(ctx, store.Sum(b.Raw), store.Revoked, 1, now.Add(2*time.Second)))
	state()
	check(t, s.SetStatus(ctx, store.Sum(a.Raw), store.Active, 0, now.Add(3*time.Second)))
	state()
	list, err := s.Unusable(ctx, a.RawIssuer, now)
	check(t, err)
	if len(list) != 1 || list[0].Serial != "2" || list[0].Reason != 1 {
		t.Fatalf("%+v", list)
	}
	if list, _ = s.Unusable(ctx, a.RawIssuer, now.AddDate(1, 0, 0)); len(list) != 0 {
		t.Fatal("an expired certificate is listed")
	}
	for n := int64(1); n < 3; n++ {
		check(t, s.AddCRL(ctx, a.RawIssuer,
			store.CRL{Number: n, RevocationState: "x", MadeAt: now, DER: []byte{byte(n)}}))
	}
	want(t, s.AddCRL(ctx, a.RawIssuer, store.CRL{Number: 2, DER: []byte{9}}), store.ErrChanged)
	c, err := s.LatestCRL(ctx, a.RawIssuer)
	check(t, err)
	if c.Number != 2 || c.DER[0] != 2 || !c.MadeAt.Equal(now) || c.RevocationState != "x" {
		t.Fatalf("%+v", c)
	}
}

func testSettings(t *testing.T, s *store.Store, _ func() *store.Store) {
	ctx := t.Context()
	_, err := s.PublicURL(ctx)
	want(t, err, store.ErrNotFound)
	for _, url := range []string{"http://127.0.0.1:1", "http://127.0.0.1:2"} {
		check(t, s.SetPublicURL(ctx, url))
		got, err := s.PublicURL(ctx)
		check(t, err)
		if got != url {
			t.Fatalf("%s, want %s", got, url)
		}
	}
	check(t, s.Ping(ctx))
}

func testRecordWithoutIntent(t *testing.T, s *store.Store, _ func() *store.Store) {
	_, _, err := s.RecordCertificate(t.Context(), newCertificate(t, "new", 7), now)
	want(t, err, store.ErrNotFound)
}

// TestDurable reads the pragmas of the connections that the store opens: an intent must outlive the power.
func TestDurable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "rinnovad.db")
	open(t, path)
	db, err := sql.Open("sqlite", path)
	check(t, err)
	defer db.Close()
	var mode string
	check(t, db.QueryRow(`PRAGMA journal_mode`).Scan(&mode)) // kept in the file
	if mode != "wal" {
		t.Fatalf("journal mode %s", mode)
	}
}

func TestMemory(t *testing.T) {
	s := open(t, store.Memory)
	old, _ := requested(t, s, 1)
	other := open(t, store.Memory)
	_, err := other.Registered(t.Context(), store.Sum(old.Raw))
	want(t, err, store.ErrNotFound)
}
