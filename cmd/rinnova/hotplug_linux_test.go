// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"rinnova.example/go/card/emulator"
	"rinnova.example/go/card/pcsc"
	"rinnova.example/go/card/pcsc/pcsctest"
	"rinnova.example/go/card/vpcd"
	"rinnova.example/go/citizen/renewal"
)

// resources are those that a program may leak.
type resources struct {
	goroutines, files, threads int
	heap                       uint64
}

func inUse(t *testing.T) resources {
	t.Helper()
	files, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Fatal(err)
	}
	threads, err := os.ReadDir("/proc/self/task")
	if err != nil {
		t.Fatal(err)
	}
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return resources{runtime.NumGoroutine(), len(files), len(threads), m.HeapAlloc}
}

// lookedAt looks at the card in a reader, and returns the code of the failure, "" for none.
func lookedAt(t *testing.T, p *program, reader string) string {
	q := *p.commands
	q.Card = "pcsc:" + reader
	in := p.with(p.ctx, &q)
	o, err := in.open()
	var v *renewal.View
	if err == nil {
		defer o.Close()
		var r *renewal.Renewal
		if r, err = in.renewal(o); err == nil {
			v, err = r.Look(t.Context())
		}
	}
	switch {
	case err != nil:
		return string(renewal.Classify(err).Code)
	case v.Refusal != nil:
		return string(v.Refusal.Code)
	}
	return ""
}

// watchedWhile acts as a window while f runs: it looks at each inserted card. It returns the last state of the
// readers.
func watchedWhile(t *testing.T, look func(reader string), f func()) []pcsc.Reader {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var last []pcsc.Reader
	var mu sync.Mutex
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		var before []pcsc.Reader
		for readers := range pcsc.Watch(ctx) {
			mu.Lock()
			last = readers
			mu.Unlock()
			for i, r := range readers {
				if r.Present && !r.Mute && (i >= len(before) || !before[i].Present) {
					look(r.Name)
				}
			}
			before = readers
		}
	}()
	f()
	// The last change is told within two seconds.
	time.Sleep(2 * time.Second)
	stop()
	<-ended
	mu.Lock()
	defer mu.Unlock()
	return last
}

// TestHotPlug inserts and removes cards 200 times in two readers, at random, while the readers are watched
// and each card that comes is looked at as the program does, with a question to the service.
func TestHotPlug(t *testing.T) {
	stack := pcsctest.Start(t)
	s, err := startService(filepath.Join(t.TempDir(), "service"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	cards := make([]*emulator.Card, 2)
	for i, series := range []string{"AC2014", "ID2019"} {
		cards[i], _ = opensCard(t, s, series)
	}
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	p, _, _ := citizenProgram(t, s)

	looked, codes := 0, map[string]int{}
	look := func(reader string) {
		if code := lookedAt(t, p, reader); code != "" {
			codes[code]++
		} else {
			looked++
		}
	}
	watched := func(f func()) []pcsc.Reader { return watchedWhile(t, look, f) }

	pulls := make([]func(), 2)
	storm := func(n int) {
		for range n {
			i := random.IntN(2)
			if pulls[i] == nil {
				pulls[i] = pushCard(t, stack.Addrs[i], cards[i])
			} else {
				pulls[i]()
				pulls[i] = nil
			}
			time.Sleep(time.Duration(random.IntN(300)) * time.Millisecond)
		}
	}
	check := func(readers []pcsc.Reader) {
		t.Helper()
		for i, name := range stack.Readers {
			j := slices.IndexFunc(readers, func(r pcsc.Reader) bool { return r.Name == name })
			if j < 0 || readers[j].Present != (pulls[i] != nil) || readers[j].Mute {
				t.Errorf("told at the end: %+v; card in reader %d: %v", readers, i, pulls[i] != nil)
			}
		}
	}

	check(watched(func() { storm(20) })) // the first storm opens everything that stays open
	before := inUse(t)
	check(watched(func() { storm(180) }))
	var after resources
	for range 50 { // resources are freed soon after the storm
		if after = inUse(t); after.goroutines <= before.goroutines+2 && after.files <= before.files+2 {
			break
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Logf("before %+v, after %+v; %d cards looked at, %v", before, after, looked, codes)
	if after.goroutines > before.goroutines+2 || after.files > before.files+2 || after.threads > before.threads+8 ||
		after.heap > before.heap+8<<20 {
		t.Errorf("before %+v, after %+v", before, after)
	}
	for code := range codes {
		if code != "card-removed" && code != "no-card" && code != "card-mute" && code != "reader-failed" &&
			code != "card-reset" {
			t.Errorf("a card that was pulled ended in %s", code)
		}
	}
	if looked < 20 {
		t.Errorf("only %d cards were looked at to the end: %v", looked, codes)
	}
	// The cards are as they were, and the program still renews one.
	for i, c := range cards {
		if c.Tries(0x10) != 3 || len(c.Keys()) != 1 {
			t.Errorf("card %d was changed", i)
		}
	}
	if pulls[1] == nil {
		pulls[1] = pushCard(t, stack.Addrs[1], cards[1])
	}
	waitReader(t, stack.Readers[1], true)
	if out, exit := citizen(t, s, "renew", "--card", "pcsc:"+stack.Readers[1], "--pin-from", "env:PIN"); exit != 0 {
		t.Errorf("%d %s", exit, out)
	}
}

// pushCard inserts a card and does not wait until it is seen.
func pushCard(t *testing.T, addr string, card *emulator.Card) (pull func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for ctx.Err() == nil {
			if served(ctx, addr, card) {
				return
			}
			time.Sleep(20 * time.Millisecond) // the reader has not yet noticed that the last card went
		}
	}()
	stop := func() { cancel(); <-ended }
	t.Cleanup(stop)
	return stop
}

// served is the card in the reader until it is pulled; it returns false if the reader did not take the card.
func served(ctx context.Context, addr string, card *emulator.Card) bool {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return false
	}
	return errors.Is(vpcd.Serve(ctx, conn, card), context.Canceled)
}
