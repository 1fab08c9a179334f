// SPDX-License-Identifier: EUPL-1.2

package iso7816

import (
	"errors"
	"fmt"
)

// TLV is one BER-TLV data object (ISO/IEC 7816-4 §5.2.2, ISO/IEC 8825-1). Tag holds the tag's bytes as
// they stand, one to three of them.
type TLV struct {
	Tag   uint32
	Value []byte
}

// ErrTLV says that bytes are no sequence of BER-TLV data objects.
var ErrTLV = errors.New("malformed BER-TLV")

// ParseTLV splits a run of data objects. Lengths may take the short form and 81 to 83 (ISO/IEC 7816-4
// §5.2.2.2); a length over the end, an indefinite length, a length in more bytes than it needs, a tag
// over three bytes and trailing bytes are refused. A parsed list encodes to the same bytes.
func ParseTLV(b []byte) ([]TLV, error) {
	var list []TLV
	for len(b) > 0 {
		t, rest, err := CutTLV(b)
		if err != nil {
			return nil, err
		}
		list, b = append(list, t), rest
	}
	return list, nil
}

// CutTLV reads the first data object of b and returns the bytes after it.
func CutTLV(b []byte) (TLV, []byte, error) {
	if len(b) == 0 {
		return TLV{}, nil, fmt.Errorf("%w: empty", ErrTLV)
	}
	tag, i := uint32(b[0]), 1
	if b[0]&0x1F == 0x1F {
		for {
			if i >= len(b) || i > 2 {
				return TLV{}, nil, fmt.Errorf("%w: tag", ErrTLV)
			}
			tag = tag<<8 | uint32(b[i])
			i++
			if b[i-1]&0x80 == 0 {
				break
			}
		}
	}
	if i >= len(b) {
		return TLV{}, nil, fmt.Errorf("%w: no length", ErrTLV)
	}
	n := int(b[i])
	i++
	if n >= 0x80 {
		k := n - 0x80
		if k < 1 || k > 3 || i+k > len(b) {
			return TLV{}, nil, fmt.Errorf("%w: length", ErrTLV)
		}
		n = 0
		for _, x := range b[i : i+k] {
			n = n<<8 | int(x)
		}
		i += k
		if n < 0x80 || k > 1 && n < 1<<(8*(k-1)) {
			return TLV{}, nil, fmt.Errorf("%w: length not minimal", ErrTLV)
		}
	}
	if n > len(b)-i {
		return TLV{}, nil, fmt.Errorf("%w: %d bytes announced, %d there", ErrTLV, n, len(b)-i)
	}
	return TLV{tag, b[i : i+n : i+n]}, b[i+n:], nil
}

// AppendTLV appends one data object with the shortest length field.
func AppendTLV(b []byte, tag uint32, value []byte) []byte {
	switch {
	case tag > 0xFFFF:
		b = append(b, byte(tag>>16), byte(tag>>8), byte(tag))
	case tag > 0xFF:
		b = append(b, byte(tag>>8), byte(tag))
	default:
		b = append(b, byte(tag))
	}
	return append(AppendLength(b, len(value)), value...)
}

// AppendLength appends a BER length field for n bytes.
func AppendLength(b []byte, n int) []byte {
	switch {
	case n < 0x80:
		return append(b, byte(n))
	case n <= 0xFF:
		return append(b, 0x81, byte(n))
	case n <= 0xFFFF:
		return append(b, 0x82, byte(n>>8), byte(n))
	}
	return append(b, 0x83, byte(n>>16), byte(n>>8), byte(n))
}

// Find returns the value of the first object with the tag, and whether there is one.
func Find(list []TLV, tag uint32) ([]byte, bool) {
	for _, t := range list {
		if t.Tag == tag {
			return t.Value, true
		}
	}
	return nil, false
}
