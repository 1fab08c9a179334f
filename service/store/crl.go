// SPDX-License-Identifier: EUPL-1.2

package store

import (
	"context"
	"fmt"
	"time"
)

// CRL is a published revocation list.
type CRL struct {
	Number          int64
	RevocationState string // of the registry when the list was made
	MadeAt          time.Time
	DER             []byte
}

// LatestCRL returns an issuer's newest revocation list, or ErrNotFound.
func (s *Store) LatestCRL(ctx context.Context, issuer []byte) (CRL, error) {
	var c CRL
	var made int64
	err := s.db.QueryRowContext(ctx,
		`SELECT number, covers, made_at, der FROM crls WHERE issuer = $1 ORDER BY number DESC LIMIT 1`, issuer).
		Scan(&c.Number, &c.RevocationState, &made, &c.DER)
	c.MadeAt = timeOf(made)
	return c, notFound(err)
}

// AddCRL records an issuer's revocation list. ErrChanged: another replica has used the number.
func (s *Store) AddCRL(ctx context.Context, issuer []byte, c CRL) error {
	res, err := s.db.ExecContext(ctx,
		`INSERT INTO crls (issuer, number, covers, made_at, der) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING`,
		issuer, c.Number, c.RevocationState, millis(c.MadeAt), c.DER)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return ErrChanged
}

// RevocationState returns a text that changes whenever a certificate of the issuer is revoked, suspended or reinstated.
func (s *Store) RevocationState(ctx context.Context, issuer []byte) (string, error) {
	var count, latest int64
	err := s.db.QueryRowContext(ctx, `SELECT count(*), coalesce(max(changed_at), 0) FROM registry
		WHERE issuer = $1 AND status IN ('revoked', 'suspended')`, issuer).Scan(&count, &latest)
	return fmt.Sprintf("%d of %d", count, latest), err
}
