// SPDX-License-Identifier: EUPL-1.2

// Package renewal renews the certificate of a card by an ordered list of steps. Each step tells from facts (what the
// card says now, what the journal stores, what the service answers) whether it is done (action.go). No step number is
// stored: to resume, here or on another computer, the list runs again. No step changes the old credential.
package renewal

import (
	"bytes"
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"io"
	"slices"
	"time"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/cns"
	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/pinpad"
	"rinnova.example/go/card/tries"
	"rinnova.example/go/cardfile"
	"rinnova.example/go/cmp"
	"rinnova.example/go/failure"
	"rinnova.example/go/holder"
)

// Renewal is one run on one card. Fields whose comment names neither nil nor "" must be set.
type Renewal struct {
	Card     iso7816.Card
	Pinpad   *pinpad.Pinpad // the keypad of the card's reader; nil without one
	Service  Service
	Anchors  []*x509.Certificate // issuing roots: they certify the service's answers and the new certificate
	Prompter Prompter
	Journal  *cardfile.Files // of renewals and of tries; nil: none is used
	Campaign string          // "": the one that accepts the certificate
	Series   string          // "": taken from the chip, or asked where the chip leaves a choice
	Version  string          // of the program, compared with the service's minimum; "": not compared
	Now      func() time.Time
	Random   io.Reader
	Wait     func(context.Context, time.Duration) error
	Events   func(Event) // nil: no events
	// OnWritten is called for every certificate file that was written, so that other programs' cached copies can be
	// deleted; nil: not called.
	OnWritten func(holder.IDCarta, cardmodel.Path)
}

// Event reports that a step began, ended, was already done, or waits. Window, command line and recorder follow a run
// by its events alone.
type Event struct {
	Step     string
	State    string // Started, Done, Skipped, Waiting, Noted, Typing, Typed
	Code     string // Noted: the fact to be noted, a stable word; Typing: what is typed at the reader, as below
	Position int    // Waiting: in the queue, from 1
	For      time.Duration
}

// States of an Event.
const (
	Started = "started"
	Done    = "done"
	Skipped = "skipped"
	Waiting = "waiting"
	Noted   = "noted"
	Typing  = "typing" // the reader asks for a code: "pin", "puk", or of a Task the codes for a new PIN
	Typed   = "typed"  // it asks no longer
)

// step is one step of a renewal: its name, the condition that it is done, its function, and its part of the time
// (Part).
type step struct {
	name     string
	done     func(runFacts) bool
	run      func(*run, context.Context) error
	percent  int
	commands int
}

// steps returns the steps in their order. docs/RENEWAL.md says what is durable after each.
func steps() []step {
	return []step{
		{"identify", func(f runFacts) bool { return f.Read }, (*run).identify, 1, 13},
		{"inspect", func(f runFacts) bool { return f.Inspected }, (*run).inspect, 1, 1},
		{"unlock", func(f runFacts) bool { return f.Unlocked }, (*run).unlock, 3, 8},
		{"prepare", func(f runFacts) bool { return f.Prepared }, (*run).prepare, 1, 16},
		{"generate", func(f runFacts) bool { return f.KeyKnown }, (*run).generate, 76, 28},
		{"request", func(f runFacts) bool { return f.Kept }, (*run).request, 8, 9},
		{"check", func(f runFacts) bool { return f.Checked }, (*run).check, 0, 1},
		{"install", func(f runFacts) bool { return f.Written }, (*run).install, 3, 25},
		{"prove", func(f runFacts) bool { return f.Proven }, (*run).prove, 3, 5},
		{"confirm", func(f runFacts) bool { return f.Confirmed }, (*run).confirm, 4, 4},
	}
}

// Steps are the names of the steps in their order.
var Steps = func() (names []string) {
	for _, s := range steps() {
		names = append(names, s.name)
	}
	return names
}()

// Outcome is the result of a successful renewal.
type Outcome struct {
	Session     *cns.Session
	Slot        int
	Certificate *x509.Certificate
	Old         *x509.Certificate
	Campaign    string
	LoginURL    string
}

// run holds the facts of one run.
type run struct {
	*Renewal
	look                bool // it renews nothing, and takes no place in the waiting room
	s                   *cns.Session
	base                cns.Slot         // the pair whose certificate is renewed
	standing            *cmp.Standing    // nil: the service knows no standing
	service             cmp.ServiceFacts // zero where the service says nothing
	open                []cmp.Campaign   // as the service tells
	campaign            string
	rec                 record
	tries               tries.Entry       // as this run knows them
	ledgerStale         bool              // the ledger could not be written in this run
	slot                cns.Slot          // for the new pair, with its file as read last
	spent               []*rsa.PublicKey  // keys of the slot for which the service issues no certificate any more
	public              *rsa.PublicKey    // of the new key, proven by a test signature
	cert                *x509.Certificate // the new certificate
	inspected, prepared bool
	checked, proven     bool
	at                  string     // the step under way
	renonced            bool       // another transaction was begun after the nonce was refused
	asksSeries          bool       // a look: the citizen must read the sigla printed on the card
	block               *cns.Block // the open block, which spans steps; nil when none is open
	task                Task
	login               bool // no renewal: the PIN is for one login
	pinpadUnusable      bool // the reader refused the description of a code
	before              *int // the tries before the entry at the reader
	consented           bool // the next entry at the reader may be the last try
}

// card runs f in the open block, or opens one. The block stays open for the next steps, because each new block costs
// a reset, a read of the card's number and a VERIFY.
func (n *run) card(ctx context.Context, f func(*cns.Block) error) error {
	if n.block == nil {
		if err := n.begin(ctx); err != nil {
			return err
		}
	}
	return f(n.block)
}

// release closes the open block, if there is one: before a wait for a person or the network, and at the end.
func (n *run) release() error {
	if n.block == nil {
		return nil
	}
	b := n.block
	n.block = nil
	if n.s.Changed() { // while the card is still ours
		n.noteUnwritable(n.ledger().Raise(n.s.IDCarta))
	}
	return b.End()
}

// Run renews the certificate, or continues an interrupted renewal. The error is a *Failure. Run wipes the PIN before
// it returns, unless it returns an Outcome: its session keeps the PIN for the steps that follow, and the caller must
// call its ForgetPIN.
func (r *Renewal) Run(ctx context.Context) (*Outcome, error) {
	n := &run{Renewal: r, task: TaskRenewal}
	last := -1
	for range 3 * len(Steps) {
		name := next(n.facts())
		if name == finish {
			if err := n.release(); err != nil {
				n.s.ForgetPIN()
				return nil, Classify(err)
			}
			return &Outcome{n.s, n.slot.Number, n.cert, n.base.Certificate.Certificate, n.campaign,
				n.service.LoginURL}, nil
		}
		i := slices.Index(Steps, name)
		for skipped := last + 1; skipped < i; skipped++ {
			n.tell(Event{Step: Steps[skipped], State: Skipped})
		}
		last = i
		if err := n.step(ctx, name); err != nil {
			_ = n.release() // the person is told err, the first failure
			if n.s != nil {
				_ = n.refused(err) // the card refused the PIN in a later block than the one in which it was typed
				n.s.ForgetPIN()
			}
			f := *Classify(err)
			f.Step, f.CardChanged = name, n.cardChanged()
			return nil, &f
		}
	}
	_ = n.release()
	n.s.ForgetPIN()
	return nil, fail(failure.Internal, errors.New("the steps never reach the end"))
}

// cardChanged reports whether the renewal has changed the card, by a command of this run or of an earlier one.
func (n *run) cardChanged() bool { return n.s != nil && (n.s.Changed() || n.begun()) }

// facts returns the facts that the run knows now.
func (n *run) facts() runFacts {
	f := runFacts{Read: n.s != nil, Inspected: n.inspected}
	if !f.Inspected {
		return f
	}
	f.Unlocked, f.Prepared, f.KeyKnown = n.s.Unlocked(), n.prepared, n.public != nil
	if f.KeyKnown && n.cert == nil {
		n.cert = n.certificateKept()
	}
	if f.Kept = n.cert != nil; !f.Kept {
		return f
	}
	f.Checked, f.Proven = n.checked, n.proven
	f.Written = n.slot.Certificate.State == cns.FileReadable && n.slot.Certificate.Certificate.Equal(n.cert)
	f.Confirmed = n.rec.Confirmed && bytes.Equal(n.rec.Certificate, n.cert.Raw)
	return f
}

// setCertificate sets the new certificate and drops the facts about the former one.
func (n *run) setCertificate(c *x509.Certificate) {
	if n.cert != nil && n.cert.Equal(c) {
		return
	}
	n.cert, n.checked, n.proven = c, false, false
}

func (n *run) step(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	n.at = name
	n.tell(Event{Step: name, State: Started})
	if err := steps()[slices.Index(Steps, name)].run(n, ctx); err != nil {
		return err
	}
	n.tell(Event{Step: name, State: Done})
	return nil
}

func (n *run) tell(e Event) {
	if n.Events != nil {
		n.Events(e)
	}
}

// identify opens the session and reads the files that need no PIN.
func (n *run) identify(context.Context) error {
	s, err := cns.Open(n.Card)
	if err != nil {
		return err
	}
	n.s = s
	s.AtReader = cns.AtReader{Pinpad: n.Pinpad, Before: n.beforeReader, After: n.afterReader}
	n.load()
	return nil
}

// candidates returns the slots with the holder's own authentication certificates, the one that ends last first. Each
// may be renewed, or may be a renewal.
func candidates(s *cns.Session) []cns.Slot {
	var list []cns.Slot
	for _, p := range s.Contents.Slots {
		if p.Certificate.State == cns.FileReadable && ours(p.Certificate.Certificate, s.IDCarta) {
			list = append(list, p)
		}
	}
	slices.SortStableFunc(list, func(a, b cns.Slot) int {
		return b.Certificate.Certificate.NotAfter.Compare(a.Certificate.Certificate.NotAfter)
	})
	return list
}

// ours reports whether a certificate is an authentication certificate of the card's holder: its common name contains
// the card's number, and its key usage excludes nonRepudiation. It is false for a citizen's signature certificate.
func ours(c *x509.Certificate, id holder.IDCarta) bool {
	cn, err := holder.ParseCN(c.Subject.CommonName)
	return err == nil && cn.Card == id && c.KeyUsage&x509.KeyUsageContentCommitment == 0 &&
		c.KeyUsage&x509.KeyUsageDigitalSignature != 0
}

func hash(c *x509.Certificate) []byte {
	h := sha256.Sum256(c.Raw)
	return h[:]
}

// errTaken reports that the slot holds a key that the renewal may not replace.
var errTaken = errors.New("the slot holds another key")

// Wait waits for d, or until ctx is done; it then returns the error of ctx.
func Wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
