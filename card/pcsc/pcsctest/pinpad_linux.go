// SPDX-License-Identifier: EUPL-1.2

package pcsctest

import (
	"bufio"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"rinnova.example/go/card/pcsc"
	"rinnova.example/go/card/vpcd"
	"rinnova.example/go/systemtest"
)

//go:embed testdata/pinpad.c
var pinpadDriver []byte

// Pinpad is a smart-card stack with one reader, which has a keypad of its own: a driver for tests that pcscd loads.
type Pinpad struct {
	*Stack
	device string

	mu      sync.Mutex
	person  func(entry string) string
	entries []string
}

// StartPinpad starts pcscd with a reader with a keypad, as Start does. macros are those of testdata/pinpad.c. Until
// Person is called, each entry ends by time.
func StartPinpad(t testing.TB, macros ...string) *Pinpad {
	t.Helper()
	systemtest.Need(t, "libpcsclite-dev", "/usr/include/PCSC/ifdhandler.h")
	systemtest.Need(t, "gcc", "gcc")
	dir, err := os.MkdirTemp("", "pinpad") // a socket's name has at most 107 bytes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	source, driver := filepath.Join(dir, "pinpad.c"), filepath.Join(dir, "libifdpinpad.so")
	if err := os.WriteFile(source, pinpadDriver, 0o600); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"-Wall", "-Wextra", "-Werror", "-shared", "-fPIC", "-I/usr/include/PCSC", "-o", driver,
		source}, macros...)
	if out, err := exec.Command("gcc", args...).CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, out)
	}
	p := &Pinpad{device: dir}
	conf := filepath.Join(dir, "reader.conf")
	text := fmt.Sprintf("FRIENDLYNAME \"Virtual Pinpad\"\nDEVICENAME %s\nLIBPATH %s\nCHANNELID 0\n", p.device, driver)
	if err := os.WriteFile(conf, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	p.listen(t, "keys", p.serve)
	p.Stack = &Stack{Readers: []string{"Virtual Pinpad 00 00"}, options: []string{"-c", conf}}
	p.start(t)
	return p
}

// listen serves the driver's connections, one after the other, until the test ends or stop is called.
func (p *Pinpad) listen(t testing.TB, end string, serve func(context.Context, net.Conn) error) (stop func()) {
	t.Helper()
	l, err := net.Listen("unix", filepath.Join(p.device, end))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			if err := serve(ctx, conn); err != nil && !errors.Is(err, context.Canceled) {
				t.Errorf("the reader's socket %q: %v", end, err)
			}
		}
	}()
	stop = func() {
		l.Close()
		cancel()
		<-ended
	}
	t.Cleanup(stop)
	return stop
}

// serve asks the person for one code.
func (p *Pinpad) serve(_ context.Context, conn net.Conn) error {
	defer conn.Close()
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return err
	}
	entry := strings.TrimSuffix(line, "\n")
	p.mu.Lock()
	person := p.person
	p.entries = append(p.entries, entry)
	p.mu.Unlock()
	if person == nil {
		return nil
	}
	if answer := person(entry); answer != "" {
		_, err = fmt.Fprintln(conn, answer)
	}
	return err
}

// Person sets the person at the keypad. For each code the reader names it, with the least and the most digits that
// it was told ("verify 5 8", and for a new PIN "old 5 8", "new 5 8", "again 5 8"); the person answers digits,
// "cancel", or "" to let the time run out.
func (p *Pinpad) Person(answer func(entry string) string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.person = answer
}

// Types has the person give the answers, one for each entry, and then let the time run out.
func (p *Pinpad) Types(answers ...string) {
	p.Person(func(string) string {
		p.mu.Lock()
		defer p.mu.Unlock()
		if len(answers) == 0 {
			return ""
		}
		next := answers[0]
		answers = answers[1:]
		return next
	})
}

// Entries returns the codes that the reader has asked for, and forgets them.
func (p *Pinpad) Entries() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	list := p.entries
	p.entries = nil
	return list
}

// PlugCard inserts a card and returns when pcscd shows it. The function it returns pulls the card out. The card is
// pulled at the end of the test.
func (p *Pinpad) PlugCard(t testing.TB, card vpcd.Card) (pull func()) {
	t.Helper()
	pull = p.listen(t, "card", func(ctx context.Context, conn net.Conn) error { return vpcd.Serve(ctx, conn, card) })
	for end := time.Now().Add(startup); ; time.Sleep(20 * time.Millisecond) {
		list, err := pcsc.Readers()
		if err == nil && len(list) == 1 && list[0].Present {
			return pull
		}
		if time.Now().After(end) {
			t.Fatalf("the card does not show in %s: %v", p.Readers[0], err)
		}
	}
}
