// SPDX-License-Identifier: EUPL-1.2

package emulator

import (
	"bytes"
	"slices"

	"rinnova.example/go/card/iso7816"
)

// codeLength is the length of a code as sent and kept, padded with FF (docs/CARDS.md §3).
const codeLength = 8

// acceptable reports whether a code may be set: at least MinLength bytes before the padding.
func (o *object) acceptable(v []byte) bool {
	n := len(v)
	for n > 0 && v[n-1] == 0xFF {
		n--
	}
	return len(v) == codeLength && n >= int(o.MinLength)
}

// code finds the code that P2 names. With the backtracking bit of a model that has it (docs/CARDS.md §3), bit
// 80h asks for the DFs above too and its absence for the current DF alone; on other models the DFs above
// are always searched, and a reference with that bit names nothing.
func (c *Card) code(p2 byte) *object {
	var o *object
	switch {
	case !c.model.Backtrack.Value:
		o = c.df.objectUp(classTest, p2)
	case p2&0x80 != 0:
		o = c.df.objectUp(classTest, p2&^0x80)
	default:
		o = c.df.object(classTest, p2)
	}
	if o != nil && o.Algorithm != algPIN {
		return nil
	}
	return o
}

// present compares a code with the presented one and counts wrong tries. It does not compare a blocked code. A wrong
// code gets 63Cx or 6300, by the model.
func (c *Card) present(o *object, v []byte) iso7816.SW {
	if o.Left == 0 {
		return iso7816.SWBlocked
	}
	if bytes.Equal(v, o.Value) {
		if o.Left != o.Tries {
			c.commit(func() { o.Left = o.Tries })
		}
		return iso7816.SWOK
	}
	delete(c.verified, o)
	left := o.Left - 1
	c.commit(func() { o.Left = left })
	if !c.model.CountsTries.Value {
		return iso7816.SWAuthFailed
	}
	return 0x63C0 | iso7816.SW(left)
}

// verify executes VERIFY (docs/CARDS.md §4.2). Without data it counts as a wrong try, as on some cards, so that tests
// find a client that sends it as a query.
func (c *Card) verify(cmd iso7816.Command) ([]byte, iso7816.SW) {
	if cmd.P1 != 0 {
		return nil, iso7816.SWWrongP1P2
	}
	o := c.code(cmd.P2)
	if o == nil {
		return nil, iso7816.SWObjectNotFound
	}
	if n := len(cmd.Data); n != 0 && n != codeLength {
		return nil, iso7816.SWWrongLength
	}
	if !c.allowed(o.in, o.access(acUse)) {
		return nil, iso7816.SWSecurity
	}
	sw := c.present(o, cmd.Data)
	if sw == iso7816.SWOK {
		c.verified[o] = int(o.Validity)
	}
	return nil, sw
}

// changeCode is CHANGE REFERENCE DATA (docs/CARDS.md §4.2): P1 00 old and new code, P1 01 the new one alone once
// the old one was verified. A change that the code's CHANGE byte forbids costs no try.
//
// assumed: with P1 00 the old code satisfies a CHANGE byte that names the code itself, and nothing is
// verified afterwards that was not before.
func (c *Card) changeCode(cmd iso7816.Command) ([]byte, iso7816.SW) {
	if cmd.P1 > 0x01 {
		return nil, iso7816.SWWrongP1P2
	}
	o := c.code(cmd.P2)
	if o == nil {
		return nil, iso7816.SWObjectNotFound
	}
	old := codeLength * int(1-cmd.P1)
	if len(cmd.Data) != old+codeLength {
		return nil, iso7816.SWWrongLength
	}
	if o.Left == 0 {
		return nil, iso7816.SWBlocked
	}
	ac := o.access(acChange)
	if ac != o.ID || old == 0 {
		if !c.allowed(o.in, ac) {
			return nil, iso7816.SWSecurity
		}
	}
	if old == 0 && !c.satisfied(o.in, o.ID, 0) {
		return nil, iso7816.SWSecurity
	}
	if !o.acceptable(cmd.Data[old:]) {
		return nil, iso7816.SWWrongData
	}
	if old > 0 {
		if sw := c.present(o, cmd.Data[:old]); sw != iso7816.SWOK {
			return nil, sw
		}
	}
	c.setCode(o, cmd.Data[old:])
	return nil, iso7816.SWOK
}

// setCode replaces a code in one write.
func (c *Card) setCode(o *object, v []byte) {
	v = slices.Clone(v)
	c.commit(func() { o.Value = v })
}

// resetCounter is RESET RETRY COUNTER (docs/CARDS.md §4.2): P1 00 PUK and new code, 01 PUK alone, 02 new code and
// 03 nothing, both once the PUK was verified. The PUK is the code that the UNBLOCK byte names, with a
// counter of its own; FF forbids.
//
// assumed: the unblocked code is not verified afterwards, nor is a PUK sent in this command.
func (c *Card) resetCounter(cmd iso7816.Command) ([]byte, iso7816.SW) {
	if cmd.P1 > 0x03 {
		return nil, iso7816.SWWrongP1P2
	}
	o := c.code(cmd.P2)
	if o == nil {
		return nil, iso7816.SWObjectNotFound
	}
	withPUK, withNew := cmd.P1 < 0x02, cmd.P1&1 == 0
	n, data := 0, cmd.Data
	for _, present := range []bool{withPUK, withNew} {
		if present {
			n += codeLength
		}
	}
	if len(data) != n {
		return nil, iso7816.SWWrongLength
	}
	puk := o.in.objectUp(classTest, o.access(acUnblock))
	if puk == nil || puk.Algorithm != algPIN {
		return nil, iso7816.SWSecurity
	}
	if withNew && !o.acceptable(data[n-codeLength:]) {
		return nil, iso7816.SWWrongData
	}
	if withPUK {
		if sw := c.present(puk, data[:codeLength]); sw != iso7816.SWOK {
			return nil, sw
		}
	} else if !c.allowed(o.in, o.access(acUnblock)) {
		return nil, iso7816.SWSecurity
	}
	delete(c.verified, o)
	if withNew {
		c.setCode(o, data[n-codeLength:])
	}
	c.commit(func() { o.Left = o.Tries })
	return nil, iso7816.SWOK
}
