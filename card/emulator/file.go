// SPDX-License-Identifier: EUPL-1.2

package emulator

import (
	"encoding/binary"

	"rinnova.example/go/card/iso7816"
)

// Type bytes of tag 82 (docs/CARDS.md §2.5). Linear fixed, cyclic and internal files have no command in
// docs/CARDS.md §4 and are not made.
const (
	typeDF          = 0x38
	typeTransparent = 0x01
	typeTLV         = 0x05 // linear variable, each record a TLV with a length of one byte
)

const masterFile = 0x3F00

// assumed: what a file or an object takes besides its content; no chip's bookkeeping is public.
const header = 16

// file is a DF or an EF. Data, Records and object values are replaced, never changed in place, so that
// cards cloned from one another may share them.
type file struct {
	FID          uint16         `json:"fid"`
	Type         [3]byte        `json:"type"`
	Access       [9]byte        `json:"access"`
	Name         []byte         `json:"name,omitempty"` // AID, tag 84
	Size         int            `json:"size"`           // DF: what it and everything below may take; EF: content
	Inactive     bool           `json:"inactive,omitempty"`
	Data         []byte         `json:"data,omitempty"`
	Records      [][]byte       `json:"records,omitempty"`
	Files        []*file        `json:"files,omitempty"`
	Objects      []*object      `json:"objects,omitempty"`
	Environments []*environment `json:"environments,omitempty"`

	parent *file
	before []byte // Data before the last UPDATE BINARY, for Fault.StaleRead; nil where there was none
}

// Indexes into the access bytes (docs/CARDS.md §2.3).
const (
	acRead     = 0
	acUpdate   = 1 // EF: its content; DF: objects that are there
	acAppend   = 2 // EF: records, result of GENERATE KEY PAIR; DF: new objects
	acDisable  = 3
	acEnable   = 4
	acDelete   = 5
	acCreate   = 7
	acNever    = 0xFF
	acNeverToo = 0x66 // as OpenSC reads it
)

func (f *file) isDF() bool { return f.Type[0] == typeDF }

func (f *file) child(fid uint16) *file {
	for _, x := range f.Files {
		if x.FID == fid {
			return x
		}
	}
	return nil
}

func (f *file) add(x *file) *file {
	x.parent = f
	f.Files = append(f.Files, x)
	return x
}

func (f *file) walk(visit func(*file)) {
	visit(f)
	for _, x := range f.Files {
		x.walk(visit)
	}
}

// holds reports whether g is f or lies below it.
func (f *file) holds(g *file) bool {
	for ; g != nil; g = g.parent {
		if g == f {
			return true
		}
	}
	return false
}

// used is the memory of everything in a DF.
//
// assumed: a DF's size is a limit to what is in it, not memory taken from its parent at once; either is
// found on real chips.
func (f *file) used() int {
	n := 0
	for _, x := range f.Files {
		if x.isDF() {
			n += x.used()
		} else {
			n += x.Size
		}
		n += header
	}
	for _, o := range f.Objects {
		n += len(o.Value) + header
	}
	for _, e := range f.Environments {
		n += len(e.Keys) + header
	}
	return n
}

// free is the memory left in a DF: the minimum of its own and that of the DFs above it.
func (f *file) free() int {
	n := f.Size - f.used()
	for d := f.parent; d != nil; d = d.parent {
		n = min(n, d.Size-d.used())
	}
	return max(n, 0)
}

// recordBytes is the content of a file of TLV records as it counts against the file's size.
func recordBytes(r [][]byte) int {
	n := 0
	for _, x := range r {
		n += len(x)
	}
	return n
}

// noSM is tag CB with every operation free of secure messaging (docs/CARDS.md §2.3).
var noSM = func() []byte {
	b := make([]byte, 24)
	for i := range b {
		b[i] = acNever
	}
	return b
}()

// fci is the template that SELECT answers (docs/CARDS.md §2.5): 80 for an EF; 81, the free memory, for a DF.
func (f *file) fci() []byte {
	var b []byte
	if f.isDF() {
		b = iso7816.AppendTLV(b, 0x81, binary.BigEndian.AppendUint16(nil, uint16(min(f.free(), 0xFFFF))))
	} else {
		b = iso7816.AppendTLV(b, 0x80, binary.BigEndian.AppendUint16(nil, uint16(f.Size)))
	}
	b = iso7816.AppendTLV(b, 0x82, f.Type[:])
	if len(f.Name) > 0 {
		b = iso7816.AppendTLV(b, 0x84, f.Name)
	}
	b = iso7816.AppendTLV(b, 0x83, binary.BigEndian.AppendUint16(nil, f.FID))
	b = iso7816.AppendTLV(b, 0x85, []byte{0x01})
	b = iso7816.AppendTLV(b, 0x86, f.Access[:])
	life := byte(0x05)
	if f.Inactive {
		life = 0x04
	}
	b = iso7816.AppendTLV(b, 0x8A, []byte{life})
	b = iso7816.AppendTLV(b, 0xCB, noSM)
	return iso7816.AppendTLV(nil, 0x6F, b)
}

// parseFCP reads what CREATE FILE is given (docs/CARDS.md §4.1): template 6F or 62, tags in any order; size in
// 80 or 81, 82 type, 83 identifier, 84 AID of a DF, 85, 86 access (what is absent is FF), 8A 05, 8B and
// CB without secure messaging. Any other tag, one that occurs twice, and a type, a life cycle or a
// protection that docs/CARDS.md does not describe are refused.
func parseFCP(b []byte) (*file, bool) {
	outer, err := iso7816.ParseTLV(b)
	if err != nil || len(outer) != 1 || outer[0].Tag != 0x6F && outer[0].Tag != 0x62 {
		return nil, false
	}
	list, err := iso7816.ParseTLV(outer[0].Value)
	if err != nil {
		return nil, false
	}
	f := &file{Size: -1}
	for i := range f.Access {
		f.Access[i] = acNever
	}
	seen := map[uint32]bool{}
	for _, t := range list {
		if seen[t.Tag] {
			return nil, false
		}
		seen[t.Tag] = true
		ok := false
		switch v := t.Value; t.Tag {
		case 0x80, 0x81:
			if ok = len(v) == 2 && f.Size < 0; ok {
				f.Size = int(binary.BigEndian.Uint16(v))
			}
		case 0x82:
			if ok = len(v) == 3 && (v[0] == typeDF || v[0] == typeTransparent || v[0] == typeTLV); ok {
				copy(f.Type[:], v)
			}
		case 0x83:
			if ok = len(v) == 2; ok {
				f.FID = binary.BigEndian.Uint16(v)
			}
		case 0x84:
			if ok = len(v) >= 5 && len(v) <= 16; ok {
				f.Name = append([]byte(nil), v...)
			}
		case 0x85:
			ok = len(v) <= 3
		case 0x86:
			if ok = len(v) <= len(f.Access); ok {
				copy(f.Access[:], v)
			}
		case 0x8A:
			ok = len(v) == 1 && v[0] == 0x05
		case 0x8B:
			ok = len(v) == 16 && allFF(v)
		case 0xCB:
			ok = len(v) == 24 && allFF(v)
		}
		if !ok {
			return nil, false
		}
	}
	if f.Size < 0 || !seen[0x82] || !seen[0x83] || f.Name != nil && !f.isDF() {
		return nil, false
	}
	switch f.FID { // reserved (docs/CARDS.md §4.1)
	case masterFile, 0x3FFF, 0xFFFF:
		return nil, false
	}
	return f, true
}

func allFF(b []byte) bool {
	for _, x := range b {
		if x != 0xFF {
			return false
		}
	}
	return true
}
