// SPDX-License-Identifier: EUPL-1.2

// Package tries is the ledger of the tries of PIN and PUK, which all programs of this computer share. The card tells
// the number only when it refuses a code, and an empty VERIFY may cost a try (docs/CARDS.md §4.2), so the number that
// the card gave last is kept. Tries that other software spends before our first VERIFY cannot be known.
package tries

import (
	"errors"
	"io/fs"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/cardfile"
	"rinnova.example/go/holder"
)

// Entry is what the ledger holds about one card. PIN and PUK are the tries left as the card said last; nil once it
// accepted the code, and before it refused one. Generation is raised at each change of the card's files, keys or
// codes, so a program that keeps a PIN or a file's content sees that it may be out of date. NewPIN is set while a new
// PIN has been sent and the card has not answered: the card may have it.
type Entry struct {
	PIN        *int   `json:"pin,omitempty"`
	PUK        *int   `json:"puk,omitempty"`
	Generation uint64 `json:"generation,omitempty"`
	NewPIN     bool   `json:"newPin,omitempty"`
}

// Of returns the counter of a code.
func (e *Entry) Of(kind cardmodel.CodeKind) **int {
	if kind == cardmodel.PUK {
		return &e.PUK
	}
	return &e.PIN
}

// Ledger keeps an Entry for each card. Without Files it keeps nothing and returns no error.
type Ledger struct{ Files *cardfile.Files }

const kind = "tries"

// Read returns the entry of a card, an empty one where there is none.
func (l Ledger) Read(id holder.IDCarta) (Entry, error) {
	var e Entry
	if l.Files == nil {
		return e, nil
	}
	if err := l.Files.Load(id, kind, &e); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Entry{}, err
	}
	return e, nil
}

// Spend takes a try of a code before its VERIFY, in case the answer is lost. It leaves the last one, of which only the
// card can say that it is spent. On an error nothing is taken.
func (l Ledger) Spend(id holder.IDCarta, code cardmodel.CodeKind) error {
	return l.update(id, func(e *Entry) {
		if known := *e.Of(code); known != nil && *known > 1 {
			less := *known - 1
			*e.Of(code) = &less
		}
	})
}

// Keep stores the tries left of a code: those of the card's refusal, nil after the card accepted the code, or those
// from before a Spend after which no VERIFY was sent. It replaces an entry that cannot be read.
func (l Ledger) Keep(id holder.IDCarta, code cardmodel.CodeKind, left *int) error {
	err := l.update(id, func(e *Entry) { *e.Of(code) = left })
	if err == nil || l.Files == nil {
		return err
	}
	var e Entry
	*e.Of(code) = left
	return l.Files.Save(id, kind, e)
}

// Sent notes whether a new PIN has been sent to which the card has not answered.
func (l Ledger) Sent(id holder.IDCarta, newPIN bool) error {
	return l.update(id, func(e *Entry) { e.NewPIN = newPIN })
}

// Raise raises the generation of a card. The caller holds the card's transaction, so that no other program reads the
// card between the change and its generation.
func (l Ledger) Raise(id holder.IDCarta) error {
	return l.update(id, func(e *Entry) { e.Generation++ })
}

func (l Ledger) update(id holder.IDCarta, change func(*Entry)) error {
	if l.Files == nil {
		return nil
	}
	var e Entry
	return l.Files.Update(id, kind, &e, func() { change(&e) })
}
