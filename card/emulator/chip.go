// SPDX-License-Identifier: EUPL-1.2

package emulator

import (
	"rinnova.example/go/card/iso7816"
)

// Mask makers in the historical bytes (docs/CARDS.md §1.2).
const (
	maskIdemia  = 0x05
	maskSiemens = 0x08
	// A card with Idemia's mask and this firmware, or a later one, is of the kind of 2021 (docs/CARDS.md §1.1).
	firmware2021 = 0x20
)

func (c *Card) idemia2021() bool {
	p := c.model.ATR.Value
	return p.Mask == maskIdemia && p.First >= firmware2021
}

func (c *Card) cardOS() bool { return c.model.ATR.Value.Mask == maskSiemens }

// keyAbsent is what PSO answers for a key that is not in the current DF or above: 6984 on Idemia's cards of 2021
// (docs/CARDS.md §5, 3), 6A88 on others.
func (c *Card) keyAbsent() iso7816.SW {
	if c.idemia2021() {
		return iso7816.SWUnusable
	}
	return iso7816.SWObjectNotFound
}

// challengeLimit is the most bytes of one GET CHALLENGE (docs/CARDS.md §4.3).
func (c *Card) challengeLimit() int {
	if c.idemia2021() {
		return 0x20
	}
	return iso7816.NeShort
}

// getData is GET DATA 01 xx (docs/CARDS.md §4.3), on CardOS only: 81 serial number, 82 version of the operating
// system, 83 life cycle, 88 packages, 8D largest data field.
//
// assumed: the serial number is the GDO's; the version is that of the historical bytes; no package is
// loaded.
func (c *Card) getData(cmd iso7816.Command) ([]byte, iso7816.SW) {
	if !c.cardOS() {
		return nil, iso7816.SWInstruction
	}
	if cmd.P1 != 0x01 {
		return nil, iso7816.SWWrongP1P2
	}
	if len(cmd.Data) > 0 || cmd.Ne == 0 {
		return nil, iso7816.SWWrongLength
	}
	switch cmd.P2 {
	case 0x81:
		if f := c.at("2F02"); f != nil && len(f.Data) > 2 {
			return f.Data[2:], iso7816.SWOK
		}
		return nil, iso7816.SWObjectNotFound
	case 0x82:
		h, err := iso7816.Historical(c.atr)
		if err != nil || len(h) < 5 {
			return nil, iso7816.SWObjectNotFound
		}
		return h[3:5], iso7816.SWOK
	case 0x83:
		return []byte{0x10}, iso7816.SWOK // operational
	case 0x88:
		return nil, iso7816.SWOK
	case 0x8D:
		return []byte{0x01, 0x00}, iso7816.SWOK
	}
	return nil, iso7816.SWWrongP1P2
}
