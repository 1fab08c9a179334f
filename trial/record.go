// SPDX-License-Identifier: EUPL-1.2

package trial

import (
	"context"
	"crypto/x509"

	"rinnova.example/go/service/store"
)

// State is how far an issued certificate came, by the service's record.
type State = store.State

// States of certificates that may be valid.
const (
	Issued    = store.Issued
	Installed = store.Installed
	Proven    = store.Proven
)

// Renewals lists what the service has on record for an old certificate.
func (s *Service) Renewals(ctx context.Context, old *x509.Certificate) ([]store.Certificate, error) {
	return s.Store.RenewalsOf(ctx, store.Sum(old.Raw))
}

// Valid counts the valid certificates that were issued for an old one, by state.
func (s *Service) Valid(ctx context.Context, old *x509.Certificate) (map[State]int, error) {
	list, err := s.Renewals(ctx, old)
	if err != nil {
		return nil, err
	}
	n := map[State]int{}
	for _, c := range list {
		if c.Status == store.Active && (c.State == Issued || c.State == Installed || c.State == Proven) {
			n[c.State]++
		}
	}
	return n, nil
}

// Revoke revokes a certificate that the service knows, with a reason of RFC 5280 §5.3.1.
func (s *Service) Revoke(ctx context.Context, der []byte, reason int) error {
	return s.Store.SetStatus(ctx, store.Sum(der), store.Revoked, reason, s.Clock())
}
