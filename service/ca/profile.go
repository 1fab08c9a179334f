// SPDX-License-Identifier: EUPL-1.2

package ca

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"fmt"
	"net/url"
	"time"

	"rinnova.example/go/holder"
)

// PolicyCNS is the certificate policy of the CNS authentication certificate (AgID profile, chapter on
// certificatePolicies), in dotted form.
const PolicyCNS = "1.3.76.16.2.1"

// Paths under the public URL that certificates point to.
const (
	CRLPath       = "/crl/ca.crl"     // of the current root
	LegacyCRLPath = "/crl/legacy.crl" // of the legacy root of a trial
	OCSPPath      = "/ocsp"
	CPSPath       = "/cps"
)

var (
	oidPolicyCNS = asn1.ObjectIdentifier{1, 3, 76, 16, 2, 1}
	// 2.999 is the arc for examples (ITU-T X.660): it marks the certificates as trials.
	oidPolicyLegacy  = asn1.ObjectIdentifier{2, 999, 1, 1}
	oidPolicyCurrent = asn1.ObjectIdentifier{2, 999, 1, 2}

	oidCertificatePolicies = asn1.ObjectIdentifier{2, 5, 29, 32}
	oidQualifierCPS        = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 2, 1}
	oidQualifierUserNotice = asn1.ObjectIdentifier{1, 3, 6, 1, 5, 5, 7, 2, 2}
)

// cnsNotice is the explicitText of the AgID profile, with its original English.
const cnsNotice = "Identifies X.509 authentication certificates issued for the italian National Service Card (CNS) " +
	"project in according to the italian regulation"

type policyInformation struct {
	ID         asn1.ObjectIdentifier
	Qualifiers []policyQualifier
}

type policyQualifier struct {
	ID        asn1.ObjectIdentifier
	Qualifier any
}

type userNotice struct {
	ExplicitText string `asn1:"utf8"` // RFC 5280 §4.2.1.4: UTF8String, without noticeRef
}

// cnsPolicies is certificatePolicies with its qualifiers, for which x509.Certificate has no field.
func cnsPolicies(own asn1.ObjectIdentifier, cps string) (pkix.Extension, error) {
	value, err := asn1.Marshal([]policyInformation{
		{oidPolicyCNS, []policyQualifier{{oidQualifierUserNotice, userNotice{cnsNotice}}}},
		{own, []policyQualifier{{oidQualifierCPS, asn1.RawValue{Tag: asn1.TagIA5String, Bytes: []byte(cps)}}}},
	})
	return pkix.Extension{Id: oidCertificatePolicies, Value: value}, err
}

// cnsTemplate returns the CNS authentication profile without serial number, subject and validity: keyUsage critical
// digitalSignature, extKeyUsage clientAuth, policies, AIA with OCSP, CRL distribution point, both key identifiers, no
// basicConstraints. The URLs are plain HTTP, since a CRL behind TLS could not be checked (RFC 5280 §8).
func cnsTemplate(key *rsa.PublicKey, publicURL string, policy asn1.ObjectIdentifier, crlPath string) (*x509.Certificate,
	error) {
	u, err := url.Parse(publicURL)
	if err != nil || u.Scheme != "http" || u.Host == "" || u.User != nil || u.Path != "" || u.RawQuery != "" ||
		u.Fragment != "" {
		return nil, fmt.Errorf("public URL %q is not http://host", publicURL)
	}
	policies, err := cnsPolicies(policy, publicURL+CPSPath)
	if err != nil {
		return nil, err
	}
	ski, err := keyIdentifier(key)
	if err != nil {
		return nil, err
	}
	return &x509.Certificate{
		KeyUsage:              x509.KeyUsageDigitalSignature,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		SubjectKeyId:          ski,
		OCSPServer:            []string{publicURL + OCSPPath},
		CRLDistributionPoints: []string{publicURL + crlPath},
		ExtraExtensions:       []pkix.Extension{policies},
	}, nil
}

// OldRequest describes the certificate of an emulated card.
type OldRequest struct {
	Administration string // issuing administration, fictitious: OU
	GivenName      string // absent from the subject when "", as in certificates of 2011
	Surname        string // likewise
	CN             holder.CN
	PublicKey      *rsa.PublicKey          // 1024 bits or more
	Signature      x509.SignatureAlgorithm // SHA1WithRSA or SHA256WithRSA
	NotBefore      time.Time
	NotAfter       time.Time
	PublicURL      string // http://host[:port]
}

// IssueOld issues the original certificate of an emulated card, under a legacy root of a trial.
func (i *Issuer) IssueOld(r OldRequest) (*x509.Certificate, error) {
	if _, err := holder.ParseCN(r.CN.String()); err != nil {
		return nil, err
	}
	if bits := r.PublicKey.N.BitLen(); bits < 1024 {
		return nil, fmt.Errorf("RSA key of %d bits", bits)
	}
	if r.Signature != x509.SHA1WithRSA && r.Signature != x509.SHA256WithRSA {
		return nil, fmt.Errorf("signature algorithm %v", r.Signature)
	}
	if !r.NotAfter.After(r.NotBefore) {
		return nil, errors.New("certificate ends before it begins")
	}
	attributes := []attribute{{oidOrganization, "TS-CNS"}, {oidOrganizationalUnit, r.Administration}}
	if r.Surname != "" {
		attributes = append(attributes, attribute{oidSurname, r.Surname})
	}
	if r.GivenName != "" {
		attributes = append(attributes, attribute{oidGivenName, r.GivenName})
	}
	subject, err := encodeName(append(attributes, attribute{oidCommonName, r.CN.String()}))
	if err != nil {
		return nil, err
	}
	template, err := cnsTemplate(r.PublicKey, r.PublicURL, oidPolicyLegacy, LegacyCRLPath)
	if err != nil {
		return nil, err
	}
	if template.SerialNumber, err = newSerial(); err != nil {
		return nil, err
	}
	template.RawSubject = subject
	template.SignatureAlgorithm = r.Signature
	template.NotBefore, template.NotAfter = r.NotBefore, r.NotAfter
	der, err := x509.CreateCertificate(rand.Reader, template, i.certificate, r.PublicKey, i.key)
	if err != nil {
		return nil, fmt.Errorf("sign certificate: %w", err)
	}
	return x509.ParseCertificate(der)
}
