// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"bytes"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/emulator"
	"rinnova.example/go/card/pcsc/pcsctest"
)

// exchangeable is a card in a reader whose chip can be exchanged for another one, as by a reset.
type exchangeable struct {
	mu   sync.Mutex
	card *emulator.Card
}

func (x *exchangeable) now() *emulator.Card {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.card
}

func (x *exchangeable) put(c *emulator.Card) {
	c.Reinsert()
	x.mu.Lock()
	defer x.mu.Unlock()
	x.card = c
}

func (x *exchangeable) ATR() []byte                       { return x.now().ATR() }
func (x *exchangeable) PowerOff()                         { x.now().PowerOff() }
func (x *exchangeable) Reset()                            { x.now().Reset() }
func (x *exchangeable) Transmit(b []byte) ([]byte, error) { return x.now().Transmit(b) }

// halfMade returns the distinct states of a card's files and keys during a renewal, in their order: before each
// command, and at the end.
func halfMade(t *testing.T, s *running, card *emulator.Card) []*emulator.Card {
	t.Helper()
	var states []*emulator.Card
	var contents [][]byte
	keep := func() {
		c := card.Clone()
		b := stateOf(t, c)
		if !slices.ContainsFunc(contents, func(x []byte) bool { return bytes.Equal(x, b) }) {
			states, contents = append(states, c), append(contents, b)
		}
	}
	wrote := true // the state at issue is one, too
	card.SetFault(func(_ int, command []byte) emulator.Fault {
		if wrote {
			keep()
		}
		wrote = slices.Contains([]byte{0xE0, 0xE4, 0xDA, 0x46, 0xD6}, command[1])
		return emulator.Fault{}
	})
	if exit, text := renewed(t, s, card, codesOf{}); exit != 0 {
		t.Fatalf("%d %s", exit, text)
	}
	card.SetFault(nil)
	keep()
	return states
}

// torn are states of a certificate file that no renewal of ours leaves, but a card or another program may: filled
// with FF, and with a head that announces an absent certificate.
func torn(t *testing.T, states []*emulator.Card, place cardmodel.Slot) []*emulator.Card {
	t.Helper()
	i := slices.IndexFunc(states, func(c *emulator.Card) bool {
		_,
			ok := c.File(place.Certificate.String())
		return ok
	})
	whole, _ := states[len(states)-1].File(place.Certificate.String())
	empty, _ := states[i].File(place.Certificate.String())
	if len(bytes.Trim(empty, "\x00")) != 0 || whole[0] != 0x30 {
		t.Fatal("the file is not created empty and filled then")
	}
	var list []*emulator.Card
	for _, content := range [][]byte{bytes.Repeat([]byte{0xFF}, len(whole)), whole[:8], whole[:600]} {
		c := states[i].Clone()
		path := place.Certificate.Bytes()
		commands := [][]byte{verifyPIN, append([]byte{0x00, 0xA4, 0x08, 0x0C, byte(len(path))}, path...)}
		for at := 0; at < len(content); at += 128 {
			part := content[at:min(at+128, len(content))]
			commands = append(commands, append([]byte{0x00, 0xD6, byte(at >> 8), byte(at), byte(len(part))}, part...))
		}
		for _, b := range commands {
			if r, err := c.Transmit(b); err != nil || !bytes.Equal(r, []byte{0x90, 0x00}) {
				t.Fatalf("%X: %X %v", b, r, err)
			}
		}
		list = append(list, c)
	}
	return list
}

// TestHalfMade: in every state that a cut renewal leaves on the card, OpenSC lists the old pair and signs with it.
func TestHalfMade(t *testing.T) {
	stack := pcsctest.Start(t)
	s, err := startService(filepath.Join(t.TempDir(), "service"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	for _, series := range []string{"AC2014", "OT2016", "ID2019"} {
		t.Run(series, func(t *testing.T) {
			card, _ := opensCard(t, s, series)
			model, _, _ := cardmodel.BySeries(series)
			states := halfMade(t, s, card)
			if len(states) < 15 {
				t.Fatalf("%d states", len(states))
			}
			states = append(states, torn(t, states, model.NewSlots.Value[0])...)
			reader := &exchangeable{card: states[0]}
			defer inserted(t, stack, reader)()
			for i, c := range states {
				before := stateOf(t, c)
				reader.put(c)
				t.Run("", func(t *testing.T) { asBefore(t, "in this state") })
				if !bytes.Equal(stateOf(t, c), before) {
					t.Errorf("OpenSC changed state %d", i)
				}
				if t.Failed() {
					t.Fatalf("state %d of %d: keys %q, files %v", i, len(states), c.Keys(), present(c, model))
				}
			}
			t.Logf("%d states", len(states))
		})
	}
}

// present lists the files of the new pairs that are on a card, with the number of their bytes that are not blank.
func present(c *emulator.Card, m *cardmodel.Model) map[string]int {
	files := map[string]int{}
	for _, p := range m.NewSlots.Value {
		for _, path := range []string{p.Certificate.String(), p.PublicKey.String()} {
			if b, ok := c.File(path); ok {
				files[path] = len(bytes.Trim(b, "\x00"))
			}
		}
	}
	return files
}
