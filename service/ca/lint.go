// SPDX-License-Identifier: EUPL-1.2

package ca

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	zcrypto "github.com/zmap/zcrypto/x509"
	"github.com/zmap/zlint/v3"
	rules "github.com/zmap/zlint/v3/lint"
)

// ErrLint is the error for a certificate that does not conform to the profile or to RFC 5280.
var ErrLint = errors.New("lint")

// exempt are lints of the subject's form, each with the form that old certificates have. The subject is copied byte for
// byte, since a corrected one would be another name; lintProfile checks its grammar.
var exempt = map[string]string{
	"w_subject_dn_leading_whitespace":                 "blank before the administration's name",
	"w_subject_dn_trailing_whitespace":                "blank after it; a real sample ends its notice with one",
	"e_subject_dn_country_not_printable_string":       "country as UTF8String",
	"e_subject_printable_string_badalpha":             "name of an administration with & or _ as PrintableString",
	"e_subject_organization_name_max_length":          "company name over 64 characters",
	"e_subject_organizational_unit_name_max_length":   "administration's name over 64 characters",
	"w_subject_given_name_recommended_max_length":     "given names over 64 characters",
	"w_subject_surname_recommended_max_length":        "surnames over 64 characters",
	"e_subject_dn_serial_number_not_printable_string": "codice fiscale after TINIT- as UTF8String",
	"e_subject_dn_serial_number_max_length":           "serial number attribute over 64 characters",
	"e_subject_dn_not_printable_characters": "bytes of a BMPString; decodeName refuses control characters " +
		"of the text",
	"e_subject_locality_name_max_length": "place over 128 characters",
	"e_subject_state_name_max_length":    "province over 128 characters",
}

// registry holds the lints of RFC 5280, of RFC 3279 (encoding of RSA keys), and of the community. It omits the rules
// for public web, mail and browser authorities, for qualified certificates and for elliptic-curve keys, which do not
// apply to a CNS certificate; and Fermat's factorisation, which CheckKey tries for more rounds.
var registry = sync.OnceValues(func() (rules.Registry, error) {
	return rules.GlobalRegistry().Filter(rules.FilterOptions{
		IncludeSources: rules.SourceList{rules.RFC5280, rules.RFC3279, rules.Community},
		ExcludeNames:   []string{"e_rsa_fermat_factorization"},
	})
})

// lint judges a certificate before its signature: against the profile, field by field, and then with zlint. A warning
// counts as an error. The signature is not checked.
func lint(c, issuer *x509.Certificate) error {
	if err := lintProfile(c, issuer); err != nil {
		return fmt.Errorf("%w: %w", ErrLint, err)
	}
	applied, err := registry()
	if err != nil {
		return err
	}
	parsed, err := zcrypto.ParseCertificate(c.Raw)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrLint, err)
	}
	for name, result := range zlint.LintCertificateEx(parsed, applied).Results {
		if _, ok := exempt[name]; !ok && result.Status >= rules.Warn {
			return fmt.Errorf("%w: %s", ErrLint, name)
		}
	}
	return nil
}

// lintProfile refuses every deviation from the profile (docs/DOMAIN.md §2.1) as Prepare builds it.
func lintProfile(c, issuer *x509.Certificate) error {
	key, ok := c.PublicKey.(*rsa.PublicKey)
	if !ok {
		return errors.New("public key is not RSA")
	}
	ski, err := keyIdentifier(key)
	if err != nil {
		return err
	}
	algorithm, err := algorithmOf(issuer.PublicKey)
	if err != nil {
		return err
	}
	if len(c.CRLDistributionPoints) != 1 || !strings.HasSuffix(c.CRLDistributionPoints[0], CRLPath) {
		return errors.New("unexpected CRL distribution point")
	}
	publicURL := strings.TrimSuffix(c.CRLDistributionPoints[0], CRLPath)
	profile, err := cnsTemplate(key, publicURL, oidPolicyCurrent, CRLPath)
	if err != nil {
		return err
	}
	for _, field := range []struct {
		name  string
		holds bool
	}{
		{"serial number", c.SerialNumber.Sign() > 0 && c.SerialNumber.BitLen() == 127},
		{"signature algorithm", c.SignatureAlgorithm == algorithm},
		{"issuer", bytes.Equal(c.RawIssuer, issuer.RawSubject)},
		{"validity", c.NotBefore.Before(c.NotAfter) && !c.NotBefore.Before(issuer.NotBefore) &&
			!c.NotAfter.After(issuer.NotAfter)},
		{"key size", key.N.BitLen() >= 2048 && key.N.BitLen() <= 4096},
		{"keyUsage", c.KeyUsage == x509.KeyUsageDigitalSignature},
		{"extKeyUsage", slices.Equal(c.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}) &&
			len(c.UnknownExtKeyUsage) == 0},
		{"subject key identifier", bytes.Equal(c.SubjectKeyId, ski)},
		{"authority key identifier", bytes.Equal(c.AuthorityKeyId, issuer.SubjectKeyId)},
		{"authority information access", slices.Equal(c.OCSPServer, profile.OCSPServer) &&
			len(c.IssuingCertificateURL) == 0},
	} {
		if !field.holds {
			return fmt.Errorf("unexpected %s", field.name)
		}
	}
	criticality := map[string]bool{}
	for _, extension := range c.Extensions {
		criticality[extension.Id.String()] = extension.Critical
		if extension.Id.Equal(oidCertificatePolicies) &&
			!bytes.Equal(extension.Value, profile.ExtraExtensions[0].Value) {
			return errors.New("unexpected certificatePolicies")
		}
	}
	if !maps.Equal(criticality, profileExtensions) {
		return errors.New("unexpected set of extensions")
	}
	return readSubject(&Old{Certificate: c})
}

// profileExtensions are all extensions of the profile, and whether each is critical.
var profileExtensions = map[string]bool{
	"2.5.29.14":         false, // subjectKeyIdentifier
	"2.5.29.15":         true,  // keyUsage
	"2.5.29.31":         false, // cRLDistributionPoints
	"2.5.29.32":         false, // certificatePolicies
	"2.5.29.35":         false, // authorityKeyIdentifier
	"2.5.29.37":         false, // extKeyUsage
	"1.3.6.1.5.5.7.1.1": false, // authorityInfoAccess
}
