// SPDX-License-Identifier: EUPL-1.2

package store_test

import (
	"context"
	"crypto/x509"
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"github.com/pressly/goose/v3"

	"rinnova.example/go/service/store"
	"rinnova.example/go/service/store/storetest"
)

// TestMigration opens databases of the schema before transactions were on record, with certificates in them: nothing
// is lost, what was begun is finished, and what is new is recorded.
func TestMigration(t *testing.T) {
	for engine, c := range map[string]struct {
		driver  string
		dialect goose.Dialect
		dsn     string
	}{
		"sqlite":     {"sqlite", goose.DialectSQLite3, filepath.Join(t.TempDir(), "rinnovad.db")},
		"postgresql": {"pgx", goose.DialectPostgres, storetest.PostgreSQL(t).Database(t)},
	} {
		t.Run(engine, func(t *testing.T) {
			ctx := t.Context()
			old, issued, begun := newCertificate(t, "old", 1), newCertificate(t, "new", 2), newCertificate(t, "new", 3)
			db, err := sql.Open(c.driver, c.dsn)
			check(t, err)
			fillEarlier(ctx, t, db, c.dialect, old, issued, begun)
			check(t, db.Close())

			s := open(t, c.dsn)
			digest := store.Sum(old.Raw)
			held, err := s.ForKey(ctx, digest, store.Sum(issued.RawSubjectPublicKeyInfo))
			check(t, err)
			if held.State != store.Issued || string(held.DER) != string(issued.Raw) || held.Kur.Transaction != nil ||
				held.Kur.Mods {
				t.Errorf("issued before: %+v", held)
			}
			repeated, err := s.ForKur(ctx, digest, held.SPKI, kur("again", nil))
			check(t, err)
			if repeated.Serial != held.Serial {
				t.Errorf("its kur repeated: %+v", repeated)
			}
			_, _, err = s.RecordCertificate(ctx, begun, now)
			check(t, err)
			next := newCertificate(t, "new", 4)
			check(t, s.RecordIntent(ctx, intent(old, next, "2020"), store.Progress{Presented: 2}, now))
			if held, err = s.ForTransaction(ctx, kur("4", nil).Transaction); err != nil || held.Old != digest {
				t.Errorf("recorded since: %+v, %v", held, err)
			}
			_, err = s.Confirm(ctx, digest, store.Sum(issued.Raw), now)
			check(t, err)
			for serial, want := range map[int64]store.State{
				2: store.Installed, 3: store.Abandoned, 4: store.Abandoned} {
				list, err := s.RenewalsOf(ctx, digest)
				check(t, err)
				for _, r := range list {
					if r.Serial.Int().Int64() == serial && r.State != want {
						t.Errorf("%d: %s, want %s", serial, r.State, want)
					}
				}
				if len(list) != 3 {
					t.Errorf("%d renewals", len(list))
				}
			}
			if count(t, c.driver, c.dsn, `SELECT count(*) FROM settings WHERE name = 'ticket-key'`) != 0 {
				t.Error("a secret is left in the database")
			}
		})
	}
}

// fillEarlier makes the schema of migration 2 and, with its own statements, a certificate, an intent and a secret.
func fillEarlier(ctx context.Context, t *testing.T, db *sql.DB, dialect goose.Dialect,
	old, issued, begun *x509.Certificate) {
	t.Helper()
	p, err := goose.NewProvider(dialect, db, os.DirFS("migrations"), goose.WithDisableGlobalRegistry(true))
	check(t, err)
	_, err = p.UpTo(ctx, 2)
	check(t, err)
	exec := func(statement string, args ...any) {
		t.Helper()
		_, err := db.ExecContext(ctx, statement, args...)
		check(t, err)
	}
	from, until := now.UnixMilli(), now.AddDate(0, 1, 0).UnixMilli()
	for _, cert := range []*x509.Certificate{old, issued} {
		exec(`INSERT INTO registry (digest, issuer, serial, spki, not_before, not_after, status, changed_at)
			VALUES ($1, $2, $3, $4, $5, $6, 'active', $5)`, store.Sum(cert.Raw), cert.RawIssuer,
			store.SerialOf(cert.SerialNumber), store.Sum(cert.RawSubjectPublicKeyInfo), from, until)
	}
	for _, cert := range []*x509.Certificate{issued, begun} {
		exec(`INSERT INTO keys (spki, owner, seen_at) VALUES ($1, $2, $3)`, store.Sum(cert.RawSubjectPublicKeyInfo),
			store.Sum(old.Raw), from)
	}
	const certificate = `INSERT INTO certificates (serial, old_digest, spki, campaign, campaign_version, state, intent,
		der, digest, not_before, not_after, requested_at, changed_at)
		VALUES ($1, $2, $3, '2020', 1, $4, $5, $6, $7, $8, $9, $8, $8)`
	exec(certificate, store.SerialOf(issued.SerialNumber), store.Sum(old.Raw),
		store.Sum(issued.RawSubjectPublicKeyInfo), store.Issued, issued.Raw, issued.Raw, store.Sum(issued.Raw), from,
		until)
	exec(certificate, store.SerialOf(begun.SerialNumber), store.Sum(old.Raw),
		store.Sum(begun.RawSubjectPublicKeyInfo), store.Requested, begun.Raw, nil, nil, from, until)
	exec(`INSERT INTO settings (name, value) VALUES ('ticket-key', $1)`, make([]byte, 32))
}

func count(t *testing.T, driver, dsn, query string) (n int) {
	t.Helper()
	db, err := sql.Open(driver, dsn)
	check(t, err)
	defer db.Close()
	check(t, db.QueryRowContext(t.Context(), query).Scan(&n))
	return n
}
