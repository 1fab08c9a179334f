// SPDX-License-Identifier: EUPL-1.2

package renewal_test

import (
	"fmt"
	"testing"

	"rinnova.example/go/card/emulator"
	"rinnova.example/go/card/iso7816"
)

// limited is a reader that refuses APDUs of more than 261 bytes with the error of real readers (PC/SC 0x80100016).
// When it refuses, it may reset the card, and the card may have received the command.
type limited struct {
	*emulator.Card
	failed         int
	carries, reset bool
	verified       int // VERIFY commands that were sent
}

func (c *limited) Transmit(b []byte) ([]byte, error) {
	if b[1] == iso7816.INSVerify {
		c.verified++
	}
	if len(b) > 261 {
		c.failed++
		if c.carries {
			_, _ = c.Card.Transmit(b)
		}
		if c.reset {
			c.Card.Reset()
		}
		return nil, fmt.Errorf("%w (PC/SC 0x80100016)", iso7816.ErrReader)
	}
	return c.Card.Transmit(b)
}

// TestReaderWithoutExtendedLength renews the series that take extended commands in a reader that does not carry them:
// one run, one PIN, no try lost, and one VERIFY more than in a reader that does.
func TestReaderWithoutExtendedLength(t *testing.T) {
	for i, name := range []string{"ID2019", "ACe2021", "ACx2021"} {
		for _, row := range []limited{{}, {reset: true}, {carries: true}, {carries: true, reset: true}} {
			s := newService(t)
			reader := &limited{Card: s.card(name, 70+i, inWindow), carries: row.carries, reset: row.reset}
			who := someone()
			r := s.run(reader, who, nil)
			r.Campaign, r.Series = "prova", name
			if _, err := r.Run(t.Context()); err != nil {
				t.Errorf("%s, %+v: %v", name, row, err)
			}
			if reader.failed != 1 {
				t.Errorf("%s, %+v: the reader failed %d times, want 1", name, row, reader.failed)
			}
			if who.typed > 2 || reader.Tries(0x10) != 3 {
				t.Errorf("%s, %+v: %d codes typed, %d tries left", name, row, who.typed, reader.Tries(0x10))
			}
			usual := &limited{Card: s.card(name, 80+i, inWindow)}
			r = s.run(patient{usual}, someone(), nil)
			r.Campaign, r.Series = "prova", name
			if _, err := r.Run(t.Context()); err != nil || reader.verified != usual.verified+1 {
				t.Errorf("%s, %+v: VERIFY %d times, want 1 more than %d (%v)", name, row, reader.verified,
					usual.verified, err)
			}
		}
	}
}

// patient is a reader without that limit.
type patient struct{ *limited }

func (p patient) Transmit(b []byte) ([]byte, error) {
	if b[1] == iso7816.INSVerify {
		p.verified++
	}
	return p.Card.Transmit(b)
}
