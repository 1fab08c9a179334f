// SPDX-License-Identifier: EUPL-1.2

package emulator

import (
	"bytes"
	"encoding/binary"
	"slices"

	"rinnova.example/go/card/iso7816"
)

// selectFile is SELECT (docs/CARDS.md §4.1): P1 00 the MF, 01 a DF and 02 an EF in the current DF, 03 the parent,
// 04 by AID, 08 by path from the MF, 09 by path from the current DF; P2 00 with the FCI, 0C without.
// A selection that fails leaves everything as it was.
func (c *Card) selectFile(cmd iso7816.Command) ([]byte, iso7816.SW) {
	if cmd.P2 != 0x00 && cmd.P2 != 0x0C || cmd.P2 == 0x0C && c.fault.RefuseSelectWithoutFCI {
		return nil, iso7816.SWWrongP1P2
	}
	if c.hidden && cmd.P1 != 0x04 {
		return nil, iso7816.SWFileNotFound
	}
	n := len(cmd.Data)
	var f *file
	switch cmd.P1 {
	case 0x00:
		if n != 2 {
			return nil, iso7816.SWWrongLength
		}
		if binary.BigEndian.Uint16(cmd.Data) != masterFile {
			return nil, iso7816.SWWrongP1P2 // only the MF is described in this form
		}
		f = c.root
	case 0x01, 0x02:
		if n != 2 {
			return nil, iso7816.SWWrongLength
		}
		f = c.df.child(binary.BigEndian.Uint16(cmd.Data))
		if f != nil && f.isDF() != (cmd.P1 == 0x01) {
			f = nil
		}
	case 0x03:
		if n != 0 {
			return nil, iso7816.SWWrongLength
		}
		f = c.df.parent
	case 0x04:
		if n < 5 || n > 16 { // ISO/IEC 7816-4 §5.4.1
			return nil, iso7816.SWWrongLength
		}
		f = c.named(cmd.Data)
	case 0x08, 0x09:
		if n == 0 || n%2 != 0 {
			return nil, iso7816.SWWrongLength
		}
		f = c.root
		if cmd.P1 == 0x09 {
			f = c.df
		}
		for p := cmd.Data; len(p) > 0 && f != nil; p = p[2:] {
			f = f.child(binary.BigEndian.Uint16(p))
		}
	default:
		return nil, iso7816.SWWrongP1P2
	}
	if f == nil {
		return nil, iso7816.SWFileNotFound
	}
	c.hidden = false
	c.enter(f)
	if c.fault.ForgetOnSelect {
		clear(c.verified)
	}
	sw := iso7816.SWOK
	if f.Inactive {
		sw = iso7816.SWDeactivated
	}
	if cmd.P2 == 0x0C {
		return nil, sw
	}
	return f.fci(), sw
}

// enter makes a file current. Leaving a DF drops the codes verified in it (docs/CARDS.md §2.3); the
// codes of the MF are never left (docs/CARDS.md §9 row 14, assumed).
func (c *Card) enter(f *file) {
	c.df, c.ef = f, nil
	if !f.isDF() {
		c.df, c.ef = f.parent, f
	}
	for o := range c.verified {
		if !o.in.holds(c.df) {
			delete(c.verified, o)
		}
	}
}

// named finds a DF by its whole AID.
func (c *Card) named(aid []byte) *file {
	var found *file
	c.root.walk(func(f *file) {
		if len(f.Name) > 0 && bytes.Equal(f.Name, aid) {
			found = f
		}
	})
	return found
}

// createFile is CREATE FILE (docs/CARDS.md §4.1) in the current DF. The new file becomes the current one.
func (c *Card) createFile(cmd iso7816.Command) ([]byte, iso7816.SW) {
	if cmd.P1 != 0 || cmd.P2 != 0 {
		return nil, iso7816.SWWrongP1P2
	}
	if len(cmd.Data) == 0 {
		return nil, iso7816.SWWrongLength
	}
	f, ok := parseFCP(cmd.Data)
	switch {
	case !ok:
		return nil, iso7816.SWWrongData
	case !c.allowed(c.df, c.df.Access[acCreate]):
		return nil, iso7816.SWSecurity
	case c.df.child(f.FID) != nil || f.Name != nil && c.named(f.Name) != nil:
		return nil, iso7816.SWExists
	case f.Size+header > c.df.free():
		return nil, iso7816.SWNoMemory
	}
	if f.Type[0] == typeTransparent {
		f.Data = make([]byte, f.Size)
	}
	c.commit(func() {
		c.df.add(f)
		c.enter(f)
	})
	return nil, iso7816.SWOK
}

// deleteFile is DELETE FILE (docs/CARDS.md §4.1) of a file in the current DF.
//
// assumed: the file's own DELETE byte decides, not its DF's; a DF goes with all that it holds.
func (c *Card) deleteFile(cmd iso7816.Command) ([]byte, iso7816.SW) {
	if cmd.P1 != 0 || cmd.P2 != 0 {
		return nil, iso7816.SWWrongP1P2
	}
	if len(cmd.Data) != 2 {
		return nil, iso7816.SWWrongLength
	}
	f := c.df.child(binary.BigEndian.Uint16(cmd.Data))
	if f == nil {
		return nil, iso7816.SWFileNotFound
	}
	if !c.allowed(c.df, f.Access[acDelete]) {
		return nil, iso7816.SWSecurity
	}
	c.commit(func() {
		c.df.Files = slices.DeleteFunc(c.df.Files, func(x *file) bool { return x == f })
		if c.ef == f {
			c.ef = nil
		}
	})
	return nil, iso7816.SWOK
}

// switchFile is DEACTIVATE (04) and ACTIVATE (44) of the current file (docs/CARDS.md §4.1).
func (c *Card) switchFile(cmd iso7816.Command) ([]byte, iso7816.SW) {
	if cmd.P1 != 0 || cmd.P2 != 0 {
		return nil, iso7816.SWWrongP1P2
	}
	if len(cmd.Data) != 0 {
		return nil, iso7816.SWWrongLength
	}
	f, at := c.ef, c.df
	if f == nil {
		f = c.df
		if f.parent != nil {
			at = f.parent
		}
	}
	ac := f.Access[acEnable]
	if cmd.INS == iso7816.INSDeactivateFile {
		ac = f.Access[acDisable]
	}
	if !c.allowed(at, ac) {
		return nil, iso7816.SWSecurity
	}
	c.commit(func() { f.Inactive = cmd.INS == iso7816.INSDeactivateFile })
	return nil, iso7816.SWOK
}
