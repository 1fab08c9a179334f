// SPDX-License-Identifier: EUPL-1.2

package recording

import (
	"bytes"

	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/holder"
)

// content redacts what was read of a file. It returns nil where it does not know the form: nothing of that is shown.
func content(file string, b []byte) []byte {
	switch {
	case file == "1000/1003":
		return number(b)
	case file == "1100/1102":
		return personalData(b)
	case len(bytes.Trim(b, "\x00")) == 0 || len(bytes.Trim(b, "\xFF")) == 0:
		return b
	case b[0] == 0x30:
		return certificate(b)
	case len(b) > 5 && b[5] == 0x30: // the header of one chamber's cards (docs/CARDS.md §2.1)
		if shown := certificate(b[5:]); shown != nil {
			return append(bytes.Clone(b[:5]), shown...)
		}
	}
	return nil
}

// number keeps the first digit of EF_IDCarta, the kind of card (docs/CARDS.md §2.4); the others become 0.
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
