// SPDX-License-Identifier: EUPL-1.2

package pcsc_test

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/pcsc"
	"rinnova.example/go/card/pcsc/pcsctest"
)

// later runs a call beside the test.
func later(f func() error) <-chan error {
	done := make(chan error, 1)
	go func() { done <- f() }()
	return done
}

func notYet(t *testing.T, done <-chan error) {
	t.Helper()
	select {
	case err := <-done:
		t.Fatalf("it did not wait: %v", err)
	case <-time.After(300 * time.Millisecond):
	}
}

func TestTransactionKeepsOthersOut(t *testing.T) {
	s := pcsctest.Start(t)
	pcsctest.PlugCard(t, s.Addrs[0], &card{atr: atrT1})
	a, b := open(t, "0"), open(t, "0")
	ok(t, a.Begin())
	beginning := later(b.Begin)
	var third *pcsc.Connection
	opening := later(func() (err error) {
		third, err = pcsc.Open("0")
		return err
	})
	notYet(t, beginning)
	notYet(t, opening)
	expect(t, a, verify, 0x90, 0x00)
	ok(t, a.End(false))
	ok(t, <-beginning)
	expect(t, b, getData, 0x90, 0x00) // left, not reset: a verified code belongs to the card
	ok(t, b.End(false))
	ok(t, <-opening)
	ok(t, third.Close())
}

func TestBusy(t *testing.T) {
	s := pcsctest.Start(t)
	pcsctest.PlugCard(t, s.Addrs[0], &card{atr: atrT1})
	a := open(t, "0")
	b, c := openFor(t, "0", 200*time.Millisecond), openFor(t, "0", 200*time.Millisecond)
	ok(t, a.Begin())
	failsWith(t, b.Begin(), pcsc.ErrBusy)
	_, err := b.Transmit(getData) // the first wait still has the connection
	failsWith(t, err, pcsc.ErrBusy)
	failsWith(t, c.Begin(), pcsc.ErrBusy)
	ok(t, c.Close()) // does not wait either
	_, err = pcsc.OpenFor("0", 200*time.Millisecond)
	failsWith(t, err, pcsc.ErrBusy)

	// An abandoned Begin ends its transaction when it gets one; otherwise the last of these would hang.
	ok(t, a.End(false))
	ok(t, retry(b.Begin))
	expect(t, b, getData, 0x69, 0x82)
	ok(t, b.End(false))
	d := open(t, "0")
	ok(t, d.Begin())
	expect(t, d, getData, 0x69, 0x82)
	ok(t, d.End(false))
	err = retry(func() error {
		_, err := c.Transmit(getData)
		return err
	})
	if err == nil || errors.Is(err, pcsc.ErrBusy) {
		t.Errorf("the connection closed while it waited: %v", err)
	}
}

// retry repeats a call that is refused as busy, as a person does.
func retry(f func() error) (err error) {
	for range 25 {
		if err = f(); !errors.Is(err, pcsc.ErrBusy) {
			break
		}
	}
	return err
}

func TestReset(t *testing.T) {
	s := pcsctest.Start(t)
	pcsctest.PlugCard(t, s.Addrs[0], &card{atr: atrT1})
	a, b := open(t, "0"), open(t, "0")
	ok(t, a.Begin())
	expect(t, a, verify, 0x90, 0x00)
	expect(t, a, getData, 0x90, 0x00)
	ok(t, a.End(true))

	// The other programs are told, at every command until they begin again.
	for range 2 {
		_, err := b.Transmit(getData)
		failsWith(t, err, pcsc.ErrReset)
		if errors.Is(err, iso7816.ErrCardGone) {
			t.Fatalf("a reset card is not gone: %v", err)
		}
	}
	ok(t, b.Begin())
	expect(t, b, getData, 0x69, 0x82)
	ok(t, b.End(false))

	// The connection that asked for the reset goes on, with and without a transaction.
	expect(t, a, getData, 0x69, 0x82)
	ok(t, a.Begin())
	expect(t, a, verify, 0x90, 0x00)
	ok(t, a.End(true))
	ok(t, a.Begin())
	expect(t, a, getData, 0x69, 0x82)
	ok(t, a.End(false))

	// A reset by another after our own: told again.
	ok(t, b.Begin())
	ok(t, b.End(true))
	_, err := a.Transmit(getData)
	failsWith(t, err, pcsc.ErrReset)
}

// TestWarmReset resets a card that answers a warm reset with other bytes than the cold one: it is the same card, for
// the connection that reset it and for another, and both keep the first answer. A card that was pulled and put back
// meanwhile is another.
func TestWarmReset(t *testing.T) {
	s := pcsctest.Start(t)
	warm := []byte{0x3B, 0x81, 0x01, 0x57, 0xD7} // T=1; TCK = 81 xor 01 xor 57
	chip := &card{atr: atrT1, warm: warm}
	pull := pcsctest.PlugCard(t, s.Addrs[0], chip)
	a, b := open(t, "0"), open(t, "0")
	for range 2 {
		ok(t, a.Begin())
		expect(t, a, verify, 0x90, 0x00)
		ok(t, a.End(true))
		if list, err := pcsc.Readers(); err != nil || !bytes.Equal(list[0].ATR, warm) {
			t.Fatalf("the reader tells %+v, %v: this test shows nothing", list, err)
		}
		expect(t, a, getData, 0x69, 0x82)
		ok(t, b.Begin())
		expect(t, b, getData, 0x69, 0x82)
		ok(t, b.End(false))
	}
	if !bytes.Equal(a.ATR(), atrT1) || !bytes.Equal(b.ATR(), atrT1) {
		t.Errorf("answers to reset %X and %X, want the cold one", a.ATR(), b.ATR())
	}
	ok(t, a.Begin())
	ok(t, a.End(true))
	pull()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		if list, err := pcsc.Readers(); err == nil && !list[0].Present {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the reader does not tell that the card was pulled")
		}
	}
	pcsctest.PlugCard(t, s.Addrs[0], chip)
	failsWith(t, a.Begin(), iso7816.ErrCardGone)
}

func TestCardPulled(t *testing.T) {
	s := pcsctest.Start(t)
	pull := pcsctest.PlugCard(t, s.Addrs[0], &card{atr: atrT1})
	a, b := open(t, "0"), open(t, "0")
	ok(t, a.Begin())
	expect(t, a, verify, 0x90, 0x00)
	pull()
	_, err := a.Transmit(getData)
	failsWith(t, err, iso7816.ErrCardGone)

	// A card put in afterwards is another card: the old connections stay dead and lock no other out.
	pcsctest.PlugCard(t, s.Addrs[0], &card{atr: atrT1})
	c := open(t, "0")
	ok(t, c.Begin())
	expect(t, c, getData, 0x69, 0x82)
	ok(t, c.End(true)) // pcscd now takes b's card for a reset one
	failsWith(t, b.Begin(), iso7816.ErrCardGone)
	for name, dead := range map[string]*pcsc.Connection{"a": a, "b": b} {
		if _, err := dead.Transmit(getData); !errors.Is(err, iso7816.ErrCardGone) {
			t.Errorf("%s: Transmit: %v", name, err)
		}
		if err := dead.Begin(); !errors.Is(err, iso7816.ErrCardGone) {
			t.Errorf("%s: Begin: %v", name, err)
		}
		if err := dead.End(true); !errors.Is(err, iso7816.ErrCardGone) {
			t.Errorf("%s: End: %v", name, err)
		}
		if !bytes.Equal(dead.ATR(), atrT1) {
			t.Errorf("%s: ATR %X", name, dead.ATR())
		}
	}
}

func TestCardPulledDuringACommand(t *testing.T) {
	s := pcsctest.Start(t)
	chip := &card{atr: atrT1}
	chip.begun, chip.end = make(chan struct{}), make(chan struct{})
	pull := pcsctest.PlugCard(t, s.Addrs[0], chip)
	c := open(t, "0")
	ok(t, c.Begin())
	sent := later(func() error {
		_, err := c.Transmit(getData)
		return err
	})
	<-chip.begun
	go close(chip.end) // or pull would wait for the answer
	pull()
	if err := <-sent; err != nil { // the answer may have been quicker
		failsWith(t, err, iso7816.ErrCardGone)
	}
	failsWith(t, c.End(true), iso7816.ErrCardGone)
}

func TestServiceStopped(t *testing.T) {
	s := pcsctest.Start(t)
	pcsctest.PlugCard(t, s.Addrs[0], &card{atr: atrT1})
	a, b := open(t, "0"), open(t, "0")
	ok(t, a.Begin())
	s.StopService(t)
	_, err := a.Transmit(getData)
	failsWith(t, err, iso7816.ErrCardGone)
	failsWith(t, err, pcsc.ErrNoService)
	_, err = pcsc.Readers()
	failsWith(t, err, pcsc.ErrNoService)
	_, err = pcsc.Open("0")
	failsWith(t, err, pcsc.ErrNoService)

	s.StartService(t)
	pcsctest.PlugCard(t, s.Addrs[0], &card{atr: atrT1})
	failsWith(t, b.Begin(), iso7816.ErrCardGone)
	c := open(t, "0")
	ok(t, c.Begin())
	expect(t, c, verify, 0x90, 0x00)
	ok(t, c.End(true))
}
