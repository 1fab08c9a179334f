// SPDX-License-Identifier: EUPL-1.2

package judges

import (
	"bytes"
	"io"
	"net"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rinnova.example/go/card/emulator"
)

// watched is an emulated card that shows each command before it executes it. An error is a power cut: the card does
// not answer any more.
type watched struct {
	*emulator.Card
	mu  sync.Mutex
	see func(command []byte) error
}

func (c *watched) Transmit(b []byte) ([]byte, error) {
	c.mu.Lock()
	err := c.see(b)
	c.mu.Unlock()
	if err != nil {
		return nil, err
	}
	return c.Card.Transmit(b)
}

// emulated opens the file of an emulated card.
func (w *workshop) emulated(file string) *emulator.Card {
	w.Helper()
	card, err := emulator.Open(filepath.Join(w.dir, file))
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { card.Close() })
	return card
}

// cached is OpenSC's copy of the new certificate's file, nil if it has none.
func (w *workshop) cached() []byte {
	w.Helper()
	list, err := filepath.Glob(filepath.Join(w.dir, "home/.cache/opensc/*_140090012002"))
	if err != nil || len(list) > 1 {
		w.Fatal(list, err)
	}
	if len(list) == 0 {
		return nil
	}
	return w.read(strings.TrimPrefix(list[0], w.dir))
}

// farAway is the address of a service that takes most of a second for each request.
func farAway(t *testing.T, service string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	near := strings.TrimPrefix(service, "https://")
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				s, err := net.Dial("tcp", near)
				if err != nil {
					return
				}
				defer s.Close()
				go io.Copy(c, s)
				buf := make([]byte, 32<<10)
				for {
					n, err := c.Read(buf)
					if err != nil {
						return
					}
					time.Sleep(700 * time.Millisecond)
					if _, err := s.Write(buf[:n]); err != nil {
						return
					}
				}
			}()
		}
	}()
	return "https://" + l.Addr().String()
}

// OpenSC lists the card again and again during the renewal. It finds the old pair each time, and its copies of files
// do not spoil the login that follows.
func TestReadWhileWritten(t *testing.T) {
	w := opened(t, opensc026(t))
	s := w.serve("")
	s.issue("card", "ID2019")
	// A chip takes time, most of all to write: OpenSC comes in between.
	w.insertHere(&watched{Card: w.emulated("card.json"), see: func(b []byte) error {
		if b[1] == 0xD6 {
			time.Sleep(40 * time.Millisecond)
		}
		time.Sleep(4 * time.Millisecond)
		return nil
	}})

	done, ended := make(chan struct{}), make(chan struct{})
	dumps := 0
	go func() {
		defer close(ended)
		for ; ; dumps++ {
			select {
			case <-done:
				return
			default:
			}
			out, err := w.there("pkcs15-tool", "-D").CombinedOutput()
			if got := both(string(out)); err != nil || !slices.Contains(got, "CNS0") {
				t.Errorf("%v, %q in\n%s", err, got, out)
			}
		}
	}()
	// The service is far away: during the wait for it no transaction is held, and OpenSC can use the card.
	args := s.renew("pcsc:0")
	for i, a := range args {
		if a == "--service" {
			args[i+1] = farAway(t, args[i+1])
		}
	}
	_, r := w.events(w.output(w.there("rinnova", args...)))
	close(done)
	<-ended
	if r.Code != "done" || dumps < 3 {
		t.Fatalf("%+v, and OpenSC listed the card %d times", r, dumps)
	}
	if got := w.pairs(); !slices.Equal(got, []string{"CNS0", "CNS1"}) {
		t.Errorf("after: %q", got)
	}
	if l := s.logsIn("CNS1", "1.3"); !l.Accepted || !l.NotAfter.Equal(r.NotAfter) {
		t.Errorf("%+v", l)
	}
	t.Logf("OpenSC listed the card %d times meanwhile", dumps)
}

// The power fails while the certificate is written. OpenSC, which keeps copies of files, reads the torn file; the
// next run completes the file, and OpenSC logs in.
func TestReadHalfWritten(t *testing.T) {
	w := opened(t, opensc026(t))
	s := w.serve("")
	s.issue("card", "ID2019")
	card := w.emulated("card.json")

	created, writes := false, 0
	torn := &watched{Card: card, see: func(b []byte) error {
		if b[1] == 0xE0 && bytes.Contains(b, []byte{0x83, 0x02, 0x20, 0x02}) {
			created = true
		}
		if created && b[1] == 0xD6 {
			writes++
		}
		if writes > 3 {
			return errCut
		}
		return nil
	}}
	w.insertHere(torn)
	out, err := w.there("rinnova", s.renew("pcsc:0")...).CombinedOutput()
	if _, r := w.events(string(out)); err == nil || r.Failed != "install" {
		t.Fatalf("%v, %+v", err, r)
	}
	// pcscd shows the reader as empty because a reset in it failed. It looks at the reader again within half a
	// second, and never sees a card that comes earlier.
	time.Sleep(2 * time.Second)
	half, ok := card.File("1400/9001/2002")
	if head := len(half) - len(bytes.TrimLeft(half, "\x00")); !ok || head == 0 || head == len(half) {
		t.Fatalf("the file is not half written: %x", half)
	}

	card.Reset()
	torn.see = func([]byte) error { return nil }
	w.insertHere(torn)
	if got := w.pairs(); !slices.Contains(got, "CNS0") {
		t.Errorf("with a torn file: %q", got)
	}
	w.signs("CNS0")
	copied := w.cached()
	if torn, _ := card.File("1400/9001/2002"); !bytes.Equal(copied, torn) {
		t.Fatalf("OpenSC keeps %d bytes, not the torn file: this test tests nothing", len(copied))
	}
	_, r := w.events(w.output(w.there("rinnova", s.renew("pcsc:0")...)))
	if r.Code != "done" {
		t.Fatalf("%+v", r)
	}
	if got := w.pairs(); !slices.Equal(got, []string{"CNS0", "CNS1"}) {
		t.Errorf("after: %q", got)
	}
	if l := s.logsIn("CNS1", "1.3"); !l.Accepted || !l.NotAfter.Equal(r.NotAfter) {
		t.Errorf("%+v", l)
	}
}
