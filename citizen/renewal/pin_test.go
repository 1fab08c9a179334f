// SPDX-License-Identifier: EUPL-1.2

package renewal_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/emulator"
	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/tries"
	"rinnova.example/go/cardfile"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/failure"
	"rinnova.example/go/holder"
)

// Codes of the demonstration's cards, and PINs that are not easy to guess.
const (
	oldPIN    = emulator.DemoPIN
	newPIN    = "80357"
	otherPIN  = "91524603"
	pinObject = 0x10 // references of docs/CARDS.md §3
	pukObject = 0x11
)

// chooser types new PINs, one after the other.
type chooser struct {
	pins  []string
	asked []renewal.CodeRequest
}

func (c *chooser) choose(_ context.Context, r renewal.CodeRequest) ([]byte, error) {
	c.asked = append(c.asked, r)
	if len(c.pins) == 0 {
		return nil, renewal.ErrNoInput
	}
	pin := c.pins[0]
	c.pins = c.pins[1:]
	return []byte(pin), nil
}

// accepts reports whether a card takes a PIN, on a copy of it.
func accepts(card *emulator.Card, pin string) bool {
	c := card.Clone()
	c.Reinsert()
	return bytes.Equal(present(c, pinObject, pin), []byte{0x90, 0x00})
}

// present sends VERIFY.
func present(c *emulator.Card, reference byte, code string) []byte {
	data := append([]byte(code), bytes.Repeat([]byte{0xFF}, 8-len(code))...)
	answer, _ := c.Transmit(append([]byte{0x00, 0x20, 0x00, reference, 0x08}, data...))
	return answer
}

// block types wrong codes until a code is blocked.
func block(c *emulator.Card, reference byte) {
	for c.Tries(reference) > 0 {
		present(c, reference, "99999")
	}
}

func demoCard(t *testing.T, series string) *emulator.Card {
	t.Helper()
	c, err := emulator.Demo(series, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func entry(t *testing.T, card *emulator.Card, journal *cardfile.Files) tries.Entry {
	t.Helper()
	number, _ := card.File("1000/1003")
	e, err := tries.Ledger{Files: journal}.Read(holder.IDCarta(number))
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestPIN: what a person types, what the card and the ledger have then.
func TestPIN(t *testing.T) {
	issued := demoCard(t, "AC2014")
	for _, c := range []struct {
		name       string
		unblock    bool
		blocked    byte // the code that is blocked before
		typed, new []string
		want       failure.Code
		pin        string // that the card accepts afterwards
		asked      int    // new PINs
		pinLeft    int
		pukLeft    int
		generation uint64
	}{
		{"changed", false, 0, []string{oldPIN}, []string{newPIN}, "", newPIN, 1, 3, 10, 1},
		{"changed at the second try", false, 0, []string{"77777", oldPIN}, []string{newPIN}, "", newPIN, 1, 3, 10, 1},
		{"wrong PIN", false, 0, []string{"77777"}, []string{newPIN}, failure.PINWrong, oldPIN, 1, 2, 10, 0},
		{"malformed PIN", false, 0, []string{"777"}, []string{newPIN}, failure.PINFormat, oldPIN, 0, 3, 10, 0},
		{"weak, then good", false, 0, []string{oldPIN}, []string{"11111", "07101978", newPIN}, "", newPIN, 3,
			3, 10, 1},
		{"weak", false, 0, []string{oldPIN}, []string{"54321"}, failure.PINSequence, oldPIN, 2, 3, 10, 0},
		{"the same", false, 0, []string{oldPIN}, []string{oldPIN}, failure.PINSame, oldPIN, 2, 3, 10, 0},
		{"malformed new PIN", false, 0, []string{oldPIN}, []string{"80a57"}, failure.PINFormat, oldPIN, 2, 3, 10, 0},
		{"no new PIN", false, 0, []string{oldPIN}, nil, failure.InputMissing, oldPIN, 1, 3, 10, 0},
		{"the PIN is blocked", false, pinObject, []string{oldPIN}, []string{newPIN}, failure.PINBlocked, "", 1,
			0, 10, 0},
		{"unblocked", true, pinObject, []string{emulator.DemoPUK}, []string{newPIN}, "", newPIN, 1, 3, 10, 1},
		{"forgotten and not blocked", true, 0, []string{emulator.DemoPUK}, []string{newPIN}, "", newPIN, 1, 3, 10, 1},
		{"wrong PUK", true, pinObject, []string{"87654321"}, []string{newPIN}, failure.PUKWrong, "", 1, 0, 9, 0},
		{"the right PUK after", true, pinObject, []string{"87654321", emulator.DemoPUK}, []string{newPIN}, "", newPIN,
			1, 3, 10, 1},
		{"the PUK is blocked", true, pukObject, []string{emulator.DemoPUK}, []string{newPIN}, failure.PUKBlocked,
			oldPIN, 1, 3, 0, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			card := issued.Clone()
			if c.blocked != 0 {
				block(card, c.blocked)
			}
			card.Reinsert()
			journal, _ := memory()
			who, new := &person{pins: c.typed, puks: c.typed}, &chooser{pins: c.new}
			r := &renewal.Renewal{Card: card, Prompter: who, Journal: journal}
			act, task := r.ChangePIN, renewal.TaskChangePIN
			if c.unblock {
				act, task = r.UnblockPIN, renewal.TaskUnblockPIN
			}
			if err := act(t.Context(), new.choose); failure.Code(code(err)) != c.want {
				t.Errorf("%v, want %q", err, c.want)
			}
			if c.pin != "" && !accepts(card, c.pin) {
				t.Error("the card does not accept the PIN")
			}
			if len(new.asked) != c.asked || card.Tries(pinObject) != c.pinLeft || card.Tries(pukObject) != c.pukLeft {
				t.Errorf("asked %d times; tries left %d and %d", len(new.asked), card.Tries(pinObject),
					card.Tries(pukObject))
			}
			if e := entry(t, card, journal); e.Generation != c.generation || e.NewPIN {
				t.Errorf("the ledger has %+v", e)
			}
			for _, q := range append(who.asked, new.asked...) {
				if q.Task != task || q.NewPINSent {
					t.Errorf("asked %+v", q)
				}
			}
		})
	}
}

// TestPINWithoutSource: nothing that would change the card, or cost a try, is sent where no source gives the command.
func TestPINWithoutSource(t *testing.T) {
	card := demoCard(t, "ACe2025")
	who, new := &person{pins: []string{oldPIN}, puks: []string{emulator.DemoPUK}}, &chooser{pins: []string{newPIN}}
	for _, act := range []func(*renewal.Renewal, context.Context, renewal.Choose) error{
		(*renewal.Renewal).ChangePIN, (*renewal.Renewal).UnblockPIN} {
		if err := act(&renewal.Renewal{Card: card, Prompter: who}, t.Context(),
			new.choose); failure.Code(code(err)) != failure.PINCommandUnknown {
			t.Errorf("%v", err)
		}
	}
	if len(who.asked)+len(new.asked) > 0 {
		t.Error("a code was asked for")
	}
}

// TestPINCut cuts the power at every command of a change and of an unblocking, before, after and in the middle of
// it, on a card of every model that has the command, and ends the program with it or not. The card then has the PIN
// of before or the new one; where the program cannot know which, it says so, and the next question says it too. No try
// is spent that was not typed. The same operation, with the new PIN first, then succeeds.
func TestPINCut(t *testing.T) {
	cases, unknown := 0, 0
	for _, m := range cardmodel.Models() {
		if !m.ChangePIN.Value || !m.UnblockPIN.Value {
			continue
		}
		issued := demoCard(t, m.Sigle()[0])
		for _, task := range []renewal.Task{renewal.TaskChangePIN, renewal.TaskUnblockPIN} {
			for _, cut := range []emulator.Fault{{Cut: emulator.CutBefore}, {Cut: emulator.CutAfter},
				{Cut: emulator.CutMidway, Pages: 0}, {Cut: emulator.CutMidway, Pages: 1},
				{Cut: emulator.CutMidway, Pages: 2}} {
				for _, killed := range []bool{false, true} {
					for at, whole := 0, false; !whole; at++ {
						w := &pinCut{t: t, issued: issued, task: task, fault: cut, killed: killed, at: at}
						name := fmt.Sprintf("%s/%s/%d,%d,%v/%d", m.ID, task, cut.Cut, cut.Pages, killed, at)
						t.Run(name, func(t *testing.T) {
							w.t = t
							whole = w.run()
						})
						if t.Failed() {
							return
						}
						cases++
						unknown += w.unknown
					}
				}
			}
		}
	}
	if cases < 100 || unknown < 10 {
		t.Fatalf("%d cuts, %d without an answer to the new PIN", cases, unknown)
	}
	t.Logf("%d cuts, %d of them without an answer to the new PIN", cases, unknown)
}

type pinCut struct {
	t       *testing.T
	issued  *emulator.Card
	task    renewal.Task
	fault   emulator.Fault
	killed  bool // the program ends with the power
	at      int
	unknown int
}

// errKilled ends a program in the middle of a command, without any of its code running afterwards.
var errKilled = errors.New("killed")

// killing is a card whose program is killed when the power fails.
type killing struct{ *emulator.Card }

func (k killing) Transmit(b []byte) ([]byte, error) {
	r, err := k.Card.Transmit(b)
	if err != nil {
		panic(errKilled)
	}
	return r, nil
}

// run makes one cut, and reports whether the operation had fewer commands.
func (w *pinCut) run() (whole bool) {
	t, card := w.t, w.issued.Clone()
	before := oldFiles(t, card)
	pins := []string{oldPIN}
	if w.task == renewal.TaskUnblockPIN {
		block(card, pinObject)
		pins = nil
	}
	card.Reinsert()
	pinsLeft, pukLeft := card.Tries(pinObject), card.Tries(pukObject)
	journal, _ := memory()
	sent, cut := false, false
	card.SetFault(func(i int, b []byte) emulator.Fault {
		sent = sent || b[1] == iso7816.INSChangeReferenceData || b[1] == iso7816.INSResetRetryCounter
		if cut = cut || i == w.at; i == w.at {
			return w.fault
		}
		return emulator.Fault{}
	})
	who := &person{pins: slices.Clone(pins), puks: []string{emulator.DemoPUK}}
	var err error
	if w.killed {
		err = w.kill(card, journal, who)
	} else {
		err = w.act(card, journal, who, newPIN)
	}
	card.SetFault(nil)
	card.Reinsert()
	if !cut {
		if err != nil || !accepts(card, newPIN) {
			t.Fatalf("without a cut: %v", err)
		}
		return true
	}
	is := failure.Code(code(err))
	if err == nil || !w.killed && sent != (is == failure.PINUnknown) {
		t.Errorf("sent %v, and the failure is %v", sent, err)
	}
	if entry(t, card, journal).NewPIN != sent {
		t.Errorf("the ledger says that a new PIN was sent: %v", !sent)
	}
	if accepts(card, newPIN) && !sent || accepts(card, newPIN) && accepts(card, oldPIN) ||
		pins != nil && !accepts(card, newPIN) && !accepts(card, oldPIN) {
		t.Error("the card has neither the PIN of before nor the new one")
	}
	if !accepts(card, newPIN) && card.Tries(pinObject) != pinsLeft || card.Tries(pukObject) != pukLeft {
		t.Errorf("tries left %d and %d", card.Tries(pinObject), card.Tries(pukObject))
	}
	if sent {
		w.unknown++
		pins = append([]string{newPIN}, pins...)
	}
	who = &person{pins: slices.Clone(pins), puks: []string{emulator.DemoPUK}, lastTry: true}
	if err := w.act(card, journal, who, otherPIN); err != nil || !accepts(card, otherPIN) {
		t.Errorf("again: %v", err)
	}
	if w.task == renewal.TaskChangePIN && who.asked[0].NewPINSent != sent {
		t.Error("the question does not say that the new PIN comes first")
	}
	if entry(t, card, journal).NewPIN || !bytes.Equal(oldFiles(t, card), before) {
		t.Error("the ledger still doubts, or the old credential changed")
	}
	return false
}

// kill runs the operation in a program that ends with the power.
func (w *pinCut) kill(card *emulator.Card, journal *cardfile.Files, who *person) (err error) {
	defer func() {
		if r := recover(); r != nil {
			if r != errKilled {
				panic(r)
			}
			err = errKilled
		}
	}()
	return w.act(killing{card}, journal, who, newPIN)
}

func (w *pinCut) act(card iso7816.Card, journal *cardfile.Files, who *person, pin string) error {
	r := &renewal.Renewal{Card: card, Prompter: who, Journal: journal}
	choose := (&chooser{pins: []string{pin}}).choose
	if w.task == renewal.TaskUnblockPIN {
		return r.UnblockPIN(w.t.Context(), choose)
	}
	return r.ChangePIN(w.t.Context(), choose)
}

// TestPINErrorsCarryNoCode: an error of a change has none of the codes in its text.
func TestPINErrorsCarryNoCode(t *testing.T) {
	card := demoCard(t, "OT2015")
	for _, pin := range []string{newPIN, "11111", "123"} {
		r := &renewal.Renewal{Card: card, Prompter: &person{pins: []string{"77777"}}}
		err := r.ChangePIN(t.Context(), (&chooser{pins: []string{pin}}).choose)
		for _, secret := range []string{pin, "77777", oldPIN} {
			if err == nil || bytes.Contains([]byte(err.Error()), []byte(secret)) {
				t.Errorf("%v", err)
			}
		}
		var f *renewal.Failure
		if !errors.As(err, &f) {
			t.Errorf("%T", err)
		}
	}
}
