// SPDX-License-Identifier: EUPL-1.2

// Package store is the issuing service's database: the registry of certificates, the campaigns, each intent to issue
// and its certificate, every key seen, revocations, positions in the waiting room. It uses SQLite, or PostgreSQL when a
// DSN is given, with the same statements. It takes no decisions: it reports a race to the caller, who decides again.
package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"database/sql/driver"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"runtime"
	"strings"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	_ "modernc.org/sqlite" // driver "sqlite"
)

//go:embed migrations/*.sql
var migrations embed.FS

// ErrNotFound is the error for a query without a result.
var ErrNotFound = errors.New("not found")

// Digest is the SHA-256 of a certificate's or a SubjectPublicKeyInfo's DER.
type Digest [sha256.Size]byte

// Sum returns the digest of der.
func Sum(der []byte) Digest { return sha256.Sum256(der) }

// String returns the digest as 64 lower-case hexadecimal digits.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// Short returns the first 8 hexadecimal digits, for log lines.
func (d Digest) Short() string { return hex.EncodeToString(d[:4]) }

// Value implements driver.Valuer.
func (d Digest) Value() (driver.Value, error) { return d[:], nil }

// Scan implements sql.Scanner; NULL is the zero Digest.
func (d *Digest) Scan(src any) error {
	*d = Digest{}
	if src == nil {
		return nil
	}
	b, ok := src.([]byte)
	if !ok || len(b) != len(d) {
		return errors.New("column does not hold a SHA-256")
	}
	copy(d[:], b)
	return nil
}

// Store is an open database. Several goroutines may use it, and several processes may open the same database.
type Store struct{ db *sql.DB }

// Memory is the DSN of a database in memory, which ends with its Store.
const Memory = ":memory:"

// Open opens the database and migrates its schema. A DSN that begins with postgres:// or postgresql:// is a PostgreSQL
// database; Memory is an SQLite database in memory; any other DSN is the path of an SQLite file, created if absent.
func Open(ctx context.Context, dsn string) (*Store, error) {
	if strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://") {
		return openPostgreSQL(ctx, dsn)
	}
	return openSQLite(ctx, dsn)
}

func openSQLite(ctx context.Context, path string) (*Store, error) {
	// Pragmas apply to one connection, so they are part of the DSN. synchronous=FULL: in WAL mode NORMAL may lose the
	// last commits in a power failure, and an intent must be durable before its signature.
	pragmas := url.Values{
		"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)"},
		"_txlock": {"immediate"},
	}
	dsn := (&url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: pragmas.Encode()}).String()
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	// SQLite has one writer at a time, and a database in memory ends with its connection.
	db.SetMaxOpenConns(1)
	return migrate(ctx, db, goose.DialectSQLite3)
}

func openPostgreSQL(ctx context.Context, dsn string) (*Store, error) {
	db, err := sql.Open("pgx", dsn)
	if err != nil {
		return nil, err
	}
	// PostgreSQL's default is a hundred connections, for all replicas together.
	db.SetMaxOpenConns(2 * runtime.NumCPU())
	db.SetConnMaxIdleTime(5 * time.Minute)
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		db.Close()
		return nil, err
	}
	return migrate(ctx, db, goose.DialectPostgres, goose.WithSessionLocker(locker))
}

func migrate(ctx context.Context, db *sql.DB, dialect goose.Dialect, options ...goose.ProviderOption) (*Store, error) {
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		db.Close()
		return nil, err
	}
	p, err := goose.NewProvider(dialect, db, files, append(options, goose.WithDisableGlobalRegistry(true))...)
	if err != nil {
		db.Close()
		return nil, err
	}
	if _, err := p.Up(ctx); err != nil {
		db.Close()
		return nil, fmt.Errorf("database schema: %w", err)
	}
	return &Store{db: db}, nil
}

// queryAll reads every row of a query.
func queryAll[T any](ctx context.Context, s *Store, scan func(interface{ Scan(...any) error }) (T, error), query string,
	args ...any) ([]T, error) {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		one, err := scan(rows)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, rows.Err()
}

// Close closes the database.
func (s *Store) Close() error { return s.db.Close() }

// Ping returns an error when the database does not answer.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	return s.db.QueryRowContext(ctx, `SELECT 1`).Scan(&one)
}

func (s *Store) setting(ctx context.Context, name string) ([]byte, error) {
	var value []byte
	return value, notFound(s.db.QueryRowContext(ctx, `SELECT value FROM settings WHERE name = $1`, name).Scan(&value))
}

const publicURL = "public-url"

// PublicURL returns the URL under which the service last published its revocation lists, or ErrNotFound.
func (s *Store) PublicURL(ctx context.Context) (string, error) {
	value, err := s.setting(ctx, publicURL)
	return string(value), err
}

// SetPublicURL records the URL under which the service publishes its revocation lists.
func (s *Store) SetPublicURL(ctx context.Context, url string) error {
	_, err := s.db.ExecContext(ctx, `INSERT INTO settings (name, value) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`, publicURL, []byte(url))
	return err
}

// inTransaction runs f in one transaction.
func (s *Store) inTransaction(ctx context.Context, f func(*sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := f(tx); err != nil {
		return err
	}
	return tx.Commit()
}

func millis(t time.Time) int64 { return t.UnixMilli() }

func timeOf(ms int64) time.Time { return time.UnixMilli(ms).UTC() }

// notFound maps sql.ErrNoRows to ErrNotFound.
func notFound(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	return err
}
