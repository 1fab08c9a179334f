// SPDX-License-Identifier: EUPL-1.2

package cns_test

import (
	"crypto/rand"
	"errors"
	"fmt"
	"testing"

	"rinnova.example/go/card/cns"
	"rinnova.example/go/card/emulator"
	"rinnova.example/go/card/iso7816"
)

// ending answers 6B00, the end of the file, to the READ BINARY of one number, from 0; always to it and to every later
// one at that offset of that file.
type ending struct {
	*emulator.Card
	at     int
	always bool

	reads    int
	selected string
	ended    string // file and offset
	file     string
	offset   int
}

func (c *ending) Transmit(b []byte) ([]byte, error) {
	if b[1] == iso7816.INSSelect {
		c.selected = fmt.Sprintf("%X", b[5:])
	}
	if b[1] == iso7816.INSReadBinary {
		place := fmt.Sprintf("%s at %X", c.selected, b[2:4])
		c.reads++
		if c.reads-1 == c.at {
			c.ended, c.file, c.offset = place, c.selected, int(b[2])<<8|int(b[3])
		}
		if c.reads-1 == c.at || c.always && place == c.ended {
			return []byte{0x6B, 0x00}, nil
		}
	}
	return c.Card.Transmit(b)
}

// TestFalseEndOfFile: an end of file in the middle of a file is not believed. After one of them the file is read
// again. If it stays, the reader failed, and no certificate or key of the card counts as absent.
func TestFalseEndOfFile(t *testing.T) {
	card, err := emulator.Demo("OT2016", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	makePlace(t, unlocked(t, card))
	whole := open(t, card)
	count := &ending{Card: card, at: -1}
	open(t, count)
	if count.reads < 6 {
		t.Fatalf("%d commands read a file: nothing to end", count.reads)
	}
	for at := range count.reads {
		once := &ending{Card: card.Clone(), at: at}
		s, err := cns.Open(once)
		if err != nil {
			t.Errorf("one false end, %s: %v", once.ended, err)
			continue
		}
		same(t, once.ended, s, whole)
		always := &ending{Card: card.Clone(), at: at, always: true}
		s, err = cns.Open(always)
		switch {
		case always.offset > 0 && always.file == "11001102", always.file == "10001003":
			if err == nil {
				t.Errorf("%s for good: the card is taken for whole", always.ended)
			}
		case always.offset > 0 && !errors.Is(err, iso7816.ErrReader):
			t.Errorf("%s for good: %v, want the reader's failure", always.ended, err)
		case err == nil && s.Contents.Slots[0].Certificate.State == cns.FileReadable:
			same(t, always.ended+" for good", s, whole)
		}
	}
}

func same(t *testing.T, what string, got, want *cns.Session) {
	t.Helper()
	if got.IDCarta != want.IDCarta || got.Personal != want.Personal {
		t.Errorf("%s: another holder", what)
	}
	for i, slot := range want.Contents.Slots {
		if g := got.Contents.Slots[i]; g.Certificate.State != slot.Certificate.State ||
			!g.Certificate.Certificate.Equal(slot.Certificate.Certificate) {
			t.Errorf("%s: slot %d is %s, it is %s", what, i, g.Certificate.State, slot.Certificate.State)
		}
	}
}

// generous answers a READ BINARY with more than was asked for, in the two parts of a 61xx answer.
type generous struct {
	*emulator.Card
	more []byte
}

func (c *generous) Transmit(b []byte) ([]byte, error) {
	if b[1] == iso7816.INSGetResponse && c.more != nil {
		r := append(c.more, 0x90, 0x00)
		c.more = nil
		return r, nil
	}
	r, err := c.Card.Transmit(b)
	if b[1] == iso7816.INSReadBinary && len(b) == 5 && len(r) == int(b[4])+2 {
		c.more = []byte{0xDE, 0xAD, 0xBE}
		return append(r[:len(r)-2:len(r)-2], 0x61, byte(len(c.more))), err
	}
	return r, err
}

// TestMoreThanAsked: of an answer that is longer than its command asked for, the rest is left.
func TestMoreThanAsked(t *testing.T) {
	card, err := emulator.Demo("OT2016", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "more than asked", open(t, &generous{Card: card.Clone()}), open(t, card))
}
