// SPDX-License-Identifier: EUPL-1.2

package token

import (
	"bytes"
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"slices"
	"time"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/cns"
	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/pinpad"
	"rinnova.example/go/holder"
)

// pair is a certificate of the card, and its key where this token uses it.
type pair struct {
	certificate *x509.Certificate
	public      *rsa.PublicKey
	key         cardmodel.KeyRef
	login       bool // an authentication certificate: its private key is an object
}

// token is a card in a slot, from the first use after its insertion to its removal.
type token struct {
	module     *Module
	session    *cns.Session
	disconnect func()
	generation uint64 // of the card when the files were read, and when the PIN was presented
	pairs      []pair // the newest valid authentication certificate first
	objects    []object
	loggedIn   bool
	idle       *time.Timer       // wipes the PIN
	refused    map[[32]byte]bool // hashes of the PINs that the card refused, under the module's own key
	sent       bool              // a PIN was sent while the ledger was out of order
	before     struct {          // the last entry at the reader
		left *int
		sent bool
	}
}

// read connects to the card in a reader and reads it.
func (m *Module) read(reader string) (*token, error) {
	card, pad, disconnect, err := m.connect(reader)
	if err != nil {
		return nil, err
	}
	session, err := cns.OpenForLogin(card)
	if err != nil {
		disconnect()
		return nil, err
	}
	t := &token{module: m, session: session, disconnect: disconnect, refused: map[[32]byte]bool{}}
	session.BeforePIN, session.AfterPIN = t.beforePIN, t.afterPIN
	session.AtReader = cns.AtReader{Pinpad: pad, Before: t.beforeReader, After: t.afterReader}
	if e, err := m.ledger.Read(session.IDCarta); err == nil {
		t.generation = e.Generation
	}
	t.pairs = pairsOf(session, m.now())
	t.objects = t.makeObjects()
	return t, nil
}

// pairsOf lists the certificates with an RSA key: those for authentication first, and among them those valid now, the
// one that ends last first.
func pairsOf(s *cns.Session, now time.Time) []pair {
	var list []pair
	for _, slot := range s.Contents.Slots {
		c := slot.Certificate.Certificate
		if slot.Certificate.State != cns.FileReadable {
			continue
		}
		if public, ok := c.PublicKey.(*rsa.PublicKey); ok {
			// A signature certificate has nonRepudiation; its key may have a PIN of its own.
			login := c.KeyUsage&x509.KeyUsageContentCommitment == 0 && c.KeyUsage&x509.KeyUsageDigitalSignature != 0
			list = append(list, pair{c, public, slot.Location.Key, login})
		}
	}
	rank := func(p pair) int {
		switch valid := !now.Before(p.certificate.NotBefore) && !now.After(p.certificate.NotAfter); {
		case p.login && valid:
			return 0
		case p.login:
			return 1
		}
		return 2
	}
	slices.SortStableFunc(list, func(a, b pair) int {
		if r := rank(a) - rank(b); r != 0 {
			return r
		}
		return b.certificate.NotAfter.Compare(a.certificate.NotAfter)
	})
	return list
}

// close wipes the PIN and disconnects.
func (t *token) close() {
	t.logout()
	t.disconnect()
}

// moved reports whether a program of ours has changed the card since its files were read. An unreadable ledger tells
// nothing.
func (t *token) moved() bool {
	e, err := t.module.ledger.Read(t.session.IDCarta)
	return err == nil && e.Generation != t.generation
}

// errMoved ends a block before the kept PIN is presented.
var errMoved = errors.New("the card was changed by another program of ours")

// beforePIN refuses the last try, and takes a try in the ledger. It runs in the card's transaction: another program of
// ours that presents a PIN has taken its try before, or takes it after.
func (t *token) beforePIN(kept bool) error {
	if kept && t.moved() {
		return errMoved
	}
	left := t.triesLeft()
	switch {
	case left != nil && *left <= 1:
		return PINLocked
	case kept && left == nil: // as after the login, so that a signature writes no file
		return nil
	}
	id, ledger := t.session.IDCarta, t.module.ledger
	if _, err := ledger.Read(id); err == nil && ledger.Spend(id, cardmodel.PIN) == nil {
		return nil
	}
	if t.sent && !kept {
		return PINLocked
	}
	t.sent = true
	return nil
}

// afterPIN keeps the card's answer. After a success it writes only if the ledger has another number.
func (t *token) afterPIN(err error) {
	id, ledger := t.session.IDCarta, t.module.ledger
	var refused *cns.CodeError
	switch {
	case err == nil:
		if e, err := ledger.Read(id); err != nil || e.PIN != nil {
			_ = ledger.Keep(id, cardmodel.PIN, nil)
		}
	case errors.As(err, &refused) && refused.Tries >= 0:
		_ = ledger.Keep(id, cardmodel.PIN, &refused.Tries)
	}
}

// offersLogin reports whether the PIN's reference, its padding and the key's reference are known of this model: it is
// one that is renewed, or each has a source.
func (t *token) offersLogin() bool {
	m := t.session.Model
	return m.NotRenewable.Value == "" ||
		!m.PIN.Assumed() && !m.Backtrack.Assumed() && !m.Environment.Assumed() && !m.IssuedSlot.Assumed()
}

// triesLeft returns the tries of the PIN that ledger and card told last, the smaller number of both; nil where neither
// told one.
func (t *token) triesLeft() *int {
	e, err := t.module.ledger.Read(t.session.IDCarta)
	left := e.PIN
	if err != nil {
		left = nil
	}
	if n, ok := t.session.Tries(cardmodel.PIN); ok && (left == nil || n < *left) {
		left = &n
	}
	return left
}

// login presents the PIN, once. It never sends the last try, nor a PIN that the card refused before.
func (t *token) login(pin []byte) error {
	if !t.offersLogin() {
		return FunctionNotSupported
	}
	if t.loggedIn {
		return UserAlreadyLoggedIn
	}
	s := t.session
	if code := s.Model.Code(cardmodel.PIN); cns.CheckCode(code, pin) != nil {
		if len(bytes.Trim(pin, "0123456789")) != 0 {
			return PINInvalid
		}
		return PINLenRange
	}
	hash := t.module.hash(pin)
	if t.refused[hash] {
		return PINIncorrect
	}
	if left := t.triesLeft(); left != nil && *left <= 1 {
		return PINLocked // without a wait for the card
	}
	block, err := s.BeginBlockWithPIN(pin)
	var refused *cns.CodeError
	if errors.As(err, &refused) {
		t.refused[hash] = true
	}
	if err != nil {
		return err
	}
	return t.admit(block, block.End)
}

// admit ends a login to which the card agreed, as end leaves its block. It refuses a card that was changed since its
// files were read.
func (t *token) admit(block *cns.Block, end func() error) error {
	if t.moved() {
		_ = block.End() // the card is read again
		t.logout()
		return errMoved
	}
	if err := end(); err != nil {
		t.logout()
		return err
	}
	t.sent, t.loggedIn = false, true
	t.touch()
	return nil
}

// logout wipes the PIN.
func (t *token) logout() {
	if t.idle != nil {
		t.idle.Stop()
	}
	t.session.ForgetPIN()
	t.loggedIn = false
}

// touch starts the idle time again.
func (t *token) touch() {
	if t.idle != nil {
		t.idle.Stop()
	}
	t.idle = time.AfterFunc(t.module.idle, func() {
		t.module.mu.Lock()
		defer t.module.mu.Unlock()
		t.logout()
	})
}

// use runs f, which uses a key under the kept PIN.
func (t *token) use(f func() ([]byte, error)) ([]byte, error) {
	if !t.loggedIn {
		return nil, UserNotLoggedIn
	}
	out, err := f()
	switch {
	case err == nil:
		t.touch()
	case !t.session.Unlocked(): // refused, because other software changed it, or not sent
		t.logout()
	}
	return out, err
}

// hash hides a PIN that is kept only to be compared.
func (m *Module) hash(pin []byte) (h [32]byte) {
	mac := hmac.New(sha256.New, m.key[:])
	mac.Write(pin)
	return [32]byte(mac.Sum(nil))
}

// rvOf maps an error to a return value.
func rvOf(err error) RV {
	var rv RV
	var refused *cns.CodeError
	switch {
	case err == nil:
		return OK
	case errors.As(err, &rv):
		return rv
	case errors.As(err, &refused) && refused.Tries == 0:
		return PINLocked
	case errors.As(err, &refused):
		return PINIncorrect
	case errors.Is(err, pinpad.ErrTimeout), errors.Is(err, pinpad.ErrCancelled):
		return FunctionCanceled
	case errors.Is(err, pinpad.ErrLength):
		return PINLenRange
	case errors.Is(err, cns.ErrLocked):
		return UserNotLoggedIn
	case errors.Is(err, errMoved), errors.Is(err, cns.ErrOtherCard), errors.Is(err, iso7816.ErrCardGone):
		return DeviceRemoved
	case errors.Is(err, cns.ErrForeign), errors.Is(err, holder.ErrIDCarta),
		errors.Is(err, cardmodel.ErrNotCNS), errors.Is(err, cardmodel.ErrUnknownModel),
		errors.Is(err, cardmodel.ErrContactless), errors.Is(err, iso7816.ErrCardMute):
		return TokenNotRecognized
	}
	return DeviceError
}
