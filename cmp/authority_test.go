// SPDX-License-Identifier: EUPL-1.2

package cmp

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"rinnova.example/go/failure"
)

// now is a time at which every certificate of these tests is valid; OpenSSL uses the real clock.
var now = time.Now().UTC().Truncate(time.Second)

// fictitious is the CN of a citizen who does not exist.
const fictitious = "SMPBNL78R47D612H/6090900000003001.3SsHNs8uNFgeYKY73uk31/nMtfI="

// fixture is a legacy CA with old certificates for several keys, a current CA with the CMP signer, and signers that
// must not be trusted.
type fixture struct {
	legacyCA, currentCA, foreignCA Credential
	old2048, old1024, oldEC        Credential // issued by legacyCA
	other                          Credential // the old certificate of another person
	noKeyID                        Credential // an old certificate without subjectKeyIdentifier
	signer, signerRSA              Credential // CMP signers under currentCA
	foreignSigner, legacySigner    Credential
	expiredSigner, noSignatureUse  Credential
	noUsage                        Credential // without extendedKeyUsage
	citizen                        Credential // a new citizen's certificate under currentCA, clientAuth
	newRSA, newEC, spare           crypto.Signer
}

var pki = sync.OnceValue(func() *fixture {
	must := func(key crypto.Signer, err error) crypto.Signer {
		if err != nil {
			panic(err)
		}
		return key
	}
	newRSA := func(bits int) crypto.Signer { key, err := rsa.GenerateKey(rand.Reader, bits); return must(key, err) }
	newEC := func() crypto.Signer {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		return must(key, err)
	}
	f := &fixture{newRSA: newRSA(2048), newEC: newEC(), spare: newEC()}
	root := func(cn string, key crypto.Signer) Credential {
		return certify(Credential{}, key, &x509.Certificate{
			Subject: pkix.Name{Country: []string{"IT"}, CommonName: cn}, IsCA: true, BasicConstraintsValid: true,
			KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageCRLSign, SubjectKeyId: []byte(cn),
		})
	}
	f.legacyCA, f.currentCA, f.foreignCA = root("Vecchia CA di prova", newRSA(2048)),
		root("Nuova CA di prova", newEC()), root("CA altrui", newEC())
	leaf := func(ca Credential, key crypto.Signer, cn string, change func(*x509.Certificate)) Credential {
		c := &x509.Certificate{
			Subject:      pkix.Name{Country: []string{"IT"}, Organization: []string{"Prova"}, CommonName: cn},
			SubjectKeyId: []byte("kid " + cn), KeyUsage: x509.KeyUsageDigitalSignature, BasicConstraintsValid: true,
		}
		if change != nil {
			change(c)
		}
		return certify(ca, key, c)
	}
	citizen := func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth} }
	f.old2048 = leaf(f.legacyCA, newRSA(2048), fictitious, citizen)
	f.old1024 = leaf(f.legacyCA, newRSA(1024), fictitious, citizen)
	f.oldEC = leaf(f.legacyCA, newEC(), fictitious, citizen)
	f.other = leaf(f.legacyCA, newEC(), "SMPBNL78R47D612H/6090900000003002.3SsHNs8uNFgeYKY73uk31/nMtfI=", citizen)
	f.noKeyID = leaf(f.legacyCA, newEC(), fictitious, func(c *x509.Certificate) { c.SubjectKeyId = nil })
	cmcRA := func(c *x509.Certificate) {
		c.UnknownExtKeyUsage = []asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 28}}
	}
	f.signer = leaf(f.currentCA, newEC(), "CMP di prova", cmcRA)
	f.signerRSA = leaf(f.currentCA, newRSA(2048), "CMP di prova RSA", cmcRA)
	f.foreignSigner = leaf(f.foreignCA, newEC(), "CMP di prova", cmcRA)
	f.legacySigner = leaf(f.legacyCA, newEC(), "CMP di prova", cmcRA)
	f.noUsage = leaf(f.currentCA, newEC(), "CMP senza uso", nil)
	f.expiredSigner = leaf(f.currentCA, newEC(), "CMP scaduto",
		func(c *x509.Certificate) { cmcRA(c); c.NotAfter = now.Add(-time.Minute) })
	f.noSignatureUse = leaf(f.currentCA, newEC(), "CMP senza firma",
		func(c *x509.Certificate) { cmcRA(c); c.KeyUsage = x509.KeyUsageKeyAgreement })
	f.citizen = leaf(f.currentCA, newEC(), fictitious, citizen)
	return f
})

var serial = big.NewInt(0x6001)

// certify issues a certificate; an empty ca signs it with itself.
func certify(ca Credential, key crypto.Signer, c *x509.Certificate) Credential {
	c.SerialNumber = new(big.Int).Set(serial)
	serial.Add(serial, big.NewInt(1))
	c.NotBefore = now.Add(-time.Hour)
	if c.NotAfter.IsZero() {
		c.NotAfter = now.Add(30 * 24 * time.Hour)
	}
	parent, by := ca.Certificate, ca.Key
	if by == nil {
		parent, by = c, key
	}
	der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), by)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return Credential{Certificate: cert, Key: key}
}

func (f *fixture) trust() Trust {
	return Trust{Anchors: []*x509.Certificate{f.currentCA.Certificate}, Now: now}
}

// authority is an Authority that issues to everyone, after some waiting.
type authority struct {
	mu        sync.Mutex
	inform    *InformResponse
	wait      int           // number of calls that are answered with a waiting time
	after     time.Duration // the waiting time
	fail      error
	issued    map[[sha256.Size]byte]*x509.Certificate
	informs   []InformRequest
	updates   []UpdateRequest
	polls     int
	kurs      map[string]UpdateRequest // that were not refused, by transactionID
	confirmed []ConfirmRequest
}

func (a *authority) Inform(_ context.Context, q InformRequest) (*InformResponse, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.informs = append(a.informs, q)
	return a.inform, a.fail
}

func (a *authority) Update(_ context.Context, q UpdateRequest) (*UpdateResponse, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.updates = append(a.updates, q)
	if known, ok := a.kurs[string(q.TransactionID)]; ok && known.Kur.Digest != q.Kur.Digest {
		return nil, refusalInUse
	}
	resp, err := a.decide(q)
	if err == nil {
		if a.kurs == nil {
			a.kurs = make(map[string]UpdateRequest)
		}
		a.kurs[string(q.TransactionID)] = q
	}
	return resp, err
}

// Refusals that an Authority makes.
var (
	refusalInUse              = &Refusal{TransactionIDInUse, failure.TransactionInUse, "Usato."}
	refusalUnknownTransaction = &Refusal{BadRequest, failure.UnknownTransaction, "Sconosciuta."}
)

func (a *authority) Poll(_ context.Context, p PollRequest) (*UpdateResponse, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.polls++
	q, known := a.kurs[string(p.TransactionID)]
	if !known || !q.OldCertificate.Equal(p.OldCertificate) {
		return nil, refusalUnknownTransaction
	}
	resp, err := a.decide(q)
	if err != nil {
		delete(a.kurs, string(p.TransactionID))
		resp = new(UpdateResponse)
	}
	resp.Kur = q.Kur
	return resp, err
}

func (a *authority) decide(q UpdateRequest) (*UpdateResponse, error) {
	if a.wait > 0 {
		a.wait--
		return &UpdateResponse{CheckAfter: a.after}, nil
	}
	if a.fail != nil {
		return nil, a.fail
	}
	key := sha256.Sum256(append(bytes.Clone(q.OldCertificate.Raw), q.SPKI...))
	if a.issued == nil {
		a.issued = make(map[[sha256.Size]byte]*x509.Certificate)
	}
	if a.issued[key] == nil {
		a.issued[key] = issue(q.OldCertificate.RawSubject, q.PublicKey)
	}
	return &UpdateResponse{Certificate: a.issued[key]}, nil
}

func issue(subject []byte, key crypto.PublicKey) *x509.Certificate {
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(now.UnixNano()), RawSubject: subject, NotBefore: now.Add(-time.Hour),
		NotAfter: now.Add(365 * 24 * time.Hour), KeyUsage: x509.KeyUsageDigitalSignature,
	}, pki().currentCA.Certificate, key, pki().currentCA.Key)
	if err != nil {
		panic(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		panic(err)
	}
	return cert
}

func (a *authority) Confirm(_ context.Context, c ConfirmRequest) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.confirmed = append(a.confirmed, c)
	return a.fail
}

// secrets are those of every replica.
var secrets = [][]byte{[]byte("the secret of all replicas of a test")}

// serve starts a server half on plain HTTP, whose every message has a Handler of its own, as h is then. It returns a
// client half for the campaign's path.
func serve(t *testing.T, a Authority) (*Client, *Handler) {
	t.Helper()
	h := &Handler{Authority: a, Signer: pki().signer, Secrets: secrets}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		replica := *h
		replica.ServeHTTP(w, r)
	}))
	t.Cleanup(s.Close)
	return &Client{URL: s.URL + "/.well-known/cmp/p/2020"}, h
}

func newTransaction(t *testing.T) *Transaction {
	t.Helper()
	tr, err := NewTransaction(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// post sends a request and returns the answer's bytes; err is the error of making the request.
func post(t *testing.T, c *Client, der []byte, err error) []byte {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	answer, err := c.Post(t.Context(), der)
	if err != nil {
		t.Fatal(err)
	}
	return answer
}

func short(b []byte) string { return fmt.Sprintf("%.16x", b) }
