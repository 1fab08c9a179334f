// SPDX-License-Identifier: EUPL-1.2

package cmp

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/sha512"
	"crypto/x509"
	"testing"
	"time"
)

// TestVersions: pvno 2 and 3 are answered with the same, any other with the supported one that is next to it (RFC 9810
// §7).
func TestVersions(t *testing.T) {
	for asked, want := range map[int]int{-1: 2, 0: 2, 1: 2, 2: 2, 3: 3, 4: 3, 1 << 40: 3} {
		client, _ := serve(t, new(authority))
		fg := newForge(t)
		fg.message.Header.Version = asked
		answer := post(t, client, fg.kur(), nil)
		m, err := ParseMessage(answer)
		if err != nil || m.Header.Version != want {
			t.Errorf("pvno %d answered with %+v, %v, want %d", asked, m, err, want)
			continue
		}
		if asked == want {
			if r, err := parseCertRep(m.Content); err != nil || r.certificate == nil {
				t.Errorf("pvno %d: %+v, %v", asked, r, err)
			}
			continue
		}
		if body, got := refusalIn(t, answer); body != BodyError || got != *refusalVersion {
			t.Errorf("pvno %d: %v %+v", asked, body, got)
		}
	}
}

// TestHashAlgorithm confirms under pvno 3 with a hash that is not the certificate's own (RFC 9810 §5.3.18).
func TestHashAlgorithm(t *testing.T) {
	f := pki()
	hash := sha512.Sum384(f.citizen.Certificate.Raw)
	for name, c := range map[string]struct {
		alg      []byte
		accepted bool
	}{
		"SHA-384":           {hashAlgorithm(oidSHA384), true},
		"SHA-384 with NULL": {[]byte("\xA0\x0F\x30\x0D\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x02\x05\x00"), true},
		"no algorithm":      {[]byte("\xA0\x00"), false},
		"two":               {[]byte("\xA0\x04\x30\x00\x30\x00"), false},
	} {
		a := new(authority)
		client, _ := serve(t, a)
		fg := newForge(t)
		fg.message.Header.Version, fg.message.Body = cmp2021, BodyCertConfirm
		fg.message.Content = fg.must((&certStatus{hash: hash[:], hashAlg: c.alg}).marshal())
		answer := post(t, client, fg.must(fg.message.protect(fg.old, rand.Reader)), nil)
		if !c.accepted {
			if _, got := refusalIn(t, answer); got != *refusalFormat {
				t.Errorf("%s: %+v", name, got)
			}
			continue
		}
		if m, err := ParseMessage(answer); err != nil || m.Body != BodyPKIConfirm || m.Header.Version != cmp2021 {
			t.Fatalf("%s: %+v, %v", name, m, err)
		}
		conf := a.confirmed[0]
		if conf.Hash != crypto.SHA384 || !conf.Names(f.citizen.Certificate) || conf.Names(f.other.Certificate) {
			t.Errorf("%s: authority saw %+v", name, conf)
		}
	}
}

// TestNames: without hashAlg the hash is that of the certificate's signature.
func TestNames(t *testing.T) {
	f := pki()
	for _, alg := range []x509.SignatureAlgorithm{x509.SHA256WithRSA, x509.SHA384WithRSA, x509.SHA512WithRSA} {
		cert := certify(f.legacyCA, f.newEC, &x509.Certificate{SignatureAlgorithm: alg}).Certificate
		hash, err := CertificateHash(cert)
		if err != nil {
			t.Fatal(err)
		}
		if c := (ConfirmRequest{CertificateHash: hash}); !c.Names(cert) || c.Names(f.citizen.Certificate) {
			t.Errorf("%v: not by its own hash alone", alg)
		}
	}
	if (ConfirmRequest{}).Names(certify(f.legacyCA, f.newEC,
		&x509.Certificate{SignatureAlgorithm: x509.SHA1WithRSA}).Certificate) {
		t.Error("an empty hash names a certificate whose signature has none")
	}
}

// TestDelayed: after polling the kup tells until when the certConf is accepted (RFC 9810 §5.1.1.2), and echoes under
// pvno 3 the kur's nonce (RFC 9483 §3.1, §4.4), under pvno 2 the last pollReq's, as OpenSSL 3.0 wants it.
func TestDelayed(t *testing.T) {
	f := pki()
	for _, pvno := range []int{cmp2000, cmp2021} {
		fg, m, answer := delayed(t, &authority{wait: 2, after: time.Second}, pvno)
		r, err := parseCertRep(m.Content)
		if err != nil {
			t.Fatal(err)
		}
		cert, err := x509.ParseCertificate(r.certificate)
		if err != nil {
			t.Fatal(err)
		}
		until := append([]byte{0x18, 15}, cert.NotAfter.UTC().Format("20060102150405Z")...)
		if i := m.Header.GeneralInfo; len(i) != 1 || i[0].Type != oid("1.3.6.1.5.5.7.4.14") ||
			!bytes.Equal(i[0].Value, until) {
			t.Errorf("pvno %d: generalInfo %X, want confirmWaitTime %X", pvno, i, until)
		}
		if pvno == cmp2000 {
			if resp, err := fg.tr.UpdateResponse(answer, f.trust()); err != nil || !resp.Certificate.Equal(cert) {
				t.Errorf("our client: %+v, %v", resp, err)
			}
		}
	}
}

// delayed sends a kur and polls until its kup arrives, whose recipNonce it checks.
func delayed(t *testing.T, a *authority, pvno int) (*forge, *Message, []byte) {
	t.Helper()
	client, _ := serve(t, a)
	fg := newForge(t)
	fg.message.Header.Version = pvno
	fg.tr.NewKey = sequenceOf(fg.req.template[templatePublicKey])
	kur := fg.kur()
	fg.tr.FirstNonce = fg.message.Header.SenderNonce
	answer := post(t, client, kur, nil)
	for range a.wait + 1 {
		m, err := ParseMessage(answer)
		if err != nil || len(m.Header.GeneralInfo) != 0 {
			t.Fatalf("%+v, %v", m, err)
		}
		fg.tr.SenderNonce = bytes.Repeat([]byte{byte(a.polls + 1)}, nonceSize)
		fg.message = Message{Body: BodyPollRequest, Content: fg.must(pollReq(0)), Header: Header{Version: pvno,
			Recipient: nullName, TransactionID: fg.tr.ID, SenderNonce: fg.tr.SenderNonce,
			RecipNonce: m.Header.SenderNonce}}
		answer = post(t, client, fg.must(fg.message.protect(fg.old, rand.Reader)), nil)
	}
	m, err := ParseMessage(answer)
	if err != nil || m.Body != BodyKeyUpdateResponse {
		t.Fatalf("%+v, %v", m, err)
	}
	want := fg.tr.SenderNonce
	if pvno == cmp2021 {
		want = fg.tr.FirstNonce
	}
	if !bytes.Equal(m.Header.RecipNonce, want) {
		t.Errorf("pvno %d: recipNonce %X, want %X", pvno, m.Header.RecipNonce, want)
	}
	return fg, m, answer
}

// TestRefusedAfterPolling: the refusal that ends the polling is a kup too (RFC 9483 §3.6.2), and a further poll finds
// no transaction.
func TestRefusedAfterPolling(t *testing.T) {
	f := pki()
	no := &Refusal{CertRevoked, "revoked", "Revocato."}
	delayed(t, &authority{wait: 1, after: time.Second, fail: no}, cmp2021)
	client, _ := serve(t, &authority{wait: 1, after: time.Second, fail: no})
	tr := newTransaction(t)
	der, err := tr.UpdateRequest(f.oldEC, f.newEC, nil, now, rand.Reader)
	if r, err := tr.UpdateResponse(post(t, client, der, err), f.trust()); err != nil || r.CheckAfter == 0 {
		t.Fatalf("%+v, %v", r, err)
	}
	der, err = tr.PollRequest(f.oldEC, now, rand.Reader)
	answer := post(t, client, der, err)
	if body, got := refusalIn(t, answer); body != BodyKeyUpdateResponse || got != *no {
		t.Errorf("%v %+v, want a kup with %+v", body, got, no)
	}
	wantRefusal(t, answer, tr, no)
	der, err = tr.PollRequest(f.oldEC, now, rand.Reader)
	if body, got := refusalIn(t, post(t, client, der, err)); body != BodyError || got != *refusalUnknownTransaction {
		t.Errorf("%v %+v", body, got)
	}
}

// TestUntrustedSigner: of the Authority's refusals of a kur these come in an error message.
func TestUntrustedSigner(t *testing.T) {
	f := pki()
	for info, want := range map[FailureInfo]BodyType{SignerNotTrusted: BodyError, TransactionIDInUse: BodyError,
		NotAuthorized: BodyKeyUpdateResponse, SystemFailure: BodyKeyUpdateResponse} {
		client, _ := serve(t, &authority{fail: &Refusal{info, "no", "No."}})
		der, err := newTransaction(t).UpdateRequest(f.oldEC, f.newEC, nil, now, rand.Reader)
		if body, got := refusalIn(t, post(t, client, der, err)); body != want || got.Code != "no" {
			t.Errorf("bit %d: %v %+v, want %v", info, body, got, want)
		}
	}
}
