// SPDX-License-Identifier: EUPL-1.2

// Package renewal is the renewal of a card's certificate: an ordered list of steps, each of which tells
// from facts (what the card says now, what the journal kept, what the service answers) whether it is
// done (action.go). No step number is stored: resuming, here or on another computer, is running the list again. The
// old credential is never touched by any step.
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
	"rinnova.example/go/cmp"
	"rinnova.example/go/failure"
	"rinnova.example/go/holder"
)

// Renewal is one run on one card. Fields without "nil" in their comment must be set.
type Renewal struct {
	Card     iso7816.Card
	Service  Service
	Anchors  []*x509.Certificate // issuing roots: they certify the service's answers and the new certificate
	Prompter Prompter
	Journal  *Journal // nil: none is kept
	Campaign string   // "": the one that accepts the certificate
	Series   string   // "": proposed from the chip, asked where it makes a difference
	Version  string   // of the program, held against the service's minimum; "": not held against it
	Now      func() time.Time
	Random   io.Reader
	Wait     func(context.Context, time.Duration) error
	Events   func(Event) // nil: not told
	// OnWritten is told of every certificate file that was written, so that other programs' copies can be
	// dropped; nil: nothing to drop.
	OnWritten func(holder.IDCarta, cardmodel.Path)
}

// Event says that a step began, ended, was found done, or waits. It is all that window, command line and
// recorder see of a run.
type Event struct {
	Step     string
	State    string // Started, Done, Skipped, Waiting, Noted
	Code     string // Noted: what is to be known of, a stable word
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
)

// step is one step of a renewal: when it is done, what does it, and its part of the time (Part).
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

// Outcome is a renewal that ended well.
type Outcome struct {
	Session     *cns.Session
	Slot        int
	Certificate *x509.Certificate
	Old         *x509.Certificate
	Campaign    string
	LoginURL    string
}

// run is the facts of one run.
type run struct {
	*Renewal
	s                   *cns.Session
	base                cns.Slot         // the pair whose certificate is renewed
	standing            *cmp.Standing    // nil: the service knows no standing
	service             cmp.ServiceFacts // zero where the service says nothing
	open                []cmp.Campaign   // as the service tells
	campaign            string
	rec                 record
	slot                cns.Slot          // where the new pair goes, with what its file holds as read last
	spent               []*rsa.PublicKey  // keys of the slot that the service takes no more
	public              *rsa.PublicKey    // of the new key, proven by a test signature
	cert                *x509.Certificate // the new certificate
	inspected, prepared bool
	checked, proven     bool
	asksSeries          bool       // a look: the sigla printed on the card decides
	block               *cns.Block // open with the card across steps; nil when the card is left alone
}

// card runs f in the block that is open with the card, or opens one. It stays open for what follows: each
// block costs a reset, the card's number and a VERIFY.
func (n *run) card(f func(*cns.Block) error) error {
	if n.block == nil {
		var err error
		if n.block, err = n.s.BeginBlock(); err != nil {
			return err
		}
	}
	return f(n.block)
}

// release closes the open block, if one is: before a person or the network is waited for, and at the end.
func (n *run) release() error {
	if n.block == nil {
		return nil
	}
	b := n.block
	n.block = nil
	return b.End()
}

// post sends one message to the service, with the card released.
func (n *run) post(ctx context.Context, der []byte) ([]byte, error) {
	if err := n.release(); err != nil {
		return nil, err
	}
	return n.Service.client(n.campaign).Post(ctx, der)
}

// Run renews the certificate, or goes on with a renewal that was cut short. The error is a *Failure. The
// PIN is wiped before it returns, unless it returns an Outcome, whose session keeps it for the steps that
// follow; the caller then calls Forget.
func (r *Renewal) Run(ctx context.Context) (*Outcome, error) {
	n := &run{Renewal: r}
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
			_ = n.release() // err is the failure that a person is told
			if n.s != nil {
				_ = n.refused(err) // in a block after the one in which the PIN was typed
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

// cardChanged reports whether the renewal has changed the card: this run by a command that it sent, or an earlier one.
func (n *run) cardChanged() bool { return n.s != nil && (n.s.Changed() || n.begun()) }

// facts are what the run knows now.
func (n *run) facts() runFacts {
	f := runFacts{Read: n.s != nil, Inspected: n.inspected}
	if !f.Inspected {
		return f
	}
	f.Unlocked, f.Prepared, f.KeyKnown = n.s.HasPIN(), n.prepared, n.public != nil
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

// setCertificate makes another certificate the new one and drops what was known of the former.
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

// identify opens the session and reads what needs no PIN.
func (n *run) identify(context.Context) error {
	s, err := cns.Open(n.Card)
	if err != nil {
		return err
	}
	n.s = s
	if n.Journal != nil {
		if n.rec, err = n.Journal.load(s.IDCarta); err != nil {
			n.tell(Event{Step: "identify", State: Noted, Code: "journal-unreadable"})
		}
	}
	return nil
}

// save keeps the record. A journal that cannot be written stops nothing: the card is recoverable without.
func (n *run) save() {
	if n.Journal == nil {
		return
	}
	if err := n.Journal.save(n.s.IDCarta, n.rec); err != nil {
		n.tell(Event{Step: "", State: Noted, Code: "journal-unwritable"})
	}
}

// candidates are the certificates on the card that may be renewed or be renewals: the holder's own
// authentication certificates, the one that ends last first.
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

// ours says whether a certificate is an authentication certificate of the card's holder: its common name
// carries the card's number, and its key may not sign with legal effect. A citizen's signature
// certificate is never ours.
func ours(c *x509.Certificate, id holder.IDCarta) bool {
	cn, err := holder.ParseCN(c.Subject.CommonName)
	return err == nil && cn.Card == id && c.KeyUsage&x509.KeyUsageContentCommitment == 0 &&
		c.KeyUsage&x509.KeyUsageDigitalSignature != 0
}

func hash(c *x509.Certificate) []byte {
	h := sha256.Sum256(c.Raw)
	return h[:]
}

// errTaken: the slot holds a key that is not ours to replace.
var errTaken = errors.New("the slot holds another key")

// Wait waits for a time, or until ctx is done, whose error it then returns.
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
