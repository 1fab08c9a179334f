// SPDX-License-Identifier: EUPL-1.2

package ca

import (
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"fmt"
	"net"
	"time"
)

// oidCMCRA is id-kp-cmcRA (RFC 6402 §2.10): the holder answers for the authority.
var oidCMCRA = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 3, 28}

// SignerRequest describes the certificate of the CMP signer.
type SignerRequest struct {
	Name      Name
	PublicKey crypto.PublicKey // P-256, or RSA of 2048 bits or more
	NotBefore time.Time
	NotAfter  time.Time
}

// SignerCertificate issues the certificate of the CMP signer (RFC 9483 §1.5 and §3.2: keyUsage digitalSignature and a
// subject key identifier for senderKID). Citizens' certificates have the same root and could sign an answer;
// extKeyUsage id-kp-cmcRA, which the program demands, tells the signer from them. Errors: ErrIssuerEnds, and those of
// an inadmissible name, key or validity.
func (i *Issuer) SignerCertificate(r SignerRequest) (*x509.Certificate, error) {
	return i.issueCredential(r.Name, r.PublicKey, &x509.Certificate{
		UnknownExtKeyUsage: []asn1.ObjectIdentifier{oidCMCRA},
		NotBefore:          r.NotBefore,
		NotAfter:           r.NotAfter,
	})
}

// ServerRequest describes the certificate of a TLS server.
type ServerRequest struct {
	Name      Name
	Host      string           // further host name or address, "" for none
	PublicKey crypto.PublicKey // P-256, or RSA of 2048 bits or more
	NotBefore time.Time
	NotAfter  time.Time
}

// ServerCertificate issues the TLS server's certificate for localhost, 127.0.0.1 and Host. The issuer should be a root
// with no other use. Errors are those of SignerCertificate.
func (i *Issuer) ServerCertificate(r ServerRequest) (*x509.Certificate, error) {
	template := &x509.Certificate{
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
		DNSNames:    []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore:   r.NotBefore,
		NotAfter:    r.NotAfter,
	}
	switch address := net.ParseIP(r.Host); {
	case r.Host == "" || r.Host == "localhost" || address.Equal(template.IPAddresses[0]):
	case address != nil:
		template.IPAddresses = append(template.IPAddresses, address)
	default:
		template.DNSNames = append(template.DNSNames, r.Host)
	}
	return i.issueCredential(r.Name, r.PublicKey, template)
}

func (i *Issuer) issueCredential(name Name, key crypto.PublicKey, template *x509.Certificate) (*x509.Certificate,
	error) {
	if _, err := algorithmOf(key); err != nil {
		return nil, err
	}
	if !template.NotAfter.After(template.NotBefore) {
		return nil, errors.New("certificate ends before it begins")
	}
	if template.NotAfter.After(i.certificate.NotAfter) {
		return nil, ErrIssuerEnds
	}
	var err error
	if template.RawSubject, err = name.encode(); err != nil {
		return nil, err
	}
	if template.SubjectKeyId, err = keyIdentifier(key); err != nil {
		return nil, err
	}
	if template.SerialNumber, err = newSerial(); err != nil {
		return nil, err
	}
	template.KeyUsage = x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, template, i.certificate, key, i.key)
	if err != nil {
		return nil, fmt.Errorf("sign certificate: %w", err)
	}
	return x509.ParseCertificate(der)
}
