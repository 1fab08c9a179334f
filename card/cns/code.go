// SPDX-License-Identifier: EUPL-1.2

package cns

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/iso7816"
)

// CodeError is the refusal of a PIN or PUK. Tries is the number of tries left, -1 if the card does not tell; at 0 the
// code is blocked.
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

// ErrCodeFormat is the error for a code that was not sent, because the card would count it as wrong whatever its
// digits are.
var ErrCodeFormat = errors.New("the code is not of the form the card takes")

// CheckCode refuses a code that does not have the form of this model's PIN or PUK: another length, or characters
// other than digits.
func CheckCode(c cardmodel.Code, code []byte) error {
	if len(code) < c.Min || len(code) > c.Max || len(bytes.Trim(code, "0123456789")) != 0 {
		return fmt.Errorf("%w: %d to %d digits", ErrCodeFormat, c.Min, c.Max)
	}
	return nil
}

// Tries returns the number of tries left of a code, and whether it is known: the card told it last in this run. It
// sends no command, because an empty VERIFY costs a try on some cards (docs/CARDS.md §4.2).
func (s *Session) Tries(kind cardmodel.CodeKind) (int, bool) {
	n, ok := s.tries[s.Model.Code(kind).Reference]
	return n, ok
}

// verify sends VERIFY once (docs/CARDS.md §4.2). The caller has selected the MF.
func (s *Session) verify(kind cardmodel.CodeKind, code []byte) error {
	c := s.Model.Code(kind)
	if err := CheckCode(c, code); err != nil {
		return err
	}
	data := padded(c, code)
	defer clear(data)
	_, err := iso7816.Do(s.card, iso7816.Command{INS: iso7816.INSVerify, P2: s.reference(c), Data: data})
	return s.judged(kind, err)
}

// padded returns codes as the card takes them, each of its stored length.
func padded(c cardmodel.Code, codes ...[]byte) []byte {
	data := bytes.Repeat([]byte{c.Pad}, c.Stored*len(codes))
	for i, code := range codes {
		copy(data[i*c.Stored:], code)
	}
	return data
}

// reference returns P2 of the commands for a code.
func (s *Session) reference(c cardmodel.Code) byte {
	if s.Model.Backtrack.Value {
		return c.Reference | 0x80
	}
	return c.Reference
}

// judged notes the tries of a presented code by the card's answer, and returns the error to it, a *CodeError for a
// refused code.
func (s *Session) judged(kind cardmodel.CodeKind, err error) error {
	c := s.Model.Code(kind)
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

// UnlockInBlock verifies the PIN and, on 9000, keeps a copy for the later blocks of this run. Then it runs f in the
// first of them, if f is not nil. The session never sends a refused PIN again.
func (s *Session) UnlockInBlock(pin []byte, f func(*Block) error) error {
	b, err := s.BeginBlockWithPIN(pin)
	if err != nil {
		return err
	}
	return b.run(f)
}

// HasPIN reports whether the session keeps a PIN verified in this run.
func (s *Session) HasPIN() bool { return s.pin != nil }

// Unlocked reports whether the card accepted the PIN in this run and BeginBlock can present it again: the session keeps
// it, or the person types it at the reader again.
func (s *Session) Unlocked() bool { return s.pin != nil || s.typed }

// Block is a sequence of commands under a verified PIN, in one transaction.
type Block struct {
	s    *Session
	lost bool // the security status was found lost, and the PIN given again, since the last success
}

// InBlock runs f in a block of its own, between BeginBlock and End, or in the one that lingers, which lingers on after
// a success.
func (s *Session) InBlock(f func(*Block) error) error {
	if b, until := s.takeLingering(); b != nil {
		if err := f(b); err != nil {
			_ = b.End() // err is the first failure
			return err
		}
		if left := time.Until(until); left > 0 {
			s.Linger(b, left)
			return nil
		}
		return b.End()
	}
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

// BeginBlock begins a block: a transaction that reads the card's number again and presents the PIN verified in this
// run, or has the person type it at the reader again. The caller ends the block before it waits for a person at the
// program or a network. Without a verified PIN BeginBlock returns ErrLocked and sends nothing. If the card refuses a
// kept PIN, another program has changed it, and the session forgets it.
func (s *Session) BeginBlock() (*Block, error) {
	if !s.Unlocked() {
		return nil, ErrLocked
	}
	return s.open((*Block).present)
}

// BeginBlockWithPIN begins a block with a PIN that was just typed. The session keeps it on 9000.
func (s *Session) BeginBlockWithPIN(pin []byte) (*Block, error) {
	s.ForgetPIN()
	return s.open(func(*Block) error {
		err := s.presentPIN(pin, false)
		if err == nil {
			s.keepPIN(pin)
		}
		return err
	})
}

func (s *Session) open(present func(*Block) error) (*Block, error) {
	if err := s.endLingering(); err != nil {
		return nil, err
	}
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

// End ends the block and resets the card, so that other programs find it locked.
func (b *Block) End() error { return b.s.card.End(true) }

func (b *Block) present() error {
	if b.s.typed {
		return b.s.verifyAtReader(cardmodel.PIN)
	}
	err := b.s.presentPIN(b.s.pin, true)
	var refused *CodeError
	if errors.As(err, &refused) {
		b.s.ForgetPIN()
	}
	return err
}

// presentPIN sends VERIFY between BeforePIN and AfterPIN.
func (s *Session) presentPIN(pin []byte, kept bool) error {
	if s.BeforePIN != nil {
		if err := s.BeforePIN(kept); err != nil {
			s.ForgetPIN()
			return err
		}
	}
	err := s.verify(cardmodel.PIN, pin)
	if s.AfterPIN != nil {
		s.AfterPIN(err)
	}
	return err
}

// do sends a command that needs the PIN. Some cards lose the security status after SELECT: if the card answers that
// it is gone, do presents the PIN again and repeats the command, once for each loss.
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

// again runs f, and runs it a second time if the reader failed at a long command. The card may have been reset in
// between. So again first reads the card's number and presents the PIN, and counts this as the loss of the security
// status.
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
