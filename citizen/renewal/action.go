// SPDX-License-Identifier: EUPL-1.2

package renewal

import (
	"rinnova.example/go/card/cns"
	"rinnova.example/go/cmp"
)

// Three pure functions decide the next action: next, judge and chooseKeyAction. Their facts come from the card, the
// journal and the service. No action undoes anything: the old credential is never changed, and an unfinished renewal
// is completed.

// finish is the answer of next when every step is done.
const finish = ""

// runFacts are the facts that a run knows at one moment.
type runFacts struct {
	Read      bool // the card was identified and read
	Inspected bool // service and campaign allow the renewal, and a slot with enough memory is there
	Unlocked  bool // the PIN was accepted in this run
	Prepared  bool // every DF that the slot needs is there
	KeyKnown  bool // a test signature proved the public key of the slot's key
	Kept      bool // there is a certificate for that key
	Checked   bool // that certificate is acceptable
	Written   bool // the slot's file holds it
	Proven    bool // the key on the card signs for it
	Confirmed bool // the service knows that it is confirmed
}

// next returns the first step that is not done, or finish when all are.
func next(f runFacts) string {
	for _, s := range steps() {
		if !s.done(f) {
			return s.name
		}
	}
	return finish
}

// witnesses are the facts from which judge learns whether a renewal was begun before.
type witnesses struct {
	Standing cmp.Decision // the service's decision, "" where it knows no standing
	Issued   bool         // the service issued a certificate
	OnCard   bool         // a slot of the card holds that certificate
	Journal  bool         // this computer's journal holds it, not yet confirmed
}

// verdict is the result of judge.
type verdict string

const (
	goOn             verdict = "go-on"   // begin, or continue an interrupted renewal
	waitTurn         verdict = "waiting" // the service is full
	notKnown         verdict = "unknown" // the service does not know the old certificate
	hasRenewed       verdict = "renewed"
	refusedByService verdict = "refused" // the service gives the reason
)

// judge decides whether a renewal begins, continues or has nothing to do. A confirmed certificate that the card has
// lost is written again. A certificate whose confirmation this computer did not see is confirmed again.
func judge(w witnesses) verdict {
	switch w.Standing {
	case cmp.Unknown:
		return notKnown
	case cmp.Waiting:
		return waitTurn
	case cmp.Refused:
		return refusedByService
	case cmp.Renewed:
		if w.Issued && (!w.OnCard || w.Journal) {
			return goOn
		}
		return hasRenewed
	}
	return goOn
}

// keyFacts are the facts about a slot's key reference.
type keyFacts struct {
	Claimed bool         // journal, card or service names a public key, and a test signature proves it
	Taken   bool         // key objects were there before this run
	State   cns.KeyState // the result of a test signature, where objects were there
	Belongs bool         // a certificate on the card is for that key
	Asked   bool         // the service was asked for the standing of the old certificate
}

// keyAction is what to do with a slot's key.
type keyAction string

const (
	keepKey   keyAction = "keep"
	makeKey   keyAction = "make"
	nextPlace keyAction = "next-place"
)

// chooseKeyAction decides whether to keep a key, to make one (in an empty object or over an orphan, a key that no
// source can prove), or to leave the key alone and use the next slot. An orphan is overwritten only if no certificate
// on the card belongs to it and the service was asked: a key for which the service issued a certificate is among the
// claims, and the test signature refuted them. A key that the PIN does not open is never overwritten.
func chooseKeyAction(k keyFacts) keyAction {
	switch {
	case k.Claimed:
		return keepKey
	case !k.Taken || k.State == cns.KeyUnusable:
		return makeKey
	case k.State == cns.KeyUsable && k.Asked && !k.Belongs:
		return makeKey
	}
	return nextPlace
}
