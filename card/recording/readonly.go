// SPDX-License-Identifier: EUPL-1.2

package recording

import (
	"bytes"
	"errors"

	"rinnova.example/go/card/iso7816"
)

// ErrNotReading is the error for a command that could change a card or use up a try. It was not sent.
var ErrNotReading = errors.New("a recording only reads: the command was not sent")

// readOnly passes the commands of reads to a card, and no other.
type readOnly struct {
	iso7816.Card
	failed error // the first failure of card or reader
}

func (r *readOnly) Transmit(command []byte) ([]byte, error) {
	if !reads(command) {
		return nil, ErrNotReading
	}
	response, err := r.Card.Transmit(command)
	if r.failed == nil {
		r.failed = err
	}
	return response, err
}

// maxPath is the longest path of a file here, in bytes: four identifiers.
const maxPath = 8

// reads reports whether a command is one of four: SELECT of the MF, by path from the MF, or by the name of an
// application; READ BINARY of the current file; GET RESPONSE. Each is of class 00 and short (ISO/IEC 7816-4 §11.1.1,
// §11.2.3, §7.6.1).
func reads(command []byte) bool {
	c, err := iso7816.ParseCommand(command)
	short, bad := c.Bytes()
	if err != nil || bad != nil || c.CLA != 0 || c.Extended() || !bytes.Equal(short, command) {
		return false
	}
	n := len(c.Data)
	switch c.INS {
	case iso7816.INSSelect:
		if c.P2 != 0x00 && c.P2 != 0x0C {
			return false
		}
		switch c.P1 {
		case 0x00:
			return n == 2 && c.Data[0] == 0x3F && c.Data[1] == 0x00
		case 0x04:
			return n >= 5 && n <= 16 && c.Data[0] >= 0xA0 // a registered name begins with A to F (ISO/IEC 7816-5 §5.2)
		case 0x08:
			return n > 0 && n <= maxPath && n%2 == 0
		}
	case iso7816.INSReadBinary:
		return c.P1 < 0x80 && n == 0 && c.Ne > 0
	case iso7816.INSGetResponse:
		return c.P1 == 0 && c.P2 == 0 && n == 0 && c.Ne > 0
	}
	return false
}
