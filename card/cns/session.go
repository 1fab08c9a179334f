// SPDX-License-Identifier: EUPL-1.2

// Package cns is a session on an identified CNS card: it reads the holder's data and the certificates,
// verifies PIN and PUK, creates the signature file system, makes keys, signs and writes. It knows no
// reader and no network. Nothing in it writes to the files or uses the key reference of the pair made
// at issue, except to sign with it.
package cns

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/holder"
)

var (
	// ErrForeign is the error for a card with the answer to reset of a CNS and other files (docs/CARDS.md §1.1).
	ErrForeign = errors.New("the card answers like a CNS and lacks its files")
	// ErrNotHealthCard is the error for a CNS whose number is not that of a regional citizen's card.
	ErrNotHealthCard = errors.New("the card is a CNS but not a health card")
	// ErrOtherCard is the error for a card that is not the session's.
	ErrOtherCard = errors.New("another card is in the reader")
	// ErrNotActivated is the error for a file or PIN that is not activated yet, or is terminated.
	ErrNotActivated = errors.New("the card is not activated")
	// ErrLocked is the error for a command that needs the PIN when the session has none.
	ErrLocked = errors.New("the PIN has not been verified")
)

// Paths read on every CNS (docs/CARDS.md §2.1).
var (
	idCartaPath      = cardmodel.Path{0x1000, 0x1003}
	personalDataPath = cardmodel.Path{0x1100, 0x1102}
)

// Session is a card identified by its answer to reset and its files. One goroutine uses it.
type Session struct {
	Model    *cardmodel.Model
	IDCarta  holder.IDCarta
	Personal holder.PersonalData
	Contents *Contents // as Open read them; ReadContents reads them again
	// BeforePIN, if set, is called in the block before a PIN is presented: one that was just typed, or the kept
	// one. Its error ends the block with no PIN sent, and the kept one is forgotten.
	BeforePIN func(kept bool) error
	// AfterPIN, if set, is called in the block with the result of each VERIFY of a PIN: nil, a *CodeError, or an error
	// after which the answer is not known.
	AfterPIN func(error)
	AtReader AtReader // set by the caller where the reader has a keypad

	card    iso7816.Card
	withFCI bool   // the card refuses SELECT without FCI
	asleep  bool   // the selected file is deactivated
	pin     []byte // verified in this run, nil before; in locked memory, wiped by ForgetPIN
	page    []byte // of pin
	typed   bool   // the PIN was typed at the reader in this run, and accepted
	tries   map[byte]int
	changed bool // a command that changes files or keys was sent, and not refused

	lingering struct { // a block that Linger keeps open
		sync.Mutex
		block *Block
		timer *time.Timer
		until time.Time
	}
}

// Open identifies the card: model by answer to reset, then EF_IDCarta and EF_DatiPersonali as the probe.
// Errors are those of cardmodel.Match, ErrForeign, ErrNotHealthCard, holder's for malformed files, and
// the transport's. Then it reads what ReadContents reads, in the same transaction: 5 to 9 commands in all, and one
// more for each 255 bytes of a certificate, and of personal data beyond the first 255.
func Open(card iso7816.Card) (*Session, error) {
	return identified(card, func(s *Session) error {
		if !s.IDCarta.Health() {
			return ErrNotHealthCard
		}
		return s.readPersonalData()
	})
}

// OpenForLogin identifies any CNS, a health card or not, of a series that can be renewed or not. It reads the card's
// number and certificates as Open does, and of a health card the personal data, which stay zero where they cannot be
// read. Errors are those of cardmodel.Match, ErrForeign and the transport's.
func OpenForLogin(card iso7816.Card) (*Session, error) {
	return identified(card, func(s *Session) error {
		if !s.IDCarta.Health() {
			return nil
		}
		if err := s.readPersonalData(); isTransport(err) {
			return err
		}
		return nil
	})
}

// identified reads the card's number, what of the holder is wanted, and the certificates, in one transaction.
func identified(card iso7816.Card, readHolder func(*Session) error) (*Session, error) {
	m, err := cardmodel.Match(card.ATR())
	if err != nil {
		return nil, err
	}
	s := &Session{Model: m, card: iso7816.Chain(card, m.ExtendedLength.Value), tries: map[byte]int{}}
	err = s.transaction(false, func() error {
		if s.IDCarta, err = s.readIDCarta(); err != nil {
			return err
		}
		if err := readHolder(s); err != nil {
			return err
		}
		s.Contents, err = s.read()
		return err
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// isTransport reports whether card or reader failed, and not the content of a file.
func isTransport(err error) bool {
	for _, failed := range []error{iso7816.ErrCardGone, iso7816.ErrCardBusy, iso7816.ErrReader, iso7816.ErrCardReset} {
		if errors.Is(err, failed) {
			return true
		}
	}
	return false
}

// readPersonalData reads EF_DatiPersonali.
func (s *Session) readPersonalData() error {
	if err := s.selectFile(personalDataPath); err != nil {
		return notFound(err)
	}
	head, err := s.readHead(personalDataPath)
	if err != nil {
		return err
	}
	n, err := holder.PersonalDataLength(head)
	if err != nil {
		return err
	}
	data, err := s.readWhole(personalDataPath, head, n)
	if err != nil {
		return err
	}
	s.Personal, err = holder.ParsePersonalData(data)
	return err
}

// Resume continues the session on a card that was inserted again, or through another connection, whose keypad the
// caller sets in AtReader. It refuses another card with ErrOtherCard. The verified PIN and the model stay: some cards
// answer a warm reset otherwise than a cold one (ISO/IEC 7816-3 §8.1), so Resume does not compare the answer to reset.
func (s *Session) Resume(card iso7816.Card) error {
	_ = s.endLingering() // of the connection before, which may be closed
	s.card = iso7816.Chain(card, s.Model.ExtendedLength.Value)
	return s.transaction(false, s.sameCard)
}

// Changed reports whether this session has changed files or keys of the card. It counts a command whose answer was
// lost, because the card may have executed it.
func (s *Session) Changed() bool { return s.changed }

// send sends a command and notes whether it changed the card.
func (s *Session) send(c iso7816.Command) ([]byte, error) {
	data, err := iso7816.Do(s.card, c)
	switch c.INS {
	case iso7816.INSUpdateBinary, iso7816.INSPutData, iso7816.INSCreateFile, iso7816.INSDeleteFile,
		iso7816.INSGenerateKeyPair:
		var sw iso7816.SW
		// ISO/IEC 7816-4 §5.6: at 65XX the state of the memory has changed, at the other errors it has not.
		s.changed = s.changed || !errors.As(err, &sw) || sw>>8 == 0x65
	}
	return data, err
}

// transaction keeps other programs from the card while f runs. With reset the card forgets the verified codes at the
// end, also if f failed.
func (s *Session) transaction(reset bool, f func() error) error {
	if err := s.endLingering(); err != nil {
		return err
	}
	if err := s.card.Begin(); err != nil {
		return err
	}
	err := f()
	if end := s.card.End(reset); err == nil {
		err = end
	}
	return err
}

// readIDCarta reads the card's number. It first selects the application that has the number, where the model has one,
// because a reset deselects it.
func (s *Session) readIDCarta() (holder.IDCarta, error) {
	if name := s.Model.Application.Value; len(name) > 0 {
		_, err := iso7816.Do(s.card, iso7816.Command{INS: iso7816.INSSelect, P1: 0x04, Data: name, Ne: iso7816.NeShort})
		if err != nil {
			return "", notFound(err)
		}
	}
	if err := s.selectFile(idCartaPath); err != nil {
		return "", notFound(err)
	}
	b, err := s.readWhole(idCartaPath, nil, 16) // docs/CARDS.md §2.4
	if err != nil {
		return "", err
	}
	return holder.ParseIDCarta(string(b))
}

// sameCard reads EF_IDCarta again. Every block begins with it, because the card may have been exchanged between two
// transactions.
func (s *Session) sameCard() error {
	id, err := s.readIDCarta()
	if err != nil {
		return err
	}
	if id != s.IDCarta {
		return ErrOtherCard
	}
	return nil
}

// notFound returns ErrForeign for the absence of a file that every CNS has, and for the other answers by which a card
// tells that it has no such file or command.
func notFound(err error) error {
	var sw iso7816.SW
	if !errors.As(err, &sw) {
		return err
	}
	switch sw {
	case iso7816.SWFileNotFound, iso7816.SWNotSupported, iso7816.SWWrongP1P2, iso7816.SWWrongLc, iso7816.SWWrongData,
		iso7816.SWWrongLength, iso7816.SWSecurity, iso7816.SWConditions, iso7816.SWOffset, iso7816.SWInstruction,
		iso7816.SWClass:
		return fmt.Errorf("%w: %w", ErrForeign, err)
	}
	return err
}
