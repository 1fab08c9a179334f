// SPDX-License-Identifier: EUPL-1.2

// Package pcsctest gives a test the real smart-card stack of Debian: pcscd with the two readers of
// vsmartcard's virtual driver, started for this test and stopped with it. Only tests import it.
package pcsctest

import (
	"bytes"
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"syscall"
	"testing"
	"time"

	"rinnova.example/go/card/pcsc"
	"rinnova.example/go/card/vpcd"
	"rinnova.example/go/systemtest"
)

// The two slots of the driver's reader as vsmartcard-vpcd configures it, and where each waits for a card.
var (
	readers   = []string{"Virtual PCD 00 00", "Virtual PCD 00 01"}
	addresses = []string{"127.0.0.1:35963", "127.0.0.1:35964"}
)

// Where pcscd listens, and what the driver's package brings.
const (
	socket = "/run/pcscd/pcscd.comm"
	config = "/etc/reader.conf.d/vpcd"
)

// startup is how long pcscd may take until its readers are there, or gone again.
const startup = 20 * time.Second

// borrowed is how long a connection of another program may keep a reader's port, which the kernel gave it: as long as a
// browser keeps one that it does not use.
const borrowed = 3 * time.Minute

// Stack is a running smart-card stack. Readers[i] takes the card that connects to Addrs[i].
type Stack struct {
	Readers []string
	Addrs   []string

	options []string // of pcscd
	service *exec.Cmd
	log     bytes.Buffer
	ended   chan struct{}
}

// Start starts pcscd and returns when both readers are listed; they are empty. One stack runs at a time
// on a computer: Start waits until tests of other packages have stopped theirs. It fails the test when
// a pcscd runs or a reader's port is taken that is no test's: it leaves
// those alone.
func Start(t testing.TB) *Stack {
	t.Helper()
	systemtest.Need(t, "vsmartcard-vpcd", config)
	s := &Stack{Readers: slices.Clone(readers), Addrs: slices.Clone(addresses)}
	s.start(t)
	return s
}

// start starts pcscd as the only one of the computer, until the test ends.
func (s *Stack) start(t testing.TB) {
	t.Helper()
	systemtest.Need(t, "pcscd", "pcscd")
	lock(t)
	if conn, err := net.Dial("unix", socket); err == nil {
		conn.Close()
		t.Fatal("a pcscd that no test started already runs on this computer, perhaps with a card in use: stop it " +
			"first (systemctl stop pcscd.socket pcscd)")
	}
	for _, addr := range s.Addrs {
		free(t, addr)
	}
	t.Cleanup(func() {
		s.StopService(t)
		if t.Failed() && s.log.Len() > 0 {
			t.Logf("pcscd said:\n%s", s.log.Bytes())
		}
	})
	s.StartService(t)
}

// lock keeps the stacks of concurrent test processes apart until the test ends.
func lock(t testing.TB) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(os.TempDir(), "rinnova-pcscd.lock"), os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX)
		if err == nil {
			return
		}
		if err != syscall.EINTR {
			t.Fatalf("lock of the smart-card stack: %v", err)
		}
	}
}

// free waits until nothing has a reader's port: any connection of the computer may get it for a moment.
func free(t testing.TB, addr string) {
	t.Helper()
	_, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(borrowed); ; time.Sleep(100 * time.Millisecond) {
		l, err := net.Listen("tcp4", ":"+port)
		if err == nil {
			l.Close()
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the virtual reader's port is taken, perhaps by a pcscd in a container: %v", err)
		}
	}
}

// StartService starts pcscd again after StopService.
func (s *Stack) StartService(t testing.TB) {
	t.Helper()
	// -f keeps it in the foreground, so the process is ours to stop.
	s.service = exec.Command("pcscd", append([]string{"-f", "--error"}, s.options...)...)
	s.service.Stdout, s.service.Stderr = &s.log, &s.log
	// A test that panics or is killed takes its pcscd along. The signal comes when the starting thread
	// ends, hence the goroutine that keeps it.
	s.service.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	s.ended = make(chan struct{})
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := s.service.Start()
		started <- err
		if err == nil {
			s.service.Wait()
		}
		close(s.ended)
	}()
	if err := <-started; err != nil {
		s.service = nil
		t.Fatalf("starting pcscd: %v", err)
	}
	for end := time.Now().Add(startup); ; time.Sleep(20 * time.Millisecond) {
		list, err := pcsc.Readers()
		if err == nil && slices.EqualFunc(list, s.Readers,
			func(r pcsc.Reader, name string) bool { return r.Name == name }) {
			return
		}
		select {
		case <-s.ended:
			t.Fatalf("pcscd ended at once: %v", s.service.ProcessState)
		default:
		}
		if time.Now().After(end) {
			t.Fatalf("pcscd does not show its virtual readers: %v, %v", list, err)
		}
	}
}

// StopService stops pcscd: for every program the readers are gone. It does nothing when it is stopped.
func (s *Stack) StopService(t testing.TB) {
	t.Helper()
	if s.service == nil {
		return
	}
	s.service.Process.Signal(syscall.SIGTERM)
	select {
	case <-s.ended:
	case <-time.After(startup):
		s.service.Process.Kill()
		<-s.ended
		t.Error("pcscd did not stop when asked")
	}
	s.service = nil
}

// PlugCard inserts a card into the reader that listens at one of a Stack's addresses and returns when
// pcscd shows it. The function it returns pulls the card out, which pcscd notices within half a second.
// The card is pulled at the end of the test; a message that the card could not answer fails the test.
func PlugCard(t testing.TB, addr string, card vpcd.Card) (pull func()) {
	t.Helper()
	slot := slices.Index(addresses, addr)
	if slot < 0 {
		t.Fatalf("%s is no reader's address", addr)
	}
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatalf("the reader does not listen: %v", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	end := make(chan struct{})
	go func() {
		defer close(end)
		if err := vpcd.Serve(ctx, conn, card); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("card in %s: %v", readers[slot], err)
		}
	}()
	pull = func() {
		cancel()
		<-end
	}
	t.Cleanup(pull)
	for deadline := time.Now().Add(startup); ; time.Sleep(20 * time.Millisecond) {
		list, err := pcsc.Readers()
		if err == nil && slot < len(list) && list[slot].Present {
			return pull
		}
		if time.Now().After(deadline) {
			t.Fatalf("the card does not show in %s: %v", readers[slot], err)
		}
	}
}

// Empty waits until pcscd has seen that the card is out. A card that follows earlier is taken for the same one.
func Empty(t testing.TB, reader string) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		list, err := pcsc.Readers()
		if err == nil && !slices.ContainsFunc(list, func(r pcsc.Reader) bool { return r.Name == reader && r.Present }) {
			return
		}
		if time.Now().After(end) {
			t.Fatalf("the card does not go from %s: %v", reader, err)
		}
	}
}
