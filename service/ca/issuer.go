// SPDX-License-Identifier: EUPL-1.2

// Package ca is the certification authority. It issues roots, the old certificates of emulated cards, the renewed
// certificates (lint, record, sign once, compare), the certificates of the CMP signer and the TLS server, revocation
// lists and OCSP answers; and it judges old certificates and new keys. It uses no network and no database.
package ca

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"sync"
	"time"

	"rinnova.example/go/pemfile"
)

// KeyKind is a kind of key for the service itself; citizens' keys are made on the card.
type KeyKind string

const (
	P256    KeyKind = "p256"
	RSA2048 KeyKind = "rsa2048"
	RSA4096 KeyKind = "rsa4096"
)

// GenerateKey makes a key in memory. It refuses an unknown kind.
func GenerateKey(kind KeyKind) (crypto.Signer, error) {
	switch kind {
	case P256:
		return ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case RSA2048:
		return rsa.GenerateKey(rand.Reader, 2048)
	case RSA4096:
		return rsa.GenerateKey(rand.Reader, 4096)
	}
	return nil, fmt.Errorf("unknown kind of key %q", string(kind))
}

// Issuer is a root certificate with its private key, in memory or in a device.
type Issuer struct {
	certificate *x509.Certificate
	key         crypto.Signer

	// throwaway is a key of the same algorithm, so that certificates signed with it have the same TBSCertificate.
	throwaway func() (crypto.Signer, error)
}

// newIssuer returns an Issuer. It refuses a certificate that is no root (RFC 5280 §4.2.1.3, §4.2.1.9: CA bit,
// keyCertSign, cRLSign), one without a subject key identifier, and the key of another certificate.
func newIssuer(certificate *x509.Certificate, key crypto.Signer) (*Issuer, error) {
	if err := checkRoot(certificate); err != nil {
		return nil, err
	}
	if certificate.KeyUsage&x509.KeyUsageCRLSign == 0 || len(certificate.SubjectKeyId) == 0 {
		return nil, errors.New("issuing certificate lacks cRLSign or a subject key identifier")
	}
	kind := P256
	if certificate.PublicKeyAlgorithm == x509.RSA {
		kind = RSA2048 // the TBSCertificate does not depend on the size
	}
	if own, ok := key.Public().(interface{ Equal(crypto.PublicKey) bool }); !ok || !own.Equal(certificate.PublicKey) {
		return nil, errors.New("key of another certificate")
	}
	return &Issuer{
		certificate: certificate,
		key:         key,
		throwaway:   sync.OnceValues(func() (crypto.Signer, error) { return GenerateKey(kind) }),
	}, nil
}

// Certificate returns the root certificate.
func (i *Issuer) Certificate() *x509.Certificate { return i.certificate }

// RootRequest describes a root.
type RootRequest struct {
	Name      Name
	Key       crypto.Signer           // RSA of 2048 bits or more, or P-256
	Signature x509.SignatureAlgorithm // zero: SHA-256 with the key; SHA1WithRSA for a legacy root
	NotBefore time.Time
	NotAfter  time.Time
}

// NewRoot makes a self-signed root: path length 0, since a root issues every CNS certificate directly, and keyUsage
// keyCertSign and cRLSign, both extensions critical. It refuses keys other than RSA of 2048 bits or more and P-256.
func NewRoot(r RootRequest) (*Issuer, error) {
	subject, err := r.Name.encode()
	if err != nil {
		return nil, err
	}
	algorithm, err := algorithmOf(r.Key.Public())
	if err != nil {
		return nil, err
	}
	switch r.Signature {
	case 0, algorithm:
	case x509.SHA1WithRSA:
		algorithm = x509.SHA1WithRSA
	default:
		return nil, fmt.Errorf("signature algorithm %v", r.Signature)
	}
	ski, err := keyIdentifier(r.Key.Public())
	if err != nil {
		return nil, err
	}
	serial, err := newSerial()
	if err != nil {
		return nil, err
	}
	template := &x509.Certificate{
		SerialNumber:          serial,
		RawSubject:            subject,
		SignatureAlgorithm:    algorithm,
		NotBefore:             r.NotBefore,
		NotAfter:              r.NotAfter,
		KeyUsage:              x509.KeyUsageCertSign | x509.KeyUsageCRLSign,
		BasicConstraintsValid: true,
		IsCA:                  true,
		MaxPathLenZero:        true,
		SubjectKeyId:          ski,
	}
	if !r.NotAfter.After(r.NotBefore) {
		return nil, errors.New("root ends before it begins")
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, r.Key.Public(), r.Key)
	if err != nil {
		return nil, fmt.Errorf("sign root: %w", err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return newIssuer(certificate, r.Key)
}

// LoadIssuer reads a root certificate and its PKCS#8 key, each one PEM block. Errors are those of newIssuer.
func LoadIssuer(certificatePEM, keyPEM []byte) (*Issuer, error) {
	certificates, err := ParseCertificates(certificatePEM)
	if err != nil {
		return nil, err
	}
	if len(certificates) != 1 {
		return nil, fmt.Errorf("%d certificates, want the issuing one alone", len(certificates))
	}
	key, err := ParseKey(keyPEM)
	if err != nil {
		return nil, err
	}
	return newIssuer(certificates[0], key)
}

// ErrEncryptedKey is the error for a key that a password protects.
var ErrEncryptedKey = errors.New("the key is encrypted")

// ParseKey reads one unencrypted key as other programs leave it: in PEM, also with text, parameters of the curve or
// certificates beside it, or in DER; as PKCS#8 (RFC 5208), PKCS#1 (RFC 8017 appendix A.1.2) or SEC 1 (RFC 5915).
// Errors: ErrEncryptedKey.
func ParseKey(file []byte) (crypto.Signer, error) {
	blocks, err := pemfile.Blocks(file)
	if err != nil {
		return nil, errors.New("a damaged PEM block") // the cause could quote the key
	}
	var keys []*pem.Block
	for _, b := range blocks {
		if strings.HasSuffix(b.Type, "PRIVATE KEY") {
			keys = append(keys, b)
		}
	}
	der := file
	switch {
	case len(keys) > 1:
		return nil, errors.New("several keys in one file")
	case len(keys) == 1 && (keys[0].Type == "ENCRYPTED PRIVATE KEY" || keys[0].Headers["DEK-Info"] != ""):
		return nil, ErrEncryptedKey
	case len(keys) == 1:
		der = keys[0].Bytes
	case len(blocks) > 0:
		return nil, errors.New("no private key in the file")
	}
	var key any
	for _, parse := range []func([]byte) (any, error){
		x509.ParsePKCS8PrivateKey,
		func(b []byte) (any, error) { return x509.ParsePKCS1PrivateKey(b) },
		func(b []byte) (any, error) { return x509.ParseECPrivateKey(b) },
	} {
		if key, err = parse(der); err == nil {
			break
		}
	}
	if err != nil {
		return nil, errors.New("malformed key") // the cause could quote the key
	}
	signer, ok := key.(crypto.Signer)
	if !ok {
		return nil, errors.New("key cannot sign")
	}
	return signer, nil
}

// EncodeKey returns a key in memory as PKCS#8 in PEM.
func EncodeKey(key crypto.Signer) ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}

// ParseCertificates reads a file of trust anchors or a single certificate: PEM blocks of type CERTIFICATE, at least
// one, with text between them left aside and any other block refused.
func ParseCertificates(certificatesPEM []byte) ([]*x509.Certificate, error) {
	blocks, err := pemfile.Blocks(certificatesPEM)
	if err != nil {
		return nil, err
	}
	for _, b := range blocks {
		if b.Type != "CERTIFICATE" {
			return nil, fmt.Errorf("PEM block of type %q among certificates", b.Type)
		}
	}
	return pemfile.Certificates(certificatesPEM)
}

// EncodeCertificate returns the certificate in PEM.
func EncodeCertificate(certificate *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: certificate.Raw})
}

// checkRoot checks that c may issue certificates of end entities (RFC 5280 §4.2.1.3 and §4.2.1.9). It ignores the path
// length, which counts intermediate certificates: none is accepted here.
func checkRoot(c *x509.Certificate) error {
	switch {
	case c.Version != 3 || !c.BasicConstraintsValid || !c.IsCA:
		return errors.New("root without the CA bit")
	case c.KeyUsage&x509.KeyUsageCertSign == 0:
		return errors.New("root without keyCertSign")
	}
	_, err := algorithmOf(c.PublicKey)
	return err
}

// algorithmOf returns the signature algorithm of a key of the service. It refuses keys other than RSA of 2048 bits or
// more and P-256.
func algorithmOf(key crypto.PublicKey) (x509.SignatureAlgorithm, error) {
	switch key := key.(type) {
	case *rsa.PublicKey:
		if bits := key.N.BitLen(); bits < 2048 {
			return 0, fmt.Errorf("RSA key of %d bits", bits)
		}
		return x509.SHA256WithRSA, nil
	case *ecdsa.PublicKey:
		if key.Curve == elliptic.P256() {
			return x509.ECDSAWithSHA256, nil
		}
	}
	return 0, errors.New("key neither RSA nor P-256")
}

// keyIdentifier returns the identifier by method 1 of RFC 5280 §4.2.1.2, the SHA-1 of the public key's bits. It needs
// no collision resistance.
func keyIdentifier(public crypto.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		return nil, err
	}
	var spki struct {
		Algorithm pkix.AlgorithmIdentifier
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(der, &spki); err != nil {
		return nil, err
	}
	sum := sha1.Sum(spki.Key.Bytes)
	return sum[:], nil
}

// newSerial draws a positive serial number of exactly 16 octets, 126 bits of them random (RFC 5280 §4.1.2.2 allows up
// to
// 20 octets).
func newSerial() (*big.Int, error) {
	var b [16]byte
	if _, err := rand.Read(b[:]); err != nil {
		return nil, err
	}
	b[0] = b[0]&0x3f | 0x40
	return new(big.Int).SetBytes(b[:]), nil
}
