// SPDX-License-Identifier: EUPL-1.2

package cns

import (
	"errors"
	"fmt"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/iso7816"
)

var (
	// ErrNoCommand is the error for a command that no source gives for the card's model. Nothing was sent.
	ErrNoCommand = errors.New("no source gives the command for this card")
	// ErrPINUnknown is the error for a new PIN to which the card did not answer: the card has it, or is as it was.
	ErrPINUnknown = errors.New("the card did not answer to the new PIN")
)

// ChangePIN replaces the PIN by CHANGE REFERENCE DATA with both codes in one command (docs/CARDS.md §4.2). A wrong old
// PIN costs a try and is a *CodeError. ChangePIN refuses malformed codes with ErrCodeFormat and sends nothing then. The
// session forgets the PIN that it keeps.
func (s *Session) ChangePIN(old, next []byte) error {
	return s.replacePIN(cardmodel.PIN, iso7816.INSChangeReferenceData, s.Model.ChangePIN, old, next)
}

// UnblockPIN replaces the PIN, blocked or not, by RESET RETRY COUNTER with the PUK and the new PIN in one command
// (docs/CARDS.md §4.2). A wrong PUK costs a try of the PUK and is a *CodeError. It refuses as ChangePIN does.
func (s *Session) UnblockPIN(puk, next []byte) error {
	return s.replacePIN(cardmodel.PUK, iso7816.INSResetRetryCounter, s.Model.UnblockPIN, puk, next)
}

// replacePIN sends one command, with the code of a kind and the new PIN. It calls BeforePIN directly before the
// command.
func (s *Session) replacePIN(kind cardmodel.CodeKind, ins byte, known cardmodel.Fact[bool], code, next []byte) error {
	if !known.Value {
		return ErrNoCommand
	}
	pin := s.Model.PIN.Value
	if err := CheckCode(s.Model.Code(kind), code); err != nil {
		return err
	}
	if err := CheckCode(pin, next); err != nil {
		return err
	}
	return s.replace(func() error {
		data := padded(pin, code, next)
		defer clear(data)
		_, err := iso7816.Do(s.card, iso7816.Command{INS: ins, P2: s.reference(pin), Data: data})
		return s.judged(kind, answered(err))
	})
}

// answered marks an error after which it is not known whether the card has the new PIN.
func answered(err error) error {
	var sw iso7816.SW
	if err != nil && !errors.As(err, &sw) {
		return fmt.Errorf("%w: %w", ErrPINUnknown, err)
	}
	return err
}

// replace has a new PIN sent, in a transaction of its own.
func (s *Session) replace(send func() error) error {
	s.ForgetPIN()
	return s.transaction(true, func() error {
		if err := s.sameCard(); err != nil {
			return err
		}
		if err := s.selectFile(nil); err != nil {
			return err
		}
		if s.BeforePIN != nil {
			if err := s.BeforePIN(false); err != nil {
				return err
			}
		}
		err := send()
		if err == nil {
			delete(s.tries, s.Model.PIN.Value.Reference)
		}
		return err
	})
}
