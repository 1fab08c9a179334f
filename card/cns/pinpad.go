// SPDX-License-Identifier: EUPL-1.2

package cns

import (
	"errors"
	"time"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/pinpad"
)

// ErrNoPinpad is the error for a code that cannot be typed at the session's reader. Nothing was sent.
var ErrNoPinpad = errors.New("the code cannot be typed at the reader")

// AtReader has the codes typed at the keypad of the reader. Its hooks, where set, are called around each of them, in
// the card's transaction. The error of Before ends the attempt with no code asked. After gets nil, a *CodeError, an
// error of package pinpad, after which no try is spent, or an error after which the answer is not known.
type AtReader struct {
	Pinpad *pinpad.Pinpad // nil for a reader without a keypad
	Before func(cardmodel.CodeKind) error
	After  func(cardmodel.CodeKind, error)
}

// VerifiesAtReader reports whether a code can be typed at the reader for VERIFY.
func (s *Session) VerifiesAtReader(kind cardmodel.CodeKind) bool {
	return s.AtReader.Pinpad.Verifies(entry(s.Model.Code(kind)))
}

// ReplacesAtReader reports whether the PIN can be replaced at the reader, by a code of a kind and the new PIN. The
// reader is told one range of digits for both.
func (s *Session) ReplacesAtReader(kind cardmodel.CodeKind) bool {
	return s.AtReader.Pinpad.Modifies(s.both(kind))
}

func entry(c cardmodel.Code) pinpad.Entry {
	return pinpad.Entry{Min: c.Min, Max: c.Max, Stored: c.Stored}
}

func (s *Session) both(kind cardmodel.CodeKind) pinpad.Entry {
	pin, code := s.Model.PIN.Value, s.Model.Code(kind)
	return pinpad.Entry{Min: min(pin.Min, code.Min), Max: max(pin.Max, code.Max), Stored: pin.Stored}
}

// BeginBlockAtReader begins a block with a PIN that the person types at the reader. On 9000 the session is unlocked
// for later blocks too, in each of which the person types again.
func (s *Session) BeginBlockAtReader() (*Block, error) {
	s.ForgetPIN()
	return s.open(func(*Block) error {
		err := s.verifyAtReader(cardmodel.PIN)
		s.typed = err == nil
		return err
	})
}

// CreateWithPUKAtReader is CreateWithPUK with a PUK that the person types at the reader.
func (s *Session) CreateWithPUKAtReader(d cardmodel.DF) error {
	return s.createWithPUK(d, func() error { return s.verifyAtReader(cardmodel.PUK) })
}

// ChangePINAtReader is ChangePIN with both codes typed at the reader, the new one twice. Errors of package pinpad mean
// that nothing was sent.
func (s *Session) ChangePINAtReader() error {
	return s.replaceAtReader(cardmodel.PIN, iso7816.INSChangeReferenceData, s.Model.ChangePIN)
}

// UnblockPINAtReader is UnblockPIN with PUK and PIN typed at the reader, the PIN twice. Errors of package pinpad mean
// that nothing was sent.
func (s *Session) UnblockPINAtReader() error {
	return s.replaceAtReader(cardmodel.PUK, iso7816.INSResetRetryCounter, s.Model.UnblockPIN)
}

// verifyAtReader has the reader send VERIFY. The caller has selected the MF.
func (s *Session) verifyAtReader(kind cardmodel.CodeKind) error {
	if !s.VerifiesAtReader(kind) {
		return ErrNoPinpad
	}
	c := s.Model.Code(kind)
	command := iso7816.Command{INS: iso7816.INSVerify, P2: s.reference(c), Data: padded(c, nil)}
	return s.askAtReader(kind, func() error { return s.AtReader.Pinpad.Verify(command, entry(c)) })
}

// askAtReader calls the reader between the hooks.
func (s *Session) askAtReader(kind cardmodel.CodeKind, ask func() error) error {
	if s.AtReader.Before != nil {
		if err := s.AtReader.Before(kind); err != nil {
			return err
		}
	}
	err := s.judged(kind, ask())
	if s.AtReader.After != nil {
		s.AtReader.After(kind, err)
	}
	return err
}

func (s *Session) replaceAtReader(kind cardmodel.CodeKind, ins byte, known cardmodel.Fact[bool]) error {
	if !known.Value {
		return ErrNoCommand
	}
	if !s.ReplacesAtReader(kind) {
		return ErrNoPinpad
	}
	pin := s.Model.PIN.Value
	command := iso7816.Command{INS: ins, P2: s.reference(pin), Data: padded(pin, nil, nil)}
	return s.replace(func() error {
		return s.askAtReader(kind, func() error {
			err := s.AtReader.Pinpad.Modify(command, s.both(kind))
			if pinpad.Unsent(err) {
				return err
			}
			return answered(err)
		})
	})
}

// Linger keeps a block, with its transaction, for the blocks that InBlock opens until d has passed, and then ends it.
// So a person who typed the PIN at the reader need not type it again for the next signature. Any other use of the
// session ends it earlier. Windows resets a card whose transaction was idle for 5 seconds (SCardBeginTransaction).
func (s *Session) Linger(b *Block, d time.Duration) {
	s.lingering.Lock()
	defer s.lingering.Unlock()
	s.lingering.block, s.lingering.until = b, time.Now().Add(d)
	s.lingering.timer = time.AfterFunc(d, func() { _ = s.endLingering() })
}

// Hold has a block linger: the one that does, or a new one, which presents the PIN.
func (s *Session) Hold(d time.Duration) error {
	b, until := s.takeLingering()
	if b != nil {
		s.Linger(b, time.Until(until))
		return nil
	}
	b, err := s.BeginBlock()
	if err == nil {
		s.Linger(b, d)
	}
	return err
}

// takeLingering returns the block that lingers, which then no longer ends by itself, and the end of its time; nil
// where none does.
func (s *Session) takeLingering() (*Block, time.Time) {
	s.lingering.Lock()
	defer s.lingering.Unlock()
	return s.unlinger(), s.lingering.until
}

// unlinger returns the block that lingers, or nil. The lock is held.
func (s *Session) unlinger() *Block {
	b := s.lingering.block
	if b != nil {
		s.lingering.timer.Stop()
		s.lingering.block = nil
	}
	return b
}

// endLingering ends the block that lingers. Another call waits for that end.
func (s *Session) endLingering() error {
	s.lingering.Lock()
	defer s.lingering.Unlock()
	if b := s.unlinger(); b != nil {
		return b.End()
	}
	return nil
}
