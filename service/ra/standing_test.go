// SPDX-License-Identifier: EUPL-1.2

package ra_test

import (
	"crypto/x509"
	"slices"
	"testing"
	"time"

	"rinnova.example/go/cmp"
	"rinnova.example/go/service/ca"
	"rinnova.example/go/service/campaign"
	"rinnova.example/go/service/store"
)

func TestInform(t *testing.T) {
	s := newService(t)
	r, err := s.Inform(t.Context(), cmp.InformRequest{})
	check(t, err)
	if r.CACerts != nil || r.Template != nil || r.Campaigns != nil || r.Standing != nil || r.Service != nil {
		t.Fatalf("unasked: %+v", r)
	}
	r, err = s.Inform(t.Context(), cmp.InformRequest{CACerts: true, Template: true, Campaigns: true,
		ServiceFacts: true})
	check(t, err)
	if len(r.CACerts) != 1 || !r.CACerts[0].Equal(s.current.Certificate()) {
		t.Error("CA certificates")
	}
	if *r.Template != (cmp.Template{KeyAlgorithm: "RSA", KeyBits: 2048}) {
		t.Errorf("template %+v", r.Template)
	}
	var open []string
	for _, c := range r.Campaigns {
		open = append(open, c.ID)
	}
	if !slices.Equal(open, []string{"2020", "prova"}) { // 2022 opens in 2022
		t.Errorf("open campaigns %v", open)
	}
	if *r.Service != (cmp.ServiceFacts{LoginURL: "https://accesso.example", MinimumVersion: "0.1"}) {
		t.Errorf("service %+v", r.Service)
	}
	_, err = s.Inform(t.Context(), cmp.InformRequest{StandingOf: []byte("short")})
	refused(t, err, "malformed-request")
}

func TestStanding(t *testing.T) {
	s := newService(t)
	old := s.card(0, nil)
	expect := func(label string, decision cmp.Decision, reason string, state store.State, issued *x509.Certificate,
		left int, campaigns ...string) {
		t.Helper()
		st := s.standing(old, label)
		if st.Decision != decision || string(st.Reason) != reason || st.State != cmp.State(state) ||
			st.AttemptsLeft != left || !slices.Equal(st.Campaigns, campaigns) {
			t.Fatalf("standing %+v", st)
		}
		if (issued == nil) != (st.Issued == nil) || issued != nil && string(issued.Raw) != string(st.Issued) {
			t.Fatal("issued certificate")
		}
	}
	st := s.standing(old, "")
	if st.Decision != "unknown" || st.Ticket != nil || st.Position != 0 || st.Reason != "" || st.Campaigns != nil {
		t.Fatalf("of a stranger: %+v", st)
	}
	check(t, s.store.Register(t.Context(), old, "", clock))
	expect("", "renewable", "", "", nil, 3, "2020")
	expect("prova", "renewable", "", "", nil, 10, "prova")
	expect("2022", "refused", "campaign-closed", "", nil, 0)
	s.setCampaign("prova", func(c *campaign.Campaign) { c.Last = false })
	expect("", "renewable", "", "", nil, 3, "2020", "prova")
	s.setCampaign("prova", func(c *campaign.Campaign) { c.Last = true })

	first := s.renew(s.request(old, "new"))
	expect("", "renewable", "", store.Issued, first, 2, "2020")
	expect("prova", "renewable", "", "", nil, 10, "prova")
	second := s.renew(s.request(old, "second"))
	s.now = clock.Add(time.Minute)
	third := s.renew(s.request(old, "third"))
	// Campaign 2020 accepts no further key; a renewal that was begun can be finished, even after it has closed.
	expect("", "renewable", "", store.Issued, third, 10, "prova")
	expect("2020", "renewable", "", store.Issued, third, 0, "2020")
	s.confirm(old, second)
	expect("", "renewed", "already-renewed", store.Installed, second, 0)
	expect("prova", "renewable", "", "", nil, 10, "prova")
	_, _, err := s.Login(t.Context(), second)
	check(t, err)
	expect("", "renewed", "already-renewed", store.Proven, second, 0)

	check(t, s.store.SetStatus(t.Context(), store.Sum(old.Raw), store.Suspended, 6, clock))
	expect("", "refused", "suspended", store.Proven, second, 0)
	check(t, s.store.SetStatus(t.Context(), store.Sum(old.Raw), store.Revoked, 1, clock))
	expect("", "refused", "revoked", store.Proven, second, 0)

	hash := store.Sum(old.Raw)
	_, err = s.Inform(t.Context(), cmp.InformRequest{Campaign: "1999", StandingOf: hash[:]})
	refused(t, err, "campaign-unknown")
}

// TestUnfinishedAfterClosing: the certificate was issued on the last day, the card was cut, and it is tomorrow.
func TestUnfinishedAfterClosing(t *testing.T) {
	s := newService(t)
	old := s.known(0)
	s.setCampaign("2020", func(c *campaign.Campaign) { c.OpenTo = clock })
	s.setCampaign("prova", func(c *campaign.Campaign) { c.OpenTo = clock.AddDate(0, 0, -1) })
	cert := s.renew(s.request(old, "new"))
	s.now = clock.AddDate(0, 0, 1)
	st := s.standing(old, "")
	if st.Decision != "renewable" || st.State != "issued" || st.AttemptsLeft != 0 ||
		!slices.Equal(st.Campaigns, []string{"2020"}) {
		t.Fatalf("standing %+v", st)
	}
	r := s.request(old, "new")
	r.Campaign = "2020"
	if !s.renew(r).Equal(cert) {
		t.Fatal("another certificate")
	}
	s.confirm(old, cert)
	_, err := s.Update(t.Context(), s.request(old, "second"))
	refused(t, err, "already-renewed")
}

func TestQueue(t *testing.T) {
	s := newService(t)
	s.setCampaign("2020", func(c *campaign.Campaign) { c.Capacity = 1 })
	first, second := s.known(0), s.known(1)
	st := s.standing(first, "")
	if st.Decision != "renewable" || st.Position != 0 || st.CheckAfter != 0 || len(st.Ticket) != 52 {
		t.Fatalf("first: %+v", st)
	}
	st = s.standing(second, "")
	if st.Decision != "waiting" || st.Position != 1 || !nextTurn(st.CheckAfter) {
		t.Fatalf("second: %+v", st)
	}
	s.now = clock.Add(time.Minute)
	if again := s.standing(second, ""); string(again.Ticket) != string(st.Ticket) {
		t.Error("asking again moves the arrival")
	}
	// A request whose turn has not come waits, and nothing is recorded.
	waiting := s.request(second, "second")
	for _, ticket := range [][]byte{nil, st.Ticket, make([]byte, 52)} {
		waiting.Ticket = ticket
		response, err := s.Update(t.Context(), waiting)
		check(t, err)
		if response.Certificate != nil || !nextTurn(response.CheckAfter) {
			t.Fatalf("%+v", response)
		}
	}
	if n := len(s.signer.seen); n != 0 {
		t.Fatalf("%d signatures", n)
	}
	cert := s.renew(s.request(first, "new"))
	s.confirm(first, cert)
	response, err := s.Poll(t.Context(), cmp.PollRequest{OldCertificate: second, TransactionID: waiting.TransactionID})
	check(t, err)
	if response.Certificate == nil {
		t.Fatalf("%+v", response)
	}
	// The campaign is full again, but an issued certificate is returned.
	if !s.renew(s.request(first, "new")).Equal(cert) {
		t.Fatal("another certificate")
	}
}

// TestTicketKeepsTheArrival: a holder who came first and was away too long keeps a position before later arrivals.
// nextTurn reports whether a time is from half of the mean stay of 50 seconds, which none has changed, to the whole.
func nextTurn(d time.Duration) bool { return d >= 25*time.Second && d <= 50*time.Second }

func TestTicketKeepsTheArrival(t *testing.T) {
	s := newService(t)
	s.setCampaign("2020", func(c *campaign.Campaign) { c.Capacity = 1 })
	under := s.known(0)
	early := s.known(1)
	s.standing(under, "")
	ticket := s.standing(early, "").Ticket
	s.now = clock.Add(store.ArrivalLife + time.Minute) // the arrivals on record are forgotten
	s.standing(under, "")
	late := s.card(0, func(r *ca.OldRequest) { r.PublicKey = &key(t, "late", 1024).PublicKey })
	check(t, s.store.Register(t.Context(), late, "", clock))
	if st := s.standing(late, ""); st.Position != 1 {
		t.Fatalf("%+v", st)
	}
	forged := s.request(early, "new")
	forged.Ticket = s.standing(late, "").Ticket // another person's
	r := forged
	r.Ticket = ticket
	response, err := s.Update(t.Context(), r)
	check(t, err)
	if !nextTurn(response.CheckAfter) {
		t.Fatalf("the early one waits %v", response.CheckAfter)
	}
	if st := s.standing(late, ""); st.Position != 2 {
		t.Fatalf("the late one: %+v", st)
	}
	s.now = s.now.Add(25 * time.Hour) // every place and the ticket have expired
	if st := s.standing(late, ""); st.Position != 0 {
		t.Fatalf("%+v", st)
	}
	if response, err = s.Update(t.Context(), r); err != nil || !nextTurn(response.CheckAfter) {
		t.Fatalf("%+v, %v", response, err)
	}
}

func TestLogin(t *testing.T) {
	s := newService(t)
	old := s.known(0)
	login := func(cert *x509.Certificate, want string) {
		t.Helper()
		_, reason, err := s.Login(t.Context(), cert)
		check(t, err)
		if string(reason) != want {
			t.Fatalf("reason %q, want %q", reason, want)
		}
	}
	login(old, "expired")
	s.now = time.Date(2020, 3, 1, 0, 0, 0, 0, time.UTC)
	login(old, "")
	login(s.card(1, nil), "") // not in the registry
	s.now = clock
	first, second := s.renew(s.request(old, "new")), s.renew(s.request(old, "second"))
	login(second, "") // its confirmation was lost
	s.stands(second, store.Proven, store.Active)
	s.stands(first, store.Abandoned, store.Revoked)
	login(first, "revoked")
	login(second, "")
	s.confirm(old, second)
	s.stands(second, store.Proven, store.Active)
	_, err := s.Update(t.Context(), s.request(old, "third"))
	refused(t, err, "already-renewed")

	s.now = second.NotBefore.Add(-time.Second)
	login(second, "not-yet-valid")
	s.now = second.NotAfter.Add(time.Second)
	login(second, "expired")
	s.now = clock
	login(s.legacy.Certificate(), "wrong-usage")
	other := newService(t)
	login(other.renew(other.request(other.known(0), "new")), "unknown-issuer")

	// A certificate under the current root that is not on record: the key has another holder.
	alien, err := s.current.Prepare(ca.Request{Old: old, PublicKey: &key(t, "third", 2048).PublicKey, Now: clock,
		NotAfter: clock.AddDate(0, 1, 0), PublicURL: "http://rinnova.example"})
	check(t, err)
	cert, err := alien.Sign()
	check(t, err)
	login(cert, "not-on-record")
}

func TestCRL(t *testing.T) {
	s := newService(t)
	old, other := s.known(0), s.known(1)
	list := func(issuer *ca.Issuer) *x509.RevocationList {
		t.Helper()
		der, err := s.CRL(t.Context(), issuer)
		check(t, err)
		crl, err := x509.ParseRevocationList(der)
		check(t, err)
		check(t, crl.CheckSignatureFrom(issuer.Certificate()))
		return crl
	}
	if crl := list(s.legacy); len(crl.RevokedCertificateEntries) != 0 || crl.Number.Int64() != 1 {
		t.Fatalf("first list %+v", crl)
	}
	if crl := list(s.legacy); crl.Number.Int64() != 1 {
		t.Fatal("made again without need")
	}
	check(t, s.store.SetStatus(t.Context(), store.Sum(old.Raw), store.Revoked, 1, clock))
	check(t, s.store.SetStatus(t.Context(), store.Sum(other.Raw), store.Suspended, store.ReasonCertificateHold, clock))
	crl := list(s.legacy)
	if crl.Number.Int64() != 2 || len(crl.RevokedCertificateEntries) != 0 {
		t.Fatalf("an expired certificate needs no entry: %+v", crl.RevokedCertificateEntries)
	}
	s.now = time.Date(2020, 3, 1, 0, 0, 0, 0, time.UTC) // the clock was set back: a new list, not the one of the future
	crl = list(s.legacy)
	reasons := map[string]int{}
	for _, e := range crl.RevokedCertificateEntries {
		reasons[e.SerialNumber.Text(16)] = e.ReasonCode
	}
	if crl.Number.Int64() != 3 || len(reasons) != 2 || reasons[string(serialOf(old))] != 1 ||
		reasons[string(serialOf(other))] != 6 {
		t.Fatalf("number %v, %v", crl.Number, reasons)
	}
	s.now = s.now.Add(2 * time.Hour)
	if crl := list(s.legacy); crl.Number.Int64() != 4 {
		t.Fatal("an old list was not made again")
	}
	if crl := list(s.current); crl.Number.Int64() != 1 {
		t.Fatal("the issuers share their numbers")
	}
}

// The wire has a word for every state that the store records.
func TestStatesOfStandingAreTheStores(t *testing.T) {
	for stored, sent := range map[store.State]cmp.State{
		store.Requested: cmp.StateRequested, store.Issued: cmp.StateIssued, store.Installed: cmp.StateInstalled,
		store.Proven: cmp.StateProven, store.Abandoned: cmp.StateAbandoned, store.Refused: cmp.StateRefused,
	} {
		if string(stored) != string(sent) {
			t.Errorf("the store records %q, the wire says %q", stored, sent)
		}
		if stored.Confirmed() != sent.Confirmed() {
			t.Errorf("state %q: confirmed is %v for the store, %v for the wire", stored, stored.Confirmed(),
				sent.Confirmed())
		}
	}
}
