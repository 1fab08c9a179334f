// SPDX-License-Identifier: EUPL-1.2

package store

import (
	"context"
	"crypto/x509"
	"database/sql"
	"errors"
	"time"

	"rinnova.example/go/failure"
)

// Status is a certificate's status with its issuer.
type Status string

// The three values of Status. A suspended certificate can be reinstated, a revoked one cannot.
const (
	Active    Status = "active"
	Suspended Status = "suspended"
	Revoked   Status = "revoked"
)

// Reasons for a revocation (RFC 5280 §5.3.1).
const (
	ReasonUnspecified          = 0
	ReasonSuperseded           = 4
	ReasonCessationOfOperation = 5
	ReasonCertificateHold      = 6
)

// Registration is a certificate in the registry. It holds no personal data.
type Registration struct {
	Digest    Digest
	Issuer    []byte // DER of the issuer's name
	Serial    Serial
	SPKI      Digest
	NotBefore time.Time
	NotAfter  time.Time
	Status    Status
	Reason    int          // CRLReason, when revoked or suspended
	ChangedAt time.Time    // time of the last change of Status
	Verdict   failure.Code // why it can never be renewed; "" where nothing speaks against it or it was not judged
}

// ErrRegistered is the error for a certificate whose issuer and serial number, or whose key, belong to another one.
var ErrRegistered = errors.New("issuer and serial number, or key, are registered for another certificate")

// Register adds an old certificate to the registry, as active, with the verdict of the service on it. Of a certificate
// that is there already only the verdict changes. Errors: ErrRegistered.
func (s *Store) Register(ctx context.Context, cert *x509.Certificate, verdict failure.Code, now time.Time) error {
	return s.inTransaction(ctx, func(tx *sql.Tx) error {
		digest, spki := Sum(cert.Raw), Sum(cert.RawSubjectPublicKeyInfo)
		if err := insertRegistration(ctx, tx, cert, now); err != nil {
			return err
		}
		var known Digest
		err := tx.QueryRowContext(ctx, `SELECT digest FROM registry WHERE issuer = $1 AND serial = $2`, cert.RawIssuer,
			SerialOf(cert.SerialNumber)).Scan(&known)
		if err != nil {
			return err
		}
		owner, err := claimKey(ctx, tx, spki, digest, now)
		if err != nil {
			return err
		}
		if known != digest || owner != digest {
			return ErrRegistered
		}
		_, err = tx.ExecContext(ctx, `UPDATE registry SET verdict = $1 WHERE digest = $2`, verdict, digest)
		return err
	})
}

func insertRegistration(ctx context.Context, tx *sql.Tx, cert *x509.Certificate, now time.Time) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO registry (digest, issuer, serial, spki, not_before, not_after, status, changed_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
		Sum(cert.Raw), cert.RawIssuer, SerialOf(cert.SerialNumber), Sum(cert.RawSubjectPublicKeyInfo),
		millis(cert.NotBefore), millis(cert.NotAfter), Active, millis(now))
	return err
}

// claimKey records owner as the key's owner if it has none, and returns the owner.
func claimKey(ctx context.Context, tx *sql.Tx, spki, owner Digest, now time.Time) (Digest, error) {
	_, err := tx.ExecContext(ctx, `INSERT INTO keys (spki, owner, seen_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
		spki, owner, millis(now))
	if err != nil {
		return Digest{}, err
	}
	var holder Digest
	return holder, tx.QueryRowContext(ctx, `SELECT owner FROM keys WHERE spki = $1`, spki).Scan(&holder)
}

const registrationColumns = `digest, issuer, serial, spki, not_before, not_after, status, reason, changed_at, verdict`

func scanRegistration(row interface{ Scan(...any) error }) (Registration, error) {
	var r Registration
	var notBefore, notAfter, changed int64
	if err := row.Scan(&r.Digest, &r.Issuer, &r.Serial, &r.SPKI, &notBefore, &notAfter, &r.Status, &r.Reason,
		&changed, &r.Verdict); err != nil {
		return Registration{}, notFound(err)
	}
	r.NotBefore, r.NotAfter, r.ChangedAt = timeOf(notBefore), timeOf(notAfter), timeOf(changed)
	return r, nil
}

// Registered returns the registration of the certificate with that digest, or ErrNotFound.
func (s *Store) Registered(ctx context.Context, digest Digest) (Registration, error) {
	return scanRegistration(s.db.QueryRowContext(ctx, `SELECT `+registrationColumns+` FROM registry WHERE digest = $1`,
		digest))
}

// WithSerial returns the registrations with that serial number, of any issuer.
func (s *Store) WithSerial(ctx context.Context, serial Serial) ([]Registration, error) {
	return s.registrations(ctx, `SELECT `+registrationColumns+` FROM registry WHERE serial = $1 ORDER BY digest`,
		serial)
}

// SetStatus sets the status of a registered certificate and its reason (RFC 5280 §5.3.1). A revoked certificate does
// not change, without an error. Errors: ErrNotFound.
func (s *Store) SetStatus(ctx context.Context, digest Digest, status Status, reason int, now time.Time) error {
	return s.inTransaction(ctx, func(tx *sql.Tx) error { return setStatus(ctx, tx, digest, status, reason, now) })
}

func setStatus(ctx context.Context, tx *sql.Tx, digest Digest, status Status, reason int, now time.Time) error {
	_, err := tx.ExecContext(ctx, `UPDATE registry SET status = $1, reason = $2, changed_at = $3
		WHERE digest = $4 AND status <> 'revoked' AND status <> $1`, status, reason, millis(now), digest)
	if err != nil {
		return err
	}
	var n int
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM registry WHERE digest = $1`, digest).Scan(&n); err != nil {
		return err
	}
	if n == 0 {
		return ErrNotFound
	}
	return nil
}

// Unusable returns the content of an issuer's revocation list (RFC 5280 §5.1.2.6): its revoked and suspended
// certificates that had not expired at since. issuer is the DER of its name.
func (s *Store) Unusable(ctx context.Context, issuer []byte, since time.Time) ([]Registration, error) {
	return s.registrations(ctx, `SELECT `+registrationColumns+` FROM registry
		WHERE issuer = $1 AND status IN ('revoked', 'suspended') AND not_after >= $2 ORDER BY changed_at, digest`, issuer, millis(since))
}

func (s *Store) registrations(ctx context.Context, query string, args ...any) ([]Registration, error) {
	return queryAll(ctx, s, scanRegistration, query, args...)
}
