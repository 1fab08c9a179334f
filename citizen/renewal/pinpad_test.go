// SPDX-License-Identifier: EUPL-1.2

package renewal_test

import (
	"context"
	"slices"
	"testing"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/emulator"
	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/pinpad"
	"rinnova.example/go/card/tries"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/holder"
)

// keypad is the keypad of a reader, at the driver's end, and the person at it: the right code goes behind the header of
// the structure (19 bytes) and of the command (5), and the command to the card.
type keypad struct {
	card *emulator.Card
	gone bool // the card leaves while the person types
}

func (k *keypad) control(_ uint32, structure []byte) ([]byte, error) {
	command := structure[19:]
	if k.gone {
		return nil, iso7816.ErrCardGone
	}
	copy(command[5:], map[byte]string{0x10: rightPIN, 0x11: rightPUK}[command[3]&0x7F])
	return k.card.Transmit(command)
}

// besides is the card as the program reaches it: no code is sent this way. forgets is the number of signatures before
// which the card has lost the security status.
type besides struct {
	*testing.T
	*emulator.Card
	forgets int
}

func (b *besides) Transmit(command []byte) ([]byte, error) {
	switch command[1] {
	case iso7816.INSVerify, iso7816.INSChangeReferenceData, iso7816.INSResetRetryCounter:
		b.Errorf("the program sent %X itself", command[:4])
	case iso7816.INSPerformSecurityOperation:
		if command[0]&0x10 == 0 && b.forgets > 0 {
			b.forgets--
			return []byte{0x69, 0x82}, nil
		}
	}
	return b.Card.Transmit(command)
}

// clerk takes the keypad of the reader at each question.
type clerk struct {
	*person
	asked []renewal.Pinpad
}

func (c *clerk) PIN(_ context.Context, r renewal.CodeRequest) ([]byte, error) {
	c.asked = append(c.asked, r.Pinpad)
	return nil, nil
}

func (c *clerk) PUK(ctx context.Context, r renewal.CodeRequest) ([]byte, error) { return c.PIN(ctx, r) }

// TestPinpad renews each series at a reader with a keypad. Each question says how many entries are left, and there are
// no others, unless the card loses its security status.
func TestPinpad(t *testing.T) {
	for i, series := range families(t) {
		for _, forgets := range []int{0, 1} {
			t.Run(series, func(t *testing.T) {
				s := newService(t)
				card := s.card(series, 40+2*i+forgets, inWindow)
				pad, err := pinpad.New([]byte{0x06, 4, 0, 0, 0, 6}, (&keypad{card: card}).control)
				if err != nil {
					t.Fatal(err)
				}
				who := &clerk{person: someone()}
				r := s.run(&besides{t, card, forgets}, who, nil)
				var typed []string
				open := 0
				r.Series = series
				r.Pinpad, r.Events = pad, func(e renewal.Event) {
					switch e.State {
					case renewal.Typing:
						typed = append(typed, e.Code)
						open++
					case renewal.Typed:
						open--
					}
				}
				if _, err := r.Run(t.Context()); err != nil {
					t.Fatalf("the renewal: %v", err)
				}
				want := slices.Repeat([]string{"pin"}, 2+forgets)
				questions := []renewal.Pinpad{{Offered: true, PINs: 2}}
				if m, _, _ := cardmodel.BySeries(series); m.NeedsPUK() {
					want = append([]string{"puk"}, want...)
					questions = append([]renewal.Pinpad{{Offered: true, PINs: 2, PUKs: 1}}, questions...)
				}
				if !slices.Equal(typed, want) || !slices.Equal(who.asked, questions) || open != 0 {
					t.Errorf("typed %v, want %v; questions %+v; %d open", typed, want, who.asked, open)
				}
			})
		}
	}
}

// TestPinpadNoAnswer: an entry without an answer counts as a try, since the card may have got the code.
func TestPinpadNoAnswer(t *testing.T) {
	s := newService(t)
	card := s.card("OT2016", 60, inWindow)
	pad, err := pinpad.New([]byte{0x06, 4, 0, 0, 0, 6}, (&keypad{card: card, gone: true}).control)
	if err != nil {
		t.Fatal(err)
	}
	number := holder.IDCarta("6120900000060010") // as service.card makes it of 60
	journal, _ := memory()
	ledger, two := tries.Ledger{Files: journal}, 2
	if err := ledger.Keep(number, cardmodel.PIN, &two); err != nil {
		t.Fatal(err)
	}
	r := s.run(card, &clerk{person: someone()}, journal)
	r.Pinpad = pad
	if _, err := r.Run(t.Context()); code(err) != "card-removed" {
		t.Errorf("the renewal: %v", err)
	}
	if e, err := ledger.Read(number); err != nil || e.PIN == nil || *e.PIN != 1 {
		t.Errorf("the ledger has %v, %v", e.PIN, err)
	}
}
