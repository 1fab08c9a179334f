// SPDX-License-Identifier: EUPL-1.2

package cns

import (
	"bytes"
	"errors"
	"fmt"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/iso7816"
)

// CodeError says that a PIN or PUK was not accepted. Tries is how many are left, -1 where the card does
// not say; at 0 the code is blocked.
type CodeError struct {
	Code  cardmodel.CodeKind
	Tries int
}

func (e *CodeError) Error() string {
	switch e.Tries {
	case -1:
		return fmt.Sprintf("%s refused", e.Code)
	case 0:
		return fmt.Sprintf("%s blocked", e.Code)
	}
	return fmt.Sprintf("%s refused, %d tries left", e.Code, e.Tries)
}

// ErrCodeFormat: a code that the card would count as wrong whatever its digits; it was not sent.
var ErrCodeFormat = errors.New("the code is not of the form the card takes")

// CheckCode refuses what is no PIN or PUK of this model by its form: wrong length, not only digits.
func CheckCode(c cardmodel.Code, code []byte) error {
	if len(code) < c.Min || len(code) > c.Max || len(bytes.Trim(code, "0123456789")) != 0 {
		return fmt.Errorf("%w: %d to %d digits", ErrCodeFormat, c.Min, c.Max)
	}
	return nil
}

// Tries returns how many tries of a code are left as the card said last in this run, and whether it said so. No command
// is sent: an empty VERIFY costs a try on some cards (docs/CARDS.md §4.2).
func (s *Session) Tries(kind cardmodel.CodeKind) (int, bool) {
	n, ok := s.tries[s.Model.Code(kind).Reference]
	return n, ok
}

// verify sends VERIFY once, with the MF selected by the caller (docs/CARDS.md §4.2).
func (s *Session) verify(kind cardmodel.CodeKind, code []byte) error {
	c := s.Model.Code(kind)
	if err := CheckCode(c, code); err != nil {
		return err
	}
	data := bytes.Repeat([]byte{c.Pad}, c.Stored)
	copy(data, code)
	defer clear(data)
	p2 := c.Reference
	if s.Model.Backtrack.Value {
		p2 |= 0x80
	}
	_, err := iso7816.Do(s.card, iso7816.Command{INS: iso7816.INSVerify, P2: p2, Data: data})
	var sw iso7816.SW
	if !errors.As(err, &sw) {
		if err == nil {
			delete(s.tries, c.Reference)
		}
		return err
	}
	if n, ok := sw.Tries(); ok {
		s.tries[c.Reference] = n
		return &CodeError{kind, n}
	}
	switch sw {
	case iso7816.SWAuthFailed:
		return &CodeError{kind, -1}
	case iso7816.SWBlocked:
		s.tries[c.Reference] = 0
		return &CodeError{kind, 0}
	case iso7816.SWUnusable, iso7816.SWObjectNotFound:
		if kind == cardmodel.PIN {
			return fmt.Errorf("%w: %w", ErrNotActivated, sw)
		}
	}
	return sw
}

// UnlockInBlock verifies the PIN and, on 9000, keeps a copy for the blocks that follow in this run; then it runs f,
// nil for nothing, as the first of them. A PIN that was refused is never sent again by the session.
func (s *Session) UnlockInBlock(pin []byte, f func(*Block) error) error {
	b, err := s.BeginBlockWithPIN(pin)
	if err != nil {
		return err
	}
	return b.run(f)
}

// HasPIN says whether a PIN verified in this run is kept.
func (s *Session) HasPIN() bool { return s.pin != nil }

// Block is a stretch of commands under a verified PIN, inside one transaction.
type Block struct {
	s    *Session
	lost bool // the security status was found lost, and the PIN given again, since the last success
}

// InBlock runs f in a block of its own, as Open begins it and Close ends it.
func (s *Session) InBlock(f func(*Block) error) error {
	b, err := s.BeginBlock()
	if err != nil {
		return err
	}
	return b.run(f)
}

func (b *Block) run(f func(*Block) error) error {
	var err error
	if f != nil {
		err = f(b)
	}
	if end := b.End(); err == nil {
		err = end
	}
	return err
}

// BeginBlock begins a block: a transaction in which the card's number is read again and the PIN verified in this
// run is presented. The caller closes it before anybody waits for a person or a network. Without a verified
// PIN it returns ErrLocked and sends nothing. A refusal of the PIN, which can only mean that it was changed
// meanwhile, makes the session forget it.
func (s *Session) BeginBlock() (*Block, error) {
	if s.pin == nil {
		return nil, ErrLocked
	}
	return s.open((*Block).present)
}

// BeginBlockWithPIN begins a block with a PIN just typed, which the session keeps on 9000.
func (s *Session) BeginBlockWithPIN(pin []byte) (*Block, error) {
	s.ForgetPIN()
	return s.open(func(*Block) error {
		err := s.verify(cardmodel.PIN, pin)
		if err == nil {
			s.keepPIN(pin)
		}
		return err
	})
}

func (s *Session) open(present func(*Block) error) (*Block, error) {
	if err := s.card.Begin(); err != nil {
		return nil, err
	}
	b := &Block{s: s}
	err := s.sameCard()
	if err == nil {
		err = s.selectFile(nil)
	}
	if err == nil {
		err = present(b)
	}
	if err != nil {
		_ = s.card.End(true) // err says why the block did not begin
		return nil, err
	}
	return b, nil
}

// End ends the block: the card is reset, so that no other program finds it unlocked.
func (b *Block) End() error { return b.s.card.End(true) }

func (b *Block) present() error {
	err := b.s.verify(cardmodel.PIN, b.s.pin)
	var refused *CodeError
	if errors.As(err, &refused) {
		b.s.ForgetPIN()
	}
	return err
}

// do sends a command that needs the PIN. Where the card says that the security status is gone, as some
// cards do after SELECT, the PIN is presented once more and the command repeated; once for each loss.
func (b *Block) do(c iso7816.Command) ([]byte, error) {
	data, err := b.s.send(c)
	if errors.Is(err, iso7816.SWSecurity) && !b.lost {
		b.lost = true
		if err := b.present(); err != nil {
			return nil, err
		}
		data, err = b.s.send(c)
	}
	if err == nil {
		b.lost = false
	}
	return data, err
}

// again runs f, and once more where the reader failed at a long command of it. The card may have been reset: its
// number is read first, and the PIN presented, which counts as the loss of the security status.
func (b *Block) again(f func() error) error {
	err := f()
	if !errors.Is(err, iso7816.ErrRepeat) || b.lost {
		return err
	}
	b.lost = true
	err = b.s.sameCard()
	if err == nil {
		err = b.s.selectFile(nil)
	}
	if err == nil {
		err = b.present()
	}
	if err != nil {
		return err
	}
	return f()
}
