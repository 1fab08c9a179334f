// SPDX-License-Identifier: EUPL-1.2

package cmp

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	"crypto/sha256"
	_ "crypto/sha512" // linked for crypto.SHA384 and crypto.SHA512
	"crypto/x509"
	"errors"
	"fmt"
	"io"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Credential is a certificate with its key and the chain towards a root. The key is RSA (PKCS#1 v1.5) or ECDSA; every
// signature is over SHA-256. The signer may ignore the source of randomness, as a card does.
type Credential struct {
	Certificate *x509.Certificate
	Chain       []*x509.Certificate
	Key         crypto.Signer
}

// Bounds on RSA moduli, in bits. Cards from before 2011 have 1024; the upper bound limits the time that one message of
// a stranger can cost.
const (
	minRSABits = 1024
	maxRSABits = 8192
)

var errSignature = errors.New("signature does not verify")

type signatureAlgorithm struct {
	hash crypto.Hash
	rsa  bool
}

// signatureAlgorithms are the supported ones of RFC 9481 §3.1 and §3.2.
var signatureAlgorithms = map[string]signatureAlgorithm{
	oidSHA256WithRSA:   {crypto.SHA256, true},
	oidSHA384WithRSA:   {crypto.SHA384, true},
	oidSHA512WithRSA:   {crypto.SHA512, true},
	oidECDSAWithSHA256: {crypto.SHA256, false},
	oidECDSAWithSHA384: {crypto.SHA384, false},
	oidECDSAWithSHA512: {crypto.SHA512, false},
}

// parseSignatureAlgorithm reads an AlgorithmIdentifier. The parameters are NULL or absent for RSA (OpenSSL sends NULL
// in the POPO and none in protectionAlg), absent for ECDSA (RFC 5758 §3.2).
func parseSignatureAlgorithm(der []byte) (signatureAlgorithm, error) {
	var (
		outer         = cryptobyte.String(der)
		s, parameters cryptobyte.String
		id            string
		none          signatureAlgorithm
	)
	if !outer.ReadASN1(&s, asn1.SEQUENCE) || !outer.Empty() || !readOID(&s, &id) {
		return none, malformed("AlgorithmIdentifier")
	}
	switch id {
	case oidSHA1WithRSA, oidECDSAWithSHA1:
		return none, refusalSHA1
	case oidPasswordBasedMAC, oidDHBasedMAC, oidPBMAC1, oidKEMBasedMAC:
		return none, refusalMAC
	}
	a, known := signatureAlgorithms[id]
	if !known {
		return none, refusalAlgorithm
	}
	if a.rsa && s.ReadASN1(&parameters, asn1.NULL) && !parameters.Empty() || !s.Empty() {
		return none, malformed("parameters of the signature algorithm")
	}
	return a, nil
}

// verifySignature returns nil, refusalSHA1, refusalMAC, refusalAlgorithm (also for a key whose size is out of
// bounds), an [ErrMalformed] or errSignature.
func verifySignature(key crypto.PublicKey, algorithm, signed, signature []byte) error {
	a, err := parseSignatureAlgorithm(algorithm)
	if err != nil {
		return err
	}
	h := a.hash.New()
	h.Write(signed)
	digest := h.Sum(nil)
	switch key := key.(type) {
	case *rsa.PublicKey:
		if n := key.N.BitLen(); n < minRSABits || n > maxRSABits {
			return refusalAlgorithm
		}
		if !a.rsa || rsa.VerifyPKCS1v15(key, a.hash, digest, signature) != nil {
			return errSignature
		}
	case *ecdsa.PublicKey:
		if a.rsa || !ecdsa.VerifyASN1(key, digest, signature) {
			return errSignature
		}
	default:
		return refusalAlgorithm
	}
	return nil
}

// algorithmOf returns the DER of the AlgorithmIdentifier that sign uses with a key.
func algorithmOf(key crypto.PublicKey) ([]byte, error) {
	var b cryptobyte.Builder
	switch key.(type) {
	case *rsa.PublicKey:
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) { addOID(b, oidSHA256WithRSA); b.AddASN1NULL() })
	case *ecdsa.PublicKey:
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) { addOID(b, oidECDSAWithSHA256) })
	default:
		return nil, fmt.Errorf("no signature algorithm for a key of type %T", key)
	}
	return b.Bytes()
}

func sign(key crypto.Signer, message []byte, rand io.Reader) ([]byte, error) {
	digest := sha256.Sum256(message)
	signature, err := key.Sign(rand, digest[:], crypto.SHA256)
	if err != nil {
		return nil, fmt.Errorf("sign: %w", err)
	}
	return signature, nil
}

// protect signs header and body (RFC 9810 §5.1.3.3) and encodes the message. It sets sender and senderKID to those of
// the credential (RFC 9483 §3.1), and puts its certificate first in extraCerts (§3.3).
func (m *Message) protect(c Credential, rand io.Reader) ([]byte, error) {
	if !samePublicKey(c.Certificate.PublicKey, c.Key.Public()) {
		return nil, errors.New("key and certificate of the signer do not match")
	}
	m.Header.Sender = directoryName(c.Certificate.RawSubject)
	// OpenSSL refuses an empty senderKID, so a certificate without the identifier sends none.
	if len(c.Certificate.SubjectKeyId) > 0 {
		m.Header.SenderKID = c.Certificate.SubjectKeyId
	}
	m.ExtraCerts = [][]byte{c.Certificate.Raw}
	for _, cert := range c.Chain {
		m.ExtraCerts = append(m.ExtraCerts, cert.Raw)
	}
	var err error
	if m.Header.ProtectionAlg, err = algorithmOf(c.Key.Public()); err != nil {
		return nil, err
	}
	part, err := m.protectedPart()
	if err != nil {
		return nil, err
	}
	if m.Protection, err = sign(c.Key, sequenceOf(part), rand); err != nil {
		return nil, err
	}
	return m.Marshal()
}

// verifyProtection checks a parsed message's signature by extraCerts[0] (RFC 9483 §3.3, §3.5), as parse reads it, and
// returns that certificate. A server reads those of cards with holder.ParseCertificate. Its subject must be the sender,
// and its key identifier the senderKID if there is one. It does not judge whether the certificate is trusted; check,
// if not nil, may refuse it before its key is used. Errors are those of check and verifySignature, refusalUnprotected,
// refusalProtection and refusalSignerCertificate.
func (m *Message) verifyProtection(parse func([]byte) (*x509.Certificate, error),
	check func(*x509.Certificate) error) (*x509.Certificate, error) {
	if m.Protection == nil || m.Header.ProtectionAlg == nil {
		return nil, refusalUnprotected
	}
	// This check comes before that of the certificate, since a MAC has no certificate and gets its own answer.
	if _, err := parseSignatureAlgorithm(m.Header.ProtectionAlg); err != nil {
		return nil, err
	}
	if len(m.ExtraCerts) == 0 {
		return nil, refusalProtection
	}
	cert, err := parse(m.ExtraCerts[0])
	if err != nil {
		return nil, refusalSignerCertificate
	}
	if !bytes.Equal(m.Header.Sender, directoryName(cert.RawSubject)) {
		return nil, refusalProtection
	}
	if m.Header.SenderKID != nil && !bytes.Equal(m.Header.SenderKID, cert.SubjectKeyId) {
		return nil, refusalProtection
	}
	if check != nil {
		if err := check(cert); err != nil {
			return nil, err
		}
	}
	err = verifySignature(cert.PublicKey, m.Header.ProtectionAlg, sequenceOf(m.protected), m.Protection)
	if errors.Is(err, errSignature) {
		return nil, refusalProtection
	}
	return cert, err
}

// otherCertificates returns the extraCerts after the signer's. It leaves out those that crypto/x509 cannot read, as
// some of legacy CAs: a verifier has its own roots.
func (m *Message) otherCertificates() []*x509.Certificate {
	var others []*x509.Certificate
	for _, der := range m.ExtraCerts[1:] {
		if cert, err := x509.ParseCertificate(der); err == nil {
			others = append(others, cert)
		}
	}
	return others
}

func sequenceOf(content []byte) []byte {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddBytes(content) })
	return b.BytesOrPanic()
}

func samePublicKey(a, b crypto.PublicKey) bool {
	k, ok := a.(interface{ Equal(crypto.PublicKey) bool })
	return ok && k.Equal(b)
}
