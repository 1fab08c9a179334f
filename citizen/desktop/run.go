// SPDX-License-Identifier: EUPL-1.2

package desktop

import (
	"context"
	"errors"
	"slices"
	"time"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/failure"
)

// reply is the answer to a prompt.
type reply struct {
	code []byte
	text string
	err  error
}

// errState refuses a request that the current state does not allow.
var errState = errors.New("not now")

// reply answers the open prompt, if there is one. The lock is held.
func (w *Window) reply(r reply) bool {
	if w.answer == nil {
		clear(r.code)
		return false
	}
	w.answer <- r
	w.answer, w.f.running.prompt = nil, nil
	return true
}

// give answers the prompt with number id.
func (w *Window) give(id int, r reply) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.f.running == nil || w.f.running.prompt == nil || w.f.running.prompt.ID != id {
		clear(r.code)
		return errState
	}
	w.reply(r)
	w.bump()
	return nil
}

// ask shows a prompt and waits for its answer.
func (w *Window) ask(ctx context.Context, p Prompt) (reply, error) {
	answer := make(chan reply, 1)
	w.mu.Lock()
	w.prompts++
	p.ID = w.prompts
	p.Repeated = w.f.running.worked
	w.f.running.prompt, w.answer = &p, answer
	if !find(w.f.readers, w.reader).Present { // the card was taken out during other work
		w.reply(reply{err: &renewal.Failure{Code: failure.CardRemoved}})
	}
	w.bump()
	w.mu.Unlock()
	select {
	case r := <-answer:
		return r, r.err
	case <-ctx.Done():
		w.mu.Lock()
		defer w.mu.Unlock()
		select {
		case r := <-answer: // the answer came at the same time
			clear(r.code)
		default:
		}
		w.answer, w.f.running.prompt = nil, nil
		return reply{}, ctx.Err()
	}
}

// person is the renewal's Prompter; it asks through the page.
type person struct{ w *Window }

func (p person) PIN(ctx context.Context, r renewal.CodeRequest) ([]byte, error) {
	return p.code(ctx, PromptPIN, r)
}

func (p person) PUK(ctx context.Context, r renewal.CodeRequest) ([]byte, error) {
	return p.code(ctx, PromptPUK, r)
}

func (p person) code(ctx context.Context, kind PromptKind, r renewal.CodeRequest) ([]byte, error) {
	prompt := Prompt{Kind: kind, Min: r.Code.Min, Max: r.Code.Max, Tries: r.Tries, Limit: r.Limit,
		Wrong: r.Wrong, Malformed: r.Malformed, Weakness: r.Weakness, NewPINSent: r.NewPINSent}
	if pad := r.Pinpad; pad != (renewal.Pinpad{}) {
		prompt.Pinpad = &Pinpad{pad.Offered, pad.Unable, pad.PINs, pad.PUKs, pad.Failed}
	}
	a, err := p.w.ask(ctx, prompt)
	return a.code, err
}

// newPIN is the renewal's Choose. The page sends a PIN that the person typed twice alike.
func (p person) newPIN(ctx context.Context, r renewal.CodeRequest) ([]byte, error) {
	return p.code(ctx, PromptNewPIN, r)
}

func (p person) Consent(ctx context.Context, q renewal.Question) (string, error) {
	a, err := p.w.ask(ctx, Prompt{Kind: PromptKind(q.Kind), PUK: q.Code == cardmodel.PUK, Options: q.Options})
	return a.text, err
}

// renew starts a renewal of the card that was looked at. series is the sigla that the citizen read on its front, ""
// where it was not asked or not known; campaign is the one that the citizen chose where several accept the
// certificate, else "".
func (w *Window) renew(series, campaign string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if screen(w.f) != ScreenRenewable {
		return errState
	}
	if several := w.f.looked.card.Campaigns; len(several) == 0 {
		campaign = ""
	} else if !slices.ContainsFunc(several, func(c Campaign) bool { return c.ID == campaign }) {
		return errState
	}
	w.start(series, campaign)
	return nil
}

// start starts the renewal. The lock is held.
func (w *Window) start(series, campaign string) {
	w.series, w.campaign = series, campaign
	var out *renewal.Outcome
	w.launch(renewal.TaskRenewal, func(ctx context.Context, r *renewal.Renewal) (err error) {
		if r.Series = series; campaign != "" {
			r.Campaign = campaign
		}
		out, err = r.Run(ctx)
		return err
	}, func() {
		w.outcome = out
		w.f.finished = &finished{notAfter: out.Certificate.NotAfter, phase: PhaseRemove, canLogin: out.LoginURL != ""}
		w.keep()
		w.reinserting(find(w.f.readers, w.reader).Present)
	})
}

// replacePIN starts a change of the PIN or its unblocking.
func (w *Window) replacePIN(task renewal.Task) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.f.running != nil || w.f.looking != nil || w.f.finished != nil || w.f.setup != nil ||
		!find(w.f.readers, w.f.target).Present {
		return errState
	}
	w.f.failed, w.f.newPIN = nil, false
	w.startPIN(task)
	return nil
}

// startPIN starts the change of the PIN or its unblocking. The lock is held.
func (w *Window) startPIN(task renewal.Task) {
	replace := (*renewal.Renewal).ChangePIN
	if task == renewal.TaskUnblockPIN {
		replace = (*renewal.Renewal).UnblockPIN
	}
	w.launch(task, func(ctx context.Context, r *renewal.Renewal) error { return replace(r, ctx, person{w}.newPIN) },
		func() { w.f.blocked, w.f.newPIN = nil, true })
}

// launch starts work on the card in the target reader, and then succeed if it succeeds. The lock is held, also when
// succeed is called.
func (w *Window) launch(task renewal.Task, work func(context.Context, *renewal.Renewal) error, succeed func()) {
	ctx, cancel := context.WithCancel(w.ctx)
	w.cancel, w.reader, w.save = cancel, w.f.target, nil
	w.f.task, w.f.running, w.f.report, w.f.contents = task, &running{step: "identify"}, nil, nil
	w.bump()
	w.work.Go(func() {
		defer cancel()
		report, err := w.run(ctx, work)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.f.running, w.f.closing, w.answer, w.f.typing = nil, false, nil, nil
		var f *renewal.Failure
		switch {
		case err == nil:
			succeed()
		case errors.As(err, &f) && f.Code == failure.Cancelled:
			// The citizen pressed INDIETRO. The card may be another one by now.
			if l := w.f.looked; l == nil || w.f.target != w.reader {
				w.startLook()
			}
		default:
			w.f.failed = failureOf(err)
			if c := w.f.failed.Code; c == failure.PINBlocked || c == failure.PUKBlocked {
				w.f.blocked = &blocked{w.reader, find(w.f.readers, w.reader).Token, w.f.failed}
			}
			if report != nil {
				w.f.contents, w.save = report.Contents, report.Save
			}
		}
		w.bump()
	})
}

// run works on the card in the reader. If that fails, it makes the error report.
func (w *Window) run(ctx context.Context, work func(context.Context, *renewal.Renewal) error) (*UnsavedReport, error) {
	c, err := w.cfg.Open(ctx, w.reader)
	if err != nil {
		return nil, err
	}
	err = w.runOn(ctx, c, work)
	c.Close()
	if err == nil || c.Report == nil {
		return nil, err
	}
	report, bad := c.Report(renewal.Classify(err), err)
	if bad != nil {
		report = &UnsavedReport{Save: func() (string, error) { return "", bad }}
	}
	return report, err
}

func (w *Window) runOn(ctx context.Context, c *Card, work func(context.Context, *renewal.Renewal) error) error {
	w.mu.Lock()
	w.f.running.counted = c.Count()
	w.mu.Unlock()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	ended := make(chan struct{})
	defer close(ended)
	w.work.Go(func() {
		for {
			select {
			case <-tick.C:
				w.mu.Lock()
				if r := w.f.running; r != nil && r.counts(c.Count()) {
					w.bump()
				}
				w.mu.Unlock()
			case <-ended:
				return
			}
		}
	})
	r := c.Renewal
	r.Prompter = person{w}
	listen := r.Events
	r.Events = func(e renewal.Event) {
		if listen != nil {
			listen(e)
		}
		w.mu.Lock()
		defer w.mu.Unlock()
		w.typing(e)
		if w.f.running != nil { // the PIN of the trial login is typed after the renewal
			w.f.running.hears(e, c.Count())
		}
		w.bump()
	}
	return work(ctx, r)
}

// typing follows what is typed at the keypad of the reader, and counts its time. The lock is held.
func (w *Window) typing(e renewal.Event) {
	switch e.State {
	case renewal.Typing:
		now := &typing{TypedCode(e.Code), w.cfg.Now().Add(e.For)}
		w.f.typing = now
		w.work.Go(func() {
			tick := time.NewTicker(time.Second)
			defer tick.Stop()
			for {
				select {
				case <-tick.C:
				case <-w.ctx.Done():
					return
				}
				w.mu.Lock()
				same := w.f.typing == now
				if same {
					w.bump()
				}
				w.mu.Unlock()
				if !same {
					return
				}
			}
		})
	case renewal.Typed:
		w.f.typing = nil
	}
}

// keep starts or restarts the timer that wipes the PIN kept for the trial login. The lock is held.
func (w *Window) keep() {
	if w.wipe != nil {
		w.wipe.Stop()
	}
	w.wipe = time.AfterFunc(w.cfg.KeepPIN, func() {
		w.mu.Lock()
		defer w.mu.Unlock()
		d := w.f.finished
		switch {
		case d == nil || w.outcome == nil || !w.outcome.Session.HasPIN():
		case d.phase == PhaseCheck || d.phase == PhaseLogin:
			w.keep() // the card is in use
		default:
			w.outcome.Session.ForgetPIN()
			d.canLogin, d.expired = false, d.canLogin
			w.bump()
		}
	})
}

// reinserting follows the guide's steps 14 and 15 as the card leaves the reader and returns. The lock is held.
func (w *Window) reinserting(present bool) {
	d := w.f.finished
	w.keep()
	switch {
	case !present && (d.phase == PhaseRemove || d.phase == PhaseSeen):
		d.phase, d.until, d.problem = PhaseWait, w.cfg.Now().Add(w.cfg.ReinsertPause), nil
		w.countdown(d)
	case present && (d.phase == PhaseWait || d.phase == PhaseInsert):
		d.phase, d.problem = PhaseCheck, nil
		w.work.Go(func() { w.check(d) })
	}
}

// countdown waits for the end of the minute and reports it as a change.
func (w *Window) countdown(d *finished) {
	w.work.Go(func() {
		for {
			w.mu.Lock()
			left := d.until.Sub(w.cfg.Now())
			if w.f.finished != d || d.phase != PhaseWait || left <= 0 {
				if w.f.finished == d && d.phase == PhaseWait {
					d.phase = PhaseInsert
					w.bump()
				}
				w.mu.Unlock()
				return
			}
			w.mu.Unlock()
			select {
			case <-time.After(min(left, time.Second)):
			case <-w.ctx.Done():
				return
			}
		}
	})
}

// check reads the reinserted card and looks for the new certificate.
func (w *Window) check(d *finished) {
	err := w.onCard(func() error {
		s, o := w.outcome.Session, w.outcome
		contents, err := s.ReadContents()
		if err != nil {
			return err
		}
		if f := contents.Slots[o.Slot].Certificate; f.Certificate == nil || !f.Certificate.Equal(o.Certificate) {
			return &renewal.Failure{Code: failure.CardWrite}
		}
		return nil
	})
	w.set(func(f *facts) {
		switch {
		case f.finished != d:
		case err != nil:
			d.phase, d.problem = PhaseInsert, failureOf(err)
			if !find(f.readers, w.reader).Present {
				d.problem = nil
			}
		default:
			d.phase = PhaseSeen
		}
	})
}

// onCard opens the card that is now in the reader and runs f with the outcome's session on it.
func (w *Window) onCard(f func() error) error {
	c, err := w.cfg.Open(w.ctx, w.reader)
	if err != nil {
		return err
	}
	defer c.Close()
	w.outcome.Session.AtReader.Pinpad = c.Renewal.Pinpad // of this connection
	if err := w.outcome.Session.Resume(c.Renewal.Card); err != nil {
		return err
	}
	return f()
}

// login uses the new certificate for the trial login.
func (w *Window) login() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	d := w.f.finished
	if d == nil || d.phase != PhaseSeen && d.phase != PhaseEntered || !d.canLogin {
		return errState
	}
	d.phase, d.problem, d.login = PhaseLogin, nil, nil
	w.bump()
	w.work.Go(func() {
		var l *renewal.Login
		err := w.onCard(func() (err error) {
			o := w.outcome
			l, err = renewal.LoginWith(w.ctx, o.Session, o.Session.Contents.Slots[o.Slot], o.LoginURL, w.cfg.LoginRoots,
				w.cfg.LoginTransport)
			return err
		})
		if l != nil {
			l.Name, l.CodiceFiscaleMasked, l.TLS = printable(l.Name), printable(l.CodiceFiscaleMasked), printable(l.TLS)
			l.Reason = failure.Code(printable(string(l.Reason)))
		}
		w.set(func(f *facts) {
			if f.finished == d {
				d.phase, d.login = PhaseEntered, l
				if err != nil {
					d.problem = failureOf(err)
					w.keep()
				} else {
					w.outcome.Session.ForgetPIN() // nothing needs it any more
					d.canLogin = false
				}
			}
		})
	})
	return nil
}

// pause skips the minute or starts it again.
func (w *Window) pause(skip bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	d := w.f.finished
	if d == nil || d.phase != PhaseWait {
		return errState
	}
	if skip {
		d.phase = PhaseInsert
	} else {
		d.until = d.until.Add(w.cfg.ReinsertPause)
	}
	w.keep()
	w.bump()
	return nil
}

// dismiss handles CHIUDI: it drops the outcome or failure and looks at the reader again.
func (w *Window) dismiss() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.close()
}

// close drops the outcome and looks at the reader again. The lock is held.
func (w *Window) close() error {
	d := w.f.finished
	if d == nil && w.f.failed == nil && !w.f.newPIN || d != nil && (d.phase == PhaseCheck || d.phase == PhaseLogin) {
		return errState
	}
	w.forget()
	w.f.finished, w.f.failed, w.f.report, w.f.contents, w.f.newPIN = nil, nil, nil, nil, false
	w.retarget()
	w.startLook()
	w.bump()
	return nil
}

// forget wipes the PIN that the outcome's session keeps.
func (w *Window) forget() {
	if w.wipe != nil {
		w.wipe.Stop()
	}
	if w.outcome != nil {
		w.outcome.Session.ForgetPIN()
		w.outcome = nil
	}
}

// choose makes the card in a reader the target.
func (w *Window) choose(reader string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.f.busy() || !find(w.f.readers, reader).Present {
		return errState
	}
	w.f.chosen = reader
	w.retarget()
	w.startLook()
	w.bump()
	return nil
}

// another returns to the choice among several cards.
func (w *Window) another() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.f.busy() {
		return errState
	}
	w.f.chosen = ""
	w.retarget()
	w.startLook()
	w.bump()
	return nil
}

// again looks at the card again.
func (w *Window) again() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.f.busy() {
		return errState
	}
	w.f.blocked = nil
	w.startLook()
	w.bump()
	return nil
}

// resume handles RIPRENDI: it drops the failure, looks at the card, and then starts the renewal again. A change of the
// PIN needs no look.
func (w *Window) resume() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if f := w.f.failed; f == nil || !f.Code.TryAgain() {
		return errState
	}
	if task := w.f.task; task != renewal.TaskRenewal && find(w.f.readers, w.f.target).Present {
		w.f.failed = nil
		w.startPIN(task)
		return nil
	}
	if err := w.close(); err != nil {
		return err
	}
	w.resuming = w.f.task == renewal.TaskRenewal && w.f.looking != nil
	return nil
}

// stay withdraws the request to close the window; leave ends the program even during a renewal. An interrupted
// renewal resumes at the next start.
func (w *Window) stay() { w.set(func(f *facts) { f.closing = false }) }

func (w *Window) leave() {
	w.mu.Lock()
	if w.cancel != nil {
		w.cancel()
	}
	w.left = true
	w.mu.Unlock()
	if w.cfg.Quit != nil {
		w.cfg.Quit()
	}
}

// saveReport saves the error report of the failure on the screen.
func (w *Window) saveReport() error {
	w.mu.Lock()
	failed, save, l := w.f.failed, w.save, w.f.looked
	w.mu.Unlock()
	if failed == nil {
		if l == nil || l.report == nil {
			return errState
		}
		save = l.report.Save
	}
	report := &Report{Code: failure.ReportNoDesk}
	if save != nil {
		path, err := save()
		if report = (&Report{Path: path}); err != nil {
			report = &Report{Code: failure.ReportUnsaved}
		}
	}
	w.set(func(f *facts) { f.report = report })
	return nil
}
