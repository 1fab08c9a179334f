// SPDX-License-Identifier: EUPL-1.2

package recording

import (
	"bytes"

	"rinnova.example/go/card/iso7816"
)

// filler stands for each byte of a key, a hash or a signature. It begins no DER of any length: as tag and length it
// announces more bytes of length than there can be.
const filler = 0xC5

// Universal tags of X.680.
const (
	tagBoolean    = 0x01
	tagInteger    = 0x02
	tagBitString  = 0x03
	tagOctets     = 0x04
	tagNull       = 0x05
	tagObject     = 0x06
	tagUTCTime    = 0x17
	tagTime       = 0x18
	tagConstructs = 0x20 // the bit of constructed encodings
)

// structure returns DER with the same tags, lengths and object identifiers, and with placeholders for all values that
// can tell one certificate or key from another. Its error is iso7816.ErrTLV.
func structure(der []byte) ([]byte, error) {
	list, err := iso7816.ParseTLV(der)
	if err != nil {
		return nil, err
	}
	var out []byte
	for _, t := range list {
		out = iso7816.AppendTLV(out, t.Tag, value(t))
	}
	return out, nil
}

func value(t iso7816.TLV) []byte {
	v := t.Value
	first := t.Tag
	for first > 0xFF {
		first >>= 8
	}
	if first&tagConstructs != 0 {
		if inner, err := structure(v); err == nil {
			return inner
		}
		return fill(v)
	}
	switch t.Tag {
	case tagBoolean, tagNull, tagObject:
		return v
	case tagInteger:
		return integer(v)
	case tagBitString:
		if len(v) <= 3 { // as keyUsage
			return v
		}
		return append([]byte{v[0]}, wrapped(v[1:])...)
	case tagOctets:
		return wrapped(v)
	case tagUTCTime:
		return year(v, 2)
	case tagTime:
		return year(v, 4)
	case 0x0C, 0x12, 0x13, 0x14, 0x15, 0x16, 0x19, 0x1A, 0x1B, 0x1C, 0x1E: // the types of strings
		if string(v) == "IT" {
			return v
		}
		return text(v)
	}
	if isPlain(v) { // addresses in extensions have tags of their context
		return text(v)
	}
	return fill(v)
}

// wrapped redacts bytes that may be DER themselves, as a public key or an extension is.
func wrapped(v []byte) []byte {
	if inner, err := structure(v); err == nil && len(v) > 0 {
		return inner
	}
	return fill(v)
}

// integer keeps numbers of one byte and the exponent 65537, and of others the sign, and the zero byte in front.
func integer(v []byte) []byte {
	if len(v) <= 1 || bytes.Equal(v, []byte{0x01, 0x00, 0x01}) {
		return v
	}
	out := fill(v)
	switch {
	case v[0] == 0:
		out[0] = 0
	case v[0] < 0x80:
		out[0] = filler &^ 0x80
	}
	return out
}

// year keeps the year of a time, of that many digits; the rest becomes the first of January.
func year(v []byte, digits int) []byte {
	const rest = "0101000000Z"
	if len(v) != digits+len(rest) {
		return text(v)
	}
	for _, c := range v[:digits] {
		if !isDigit(c) {
			return text(v)
		}
	}
	return append(bytes.Clone(v[:digits]), rest...)
}

func fill(v []byte) []byte { return bytes.Repeat([]byte{filler}, len(v)) }

// isPlain reports whether bytes are printable ASCII.
func isPlain(v []byte) bool {
	for _, c := range v {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}
