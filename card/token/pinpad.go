// SPDX-License-Identifier: EUPL-1.2

package token

import (
	"time"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/pinpad"
)

// lingers is how long the card is held for signatures after the PIN was typed at the reader: a host that logs in signs
// at once. Later ones have the person type again, because no program knows the PIN. Windows takes an idle card away
// after 5 seconds.
const lingers = 4 * time.Second

// loginAtReader has the person type the PIN at the reader, once. It never asks for the last try.
func (t *token) loginAtReader() error {
	switch {
	case !t.offersLogin():
		return FunctionNotSupported
	case !t.session.VerifiesAtReader(cardmodel.PIN):
		return ArgumentsBad
	case t.loggedIn:
		return UserAlreadyLoggedIn
	}
	if left := t.triesLeft(); left != nil && *left <= 1 {
		return PINLocked // without a wait for the card
	}
	block, err := t.session.BeginBlockAtReader()
	if err != nil {
		return err
	}
	return t.admit(block, func() error {
		t.session.Linger(block, lingers)
		return nil
	})
}

// beforeReader refuses the last try and a card that was changed, and takes a try in the ledger.
func (t *token) beforeReader(cardmodel.CodeKind) error {
	if t.loggedIn && t.moved() {
		return errMoved
	}
	t.before.left, t.before.sent = t.triesLeft(), t.sent
	return t.beforePIN(false)
}

// afterReader keeps the card's answer, or gives the try back after which the reader sent nothing.
func (t *token) afterReader(_ cardmodel.CodeKind, err error) {
	if !pinpad.Unsent(err) {
		t.afterPIN(err)
		if err == nil {
			t.sent = false
		}
		return
	}
	t.sent = t.before.sent
	if t.before.left != nil {
		_ = t.module.ledger.Keep(t.session.IDCarta, cardmodel.PIN, t.before.left)
	}
}
