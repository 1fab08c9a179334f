// SPDX-License-Identifier: EUPL-1.2

package driver

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/pcsc"
	"rinnova.example/go/cardfile"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/systemtest"
	"rinnova.example/go/trial"
)

// Return values of PKCS #11 v2.40, §A, as the host prints them.
const (
	ok              = "0"
	deviceRemoved   = "0x32"
	pinIncorrect    = "0xa0"
	pinLocked       = "0xa4"
	sessionInvalid  = "0xb3"
	tokenNotPresent = "0xe0"
	notLoggedIn     = "0x101"
)

// program is a running host that does what it is told.
type program struct {
	*host
	tell   *os.File
	answer *bufio.Scanner
	end    func()
}

func (h *host) starts(path string) *program {
	h.Helper()
	input, tell, err := os.Pipe()
	check(h, err)
	answer, output, err := os.Pipe()
	check(h, err)
	c := h.command(path, h.module, trial.PIN, "follow")
	c.Stdin, c.Stdout = input, output
	stop := systemtest.Start(h, c)
	input.Close()
	output.Close()
	p := &program{h, tell, bufio.NewScanner(answer), func() { tell.Close(); answer.Close(); stop() }}
	h.Cleanup(p.end)
	p.does("initialize", ok)
	return p
}

// does tells the host to do something, which must end with one of the return values. It returns the number that the
// host says with it.
func (p *program) does(line string, wants ...string) int {
	p.Helper()
	fmt.Fprintln(p.tell, line)
	if !p.answer.Scan() {
		p.Fatalf("%s: the host has ended", line)
	}
	var rv string
	var n int
	_, err := fmt.Sscan(p.answer.Text(), &rv, &n)
	check(p, err)
	for _, want := range wants {
		if rv == want {
			return n
		}
	}
	p.Errorf("%s: %s, want %s", line, rv, wants)
	return n
}

// logsIn opens a session, logs in and signs. It returns the number of private keys.
func (p *program) logsIn(pin string) int {
	p.Helper()
	p.does("open", ok)
	p.does("login "+pin, ok)
	return p.does("sign", ok)
}

// pulls is the number of times that a card is pulled; make test-full sets more.
func pulls(t *testing.T) int {
	t.Helper()
	text := os.Getenv("RINNOVA_PULLS")
	if text == "" {
		return 50
	}
	n, err := strconv.Atoi(text)
	check(t, err)
	return n
}

// TestReinsertion takes cards and readers away from a host that holds the library, and gives others.
func TestReinsertion(t *testing.T) {
	s, path := newStage(t), compiled(t, t.TempDir(), "host", "testdata/host.c")
	t.Run("the same card again", func(t *testing.T) {
		card := s.issue(t, "OT2015")
		pull := s.plug(t, card)
		p := newHost(t).starts(path)
		p.logsIn(trial.PIN)
		pull()
		p.does("sign", deviceRemoved, sessionInvalid, tokenNotPresent)
		defer s.plug(t, card)()
		p.does("sign", sessionInvalid)
		p.logsIn(trial.PIN)
		left(t, card, 3)
	})
	t.Run("another card", func(t *testing.T) {
		card, other := s.issue(t, "AC2014"), s.issue(t, "ID2019")
		pull := s.plug(t, card)
		p := newHost(t).starts(path)
		p.logsIn(trial.PIN)
		pull()
		defer s.plug(t, other)()
		p.does("sign", deviceRemoved)
		p.logsIn(trial.PIN)
		left(t, other, 3)
	})
	t.Run("started without a card", func(t *testing.T) {
		p := newHost(t).starts(path)
		if n := p.does("slots", ok); n != 0 {
			t.Errorf("%d cards", n)
		}
		defer s.plug(t, s.issue(t, "AC2014"))()
		if n := p.does("slots", ok); n != 1 {
			t.Errorf("%d cards", n)
		}
		p.logsIn(trial.PIN)
	})
	t.Run("the reader gone and back", func(t *testing.T) {
		card := s.issue(t, "AC2014")
		pull := s.plug(t, card)
		p := newHost(t).starts(path)
		p.logsIn(trial.PIN)
		pull()
		s.stack.StopService(t)
		p.does("sign", deviceRemoved, sessionInvalid, tokenNotPresent)
		if n := p.does("slots", ok); n != 0 {
			t.Errorf("%d cards", n)
		}
		s.stack.StartService(t)
		defer s.plug(t, card)()
		p.logsIn(trial.PIN)
		left(t, card, 3)
	})
}

// TestOtherPrograms has other programs, and persons who do not know the PIN, use the card of a host that holds the
// library.
func TestOtherPrograms(t *testing.T) {
	s, path := newStage(t), compiled(t, t.TempDir(), "host", "testdata/host.c")
	t.Run("wrong PIN four times", func(t *testing.T) {
		card := s.issue(t, "AC2014")
		defer s.plug(t, card)()
		p := newHost(t).starts(path)
		p.does("open", ok)
		p.does("login 00000", pinIncorrect)
		p.does("login 00001", pinIncorrect, pinLocked) // browsers ask again in silence: one try is left
		p.does("login 00002", pinLocked)
		p.does("login 00003", pinLocked)
		p.does("login "+trial.PIN, pinLocked)
		left(t, card, 1)
	})
	t.Run("two programs at once", func(t *testing.T) {
		card := s.issue(t, "OT2016")
		defer s.plug(t, card)()
		h := newHost(t)
		a, b := h.starts(path), h.starts(path)
		a.logsIn(trial.PIN)
		b.logsIn(trial.PIN)
		for range 5 {
			a.does("sign", ok)
			b.does("sign", ok)
		}
		left(t, card, 3)
	})
	t.Run("a renewal meanwhile", func(t *testing.T) {
		card := s.issue(t, "AC2014")
		defer s.plug(t, card)()
		h := newHost(t)
		p := h.starts(path)
		if n := p.logsIn(trial.PIN); n != 1 {
			t.Errorf("%d keys before", n)
		}
		reader, err := pcsc.Open(s.stack.Readers[0])
		check(t, err)
		s.renew(t, &renewal.Renewal{Card: reader,
			Journal: cardfile.In(filepath.Join(h.home, ".local/state/rinnova"))}, "AC2014")
		check(t, reader.Close())
		p.does("sign", deviceRemoved) // PIN and files are forgotten, as if the card had been out
		if n := p.logsIn(trial.PIN); n != 2 {
			t.Errorf("%d keys after", n)
		}
		left(t, card, 3)
	})
	t.Run("a PIN that other software changed", func(t *testing.T) {
		card := s.issue(t, "AC2014")
		defer s.plug(t, card)()
		p := newHost(t).starts(path)
		p.logsIn(trial.PIN)
		reader, err := pcsc.Open(s.stack.Readers[0])
		check(t, err)
		change := []byte{0x00, 0x24, 0x00, 0x10, 16} // CHANGE REFERENCE DATA, ISO 7816-4 §11.6.7
		for _, pin := range []string{trial.PIN, "97531"} {
			change = append(append(change, pin...), 0xFF, 0xFF, 0xFF)
		}
		answer, err := reader.Transmit(change)
		check(t, err)
		if _, sw, err := iso7816.SplitResponse(answer); err != nil || sw != 0x9000 {
			t.Fatalf("CHANGE REFERENCE DATA: %X", answer)
		}
		check(t, reader.Close())
		p.does("sign", pinIncorrect, notLoggedIn)
		left(t, card, 2)
		p.does("sign", notLoggedIn, ok) // no key is seen without a login
		left(t, card, 2)
		p.does("login 97531", ok)
		p.does("sign", ok)
		left(t, card, 3)
	})
}

// TestPulls pulls a card again and again: neither host nor helper keeps a descriptor.
func TestPulls(t *testing.T) {
	s, path := newStage(t), compiled(t, t.TempDir(), "host", "testdata/host.c")
	card := s.issue(t, "AC2014")
	p := newHost(t).starts(path)
	host, helper := 0, 0
	for i := range pulls(t) {
		pull := s.plug(t, card)
		p.logsIn(trial.PIN)
		h, d := p.does("helper", ok), p.does("descriptors", ok)
		if i == 2 { // both have what they need
			host, helper = d, h
		} else if i > 2 && (d != host || h != helper) {
			t.Fatalf("after %d pulls: host and helper have %d and %d descriptors, not %d and %d", i, d, h, host,
				helper)
		}
		pull()
	}
	left(t, card, 3)
}
