// SPDX-License-Identifier: EUPL-1.2

package renewal

import (
	"errors"
	"strings"
	"time"

	"rinnova.example/go/card/cns"
	"rinnova.example/go/card/iso7816"
)

// Identity is what tells a person's card from another.
type Identity struct {
	Holder   string     `json:"holder"`             // as on the card: a text from outside
	ID       string     `json:"id"`                 // masked
	NotAfter *time.Time `json:"notAfter,omitempty"` // of the certificate that ends last; nil where none is readable
}

// Identify reads a card without a PIN and without the service. The error is a *Failure.
func Identify(card iso7816.Card) (*Identity, error) {
	s, err := cns.Open(card)
	if err != nil {
		return nil, Classify(err)
	}
	i := &Identity{ID: s.IDCarta.Masked(),
		Holder: strings.TrimSpace(s.Personal.Name + " " + s.Personal.Surname)}
	if held := candidates(s); len(held) > 0 {
		i.NotAfter = &held[0].Certificate.Certificate.NotAfter
	}
	return i, nil
}

// IsOtherKind reports whether an error of Identify says that the card is not a health card at all.
func IsOtherKind(err error) bool {
	return errors.Is(err, cns.ErrForeign) || errors.Is(err, cns.ErrNotHealthCard)
}
