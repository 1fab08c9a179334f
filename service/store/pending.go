// SPDX-License-Identifier: EUPL-1.2

package store

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// Kur identifies a kur: any replica tells it from another, and answers the polls for it.
type Kur struct {
	Transaction []byte // transactionID; nil in records that are older than this field
	Digest      Digest // of campaign and message
	Nonce       []byte // senderNonce
	Mods        bool   // the template asked for more than the certificate has
}

// Pending is a kur whose answer was a waiting time.
type Pending struct {
	Kur
	Old      Digest
	Campaign string // label of the path, "" without one
	SPKI     []byte // DER of the new key
	Ticket   []byte // nil without one
}

// ErrTransaction is the error for a transactionID that belongs to another kur.
var ErrTransaction = errors.New("transactionID belongs to another request")

// keepPending records a kur that waits until expiry, again if it is there already, and deletes those that have expired.
func keepPending(ctx context.Context, tx *sql.Tx, p Pending, expiry, now time.Time) error {
	if _, err := tx.ExecContext(ctx, `DELETE FROM pending WHERE expires_at < $1`, millis(now)); err != nil {
		return err
	}
	res, err := tx.ExecContext(ctx, `INSERT INTO pending
		(transaction_id, old_digest, kur_digest, kur_nonce, kur_mods, campaign, spki, ticket, expires_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) ON CONFLICT (transaction_id)
		DO UPDATE SET expires_at = excluded.expires_at WHERE pending.kur_digest = excluded.kur_digest`,
		p.Transaction, p.Old, p.Digest, p.Nonce, p.Mods, p.Campaign, p.SPKI, p.Ticket, millis(expiry))
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return ErrTransaction
}

// PendingKur returns the kur of that transaction that waits, or ErrNotFound.
func (s *Store) PendingKur(ctx context.Context, transaction []byte, now time.Time) (Pending, error) {
	p := Pending{Kur: Kur{Transaction: transaction}}
	return p, notFound(s.db.QueryRowContext(ctx, `SELECT old_digest, kur_digest, kur_nonce, kur_mods, campaign, spki,
		ticket FROM pending WHERE transaction_id = $1 AND expires_at >= $2`, transaction, millis(now)).
		Scan(&p.Old, &p.Digest, &p.Nonce, &p.Mods, &p.Campaign, &p.SPKI, &p.Ticket))
}

// DropPending deletes a kur that waits, once it has its outcome.
func (s *Store) DropPending(ctx context.Context, transaction []byte) error {
	_, err := s.db.ExecContext(ctx, `DELETE FROM pending WHERE transaction_id = $1`, transaction)
	return err
}

// ForKur returns the renewal for the kur's old certificate and new key, or ErrNotFound. ErrTransaction: another kur of
// any certificate has its transactionID.
func (s *Store) ForKur(ctx context.Context, old, spki Digest, k Kur) (Certificate, error) {
	list, err := s.certificates(ctx, `SELECT `+certificateColumns+
		` WHERE c.old_digest = $1 AND c.spki = $2 OR c.transaction_id = $3`, old, spki, k.Transaction)
	if err != nil {
		return Certificate{}, err
	}
	var found Certificate
	err = ErrNotFound
	for _, c := range list {
		if string(c.Kur.Transaction) == string(k.Transaction) && c.Kur.Digest != k.Digest {
			return Certificate{}, ErrTransaction
		}
		if c.Old == old && c.SPKI == spki {
			found, err = c, nil
		}
	}
	return found, err
}

// ForTransaction returns the renewal whose kur had that transactionID, or ErrNotFound.
func (s *Store) ForTransaction(ctx context.Context, transaction []byte) (Certificate, error) {
	return queryCertificate(ctx, s.db, `c.transaction_id = $1`, transaction)
}

// isTaken reports whether another kur has the transactionID.
func isTaken(ctx context.Context, tx *sql.Tx, k Kur) (bool, error) {
	var n int
	err := tx.QueryRowContext(ctx, `SELECT
		(SELECT count(*) FROM certificates WHERE transaction_id = $1 AND kur_digest <> $2) +
		(SELECT count(*) FROM pending WHERE transaction_id = $1 AND kur_digest <> $2)`, k.Transaction, k.Digest).Scan(&n)
	return n > 0, err
}
