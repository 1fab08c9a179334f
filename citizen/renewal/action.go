// SPDX-License-Identifier: EUPL-1.2

package renewal

import (
	"rinnova.example/go/card/cns"
	"rinnova.example/go/cmp"
)

// Three pure functions decide the next action, here and nowhere else, from the facts of the witnesses: the
// card, the journal, the service. None of them can ask for an undo: nothing of the old
// credential is ever changed, and what is half made is completed.

// finish is what next answers when nothing is left to do.
const finish = ""

// runFacts are what a run knows at one moment.
type runFacts struct {
	Read      bool // the card was identified and read
	Inspected bool // service and campaign say renewable, a place and its memory are there
	Unlocked  bool // the PIN was accepted in this run
	Prepared  bool // every DF that the place needs is there
	KeyKnown  bool // a test signature proved the public key of the place's key
	Kept      bool // there is a certificate for that key
	Checked   bool // and it is acceptable
	Written   bool // and the place's file holds it
	Proven    bool // and the key on the card signs for it
	Confirmed bool // and the service knows that
}

// next names the first step that is not done; finish when all are.
func next(f runFacts) string {
	for _, s := range steps() {
		if !s.done(f) {
			return s.name
		}
	}
	return finish
}

// witnesses are what card, journal and service say of a renewal that may have begun before.
type witnesses struct {
	Standing cmp.Decision // the service's decision, "" where it knows no standing
	Issued   bool         // the service issued a certificate for the old one
	OnCard   bool         // and a place of the card holds it
	Journal  bool         // and this computer's journal holds it, not yet confirmed
}

// verdict is what they come to.
type verdict string

const (
	goOn             verdict = "go-on"   // begin, or continue where it was cut
	waitTurn         verdict = "waiting" // the service is full
	notKnown         verdict = "unknown" // the service does not know the old certificate
	hasRenewed       verdict = "renewed"
	refusedByService verdict = "refused" // for the service's reason
)

// judge decides whether a renewal begins, goes on or has nothing to do. A certificate that the service
// holds for confirmed but the card has lost is written again; one that this computer never saw confirmed
// is confirmed again.
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

// keyFacts are what is known of the key reference of a place.
type keyFacts struct {
	Claimed bool         // journal, card or service names a public key, and a test signature proves it
	Taken   bool         // key objects were there before this run
	State   cns.KeyState // what a test signature met, where objects were there
	Belongs bool         // a certificate on the card is for that key
	Asked   bool         // the service told how the old certificate stands
}

// keyAction is what to do with a place's key.
type keyAction string

const (
	keepKey   keyAction = "keep"
	makeKey   keyAction = "make"
	nextPlace keyAction = "next-place"
)

// chooseKeyAction decides whether a key is kept, made (over an empty object, or over an orphan that no source can
// prove) or left alone for the next place. An orphan is made again in its slot only if no certificate on the
// card belongs to it and the service, asked, issued none for it: a certificate it did issue is among the
// claims, and was refuted by the test signature. A key that the PIN does not open is never touched.
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
