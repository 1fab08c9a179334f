// SPDX-License-Identifier: EUPL-1.2

package store

import (
	"fmt"
	"math/big"
	"strings"
)

// Serial is a certificate's serial number in the one form that is stored, logged and printed: lower-case hexadecimal
// without leading zeros.
type Serial string

// SerialOf returns the form of a number.
func SerialOf(number *big.Int) Serial { return Serial(fmt.Sprintf("%x", number)) }

// ParseSerial reads a serial number as other programs print it: with colons or blanks, in capitals, with leading
// zeros. ok is false for any other text.
func ParseSerial(text string) (serial Serial, ok bool) {
	number, ok := new(big.Int).SetString(strings.NewReplacer(":", "", " ", "").Replace(text), 16)
	if !ok {
		return "", false
	}
	return SerialOf(number), true
}

// Int returns the number, nil for a malformed text.
func (s Serial) Int() *big.Int {
	number, _ := new(big.Int).SetString(string(s), 16)
	return number
}
