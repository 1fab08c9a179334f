// SPDX-License-Identifier: EUPL-1.2

package pcsc_test

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/pcsc/pcsctest"
	"rinnova.example/go/card/pinpad"
)

var pinForm = pinpad.Entry{Min: 5, Max: 8, Stored: 8}

func padding(ins byte, codes int) iso7816.Command {
	return iso7816.Command{INS: ins, P2: 0x90, Data: bytes.Repeat([]byte{0xFF}, 8*codes)}
}

// TestPinpad types codes at a reader's keypad: pcscd and its driver read our structures, and the card gets the command
// with the digits in their places, or nothing.
func TestPinpad(t *testing.T) {
	s := pcsctest.StartPinpad(t)
	chip := &card{atr: atrT1}
	s.PlugCard(t, chip)
	c := open(t, "0")
	pad := c.Pinpad()
	if !pad.Verifies(pinForm) || !pad.Modifies(pinForm) {
		t.Fatalf("the reader's keypad is not seen: %+v", pad)
	}
	sent := []byte{0x00, 0x20, 0x00, 0x90, 0x08, '2', '4', '6', '8', '0', 0xFF, 0xFF, 0xFF}
	changed := []byte{0x00, 0x24, 0x00, 0x90, 0x10, '2', '4', '6', '8', '0', 0xFF, 0xFF, 0xFF,
		'1', '9', '3', '7', '4', '6', 0xFF, 0xFF}
	verify := func() error { return pad.Verify(padding(iso7816.INSVerify, 1), pinForm) }
	modify := func() error { return pad.Modify(padding(iso7816.INSChangeReferenceData, 2), pinForm) }
	for _, row := range []struct {
		name    string
		call    func() error
		typed   []string
		err     error
		card    []byte   // the command that reaches it, nil for none
		entries []string // that the reader asks for
	}{
		{"verify", verify, []string{"24680"}, nil, sent, []string{"verify 5 8"}},
		{"no time", verify, nil, pinpad.ErrTimeout, nil, []string{"verify 5 8"}},
		{"cancel", verify, []string{"cancel"}, pinpad.ErrCancelled, nil, []string{"verify 5 8"}},
		{"too short", verify, []string{"1234"}, pinpad.ErrLength, nil, []string{"verify 5 8"}},
		{"too long", verify, []string{"123456789"}, pinpad.ErrLength, nil, []string{"verify 5 8"}},
		{"modify", modify, []string{"24680", "193746", "193746"}, nil, changed,
			[]string{"old 5 8", "new 5 8", "again 5 8"}},
		{"different", modify, []string{"24680", "193746", "193745"}, pinpad.ErrDifferent, nil,
			[]string{"old 5 8", "new 5 8", "again 5 8"}},
		{"cancel the new one", modify, []string{"24680", "cancel"}, pinpad.ErrCancelled, nil,
			[]string{"old 5 8", "new 5 8"}},
	} {
		ok(t, c.Begin())
		chip.forget()
		s.Types(row.typed...)
		if err := row.call(); !errors.Is(err, row.err) || row.err != nil && !pinpad.Unsent(err) {
			t.Errorf("%s: %v, want %v", row.name, err, row.err)
		}
		if got := chip.last(); !bytes.Equal(got, row.card) {
			t.Errorf("%s: the card got %X, want %X", row.name, got, row.card)
		}
		if got := s.Entries(); !slices.Equal(got, row.entries) {
			t.Errorf("%s: the reader asked for %q", row.name, got)
		}
		ok(t, c.End(true))
	}
}

// TestPinpadVerifiesInTransaction: the card knows the code until the transaction's end resets it.
func TestPinpadVerifiesInTransaction(t *testing.T) {
	s := pcsctest.StartPinpad(t)
	s.PlugCard(t, &card{atr: atrT1})
	c := open(t, "0")
	ok(t, c.Begin())
	s.Types("24680")
	ok(t, c.Pinpad().Verify(padding(iso7816.INSVerify, 1), pinForm))
	expect(t, c, getData, 0x90, 0x00)
	ok(t, c.End(true))
	ok(t, c.Begin())
	expect(t, c, getData, 0x69, 0x82)
	ok(t, c.End(false))
}

// TestPinpadAbilities: what a reader's driver does not offer is not used.
func TestPinpadAbilities(t *testing.T) {
	for name, row := range map[string]struct {
		macros             []string
		verifies, modifies bool
	}{
		"verify only":       {[]string{"-DNO_MODIFY"}, true, false},
		"modify only":       {[]string{"-DNO_VERIFY"}, false, true},
		"at most 6 digits":  {[]string{"-DMIN_PIN=4", "-DMAX_PIN=6"}, false, false},
		"at most 12 digits": {[]string{"-DMIN_PIN=4", "-DMAX_PIN=12"}, true, true},
	} {
		t.Run(name, func(t *testing.T) {
			s := pcsctest.StartPinpad(t, row.macros...)
			s.PlugCard(t, &card{atr: atrT1})
			pad := open(t, "0").Pinpad()
			if pad.Verifies(pinForm) != row.verifies || pad.Modifies(pinForm) != row.modifies {
				t.Errorf("verifies %t, modifies %t", pad.Verifies(pinForm), pad.Modifies(pinForm))
			}
		})
	}
}

// TestPinpadCardPulled: a card that is pulled while the person types is gone, and it is not known what it got.
func TestPinpadCardPulled(t *testing.T) {
	s := pcsctest.StartPinpad(t)
	chip := &card{atr: atrT1}
	pull := s.PlugCard(t, chip)
	c := open(t, "0")
	ok(t, c.Begin())
	s.Person(func(string) string { pull(); return "24680" })
	err := c.Pinpad().Verify(padding(iso7816.INSVerify, 1), pinForm)
	failsWith(t, err, iso7816.ErrCardGone)
	if pinpad.Unsent(err) || chip.last() != nil {
		t.Errorf("%v, the card got %X", err, chip.last())
	}
}

// TestNoPinpad: the virtual reader of other tests has no keypad.
func TestNoPinpad(t *testing.T) {
	s := pcsctest.Start(t)
	pcsctest.PlugCard(t, s.Addrs[0], &card{atr: atrT1})
	if pad := open(t, "0").Pinpad(); pad != nil {
		t.Errorf("a keypad: %+v", pad)
	}
}
