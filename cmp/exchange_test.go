// SPDX-License-Identifier: EUPL-1.2

package cmp

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// journalled returns the transaction after encoding and decoding, as from a journal.
func journalled(t *testing.T, tr *Transaction) *Transaction {
	t.Helper()
	text, err := json.Marshal(tr)
	if err != nil {
		t.Fatal(err)
	}
	back := new(Transaction)
	if err := json.Unmarshal(text, back); err != nil {
		t.Fatal(err)
	}
	return back
}

func TestUpdateAndConfirm(t *testing.T) {
	f := pki()
	for _, c := range []struct {
		name string
		old  Credential
		key  crypto.Signer
	}{
		{"RSA 2048 by RSA 2048", f.old2048, f.newRSA},
		{"RSA 2048 by RSA 1024", f.old1024, f.newRSA},
		{"P-256 by P-256", f.oldEC, f.newEC},
		{"P-256 by a certificate without key identifier", f.noKeyID, f.newEC},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := new(authority)
			client, _ := serve(t, a)
			c.old.Chain = []*x509.Certificate{f.legacyCA.Certificate}
			tr := newTransaction(t)
			der, err := tr.UpdateRequest(c.old, c.key, []byte("posto 7"), now, rand.Reader)
			answer := post(t, client, der, err)
			tr = journalled(t, tr)
			resp, err := tr.UpdateResponse(answer, f.trust())
			if err != nil {
				t.Fatal(err)
			}
			if resp.Certificate == nil || resp.CheckAfter != 0 ||
				!samePublicKey(resp.Certificate.PublicKey, c.key.Public()) {
				t.Fatalf("answer %+v", resp)
			}
			q := a.updates[0]
			spki, _ := x509.MarshalPKIXPublicKey(c.key.Public())
			if q.Campaign != "2020" || string(q.Ticket) != "posto 7" || len(q.Kur.Nonce) != 16 || q.Kur.Mods ||
				!bytes.Equal(q.TransactionID, tr.ID) ||
				!q.OldCertificate.Equal(c.old.Certificate) || !bytes.Equal(q.Subject, c.old.Certificate.RawSubject) ||
				!bytes.Equal(q.SPKI, spki) {
				t.Errorf("authority saw %+v", q)
			}
			tr = journalled(t, tr)
			der, err = tr.ConfirmRequest(c.old, resp.Certificate, true, "", now, rand.Reader)
			answer = post(t, client, der, err)
			if err := journalled(t, tr).ConfirmResponse(answer, f.trust()); err != nil {
				t.Fatal(err)
			}
			hash := sha256.Sum256(resp.Certificate.Raw)
			conf := a.confirmed[0]
			if !conf.Accepted || conf.Reason != "" || !bytes.Equal(conf.CertificateHash, hash[:]) ||
				!bytes.Equal(conf.TransactionID, tr.ID) || !conf.OldCertificate.Equal(c.old.Certificate) {
				t.Errorf("authority saw %+v", conf)
			}
		})
	}
}

func TestRejectedCertificate(t *testing.T) {
	f, a := pki(), new(authority)
	client, _ := serve(t, a)
	tr := newTransaction(t)
	cert := issue(f.oldEC.Certificate.RawSubject, f.newEC.Public())
	der, err := tr.ConfirmRequest(f.oldEC, cert, false, "data di scadenza errata\x00\x1b[31m", now, rand.Reader)
	if err := tr.ConfirmResponse(post(t, client, der, err), f.trust()); err != nil {
		t.Fatal(err)
	}
	if c := a.confirmed[0]; c.Accepted || c.Reason != "data di scadenza errata[31m" {
		t.Errorf("authority saw %+v", c)
	}
}

func TestInform(t *testing.T) {
	f := pki()
	full := InformResponse{
		CACerts:  []*x509.Certificate{f.currentCA.Certificate},
		Template: &Template{"RSA", 2048},
		Campaigns: []Campaign{{
			ID: "2020", Title: "Rinnovo TS-CNS «2020»", LegalBasis: "art. 17-quater",
			ExpiryFrom:  time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC),
			ExpiryTo:    time.Date(2020, 6, 30, 23, 59, 59, 0, time.UTC),
			NewNotAfter: time.Date(2021, 6, 30, 21, 59, 59, 0, time.UTC),
			OpenFrom:    time.Date(2020, 2, 1, 0, 0, 0, 0, time.UTC),
			OpenTo:      time.Date(2020, 12, 31, 0, 0, 0, 0, time.UTC), Series: []string{"AC2014", "ID2019"},
		}, {ID: "prova", AcceptExpired: true, Last: true}},
		Standing: &Standing{
			Decision: "renewed", Reason: "already-renewed", Campaigns: []string{"2020", "prova"}, AttemptsLeft: 3,
			State: "issued", Issued: f.citizen.Certificate.Raw, Position: 12, CheckAfter: 90 * time.Second,
			Ticket: []byte("posto"),
		},
		Service: &ServiceFacts{"https://prova.example/accesso", "1.2.0"},
	}
	hash := bytes.Repeat([]byte{7}, 32)
	all := InformRequest{CACerts: true, Template: true, Campaigns: true, StandingOf: hash, ServiceFacts: true}
	for _, c := range []struct {
		name string
		ask  InformRequest
		give InformResponse
	}{
		{"everything", all, full},
		{"no question", InformRequest{}, InformResponse{}},
		{"certificates only", InformRequest{CACerts: true}, InformResponse{CACerts: full.CACerts}},
		{"no campaign open", InformRequest{Campaigns: true}, InformResponse{Campaigns: []Campaign{}}},
		{"unknown certificate", InformRequest{StandingOf: hash},
			InformResponse{Standing: &Standing{Decision: "unknown"}}},
		{"a look", InformRequest{StandingOf: hash, Look: true},
			InformResponse{Standing: &Standing{Decision: "unknown"}}},
		{"facts not known", InformRequest{ServiceFacts: true}, InformResponse{Service: &ServiceFacts{}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := &authority{inform: &c.give}
			client, _ := serve(t, a)
			tr := newTransaction(t)
			der, err := tr.GeneralRequest(c.ask, rand.Reader)
			got, err := journalled(t, tr).GeneralResponse(post(t, client, der, err), f.trust())
			if err != nil {
				t.Fatal(err)
			}
			if d := time.Since(got.Time); d < -time.Second || d > time.Minute {
				t.Errorf("the answer's time is %v", got.Time)
			}
			got.Time = time.Time{}
			if !reflect.DeepEqual(*got, c.give) {
				t.Errorf("got  %+v\nwant %+v", *got, c.give)
			}
			c.ask.Campaign, c.ask.TransactionID = "2020", tr.ID
			if !reflect.DeepEqual(a.informs[0], c.ask) {
				t.Errorf("authority saw %+v, want %+v", a.informs[0], c.ask)
			}
		})
	}
}

// An answer of the Authority that the wire format excludes is not sent.
func TestInformRefusesToEncode(t *testing.T) {
	for name, bad := range map[string]InformResponse{
		"decision":             {Standing: &Standing{Decision: "forse"}},
		"state":                {Standing: &Standing{Decision: "renewed", State: "?"}},
		"reason":               {Standing: &Standing{Decision: "refused", Reason: "Perché no"}},
		"ticket":               {Standing: &Standing{Decision: "waiting", Ticket: make([]byte, 1025)}},
		"attempts":             {Standing: &Standing{Decision: "refused", AttemptsLeft: -1}},
		"campaign of standing": {Standing: &Standing{Decision: "renewable", Campaigns: []string{"2020", "\x1b[2J"}}},
		"path of standing":     {Standing: &Standing{Decision: "renewable", Campaigns: []string{"../.."}}},
		"campaign's id":        {Campaigns: []Campaign{{ID: "a/b"}}},
		"not UTF-8":            {Campaigns: []Campaign{{ID: "a", Title: "\xff"}}},
		"EC template":          {Template: &Template{"EC", 256}},
	} {
		if _, err := bad.genp(); err == nil {
			t.Errorf("%s: encoded", name)
		}
	}
	if _, err := newTransaction(t).GeneralRequest(InformRequest{StandingOf: make([]byte, 20)},
		rand.Reader); err == nil {
		t.Error("hash of 20 bytes: encoded")
	}
}

func TestWaiting(t *testing.T) {
	f, a := pki(), &authority{wait: 2, after: 2500 * time.Millisecond}
	client, _ := serve(t, a)
	tr := newTransaction(t)
	der, err := tr.UpdateRequest(f.oldEC, f.newEC, nil, now, rand.Reader)
	for i, want := range []time.Duration{time.Second, 3 * time.Second, 0} {
		resp, err2 := tr.UpdateResponse(post(t, client, der, err), f.trust())
		if err2 != nil {
			t.Fatal(err2)
		}
		if resp.CheckAfter != want || (resp.Certificate != nil) != (want == 0) {
			t.Fatalf("answer %d: %+v, want waiting time %v", i, resp, want)
		}
		tr = journalled(t, tr)
		der, err = tr.PollRequest(f.oldEC, now, rand.Reader)
	}
	if len(a.updates) != 1 || a.polls != 2 {
		t.Errorf("authority saw %d kur and %d polls", len(a.updates), a.polls)
	}
	// A further poll, after a lost kup, gets the certificate again.
	if resp, err2 := tr.UpdateResponse(post(t, client, der, err), f.trust()); err2 != nil || resp.Certificate == nil {
		t.Errorf("%+v, %v", resp, err2)
	}
}

func TestRefusals(t *testing.T) {
	f := pki()
	// 45 times 11 bytes after abc, the next è would be bytes 498 and 499
	long := "abc" + strings.Repeat("è vietato ", 200)
	for _, c := range []struct {
		name string
		fail error
		want Refusal
	}{
		{"as it stands", &Refusal{CertRevoked, "revoked", "Il certificato è stato revocato."},
			Refusal{CertRevoked, "revoked", "Il certificato è stato revocato."}},
		{"wrapped", errors.Join(errors.New("x"), &Refusal{BadAlg, "roca", "Chiave debole."}),
			Refusal{BadAlg, "roca", "Chiave debole."}},
		{"highest bit", &Refusal{DuplicateCertReq, "duplicate", "Già chiesto."},
			Refusal{DuplicateCertReq, "duplicate", "Già chiesto."}},
		{"no bit, no code, no text", &Refusal{Info: NoFailureInfo}, Refusal{NoFailureInfo, CodeUnspecified, ""}},
		{"NUL and control characters", &Refusal{BadTime, "late", "Troppo\x00 tardi\r\n"},
			Refusal{BadTime, "late", "Troppo tardi"}},
		{"too long", &Refusal{BadTime, "late", long}, Refusal{BadTime, "late", long[:498]}},
		{"internal", errors.New("pq: password of the database"), *refusalSystem},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, _ := serve(t, &authority{fail: c.fail})
			for kind, ask := range map[string]func(*Transaction) ([]byte, func([]byte) error, error){
				"genm": func(tr *Transaction) ([]byte, func([]byte) error, error) {
					der, err := tr.GeneralRequest(InformRequest{CACerts: true}, rand.Reader)
					return der, func(b []byte) error { _, err := tr.GeneralResponse(b, f.trust()); return err }, err
				},
				"kur": func(tr *Transaction) ([]byte, func([]byte) error, error) {
					der, err := tr.UpdateRequest(f.oldEC, f.newEC, nil, now, rand.Reader)
					return der, func(b []byte) error { _, err := tr.UpdateResponse(b, f.trust()); return err }, err
				},
				"certConf": func(tr *Transaction) ([]byte, func([]byte) error, error) {
					der, err := tr.ConfirmRequest(f.oldEC, f.citizen.Certificate, true, "", now, rand.Reader)
					return der, func(b []byte) error { return tr.ConfirmResponse(b, f.trust()) }, err
				},
			} {
				der, read, err := ask(newTransaction(t))
				answer := post(t, client, der, err)
				var r *Refusal
				if err := read(answer); !errors.As(err, &r) || *r != c.want {
					t.Errorf("%s: %#v, want %#v", kind, err, c.want)
				}
				if bytes.Contains(answer, []byte("password")) {
					t.Errorf("%s: the cause of an internal error left the service", kind)
				}
				// OpenSSL prints nothing of an error that reaches 1 KB.
				if m, err := ParseMessage(answer); err != nil || len(m.Content) >= 1024 {
					t.Errorf("%s: error content of %d bytes, %v", kind, len(m.Content), err)
				}
			}
		})
	}
}

// After a refusal a poll is refused, and the client echoes the nonce of the answer.
func TestPollAfterRefusal(t *testing.T) {
	f := pki()
	a := &authority{fail: &Refusal{CertRevoked, "revoked", "Revocato."}}
	client, _ := serve(t, a)
	tr := newTransaction(t)
	der, err := tr.UpdateRequest(f.oldEC, f.newEC, nil, now, rand.Reader)
	if _, err := tr.UpdateResponse(post(t, client, der, err), f.trust()); err == nil {
		t.Fatal("no refusal")
	}
	a.fail = nil
	der, err = tr.PollRequest(f.oldEC, now, rand.Reader)
	wantRefusal(t, post(t, client, der, err), tr, refusalUnknownTransaction)
	if len(a.updates) != 1 {
		t.Error("it reached the authority")
	}
}

func TestCertificateHash(t *testing.T) {
	f := pki()
	dir := folder(t.TempDir())
	for _, c := range []struct {
		by     Credential
		alg    x509.SignatureAlgorithm
		digest string
	}{
		{f.legacyCA, x509.SHA256WithRSA, "sha256"}, {f.legacyCA, x509.SHA384WithRSA, "sha384"},
		{f.legacyCA, x509.SHA512WithRSA, "sha512"},
		{f.legacyCA, x509.SHA256WithRSAPSS, "sha256"}, {f.legacyCA, x509.SHA384WithRSAPSS, "sha384"},
		{f.legacyCA, x509.SHA512WithRSAPSS, "sha512"},
		{f.currentCA, x509.ECDSAWithSHA256, "sha256"}, {f.currentCA, x509.ECDSAWithSHA384, "sha384"},
		{f.currentCA, x509.ECDSAWithSHA512, "sha512"},
		{f.legacyCA, x509.SHA1WithRSA, ""},
	} {
		cert := certify(c.by, f.newEC, &x509.Certificate{SignatureAlgorithm: c.alg}).Certificate
		hash, err := CertificateHash(cert)
		if c.digest == "" {
			if err == nil {
				t.Errorf("%v: no error", c.alg)
			}
			continue
		}
		dir.certificate(t, "c.pem", cert)
		out, err2 := dir.openssl(t, "x509 -in c.pem -noout -fingerprint -"+c.digest)
		_, fingerprint, _ := strings.Cut(strings.TrimSpace(strings.ReplaceAll(out, ":", "")), "=")
		if err != nil || err2 != nil || fmt.Sprintf("%X", hash) != fingerprint {
			t.Errorf("%v: %X, %v; openssl: %s", c.alg, hash, err, out)
		}
	}
}

// TestReplay: the same bytes get the same certificate, from any replica and at the same time; other bytes under their
// transactionID are refused.
func TestReplay(t *testing.T) {
	f, a := pki(), new(authority)
	client, _ := serve(t, a)
	tr := newTransaction(t)
	kur, err := tr.UpdateRequest(f.oldEC, f.newEC, nil, now, rand.Reader)
	var wg sync.WaitGroup
	answers := make([][]byte, 4)
	for i := range answers {
		wg.Go(func() { answers[i] = post(t, client, kur, err) })
	}
	wg.Wait()
	var certs []*x509.Certificate
	for _, b := range answers {
		resp, err := journalled(t, tr).UpdateResponse(b, f.trust())
		if err != nil {
			t.Fatal(err)
		}
		certs = append(certs, resp.Certificate)
		if !certs[0].Equal(resp.Certificate) {
			t.Fatal("the same bytes got two certificates")
		}
	}
	// Each of the answers may be the one that arrived.
	for _, b := range answers {
		tr := journalled(t, tr)
		if _, err := tr.UpdateResponse(b, f.trust()); err != nil {
			t.Fatal(err)
		}
		conf, err := tr.ConfirmRequest(f.oldEC, certs[0], true, "", now, rand.Reader)
		if err := tr.ConfirmResponse(post(t, client, conf, err), f.trust()); err != nil {
			t.Errorf("a confirmation after one of several answers: %v", err)
		}
	}

	again := &Transaction{ID: tr.ID}
	der, err := again.UpdateRequest(f.oldEC, f.newEC, nil, now, rand.Reader)
	wantRefusal(t, post(t, client, der, err), again, refusalInUse)

	elsewhere := &Client{URL: strings.TrimSuffix(client.URL, "2020") + "2022"}
	wantRefusal(t, post(t, elsewhere, kur, nil), tr, refusalInUse)

	if _, err := tr.UpdateRequest(f.oldEC, f.newEC, nil, now, rand.Reader); err == nil {
		t.Error("a transaction made two kur")
	}
}

// wantRefusal reads an answer as tr does.
func wantRefusal(t *testing.T, answer []byte, tr *Transaction, want *Refusal) {
	t.Helper()
	var r *Refusal
	if _, err := journalled(t, tr).UpdateResponse(answer, pki().trust()); !errors.As(err, &r) || *r != *want {
		t.Errorf("got %#v, want %s", err, want.Code)
	}
}

// A temporary failure is not kept as the answer, and the transaction remains the kur's.
func TestPassingFailure(t *testing.T) {
	f := pki()
	for _, fail := range []error{errors.New("database is locked"), &Refusal{SystemUnavail, "busy", "Riprovare."}} {
		a := &authority{fail: fail}
		client, _ := serve(t, a)
		tr := newTransaction(t)
		der, err := tr.UpdateRequest(f.oldEC, f.newEC, nil, now, rand.Reader)
		var r *Refusal
		if _, err := journalled(t, tr).UpdateResponse(post(t, client, der, err), f.trust()); !errors.As(err, &r) {
			t.Fatal(err)
		}
		a.fail = nil
		if resp, err := tr.UpdateResponse(post(t, client, der, nil), f.trust()); err != nil || resp.Certificate == nil {
			t.Errorf("%+v, %v", resp, err)
		}
	}
}

// TestNonceOfAnotherReplica: a replica accepts the nonces that were made with any of its secrets, so one can be
// replaced while two are valid; a confirmation in a transaction of its own needs no nonce.
func TestNonceOfAnotherReplica(t *testing.T) {
	f := pki()
	former, next := []byte("the secret that ends"), []byte("the secret that follows")
	for name, c := range map[string]struct {
		first, second [][]byte
		known         bool
	}{
		"the same":        {[][]byte{former}, [][]byte{former}, true},
		"next is known":   {[][]byte{former}, [][]byte{former, next}, true},
		"next is used":    {[][]byte{former}, [][]byte{next, former}, true},
		"next comes back": {[][]byte{next, former}, [][]byte{former, next}, true},
		"former has gone": {[][]byte{former}, [][]byte{next}, false},
		"none":            {[][]byte{former}, [][]byte{next, nil}, false},
	} {
		t.Run(name, func(t *testing.T) {
			a := &authority{wait: 1, after: time.Second}
			client, h := serve(t, a)
			h.Secrets = c.first
			tr := newTransaction(t)
			der, err := tr.UpdateRequest(f.oldEC, f.newEC, nil, now, rand.Reader)
			if _, err := tr.UpdateResponse(post(t, client, der, err), f.trust()); err != nil {
				t.Fatal(err)
			}
			conf, err := tr.ConfirmRequest(f.oldEC, f.citizen.Certificate, true, "", now, rand.Reader)
			h.Secrets = c.second
			m, err2 := ParseMessage(post(t, client, conf, err))
			if err2 != nil || (m.Body == BodyPKIConfirm) != c.known {
				t.Errorf("certConf: %v, %v", m.Body, err2)
			}
			poll, err := tr.PollRequest(f.oldEC, now, rand.Reader)
			answer := post(t, client, poll, err)
			if !c.known {
				wantRefusal(t, answer, tr, refusalRecipientNonce)
			} else if resp, err := tr.UpdateResponse(answer, f.trust()); err != nil || resp.Certificate == nil {
				t.Errorf("poll: %+v, %v", resp, err)
			}
			alone := newTransaction(t)
			conf, err = alone.ConfirmRequest(f.oldEC, f.citizen.Certificate, true, "", now, rand.Reader)
			if err := alone.ConfirmResponse(post(t, client, conf, err), f.trust()); err != nil {
				t.Errorf("a confirmation in its own transaction: %v", err)
			}
			if last := a.confirmed[len(a.confirmed)-1]; !last.Begins || a.confirmed[0].Begins == c.known {
				t.Errorf("authority saw %+v", a.confirmed)
			}
		})
	}
	client, h := serve(t, new(authority))
	h.Secrets = nil
	der, err := newTransaction(t).UpdateRequest(f.oldEC, f.newEC, nil, now, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	var status *HTTPError
	if _, err := client.Post(t.Context(), der); !errors.As(err, &status) ||
		status.Status != http.StatusInternalServerError {
		t.Errorf("without a secret: %v", err)
	}
}

// TestNonceCode: the code of a nonce is what OpenSSL's HMAC gives, its first 16 octets.
func TestNonceCode(t *testing.T) {
	dir := folder(t.TempDir())
	f := pki()
	tid, random := bytes.Repeat([]byte{7}, 16), bytes.Repeat([]byte{9}, 16)
	digest := sha256.Sum256(f.oldEC.Certificate.Raw)
	text := slices.Concat([]byte("nonce"), tid, digest[:], random)
	if err := os.WriteFile(filepath.Join(string(dir), "text"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := dir.openssl(t, "dgst -sha256 -mac HMAC -macopt key:segreto text")
	if err != nil {
		t.Fatal(err)
	}
	code := nonceCode([]byte("segreto"), tid, f.oldEC.Certificate, random)
	if _, want, _ := strings.Cut(strings.TrimSpace(out), "= "); fmt.Sprintf("%x", code) != want[:32] {
		t.Errorf("%x, openssl: %s", code, out)
	}
}
