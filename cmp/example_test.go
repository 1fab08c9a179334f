// SPDX-License-Identifier: EUPL-1.2

package cmp_test

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"net/http/httptest"
	"time"

	"rinnova.example/go/cmp"
)

// authority answers one question and issues nothing.
type authority struct{}

func (authority) Inform(_ context.Context, q cmp.InformRequest) (*cmp.InformResponse, error) {
	if !q.Template {
		return &cmp.InformResponse{}, nil
	}
	return &cmp.InformResponse{Template: &cmp.Template{KeyAlgorithm: "RSA", KeyBits: 2048}}, nil
}

func (authority) Update(context.Context, cmp.UpdateRequest) (*cmp.UpdateResponse, error) {
	return nil, errors.New("no certificates here")
}

func (authority) Poll(context.Context, cmp.PollRequest) (*cmp.UpdateResponse, error) {
	return nil, errors.New("no certificates here")
}

func (authority) Confirm(context.Context, cmp.ConfirmRequest) error { return nil }

// signer makes a root and the certificate that signs the server's messages: extendedKeyUsage id-kp-cmcRA (RFC 6402
// §2.10).
func signer() (cmp.Credential, *x509.Certificate, error) {
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return cmp.Credential{}, nil, err
	}
	root := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Example root"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true,
		BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, root, root, rootKey.Public(), rootKey)
	if err != nil {
		return cmp.Credential{}, nil, err
	}
	if root, err = x509.ParseCertificate(der); err != nil {
		return cmp.Credential{}, nil, err
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return cmp.Credential{}, nil, err
	}
	id := sha256.Sum256(elliptic.Marshal(elliptic.P256(), key.X, key.Y)) //nolint:staticcheck // any octets do
	server := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Example RA"},
		NotBefore: root.NotBefore, NotAfter: root.NotAfter, KeyUsage: x509.KeyUsageDigitalSignature,
		SubjectKeyId:       id[:20],
		UnknownExtKeyUsage: []asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 28}}}
	if der, err = x509.CreateCertificate(rand.Reader, server, root, key.Public(), rootKey); err != nil {
		return cmp.Credential{}, nil, err
	}
	certificate, err := x509.ParseCertificate(der)
	return cmp.Credential{Certificate: certificate, Key: key}, root, err
}

// A server, and a client that asks it which keys it certifies. No PIN and no certificate is needed to ask.
func Example() {
	credential, root, err := signer()
	if err != nil {
		fmt.Println(err)
		return
	}
	secret := make([]byte, 32) // of all replicas of a service
	rand.Read(secret)
	server := httptest.NewServer(&cmp.Handler{Authority: authority{}, Signer: credential, Secrets: [][]byte{secret}})
	defer server.Close()

	client := &cmp.Client{URL: server.URL + "/.well-known/cmp"}
	transaction, err := cmp.NewTransaction(rand.Reader)
	if err != nil {
		fmt.Println(err)
		return
	}
	question, err := transaction.GeneralRequest(cmp.InformRequest{Template: true}, rand.Reader)
	if err != nil {
		fmt.Println(err)
		return
	}
	answer, err := client.Post(context.Background(), question)
	if err != nil {
		fmt.Println(err)
		return
	}
	answers, err := transaction.GeneralResponse(answer, cmp.Trust{Anchors: []*x509.Certificate{root}, Now: time.Now()})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(answers.Template.KeyAlgorithm, answers.Template.KeyBits)
	// Output: RSA 2048
}
