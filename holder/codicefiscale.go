// SPDX-License-Identifier: EUPL-1.2

// Package holder is what a card says of its person and of itself: codice fiscale, card number, the
// common name of the certificate and the personal data file. It parses, checks and masks; it never
// completes, normalises or derives an identity.
package holder

import (
	"errors"
	"fmt"
	"strings"
)

// CodiceFiscale is the 16-character tax code of a person (DM 23/12/1976).
type CodiceFiscale string

// ErrCodiceFiscale says that a text is no codice fiscale. The text itself is never part of the error.
var ErrCodiceFiscale = errors.New("malformed codice fiscale")

// oddValue holds the values of characters in odd positions: '0' to '9' and 'A' to 'J' share the first
// ten (DM 23/12/1976, table of the check character).
var oddValue = [26]int{1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23}

// kinds is the form of each position: L a letter, D a digit or its letter in case of omocodia, M a
// month letter.
const kinds = "LLLLLLDDMDDLDDDL"

// omocodia holds the letters that stand for the digits 0 to 9 where two people would share a code.
const omocodia = "LMNPQRSTUV"

// ParseCodiceFiscale checks form and check character. It accepts the letters of omocodia and leaves them
// as they are; lower case, other lengths and a wrong check character are refused.
func ParseCodiceFiscale(s string) (CodiceFiscale, error) {
	if len(s) != len(kinds) {
		return "", fmt.Errorf("%w: %d characters", ErrCodiceFiscale, len(s))
	}
	sum := 0
	for i := range len(s) {
		c := s[i]
		ok := false
		switch kinds[i] {
		case 'L':
			ok = c >= 'A' && c <= 'Z'
		case 'M':
			ok = strings.IndexByte("ABCDEHLMPRST", c) >= 0
		case 'D':
			ok = c >= '0' && c <= '9' || strings.IndexByte(omocodia, c) >= 0
		}
		if !ok {
			return "", fmt.Errorf("%w: character %d", ErrCodiceFiscale, i+1)
		}
		v := int(c - '0')
		if c >= 'A' {
			v = int(c - 'A')
		}
		if i == len(s)-1 {
			if v != sum%26 {
				return "", fmt.Errorf("%w: check character", ErrCodiceFiscale)
			}
		} else if i%2 == 0 {
			sum += oddValue[v]
		} else {
			sum += v
		}
	}
	return CodiceFiscale(s), nil
}

// Masked returns the first six and the last two characters with an ellipsis between: enough for its
// owner to recognise it.
func (c CodiceFiscale) Masked() string {
	if len(c) != len(kinds) {
		return "…"
	}
	return string(c[:6]) + "…" + string(c[14:])
}
