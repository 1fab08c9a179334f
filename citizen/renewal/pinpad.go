// SPDX-License-Identifier: EUPL-1.2

package renewal

import (
	"context"
	"errors"
	"time"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/cns"
	"rinnova.example/go/card/pinpad"
	"rinnova.example/go/failure"
)

// Pinpad describes to the person a code for which the reader has a keypad of its own. No code is the answer of a person
// who types it there: the renewal then has the reader ask, and reports it by the events Typing and Typed.
type Pinpad struct {
	Offered    bool         // the code can be typed at the reader
	Unable     bool         // the reader has a keypad, at which this code cannot be typed
	PINs, PUKs int          // entries of the PIN and the PUK that are left in this task, this one included
	Failed     failure.Code // why the entry before sent nothing to the card; "" where it did not end so
}

// blocksWithPIN is the number of blocks of a renewal in which the PIN is presented: one before the answer of the
// service and one after it.
const blocksWithPIN = 2

// lingers is how long the card is held for the signature of a login after the PIN was typed at the reader. Windows
// takes an idle card away after 5 seconds.
const lingers = 4 * time.Second

// unsent returns the failure of an entry at the reader that sent nothing to the card, nil for another error.
func unsent(err error) *Failure {
	for cause, code := range map[error]failure.Code{
		pinpad.ErrTimeout: failure.PinpadTimeout, pinpad.ErrCancelled: failure.PinpadCancelled,
		pinpad.ErrLength: failure.PinpadLength, pinpad.ErrDifferent: failure.PinpadDifferent,
		pinpad.ErrStructure: failure.PinpadUnusable, cns.ErrNoPinpad: failure.PinpadUnusable,
	} {
		if errors.Is(err, cause) {
			return fail(code, err)
		}
	}
	return nil
}

// pinpadFor describes the entry of a code, where the reader has a keypad.
func (n *run) pinpadFor(task Task, kind cardmodel.CodeKind) Pinpad {
	if n.Pinpad == nil {
		return Pinpad{}
	}
	p := Pinpad{PINs: 1}
	switch {
	case n.pinpadUnusable:
	case task != TaskRenewal:
		p.Offered = n.s.ReplacesAtReader(kind)
	default:
		p.Offered = n.s.VerifiesAtReader(kind)
	}
	p.Unable = !p.Offered
	switch {
	case kind == cardmodel.PUK && task == TaskRenewal:
		p.PINs, p.PUKs = blocksWithPIN, 1
	case kind == cardmodel.PUK:
		p.PINs, p.PUKs = 0, 1
	case task == TaskRenewal && !n.login && !n.s.Unlocked():
		p.PINs = blocksWithPIN
	}
	return p
}

// pukFirst reports whether the PUK is asked before the PIN: at a reader's keypad this saves an entry of the PIN, which
// no session keeps while the PUK is typed.
func (n *run) pukFirst() bool {
	return n.Pinpad != nil && !n.login && n.s.VerifiesAtReader(cardmodel.PIN) && n.s.VerifiesAtReader(cardmodel.PUK)
}

// begin opens a block. A PIN that was typed at the reader is typed again there, and asked for as at the first time if
// that fails.
func (n *run) begin(ctx context.Context) error {
	open := func() (err error) {
		n.block, err = n.s.BeginBlock()
		return err
	}
	if !n.s.Unlocked() || n.s.HasPIN() {
		return open()
	}
	return n.enter(ctx, entry{task: TaskRenewal, kind: cardmodel.PIN, announced: true, present: func(pin []byte) error {
		if pin == nil {
			return open()
		}
		var err error
		n.block, err = n.s.BeginBlockWithPIN(pin)
		return err
	}})
}

// beforeReader takes a try and tells the person to type. The last try needs the consent that enter asked for.
func (n *run) beforeReader(kind cardmodel.CodeKind) error {
	n.before = n.triesLeft(kind)
	if n.before != nil && *n.before == 1 && !n.consented {
		f := fail(failure.LastTry, nil)
		f.Tries = n.before
		return f
	}
	n.spendTry(kind)
	code := string(n.task)
	if n.task == TaskRenewal {
		code = map[cardmodel.CodeKind]string{cardmodel.PIN: "pin", cardmodel.PUK: "puk"}[kind]
	}
	n.tell(Event{State: Typing, Code: code, For: pinpad.Patience})
	return nil
}

// afterReader stores what the answer says of the tries, and takes the notice away. Without an answer the try counts.
func (n *run) afterReader(kind cardmodel.CodeKind, err error) {
	switch {
	case err == nil:
		n.keepTries(kind, nil)
	case pinpad.Unsent(err):
		n.keepTries(kind, n.before)
	default:
		_ = n.refused(err)
	}
	n.consented = false
	n.tell(Event{State: Typed})
}
