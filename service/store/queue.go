// SPDX-License-Identifier: EUPL-1.2

package store

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// How long a place counts. No certificate depends on these times.
const (
	// WaitingTimeout is how long a waiting position counts without a new question. The arrival is kept for ArrivalLife.
	WaitingTimeout = 75 * time.Second
	// AdmissionLapse is how long an admission counts without a new message. The next one is admitted, or waits, by the
	// arrival, and so before all that came later.
	AdmissionLapse = 90 * time.Second
	// AdmissionTimeout is how long an admission counts at most; then the arrival is forgotten too.
	AdmissionTimeout = 10 * time.Minute
	// ArrivalLife is how long an arrival is kept without a new question. Each question counts the arrivals that are
	// kept.
	ArrivalLife = 10 * time.Minute
)

// EnterQueue returns the old certificate's position in the waiting room of a campaign that admits capacity renewals at
// the same time, and records a new one if it has none. Position 0 is admitted; n > 0 is the n-th of those waiting.
// arrived is used for a new position; since is the arrival on record. A position whose question or message is overdue
// keeps its arrival and no longer counts. With a position that waits, the kur that asks for it, if not nil, is recorded
// for ArrivalLife; ErrTransaction: its transactionID belongs to another one.
func (s *Store) EnterQueue(ctx context.Context, old Digest, campaign string, capacity int, arrived, now time.Time,
	asks *Pending) (position int, since time.Time, err error) {
	err = s.inTransaction(ctx, func(tx *sql.Tx) error {
		// Serialises the arrivals at one campaign: otherwise two could take its last free position.
		if _, err := tx.ExecContext(ctx, `UPDATE campaigns SET created_at = created_at WHERE id = $1 AND version = 1`,
			campaign); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM arrivals WHERE campaign = $1 AND
			(seen_at < $2 OR admitted_at < $3)`, campaign, millis(now.Add(-ArrivalLife)),
			millis(now.Add(-AdmissionTimeout))); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE arrivals SET admitted_at = NULL WHERE campaign = $1 AND
			admitted_at IS NOT NULL AND seen_at < $2`, campaign, millis(now.Add(-AdmissionLapse))); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT INTO arrivals (old_digest, campaign, arrived_at, seen_at) VALUES ($1, $2, $3, $4)
			ON CONFLICT (old_digest, campaign) DO UPDATE SET seen_at = excluded.seen_at`, old, campaign, millis(arrived), millis(now)); err != nil {
			return err
		}
		var came int64
		var admitted sql.NullInt64
		if err := tx.QueryRowContext(ctx,
			`SELECT arrived_at, admitted_at FROM arrivals WHERE old_digest = $1 AND campaign = $2`, old, campaign).Scan(&came, &admitted); err != nil {
			return err
		}
		since = timeOf(came)
		if admitted.Valid {
			return nil
		}
		var underWay, before int
		if err := tx.QueryRowContext(ctx, `SELECT count(admitted_at), count(CASE WHEN admitted_at IS NULL
			AND seen_at >= $4 AND (arrived_at < $2 OR arrived_at = $2 AND old_digest < $3) THEN 1 END)
			FROM arrivals WHERE campaign = $1`,
			campaign, came, old, millis(now.Add(-WaitingTimeout))).Scan(&underWay, &before); err != nil {
			return err
		}
		if position = underWay + before + 1 - capacity; position > 0 {
			if asks != nil {
				return keepPending(ctx, tx, *asks, now.Add(ArrivalLife), now)
			}
			return nil
		}
		position = 0
		_, err := tx.ExecContext(ctx, `UPDATE arrivals SET admitted_at = $1 WHERE old_digest = $2 AND campaign = $3`,
			millis(now), old, campaign)
		return err
	})
	return position, since, err
}

// LookAtQueue returns the position that EnterQueue would return, and records nothing.
func (s *Store) LookAtQueue(ctx context.Context, old Digest, campaign string, capacity int, now time.Time) (int,
	error) {
	var underWay, before int
	var admitted bool
	err := s.db.QueryRowContext(ctx, `WITH own AS (SELECT arrived_at, CASE WHEN admitted_at >= $3 AND seen_at >= $4
			THEN 1 ELSE 0 END AS admitted FROM arrivals WHERE campaign = $1 AND old_digest = $2)
		SELECT count(CASE WHEN admitted_at >= $3 AND seen_at >= $4 THEN 1 END),
			count(CASE WHEN admitted_at IS NULL AND seen_at >= $5 AND (arrived_at < came
				OR arrived_at = came AND old_digest < $2) THEN 1 END),
			coalesce((SELECT admitted FROM own), 0) = 1
		FROM arrivals, (SELECT coalesce((SELECT arrived_at FROM own), $6) AS came) AS turn WHERE campaign = $1`, campaign, old, millis(now.Add(-AdmissionTimeout)),
		millis(now.Add(-AdmissionLapse)), millis(now.Add(-WaitingTimeout)), millis(now)).Scan(&underWay, &before,
		&admitted)
	if admitted {
		return 0, err
	}
	return max(0, underWay+before+1-capacity), err
}

// Admitted returns when an old certificate was admitted to a campaign; ErrNotFound: it is not.
func (s *Store) Admitted(ctx context.Context, old Digest, campaign string) (time.Time, error) {
	var at sql.NullInt64
	err := s.db.QueryRowContext(ctx, `SELECT admitted_at FROM arrivals WHERE old_digest = $1 AND campaign = $2`, old,
		campaign).Scan(&at)
	if errors.Is(err, sql.ErrNoRows) || err == nil && !at.Valid {
		return time.Time{}, ErrNotFound
	}
	return timeOf(at.Int64), err
}

// leaveQueue deletes the positions of an old certificate.
func leaveQueue(ctx context.Context, tx *sql.Tx, old Digest) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM arrivals WHERE old_digest = $1`, old)
	return err
}
