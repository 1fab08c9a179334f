// SPDX-License-Identifier: EUPL-1.2

package store

import (
	"context"
	"database/sql"
	"time"
)

// WaitingTimeout is how long a waiting position lasts without a new question. AdmissionTimeout is how long an admitted
// renewal counts as under way without a confirmation. No certificate depends on them.
const (
	WaitingTimeout   = 5 * time.Minute
	AdmissionTimeout = 10 * time.Minute
)

// EnterQueue returns the old certificate's position in the waiting room of a campaign that admits capacity renewals at
// the same time, and records a new one if it has none. Position 0 is admitted; n > 0 is the n-th of those waiting.
// arrived is used for a new position; since is the arrival on record. With a position that waits, the kur that asks for
// it, if not nil, is recorded until the position lapses; ErrTransaction: its transactionID belongs to another one.
func (s *Store) EnterQueue(ctx context.Context, old Digest, campaign string, capacity int, arrived, now time.Time,
	asks *Pending) (position int, since time.Time, err error) {
	err = s.inTransaction(ctx, func(tx *sql.Tx) error {
		// Serialises the arrivals at one campaign: otherwise two could take its last free position.
		if _, err := tx.ExecContext(ctx, `UPDATE campaigns SET created_at = created_at WHERE id = $1 AND version = 1`,
			campaign); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM arrivals WHERE campaign = $1 AND
			(admitted_at IS NULL AND seen_at < $2 OR admitted_at < $3)`, campaign, millis(now.Add(-WaitingTimeout)), millis(now.Add(-AdmissionTimeout))); err != nil {
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
			AND (arrived_at < $2 OR arrived_at = $2 AND old_digest < $3) THEN 1 END) FROM arrivals WHERE campaign = $1`,
			campaign, came, old).Scan(&underWay, &before); err != nil {
			return err
		}
		if position = underWay + before + 1 - capacity; position > 0 {
			if asks != nil {
				return keepPending(ctx, tx, *asks, now.Add(WaitingTimeout), now)
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

// leaveQueue deletes the positions of an old certificate.
func leaveQueue(ctx context.Context, tx *sql.Tx, old Digest) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM arrivals WHERE old_digest = $1`, old)
	return err
}
