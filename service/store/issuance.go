// SPDX-License-Identifier: EUPL-1.2

package store

import (
	"cmp"
	"context"
	"crypto/x509"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// State is the state of a renewal.
type State string

// A renewal goes from Requested to Issued, Installed and Proven. Abandoned: another certificate of the same renewal was
// confirmed. Refused: the client rejected it.
const (
	Requested State = "requested"
	Issued    State = "issued"
	Installed State = "installed"
	Proven    State = "proven"
	Abandoned State = "abandoned"
	Refused   State = "refused"
)

// Confirmed reports whether a confirmation or a login has reached the service.
func (s State) Confirmed() bool { return s == Installed || s == Proven }

// Certificate is an intent to issue, and the certificate once it is signed.
type Certificate struct {
	Serial          Serial
	Old             Digest // the certificate it renews
	SPKI            Digest
	Campaign        string
	CampaignVersion int
	State           State
	Intent          []byte // DER of the certificate, signed with a throw-away key
	DER             []byte // nil until signed
	Digest          Digest // zero until signed
	NotBefore       time.Time
	NotAfter        time.Time
	RequestedAt     time.Time
	ChangedAt       time.Time
	Note            string // the client's text with a rejection
	Status          Status // "" until signed
	Kur             Kur
}

// Intent is the record made before the signature.
type Intent struct {
	Serial          Serial // never used before
	Old             Digest
	SPKI            Digest
	Campaign        string
	CampaignVersion int
	DER             []byte // the certificate, signed with a throw-away key
	NotBefore       time.Time
	NotAfter        time.Time
	Kur             Kur
}

// Progress is the progress of an old certificate's renewal in a campaign.
type Progress struct {
	Presented int  // keys presented so far
	Renewed   bool // one certificate was confirmed, or seen in a login
}

// Errors after which the caller decides again.
var (
	ErrChanged = errors.New("another request for the same certificate came first")
	ErrKeySeen = errors.New("key was presented or registered for another certificate")
	ErrRevoked = errors.New("certificate is revoked")
)

const certificateColumns = `c.serial, c.old_digest, c.spki, c.campaign, c.campaign_version, c.state, c.intent, c.der, c.digest,
	c.not_before, c.not_after, c.requested_at, c.changed_at, c.note, coalesce(r.status, ''),
	c.transaction_id, c.kur_digest, c.kur_nonce, c.kur_mods
	FROM certificates c LEFT JOIN registry r ON r.digest = c.digest`

func scanCertificate(row interface{ Scan(...any) error }) (Certificate, error) {
	var c Certificate
	var notBefore, notAfter, requested, changed int64
	if err := row.Scan(&c.Serial, &c.Old, &c.SPKI, &c.Campaign, &c.CampaignVersion, &c.State, &c.Intent, &c.DER,
		&c.Digest,
		&notBefore, &notAfter, &requested, &changed, &c.Note, &c.Status, &c.Kur.Transaction,
		&c.Kur.Digest, &c.Kur.Nonce, &c.Kur.Mods); err != nil {
		return Certificate{}, notFound(err)
	}
	c.NotBefore, c.NotAfter, c.RequestedAt, c.ChangedAt = timeOf(notBefore), timeOf(notAfter), timeOf(requested),
		timeOf(changed)
	return c, nil
}

// querier is a *sql.DB or a *sql.Tx.
type querier interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}

func queryCertificate(ctx context.Context, q querier, where string, args ...any) (Certificate, error) {
	return scanCertificate(q.QueryRowContext(ctx, `SELECT `+certificateColumns+` WHERE `+where, args...))
}

// ForKey returns the renewal for that old certificate and new key, or ErrNotFound.
func (s *Store) ForKey(ctx context.Context, old, spki Digest) (Certificate, error) {
	return queryCertificate(ctx, s.db, `c.old_digest = $1 AND c.spki = $2`, old, spki)
}

// WithDigest returns the certificate that the service issued with that digest, or ErrNotFound.
func (s *Store) WithDigest(ctx context.Context, digest Digest) (Certificate, error) {
	return queryCertificate(ctx, s.db, `c.digest = $1`, digest)
}

// RenewalsOf returns the renewals of an old certificate, the newest first.
func (s *Store) RenewalsOf(ctx context.Context, old Digest) ([]Certificate, error) {
	return s.certificates(ctx,
		`SELECT `+certificateColumns+` WHERE c.old_digest = $1 ORDER BY c.requested_at DESC, c.serial`, old)
}

// Certificates returns every intent and certificate, the oldest first.
func (s *Store) Certificates(ctx context.Context) ([]Certificate, error) {
	return s.certificates(ctx, `SELECT `+certificateColumns+` ORDER BY c.requested_at, c.serial`)
}

func (s *Store) certificates(ctx context.Context, query string, args ...any) ([]Certificate, error) {
	return queryAll(ctx, s, scanCertificate, query, args...)
}

// ProgressOf returns the progress of an old certificate's renewal in a campaign.
func (s *Store) ProgressOf(ctx context.Context, old Digest, campaign string) (Progress, error) {
	return progress(ctx, s.db, old, campaign)
}

func progress(ctx context.Context, q querier, old Digest, campaign string) (Progress, error) {
	var p Progress
	var confirmed int
	// The second count makes a certificate that this campaign issued, and every renewal of it, count as renewed by this
	// campaign. Otherwise one law could renew a card for ever.
	err := q.QueryRowContext(ctx, `WITH RECURSIVE line (digest) AS (
			SELECT digest FROM registry WHERE digest = $1
			UNION SELECT c.old_digest FROM certificates c JOIN line ON c.digest = line.digest)
		SELECT count(*), count(CASE WHEN state IN ('installed', 'proven') THEN 1 END)
			+ (SELECT count(*) FROM certificates c JOIN line ON c.digest = line.digest WHERE c.campaign = $2)
		FROM certificates WHERE old_digest = $1 AND campaign = $2`, old, campaign).Scan(&p.Presented, &confirmed)
	p.Renewed = confirmed > 0
	return p, err
}

// RecordIntent records an intent durably. It refuses with ErrChanged if the old certificate is no longer active or its
// progress is no longer the one of the decision, with ErrKeySeen a key that belongs to another certificate, and with
// ErrTransaction a transactionID that belongs to another kur.
func (s *Store) RecordIntent(ctx context.Context, in Intent, decided Progress, now time.Time) error {
	return s.inTransaction(ctx, func(tx *sql.Tx) error {
		if err := lockOld(ctx, tx, in.Old); err != nil {
			return err
		}
		var status Status
		if err := tx.QueryRowContext(ctx, `SELECT status FROM registry WHERE digest = $1`,
			in.Old).Scan(&status); err != nil {
			return err
		}
		found, err := progress(ctx, tx, in.Old, in.Campaign)
		if err != nil {
			return err
		}
		if status != Active || found != decided {
			return ErrChanged
		}
		owner, err := claimKey(ctx, tx, in.SPKI, in.Old, now)
		if err != nil {
			return err
		}
		if owner != in.Old {
			return ErrKeySeen
		}
		res, err := tx.ExecContext(ctx, `INSERT INTO certificates
			(serial, old_digest, spki, campaign, campaign_version, state, intent, not_before, not_after, requested_at, changed_at,
			transaction_id, kur_digest, kur_nonce, kur_mods)
			SELECT $1, $2, $3, $4, $5, 'requested', $6, $7, $8, $9, $9, $10, $11, $12, $13
			WHERE NOT EXISTS (SELECT 1 FROM pending WHERE transaction_id = $10 AND kur_digest <> $11) ON CONFLICT DO NOTHING`,
			in.Serial, in.Old, in.SPKI, in.Campaign, in.CampaignVersion, in.DER, millis(in.NotBefore),
			millis(in.NotAfter), millis(now), in.Kur.Transaction, in.Kur.Digest, in.Kur.Nonce, in.Kur.Mods)
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 1 {
			return err
		}
		if taken, err := isTaken(ctx, tx, in.Kur); err != nil || !taken {
			return cmp.Or(err, ErrChanged)
		}
		return ErrTransaction
	})
}

// lockOld serialises the transactions on one old certificate: PostgreSQL locks the row until the commit, and SQLite has
// one writer.
func lockOld(ctx context.Context, tx *sql.Tx, old Digest) error {
	res, err := tx.ExecContext(ctx, `UPDATE registry SET serial = serial WHERE digest = $1`, old)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 1 {
		return err
	}
	return ErrNotFound
}

// RecordCertificate records the signed certificate and returns the record of its intent, with this certificate or with
// the one that another replica recorded first, and the status of the old certificate. If the intent was abandoned
// meanwhile, or the old certificate revoked, the certificate enters the record as revoked: it exists, so the revocation
// list names it. It refuses a certificate without an intent.
func (s *Store) RecordCertificate(ctx context.Context, cert *x509.Certificate, now time.Time) (held Certificate,
	old Status, err error) {
	serial := SerialOf(cert.SerialNumber)
	err = s.inTransaction(ctx, func(tx *sql.Tx) error {
		// Of two replicas that sign the same intent, one records; and a revocation of the old certificate comes before
		// or after.
		var reason int
		err := notFound(tx.QueryRowContext(ctx, `UPDATE registry SET serial = serial
			WHERE digest = (SELECT old_digest FROM certificates WHERE serial = $1) RETURNING status, reason`, serial).
			Scan(&old, &reason))
		if errors.Is(err, ErrNotFound) {
			return fmt.Errorf("serial number %s was never intended: %w", serial, err)
		}
		if err != nil {
			return err
		}
		if held, err = queryCertificate(ctx, tx, `c.serial = $1`, serial); err != nil || held.DER != nil {
			return err
		}
		switch {
		case held.State != Requested:
			held.Status, reason = Revoked, ReasonSuperseded
		case old == Revoked:
			held.State, held.Status = Abandoned, Revoked
		default:
			held.State, held.Status = Issued, Active
		}
		if err := insertRegistration(ctx, tx, cert, now); err != nil {
			return err
		}
		held.DER, held.Digest, held.ChangedAt = cert.Raw, Sum(cert.Raw), now
		if held.Status == Revoked {
			if err := setStatus(ctx, tx, held.Digest, Revoked, reason, now); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx,
			`UPDATE certificates SET state = $1, der = $2, digest = $3, changed_at = $4 WHERE serial = $5`,
			held.State, held.DER, held.Digest, millis(now), serial)
		return err
	})
	return held, old, err
}

// Confirm marks the certificate as installed, unless it is proven, and only then abandons the unconfirmed others for
// the same old certificate in the same campaign and revokes them as superseded. ErrNotFound: there is no such
// certificate for that old one; ErrRevoked: it is revoked or suspended.
func (s *Store) Confirm(ctx context.Context, old, digest Digest, now time.Time) (Certificate, error) {
	return s.advance(ctx, old, digest, Installed, now)
}

// Prove marks the certificate as seen in a login. It counts as installed even without a confirmation. Errors are those
// of Confirm.
func (s *Store) Prove(ctx context.Context, digest Digest, now time.Time) (Certificate, error) {
	c, err := s.WithDigest(ctx, digest)
	if err != nil || c.State == Proven {
		return c, err
	}
	return s.advance(ctx, c.Old, digest, Proven, now)
}

func (s *Store) advance(ctx context.Context, old, digest Digest, state State, now time.Time) (Certificate, error) {
	var c Certificate
	err := s.inTransaction(ctx, func(tx *sql.Tx) error {
		if err := lockOld(ctx, tx, old); err != nil {
			return err
		}
		var err error
		if c, err = queryCertificate(ctx, tx, `c.old_digest = $1 AND c.digest = $2`, old, digest); err != nil {
			return err
		}
		switch {
		case c.Status != Active:
			return ErrRevoked
		case c.State == Proven, c.State == state:
			return nil
		}
		if _, err := tx.ExecContext(ctx, `UPDATE certificates SET state = $1, changed_at = $2 WHERE serial = $3`, state,
			millis(now), c.Serial); err != nil {
			return err
		}
		c.State, c.ChangedAt = state, now
		if err := supersede(ctx, tx, c, now); err != nil {
			return err
		}
		return leaveQueue(ctx, tx, old)
	})
	return c, err
}

// supersede abandons and revokes the unconfirmed others of a confirmed certificate's renewal.
func supersede(ctx context.Context, tx *sql.Tx, c Certificate, now time.Time) error {
	const siblings = `old_digest = $1 AND campaign = $2 AND serial <> $3 AND state IN ('requested', 'issued')`
	if _, err := tx.ExecContext(ctx, `UPDATE registry SET status = 'revoked', reason = $4, changed_at = $5
		WHERE status <> 'revoked' AND digest IN (SELECT digest FROM certificates WHERE `+siblings+`)`,
		c.Old, c.Campaign, c.Serial, ReasonSuperseded, millis(now)); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `UPDATE certificates SET state = 'abandoned', changed_at = $4 WHERE `+siblings,
		c.Old, c.Campaign, c.Serial, millis(now))
	return err
}

// Reject marks a certificate that the client rejected as refused, with the client's text, and revokes it. A confirmed
// certificate does not change: ErrChanged. ErrNotFound as for Confirm.
func (s *Store) Reject(ctx context.Context, old, digest Digest, note string, now time.Time) error {
	return s.inTransaction(ctx, func(tx *sql.Tx) error {
		if err := lockOld(ctx, tx, old); err != nil {
			return err
		}
		c, err := queryCertificate(ctx, tx, `c.old_digest = $1 AND c.digest = $2`, old, digest)
		if err != nil {
			return err
		}
		switch {
		case c.State == Refused, c.State == Abandoned:
			return nil
		case c.State.Confirmed():
			return ErrChanged
		}
		if _, err := tx.ExecContext(ctx,
			`UPDATE certificates SET state = 'refused', note = $1, changed_at = $2 WHERE serial = $3`, note, millis(now), c.Serial); err != nil {
			return err
		}
		return setStatus(ctx, tx, digest, Revoked, ReasonCessationOfOperation, now)
	})
}
