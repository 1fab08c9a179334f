// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"rinnova.example/go/card/emulator"
	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/pcsc"
	"rinnova.example/go/card/pcsc/pcsctest"
	"rinnova.example/go/card/vpcd"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/failure"
)

// opensCard opens an emulated card of a series with an old key of 1024 bits, which OpenSC 0.23 can use.
func opensCard(t *testing.T, s *running, series string) (*emulator.Card, string) {
	t.Helper()
	file := issued(t, s, series, "--key-bits", "1024")
	card, err := emulator.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { card.Close() })
	return card, file
}

// between puts a function between program and service, which runs before each message is passed on.
func between(t *testing.T, s *running, before func(n int)) *running {
	t.Helper()
	roots, err := (&program{commands: &commands{TLSCA: filepath.Join(s.dir, "tls.pem")}}).tlsRoots()
	if err != nil {
		t.Fatal(err)
	}
	target, err := url.Parse(s.addresses["cmp"])
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	n := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n++
		before(n)
		r.Host = target.Host
		proxy.ServeHTTP(w, r)
	}))
	t.Cleanup(server.Close)
	return &running{dir: s.dir, addresses: map[string]string{"cmp": server.URL, "login": s.addresses["login"]}}
}

// inserted puts a card of this process into the first reader. The function that it returns pulls the card and waits
// until pcscd has seen that.
func inserted(t *testing.T, stack *pcsctest.Stack, card vpcd.Card) func() {
	t.Helper()
	pull := pcsctest.PlugCard(t, stack.Addrs[0], card)
	return func() {
		pull()
		waitReader(t, stack.Readers[0], false)
	}
}

var (
	selectMF   = []byte{0x00, 0xA4, 0x00, 0x0C, 0x02, 0x3F, 0x00}
	mseRestore = []byte{0x00, 0x22, 0xF3, 0x03}
	mseSet     = []byte{0x00, 0x22, 0xF1, 0xB8, 0x03, 0x83, 0x01, 0x01}
	verifyPIN  = append([]byte{0x00, 0x20, 0x00, 0x10, 0x08}, "24680\xFF\xFF\xFF"...)
	// psoDecipher is one raw RSA operation of 1024 bits.
	psoDecipher = append(append([]byte{0x00, 0x2A, 0x80, 0x86, 0x81, 0x00}, make([]byte, 127)...), 0x02, 0x00)
)

// stranger is another program: it connects, must have the card to itself within a second, and tries to
// sign with the old key. It returns the status word that it got.
func stranger(reader string, before ...[]byte) (iso7816.SW, error) {
	began := time.Now()
	c, err := pcsc.Open(reader)
	if err != nil {
		return 0, err
	}
	defer c.Close()
	if err := c.Begin(); err != nil {
		return 0, err
	}
	defer c.End(len(before) > 0)
	if waited := time.Since(began); waited > time.Second {
		return 0, fmt.Errorf("the card was to be had after %v", waited)
	}
	var sw iso7816.SW
	for _, b := range append(append([][]byte{selectMF}, before...), mseRestore, mseSet, psoDecipher) {
		r, err := c.Transmit(bytes.Clone(b))
		if err != nil {
			return 0, err
		}
		if _, sw, err = iso7816.SplitResponse(r); err != nil {
			return 0, err
		}
	}
	return sw, nil
}

// slow types for six seconds, one more than Windows lets a transaction be idle, and has a stranger try the
// card meanwhile.
type slow struct {
	reader string
	asked  []string
	err    error
}

func (p *slow) types(code string) ([]byte, error) {
	p.asked = append(p.asked, code)
	for range 3 {
		time.Sleep(2 * time.Second)
		if sw, err := stranger(p.reader); (err != nil || sw != iso7816.SWSecurity) && p.err == nil {
			p.err = fmt.Errorf("while %d codes were typed: %04X, %v", len(p.asked), uint16(sw), err)
		}
	}
	return []byte(code), nil
}

func (p *slow) PIN(context.Context, renewal.CodeRequest) ([]byte, error) { return p.types("24680") }
func (p *slow) PUK(context.Context, renewal.CodeRequest) ([]byte, error) { return p.types("13579246") }
func (p *slow) Consent(context.Context, renewal.Question) (string, error) {
	return "", renewal.ErrNoInput
}

// TestSharing: other programs use the card too. One stack serves all scenes.
func TestSharing(t *testing.T) {
	stack := pcsctest.Start(t)
	s, err := startService(filepath.Join(t.TempDir(), "service"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)

	// In the second reader a program holds the card for longer than the program waits.
	kept, _ := opensCard(t, s, "OT2015")
	pcsctest.PlugCard(t, stack.Addrs[1], kept)
	keeper, err := pcsc.Open(stack.Readers[1])
	if err == nil {
		err = keeper.Begin()
	}
	if err != nil {
		t.Fatal(err)
	}
	defer keeper.Close()
	var busy sync.WaitGroup
	busy.Go(func() {
		out, exit := citizen(t, s, "status", "--card", "pcsc:"+stack.Readers[1])
		for _, want := range []string{"Un altro programma sta usando la tessera", "browser", "programmi di firma",
			"Codice: card-busy"} {
			if exit != failure.ExitCard || !strings.Contains(out, want) {
				t.Errorf("kept by another program: exit %d, no %q in\n%s", exit, want, out)
			}
		}
	})

	t.Run("nothing is held while a person types or the service is slow",
		func(t *testing.T) { nothingHeld(t, stack, s) })

	t.Run("reset by another program between the blocks", func(t *testing.T) { resetBetweenBlocks(t, stack, s) })

	busy.Wait()
	// OpenSC connects to every reader, and waits without end for a card that another program holds.
	keeper.Close()

	for _, series := range []string{"AC2018", "OT2016", "ID2019"} {
		t.Run("OpenSC in a loop, "+series, func(t *testing.T) { openscInLoop(t, stack, s, series) })
	}
}

// nothingHeld: another program can use the card while a person types and while the service answers.
func nothingHeld(t *testing.T, stack *pcsctest.Stack, s *running) {
	card, _ := opensCard(t, s, "AC2014")
	defer inserted(t, stack, card)()
	reader := stack.Readers[0]
	if sw, err := stranger(reader, verifyPIN); err != nil || sw != iso7816.SWOK {
		t.Fatalf("with a PIN a stranger signs, or this test shows nothing: %04X %v", uint16(sw), err)
	}
	exchanges := 0
	var held sync.WaitGroup
	p, _, errOut := citizenProgram(t, between(t, s, func(n int) {
		exchanges = n
		if sw, err := stranger(reader); err != nil || sw != iso7816.SWSecurity {
			t.Errorf("exchange %d: %04X, %v", n, uint16(sw), err)
		}
		if n == 2 { // another program takes the card for a while: the run waits
			c, err := pcsc.Open(reader)
			if err == nil {
				err = c.Begin()
			}
			if err != nil {
				t.Errorf("another program's transaction: %v", err)
			}
			held.Go(func() {
				time.Sleep(2 * time.Second)
				c.End(false)
				c.Close()
			})
		}
	}))
	p.Card = "pcsc:" + reader
	o, err := p.open()
	if err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	r, err := p.renewal(o)
	if err != nil {
		t.Fatal(err)
	}
	who := &slow{reader: reader}
	r.Prompter = who
	out, err := r.Run(t.Context())
	held.Wait()
	if err != nil {
		p.fail(err)
		t.Fatalf("%v\n%s", err, errOut)
	}
	out.Session.ForgetPIN()
	if who.err != nil || len(who.asked) != 2 || exchanges < 3 {
		t.Errorf("%v; %d codes typed, %d exchanges", who.err, len(who.asked), exchanges)
	}
	if sw, err := stranger(reader); err != nil || sw != iso7816.SWSecurity {
		t.Errorf("after the run: %04X, %v", uint16(sw), err)
	}
	if card.Tries(0x10) != 3 || card.Tries(0x11) != 10 {
		t.Errorf("tries left: %d, %d", card.Tries(0x10), card.Tries(0x11))
	}
}

// resetBetweenBlocks: another program resets the card again and again while it is renewed.
func resetBetweenBlocks(t *testing.T, stack *pcsctest.Stack, s *running) {
	card, _ := opensCard(t, s, "ID2019")
	defer inserted(t, stack, card)()
	done := make(chan struct{})
	var loop sync.WaitGroup
	resets := 0
	c, err := pcsc.Open(stack.Readers[0])
	if err != nil {
		t.Fatalf("another program's connection: %v", err)
	}
	defer c.Close()
	loop.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(3 * time.Millisecond):
			}
			if err := c.Begin(); err != nil {
				t.Errorf("another program's transaction: %v", err)
				return
			}
			if err := c.End(true); err != nil {
				t.Errorf("the end of another program's transaction: %v", err)
				return
			}
			resets++
		}
	})
	exit, out := -1, ""
	for n := 0; n < 3 && exit != 0; n++ {
		out, exit = citizen(t, s, "renew", "--card", "pcsc:"+stack.Readers[0], "--pin-from", "env:PIN",
			"--puk-from", "env:PUK")
		if exit != 0 && !(exit == failure.ExitInterrupted && strings.Contains(out, "card-reset")) {
			t.Errorf("run %d: %d %s", n+1, exit, out)
		}
	}
	close(done)
	loop.Wait()
	if exit != 0 || resets < 2 || card.Tries(0x10) != 3 {
		t.Errorf("exit %d after %d resets, %d tries left: %s", exit, resets, card.Tries(0x10), out)
	}
	t.Logf("%d resets", resets)
}

// openscInLoop: OpenSC lists and tests the card in two loops while it is renewed.
func openscInLoop(t *testing.T, stack *pcsctest.Stack, s *running, series string) {
	card, file := opensCard(t, s, series)
	before := cardsOldFiles(t, card)
	card.Close() // vcns has it
	pull := plug(t, stack, file)
	done := make(chan struct{})
	var loops sync.WaitGroup
	var listed, tested int
	loops.Go(func() {
		home := t.TempDir()
		for {
			select {
			case <-done:
				return
			default:
			}
			if out, err := opensc(t, home, "pkcs15-tool", "-D"); err == nil &&
				strings.Contains(out, "X.509 Certificate [CNS0]") {
				listed++
			}
		}
	})
	loops.Go(func() {
		home := t.TempDir()
		for {
			select {
			case <-done:
				return
			default:
			}
			opensc(t, home, "pkcs11-tool", "--module", openscModule, "--login", "--pin", "24680", "--test")
			tested++
		}
	})
	exit, out := -1, ""
	for n := 0; n < 3 && exit != 0; n++ {
		out, exit = citizen(t, s, "renew", "--card", "pcsc:"+stack.Readers[0], "--pin-from", "env:PIN",
			"--puk-from", "env:PUK")
		stopped := exit == failure.ExitInterrupted && strings.Contains(out, "card-reset") ||
			exit == failure.ExitCard && strings.Contains(out, "card-busy")
		if exit != 0 && !stopped {
			t.Errorf("run %d: %d %s", n+1, exit, out)
		}
		if exit != 0 {
			t.Logf("run %d ended with %d", n+1, exit)
		}
	}
	if exit != 0 {
		t.Errorf("not renewed after three runs: %s", out)
	}
	close(done)
	loops.Wait()
	if listed == 0 || tested == 0 {
		t.Errorf("OpenSC listed the card %d times and tested it %d times", listed, tested)
	}
	t.Logf("OpenSC listed the card %d times and tested it %d times meanwhile", listed, tested)
	asBefore(t, "after")
	pull()
	card, err := emulator.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer card.Close()
	if !bytes.Equal(cardsOldFiles(t, card), before) || card.Tries(0x10) != 3 || card.Tries(0x11) != 10 {
		t.Errorf("old files or tries changed: %d, %d", card.Tries(0x10), card.Tries(0x11))
	}
}

// cardsOldFiles returns the files of the old pair on a card in this process.
func cardsOldFiles(t *testing.T, c *emulator.Card) []byte {
	t.Helper()
	var all []byte
	for _, p := range []string{"1000/1003", "1100/1101", "1100/1102"} {
		b, ok := c.File(p)
		if !ok {
			t.Fatalf("%s is absent", p)
		}
		all = append(all, b...)
	}
	return all
}

// resettable is a card that the system resets at one command of a run, inside a transaction, as Windows
// does after five idle seconds: every command fails until the next transaction.
type resettable struct {
	*emulator.Card
	at, n int
	reset bool
}

func (c *resettable) Begin() error {
	c.reset = false
	return c.Card.Begin()
}

func (c *resettable) Transmit(b []byte) ([]byte, error) {
	if c.n++; c.n == c.at {
		c.reset = true
		c.Card.PowerOff()
	}
	if c.reset {
		return nil, fmt.Errorf("reader: %w", pcsc.ErrReset)
	}
	return c.Card.Transmit(b)
}

// TestResetInsideABlock: the run stops with a code of its own, and the next one finishes.
func TestResetInsideABlock(t *testing.T) {
	s, err := startService(filepath.Join(t.TempDir(), "service"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	tried := 0
	for at := 1; ; at += 9 {
		emulated, _ := opensCard(t, s, "OT2016")
		before := cardsOldFiles(t, emulated)
		card := &resettable{Card: emulated, at: at}
		exit, text := renewed(t, s, card, codesOf{})
		if card.n < at {
			if exit != 0 {
				t.Fatalf("%d %s", exit, text)
			}
			break
		}
		tried++
		if exit != failure.ExitInterrupted || !strings.Contains(text, "Codice: card-reset") {
			t.Errorf("command %d: %d %s", at, exit, text)
		}
		card.at = 0
		if exit, text = renewed(t, s, card, codesOf{}); exit != 0 {
			t.Errorf("command %d, second run: %d %s", at, exit, text)
		}
		if !bytes.Equal(cardsOldFiles(t, emulated), before) || emulated.Tries(0x10) != 3 {
			t.Errorf("command %d: old files or tries changed", at)
		}
		emulated.Close()
	}
	if tried < 10 {
		t.Errorf("only %d commands tried", tried)
	}
}

// codesOf types the right codes, each time.
type codesOf struct{}

func (codesOf) PIN(context.Context, renewal.CodeRequest) ([]byte, error) { return []byte("24680"), nil }
func (codesOf) PUK(context.Context, renewal.CodeRequest) ([]byte, error) {
	return []byte("13579246"), nil
}
func (codesOf) Consent(context.Context, renewal.Question) (string, error) {
	return "", renewal.ErrNoInput
}
