// SPDX-License-Identifier: EUPL-1.2

//go:build unix

// Package storetest starts a real PostgreSQL for tests, in a temporary folder and on a free port. A server
// that cannot be started fails the test.
package storetest

import (
	"context"
	"database/sql"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"

	"rinnova.example/go/systemtest"
)

// Cluster is a running server.
type Cluster struct {
	port      int
	databases atomic.Int32
}

// PostgreSQL starts a server of its own for t and stops it when t ends. The programs are those of the
// Debian package postgresql. They refuse to run as root, so a test of root runs them as the system's unprivileged user.
func PostgreSQL(t testing.TB) *Cluster {
	t.Helper()
	programs := binaries(t)
	dir := t.TempDir()
	var as *syscall.Credential
	if os.Getuid() == 0 {
		as = unprivileged(t)
		// t.TempDir hands out .../TestName/001; both levels belong to root.
		for _, d := range []string{dir, filepath.Dir(dir)} {
			if err := os.Chmod(d, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Chown(dir, int(as.Uid), int(as.Gid)); err != nil {
			t.Fatal(err)
		}
	}
	data := filepath.Join(dir, "data")
	initdb := exec.Command(filepath.Join(programs, "initdb"), "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8",
		"--locale=C", "--no-sync")
	initdb.SysProcAttr, initdb.Dir = &syscall.SysProcAttr{Credential: as}, dir
	if out, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	c := &Cluster{port: freePort(t)}
	log, err := os.Create(filepath.Join(dir, "log"))
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	server := exec.Command(filepath.Join(programs, "postgres"), "-D", data, "-h", "127.0.0.1", "-p",
		strconv.Itoa(c.port), "-k", dir, "-F")
	server.SysProcAttr, server.Dir = &syscall.SysProcAttr{Credential: as}, dir
	server.Stdout, server.Stderr = log, log
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		server.Process.Signal(syscall.SIGINT) // fast shutdown: open connections are cut
		server.Wait()
	})
	db, err := sql.Open("pgx", c.dsn("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if err := db.Ping(); err == nil {
			return c
		} else if time.Now().After(deadline) {
			text, _ := os.ReadFile(log.Name())
			t.Fatalf("PostgreSQL does not answer: %v\n%s", err, text)
		}
	}
}

// Database makes an empty database and returns its DSN.
func (c *Cluster) Database(t testing.TB) string {
	t.Helper()
	db, err := sql.Open("pgx", c.dsn("postgres"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	name := fmt.Sprintf("test%d", c.databases.Add(1))
	if _, err := db.ExecContext(context.Background(), `CREATE DATABASE `+name); err != nil {
		t.Fatal(err)
	}
	return c.dsn(name)
}

func (c *Cluster) dsn(database string) string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s?sslmode=disable", c.port, database)
}

func binaries(t testing.TB) string {
	t.Helper()
	return filepath.Dir(systemtest.Need(t, "postgresql", "/usr/lib/postgresql/*/bin/initdb")[0])
}

func unprivileged(t testing.TB) *syscall.Credential {
	t.Helper()
	u, err := user.Lookup("nobody")
	if err != nil {
		t.Fatal(err)
	}
	uid, err := strconv.ParseUint(strings.TrimSpace(u.Uid), 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	gid, err := strconv.ParseUint(strings.TrimSpace(u.Gid), 10, 32)
	if err != nil {
		t.Fatal(err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
}

func freePort(t testing.TB) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}
