// SPDX-License-Identifier: EUPL-1.2

// Package pcsc reaches cards through the operating system's smart-card service (PC/SC): the list of
// readers, their changes, and connections. It binds the system's library at run time without cgo:
// libpcsclite.so.1 on Linux, the PCSC framework on macOS, winscard.dll on Windows. It never logs, and
// no command or response byte occurs in its errors.
package pcsc

import (
	"fmt"
	"strconv"
)

// Reader is the state of one reader at one moment.
type Reader struct {
	Name      string
	Index     int    // zero-based place in the system's list
	Present   bool   // something is inserted
	Counter   uint16 // of insertions and removals, where the system counts them
	ATR       []byte // answer to reset of the card, nil without one
	Mute      bool   // what is inserted does not answer
	InUse     bool   // a program is connected to the card
	Exclusive bool   // a program lets no other connect
}

// Readers returns the state of all readers, an empty list if there are none. Without a library or a
// service the error wraps ErrNoService.
func Readers() ([]Reader, error) {
	ctx, err := establish()
	if err != nil {
		return nil, err
	}
	defer releaseContext(ctx)
	names, rv := listReaders(ctx)
	if rv != success {
		return nil, fault(rv)
	}
	if len(names) == 0 {
		return []Reader{}, nil
	}
	states := make([]readerState, len(names))
	for i, name := range names {
		states[i].name = name
	}
	// A reader in an unknown current state ends the wait at once.
	if rv := getStatusChange(ctx, 0, states); rv != success {
		return nil, fault(rv)
	}
	readers := make([]Reader, len(states))
	for i, s := range states {
		readers[i] = s.reader(i)
	}
	return readers, nil
}

func (s readerState) reader(index int) Reader {
	r := Reader{
		Name: s.name, Index: index,
		Present:   s.event&statePresent != 0,
		Counter:   uint16(s.event >> 16),
		Mute:      s.event&stateMute != 0,
		InUse:     s.event&stateInUse != 0,
		Exclusive: s.event&stateExclusive != 0,
	}
	if r.Present && len(s.atr) > 0 {
		r.ATR = s.atr
	}
	return r
}

// establish makes a context. One goroutine uses it: the library locks it for the length of a call.
func establish() (handle, error) {
	if _, err := load(); err != nil {
		return 0, fmt.Errorf("%w: %v", ErrNotInstalled, err)
	}
	ctx, rv := establishContext()
	if rv != success {
		reason := absent(rv)
		if sentinel(rv) == ErrNotPermitted {
			reason = ErrNotPermitted
		}
		return 0, fmt.Errorf("%w (PC/SC 0x%08X)", reason, uint32(rv))
	}
	return ctx, nil
}

// find returns the name of the reader that the text means: an exact name, or else a zero-based number.
func find(names []string, text string) (string, error) {
	for _, name := range names {
		if name == text {
			return name, nil
		}
	}
	if i, err := strconv.ParseUint(text, 10, 8); err == nil && int(i) < len(names) {
		return names[i], nil
	}
	return "", fmt.Errorf("%w: %q, %d readers present", ErrNoReader, text, len(names))
}
