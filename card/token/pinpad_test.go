// SPDX-License-Identifier: EUPL-1.2

package token

import (
	"crypto/sha256"
	"testing"

	"rinnova.example/go/card/pinpad"
	"rinnova.example/go/trial"
)

// keypad is the keypad of a reader, at the driver's end: it puts the next of the codes that a person types behind the
// header of the structure (19 bytes) and of the command (5), and sends the command. Without a code the time runs out.
type keypad struct {
	c     *computer
	typed []string
	asked int
}

func (k *keypad) control(_ uint32, structure []byte) ([]byte, error) {
	k.asked++
	if len(k.typed) == 0 {
		return []byte{0x64, 0x00}, nil
	}
	command := structure[19:]
	copy(command[5:], k.typed[0])
	k.typed = k.typed[1:]
	return k.c.Transmit(command)
}

// withKeypad returns a computer whose reader has a keypad.
func withKeypad(t *testing.T, typed ...string) (*computer, *keypad) {
	t.Helper()
	c := newComputer(t, "ID2019")
	k := &keypad{c: c, typed: typed}
	var err error
	c.pad, err = pinpad.New([]byte{0x06, 4, 0, 0, 0, 6}, k.control)
	check(t, err)
	return c, k
}

// signs signs with the login key.
func (c *computer) signs(h uint64) error {
	c.Helper()
	key := c.find(h, class(classPrivateKey))
	if len(key) == 0 {
		return UserNotLoggedIn
	}
	check(c, c.module.SignInit(h, key[0], Mechanism{Number: mechSHA256RSA}))
	_, _, err := c.module.Operate(h, false, Whole, make([]byte, sha256.Size), 512)
	return err
}

// TestPinpad: a login at the reader asks once, also for the signatures that follow at once, and again for a later one.
func TestPinpad(t *testing.T) {
	c, k := withKeypad(t, trial.PIN, trial.PIN)
	h := c.open()
	info, err := c.module.TokenInfo(0)
	check(t, err)
	if info.Flags&0x100 == 0 { // CKF_PROTECTED_AUTHENTICATION_PATH
		t.Errorf("flags %X", info.Flags)
	}
	check(t, c.module.Login(h, userNormal, nil))
	for range 2 {
		check(t, c.signs(h))
	}
	if k.asked != 1 || c.verifies() != 1 {
		t.Errorf("asked %d times, %d VERIFY", k.asked, c.verifies())
	}
	_, err = c.module.slots[0].token.session.ReadContents() // as after the time, the block has ended
	check(t, err)
	check(t, c.signs(h))
	if k.asked != 2 || c.verifies() != 2 {
		t.Errorf("a later signature: asked %d times, %d VERIFY", k.asked, c.verifies())
	}
	_, err = c.module.slots[0].token.session.ReadContents()
	check(t, err)
	wants(t, "a signature for which no PIN is typed", c.signs(h), FunctionCanceled)
	if k.asked != 3 || c.verifies() != 2 || c.card.Tries(0x10) != 3 {
		t.Errorf("no PIN typed: asked %d times, %d VERIFY, %d tries", k.asked, c.verifies(), c.card.Tries(0x10))
	}
	wants(t, "a second login", c.module.Login(h, userNormal, nil), UserAlreadyLoggedIn)
	check(t, c.module.Logout(h))
	wants(t, "a signature after the logout", c.signs(h), UserNotLoggedIn)
}

// TestPinpadTries: a wrong PIN costs a try, the time that runs out costs none, and the last try is not asked.
func TestPinpadTries(t *testing.T) {
	c, k := withKeypad(t)
	h := c.open()
	left := func(want int) {
		t.Helper()
		e, err := c.ledger.Read(holderID(c.card.Number))
		check(t, err)
		if e.PIN == nil || *e.PIN != want || c.card.Tries(0x10) != want {
			t.Errorf("the ledger has %v, the card %d tries, want %d", e.PIN, c.card.Tries(0x10), want)
		}
	}
	login := func() error { return c.module.Login(h, userNormal, nil) }
	wants(t, "no PIN typed", login(), FunctionCanceled)
	k.typed = []string{"99999"}
	wants(t, "a wrong PIN", login(), PINIncorrect)
	left(2)
	wants(t, "no PIN typed", login(), FunctionCanceled)
	left(2)
	k.typed = []string{"99999"}
	wants(t, "a wrong PIN", login(), PINIncorrect)
	left(1)
	before := k.asked
	k.typed = []string{trial.PIN}
	wants(t, "the last try", login(), PINLocked)
	if left(1); k.asked != before {
		t.Error("the last try was asked at the reader")
	}
}

// TestPinpadOrHost: a PIN that the host gives is presented as at a reader without a keypad; there a nil PIN is refused.
func TestPinpadOrHost(t *testing.T) {
	c, k := withKeypad(t)
	h := c.open()
	check(t, c.module.Login(h, userNormal, []byte(trial.PIN)))
	check(t, c.signs(h))
	if k.asked != 0 {
		t.Errorf("the reader asked %d times", k.asked)
	}
	plain := newComputer(t, "ID2019")
	h = plain.open()
	wants(t, "a nil PIN", plain.module.Login(h, userNormal, nil), ArgumentsBad)
	info, err := plain.module.TokenInfo(0)
	check(t, err)
	if info.Flags&0x100 != 0 || plain.verifies() != 0 {
		t.Errorf("flags %X, %d VERIFY", info.Flags, plain.verifies())
	}
}
