// SPDX-License-Identifier: EUPL-1.2

package ca

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"math/big"
	"sync"
	"time"
)

var (
	oidOCSPBasic   = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 1}
	oidOCSPNonce   = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 2}
	oidOCSPNoCheck = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 48, 1, 5}

	oidECDSAWithSHA256 = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}
)

// idHashes are the algorithms by which a CertID may name the issuer.
var idHashes = []struct {
	oid  asn1.ObjectIdentifier
	hash crypto.Hash
}{
	{asn1.ObjectIdentifier{1, 3, 14, 3, 2, 26}, crypto.SHA1}, // RFC 5019 §2.1.1; needs no collision resistance
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}, crypto.SHA256},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}, crypto.SHA384},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}, crypto.SHA512},
}

// OCSPResponseStatus values (RFC 6960 §4.2.1).
const (
	ocspSuccessful       = 0
	ocspMalformedRequest = 1
	ocspInternalError    = 2
	ocspTryLater         = 3
	ocspUnauthorized     = 6
)

// Bounds on a request. Relying sites ask for one certificate, openssl ocsp for several.
const (
	maxOCSPRequests = 8
	maxOCSPNonce    = 128 // octets, RFC 9654 §2.1
)

const (
	// ocspLife is how long an answer is valid.
	ocspLife = time.Hour
	// ocspSignerLife is the life of a delegated signer's certificate. Its key never leaves the process.
	ocspSignerLife = 7 * 24 * time.Hour
)

// CertificateStatus is a certificate's status (RFC 6960 §2.2). The zero value is unknown: never issued.
type CertificateStatus struct {
	Issued    bool
	Revoked   bool      // or suspended, with Reason certificateHold (6)
	RevokedAt time.Time // when Revoked is set
	Reason    int       // CRLReason (RFC 5280 §5.3.1); 0 is omitted
}

// Responder answers OCSP requests (RFC 6960) about the certificates of its issuers. For each issuer it signs with a key
// of its own, made in memory and certified for a week (id-kp-OCSPSigning, id-pkix-ocsp-nocheck, §4.2.2.2), so that a
// stranger's question never uses the issuing key. Each replica has its own keys.
type Responder struct {
	signers []*ocspSigner
}

type ocspSigner struct {
	subject    Name
	issuer     *Issuer
	issuerName []byte // DER
	issuerKey  []byte // bits of the SubjectPublicKeyInfo, which issuerKeyHash is computed over

	mu          sync.Mutex
	key         crypto.Signer
	certificate *x509.Certificate
}

// NewResponder returns a responder for the issuers. Its signers have the given name; their keys are certified at the
// first question.
func NewResponder(name Name, issuers ...*Issuer) (*Responder, error) {
	r := &Responder{}
	for _, i := range issuers {
		var spki struct {
			Algorithm pkix.AlgorithmIdentifier
			Key       asn1.BitString
		}
		if _, err := asn1.Unmarshal(i.certificate.RawSubjectPublicKeyInfo, &spki); err != nil {
			return nil, err
		}
		r.signers = append(r.signers, &ocspSigner{subject: name, issuer: i, issuerName: i.certificate.RawSubject,
			issuerKey: spki.Key.Bytes})
	}
	return r, nil
}

// current returns the signer's certificate and key; new ones when less than a day is left, unless the root itself
// leaves no more, or when the clock was set back. After the root's end the last signer goes on: its answers can be
// checked as the certificates that they are about.
func (s *ocspSigner) current(now time.Time) (*x509.Certificate, crypto.Signer, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	root := s.issuer.certificate
	if c := s.certificate; c != nil && !now.Before(c.NotBefore) &&
		(now.Before(c.NotAfter.Add(-24*time.Hour)) || c.NotAfter.Equal(root.NotAfter)) {
		return c, s.key, nil
	}
	key, err := GenerateKey(P256)
	if err != nil {
		return nil, nil, err
	}
	notBefore, notAfter := s.issuer.begin(now), now.Add(ocspSignerLife)
	if notAfter.After(root.NotAfter) {
		notAfter = root.NotAfter
	}
	if !notBefore.Before(notAfter) {
		notBefore = notAfter.Add(-backdate) // a process that began after the root's end
	}
	certificate, err := s.issuer.issueCredential(s.subject, key.Public(), &x509.Certificate{
		ExtKeyUsage:     []x509.ExtKeyUsage{x509.ExtKeyUsageOCSPSigning},
		ExtraExtensions: []pkix.Extension{{Id: oidOCSPNoCheck, Value: asn1.NullBytes}},
		NotBefore:       notBefore,
		NotAfter:        notAfter,
	})
	if err != nil {
		return nil, nil, err
	}
	s.key, s.certificate = key, certificate
	return certificate, key, nil
}

type ocspRequest struct {
	TBS struct {
		Version    int           `asn1:"explicit,tag:0,default:0,optional"`
		Requestor  asn1.RawValue `asn1:"tag:1,optional"`
		List       []ocspSingleRequest
		Extensions []pkix.Extension `asn1:"explicit,tag:2,optional"`
	}
	Signature asn1.RawValue `asn1:"tag:0,optional"` // the requestor's signature is ignored (§4.1.2)
}

type ocspSingleRequest struct {
	CertID     asn1.RawValue
	Extensions []pkix.Extension `asn1:"explicit,tag:0,optional"`
}

type ocspCertID struct {
	Hash       pkix.AlgorithmIdentifier
	IssuerName []byte
	IssuerKey  []byte
	Serial     *big.Int
}

type ocspResponse struct {
	Status asn1.Enumerated
	Bytes  ocspResponseBytes `asn1:"explicit,tag:0,optional"`
}

type ocspResponseBytes struct {
	Type     asn1.ObjectIdentifier
	Response []byte
}

type ocspBasicResponse struct {
	TBS          asn1.RawValue
	Algorithm    pkix.AlgorithmIdentifier
	Signature    asn1.BitString
	Certificates []asn1.RawValue `asn1:"explicit,tag:0"`
}

type ocspResponseData struct {
	ResponderKey []byte    `asn1:"explicit,tag:2"` // SHA-1 of the signer's key (§4.2.1)
	ProducedAt   time.Time `asn1:"generalized"`
	Responses    []ocspSingleResponse
	Extensions   []pkix.Extension `asn1:"explicit,tag:1,optional,omitempty"`
}

type ocspSingleResponse struct {
	CertID     asn1.RawValue
	Status     asn1.RawValue
	ThisUpdate time.Time `asn1:"generalized"`
	NextUpdate time.Time `asn1:"generalized,explicit,tag:0"`
}

type ocspRevokedInfo struct {
	At     time.Time       `asn1:"generalized"`
	Reason asn1.Enumerated `asn1:"explicit,tag:0,optional"`
}

var errOCSPRequest = errors.New("malformed OCSP request")

// Answer returns the DER response to one DER request; it calls status for each certificate. A malformed request, or one
// with a critical extension, gets malformedRequest. A request about another issuer's certificates, or about those of
// two issuers, for which no delegated signer may answer together (RFC 6960 §4.2.2.2), gets unauthorized (RFC 5019
// §2.2.3). If status fails, the response is tryLater and the error is returned with it. cacheable is false for a
// request with a nonce and for every error response.
func (r *Responder) Answer(request []byte, now time.Time,
	status func(issuer *x509.Certificate, serial *big.Int) (CertificateStatus, error)) (response []byte, cacheable bool,
	err error) {
	asked, nonce, err := parseOCSP(request)
	if err != nil {
		return ocspFailure(ocspMalformedRequest), false, nil
	}
	signer := r.signerOf(asked[0].id)
	for _, one := range asked[1:] {
		if r.signerOf(one.id) != signer {
			signer = nil
		}
	}
	if signer == nil {
		return ocspFailure(ocspUnauthorized), false, nil
	}
	now = now.UTC().Truncate(time.Second)
	var answers []ocspSingleResponse
	for _, one := range asked {
		s, err := status(signer.issuer.certificate, one.id.Serial)
		if err != nil {
			return ocspFailure(ocspTryLater), false, err
		}
		encoded, err := s.encode()
		if err != nil {
			return ocspFailure(ocspInternalError), false, err
		}
		answers = append(answers, ocspSingleResponse{CertID: one.raw, Status: encoded,
			ThisUpdate: signer.issuer.begin(now).UTC().Truncate(time.Second),
			NextUpdate: now.Add(ocspLife)})
	}
	response, err = signer.sign(answers, nonce, now)
	if err != nil {
		return ocspFailure(ocspInternalError), false, err
	}
	return response, len(nonce) == 0, nil
}

type ocspAsked struct {
	id  ocspCertID
	raw asn1.RawValue // the received bytes, which the answer repeats
}

func parseOCSP(der []byte) (asked []ocspAsked, nonce []pkix.Extension, err error) {
	var request ocspRequest
	if rest, err := asn1.Unmarshal(der, &request); err != nil || len(rest) > 0 {
		return nil, nil, errOCSPRequest
	}
	if n := len(request.TBS.List); request.TBS.Version != 0 || n == 0 || n > maxOCSPRequests {
		return nil, nil, errOCSPRequest
	}
	for _, e := range request.TBS.Extensions {
		switch {
		case e.Id.Equal(oidOCSPNonce):
			var value []byte
			if rest, err := asn1.Unmarshal(e.Value, &value); err != nil || len(rest) > 0 || len(value) == 0 ||
				len(value) > maxOCSPNonce || nonce != nil {
				return nil, nil, errOCSPRequest
			}
			nonce = []pkix.Extension{{Id: oidOCSPNonce, Value: e.Value}}
		case e.Critical:
			return nil, nil, errOCSPRequest
		}
	}
	for _, one := range request.TBS.List {
		for _, e := range one.Extensions {
			if e.Critical {
				return nil, nil, errOCSPRequest
			}
		}
		a := ocspAsked{raw: one.CertID}
		if rest, err := asn1.Unmarshal(one.CertID.FullBytes, &a.id); err != nil || len(rest) > 0 {
			return nil, nil, errOCSPRequest
		}
		asked = append(asked, a)
	}
	return asked, nonce, nil
}

// signerOf returns the signer for the issuer that an identifier names, or nil.
func (r *Responder) signerOf(id ocspCertID) *ocspSigner {
	for _, h := range idHashes {
		if !h.oid.Equal(id.Hash.Algorithm) {
			continue
		}
		sum := func(b []byte) []byte {
			d := h.hash.New()
			d.Write(b)
			return d.Sum(nil)
		}
		for _, s := range r.signers {
			if bytes.Equal(sum(s.issuerName), id.IssuerName) && bytes.Equal(sum(s.issuerKey), id.IssuerKey) {
				return s
			}
		}
	}
	return nil
}

// encode returns the CertStatus choice (§4.2.1): good [0] NULL, revoked [1] RevokedInfo, unknown [2] NULL, all
// implicit.
func (s CertificateStatus) encode() (asn1.RawValue, error) {
	switch {
	case !s.Issued:
		return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 2}, nil
	case !s.Revoked:
		return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0}, nil
	}
	der, err := asn1.Marshal(ocspRevokedInfo{s.RevokedAt.UTC().Truncate(time.Second), asn1.Enumerated(s.Reason)})
	if err != nil {
		return asn1.RawValue{}, err
	}
	var info asn1.RawValue
	if _, err := asn1.Unmarshal(der, &info); err != nil {
		return asn1.RawValue{}, err
	}
	return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 1, IsCompound: true, Bytes: info.Bytes}, nil
}

func (s *ocspSigner) sign(answers []ocspSingleResponse, extensions []pkix.Extension, now time.Time) ([]byte, error) {
	certificate, key, err := s.current(now)
	if err != nil {
		return nil, fmt.Errorf("OCSP signer: %w", err)
	}
	tbs, err := asn1.Marshal(ocspResponseData{certificate.SubjectKeyId, now, answers, extensions})
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(tbs)
	signature, err := key.Sign(rand.Reader, sum[:], crypto.SHA256)
	if err != nil {
		return nil, err
	}
	basic, err := asn1.Marshal(ocspBasicResponse{
		TBS:          asn1.RawValue{FullBytes: tbs},
		Algorithm:    pkix.AlgorithmIdentifier{Algorithm: oidECDSAWithSHA256},
		Signature:    asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)},
		Certificates: []asn1.RawValue{{FullBytes: certificate.Raw}},
	})
	if err != nil {
		return nil, err
	}
	return asn1.Marshal(ocspResponse{ocspSuccessful, ocspResponseBytes{oidOCSPBasic, basic}})
}

// ocspFailure is a response without responseBytes.
func ocspFailure(status byte) []byte { return []byte{0x30, 3, 0x0a, 1, status} }
