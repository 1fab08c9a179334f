// SPDX-License-Identifier: EUPL-1.2

package ca

import (
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"time"
)

// CRL makes a complete revocation list, version 2 (RFC 5280 §5), signed with SHA-256 even by a root whose own signature
// is SHA-1. The caller keeps the number, which must grow with every list. It refuses a serial number that occurs twice
// and a reason that a complete list cannot have (§5.3.1: 7 is unused, 8 is for delta lists); reason 0 is omitted, as
// the same clause requires.
func (i *Issuer) CRL(number int64, now, nextUpdate time.Time, revoked []x509.RevocationListEntry) ([]byte,
	error) {
	if number <= 0 {
		return nil, fmt.Errorf("CRL number %d", number)
	}
	if !nextUpdate.After(now) {
		return nil, errors.New("CRL ends before it begins")
	}
	seen := make(map[string]bool, len(revoked))
	for _, entry := range revoked {
		if entry.SerialNumber == nil || entry.SerialNumber.Sign() == 0 { // some legacy issuers gave negative ones
			return nil, errors.New("CRL entry without a serial number")
		}
		if entry.ReasonCode < 0 || entry.ReasonCode > 10 || entry.ReasonCode == 7 || entry.ReasonCode == 8 {
			return nil, fmt.Errorf("CRL entry with reason %d", entry.ReasonCode)
		}
		serial := entry.SerialNumber.String()
		if seen[serial] {
			return nil, fmt.Errorf("CRL with serial number %x twice", entry.SerialNumber)
		}
		seen[serial] = true
	}
	algorithm, err := algorithmOf(i.certificate.PublicKey)
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		SignatureAlgorithm:        algorithm,
		Number:                    big.NewInt(number),
		ThisUpdate:                i.begin(now),
		NextUpdate:                nextUpdate,
		RevokedCertificateEntries: revoked,
	}, i.certificate, i.key)
	if err != nil {
		return nil, fmt.Errorf("sign CRL: %w", err)
	}
	return der, nil
}
