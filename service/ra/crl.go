// SPDX-License-Identifier: EUPL-1.2

package ra

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"time"

	"rinnova.example/go/service/ca"
	"rinnova.example/go/service/store"
)

// A new revocation list is made when the latest is older than crlAge or the registry has changed. A list is valid for
// crlLife.
const (
	crlAge  = time.Hour
	crlLife = 24 * time.Hour
)

// CRL returns the revocation list (RFC 5280 §5) of one of the service's issuers in DER: the latest on record, or a new
// one with the next number. It lists a suspended certificate with reason certificateHold.
func (a *Authority) CRL(ctx context.Context, issuer *ca.Issuer) ([]byte, error) {
	name := issuer.Certificate().RawSubject
	for range maxRounds {
		now := a.Clock()
		covers, err := a.Store.RevocationState(ctx, name)
		if err != nil {
			return nil, err
		}
		latest, err := a.Store.LatestCRL(ctx, name)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
		if err == nil && latest.RevocationState == covers && !now.Before(latest.MadeAt) &&
			now.Before(latest.MadeAt.Add(crlAge)) {
			return latest.DER, nil
		}
		unusable, err := a.Store.Unusable(ctx, name, now)
		if err != nil {
			return nil, err
		}
		var entries []x509.RevocationListEntry
		for _, r := range unusable {
			entries = append(entries, x509.RevocationListEntry{
				SerialNumber: r.Serial.Int(), RevocationTime: r.ChangedAt, ReasonCode: r.Reason,
			})
		}
		next := store.CRL{Number: latest.Number + 1, RevocationState: covers, MadeAt: now}
		if next.DER, err = issuer.CRL(next.Number, now, now.Add(crlLife), entries); err != nil {
			return nil, err
		}
		if err := a.Store.AddCRL(ctx, name, next); !errors.Is(err, store.ErrChanged) {
			return next.DER, err
		}
	}
	return nil, fmt.Errorf("revocation list: %w", store.ErrChanged)
}
