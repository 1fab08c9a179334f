// SPDX-License-Identifier: EUPL-1.2

package renewal_test

import (
	"fmt"
	"testing"

	"rinnova.example/go/card/emulator"
	"rinnova.example/go/card/iso7816"
)

// limited is a reader that carries no APDU of more than 261 bytes, and fails as readers do (PC/SC 0x80100016).
type limited struct {
	*emulator.Card
	failed int
}

func (c *limited) Transmit(b []byte) ([]byte, error) {
	if len(b) > 261 {
		c.failed++
		return nil, fmt.Errorf("%w (PC/SC 0x80100016)", iso7816.ErrReader)
	}
	return c.Card.Transmit(b)
}

// TestReaderWithoutExtendedLength renews the series that take extended commands in a reader that carries none: one run,
// one PIN, no try lost.
func TestReaderWithoutExtendedLength(t *testing.T) {
	for i, name := range []string{"ID2019", "ACe2021", "ACx2021"} {
		s := newService(t)
		reader := &limited{Card: s.card(name, 70+i, inWindow)}
		who := someone()
		r := s.run(reader, who, nil)
		r.Campaign, r.Series = "prova", name
		if _, err := r.Run(t.Context()); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if reader.failed == 0 {
			t.Errorf("%s: no command was too long: this test shows nothing", name)
		}
		if who.typed > 2 || reader.Tries(0x10) != 3 {
			t.Errorf("%s: %d codes typed, %d tries left", name, who.typed, reader.Tries(0x10))
		}
	}
}
