// SPDX-License-Identifier: EUPL-1.2

package iso7816

import (
	"errors"
	"fmt"
)

// MaxShort is the largest command data field of a short APDU, and MaxExtended that of an extended one
// (ISO/IEC 7816-4 §5.2); NeShort and NeExtended are the largest expected lengths.
const (
	MaxShort    = 255
	MaxExtended = 65535
	NeShort     = 256
	NeExtended  = 65536
)

// Command is a command APDU. Ne is the number of response bytes expected, 0 for none.
type Command struct {
	CLA, INS, P1, P2 byte
	Data             []byte
	Ne               int
}

// Bytes encodes the command, short where it fits and extended otherwise (ISO/IEC 7816-4 §5.2).
// It refuses data over 65535 bytes and an Ne over 65536.
func (c Command) Bytes() ([]byte, error) {
	if len(c.Data) > MaxExtended || c.Ne < 0 || c.Ne > NeExtended {
		return nil, fmt.Errorf("command of %d bytes with Ne %d does not fit an APDU", len(c.Data), c.Ne)
	}
	b := append(make([]byte, 0, 4+3+len(c.Data)+2), c.CLA, c.INS, c.P1, c.P2)
	if len(c.Data) <= MaxShort && c.Ne <= NeShort {
		if len(c.Data) > 0 {
			b = append(append(b, byte(len(c.Data))), c.Data...)
		}
		if c.Ne > 0 {
			b = append(b, byte(c.Ne)) // 256 is coded as 00
		}
		return b, nil
	}
	b = append(b, 0)
	if len(c.Data) > 0 {
		b = append(b, byte(len(c.Data)>>8), byte(len(c.Data)))
		b = append(b, c.Data...)
	}
	if c.Ne > 0 {
		b = append(b, byte(c.Ne>>8), byte(c.Ne)) // 65536 is coded as 0000
	}
	return b, nil
}

// Extended reports whether the encoded command uses extended length fields.
func (c Command) Extended() bool { return len(c.Data) > MaxShort || c.Ne > NeShort }

// ErrCommand says that bytes are no command APDU.
var ErrCommand = errors.New("not a command APDU")

// ParseCommand decodes a command APDU of any of the seven forms of ISO/IEC 7816-4 §5.2, table 5, and
// refuses one whose length fields do not account for every byte. An Lc of zero (4 header bytes, 00) is
// read as an Le of 256, as the standard says.
func ParseCommand(b []byte) (Command, error) {
	if len(b) < 4 {
		return Command{}, fmt.Errorf("%w: %d bytes", ErrCommand, len(b))
	}
	c := Command{CLA: b[0], INS: b[1], P1: b[2], P2: b[3]}
	b = b[4:]
	short := func(le byte) int {
		if le == 0 {
			return NeShort
		}
		return int(le)
	}
	extended := func(hi, lo byte) int {
		if hi|lo == 0 {
			return NeExtended
		}
		return int(hi)<<8 | int(lo)
	}
	switch {
	case len(b) == 0: // case 1
		return c, nil
	case len(b) == 1: // case 2S
		c.Ne = short(b[0])
		return c, nil
	case b[0] != 0: // 3S, 4S
		n := int(b[0])
		switch len(b) {
		case 1 + n:
		case 2 + n:
			c.Ne = short(b[1+n])
		default:
			return Command{}, fmt.Errorf("%w: Lc %d with %d bytes behind it", ErrCommand, n, len(b)-1)
		}
		c.Data = b[1 : 1+n]
		return c, nil
	case len(b) == 3: // case 2E
		c.Ne = extended(b[1], b[2])
		return c, nil
	case len(b) > 3: // 3E, 4E
		n := int(b[1])<<8 | int(b[2])
		if n == 0 {
			return Command{}, fmt.Errorf("%w: extended Lc of zero", ErrCommand)
		}
		switch len(b) {
		case 3 + n:
		case 5 + n:
			c.Ne = extended(b[3+n], b[4+n])
		default:
			return Command{}, fmt.Errorf("%w: extended Lc %d with %d bytes behind it", ErrCommand, n, len(b)-3)
		}
		c.Data = b[3 : 3+n]
		return c, nil
	}
	return Command{}, fmt.Errorf("%w: length field of two bytes", ErrCommand)
}

// ErrResponse says that bytes are no response APDU.
var ErrResponse = errors.New("a response without a status word")

// SplitResponse cuts a response APDU into data and status word.
func SplitResponse(b []byte) ([]byte, SW, error) {
	if len(b) < 2 {
		return nil, 0, ErrResponse
	}
	n := len(b) - 2
	return b[:n:n], SW(b[n])<<8 | SW(b[n+1]), nil
}

// Do sends one command and returns the data of the response. If the status word is not 9000, it is the error, of type
// SW, and Do still returns the data.
func Do(card Card, c Command) ([]byte, error) {
	b, err := c.Bytes()
	if err != nil {
		return nil, err
	}
	r, err := card.Transmit(b)
	clear(b) // it may have held a PIN
	if err != nil {
		return nil, err
	}
	data, sw, err := SplitResponse(r)
	if err != nil {
		return nil, err
	}
	if sw != SWOK {
		return data, sw
	}
	return data, nil
}
