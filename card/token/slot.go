// SPDX-License-Identifier: EUPL-1.2

package token

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/plaintext"
)

// Reader is the state of one reader at one moment. Counter differs between two insertions.
type Reader struct {
	Name    string
	Present bool
	Counter uint16
}

// slot is a reader's place in the list. It keeps its number while the module lives, also without the reader.
type slot struct {
	name    string // "" before a reader took the place
	reader  bool   // the reader is there
	present bool
	counter uint16
	changed bool   // since the last SlotEvent
	token   *token // nil until the card is needed
	refused RV     // of a card that is no token, until it is taken out
}

// refresh follows the readers: it ends the sessions of a card that was taken out, or that another program of ours has
// changed, as if it had been out for a moment. It sends no command to a card.
func (m *Module) refresh() {
	readers, err := m.readers()
	if err != nil {
		readers = nil // without a service there is no reader
	}
	listed := make([]bool, len(m.slots))
	for _, r := range readers {
		i := m.place(r.Name)
		if i >= len(listed) {
			listed = append(listed, false)
		}
		listed[i] = true
		s := m.slots[i]
		if s.present != r.Present || s.counter != r.Counter {
			m.drop(i)
			s.changed = s.changed || s.present || r.Present
		}
		s.reader, s.present, s.counter = true, r.Present, r.Counter
	}
	for i, s := range m.slots {
		if !listed[i] && s.reader {
			m.drop(i)
			s.changed = s.changed || s.present
			s.reader, s.present, s.counter = false, false, 0
		}
		if s.token != nil && s.token.moved() {
			m.drop(i)
			s.changed = true
		}
	}
}

// place returns the index of a reader's slot. A new reader takes the place that none has had, or a new one.
func (m *Module) place(name string) int {
	for i, s := range m.slots {
		if s.name == name || s.name == "" {
			s.name = name
			return i
		}
	}
	m.slots = append(m.slots, &slot{name: name})
	return len(m.slots) - 1
}

// drop ends the sessions of a slot, wipes the PIN and disconnects from the card.
func (m *Module) drop(i int) {
	s := m.slots[i]
	for h, session := range m.sessions {
		if session.slot == i {
			session.clear()
			delete(m.sessions, h)
		}
	}
	if s.token != nil {
		s.token.close()
		s.token = nil
	}
	s.refused = OK
}

// Slots returns the numbers of the slots, of those with a card only if asked for.
func (m *Module) Slots(withCard bool) []uint64 {
	m.refresh()
	list := []uint64{}
	for i, s := range m.slots {
		if s.present || !withCard {
			list = append(list, uint64(i))
		}
	}
	return list
}

// SlotInfo returns a reader's name and the flags of its slot. Errors: [SlotIDInvalid].
func (m *Module) SlotInfo(number uint64) (name string, flags uint64, err error) {
	m.refresh()
	s, err := m.slot(number)
	if err != nil {
		return "", 0, err
	}
	flags = slotRemovableDevice | slotHardware
	if s.present {
		flags |= slotTokenPresent
	}
	return plaintext.Cut(plaintext.Line(s.name), 64), flags, nil
}

// SlotEvent returns a slot whose card was inserted or taken out since it was last told. Errors: [NoEvent].
func (m *Module) SlotEvent() (uint64, error) {
	m.refresh()
	for i, s := range m.slots {
		if s.changed {
			s.changed = false
			return uint64(i), nil
		}
	}
	return 0, NoEvent
}

func (m *Module) slot(number uint64) (*slot, error) {
	if number >= uint64(len(m.slots)) {
		return nil, SlotIDInvalid
	}
	return m.slots[number], nil
}

// token returns the token in a slot. At the first call after an insertion it reads the card.
func (m *Module) token(number uint64) (*token, error) {
	m.refresh()
	s, err := m.slot(number)
	switch {
	case err != nil:
		return nil, err
	case !s.present:
		return nil, TokenNotPresent
	case s.refused != OK:
		return nil, s.refused
	}
	if s.token == nil {
		t, err := m.read(s.name)
		if err != nil {
			rv := rvOf(err)
			var sw iso7816.SW
			if errors.As(err, &sw) { // a file that every CNS has cannot be read
				rv = TokenNotRecognized
			}
			if rv == TokenNotRecognized {
				s.refused = rv
			}
			return nil, rv
		}
		s.token = t
	}
	return s.token, nil
}

// TokenInfo describes a card.
type TokenInfo struct {
	Label, Model, Serial string
	Flags                uint64
	MinPIN, MaxPIN       uint64 // digits
}

// TokenInfo returns the facts about the card in a slot. Errors: [SlotIDInvalid], [TokenNotPresent],
// [TokenNotRecognized].
func (m *Module) TokenInfo(number uint64) (TokenInfo, error) {
	t, err := m.token(number)
	if err != nil {
		return TokenInfo{}, err
	}
	s := t.session
	pin := s.Model.Code(cardmodel.PIN)
	info := TokenInfo{Label: t.label(), Model: plaintext.Cut(s.Model.ID, 16), Serial: string(s.IDCarta),
		Flags:  tokenWriteProtected | tokenInitialized,
		MinPIN: uint64(pin.Min), MaxPIN: uint64(pin.Max)}
	if !t.offersLogin() {
		return info, nil
	}
	info.Flags |= tokenLoginRequired | tokenUserPINInitialized
	if s.VerifiesAtReader(cardmodel.PIN) {
		info.Flags |= tokenProtectedPath
	}
	if left := t.triesLeft(); left != nil {
		switch {
		case *left == 0:
			info.Flags |= tokenUserPINLocked
		case *left == 1:
			info.Flags |= tokenUserPINCountLow | tokenUserPINFinalTry
		default:
			info.Flags |= tokenUserPINCountLow
		}
	}
	return info, nil
}

// label has the holder's first name and the last day of the certificate, within the 32 bytes of CK_TOKEN_INFO: Chromium
// shows no dates of its own.
func (t *token) label() string {
	name := "CNS"
	if given := plaintext.Line(t.session.Personal.Name); given != "" {
		name = given
	}
	until := ""
	if len(t.pairs) > 0 {
		until = " scade " + day(t.pairs[0].certificate.NotAfter)
	}
	return strings.TrimSpace(plaintext.Cut(name, 32-len(until)) + until)
}

// day is the last day of a certificate. Those of the campaigns end in the last second of a day in Rome, which is the
// same day in UTC.
func day(t time.Time) string {
	t = t.UTC()
	return fmt.Sprintf("%02d/%02d/%d", t.Day(), t.Month(), t.Year())
}
