// SPDX-License-Identifier: EUPL-1.2

package pcsc_test

import (
	"bytes"
	"errors"
	"sync"
	"testing"
	"time"

	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/pcsc"
	"rinnova.example/go/card/pcsc/pcsctest"
)

var (
	atrT1 = []byte{0x3B, 0x80, 0x01, 0x81} // T=1 only; TCK = 80 xor 01
	atrT0 = []byte{0x3B, 0x02, 0x14, 0x50} // T=0 only
)

// card answers few commands, has one verified state, and keeps the commands that reached it.
type card struct {
	atr   []byte
	warm  []byte        // the answer to a reset without power off before it; nil: atr
	begun chan struct{} // nil, or receives at each command; then none is answered
	end   chan struct{}

	mu       sync.Mutex
	verified bool
	powered  bool
	isWarm   bool
	got      [][]byte
}

func (c *card) ATR() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isWarm && c.warm != nil {
		return c.warm
	}
	return c.atr
}

func (c *card) PowerOff() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.verified, c.powered = false, false
}

func (c *card) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.verified, c.isWarm, c.powered = false, c.powered, true
}

func (c *card) Transmit(b []byte) ([]byte, error) {
	if c.begun != nil {
		c.begun <- struct{}{}
		<-c.end
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got = append(c.got, bytes.Clone(b))
	switch b[1] {
	case 0x20: // VERIFY: always right
		c.verified = true
	case 0xCA: // GET DATA, for the verified only
		if !c.verified {
			return []byte{0x69, 0x82}, nil
		}
	case 0xB0: // READ BINARY: as many bytes as Le says
		cmd, err := iso7816.ParseCommand(b)
		if err != nil {
			return []byte{0x67, 0x00}, nil
		}
		return append(pattern(cmd.Ne), 0x90, 0x00), nil
	}
	return []byte{0x90, 0x00}, nil
}

func (c *card) last() []byte {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.got) == 0 {
		return nil
	}
	return c.got[len(c.got)-1]
}

func (c *card) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got = nil
}

func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i) ^ byte(i>>8)
	}
	return b
}

var (
	verify  = []byte{0x00, 0x20, 0x00, 0x10, 0x01, 0x31}
	getData = []byte{0x00, 0xCA, 0x00, 0x00}
)

func open(t *testing.T, reader string) *pcsc.Connection {
	t.Helper()
	return openFor(t, reader, 5*time.Second)
}

func openFor(t *testing.T, reader string, wait time.Duration) *pcsc.Connection {
	t.Helper()
	c, err := pcsc.OpenFor(reader, wait)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func expect(t *testing.T, c *pcsc.Connection, command []byte, want ...byte) {
	t.Helper()
	got, err := c.Transmit(command)
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%X: %X, %v, want %X", command, got, err, want)
	}
}

func failsWith(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error %v, want %q", err, want)
	}
}

func TestReaders(t *testing.T) {
	s := pcsctest.Start(t)
	list, err := pcsc.Readers()
	ok(t, err)
	for i, r := range list {
		if r.Name != s.Readers[i] || r.Index != i || r.Present || r.ATR != nil || r.Mute || r.InUse || r.Exclusive {
			t.Errorf("empty reader %d: %+v", i, r)
		}
	}
	_, err = pcsc.Open("1")
	failsWith(t, err, pcsc.ErrNoCard)
	_, err = pcsc.Open("2")
	failsWith(t, err, pcsc.ErrNoReader)
	_, err = pcsc.Open("Virtual PCD 00 02")
	failsWith(t, err, pcsc.ErrNoReader)

	pcsctest.PlugCard(t, s.Addrs[1], &card{atr: atrT1})
	state := func() pcsc.Reader {
		list, err := pcsc.Readers()
		ok(t, err)
		if len(list) != 2 || list[0].Present {
			t.Fatalf("%+v", list)
		}
		return list[1]
	}
	if r := state(); !r.Present || !bytes.Equal(r.ATR, atrT1) || r.Mute || r.InUse || r.Exclusive {
		t.Errorf("reader with a card: %+v", r)
	}
	for _, text := range []string{"1", s.Readers[1]} {
		c := open(t, text)
		if r := state(); !r.InUse || r.Exclusive {
			t.Errorf("reader in use: %+v", r)
		}
		if c.Reader() != s.Readers[1] || !bytes.Equal(c.ATR(), atrT1) {
			t.Errorf("%q is %q, ATR %X", text, c.Reader(), c.ATR())
		}
		ok(t, c.Close())
		ok(t, c.Close())
		if _, err := c.Transmit(getData); err == nil {
			t.Error("a closed connection transmits")
		}
	}
	end, err := pcsc.Exclusive(s.Readers[1])
	ok(t, err)
	defer end()
	if r := state(); !r.Exclusive {
		t.Errorf("reader in exclusive use: %+v", r)
	}
	_, err = pcsc.Open("1")
	failsWith(t, err, pcsc.ErrBusy)
}

func TestMuteCard(t *testing.T) {
	s := pcsctest.Start(t)
	pcsctest.PlugCard(t, s.Addrs[0], &card{atr: make([]byte, 40)}) // no answer to reset is that long
	list, err := pcsc.Readers()
	ok(t, err)
	if !list[0].Present || !list[0].Mute {
		t.Errorf("a card without an answer to reset: %+v", list[0])
	}
	_, err = pcsc.Open("0")
	failsWith(t, err, pcsc.ErrMute)
}

func TestTransmit(t *testing.T) {
	s := pcsctest.Start(t)
	chip := &card{atr: atrT1}
	pcsctest.PlugCard(t, s.Addrs[0], chip)
	c := open(t, "0")
	for _, cmd := range []iso7816.Command{
		{INS: 0xA4},
		{INS: 0xA4, Data: []byte{0x3F, 0x00}},
		{INS: 0xA4, Data: []byte{0x3F, 0x00}, Ne: 256},
		{INS: 0xD6, Data: pattern(255)},
		{INS: 0xD6, Data: pattern(256)},
		{INS: 0xD6, Data: pattern(65528)}, // with 7 bytes before it the driver's largest message
		{INS: 0xB0, Ne: 1},
		{INS: 0xB0, Ne: 256},
		{INS: 0xB0, Ne: 257},
		{INS: 0xB0, Ne: 65533}, // with the status word the driver's largest message
	} {
		b, err := cmd.Bytes()
		ok(t, err)
		sent := bytes.Clone(b)
		want := []byte{0x90, 0x00}
		if cmd.INS == 0xB0 {
			want = append(pattern(cmd.Ne), want...)
		}
		got, err := c.Transmit(b)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%X with %d bytes, Ne %d: %d bytes, %v", cmd.INS, len(cmd.Data), cmd.Ne, len(got), err)
		}
		if !bytes.Equal(chip.last(), sent) || !bytes.Equal(b, sent) {
			t.Errorf("%X with %d bytes, Ne %d: another command reached the card", cmd.INS, len(cmd.Data), cmd.Ne)
		}
	}
	for _, b := range [][]byte{nil, {}, {0, 0xA4, 0}, make([]byte, 65545)} {
		_, err := c.Transmit(b)
		failsWith(t, err, iso7816.ErrCommand)
	}
}

func TestTransmitT0(t *testing.T) {
	s := pcsctest.Start(t)
	chip := &card{atr: atrT0}
	pcsctest.PlugCard(t, s.Addrs[0], chip)
	c := open(t, "0")
	expect(t, c, []byte{0x00, 0xA4, 0x00, 0x00, 0x02, 0x3F, 0x00, 0x00}, 0x90, 0x00)
	if got := chip.last(); !bytes.Equal(got, []byte{0x00, 0xA4, 0x00, 0x00, 0x02, 0x3F, 0x00}) {
		t.Errorf("a case 4 command reached the card as %X", got)
	}
	expect(t, c, []byte{0x00, 0x44, 0x00, 0x00}, 0x90, 0x00)
	if got := chip.last(); !bytes.Equal(got, []byte{0x00, 0x44, 0x00, 0x00, 0x00}) {
		t.Errorf("a case 1 command reached the card as %X", got)
	}
}
