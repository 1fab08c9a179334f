// SPDX-License-Identifier: EUPL-1.2

package cardmodel

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"rinnova.example/go/card/iso7816"
)

// Reasons why an answer to reset is not that of a card in the table.
var (
	// ErrContactless: a card on the antenna shows no historical bytes of its own (docs/CARDS.md §1.3).
	ErrContactless = errors.New("the card answers over its contactless interface")
	// ErrNotCNS: the historical bytes lack the CNS marker, or belong to a card known not to be Italian.
	ErrNotCNS = errors.New("the card is not a CNS")
	// ErrCIE: an electronic identity card with contacts (docs/CARDS.md §1.1). It wraps ErrNotCNS.
	ErrCIE = fmt.Errorf("%w but an identity card", ErrNotCNS)
	// ErrUnknownModel: a CNS on a chip that is not in the table.
	ErrUnknownModel = errors.New("the card is a CNS of an unknown model")
)

// firstCIE is the answer to reset of the first identity cards; later ones carry "ITID".
var firstCIE = atr("3BF41800FF8131805500318000C7")

// Match finds the model whose pattern fits an answer to reset. It gives the family only, never the
// series, and must be followed by a probe of the file system: foreign cards share these bytes
// (docs/CARDS.md §1.1).
func Match(atr []byte) (*Model, error) {
	h, err := iso7816.Historical(atr)
	if err != nil {
		return nil, err
	}
	// PC/SC part 3 builds 3B 8x 80 01 for contactless cards.
	if len(atr) > 3 && atr[1]&0xF0 == 0x80 && atr[2] == 0x80 && atr[3] == 0x01 {
		return nil, ErrContactless
	}
	if bytes.Equal(atr, firstCIE) || len(h) == 15 && string(h[6:]) == "\x02ITID  1\x80" {
		return nil, ErrCIE
	}
	if len(h) != 15 || h[1] != 0x6B || string(h[9:12]) != "CNS" {
		return nil, ErrNotCNS
	}
	for _, f := range foreign {
		if bytes.Equal(atr, f) {
			return nil, ErrNotCNS
		}
	}
	for _, m := range models {
		p := m.ATR.Value
		if h[3] == p.Mask && bytes.IndexByte(p.IC, h[2]) >= 0 && h[4] >= p.First && h[4] <= p.Last {
			return m, nil
		}
	}
	return nil, ErrUnknownModel
}

// Models returns the table.
func Models() []*Model { return models }

// BySeries finds the model of a sigla, and the sigla's own entry. Case, blanks and hyphens do not count: "ID 2019" is
// ID2019.
func BySeries(sigla string) (*Model, *Series, bool) {
	sigla = strings.Map(func(r rune) rune {
		if r == ' ' || r == '-' || r == '_' {
			return -1
		}
		return r
	}, sigla)
	for _, m := range models {
		for i := range m.Series.Value {
			if s := &m.Series.Value[i]; strings.EqualFold(s.Sigla, sigla) {
				return m, s, true
			}
		}
	}
	return nil, nil, false
}
