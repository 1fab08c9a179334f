// SPDX-License-Identifier: EUPL-1.2

package ca

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"time"

	"rinnova.example/go/holder"
)

// Verifier judges certificates that a card presents for renewal or at the trial login. It accepts one root and one end
// entity without intermediates. It is the only code that accepts SHA-1 and RSA of 1024 bits, in certificates of a
// legacy root: crypto/x509 refuses SHA-1 signatures with any setting.
type Verifier struct {
	legacy  []*x509.Certificate
	current []*x509.Certificate
}

// NewVerifier returns a verifier for certificates of legacy roots and of the current root, whose certificates are
// renewed later. It refuses a certificate that is no root, and one that is in both lists.
func NewVerifier(legacy, current []*x509.Certificate) (*Verifier, error) {
	for _, root := range append(append([]*x509.Certificate{}, legacy...), current...) {
		if err := checkRoot(root); err != nil {
			return nil, fmt.Errorf("anchor %q: %w", root.Subject.CommonName, err)
		}
	}
	for _, a := range legacy {
		for _, b := range current {
			if a.Equal(b) {
				return nil, fmt.Errorf("anchor %q is both legacy and current", a.Subject.CommonName)
			}
		}
	}
	return &Verifier{legacy: legacy, current: current}, nil
}

// Old is a verified certificate, with the card and the person in its subject.
type Old struct {
	Certificate    *x509.Certificate
	Issuer         *x509.Certificate
	Legacy         bool // issued by a legacy root
	CN             holder.CN
	Administration string // OU
	GivenName      string // "" when the subject has none
	Surname        string // "" when the subject has none
}

// VerifyOld checks a card's certificate: the issuer's name and signature, the key, keyUsage (digitalSignature without
// nonRepudiation), extKeyUsage clientAuth, the policy 1.3.76.16.2.1, critical extensions, the grammar of the subject
// (one common name with codice fiscale and number of a health card, an administration) and notBefore. It ignores
// expiry, of the root too, and revocation, which the campaign and the registry judge. An error wraps a [Reason] and has
// no personal data.
func (v *Verifier) VerifyOld(certificate *x509.Certificate, now time.Time) (*Old, error) {
	old := &Old{Certificate: certificate}
	if err := v.findIssuer(old); err != nil {
		return nil, err
	}
	if err := checkOldProfile(old); err != nil {
		return nil, err
	}
	if err := readSubject(old); err != nil {
		return nil, err
	}
	if now.Before(certificate.NotBefore) {
		return nil, NotYetValid
	}
	return old, nil
}

// findIssuer tries every root with the issuer's name, since two may have the same. The signature decides, not the
// authority key identifier.
func (v *Verifier) findIssuer(old *Old) error {
	certificate := old.Certificate
	var refusal error = UntrustedIssuer
	for _, root := range v.legacy {
		if bytes.Equal(root.RawSubject, certificate.RawIssuer) {
			switch err := checkLegacySignature(root, certificate); {
			case err == nil:
				old.Issuer, old.Legacy = root, true
				return nil
			case errors.Is(err, WeakSignature):
				refusal = err
			}
		}
	}
	for _, root := range v.current {
		if bytes.Equal(root.RawSubject, certificate.RawIssuer) {
			if a := certificate.SignatureAlgorithm; a != x509.SHA256WithRSA && a != x509.ECDSAWithSHA256 {
				refusal = fmt.Errorf("%w: %v", WeakSignature, a)
			} else if root.CheckSignature(a, certificate.RawTBSCertificate, certificate.Signature) == nil {
				old.Issuer = root
				return nil
			}
		}
	}
	return refusal
}

func checkLegacySignature(root, certificate *x509.Certificate) error {
	key, ok := root.PublicKey.(*rsa.PublicKey)
	if !ok {
		return UntrustedIssuer
	}
	var hash crypto.Hash
	var digest []byte
	switch certificate.SignatureAlgorithm {
	case x509.SHA1WithRSA:
		sum := sha1.Sum(certificate.RawTBSCertificate)
		hash, digest = crypto.SHA1, sum[:]
	case x509.SHA256WithRSA:
		sum := sha256.Sum256(certificate.RawTBSCertificate)
		hash, digest = crypto.SHA256, sum[:]
	default:
		return fmt.Errorf("%w: %v", WeakSignature, certificate.SignatureAlgorithm)
	}
	if err := rsa.VerifyPKCS1v15(key, hash, digest, certificate.Signature); err != nil {
		return fmt.Errorf("%w: %w", UntrustedIssuer, err)
	}
	return nil
}

// CheckOldForm makes the checks of VerifyOld that need no signature: a root has the issuer's name, and the key can be a
// card's. Errors are UntrustedIssuer and WrongKey.
func (v *Verifier) CheckOldForm(certificate *x509.Certificate) error {
	named := func(root *x509.Certificate) bool { return bytes.Equal(root.RawSubject, certificate.RawIssuer) }
	if !slices.ContainsFunc(v.legacy, named) && !slices.ContainsFunc(v.current, named) {
		return UntrustedIssuer
	}
	return checkOldKey(certificate, 1024)
}

func checkOldKey(c *x509.Certificate, least int) error {
	key, ok := c.PublicKey.(*rsa.PublicKey)
	if !ok {
		return fmt.Errorf("%w: %v", WrongKey, c.PublicKeyAlgorithm)
	}
	if bits := key.N.BitLen(); bits < least || bits > 4096 {
		return fmt.Errorf("%w: RSA of %d bits", WrongKey, bits)
	}
	return nil
}

// checkOldProfile also accepts the variations in docs/DOMAIN.md §2.1: further usages and policies, basicConstraints
// with CA false, a missing CRL distribution point.
func checkOldProfile(old *Old) error {
	c := old.Certificate
	least := 2048
	if old.Legacy {
		least = 1024
	}
	if err := checkOldKey(c, least); err != nil {
		return err
	}
	const forbidden = x509.KeyUsageContentCommitment | x509.KeyUsageCertSign | x509.KeyUsageCRLSign
	switch {
	case c.IsCA:
		return fmt.Errorf("%w: CA", WrongUsage)
	case c.KeyUsage&x509.KeyUsageDigitalSignature == 0:
		return fmt.Errorf("%w: no digitalSignature", WrongUsage)
	case c.KeyUsage&forbidden != 0:
		return fmt.Errorf("%w: nonRepudiation, keyCertSign or cRLSign", WrongUsage)
	}
	clientAuth := false
	for _, usage := range c.ExtKeyUsage {
		clientAuth = clientAuth || usage == x509.ExtKeyUsageClientAuth
	}
	if !clientAuth {
		return fmt.Errorf("%w: no clientAuth", WrongUsage)
	}
	cns := false
	for _, policy := range c.Policies {
		cns = cns || policy.EqualASN1OID(oidPolicyCNS)
	}
	if !cns {
		return WrongPolicy
	}
	if len(c.UnhandledCriticalExtensions) > 0 {
		return fmt.Errorf("%w: %v", UnknownExtension, c.UnhandledCriticalExtensions[0])
	}
	return nil
}

func readSubject(old *Old) error {
	attributes, err := decodeName(old.Certificate.RawSubject)
	if err != nil {
		return fmt.Errorf("%w: %w", MalformedSubject, err)
	}
	var commonNames int
	for _, a := range attributes {
		switch {
		case a.oid.Equal(oidCommonName):
			commonNames++
			if old.CN, err = holder.ParseCN(a.value); err != nil {
				return fmt.Errorf("%w: %w", MalformedSubject, err)
			}
		case a.oid.Equal(oidOrganizationalUnit):
			old.Administration = a.value
		case a.oid.Equal(oidGivenName):
			old.GivenName = a.value
		case a.oid.Equal(oidSurname):
			old.Surname = a.value
		}
	}
	if commonNames != 1 {
		return fmt.Errorf("%w: %d common names", MalformedSubject, commonNames)
	}
	if old.Administration == "" {
		return fmt.Errorf("%w: no administration", MalformedSubject)
	}
	if !old.CN.Card.Health() {
		return NotHealthCard
	}
	return nil
}
