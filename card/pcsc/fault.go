// SPDX-License-Identifier: EUPL-1.2

package pcsc

import (
	"errors"
	"fmt"

	"rinnova.example/go/card/iso7816"
)

// The errors that a caller tells apart. Errors of this package wrap one of them where it fits, and always carry
// the PC/SC result code in their text. On an open Connection, ErrNoService, ErrNoReader and ErrNoCard
// come together with iso7816.ErrCardGone.
var (
	// ErrNoService says that there is no PC/SC library, or that its service or daemon does not run.
	ErrNoService = errors.New("no smart-card service")
	// ErrNotInstalled is an ErrNoService: the library or the daemon is not on this computer.
	ErrNotInstalled = fmt.Errorf("%w: it is not installed", ErrNoService)
	// ErrMismatch is an ErrNoService: the daemon does not know the library's protocol.
	ErrMismatch = fmt.Errorf("%w: library and daemon do not understand each other", ErrNoService)
	// ErrNotPermitted says that the service does not let this session in (on Linux: polkit).
	ErrNotPermitted = errors.New("no permission to use smart cards")
	// ErrNoReader says that there is no such reader, or none at all.
	ErrNoReader = errors.New("no such reader")
	// ErrNoCard says that the reader is empty.
	ErrNoCard = errors.New("no card in the reader")
	// ErrMute is iso7816.ErrCardMute.
	ErrMute = iso7816.ErrCardMute
	// ErrBusy is iso7816.ErrCardBusy: another program held the reader or the card for the whole wait, or another call
	// on the Connection is still running.
	ErrBusy = iso7816.ErrCardBusy
	// ErrReset is iso7816.ErrCardReset.
	ErrReset = iso7816.ErrCardReset
)

// sentinel returns the error of this package that a result code means, or nil.
func sentinel(rv code) error {
	switch rv {
	case eNoService, eServiceStopped, eSystemCancelled, eInvalidHandle, windowsBadHandle:
		return ErrNoService
	case wSecurityViolation:
		return ErrNotPermitted
	case eUnknownReader, eReaderUnavailable, eNoReaders:
		return ErrNoReader
	case eNoSmartcard, wRemovedCard:
		return ErrNoCard
	case wUnresponsiveCard, wUnpoweredCard, eProtoMismatch:
		return ErrMute
	case eSharingViolation:
		return ErrBusy
	case wResetCard:
		return ErrReset
	}
	return nil
}

// fault is the error of a call that did not succeed.
func fault(rv code) error {
	if s := sentinel(rv); s != nil {
		return fmt.Errorf("%w (PC/SC 0x%08X)", s, uint32(rv))
	}
	return fmt.Errorf("%w (PC/SC 0x%08X)", iso7816.ErrReader, uint32(rv))
}

// isGone reports whether a call on an open connection failed because card, reader or service went away.
func isGone(rv code) bool {
	switch sentinel(rv) {
	case ErrNoService, ErrNoReader, ErrNoCard:
		return true
	}
	return false
}
