// SPDX-License-Identifier: EUPL-1.2

package renewal

import (
	"errors"
	"io/fs"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/tries"
	"rinnova.example/go/cmp"
)

// record is the journal's content about one renewal.
type record struct {
	Old         []byte           `json:"old"` // SHA-256 of the old certificate
	Campaign    string           `json:"campaign,omitempty"`
	Slot        int              `json:"slot,omitempty"`
	PublicKey   []byte           `json:"publicKey,omitempty"` // PKIX
	Certificate []byte           `json:"certificate,omitempty"`
	Transaction *cmp.Transaction `json:"transaction,omitempty"`
	Confirmed   bool             `json:"confirmed,omitempty"`
}

// journalKind is the kind of the journal's files.
const journalKind = "journal"

// load reads the card's record, and leaves it empty if there is none. It continues without one that cannot be read.
func (n *run) load() {
	if n.Journal == nil {
		return
	}
	err := n.Journal.Load(n.s.IDCarta, journalKind, &n.rec)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		n.rec = record{}
		n.tell(Event{Step: "identify", State: Noted, Code: "journal-unreadable"})
	}
}

// save writes the record to the journal. It ignores errors, because the card can be recovered without a journal.
func (n *run) save() {
	if n.Journal != nil {
		n.noteUnwritable(n.Journal.Save(n.s.IDCarta, journalKind, n.rec))
	}
}

func (n *run) noteUnwritable(err error) {
	if err != nil {
		n.tell(Event{Step: "", State: Noted, Code: "journal-unwritable"})
	}
}

func (n *run) ledger() tries.Ledger { return tries.Ledger{Files: n.Journal} }

// triesLeft returns the tries that are left of a code as far as this computer knows, nil if they are not known.
// Another program may have used some since the last call. If the ledger cannot be read, or not be written in this run,
// the run's own count stands.
func (n *run) triesLeft(code cardmodel.CodeKind) *int {
	if n.Journal != nil && !n.ledgerStale {
		if e, err := n.ledger().Read(n.s.IDCarta); err == nil {
			n.tries = e
		}
	}
	return *n.tries.Of(code)
}

// spendTry takes a try of a code before its VERIFY.
func (n *run) spendTry(code cardmodel.CodeKind) {
	if known := *n.tries.Of(code); known != nil && *known > 1 {
		less := *known - 1
		*n.tries.Of(code) = &less
		n.ledgerWritten(n.ledger().Spend(n.s.IDCarta, code))
	}
}

// keepTries stores the tries that are left of a code; nil after the card accepted it.
func (n *run) keepTries(code cardmodel.CodeKind, left *int) {
	*n.tries.Of(code) = left
	n.ledgerWritten(n.ledger().Keep(n.s.IDCarta, code, left))
}

func (n *run) ledgerWritten(err error) {
	n.ledgerStale = n.ledgerStale || err != nil
	n.noteUnwritable(err)
}
