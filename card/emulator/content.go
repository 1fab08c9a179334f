// SPDX-License-Identifier: EUPL-1.2

package emulator

import (
	"slices"

	"rinnova.example/go/card/iso7816"
)

// current returns the current EF if it has the form and grants the access asked for.
func (c *Card) current(form byte, access int) (*file, iso7816.SW) {
	switch {
	case c.ef == nil:
		return nil, iso7816.SWNoCurrentEF
	case c.ef.Type[0] != form:
		return nil, iso7816.SWFileType
	case c.ef.Inactive:
		return nil, iso7816.SWConditions
	case !c.allowed(c.df, c.ef.Access[access]):
		return nil, iso7816.SWSecurity
	}
	return c.ef, iso7816.SWOK
}

// readBinary executes READ BINARY (docs/CARDS.md §4.1) with an offset of 15 bits. At or after the end the answer is
// 6B00. A length beyond the end gets the bytes up to it with 6282, unless the length is the greatest one, which asks
// for all bytes.
func (c *Card) readBinary(cmd iso7816.Command) ([]byte, iso7816.SW) {
	if cmd.P1 > 0x7F {
		return nil, iso7816.SWWrongP1P2
	}
	if len(cmd.Data) > 0 || cmd.Ne == 0 {
		return nil, iso7816.SWWrongLength
	}
	f, sw := c.current(typeTransparent, acRead)
	if sw != iso7816.SWOK {
		return nil, sw
	}
	off := int(cmd.P1)<<8 | int(cmd.P2)
	if off >= len(f.Data) {
		return nil, iso7816.SWOffset
	}
	b := f.Data[off:]
	if c.fault.StaleRead && f.before != nil {
		b = f.before[off:]
	}
	switch {
	case cmd.Ne <= len(b):
		return b[:cmd.Ne], iso7816.SWOK
	case cmd.Ne == iso7816.NeShort || cmd.Ne == iso7816.NeExtended:
		return b, iso7816.SWOK
	}
	return b, iso7816.SWEndOfFile
}

// updateBinary is UPDATE BINARY (docs/CARDS.md §4.1); beyond the file's size it answers 6700.
func (c *Card) updateBinary(cmd iso7816.Command) ([]byte, iso7816.SW) {
	if cmd.P1 > 0x7F {
		return nil, iso7816.SWWrongP1P2
	}
	if len(cmd.Data) == 0 {
		return nil, iso7816.SWWrongLength
	}
	f, sw := c.current(typeTransparent, acUpdate)
	if sw != iso7816.SWOK {
		return nil, sw
	}
	off := int(cmd.P1)<<8 | int(cmd.P2)
	if off+len(cmd.Data) > len(f.Data) {
		return nil, iso7816.SWWrongLength
	}
	f.before = f.Data
	f.Data = c.program(f.Data, off, cmd.Data)
	return nil, iso7816.SWOK
}

// readRecord is READ RECORD (docs/CARDS.md §4.1) by number from 1, P2 04.
func (c *Card) readRecord(cmd iso7816.Command) ([]byte, iso7816.SW) {
	if cmd.P2 != 0x04 {
		return nil, iso7816.SWWrongP1P2
	}
	if len(cmd.Data) > 0 || cmd.Ne == 0 {
		return nil, iso7816.SWWrongLength
	}
	f, sw := c.current(typeTLV, acRead)
	if sw != iso7816.SWOK {
		return nil, sw
	}
	if cmd.P1 == 0 || int(cmd.P1) > len(f.Records) {
		return nil, iso7816.SWRecordNotFound
	}
	return f.Records[cmd.P1-1], iso7816.SWOK
}

// isRecord reports whether bytes are one TLV with a length of one byte, the form of records here.
func isRecord(b []byte) bool { return len(b) >= 2 && int(b[1]) == len(b)-2 }

// appendRecord is APPEND RECORD, 00 E2 00 00.
func (c *Card) appendRecord(cmd iso7816.Command) ([]byte, iso7816.SW) {
	if cmd.P1 != 0 || cmd.P2 != 0 {
		return nil, iso7816.SWWrongP1P2
	}
	if len(cmd.Data) == 0 {
		return nil, iso7816.SWWrongLength
	}
	f, sw := c.current(typeTLV, acAppend)
	if sw != iso7816.SWOK {
		return nil, sw
	}
	return nil, c.putRecord(f, len(f.Records), cmd.Data)
}

// updateRecord is UPDATE RECORD, 00 DC with a number from 1 and P2 04.
func (c *Card) updateRecord(cmd iso7816.Command) ([]byte, iso7816.SW) {
	if cmd.P2 != 0x04 {
		return nil, iso7816.SWWrongP1P2
	}
	if len(cmd.Data) == 0 {
		return nil, iso7816.SWWrongLength
	}
	f, sw := c.current(typeTLV, acUpdate)
	if sw != iso7816.SWOK {
		return nil, sw
	}
	if cmd.P1 == 0 || int(cmd.P1) > len(f.Records) {
		return nil, iso7816.SWRecordNotFound
	}
	return nil, c.putRecord(f, int(cmd.P1)-1, cmd.Data)
}

func (c *Card) putRecord(f *file, i int, b []byte) iso7816.SW {
	if !isRecord(b) {
		return 0x6A85 // Lc inconsistent with the TLV
	}
	size := recordBytes(f.Records) + len(b)
	if i < len(f.Records) {
		size -= len(f.Records[i])
	}
	if size > f.Size {
		return iso7816.SWNoMemory
	}
	b = slices.Clone(b)
	c.commit(func() {
		if i == len(f.Records) {
			f.Records = append(f.Records, b)
		} else {
			f.Records[i] = b
		}
	})
	return iso7816.SWOK
}
