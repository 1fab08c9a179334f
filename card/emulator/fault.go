// SPDX-License-Identifier: EUPL-1.2

package emulator

import (
	"bytes"

	"rinnova.example/go/card/iso7816"
)

// Cut is the moment when power fails, relative to one command.
type Cut int

const (
	NoCut     Cut = iota
	CutBefore     // before the card acts
	CutAfter      // after it acted, before the answer
	CutMidway     // after Fault.Pages pages of non-volatile memory were written
)

// PageSize is the unit in which non-volatile memory is written, in bytes, at multiples of itself from the
// start of a file or an object.
const PageSize = 64

// Fault is a failure at one command. The zero value is a card that works.
type Fault struct {
	Cut Cut
	// Pages is how many page writes CutMidway leaves; making or removing a file or an object, and each
	// counter, is one page write. A command that needs fewer is cut before the answer.
	Pages int
	// SW, when not zero, is answered without acting: 9000 for a lie, 6A84 for a full card, 6581 for worn memory.
	SW iso7816.SW

	DropWrite bool // non-volatile memory keeps its content, and the answer says it was written
	// bit Flip-1 (modulo the length) of what is written, else of what is answered, is wrong; 0 for none
	Flip                   int
	HideTries              bool // 6300 instead of 63Cx
	RefuseExtended         bool // 6700 to extended length
	RefuseSelectWithoutFCI bool // 6A86 to SELECT with P2 0C
	DropLeadingZeros       bool // leading zero bytes of an RSA result are not answered
	ForgetOnSelect         bool // SELECT drops the security status
	StaleRead              bool // READ BINARY answers what the file held before the last UPDATE BINARY
	ReportOtherKey         bool // GENERATE KEY PAIR reports one key and keeps another
}

// SetFault sets the function asked before each command, nil for none. It gets the command's number, from
// 0 since this call, and its bytes, which it must not keep; it may inspect and clone the card.
func (c *Card) SetFault(f func(index int, command []byte) Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.hook, c.index = f, 0
}

// page reports whether there is still power to write one more page.
func (c *Card) page() bool {
	if c.fault.Cut != CutMidway {
		return true
	}
	if c.pages >= c.fault.Pages {
		c.torn = true
		return false
	}
	c.pages++
	return true
}

// commit makes a change of non-volatile memory that power cannot cut in its middle.
func (c *Card) commit(change func()) {
	if c.fault.DropWrite || c.torn || !c.page() {
		return
	}
	change()
	c.dirty = true
}

// program returns dst with src written at off, page by page. It does not change dst, which cards cloned from this one
// may share.
func (c *Card) program(dst []byte, off int, src []byte) []byte {
	if c.fault.DropWrite || c.torn || len(src) == 0 {
		return dst
	}
	out := bytes.Clone(dst)
	for i := 0; i < len(src) && c.page(); {
		n := min(PageSize-(off+i)%PageSize, len(src)-i)
		copy(out[off+i:], src[i:i+n])
		i += n
		c.dirty = true
	}
	if c.fault.Flip > 0 && !c.flipped {
		flip(out[off:off+len(src)], c.fault.Flip)
		c.flipped = true
	}
	return out
}

func flip(b []byte, n int) {
	n = (n - 1) % (8 * len(b))
	b[n/8] ^= 0x80 >> (n % 8)
}
