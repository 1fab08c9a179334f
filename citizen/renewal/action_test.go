// SPDX-License-Identifier: EUPL-1.2

package renewal

import (
	"slices"
	"testing"

	"rinnova.example/go/card/cns"
	"rinnova.example/go/cmp"
)

// apply models the effect of a successful step on the facts.
func apply(f runFacts, step string) runFacts {
	switch step {
	case "identify":
		f.Read = true
	case "inspect":
		f.Inspected = true
	case "unlock":
		f.Unlocked = true
	case "prepare":
		f.Prepared = true
	case "generate":
		f.KeyKnown = true
	case "request":
		f.Kept = true
	case "check":
		f.Checked = true
	case "install":
		f.Written = true
	case "prove":
		f.Proven = true
	case "confirm":
		f.Confirmed = true
	}
	return f
}

// allFacts lists all 1024 combinations.
func allFacts() []runFacts {
	var all []runFacts
	for n := range 1 << 10 {
		b := func(i int) bool { return n&(1<<i) != 0 }
		all = append(all, runFacts{b(0), b(1), b(2), b(3), b(4), b(5), b(6), b(7), b(8), b(9)})
	}
	return all
}

// permitted states the conditions for each step a second time, in the order of the table in docs/RENEWAL.md.
func permitted(f runFacts, step string) bool {
	switch step {
	case "identify":
		return true
	case "inspect":
		return f.Read
	case "unlock": // no PIN before the service and the campaign allow the renewal
		return f.Read && f.Inspected
	case "prepare":
		return f.Unlocked && f.Inspected
	case "generate":
		return f.Unlocked && f.Prepared && !f.KeyKnown // a known key is never made again
	case "request":
		return f.Unlocked && f.KeyKnown && !f.Kept // one request for one key
	case "check":
		return f.Kept
	case "install":
		return f.Unlocked && f.Kept && f.Checked && f.KeyKnown
	case "prove":
		return f.Written && f.Checked
	case "confirm": // only a certificate that is on the card and works
		return f.Checked && f.Written && f.Proven
	}
	return false
}

func TestNext(t *testing.T) {
	for _, f := range allFacts() {
		step := next(f)
		if step == finish {
			if !f.Confirmed || !f.Proven || !f.Written || !f.Checked {
				t.Errorf("%+v: finished", f)
			}
			continue
		}
		if !slices.Contains(Steps, step) || !permitted(f, step) {
			t.Errorf("%+v: %s is not permitted", f, step)
		}
		// Applying the action twice has the effect of applying it once; it makes progress and loses nothing.
		once := apply(f, step)
		if once == f || apply(once, step) != once {
			t.Errorf("%+v: %s", f, step)
		}
		g, n := f, 0
		for ; next(g) != finish; n++ {
			if n > len(Steps) {
				t.Fatalf("%+v: no end", f)
			}
			g = apply(g, next(g))
		}
	}
}

func TestVerdict(t *testing.T) {
	n := 0
	for _, standing := range []cmp.Decision{"", cmp.Unknown, cmp.Waiting, cmp.Refused, cmp.Renewable, cmp.Renewed} {
		for bits := range 8 {
			w := witnesses{standing, bits&1 != 0, bits&2 != 0, bits&4 != 0}
			if !w.Issued && (w.OnCard || w.Journal) {
				continue // nothing was issued, so nothing can be held
			}
			n++
			v := judge(w)
			var want verdict
			switch {
			case standing == "" || standing == cmp.Renewable:
				want = goOn
			case standing == cmp.Unknown:
				want = notKnown
			case standing == cmp.Waiting:
				want = waitTurn
			case standing == cmp.Refused:
				want = refusedByService
			case !w.Issued: // the certificate is itself a renewal, of the same campaign
				want = hasRenewed
			case !w.OnCard: // confirmed, but lost by the card: write it again
				want = goOn
			case w.Journal: // this computer did not see the confirmation
				want = goOn
			default:
				want = hasRenewed
			}
			if v != want {
				t.Errorf("%+v: %s, want %s", w, v, want)
			}
		}
	}
	if n != 30 {
		t.Errorf("%d combinations", n)
	}
}

func TestKeyAction(t *testing.T) {
	n := 0
	for bits := range 16 {
		for _, state := range []cns.KeyState{cns.KeyUnusable, cns.KeyForeign, cns.KeyUsable} {
			n++
			k := keyFacts{Claimed: bits&1 != 0, Taken: bits&2 != 0, State: state, Belongs: bits&4 != 0,
				Asked: bits&8 != 0}
			a := chooseKeyAction(k)
			// A new key replaces the key in the slot.
			if a == makeKey && k.Taken && (k.Claimed || k.State == cns.KeyForeign ||
				k.State == cns.KeyUsable && (k.Belongs || !k.Asked)) {
				t.Errorf("%+v: a key of worth is made again", k)
			}
			if k.Claimed && a != keepKey {
				t.Errorf("%+v: a known key is not kept", k)
			}
			if !k.Claimed && !k.Taken && a != makeKey {
				t.Errorf("%+v: an empty slot is not used", k)
			}
			if !k.Claimed && a == keepKey {
				t.Errorf("%+v: an unknown key is kept", k)
			}
		}
	}
	if n != 48 {
		t.Errorf("%d facts, 48 wanted", n)
	}
}
