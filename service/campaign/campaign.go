// SPDX-License-Identifier: EUPL-1.2

// Package campaign decides whether a certificate may be renewed, and until when: a law's extension as data, and one
// pure function over it. It uses no database, no network and no clock.
//
// Days are days of Europe/Rome, whatever the location of a time.Time: an old certificate that ends at
// 2019-12-31T23:00:00Z ends on 1 January 2020.
package campaign

import (
	"time"
	_ "time/tzdata" // Windows has no zone database

	"rinnova.example/go/failure"
)

// Rome is the time zone of a campaign's days.
var Rome = func() *time.Location {
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		panic(err) // time/tzdata is linked in
	}
	return rome
}()

// Campaign is one law's extension of the authentication certificate. ExpiryFrom, ExpiryTo, OpenFrom, OpenTo and
// NewNotAfter are days, their time of day is ignored; the first and last day belong to the window.
type Campaign struct {
	ID         string // path label of the CMP URL
	Version    int    // raised by each change; a decision is recorded with it
	Title      string // Italian
	LegalBasis string // Italian

	ExpiryFrom time.Time // first day on which the old certificate may end; zero: no first day
	ExpiryTo   time.Time // last day on which the old certificate may end; zero: no last day

	NewNotAfter time.Time // last day of the renewed certificate; zero: the same day one year after issue

	OpenFrom time.Time // first day of service; zero: no first day
	OpenTo   time.Time // last day of service; zero: no last day

	AcceptExpired bool     // whether an old certificate that has ended may still ask
	Series        []string // sigle on the front of the card; applied by the program, which sees the card
	Attempts      int      // keys that may be presented for one old certificate
	Capacity      int      // renewals under way at the same time; 0: no limit
	Last          bool     // chosen only when no other open campaign accepts the certificate
}

// Question holds the facts of a decision. Renewed and Attempts are those of the campaign asked: "already renewed" is
// per campaign and per old certificate, so that a later law may extend a card again.
type Question struct {
	Now       time.Time
	NotBefore time.Time // of the old certificate
	NotAfter  time.Time // of the old certificate
	Revoked   bool
	Suspended bool
	Renewed   bool // a certificate for it was confirmed, or seen in a login
	Attempts  int  // keys already presented for it

	IssuerEnds time.Time // end of the issuing authority's certificate, which no certificate may outlive; zero: none
}

// Decision is the answer. NotAfter is set only when Accepted is.
type Decision struct {
	Accepted bool
	Reason   failure.Code // "" when Accepted is set
	NotAfter time.Time    // of the renewed certificate, UTC
}

// Open reports whether now lies within the days of service, and before the end of what would be issued.
func (c Campaign) Open(now time.Time) bool {
	return inDays(now, c.OpenFrom, c.OpenTo) && c.newNotAfter(now).After(now)
}

// Outlives reports whether the campaign is open and what it would issue now ends after a time.
func (c Campaign) Outlives(end, now time.Time) bool {
	return c.Open(now) && c.newNotAfter(now).After(end)
}

// Decide decides whether the certificate of q may be renewed in c. Faults of the certificate come before the campaign's
// conditions, so that the reason for a revoked card is that it is revoked.
//
// An old certificate that ends on or after the end of the renewed one is refused as no-extension, even if its last day
// is in the window: a law that extends to 30 June 2020 adds nothing to one that ends on that day at 23:59:59, and adds
// the day to one that ends at 00:00.
func (c Campaign) Decide(q Question) Decision {
	notAfter := c.newNotAfter(q.Now)
	switch {
	case q.Revoked:
		return Decision{Reason: failure.Revoked}
	case q.Suspended:
		return Decision{Reason: failure.Suspended}
	case q.Renewed:
		return Decision{Reason: failure.AlreadyRenewed}
	case !c.Open(q.Now):
		return Decision{Reason: failure.CampaignClosed}
	case q.Now.Before(q.NotBefore):
		return Decision{Reason: failure.NotYetValid}
	case !inDays(q.NotAfter, c.ExpiryFrom, c.ExpiryTo):
		return Decision{Reason: failure.NotInWindow}
	case q.Now.After(q.NotAfter) && !c.AcceptExpired:
		return Decision{Reason: failure.ExpiredCredential}
	case !notAfter.After(q.NotAfter):
		return Decision{Reason: failure.NoExtension}
	case q.Attempts >= c.Attempts:
		return Decision{Reason: failure.NoAttemptsLeft}
	case !q.IssuerEnds.IsZero() && notAfter.After(q.IssuerEnds):
		return Decision{Reason: failure.IssuerEnds}
	}
	return Decision{Accepted: true, NotAfter: notAfter}
}

// reasonsByNearness orders the reasons: a campaign that refuses for a later one came nearer to accepting.
var reasonsByNearness = []failure.Code{failure.NoCampaign, failure.CampaignClosed, failure.NotYetValid,
	failure.NotInWindow, failure.ExpiredCredential,
	failure.NoExtension, failure.NoAttemptsLeft, failure.IssuerEnds,
	failure.AlreadyRenewed, failure.Suspended, failure.Revoked}

// newNotAfter returns the end of the last day of a certificate issued at now. A certificate issued on 29 February for
// one year ends on 1 March.
func (c Campaign) newNotAfter(now time.Time) time.Time {
	last := c.NewNotAfter
	if last.IsZero() {
		last = now.In(Rome).AddDate(1, 0, 0)
	}
	return endOf(last.In(Rome).Date()).UTC()
}

// inDays reports whether t is on a day from first to last, both included; a zero bound is no bound.
func inDays(t, first, last time.Time) bool {
	if !first.IsZero() {
		if t.Before(day(first.In(Rome).Date())) {
			return false
		}
	}
	if !last.IsZero() {
		y, m, d := last.In(Rome).Date()
		if !t.Before(day(y, m, d+1)) {
			return false
		}
	}
	return true
}
