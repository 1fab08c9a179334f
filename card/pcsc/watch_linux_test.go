// SPDX-License-Identifier: EUPL-1.2

package pcsc_test

import (
	"bytes"
	"context"
	"net"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/pcsc"
	"rinnova.example/go/card/pcsc/pcsctest"
	"rinnova.example/go/card/vpcd"
)

// cards tells which readers hold a card: "--", "C-", "-C", "CC"; "none" is no service.
func cards(list []pcsc.Reader) string {
	if list == nil {
		return "none"
	}
	s := ""
	for _, r := range list {
		if r.Present {
			s += "C"
		} else {
			s += "-"
		}
	}
	return s
}

func next(t *testing.T, w <-chan []pcsc.Reader) []pcsc.Reader {
	t.Helper()
	select {
	case list, open := <-w:
		if !open {
			t.Fatal("the watch ended")
		}
		return list
	case <-time.After(10 * time.Second):
		t.Fatal("no state came")
		return nil
	}
}

func awaitReaders(t *testing.T, w <-chan []pcsc.Reader, want string) {
	t.Helper()
	if list := next(t, w); cards(list) != want {
		t.Fatalf("readers are %q %+v, want %q", cards(list), list, want)
	}
}

func silent(t *testing.T, w <-chan []pcsc.Reader, d time.Duration) {
	t.Helper()
	select {
	case list, open := <-w:
		t.Fatalf("readers are %+v, %v, where nothing happened", list, open)
	case <-time.After(d):
	}
}

func TestWatch(t *testing.T) {
	s := pcsctest.Start(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w := pcsc.Watch(ctx)
	awaitReaders(t, w, "--")
	pull := pcsctest.PlugCard(t, s.Addrs[1], &card{atr: atrT1})
	list := next(t, w)
	if len(list) != 2 || list[0].Present || !list[1].Present || list[1].Name != s.Readers[1] || list[1].Index != 1 ||
		!bytes.Equal(list[1].ATR, atrT1) {
		t.Fatalf("an insertion is awaitReaders as %+v", list)
	}

	// Use of the card is no change: a receiver that reads it at every state would cause the next one.
	c := open(t, "1")
	ok(t, c.Begin())
	expect(t, c, verify, 0x90, 0x00)
	ok(t, c.End(true))
	ok(t, c.Close())
	silent(t, w, 1300*time.Millisecond)

	pull()
	awaitReaders(t, w, "--")

	// No call waits while a card is exchanged: the removal is reported all the same.
	pull = pcsctest.PlugCard(t, s.Addrs[0], &card{atr: atrT1})
	awaitReaders(t, w, "C-")
	pcsctest.PlugCard(t, s.Addrs[1], &card{atr: atrT1})
	pull()
	empty := func() bool {
		list, err := pcsc.Readers()
		ok(t, err)
		return !list[0].Present
	}
	for !empty() {
		time.Sleep(20 * time.Millisecond)
	}
	pcsctest.PlugCard(t, s.Addrs[0], &card{atr: atrT1})
	awaitReaders(t, w, "CC")
	awaitReaders(t, w, "-C")
	awaitReaders(t, w, "CC")

	s.StopService(t)
	awaitReaders(t, w, "none")
	silent(t, w, 600*time.Millisecond)
	s.StartService(t)
	awaitReaders(t, w, "--")
	pcsctest.PlugCard(t, s.Addrs[0], &card{atr: atrT1})
	awaitReaders(t, w, "C-")

	cancel()
	for range w {
		t.Error("awaitReaders after the end")
	}
}

// TestWatchRests measures that a watch without changes does not turn in circles.
func TestWatchRests(t *testing.T) {
	s := pcsctest.Start(t)
	pcsctest.PlugCard(t, s.Addrs[0], &card{atr: atrT1})
	w := pcsc.Watch(t.Context())
	awaitReaders(t, w, "C-")
	before := processorTime(t)
	silent(t, w, 2*time.Second)
	if used := processorTime(t) - before; used > 200*time.Millisecond {
		t.Errorf("%v of processor time in 2 s without a change", used)
	}
}

// TestNothingLeft inserts fifty cards under a watch, uses each, and counts what is open afterwards.
func TestNothingLeft(t *testing.T) {
	s := pcsctest.Start(t)
	_, err := pcsc.Readers() // this opens the library, which stays open
	ok(t, err)
	goroutines, files := runtime.NumGoroutine(), openFiles(t)

	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	w := pcsc.Watch(ctx)
	awaitReaders(t, w, "--")
	for i := range 25 {
		// Both at once, not PlugCard: pcscd looks into a reader every 0.4 s only.
		inserted, pull := context.WithCancel(ctx)
		pulled := make(chan error, 2)
		for slot, atr := range [][]byte{atrT1, atrT0} {
			conn, err := net.Dial("tcp", s.Addrs[slot])
			ok(t, err)
			go func() { pulled <- vpcd.Serve(inserted, conn, &card{atr: atr}) }()
		}
		for cards(next(t, w)) != "CC" {
		}
		var open []*pcsc.Connection
		for _, reader := range s.Readers {
			c, err := pcsc.Open(reader)
			ok(t, err)
			ok(t, c.Begin())
			expect(t, c, verify, 0x90, 0x00)
			if i%2 == 0 {
				ok(t, c.End(true))
			}
			open = append(open, c)
		}
		pull()
		for range 2 {
			failsWith(t, <-pulled, context.Canceled)
		}
		for _, c := range open {
			if i%3 == 0 {
				_, err := c.Transmit(getData)
				failsWith(t, err, iso7816.ErrCardGone)
			}
			ok(t, c.Close())
		}
		for cards(next(t, w)) != "--" {
		}
	}
	cancel()
	for range w {
		t.Error("awaitReaders after the end")
	}
	for end := time.Now().Add(5 * time.Second); runtime.NumGoroutine() > goroutines ||
		openFiles(t) > files; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			stacks := make([]byte, 1<<16)
			t.Fatalf("%d goroutines, %d files; before %d, %d\n%s", runtime.NumGoroutine(), openFiles(t),
				goroutines, files, stacks[:runtime.Stack(stacks, true)])
		}
	}
}

func openFiles(t *testing.T) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	ok(t, err)
	return len(list)
}

func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	ok(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
