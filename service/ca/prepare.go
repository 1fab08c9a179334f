// SPDX-License-Identifier: EUPL-1.2

package ca

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"sync/atomic"
	"time"

	"rinnova.example/go/holder"
)

// backdate is subtracted from the time of signing to get the start of validity, because some clocks are slow. Nothing
// is valid before the issuer's own certificate.
const backdate = time.Hour

// begin returns the start of validity for a signature made now.
func (i *Issuer) begin(now time.Time) time.Time {
	if early := now.Add(-backdate); early.After(i.certificate.NotBefore) {
		return early
	}
	return i.certificate.NotBefore
}

// Request describes a renewed certificate. No other value gets into the certificate.
type Request struct {
	Old       *x509.Certificate // accepted by VerifyOld; its subject is copied byte for byte
	PublicKey *rsa.PublicKey    // CheckKey checks it again
	Now       time.Time
	NotAfter  time.Time // the campaign's decision
	PublicURL string    // http://host[:port]
}

// Prepared is a certificate that has been linted and not been signed. The caller records its intent before Sign.
type Prepared struct {
	issuer *Issuer
	intent *x509.Certificate
	signed atomic.Bool
}

var (
	// ErrSigned is the error of a second Sign. A caller that has lost the certificate resumes the recorded intent.
	ErrSigned = errors.New("already signed")
	// ErrIssuerEnds is the error for a certificate that would outlive its root.
	ErrIssuerEnds = errors.New("issuing root ends before the certificate")
)

// Prepare builds the renewed certificate from the profile, draws its serial number, signs a copy with a throw-away key
// and lints that copy. Errors: a [Reason] of CheckKey, [ErrIssuerEnds], [ErrLint], and an error for a NotAfter in the
// past.
func (i *Issuer) Prepare(r Request) (*Prepared, error) {
	if err := CheckKey(r.PublicKey, r.Old); err != nil {
		return nil, err
	}
	notBefore := i.begin(r.Now)
	switch {
	case r.Now.Before(i.certificate.NotBefore):
		return nil, errors.New("issuing root not yet valid")
	case !r.NotAfter.After(r.Now):
		return nil, errors.New("certificate would end before it is issued")
	case r.NotAfter.After(i.certificate.NotAfter):
		return nil, ErrIssuerEnds
	}
	template, err := cnsTemplate(r.PublicKey, r.PublicURL, oidPolicyCurrent, CRLPath)
	if err != nil {
		return nil, err
	}
	if template.SerialNumber, err = newSerial(); err != nil {
		return nil, err
	}
	template.RawSubject = r.Old.RawSubject
	template.NotBefore, template.NotAfter = notBefore, r.NotAfter
	intent, err := i.signThrowaway(template, r.PublicKey)
	if err != nil {
		return nil, err
	}
	return i.Resume(intent)
}

// signThrowaway signs the certificate with the throw-away key.
func (i *Issuer) signThrowaway(template *x509.Certificate, key *rsa.PublicKey) ([]byte, error) {
	aside, err := i.throwaway()
	if err != nil {
		return nil, err
	}
	parent := *i.certificate
	parent.PublicKey = nil // otherwise CreateCertificate compares it with the signing key
	return x509.CreateCertificate(rand.Reader, template, &parent, key, aside)
}

// Resume continues a recorded intent, after a crash before or after its signature. The signed certificate has the
// intent's TBSCertificate, with the same serial number, so at most one certificate exists for an intent. It lints
// again.
func (i *Issuer) Resume(intent []byte) (*Prepared, error) {
	certificate, err := holder.ParseCertificate(intent)
	if err != nil {
		return nil, fmt.Errorf("intent: %w", err)
	}
	if err := lint(certificate, i.certificate); err != nil {
		return nil, err
	}
	return &Prepared{issuer: i, intent: certificate}, nil
}

// Serial returns the serial number of the certificate to be signed.
func (p *Prepared) Serial() *big.Int { return p.intent.SerialNumber }

// NotBefore returns the beginning of the certificate to be signed.
func (p *Prepared) NotBefore() time.Time { return p.intent.NotBefore }

// Intent returns the DER of the linted copy: the whole certificate, signed with the throw-away key.
func (p *Prepared) Intent() []byte { return p.intent.Raw }

// Sign signs the certificate, once. It verifies the signature, since the key may be in a faulty device, and refuses a
// certificate whose TBSCertificate differs from the intent's in any byte. Errors: [ErrSigned].
func (p *Prepared) Sign() (*x509.Certificate, error) {
	if p.signed.Swap(true) {
		return nil, ErrSigned
	}
	issuer := p.issuer
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber:    p.intent.SerialNumber,
		RawSubject:      p.intent.RawSubject,
		NotBefore:       p.intent.NotBefore,
		NotAfter:        p.intent.NotAfter,
		ExtraExtensions: p.intent.Extensions,
	}, issuer.certificate, p.intent.PublicKey, issuer.key)
	if err != nil {
		return nil, fmt.Errorf("sign certificate: %w", err)
	}
	certificate, err := holder.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	if err := issuer.certificate.CheckSignature(certificate.SignatureAlgorithm, certificate.RawTBSCertificate,
		certificate.Signature); err != nil {
		return nil, fmt.Errorf("own signature: %w", err)
	}
	if !bytes.Equal(certificate.RawTBSCertificate, p.intent.RawTBSCertificate) {
		return nil, errors.New("signed certificate differs from the intent")
	}
	return certificate, nil
}
