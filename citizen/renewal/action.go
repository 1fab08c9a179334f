// SPDX-License-Identifier: EUPL-1.2

package renewal

import "rinnova.example/go/cmp"

// What to do next is decided here and nowhere else, by three pure functions of what the witnesses say: the
// card, the journal, the service. None of them can ask for anything to be put back: nothing of the old
// credential is ever changed, and what is half made is completed.

// finish is what next answers when nothing is left to do.
const finish = ""

// Facts are what a run knows at one moment.
type Facts struct {
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
func next(f Facts) string {
	for i, done := range []bool{f.Read, f.Inspected, f.Unlocked, f.Prepared, f.KeyKnown, f.Kept, f.Checked, f.Written, f.Proven, f.Confirmed} {
		if !done {
			return Steps[i]
		}
	}
	return finish
}

// Witnesses are what card, journal and service say of a renewal that may have begun before.
type Witnesses struct {
	Standing cmp.Decision // the service's decision, "" where it knows no standing
	Issued   bool         // the service issued a certificate for the old one
	OnCard   bool         // and a place of the card holds it
	Journal  bool         // and this computer's journal holds it, not yet confirmed
}

// Verdict is what they come to.
type Verdict string

const (
	GoOn       Verdict = "go-on"           // begin, or continue where it was cut
	WaitTurn   Verdict = "waiting"         // the service is full
	NotKnown   Verdict = "not-in-registry" // the service does not know the old certificate
	HasRenewed Verdict = "already-renewed"
	Refuses    Verdict = "refused" // for the service's reason
)

// verdict decides whether a renewal begins, goes on or has nothing to do. A certificate that the service
// holds for confirmed but the card has lost is written again; one that this computer never saw confirmed
// is confirmed again.
func verdict(w Witnesses) Verdict {
	switch w.Standing {
	case cmp.Unknown:
		return NotKnown
	case cmp.Waiting:
		return WaitTurn
	case cmp.Refused:
		return Refuses
	case cmp.Renewed:
		if w.Issued && (!w.OnCard || w.Journal) {
			return GoOn
		}
		return HasRenewed
	}
	return GoOn
}

// KeyFacts are what is known of the key reference of a place.
type KeyFacts struct {
	Claimed bool     // somebody names a public key, and a test signature proves it
	Taken   bool     // key objects were there before this run
	State   KeyState // what a test signature met, where objects were there
	Belongs bool     // a certificate on the card is for that key
	Asked   bool     // the service told how the old certificate stands
}

// KeyState is what a key reference answered to a test signature.
type KeyState int

const (
	KeyEmpty   KeyState = iota // nothing that signs
	KeyForeign                 // the PIN does not open it
	KeyUsable                  // it signs, and nobody names its public key
)

// KeyAction is what to do with a place's key.
type KeyAction string

const (
	KeepKey   KeyAction = "keep"
	MakeKey   KeyAction = "make"
	NextPlace KeyAction = "next-place"
)

// keyAction decides whether a key is kept, made (over an empty object, or over an orphan that nobody can
// prove) or left alone for the next place. An orphan is made anew in its place only if no certificate on the
// card belongs to it and the service, asked, issued none for it: a certificate it did issue is among the
// claims, and was refuted by the test signature. A key that the PIN does not open is never touched.
func keyAction(k KeyFacts) KeyAction {
	switch {
	case k.Claimed:
		return KeepKey
	case !k.Taken || k.State == KeyEmpty:
		return MakeKey
	case k.State == KeyUsable && k.Asked && !k.Belongs:
		return MakeKey
	}
	return NextPlace
}
