// SPDX-License-Identifier: EUPL-1.2

package recording

import (
	"bytes"

	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/holder"
)

// content redacts what was read of a file, by its form.
func content(file string, b []byte) []byte {
	var shown []byte
	switch {
	case bytes.Count(b, []byte{0x00}) == len(b), bytes.Count(b, []byte{0xFF}) == len(b):
		return b
	case file == "1000/1003":
		shown = number(b)
	case file == "1100/1102":
		shown = personalData(b)
	case b[0] == 0x30:
		shown = certificate(b)
	case len(b) > 5 && b[5] == 0x30: // the header of one chamber's cards (docs/CARDS.md §2.1)
		if der := certificate(b[5:]); der != nil {
			shown = append(bytes.Clone(b[:5]), der...)
		}
	}
	if shown == nil {
		return opaque(b)
	}
	return shown
}

// opaque keeps of bytes of any form the tag and length at their beginning, as of a certificate that is cut short or
// compressed (docs/CARDS.md §6.7), and padding.
func opaque(b []byte) []byte {
	out := padding(b)
	if len(b) >= 4 && b[1] == 0x82 {
		switch b[0] {
		case 0x30:
			copy(out, b[:4])
		case 0x5A, 0x7A:
			copy(out, b[:2])
		}
	}
	return out
}

// number keeps the first digit of EF_IDCarta, the kind of card (docs/CARDS.md §2.4); the others become 0. It returns
// nil for bytes of another form, as the functions below do.
func number(b []byte) []byte {
	if _, err := holder.ParseIDCarta(string(b)); err != nil {
		return nil
	}
	return append([]byte{b[0]}, bytes.Repeat([]byte{'0'}, len(b)-1)...)
}

// personalData keeps the lengths in EF_DatiPersonali (docs/CARDS.md §7). It refuses what ParsePersonalData refuses.
func personalData(b []byte) []byte {
	if _, err := holder.ParsePersonalData(b); err != nil {
		return nil
	}
	n, err := holder.PersonalDataLength(b)
	if err != nil {
		return nil
	}
	out := bytes.Clone(b)
	for at := 6; at < n; {
		length := 2 + hexDigit(b[at])<<4 + hexDigit(b[at+1])
		copy(out[at+2:at+length], text(b[at+2:at+length]))
		at += length
	}
	copy(out[n:], padding(b[n:]))
	return out
}

func hexDigit(c byte) int {
	switch {
	case isDigit(c):
		return int(c - '0')
	default:
		return int(c|0x20-'a') + 10
	}
}

// certificate keeps the structure of the DER at the beginning of b, and the padding behind.
func certificate(b []byte) []byte {
	_, rest, err := iso7816.CutTLV(b)
	if err != nil {
		return nil
	}
	shown, err := structure(b[:len(b)-len(rest)])
	if err != nil {
		return nil
	}
	return append(shown, padding(rest)...)
}

// padding keeps bytes 00 and FF.
func padding(b []byte) []byte {
	out := bytes.Clone(b)
	for i, c := range out {
		if c != 0x00 && c != 0xFF {
			out[i] = filler
		}
	}
	return out
}

// text replaces each letter by X, each digit by 0, and what is not ASCII by X. Punctuation and zero bytes stay.
func text(b []byte) []byte {
	out := bytes.Clone(b)
	for i, c := range out {
		switch {
		case isDigit(c):
			out[i] = '0'
		case isLetter(c), c > '~', c > 0 && c < ' ', c == '+':
			out[i] = 'X'
		}
	}
	return out
}
