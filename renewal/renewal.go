// SPDX-License-Identifier: EUPL-1.2

// Package renewal is the renewal of a card's certificate: an ordered list of steps, each of which tells
// from facts (what the card says now, what the journal kept, what the service answers) whether it is
// done. No step number is stored: resuming, here or on another computer, is running the list again. The
// old credential is never touched by any step.
package renewal

import (
	"context"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"io"
	"slices"
	"time"

	"rinnova/cardmodel"
	"rinnova/cmp"
	"rinnova/cns"
	"rinnova/holder"
	"rinnova/iso7816"
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
	Now      func() time.Time
	Random   io.Reader
	Wait     func(context.Context, time.Duration) error
	Events   func(Event) // nil: nobody listens
	// Written is told of every certificate file that was written, so that other programs' copies can be
	// dropped; nil: nothing to drop.
	Written func(holder.IDCarta, cardmodel.Path)
}

// Event says that a step began, ended, was found done, or waits. It is all that window, command line and
// recorder see of a run.
type Event struct {
	Step  string
	State string // Started, Done, Skipped, Waiting, Noted
	Code  string // Noted: what is to be known of, a stable word
	Place int    // Waiting: place in the queue
	For   time.Duration
}

// States of an Event.
const (
	Started = "started"
	Done    = "done"
	Skipped = "skipped"
	Waiting = "waiting"
	Noted   = "noted"
)

// Steps are the names of the steps in their order.
var Steps = []string{"identify", "inspect", "unlock", "prepare", "generate", "request", "check", "install", "prove", "confirm"}

// Outcome is a renewal that ended well.
type Outcome struct {
	Session     *cns.Session
	Place       int
	Certificate *x509.Certificate
	Old         *x509.Certificate
	Campaign    string
	LoginURL    string
}

// step is one of Steps.
type step struct {
	done func(*run) bool // by the facts as they are known; nil: never without doing it
	do   func(*run, context.Context) error
}

var steps = map[string]step{
	"identify": {nil, (*run).identify},
	"inspect":  {nil, (*run).inspect},
	"unlock":   {(*run).unlocked, (*run).unlock},
	"prepare":  {(*run).prepared, (*run).prepare},
	"generate": {(*run).keyKnown, (*run).generate},
	"request":  {(*run).certificateKept, (*run).request},
	"check":    {nil, (*run).check},
	"install":  {(*run).installed, (*run).install},
	"prove":    {nil, (*run).prove},
	"confirm":  {(*run).confirmed, (*run).confirm},
}

// run is the facts of one run.
type run struct {
	*Renewal
	s        *cns.Session
	base     cns.Place        // the pair whose certificate is renewed
	standing *cmp.Standing    // nil: the service knows no standing
	service  cmp.ServiceFacts // zero where the service says nothing
	open     []cmp.Campaign   // as the service tells
	campaign string
	rec      record
	place    cns.Place // where the new pair goes
	missing  []cardmodel.DF
	public   *rsa.PublicKey    // of the new key, proven by a test signature
	cert     *x509.Certificate // the new certificate
	written  bool              // the place's file holds cert, as read back
}

// Run renews the certificate, or goes on with a renewal that was cut short. The error is a *Failure. The
// PIN is wiped before it returns, unless it returns an Outcome, whose session keeps it for the steps that
// follow; the caller then calls Forget.
func (r *Renewal) Run(ctx context.Context) (*Outcome, error) {
	n := &run{Renewal: r}
	for _, name := range Steps {
		if err := n.step(ctx, name); err != nil {
			if n.s != nil {
				n.s.Forget()
			}
			f := *Classify(err)
			f.Step = name
			return nil, &f
		}
	}
	return &Outcome{n.s, n.place.Number, n.cert, n.base.Certificate.Certificate, n.campaign, n.service.LoginURL}, nil
}

func (n *run) step(ctx context.Context, name string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s := steps[name]
	if s.done != nil && s.done(n) {
		n.tell(Event{Step: name, State: Skipped})
		return nil
	}
	n.tell(Event{Step: name, State: Started})
	if err := s.do(n, ctx); err != nil {
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
func candidates(s *cns.Session) []cns.Place {
	var list []cns.Place
	for _, p := range s.Contents.Places {
		if p.Certificate.State == cns.Readable && ours(p.Certificate.Certificate, s.IDCarta) {
			list = append(list, p)
		}
	}
	slices.SortStableFunc(list, func(a, b cns.Place) int {
		return b.Certificate.Certificate.NotAfter.Compare(a.Certificate.Certificate.NotAfter)
	})
	return list
}

// ours says whether a certificate is an authentication certificate of the card's holder: its common name
// carries the card's number, and its key may not sign with legal effect. A citizen's signature
// certificate is never ours.
func ours(c *x509.Certificate, id holder.IDCarta) bool {
	cn, err := holder.ParseCN(c.Subject.CommonName)
	return err == nil && cn.Card == id && c.KeyUsage&x509.KeyUsageContentCommitment == 0 && c.KeyUsage&x509.KeyUsageDigitalSignature != 0
}

func hash(c *x509.Certificate) []byte {
	h := sha256.Sum256(c.Raw)
	return h[:]
}

// errTaken: the place holds a key that is not ours to replace.
var errTaken = errors.New("the place holds another key")
