// SPDX-License-Identifier: EUPL-1.2

package holder

import (
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// IDCarta is the number of the chip card: the 16 digits of EF_IDCarta, 3F00/1000/1003.
type IDCarta string

// ErrIDCarta is the error for bytes that are no card number, ErrCN for a text that is no common name of a CNS
// certificate. Neither has the text.
var (
	ErrIDCarta = errors.New("malformed card number")
	ErrCN      = errors.New("malformed common name")
)

// ParseIDCarta checks that s is 16 decimal digits. The last one is not checked: one source calls it a
// Luhn digit, others show numbers for which it is not.
func ParseIDCarta(s string) (IDCarta, error) {
	if len(s) != 16 || strings.Trim(s, "0123456789") != "" {
		return "", fmt.Errorf("%w: %d characters", ErrIDCarta, len(s))
	}
	return IDCarta(s), nil
}

// Masked returns the first four digits (kind and issuer, common to millions of cards) and the last three.
func (c IDCarta) Masked() string {
	if len(c) != 16 {
		return "…"
	}
	return string(c[:4]) + "…" + string(c[13:])
}

// Health reports whether the number is that of a regional citizen's card: its first digit is 6.
func (c IDCarta) Health() bool { return len(c) == 16 && c[0] == '6' }

// CN is the common name of a CNS authentication certificate: codice fiscale, "/", card number, ".",
// Base64 of the SHA-1 of EF_DatiPersonali, 62 characters in all.
type CN struct {
	CodiceFiscale CodiceFiscale
	Card          IDCarta
	Hash          string // 28 characters of Base64
}

// ParseCN splits at the first "/" and the first "." only, since Base64 may hold further slashes.
func ParseCN(s string) (CN, error) {
	cf, rest, ok := strings.Cut(s, "/")
	if !ok {
		return CN{}, fmt.Errorf("%w: no slash", ErrCN)
	}
	card, hash, ok := strings.Cut(rest, ".")
	if !ok {
		return CN{}, fmt.Errorf("%w: no full stop", ErrCN)
	}
	var cn CN
	var err error
	if cn.CodiceFiscale, err = ParseCodiceFiscale(cf); err != nil {
		return CN{}, fmt.Errorf("%w: %w", ErrCN, err)
	}
	if cn.Card, err = ParseIDCarta(card); err != nil {
		return CN{}, fmt.Errorf("%w: %w", ErrCN, err)
	}
	if b, err := base64.StdEncoding.Strict().DecodeString(hash); err != nil || len(b) != sha1.Size || len(hash) != 28 {
		return CN{}, fmt.Errorf("%w: hash", ErrCN)
	}
	cn.Hash = hash
	return cn, nil
}

func (c CN) String() string { return string(c.CodiceFiscale) + "/" + string(c.Card) + "." + c.Hash }
