// SPDX-License-Identifier: EUPL-1.2

package cmp

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"io"
	"strings"
	"testing"
)

// TestHostileServer gives the client answers that it must refuse.
func TestHostileServer(t *testing.T) {
	f := pki()
	good := issue(f.oldEC.Certificate.RawSubject, f.newEC.Public())
	kup := func(r certRep) []byte { return bytesOf(t)(r.marshal()) }
	granted := kup(certRep{certificate: good.Raw})
	refused := bytesOf(t)(errorMsgOf(refusalSystem).marshal())
	for _, c := range []struct {
		name   string
		by     Credential
		change func(*Message) // before it is signed
		after  func([]byte) []byte
		want   error
	}{
		{"good", f.signer, nil, nil, nil},
		{"good, RSA signer with cmcRA", f.signerRSA, nil, nil, nil},
		{"anchor without digitalSignature", Credential{Certificate: f.currentCA.Certificate, Key: f.currentCA.Key}, nil,
			nil, ErrUntrusted},
		{"foreign signer", f.foreignSigner, nil, nil, ErrUntrusted},
		{"foreign signer that brings its root",
			Credential{f.foreignSigner.Certificate, []*x509.Certificate{f.foreignCA.Certificate}, f.foreignSigner.Key},
			nil, nil, ErrUntrusted},
		{"signer under the legacy CA", f.legacySigner, nil, nil, ErrUntrusted},
		{"citizen under the current CA", f.citizen, nil, nil, ErrUntrusted},
		{"signer without extendedKeyUsage", f.noUsage, nil, nil, ErrUntrusted},
		{"expired signer", f.expiredSigner, nil, nil, ErrUntrusted},
		{"signer without digitalSignature", f.noSignatureUse, nil, nil, ErrUntrusted},
		{"bit flipped", f.signer, nil,
			func(b []byte) []byte { i := bytes.Index(b, good.Raw); b[i+len(good.Raw)-1] ^= 1; return b }, ErrUntrusted},
		{"trailing byte", f.signer, nil, func(b []byte) []byte { return append(b, 0) }, ErrMalformed},
		{"cut", f.signer, nil, func(b []byte) []byte { return b[:len(b)-1] }, ErrMalformed},
		{"unprotected", f.signer, nil, unprotected(t), ErrUntrusted},
		{"unprotected error", f.signer, func(m *Message) { m.Body, m.Content = BodyError, refused }, unprotected(t),
			ErrUntrusted},
		{"error of a foreign signer", f.foreignSigner, func(m *Message) { m.Body, m.Content = BodyError, refused }, nil,
			ErrUntrusted},
		{"wrong transactionID", f.signer, func(m *Message) { m.Header.TransactionID = make([]byte, 16) }, nil,
			ErrMismatch},
		{"no transactionID", f.signer, func(m *Message) { m.Header.TransactionID = nil }, nil, ErrMismatch},
		{"wrong recipNonce", f.signer, func(m *Message) { m.Header.RecipNonce = make([]byte, 16) }, nil, ErrMismatch},
		{"no recipNonce", f.signer, func(m *Message) { m.Header.RecipNonce = nil }, nil, ErrMismatch},
		{"error with a wrong recipNonce", f.signer, func(m *Message) {
			m.Body, m.Content, m.Header.RecipNonce = BodyError, refused, make([]byte, 16)
		}, nil, ErrMismatch},
		{"pvno 3", f.signer, func(m *Message) { m.Header.Version = 3 }, nil, ErrMalformed},
		{"endless senderNonce", f.signer, func(m *Message) { m.Header.SenderNonce = make([]byte, 65) }, nil,
			ErrMalformed},
		{"genp", f.signer, func(m *Message) { m.Body, m.Content = BodyGeneralResponse, sequenceOf(nil) }, nil,
			ErrMismatch},
		{"pkiConf", f.signer, func(m *Message) { m.Body, m.Content = BodyPKIConfirm, pkiConfirm }, nil, ErrMismatch},
		{"certificate for another key", f.signer, func(m *Message) {
			m.Content = kup(certRep{certificate: issue(f.oldEC.Certificate.RawSubject, f.spare.Public()).Raw})
		}, nil, ErrWrongKey},
		{"certReqId 1", f.signer, func(m *Message) { m.Content = kup(certRep{certReqID: 1, certificate: good.Raw}) },
			nil, ErrMismatch},
		{"no certificate", f.signer, func(m *Message) { m.Content = kup(certRep{}) }, nil, ErrMalformed},
		{"certificate that is none", f.signer,
			func(m *Message) { m.Content = kup(certRep{certificate: sequenceOf(nil)}) }, nil, ErrMalformed},
		{"status 9", f.signer,
			func(m *Message) { m.Content = kup(certRep{status: statusInfo{status: 9}, certificate: good.Raw}) }, nil,
			ErrMalformed},
		{"poll for another request", f.signer, func(m *Message) {
			m.Body = BodyPollResponse
			m.Content = bytesOf(t)((&pollRep{certReqID: 1, checkAfter: 1}).marshal())
		}, nil, ErrMismatch},
		{"poll in a thousand years", f.signer, func(m *Message) {
			m.Body = BodyPollResponse
			m.Content = bytesOf(t)((&pollRep{checkAfter: 31_556_952_000}).marshal())
		}, nil, ErrMalformed},
	} {
		t.Run(c.name, func(t *testing.T) {
			tr := newTransaction(t)
			if _, err := tr.UpdateRequest(f.oldEC, f.newEC, nil, now, rand.Reader); err != nil {
				t.Fatal(err)
			}
			m := &Message{Body: BodyKeyUpdateResponse, Content: granted, Header: Header{
				Version: cmp2000, Recipient: nullName, TransactionID: tr.ID, RecipNonce: tr.SenderNonce,
				SenderNonce: make([]byte, 16),
			}}
			if c.change != nil {
				c.change(m)
			}
			der, err := m.protect(c.by, rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			if c.after != nil {
				der = c.after(der)
			}
			resp, err := tr.UpdateResponse(der, f.trust())
			if c.want == nil {
				if err != nil || !resp.Certificate.Equal(good) || len(tr.RecipNonce) != 16 {
					t.Errorf("%+v, %v", resp, err)
				}
				return
			}
			if !errors.Is(err, c.want) || resp != nil {
				t.Errorf("%+v, %v, want %v", resp, err, c.want)
			}
			var r *Refusal
			if errors.As(err, &r) {
				t.Error("our verdict reads as the server's refusal")
			}
			if errors.Is(err, ErrUntrusted) && tr.RecipNonce != nil {
				t.Error("an untrusted answer changed the transaction")
			}
		})
	}
}

func bytesOf(t *testing.T) func([]byte, error) []byte {
	return func(b []byte, err error) []byte {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
}

func unprotected(t *testing.T) func([]byte) []byte {
	return func(der []byte) []byte {
		m, err := ParseMessage(der)
		if err != nil {
			t.Fatal(err)
		}
		m.Protection = nil
		return bytesOf(t)(m.Marshal())
	}
}

// caCerts of a genp do not make their root an anchor.
func TestCACertsAreNoAnchors(t *testing.T) {
	f := pki()
	client, _ := serve(t, &authority{inform: &InformResponse{CACerts: []*x509.Certificate{f.foreignCA.Certificate}}})
	tr := newTransaction(t)
	der, err := tr.GeneralRequest(InformRequest{CACerts: true}, rand.Reader)
	resp, err := tr.GeneralResponse(post(t, client, der, err), f.trust())
	if err != nil || len(resp.CACerts) != 1 {
		t.Fatalf("%+v, %v", resp, err)
	}
	m := &Message{Body: BodyGeneralResponse, Content: sequenceOf(nil), Header: Header{
		Version: cmp2000, Recipient: nullName, TransactionID: tr.ID, RecipNonce: tr.SenderNonce,
	}}
	forged := bytesOf(t)(m.protect(f.foreignSigner, rand.Reader))
	if _, err := tr.GeneralResponse(forged, f.trust()); !errors.Is(err, ErrUntrusted) {
		t.Errorf("error %v", err)
	}
}

// TestSigner: the key signs one digest for each message, and a key that does not belong to the certificate is refused
// before a message is made.
func TestSigner(t *testing.T) {
	f := pki()
	bad := Credential{Certificate: f.oldEC.Certificate, Key: f.spare}
	tr := newTransaction(t)
	if _, err := tr.UpdateRequest(bad, f.newEC, nil, now, rand.Reader); err == nil || tr.FirstNonce != nil {
		t.Errorf("error %v, transaction %+v", err, tr)
	}
	if _, err := tr.UpdateRequest(f.oldEC, f.newEC, nil, now, strings.NewReader("short")); err == nil {
		t.Error("nonce out of nothing")
	}
	card := &countingSigner{Signer: f.old1024.Key}
	if _, err := tr.UpdateRequest(Credential{Certificate: f.old1024.Certificate, Key: card}, f.newRSA, nil, now,
		rand.Reader); err != nil || card.signed != 1 {
		t.Errorf("error %v, %d signatures", err, card.signed)
	}
}

type countingSigner struct {
	crypto.Signer
	signed int
}

func (c *countingSigner) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	c.signed++
	if len(digest) != sha256.Size || opts != crypto.SHA256 {
		return nil, errors.New("not a SHA-256 digest for PKCS#1 v1.5")
	}
	return c.Signer.Sign(nil, digest, opts)
}
