// SPDX-License-Identifier: EUPL-1.2

package renewal

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"rinnova.example/go/card/cns"
	"rinnova.example/go/cmp"
	"rinnova.example/go/failure"
)

// Service is the address of the issuing service. A URL with a path is used unchanged; one without gets the well-known
// path, with the campaign in it (RFC 9811 §3.3).
type Service struct {
	URL  *url.URL
	HTTP *http.Client
}

func (s Service) client(campaign string) *cmp.Client {
	u := *s.URL
	if strings.Trim(u.Path, "/") == "" {
		u.Path = "/.well-known/cmp"
		if campaign != "" {
			u.Path += "/p/" + campaign
		}
	}
	return &cmp.Client{URL: u.String(), HTTP: s.HTTP}
}

func (r *Renewal) trust() cmp.Trust { return cmp.Trust{Anchors: r.Anchors, Now: r.Now()} }

// ask sends an unprotected general message and verifies the protected answer. It needs no PIN.
func (r *Renewal) ask(ctx context.Context, q cmp.InformRequest) (*cmp.InformResponse, error) {
	tx, err := cmp.NewTransaction(r.Random)
	if err != nil {
		return nil, err
	}
	der, err := tx.GeneralRequest(q, r.Random)
	if err != nil {
		return nil, err
	}
	answer, err := r.Service.client(r.Campaign).Post(ctx, der)
	if err != nil {
		return nil, err
	}
	res, err := tx.GeneralResponse(answer, r.trust())
	return res, untrusted(err)
}

// Reach asks the service for its facts and verifies that they are its own, that it has an open campaign, and that this
// program is recent enough. It needs no card. It returns the service's time, zero where the service does not tell it.
// The error is a *Failure; a time comes with one that the service itself says.
func (r *Renewal) Reach(ctx context.Context) (time.Time, error) {
	if r.Service.URL == nil {
		return time.Time{}, fail(failure.ServiceNotGiven, nil)
	}
	res, err := r.ask(ctx, cmp.InformRequest{ServiceFacts: true, Campaigns: true})
	if err != nil {
		return time.Time{}, Classify(err)
	}
	n := &run{Renewal: r}
	if res.Service != nil {
		n.service = *res.Service
	}
	if err := n.recent(); err != nil {
		return res.Time, Classify(err)
	}
	if res.Campaigns != nil && len(res.Campaigns) == 0 {
		return res.Time, fail(failure.NoCampaign, nil)
	}
	return res.Time, nil
}

// View holds the facts about a card that need no PIN.
type View struct {
	Session    *cns.Session
	Candidates []cns.Slot     // the holder's certificates, the one that ends last first
	Base       cns.Slot       // the pair to renew; its certificate is the zero value where there is none
	Campaign   string         // the one that accepts it, "" where none or several do
	Campaigns  []cmp.Campaign // the open ones, according to the service
	Service    cmp.ServiceFacts
	Standing   *cmp.Standing
	Full       bool // the service did not answer, and the card has no room for another pair
	Begun      bool // an interrupted renewal of this certificate can continue
	AsksSeries bool // the campaign accepts some of the siglas that the chip may carry, and not others
	// Refusal tells why nothing can be renewed; nil where a renewal is possible.
	Refusal *Failure
}

// Look identifies the card and asks the service for the standing of its certificate. The error is a *Failure if the
// card could not be read; if the service does not answer, the failure is in the view's Refusal.
func (r *Renewal) Look(ctx context.Context) (*View, error) {
	n := &run{Renewal: r, look: true}
	if err := n.step(ctx, "identify"); err != nil {
		return nil, Classify(err)
	}
	v := &View{Session: n.s, Candidates: candidates(n.s)}
	if r.Service.URL == nil {
		v.Refusal = fail(failure.ServiceNotGiven, nil)
		if code := n.s.Model.NotRenewable.Value; code != "" {
			v.Refusal = fail(code, nil)
		}
		v.Full = n.full()
		return v, nil
	}
	if err := n.step(ctx, "inspect"); err != nil {
		f := *Classify(err)
		f.CardChanged = n.cardChanged()
		v.Full = n.standing == nil && n.full()
		v.Refusal = &f
		if f.Code == failure.AlreadyRenewed && !v.Usable(r.Now()) {
			f.Code = failure.RenewedEnded
		}
	}
	v.Base, v.Campaign, v.Service, v.Standing, v.Campaigns = n.base, n.campaign, n.service, n.standing, n.open
	v.Begun, v.AsksSeries = v.Refusal == nil && n.begun(), n.asksSeries
	return v, nil
}

// full reports whether the card has no room for another pair, as far as a look reads it.
func (n *run) full() bool {
	var f *Failure
	return errors.As(n.chooseSlot(), &f) && f.Code == failure.NoRoom
}

// Usable reports whether the card can be used to log in, as far as is known: one of its certificates is in date, and
// the service does not refuse it.
func (v *View) Usable(now time.Time) bool {
	if v.Refusal != nil && slices.Contains(unusable, v.Refusal.Code) {
		return false
	}
	return slices.ContainsFunc(v.Candidates, func(p cns.Slot) bool {
		c := p.Certificate.Certificate
		return !now.Before(c.NotBefore) && !now.After(c.NotAfter)
	})
}

// unusable are the refusals of a renewal for which a site refuses the certificate too.
var unusable = []failure.Code{failure.Revoked, failure.Suspended, failure.NotInRegistry, failure.UntrustedIssuer,
	failure.WeakSignature, failure.WrongKey, failure.WrongPolicy, failure.WrongUsage, failure.UnknownExtension}

// begun reports whether journal, service or card know an unfinished renewal.
func (n *run) begun() bool {
	return n.rec.Slot > 0 && !n.rec.Confirmed || n.standing != nil && len(n.standing.Issued) > 0 ||
		n.slot.Certificate.State == cns.FileEmpty || n.slot.Certificate.State == cns.FilePartial ||
		n.s.Model.NeedsPUK() && n.s.Contents.HasSignatureDF && n.slot.Number == 1
}

// standings asks for the standing of each certificate, the newest first, and chooses the one to renew: the newest
// that is not itself an unconfirmed renewal of another.
func (n *run) standings(ctx context.Context, held []cns.Slot) error {
	answers := make([]*cmp.Standing, len(held))
	for i, p := range held {
		q := cmp.InformRequest{StandingOf: hash(p.Certificate.Certificate), Look: n.look}
		if i == 0 {
			q.CACerts, q.Template, q.Campaigns, q.ServiceFacts = true, true, true, true
		}
		res, err := n.ask(ctx, q)
		var refusal *cmp.Refusal
		if errors.As(err, &refusal) && refusal.Code == cmp.CodeUnspecified {
			res, err = &cmp.InformResponse{}, nil // another CMP server does not know the question
		}
		if err != nil {
			return err
		}
		if i == 0 {
			n.open = res.Campaigns
			if res.Service != nil {
				n.service = *res.Service
			}
		}
		answers[i] = res.Standing
	}
	for i, p := range held {
		// This computer began this renewal and did not see its end. It is finished first, confirmed or not.
		if a := answers[i]; a != nil && !n.rec.Confirmed && n.rec.Certificate != nil &&
			bytes.Equal(n.rec.Certificate, a.Issued) &&
			bytes.Equal(n.rec.Old, hash(p.Certificate.Certificate)) {
			n.base, n.standing = p, a
			return nil
		}
	}
	for i, p := range held {
		if renewalOfAnother(p.Certificate.Certificate, answers) || supersededBeside(i, held, answers) {
			continue
		}
		n.base, n.standing = p, answers[i]
		return nil
	}
	n.base, n.standing = held[len(held)-1], answers[len(held)-1]
	return nil
}

// supersededBeside reports whether the i-th certificate is revoked and another with the same end is not: the first is
// an abandoned renewal beside the valid one.
func supersededBeside(i int, held []cns.Slot, answers []*cmp.Standing) bool {
	revoked := func(a *cmp.Standing) bool { return a != nil && a.Reason == failure.Revoked }
	if !revoked(answers[i]) {
		return false
	}
	for j, p := range held {
		if answers[j] != nil && !revoked(answers[j]) &&
			p.Certificate.Certificate.NotAfter.Equal(held[i].Certificate.Certificate.NotAfter) {
			return true
		}
	}
	return false
}

// renewalOfAnother reports whether the service issued a certificate for another one on the card, and no program
// confirmed it.
func renewalOfAnother(c *x509.Certificate, answers []*cmp.Standing) bool {
	for _, a := range answers {
		if a != nil && bytes.Equal(a.Issued, c.Raw) && !settled(a) {
			return true
		}
	}
	return false
}

// settled reports whether the service has seen the new certificate confirmed or used.
func settled(s *cmp.Standing) bool { return s.State.Confirmed() }

// exchange sends one protected message. It polls while the service is busy.
func (n *run) exchange(ctx context.Context, tx *cmp.Transaction, der []byte) (*cmp.UpdateResponse, error) {
	const longest = 10 * time.Minute
	waited := time.Duration(0)
	for {
		var res *cmp.UpdateResponse
		err := n.send(ctx, der, func(answer []byte) (err error) {
			res, err = tx.UpdateResponse(answer, n.trust())
			return untrusted(err)
		})
		if err != nil {
			return nil, err
		}
		if res.Certificate != nil {
			return res, nil
		}
		if waited += res.CheckAfter; waited > longest {
			return nil, fail(failure.WaitingTooLong, nil)
		}
		n.tell(Event{Step: n.at, State: Waiting, For: res.CheckAfter})
		if err := n.Wait(ctx, res.CheckAfter); err != nil {
			return nil, err
		}
		err = n.card(ctx, func(b *cns.Block) error {
			der, err = tx.PollRequest(n.old(b), n.Now(), n.Random)
			return err
		})
		if err != nil {
			return nil, err
		}
	}
}
