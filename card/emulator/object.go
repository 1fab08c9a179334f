// SPDX-License-Identifier: EUPL-1.2

package emulator

import (
	"rinnova.example/go/card/iso7816"
)

// Classes of security objects, the first byte of tag 83 (docs/CARDS.md §3).
const (
	classTest     = 0x00
	classModulus  = 0x20
	classExponent = 0x21 // the private one
)

// Algorithm bytes (docs/CARDS.md §3).
const (
	algRSA   = 0x0C // RSA without padding by the card
	algSign  = 0x88 // RSA signature, padded by the card
	algPIN   = 0x87
	algLogic = 0x7F
)

// Indexes into an object's access bytes (docs/CARDS.md §2.3).
const (
	acUse      = 0
	acChange   = 1
	acUnblock  = 2
	acGenerate = 6
)

// object is a security object (BSO): a PIN or PUK, a logic expression, or one component of a key.
type object struct {
	Class     byte   `json:"class"`
	ID        byte   `json:"id"`
	Algorithm byte   `json:"algorithm"`
	Tries     byte   `json:"tries,omitempty"`     // at most
	Left      byte   `json:"left,omitempty"`      // now; survives power loss
	Validity  byte   `json:"validity,omitempty"`  // uses of a verified code, 0 for any number
	MinLength byte   `json:"minLength,omitempty"` // of a code
	Access    []byte `json:"access"`              // 3, 7 or 10 bytes; what is absent is FF
	Value     []byte `json:"value"`

	in *file
}

// environment is a security environment (SECI, docs/CARDS.md §6.1).
type environment struct {
	ID     byte    `json:"id"`
	Access [2]byte `json:"access"`
	Keys   [6]byte `json:"keys"` // by operation: 1 sign, 3 decipher; 0 for none
}

func (o *object) access(i int) byte {
	if i < len(o.Access) {
		return o.Access[i]
	}
	return acNever
}

func (f *file) object(class, id byte) *object {
	for _, o := range f.Objects {
		if o.Class == class && o.ID == id {
			return o
		}
	}
	return nil
}

// objectUp looks in f and then in the DFs above it.
func (f *file) objectUp(class, id byte) *object {
	for d := f; d != nil; d = d.parent {
		if o := d.object(class, id); o != nil {
			return o
		}
	}
	return nil
}

func (f *file) environment(id byte) *environment {
	for _, e := range f.Environments {
		if e.ID == id {
			return e
		}
	}
	return nil
}

// allowed reports whether an access byte met in the DF at is satisfied (docs/CARDS.md §2.3): 00 always, FF and 66
// never, 01 to 1E by the object of that id in this DF or above it, whatever else never.
func (c *Card) allowed(at *file, ac byte) bool {
	return ac == 0 || ac < 0x1F && c.satisfied(at, ac, 0)
}

// maxNesting bounds expressions that name each other in a circle.
const maxNesting = 4

func (c *Card) satisfied(at *file, id byte, depth int) bool {
	o := at.objectUp(classTest, id)
	if o == nil || depth > maxNesting {
		return false
	}
	if o.Algorithm == algLogic {
		return c.evaluate(o, depth)
	}
	uses, ok := c.verified[o]
	if ok && uses > 0 { // a validity counter runs
		if uses--; uses == 0 {
			delete(c.verified, o)
		} else {
			c.verified[o] = uses
		}
	}
	return ok
}

// evaluate works out an expression in reverse Polish order: 00 is AND, FF is OR, else an id.
func (c *Card) evaluate(o *object, depth int) bool {
	var stack []bool
	for _, x := range o.Value {
		if x != 0x00 && x != 0xFF {
			stack = append(stack, c.satisfied(o.in, x, depth+1))
			continue
		}
		n := len(stack)
		if n < 2 {
			return false
		}
		a, b := stack[n-2], stack[n-1]
		if stack = stack[:n-1]; x == 0x00 {
			stack[n-2] = a && b
		} else {
			stack[n-2] = a || b
		}
	}
	return len(stack) == 1 && stack[0]
}

// parseOCI reads a new security object (docs/CARDS.md §6.1, 3 and 4): 83 class and id, 85 eight parameters, 86
// access in 3, 7 or 10 bytes, 8B or CB without secure messaging in any order, and 8F, the value, last.
//
// assumed: a key component of 128 bytes has the form of Incrypto34, in which the length of 8F and the
// length inside it are single bytes even above 7F; one of 256 bytes, for which that form has no room,
// takes BER lengths in both places: 8F 82 01 04 | 82 01 01 | 00 | 256 bytes. Nothing else is accepted.
// assumed: no use counter is kept, so that it must be FF, without limit.
func parseOCI(b []byte) (*object, bool) {
	o := &object{}
	var p []byte
	seen := map[byte]bool{}
	for {
		if len(b) < 2 || seen[b[0]] {
			return nil, false
		}
		tag := b[0]
		seen[tag] = true
		if tag == 0x8F {
			b = b[1:]
			break
		}
		n := int(b[1])
		if n > 0x7F || n > len(b)-2 {
			return nil, false
		}
		v := b[2 : 2+n]
		b = b[2+n:]
		ok := false
		switch tag {
		case 0x83:
			if ok = n == 2; ok {
				o.Class, o.ID = v[0], v[1]
			}
		case 0x85:
			p, ok = v, n == 8
		case 0x86:
			o.Access, ok = append([]byte(nil), v...), n == 3 || n == 7 || n == 10
		case 0x8B, 0xCB:
			ok = n == 16 && allFF(v)
		}
		if !ok {
			return nil, false
		}
	}
	if !seen[0x83] || p == nil || o.Access == nil || p[4] != 0xFF {
		return nil, false
	}
	o.Algorithm = p[2]
	if o.Class == classModulus || o.Class == classExponent {
		return o, o.parseComponent(p, b)
	}
	if o.Class != classTest || o.ID == 0 || o.ID >= 0x1F || p[0] != 0x02 || int(b[0]) != len(b)-1 {
		return nil, false
	}
	o.Value = append([]byte(nil), b[1:]...)
	switch o.Algorithm {
	case algPIN:
		o.Tries, o.Left, o.Validity, o.MinLength = p[1], p[3], p[6], p[7]
		return o, o.Tries > 0 && o.Tries <= 0x0F && o.Left <= o.Tries && len(o.Value) == codeLength &&
			o.acceptable(o.Value)
	case algLogic:
		return o, len(o.Value) > 0
	}
	return nil, false
}

// parseComponent reads one half of a key. The modulus has option 22, more components follow, and the exponent has 02,
// the last one.
func (o *object) parseComponent(p, b []byte) bool {
	option := byte(0x22)
	if o.Class == classExponent {
		option = 0x02
	}
	if p[0] != option || o.ID == 0 || o.ID > 0x7F || o.Algorithm != algRSA && o.Algorithm != algSign {
		return false
	}
	switch {
	case len(b) == 1+0x82 && b[0] == 0x82 && b[1] == 0x81 && b[2] == 0x00:
		o.Value = append([]byte(nil), b[3:]...)
	case len(b) == 3+260 && string(b[:7]) == "\x82\x01\x04\x82\x01\x01\x00":
		o.Value = append([]byte(nil), b[7:]...)
	default:
		return false
	}
	return true
}

// putData is PUT DATA (docs/CARDS.md §4.3, §6.1): 01 6E a new security object, 01 6D a security environment,
// 01 6F the AID of the current DF.
//
// assumed: an object that is there answers 6A89 to anybody who might add one, as on Incrypto34; it is
// changed by CHANGE REFERENCE DATA and CHANGE KEY DATA only. An environment that is there, and the AID,
// are replaced under the access condition for updating objects.
func (c *Card) putData(cmd iso7816.Command) ([]byte, iso7816.SW) {
	if cmd.P1 != 0x01 {
		return nil, iso7816.SWWrongP1P2
	}
	switch cmd.P2 {
	case 0x6E:
		return nil, c.putObject(cmd.Data)
	case 0x6D:
		return nil, c.putEnvironment(cmd.Data)
	case 0x6F:
		return nil, c.putName(cmd.Data)
	}
	return nil, iso7816.SWWrongP1P2
}

func (c *Card) putObject(b []byte) iso7816.SW {
	o, ok := parseOCI(b)
	if !ok {
		return iso7816.SWWrongData
	}
	if !c.allowed(c.df, c.df.Access[acAppend]) {
		return iso7816.SWSecurity
	}
	if c.df.object(o.Class, o.ID) != nil {
		return iso7816.SWExists
	}
	if len(o.Value)+header > c.df.free() {
		return iso7816.SWNoMemory
	}
	value := o.Value
	o.Value, o.in = make([]byte, len(value)), c.df
	c.commit(func() { c.df.Objects = append(c.df.Objects, o) })
	o.Value = c.program(o.Value, 0, value)
	return iso7816.SWOK
}

func (c *Card) putEnvironment(b []byte) iso7816.SW {
	list, err := iso7816.ParseTLV(b)
	id, _ := iso7816.Find(list, 0x83)
	access, _ := iso7816.Find(list, 0x86)
	keys, _ := iso7816.Find(list, 0x8F)
	if err != nil || len(list) != 3 || len(id) != 1 || len(access) != 2 || len(keys) != 6 {
		return iso7816.SWWrongData
	}
	e := &environment{ID: id[0], Access: [2]byte(access), Keys: [6]byte(keys)}
	old := c.df.environment(e.ID)
	if old != nil {
		if !c.allowed(c.df, c.df.Access[acUpdate]) {
			return iso7816.SWSecurity
		}
		c.commit(func() { *old = *e })
		return iso7816.SWOK
	}
	if !c.allowed(c.df, c.df.Access[acAppend]) {
		return iso7816.SWSecurity
	}
	if len(e.Keys)+header > c.df.free() {
		return iso7816.SWNoMemory
	}
	c.commit(func() { c.df.Environments = append(c.df.Environments, e) })
	return iso7816.SWOK
}

func (c *Card) putName(b []byte) iso7816.SW {
	list, err := iso7816.ParseTLV(b)
	if err != nil || len(list) != 1 || list[0].Tag != 0x84 || len(list[0].Value) < 5 || len(list[0].Value) > 16 {
		return iso7816.SWWrongData
	}
	if !c.allowed(c.df, c.df.Access[acUpdate]) {
		return iso7816.SWSecurity
	}
	if d := c.named(list[0].Value); d != nil && d != c.df {
		return iso7816.SWExists
	}
	name := append([]byte(nil), list[0].Value...)
	c.commit(func() { c.df.Name = name })
	return iso7816.SWOK
}

// changeKey is CHANGE KEY DATA (docs/CARDS.md §4.3): 90 24 class, id with bit 80h to look in the DFs above,
// and as many raw bytes as the component has.
func (c *Card) changeKey(cmd iso7816.Command) ([]byte, iso7816.SW) {
	if cmd.P1 != classModulus && cmd.P1 != classExponent {
		return nil, iso7816.SWWrongP1P2
	}
	o := c.df.object(cmd.P1, cmd.P2)
	if cmd.P2&0x80 != 0 {
		o = c.df.objectUp(cmd.P1, cmd.P2&^0x80)
	}
	if o == nil {
		return nil, iso7816.SWObjectNotFound
	}
	if !c.allowed(o.in, o.access(acChange)) {
		return nil, iso7816.SWSecurity
	}
	if len(cmd.Data) != len(o.Value) {
		return nil, iso7816.SWWrongLength
	}
	o.Value = c.program(o.Value, 0, cmd.Data)
	return nil, iso7816.SWOK
}
