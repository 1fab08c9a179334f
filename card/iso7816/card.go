// SPDX-License-Identifier: EUPL-1.2

// Package iso7816 is the wire of a card: command and response APDUs, status words, BER-TLV and the
// answer to reset (ISO/IEC 7816-3 and 7816-4). It knows no particular card, keeps no state but that
// of a chain of commands, and refuses whatever is not well formed instead of guessing.
package iso7816

import "errors"

// Card is one end of the wire: a reader's card, an emulated one, a replay, or a wrapper of any of them.
type Card interface {
	// ATR returns the answer to reset, 2 to 33 bytes (ISO/IEC 7816-3 §8.2.1).
	ATR() []byte
	// Transmit sends one command APDU and returns the response APDU, which ends with SW1 SW2. After an error the
	// command's effect is unknown. A refusal by the card is a response.
	Transmit(command []byte) ([]byte, error)
	// Begin starts a transaction (PC/SC part 5), and waits while another program holds one. It connects again to a
	// card that another program reset since the last transaction.
	Begin() error
	// End ends the transaction. With reset the card forgets every verified code and its current file.
	End(reset bool) error
}

// Unshared is embedded by a Card that no other program can use. Its transactions do nothing.
type Unshared struct{}

// Begin returns nil.
func (Unshared) Begin() error { return nil }

// End returns nil.
func (Unshared) End(bool) error { return nil }

// Errors of a card that cannot be used. Transports wrap them.
var (
	// ErrCardGone is the error for a card or reader that was removed.
	ErrCardGone = errors.New("the card is no longer in the reader")
	// ErrCardReset is the error for a card that another program or the system has reset: verified codes and the
	// current file are lost. Begin connects again.
	ErrCardReset = errors.New("the card was reset")
	// ErrCardBusy is the error for a card that another program holds for longer than this program waits.
	ErrCardBusy = errors.New("the card is in use by another program")
	// ErrCardMute is the error for a card that does not answer, or not in a protocol of cards: often it is inserted
	// upside down.
	ErrCardMute = errors.New("the card does not answer")
	// ErrReader is the error for a reader that failed to carry a command, although a card is in it.
	ErrReader = errors.New("the card reader failed")
	// ErrExtendedLength is the error for a reader that carries no command of extended length. The command was not
	// sent.
	ErrExtendedLength = errors.New("the card reader carries no command of extended length")
)
