// SPDX-License-Identifier: EUPL-1.2

package renewal_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"flag"
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/emulator"
	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/cardfile"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/trial"
)

// walks is the number of random walks in one run of the test.
const walks = "150"

// TestLedger makes random walks through the actions of a person and a card, and keeps a ledger of every code typed
// and every code sent to the card. It checks that no try is spent on a code that was not typed, that a PUK is sent
// once for each typing, that a PIN is sent again only after it was accepted, that the last known try needs a consent,
// and that no VERIFY is empty.
func TestLedger(t *testing.T) {
	for name, value := range map[string]string{"rapid.checks": walks, "rapid.nofailfile": "true"} {
		if err := flag.Set(name, value); err != nil {
			t.Fatal(err)
		}
	}
	seen := map[string]int{}
	rapid.Check(t, func(rt *rapid.T) { newWalk(t, rt, seen).steps() })
	t.Log(seen)
	for _, want := range []string{"done", "PIN refused", "PUK refused", "pin-blocked", "pin-format", "last-try",
		"consent used", "card-removed",
		"other-card", "cancelled", "input-missing", "PIN presented again", "tries kept by the journal", "answer lost"} {
		if seen[want] == 0 {
			t.Errorf("%s never came to pass", want)
		}
	}
}

// side is a card and its ledger.
type side struct {
	name string
	card *emulator.Card
	old  *x509.Certificate
	file []byte
	pin  string       // as it is now on the card
	kept map[bool]int // tries left by kind, PUK true, according to this computer's journal
}

// typing is a code that the person typed in this run.
type typing struct {
	puk               bool
	code              string
	sent, spent       int
	accepted, refused bool
}

// walk is a person with two cards at one reader. It is also the wire and the Prompter.
type walk struct {
	*rapid.T
	t       *testing.T
	seen    map[string]int
	s       *service
	sides   [2]*side
	in      *side // in the reader now
	first   *side // in the reader when the run began
	journal *cardfile.Files
	disk    *trial.Files

	typed     []*typing
	here      bool         // this computer, which keeps a journal
	known     map[bool]int // tries by kind, as the run learned them from the card or the journal
	consented map[bool]bool
	prompts   int
	begins    int
	swapAt    int // number of the Begin at which the other card is in the reader, -1 for none
}

func newWalk(t *testing.T, rt *rapid.T, seen map[string]int) *walk {
	w := &walk{T: rt, t: t, seen: seen, s: newService(t)}
	w.forget()
	series := w.one("series", append(families(t), "AC2018"))
	for i := range w.sides {
		card := w.s.card(series, 10+i, inWindow)
		w.sides[i] = &side{name: string(rune('A' + i)), card: card, old: certificateOf(t, card),
			file: oldFiles(t, card), pin: rightPIN, kept: map[bool]int{}}
	}
	return w
}

// die draws a number below n with equal chances; rapid's own integers prefer small ones.
func (w *walk) die(label string, n int) int {
	return rapid.Custom(func(rt *rapid.T) int {
		x := 0
		for _, b := range rapid.SliceOfN(rapid.Bool(), 12, 12).Draw(rt, "bits") {
			x *= 2
			if b {
				x++
			}
		}
		return x % n
	}).Draw(w.T, label)
}

func (w *walk) one(label string, list []string) string { return list[w.die(label, len(list))] }

func (w *walk) forget() { w.journal, w.disk = memory() }

func (w *walk) steps() {
	for range w.die("steps", 9) + 4 {
		x := w.sides[w.die("card", 2)]
		switch w.one("step", []string{"run", "run", "run", "run", "elsewhere", "journal lost", "journal broken"}) {
		case "run":
			w.run(x)
		case "elsewhere":
			w.elsewhere(x)
		case "journal lost":
			w.forget()
			w.sides[0].kept, w.sides[1].kept = map[bool]int{}, map[bool]int{}
		case "journal broken":
			for name := range w.disk.All() {
				w.disk.Write(name, []byte("broken"))
			}
			w.sides[0].kept, w.sides[1].kept = map[bool]int{}, map[bool]int{}
		}
	}
	for _, x := range w.sides {
		if !bytes.Equal(oldFiles(w.t, x.card), x.file) {
			w.Errorf("card %s: the old credential's files changed", x.name)
		}
		valid := 0
		for _, n := range w.s.valid(x.old) {
			valid += n
		}
		if valid > 1 {
			w.Errorf("card %s: %d valid certificates", x.name, valid)
		}
	}
}

// run runs the program once with a card in the reader.
func (w *walk) run(x *side) {
	w.here = w.die("other computer", 6) > 0
	w.in, w.first, w.typed, w.prompts, w.begins = x, x, nil, 0, 0
	w.consented = map[bool]bool{}
	var journal *cardfile.Files
	if w.here {
		journal = w.journal
	}
	w.begin()
	w.swapAt = -1
	if w.die("swap", 8) == 0 {
		w.swapAt = w.die("swap at", 9)
	}
	if w.die("pull", 5) == 0 {
		at, cut := w.die("pull at", 121), []emulator.Cut{emulator.CutBefore, emulator.CutAfter}[w.die("pull when", 2)]
		x.card.SetFault(func(i int, command []byte) emulator.Fault {
			if i == at {
				return emulator.Fault{Cut: cut}
			}
			return emulator.Fault{}
		})
	} else if w.die("pull at VERIFY", 10) == 0 {
		x.card.SetFault(func(_ int, command []byte) emulator.Fault {
			if command[1] == 0x20 {
				return emulator.Fault{Cut: emulator.CutAfter}
			}
			return emulator.Fault{}
		})
	}
	r := w.s.run(w, w, journal)
	r.Campaign = "prova"
	out, err := r.Run(w.t.Context())
	ended := "done"
	if err != nil {
		ended = code(err)
	} else {
		out.Session.ForgetPIN()
	}
	w.seen[ended]++
	if ended == "internal" {
		w.Errorf("card %s: %v", x.name, err)
	}
	for _, y := range w.sides {
		y.card.SetFault(nil)
		y.card.Reinsert()
	}
	spent := map[bool]int{}
	typed := map[bool]int{}
	for _, y := range w.typed {
		spent[y.puk] += y.spent
		typed[y.puk]++
	}
	for _, puk := range []bool{false, true} {
		if spent[puk] > typed[puk] {
			w.Errorf("%d tries spent for %d codes typed (PUK: %v)", spent[puk], typed[puk], puk)
		}
	}
}

// begin sets the tries that the journal has for the run's card.
func (w *walk) begin() {
	if w.known = map[bool]int{}; w.here {
		w.known = w.first.kept
	}
	if len(w.known) > 0 {
		w.seen["tries kept by the journal"]++
	}
}

// walk's ATR, Begin, End and Transmit implement the reader.
func (w *walk) ATR() []byte { return w.in.card.ATR() }

func (w *walk) Begin() error {
	if w.begins == w.swapAt {
		w.swap()
	}
	w.begins++
	return w.in.card.Begin()
}

func (w *walk) End(reset bool) error { return w.in.card.End(reset) }

func (w *walk) swap() {
	for _, y := range w.sides {
		if y != w.in {
			w.in = y
			break
		}
	}
	if w.begins == 0 {
		w.first = w.in // nothing was read of the first card yet
		w.begin()
		w.swapAt = -1
	}
}

func (w *walk) Transmit(command []byte) ([]byte, error) {
	if changes(command) && w.in != w.first {
		w.Errorf("%02X sent to another card", command[1])
	}
	if command[1] != 0x20 {
		return w.in.card.Transmit(command)
	}
	if len(command) != 13 || command[4] != 8 {
		w.Fatalf("VERIFY of %d bytes", len(command))
	}
	puk := command[3]&0x7F == 0x11
	x := w.sent(puk, string(bytes.TrimRight(command[5:], "\xFF")))
	before := w.in.card.Tries(command[3] & 0x7F)
	answer, err := w.in.card.Transmit(command)
	if after := w.in.card.Tries(command[3] & 0x7F); after < before {
		if x.spent++; before-after != 1 || x.spent > 1 {
			w.Errorf("a code typed once spent %d tries", x.spent)
		}
	}
	w.heard(x, answer, err)
	return answer, err
}

// sent checks a VERIFY against the ledger and records it.
func (w *walk) sent(puk bool, code string) *typing {
	var x *typing
	for _, y := range w.typed {
		if y.puk == puk {
			x = y // the last one
		}
	}
	switch {
	case x == nil || x.code != code:
		w.Fatalf("a code was sent that is not the one typed last (PUK: %v)", puk)
	case x.refused:
		w.Errorf("a refused code was sent again (PUK: %v)", puk)
	case x.sent > 0 && puk:
		w.Error("the PUK was sent twice")
	case x.sent > 0 && !x.accepted:
		w.Error("a PIN that was not accepted was sent again")
	case x.sent > 0:
		w.seen["PIN presented again"]++
	default:
		if n, ok := w.known[puk]; ok && n == 1 {
			if !w.consented[puk] {
				w.Errorf("the last known try was used without consent (PUK: %v)", puk)
			}
			w.seen["consent used"]++
		}
		w.consented[puk] = false
	}
	x.sent++
	return x
}

// heard records the answer to a VERIFY. A lost answer may have said that one try less is left.
func (w *walk) heard(x *typing, answer []byte, err error) {
	if err != nil {
		w.seen["answer lost"]++
		if n, ok := w.known[x.puk]; ok && !x.accepted {
			w.known[x.puk] = max(min(n, 1), n-1)
		}
		return
	}
	_, sw, err := iso7816.SplitResponse(answer)
	if err != nil {
		w.Fatal(err)
	}
	n, counted := sw.Tries()
	switch {
	case sw == iso7816.SWOK:
		x.accepted = true
		delete(w.known, x.puk)
	case counted:
		x.refused, w.known[x.puk] = true, n
		w.seen[map[bool]string{false: "PIN refused", true: "PUK refused"}[x.puk]]++
	case sw == iso7816.SWBlocked:
		x.refused, w.known[x.puk] = true, 0
	default:
		w.Fatalf("VERIFY: %v", sw)
	}
}

// walk's PIN, PUK and Consent implement a person who takes time to answer.
func (w *walk) PIN(_ context.Context, r renewal.CodeRequest) ([]byte, error) {
	return w.type_(false, r)
}
func (w *walk) PUK(_ context.Context, r renewal.CodeRequest) ([]byte, error) { return w.type_(true, r) }

func (w *walk) type_(puk bool, r renewal.CodeRequest) ([]byte, error) {
	w.meanwhile()
	// If the PUK was accepted but the answer to the CREATE was lost, the program may know fewer tries.
	told := -1
	if r.Tries != nil {
		told = *r.Tries
	}
	if n, ok := w.known[puk]; ok && (told > n || told < min(n, 1)) || !ok && told != -1 && !puk {
		w.Errorf("the person is told %d tries, the card said %d (PUK: %v)", told, n, puk)
	}
	if w.prompts++; w.prompts > 8 {
		return nil, renewal.ErrNoInput
	}
	right := w.first.pin
	if puk {
		right = rightPUK
	}
	var code string
	switch w.one("types", []string{"right", "right", "right", "right", "wrong", "wrong", "wrong", "malformed",
		"malformed", "back", "no input"}) {
	case "right":
		code = right
	case "wrong":
		code = rapid.StringMatching(fmt.Sprintf("[0-9]{%d}", len(right))).Draw(w.T, "code")
	case "malformed":
		code = w.one("code", []string{"", "1", "1234a", "123456789", "١٢٣٤٥", "12 45", "\xFF\xFF\xFF\xFF\xFF"})
	case "back":
		return nil, renewal.ErrCancelled
	case "no input":
		return nil, renewal.ErrNoInput
	}
	w.typed = append(w.typed, &typing{puk: puk, code: code})
	return []byte(code), nil
}

func (w *walk) Consent(_ context.Context, q renewal.Question) (string, error) {
	w.meanwhile()
	if q.Kind != renewal.AskLastTry {
		w.Fatalf("asked %q", q.Kind)
	}
	switch w.one("consents", []string{"yes", "yes", "yes", "no", "back", "no input"}) {
	case "yes":
		w.consented[q.Code == cardmodel.PUK] = true
		return "yes", nil
	case "no":
		return "", nil
	case "back":
		return "", renewal.ErrCancelled
	}
	return "", renewal.ErrNoInput
}

// meanwhile does what may happen while a person is asked something: the card is free for other programs then.
func (w *walk) meanwhile() {
	if err := w.in.card.Begin(); err != nil {
		w.Errorf("the card is held while a person is asked: %v", err)
		return
	}
	w.in.card.End(false)
	switch w.die("meanwhile", 10) {
	case 0:
		w.elsewhere(w.in)
	case 1:
		w.swap()
	case 2:
		w.in.card.Reinsert()
	}
}

// elsewhere lets another program use a card for a while.
func (w *walk) elsewhere(x *side) {
	do := func(ins, p1, p2 byte, codes ...string) iso7816.SW {
		c := iso7816.Command{INS: ins, P1: p1, P2: p2}
		for _, code := range codes {
			c.Data = append(c.Data, code...)
			c.Data = append(c.Data, bytes.Repeat([]byte{0xFF}, 8-len(code))...)
		}
		if _, err := iso7816.Do(x.card, iso7816.Command{INS: 0xA4, P2: 0x0C, Data: []byte{0x3F, 0x00}}); err != nil {
			return 0
		}
		if _, err := iso7816.Do(x.card, c); err != nil {
			sw, _ := err.(iso7816.SW)
			return sw
		}
		return iso7816.SWOK
	}
	switch w.one("elsewhere", []string{"wrong PIN", "block", "unblock", "unblock", "change", "wrong PUK"}) {
	case "wrong PIN":
		do(0x20, 0, 0x10, "00000")
	case "block":
		for range 3 {
			do(0x20, 0, 0x10, "00000")
		}
	case "wrong PUK": // until two tries are left
		for range x.card.Tries(0x11) - 2 {
			do(0x2C, 0, 0x10, "00000000", rightPIN)
		}
	case "unblock": // RESET RETRY COUNTER
		if do(0x2C, 0, 0x10, rightPUK, rightPIN) == iso7816.SWOK {
			x.pin = rightPIN
		}
	case "change": // CHANGE REFERENCE DATA
		if do(0x24, 0, 0x10, x.pin, "86420") == iso7816.SWOK {
			x.pin = "86420"
		}
	}
	x.card.Reset()
}

// A VERIFY whose answer was lost with the card may have spent a try. The next run asks for consent if only one may be
// left: otherwise a wrong code could block the PIN.
func TestLostAnswerCounts(t *testing.T) {
	s := newService(t)
	card := s.card("OT2015", 81, inWindow)
	journal, _ := memory()
	if _, err := s.run(card, &person{pins: []string{"11111"}}, journal).Run(t.Context()); code(err) != "pin-wrong" ||
		card.Tries(0x10) != 2 {
		t.Fatal(err)
	}
	card.SetFault(lying(0x20, emulator.Fault{Cut: emulator.CutAfter}))
	if _, err := s.run(card, &person{pins: []string{"22222"}}, journal).Run(t.Context()); code(err) != "card-removed" ||
		card.Tries(0x10) != 1 {
		t.Fatal(err)
	}
	card.SetFault(nil)
	card.Reinsert()
	who := &person{pins: []string{"33333"}}
	if _, err := s.run(card, who, journal).Run(t.Context()); code(err) != "last-try" || who.typed != 0 {
		t.Errorf("%v, %d typed", err, who.typed)
	}
}

// A PIN that was accepted and then changed by another program costs the one try that the person typed, and the
// journal keeps the tries that the card then reports.
func TestRefusedInLaterBlock(t *testing.T) {
	s := newService(t)
	card := s.card("AC2014", 82, inWindow)
	journal, _ := memory()
	who := someone()
	r := s.run(card, who, journal)
	r.Campaign = "prova"
	r.Events = func(e renewal.Event) {
		if e.Step == "generate" && e.State == renewal.Started {
			for _, c := range []iso7816.Command{{INS: 0x24, P2: 0x10,
				Data: []byte(rightPIN + "\xFF\xFF\xFF" + "86420\xFF\xFF\xFF")},
				{INS: 0x20, P2: 0x10, Data: []byte("11111\xFF\xFF\xFF")}} {
				iso7816.Do(card, c)
			}
		}
	}
	if _, err := r.Run(t.Context()); code(err) != "pin-wrong" || left(err) != 1 {
		t.Fatal(err)
	}
	if card.Tries(0x10) != 1 {
		t.Fatalf("%d tries left", card.Tries(0x10))
	}
	card.Reinsert()
	who = &person{pins: []string{"86420"}}
	if _, err := s.run(card, who, journal).Run(t.Context()); code(err) != "last-try" || who.typed != 0 {
		t.Errorf("%v, %d typed", err, who.typed)
	}
}
