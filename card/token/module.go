// SPDX-License-Identifier: EUPL-1.2

// Package token is a CNS card as a PKCS #11 token (PKCS #11 v3.0): slots, sessions, objects and signatures, over
// card/cns. A C library in the host's process passes each call on as a frame (frame.go); this package runs in a
// process of its own beside it, and there alone is the PIN.
//
// Listing needs no PIN, and each file is read once for each insertion. Every signature is made in a short transaction
// of its own, in which the PIN is presented and after which the card is reset. The token never sends the last try of a
// PIN, nor a PIN that the card has refused. At a reader with a keypad the PIN is typed there, and again for a signature
// that follows later than pinpad.go says.
package token

import (
	"crypto/rand"
	"sync"
	"time"

	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/pinpad"
	"rinnova.example/go/card/tries"
)

// Config has the dependencies of a Module.
type Config struct {
	// Readers returns the state of all readers. It sends no command to a card.
	Readers func() ([]Reader, error)
	// Connect connects to the card in a reader, and returns the reader's keypad, nil for none.
	Connect func(reader string) (card iso7816.Card, pad *pinpad.Pinpad, disconnect func(), err error)
	Ledger  tries.Ledger
	Now     func() time.Time
	Idle    time.Duration // after the last use the PIN is wiped
}

// Module is the state of one host process. Its methods may be called by one goroutine at a time.
type Module struct {
	readers  func() ([]Reader, error)
	connect  func(string) (iso7816.Card, *pinpad.Pinpad, func(), error)
	ledger   tries.Ledger
	now      func() time.Time
	idle     time.Duration
	ulong    int
	mu       sync.Mutex // held by Serve during a call; the idle timer takes it
	slots    []*slot
	sessions map[uint64]*session
	last     uint64   // session handle
	key      [32]byte // of the hashes of refused PINs
}

// New returns a module with one slot, which the first reader takes. ulong is the size of the host's CK_ULONG in
// bytes, 4 or 8.
func New(c Config, ulong int) *Module {
	m := &Module{readers: c.Readers, connect: c.Connect, ledger: c.Ledger, now: c.Now, idle: c.Idle,
		ulong: ulong, slots: []*slot{{}}, sessions: map[uint64]*session{}}
	rand.Read(m.key[:])
	m.refresh()
	for _, s := range m.slots {
		s.changed = false // the host lists the slots first
	}
	return m
}

// Close ends all sessions, wipes the PINs and disconnects from the cards.
func (m *Module) Close() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.slots {
		m.drop(i)
	}
}
