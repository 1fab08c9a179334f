// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"rinnova.example/go/card/emulator"
)

// TestMain lets the test binary be vcns itself, for signals and the exit code.
func TestMain(m *testing.M) {
	if os.Getenv("VCNS_CHILD") != "" {
		main()
	}
	os.Exit(m.Run())
}

// cardFile is a demonstration card of the series in a file.
func cardFile(t *testing.T, series string) string {
	t.Helper()
	c, err := emulator.Demo(series, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(t.TempDir(), "card")
	if err := c.Save(name); err != nil {
		t.Fatal(err)
	}
	return name
}

// buffer is an output that a test may read while it is written.
type buffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// exchange is the reader's side of vpcd: one message, and the answer if there is one.
func exchange(t *testing.T, conn net.Conn, message string, answers bool) string {
	t.Helper()
	if _, err := conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(message))), message...)); err != nil {
		t.Fatal(err)
	}
	if !answers {
		return ""
	}
	var head [2]byte
	if _, err := io.ReadFull(conn, head[:]); err != nil {
		t.Fatal(err)
	}
	b := make([]byte, binary.BigEndian.Uint16(head[:]))
	if _, err := io.ReadFull(conn, b); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%X", b)
}

func TestRun(t *testing.T) {
	name := cardFile(t, "CRS")
	l := listen(t)
	var out, errs buffer
	code := make(chan int)
	go func() {
		code <- run(context.Background(), []string{"--vpcd", l.Addr().String(), "--card", name}, &out, &errs)
	}()
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	exchange(t, conn, "\x01", false)
	if got := exchange(t, conn, "\x04", true); got != "3BFF1800FFC10A31FE55006B0508C80A011101434E5310318003" {
		t.Errorf("ATR %s", got)
	}
	if got := exchange(t, conn, "\x00\xA4\x00\x0C\x02\x3F\x00", true); got != "9000" {
		t.Errorf("SELECT MF: %s", got)
	}
	if got, want := out.String(), "pronto CRS "+l.Addr().String()+"\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	// The card is taken while it is in the reader.
	var busy buffer
	if got := run(context.Background(), []string{"--vpcd", l.Addr().String(), "--card", name}, io.Discard,
		&busy); got != exitCard || !strings.HasPrefix(busy.String(), "card-busy: ") {
		t.Errorf("%d %q", got, busy.String())
	}
	exchange(t, conn, "\x00\x20\x00\x10\x0855555\xFF\xFF\xFF", true)
	conn.Close()
	if got := <-code; got != 0 || errs.String() != "" {
		t.Errorf("after the reader closed: %d %q", got, errs.String())
	}
	c, err := emulator.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if c.Tries(0x10) != 2 {
		t.Errorf("%d tries left", c.Tries(0x10))
	}
}

func TestFailures(t *testing.T) {
	name := cardFile(t, "AC2014")
	foreign := filepath.Join(t.TempDir(), "foreign")
	if err := os.WriteFile(foreign, []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	l := listen(t)
	closed := l.Addr().String()
	l.Close()
	for _, x := range []struct {
		args      []string
		code      int
		out, errs string
	}{
		{nil, exitUsage, "", "usage: "},
		{[]string{"--nothing"}, exitUsage, "", "usage: "},
		{[]string{"--card", name, "more"}, exitUsage, "", "usage: "},
		{[]string{"--help"}, 0, "Uso: vcns", ""},
		{[]string{"--card", name + "-none"}, exitCard, "", "card-unreadable: "},
		{[]string{"--card", foreign}, exitCard, "", "card-unreadable: "},
		{[]string{"--card", name, "--vpcd", closed}, exitCard, "", "no-reader: "},
	} {
		var out, errs buffer
		if got := run(context.Background(), x.args, &out, &errs); got != x.code ||
			!strings.HasPrefix(out.String(), x.out) || !strings.HasPrefix(errs.String(), x.errs) ||
			(errs.String() == "") != (x.errs == "") {
			t.Errorf("%v: %d, %q, %q", x.args, got, out.String(), errs.String())
		}
	}
}
