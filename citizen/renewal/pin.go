// SPDX-License-Identifier: EUPL-1.2

package renewal

import (
	"bytes"
	"context"
	"errors"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/cns"
	"rinnova.example/go/citizen/newpin"
	"rinnova.example/go/failure"
)

// Choose asks a person for a new PIN, typed twice alike. It returns the errors of a Prompter. Its caller wipes the PIN.
type Choose func(context.Context, CodeRequest) ([]byte, error)

// ChangePIN asks for the PIN and for a new one, and replaces it. It needs no service and no campaign. It refuses a PIN
// that is easy to guess before it sends anything, unless both are typed at the reader, which shows them to no program.
// The error is a *Failure: failure.PINUnknown where the card did not answer, failure.PINCommandUnknown where no source
// gives the command for the card's model.
func (r *Renewal) ChangePIN(ctx context.Context, choose Choose) error {
	return r.replacePIN(ctx, TaskChangePIN, cardmodel.PIN, choose, (*cns.Session).ChangePIN,
		(*cns.Session).ChangePINAtReader)
}

// UnblockPIN asks for the PUK and for a new PIN, and gives the card that PIN, whether the one before is blocked or not.
// It fails as ChangePIN does.
func (r *Renewal) UnblockPIN(ctx context.Context, choose Choose) error {
	return r.replacePIN(ctx, TaskUnblockPIN, cardmodel.PUK, choose, (*cns.Session).UnblockPIN,
		(*cns.Session).UnblockPINAtReader)
}

func (r *Renewal) replacePIN(ctx context.Context, task Task, kind cardmodel.CodeKind, choose Choose,
	replace func(s *cns.Session, code, next []byte) error, atReader func(*cns.Session) error) error {
	n := &run{Renewal: r, task: task}
	if err := n.step(ctx, "identify"); err != nil {
		return Classify(err)
	}
	known := n.s.Model.ChangePIN.Value
	if task == TaskUnblockPIN {
		known = n.s.Model.UnblockPIN.Value
	}
	if !known {
		return fail(failure.PINCommandUnknown, cns.ErrNoCommand)
	}
	var next []byte // kept for a second attempt with another code
	defer func() { clear(next) }()
	err := n.enter(ctx, entry{task: task, kind: kind, prepare: func(code []byte) error {
		if next != nil {
			return nil
		}
		var err error
		next, err = n.newPIN(ctx, task, code, choose)
		return err
	}, present: func(code []byte) error {
		if code == nil {
			return n.sendPIN(func() error { return atReader(n.s) })
		}
		return n.sendPIN(func() error { return replace(n.s, code, next) })
	}})
	if err != nil {
		return Classify(err)
	}
	n.keepTries(cardmodel.PIN, nil)
	return nil
}

// sendPIN notes that a new PIN is sent, sends it, and puts the note back when the card has answered.
func (n *run) sendPIN(send func() error) error {
	before := n.tries.NewPIN
	n.s.BeforePIN = func(bool) error {
		n.noteUnwritable(n.ledger().Sent(n.s.IDCarta, true))
		return nil
	}
	err := send()
	unknown := errors.Is(err, cns.ErrPINUnknown)
	if err == nil || unknown {
		n.noteUnwritable(n.ledger().Raise(n.s.IDCarta))
	}
	if !unknown {
		n.noteUnwritable(n.ledger().Sent(n.s.IDCarta, err != nil && before))
	}
	return err
}

// newPIN asks for a new PIN until it is well formed and not easy to guess. old is the code typed before it.
func (n *run) newPIN(ctx context.Context, task Task, old []byte, choose Choose) ([]byte, error) {
	req := CodeRequest{Code: n.s.Model.PIN.Value, Task: task}
	var last error
	for {
		pin, err := choose(ctx, req)
		if err != nil {
			if last != nil && errors.Is(err, ErrNoInput) {
				return nil, last
			}
			return nil, err
		}
		if err := cns.CheckCode(req.Code, pin); err != nil {
			f := fail(failure.PINFormat, err)
			f.Text = req.Code.Digits()
			last, req.Malformed, req.Weakness = f, true, ""
		} else if weak := n.weakness(task, old, pin); weak != "" {
			last, req.Malformed, req.Weakness = fail(weak, nil), false, weak
		} else {
			return pin, nil
		}
		clear(pin)
	}
}

func (n *run) weakness(task Task, old, pin []byte) failure.Code {
	if task == TaskChangePIN && bytes.Equal(old, pin) {
		return failure.PINSame
	}
	return newpin.Weakness(pin, n.s.Personal, n.s.IDCarta)
}
