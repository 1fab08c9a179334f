// SPDX-License-Identifier: EUPL-1.2

package cns_test

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/cns"
	"rinnova.example/go/card/emulator"
	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/pinpad"
)

// keypad is the keypad of a reader, at the driver's end: for each VERIFY it takes the next of the codes that a person
// types, puts it behind the header of the structure (19 bytes) and of the command (5), and sends the command.
type keypad struct {
	card  iso7816.Card
	typed []string
	asked int
}

func (k *keypad) control(_ uint32, structure []byte) ([]byte, error) {
	k.asked++
	if len(k.typed) == 0 {
		return []byte{0x64, 0x00}, nil
	}
	command := structure[19:]
	copy(command[5:], k.typed[0])
	k.typed = k.typed[1:]
	return k.card.Transmit(command)
}

// atKeypad opens a session on a card in a reader with a keypad.
func atKeypad(t *testing.T, typed ...string) (*cns.Session, *keypad, *emulator.Card) {
	t.Helper()
	card, err := emulator.Demo("OT2015", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	k := &keypad{card: card, typed: typed}
	pad, err := pinpad.New([]byte{0x06, 4, 0, 0, 0, 6}, k.control)
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, card)
	s.AtReader.Pinpad = pad
	return s, k, card
}

// sign signs with the old key in a block of the session.
func sign(t *testing.T, s *cns.Session) error {
	t.Helper()
	old := s.Contents.Slots[0]
	digest := sha256.Sum256([]byte("a message"))
	_, err := s.Signer(old.Location.Key, old.Certificate.Certificate.PublicKey.(*rsa.PublicKey)).Sign(nil, digest[:],
		crypto.SHA256)
	return err
}

// TestAtReader: a PIN typed at the reader opens one block, and each further block asks again. A session without an
// accepted PIN asks nothing.
func TestAtReader(t *testing.T) {
	s, k, card := atKeypad(t, "99999", emulator.DemoPIN, emulator.DemoPIN)
	if err := sign(t, s); !errors.Is(err, cns.ErrLocked) || k.asked != 0 {
		t.Errorf("before a PIN: %v, asked %d times", err, k.asked)
	}
	var refused *cns.CodeError
	if _, err := s.BeginBlockAtReader(); !errors.As(err, &refused) || refused.Tries != 2 || s.Unlocked() {
		t.Errorf("a wrong PIN: %v, unlocked %t", err, s.Unlocked())
	}
	b, err := s.BeginBlockAtReader()
	if err != nil || !s.Unlocked() || s.HasPIN() {
		t.Fatalf("the right PIN: %v, unlocked %t, kept %t", err, s.Unlocked(), s.HasPIN())
	}
	if err := b.End(); err != nil {
		t.Fatal(err)
	}
	if err := sign(t, s); err != nil || k.asked != 3 {
		t.Errorf("a signature: %v, asked %d times", err, k.asked)
	}
	if err := sign(t, s); !errors.Is(err, pinpad.ErrTimeout) || !s.Unlocked() || card.Tries(0x10) != 3 {
		t.Errorf("no PIN typed: %v, %d tries", err, card.Tries(0x10))
	}
	s.ForgetPIN()
	if err := sign(t, s); !errors.Is(err, cns.ErrLocked) || k.asked != 4 {
		t.Errorf("after ForgetPIN: %v, asked %d times", err, k.asked)
	}
}

// TestAtReaderHooks: Before can refuse, and After gets each answer.
func TestAtReaderHooks(t *testing.T) {
	s, k, _ := atKeypad(t, "99999", emulator.DemoPIN)
	stop := errors.New("stop")
	var heard []error
	s.AtReader.Before = func(kind cardmodel.CodeKind) error {
		if kind != cardmodel.PIN {
			t.Errorf("asked for %v", kind)
		}
		return stop
	}
	s.AtReader.After = func(_ cardmodel.CodeKind, err error) { heard = append(heard, err) }
	if _, err := s.BeginBlockAtReader(); !errors.Is(err, stop) || k.asked != 0 || heard != nil {
		t.Errorf("refused before: %v, asked %d times, %v", err, k.asked, heard)
	}
	s.AtReader.Before = nil
	for range 3 {
		if b, err := s.BeginBlockAtReader(); err == nil {
			_ = b.End()
		}
	}
	var refused *cns.CodeError
	if len(heard) != 3 || !errors.As(heard[0], &refused) || heard[1] != nil ||
		!errors.Is(heard[2], pinpad.ErrTimeout) {
		t.Errorf("after: %v", heard)
	}
	if err := s.ChangePINAtReader(); !errors.Is(err, cns.ErrNoPinpad) {
		t.Errorf("a reader that only verifies: %v", err)
	}
}

// TestLinger: a block that lingers serves signatures until its time, which they do not extend, and ends with a reset
// of the card.
func TestLinger(t *testing.T) {
	const short = 300 * time.Millisecond
	s, k, _ := atKeypad(t, emulator.DemoPIN, emulator.DemoPIN, emulator.DemoPIN)
	begin := func() {
		t.Helper()
		b, err := s.BeginBlockAtReader()
		if err != nil {
			t.Fatal(err)
		}
		s.Linger(b, short)
	}
	begin()
	for range 2 {
		if err := sign(t, s); err != nil || k.asked != 1 {
			t.Errorf("within the time: %v, asked %d times", err, k.asked)
		}
	}
	time.Sleep(2 * short)
	if err := sign(t, s); err != nil || k.asked != 2 {
		t.Errorf("after the time: %v, asked %d times", err, k.asked)
	}
	begin()
	if _, err := s.ReadContents(); err != nil {
		t.Errorf("reading the card: %v", err)
	}
	if err := sign(t, s); !errors.Is(err, pinpad.ErrTimeout) || k.asked != 4 {
		t.Errorf("after another use of the card: %v, asked %d times", err, k.asked)
	}
}
