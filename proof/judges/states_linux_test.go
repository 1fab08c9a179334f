// SPDX-License-Identifier: EUPL-1.2

package judges

import (
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"

	"rinnova.example/go/card/emulator"
)

// shifting is a card that a test replaces by the state of the same card some commands later.
type shifting struct{ now atomic.Pointer[emulator.Card] }

func (c *shifting) ATR() []byte                       { return c.now.Load().ATR() }
func (c *shifting) Transmit(b []byte) ([]byte, error) { return c.now.Load().Transmit(b) }
func (c *shifting) Reset()                            { c.now.Load().Reset() }
func (c *shifting) PowerOff()                         { c.now.Load().PowerOff() }

// Wherever a renewal is cut, OpenSC still lists the old pair and signs with it. One series of each kind of
// file system, in every state between the commands that change the card.
func TestEveryState(t *testing.T) {
	at := opensc026(t)
	for _, series := range []string{"AC2014", "OT2016", "ID2019"} {
		t.Run(series, func(t *testing.T) {
			w := opened(t, at)
			s := w.serve("")
			s.issue("card", series)
			card := w.emulated("card.json")
			var states []*emulator.Card
			keep := false
			pull := w.insertHere(&watched{Card: card, see: func(b []byte) error {
				if keep {
					states = append(states, card.Clone())
				}
				// CREATE FILE, PUT DATA, UPDATE BINARY, GENERATE KEY PAIR, DELETE FILE, CHANGE KEY DATA.
				keep = slices.Contains([]byte{0xE0, 0xDA, 0xD6, 0x46, 0xE4, 0x24}, b[1]) && b[0]&0x10 == 0
				return nil
			}})
			_, r := w.events(w.output(w.there("rinnova", s.renew("pcsc:0")...)))
			pull()
			if r.Code != "done" || len(states) < 15 {
				t.Fatalf("%+v, %d states", r, len(states))
			}
			var now shifting
			now.now.Store(card)
			w.insertHere(&now)
			for i, state := range states {
				state.Reset()
				now.now.Store(state)
				if err := os.RemoveAll(filepath.Join(w.dir, "home/.cache")); err != nil { // OpenSC's copies of files
					t.Fatal(err)
				}
				if got := w.pairs(); !slices.Contains(got, "CNS0") {
					t.Errorf("state %d of %d: %q", i+1, len(states), got)
					continue
				}
				w.signs("CNS0")
			}
			t.Logf("%d states", len(states))
		})
	}
}
