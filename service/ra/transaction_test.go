// SPDX-License-Identifier: EUPL-1.2

package ra_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rinnova.example/go/cmp"
	"rinnova.example/go/service/ca"
	"rinnova.example/go/service/campaign"
	"rinnova.example/go/service/store"
	"rinnova.example/go/service/store/storetest"
	"rinnova.example/go/trial"
)

// TestPollAnywhere: a kur waits at one replica, another answers its polls, and a third answers again after a lost kup.
func TestPollAnywhere(t *testing.T) {
	s := newServiceOn(t, storetest.PostgreSQL(t).Database(t))
	s.setCampaign("2020", func(c *campaign.Campaign) { c.Capacity = 1 })
	replicas := [3]*trial.Service{}
	for i := range replicas {
		replicas[i] = s.replica()
		t.Cleanup(func() { replicas[i].Close() })
	}
	first, second := s.known(0), s.known(1)
	s.standing(first, "")
	r := s.request(second, "second")
	r.Kur.Mods = true
	response, err := replicas[0].Authority.Update(t.Context(), r)
	check(t, err)
	if response.CheckAfter == 0 {
		t.Fatalf("%+v, want a waiting time", response)
	}
	poll := cmp.PollRequest{OldCertificate: second, TransactionID: r.TransactionID}
	ask := func(replica int) *cmp.UpdateResponse {
		t.Helper()
		response, err := replicas[replica].Authority.Poll(t.Context(), poll)
		check(t, err)
		if !bytes.Equal(response.Kur.Nonce, r.Kur.Nonce) || !response.Kur.Mods || response.Kur.Digest != r.Kur.Digest {
			t.Errorf("another kur: %+v", response.Kur)
		}
		return response
	}
	if response = ask(1); response.CheckAfter == 0 {
		t.Fatalf("%+v, want a waiting time", response)
	}
	stolen := poll
	stolen.OldCertificate = first
	_, err = replicas[1].Authority.Poll(t.Context(), stolen)
	refused(t, err, "other-signer")
	s.confirm(first, s.renew(s.request(first, "new")))
	cert := ask(1).Certificate
	if cert == nil || !ask(2).Certificate.Equal(cert) {
		t.Fatal("no certificate, or another one")
	}
	_, err = replicas[2].Authority.Poll(t.Context(), stolen)
	refused(t, err, "other-signer")
	stolen.TransactionID = make([]byte, 16)
	_, err = replicas[2].Authority.Poll(t.Context(), stolen)
	refused(t, err, "unknown-transaction")
	s.stands(cert, store.Issued, store.Active)
	s.mustHaveOne(second)
}

// TestPollRefused: what ends the polling ends the transaction, unless it may pass.
func TestPollRefused(t *testing.T) {
	s := newService(t)
	s.setCampaign("2020", func(c *campaign.Campaign) { c.Capacity = 1 })
	first, second := s.known(0), s.known(1)
	s.standing(first, "")
	r := s.request(second, "second")
	_, err := s.Update(t.Context(), r)
	check(t, err)
	poll := cmp.PollRequest{OldCertificate: second, TransactionID: r.TransactionID}
	s.confirm(first, s.renew(s.request(first, "new")))
	s.signer.fail = errors.New("the device is away")
	if _, err = s.Poll(t.Context(), poll); err == nil {
		t.Fatal("signed without a device")
	}
	s.signer.fail = nil
	check(t, s.store.SetStatus(t.Context(), store.Sum(second.Raw), store.Revoked, 1, clock))
	response, err := s.Poll(t.Context(), poll)
	refused(t, err, "revoked")
	if !bytes.Equal(response.Kur.Nonce, r.Kur.Nonce) || response.Certificate != nil {
		t.Errorf("%+v, want the kur's nonce", response)
	}
	_, err = s.Poll(t.Context(), poll)
	refused(t, err, "unknown-transaction")
}

// TestTransactionInUse: the identifier of a kur that waits, or was answered, is no other's.
func TestTransactionInUse(t *testing.T) {
	s := newService(t)
	s.setCampaign("2020", func(c *campaign.Campaign) { c.Capacity = 1 })
	first, second := s.known(0), s.known(1)
	answered := s.request(first, "new")
	s.renew(answered)
	waits := s.request(second, "second")
	_, err := s.Update(t.Context(), waits)
	check(t, err)
	for name, r := range map[string]cmp.UpdateRequest{
		"the same key":       s.request(first, "new"),
		"another key":        s.request(first, "third"),
		"another card":       s.request(second, "fourth"),
		"another card waits": s.request(second, "second"),
	} {
		for _, id := range [][]byte{answered.TransactionID, waits.TransactionID} {
			if name == "the same key" && &id[0] != &answered.TransactionID[0] {
				continue // its certificate is there already, and nothing is recorded for the repetition
			}
			r.TransactionID = id
			_, err := s.Update(t.Context(), r)
			refused(t, err, "transaction-in-use")
		}
	}
}

// TestConfirmationWithoutNonce: in the transaction of the kur a confirmation must echo a nonce, in its own there is
// none.
func TestConfirmationWithoutNonce(t *testing.T) {
	s := newService(t)
	old := s.known(0)
	r := s.request(old, "new")
	cert := s.renew(r)
	c := confirmation(old, cert)
	c.Begins, c.TransactionID = true, r.TransactionID
	refused(t, s.Confirm(t.Context(), c), "bad-recipient-nonce")
	s.stands(cert, store.Issued, store.Active)
	c.TransactionID = make([]byte, 16)
	check(t, s.Confirm(t.Context(), c))
	s.stands(cert, store.Installed, store.Active)
}

// TestTicketOfAnotherSecret: a ticket keeps its arrival as long as one of the replica's secrets made it.
func TestTicketOfAnotherSecret(t *testing.T) {
	next := []byte("the secret that follows the former one")
	for name, c := range map[string]struct {
		secrets func(former []byte) [][]byte
		want    int // position
	}{
		"the former is known": {func(former []byte) [][]byte { return [][]byte{next, former} }, 1},
		"the former has gone": {func([]byte) [][]byte { return [][]byte{next} }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t)
			s.setCampaign("2020", func(c *campaign.Campaign) { c.Capacity = 1 })
			under, early := s.known(0), s.known(1)
			s.standing(under, "")
			ticket := s.standing(early, "").Ticket
			s.now = clock.Add(store.ArrivalLife + time.Minute) // the arrivals on record are forgotten
			s.standing(under, "")
			late := s.card(0, func(r *ca.OldRequest) { r.PublicKey = &key(t, "late", 1024).PublicKey })
			check(t, s.store.Register(t.Context(), late, "", clock))
			s.standing(late, "")
			s.now = s.now.Add(time.Second)
			s.Secrets = c.secrets(s.Secrets[0])
			r := s.request(early, "new")
			r.Ticket = ticket
			_, err := s.Update(t.Context(), r)
			check(t, err)
			if st := s.standing(early, ""); st.Position != c.want {
				t.Errorf("position %d, want %d", st.Position, c.want)
			}
		})
	}
}

// faults lets a message through, loses it or its answer, doubles it, or ends its process in the middle.
type faults struct {
	replicas []*trial.Service
	next     atomic.Int64
	counts   [5]atomic.Int64
}

func draw(n int64) int64 {
	i, err := rand.Int(rand.Reader, big.NewInt(n))
	if err != nil {
		panic(err)
	}
	return i.Int64()
}

var errLost = errors.New("lost")

// RoundTrip sends each message to the next replica.
func (f *faults) RoundTrip(r *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	serve := func(ctx context.Context) *http.Response {
		to := f.replicas[f.next.Add(1)%int64(len(f.replicas))]
		again := r.Clone(ctx)
		again.Body = io.NopCloser(bytes.NewReader(body))
		w := httptest.NewRecorder()
		to.Handler.ServeHTTP(w, again)
		return w.Result()
	}
	kind := draw(5)
	f.counts[kind].Add(1)
	switch kind {
	case 0: // lost on its way
		return nil, errLost
	case 1: // its answer is lost
		serve(r.Context())
		return nil, errLost
	case 2: // doubled, and either answer arrives
		var answers [2]*http.Response
		var both sync.WaitGroup
		for i := range answers {
			both.Go(func() { answers[i] = serve(r.Context()) })
		}
		both.Wait()
		return answers[draw(2)], nil
	case 3: // the process ends in the middle: its open statements with it
		ctx, cancel := context.WithTimeout(r.Context(), time.Duration(draw(30))*time.Millisecond)
		defer cancel()
		serve(ctx)
		return nil, errLost
	}
	return serve(r.Context()), nil
}

// TestAnyReplica renews cards at three replicas on one PostgreSQL behind a round robin that loses, doubles and cuts.
// Every card has one confirmed certificate in the end, and every certificate that is valid is on record.
func TestAnyReplica(t *testing.T) {
	const cards = 16
	s := newServiceOn(t, storetest.PostgreSQL(t).Database(t))
	s.setCampaign("2020", func(c *campaign.Campaign) { c.Capacity = 3 })
	f := new(faults)
	for range 3 {
		f.replicas = append(f.replicas, s.replica())
		t.Cleanup(func() { f.replicas[0].Close(); f.replicas = f.replicas[1:] })
	}
	client := &cmp.Client{URL: "http://rinnova.example/.well-known/cmp/p/2020", HTTP: &http.Client{Transport: f}}
	trust := cmp.Trust{Anchors: []*x509.Certificate{s.current.Certificate()}, Now: s.now}
	olds, got := make([]cmp.Credential, cards), make([]*x509.Certificate, cards)
	var group sync.WaitGroup
	for i := range cards {
		oldKey := key(t, fmt.Sprint("card ", i), 1024)
		olds[i] = cmp.Credential{Key: oldKey,
			Certificate: s.card(0, func(r *ca.OldRequest) { r.PublicKey = &oldKey.PublicKey })}
		check(t, s.store.Register(t.Context(), olds[i].Certificate, "", clock))
		newKey := key(t, fmt.Sprint("new of card ", i), 2048)
		group.Go(func() {
			cert, err := renewAgainst(t.Context(), client, olds[i], cmp.Credential{Key: newKey}, trust)
			if err != nil {
				t.Errorf("card %d: %v", i, err)
			}
			got[i] = cert
		})
	}
	group.Wait()
	if t.Failed() {
		return
	}
	for i, old := range olds {
		s.stands(got[i], store.Installed, store.Active)
		s.mustHaveOne(old.Certificate)
	}
	for kind := range f.counts {
		n := f.counts[kind].Load()
		t.Logf("fault %d: %d messages", kind, n)
		if n == 0 {
			t.Errorf("no message met fault %d", kind)
		}
	}
}

// renewAgainst renews with a client that sends the same bytes until they are answered.
func renewAgainst(ctx context.Context, client *cmp.Client, old, next cmp.Credential, trust cmp.Trust) (
	*x509.Certificate, error) {
	tr, err := cmp.NewTransaction(rand.Reader)
	if err != nil {
		return nil, err
	}
	send := func(der []byte, read func([]byte) error) error {
		for range 200 {
			answer, err := client.Post(ctx, der)
			if err == nil {
				err = read(answer)
			}
			var refusal *cmp.Refusal
			if err == nil || errors.As(err, &refusal) && !refusal.Temporary() {
				return err
			}
		}
		return errLost
	}
	der, err := tr.UpdateRequest(old, next.Key, nil, trust.Now, rand.Reader)
	for err == nil {
		var response *cmp.UpdateResponse
		if err = send(der, func(b []byte) error {
			r, err := tr.UpdateResponse(b, trust)
			response = r
			return err
		}); err != nil {
			break
		}
		if response.Certificate != nil {
			if der, err = tr.ConfirmRequest(old, response.Certificate, true, "", trust.Now, rand.Reader); err != nil {
				break
			}
			return response.Certificate, send(der, func(b []byte) error { return tr.ConfirmResponse(b, trust) })
		}
		time.Sleep(20 * time.Millisecond)
		der, err = tr.PollRequest(old, trust.Now, rand.Reader)
	}
	return nil, err
}
