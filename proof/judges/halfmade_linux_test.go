// SPDX-License-Identifier: EUPL-1.2

package judges

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/emulator"
)

// A certificate file whose content no renewal of ours leaves, but a worn chip or another program may: FF all over, a
// head that announces an absent certificate, half a certificate. OpenSC still lists the old pair and signs with it.
func TestTornCertificate(t *testing.T) {
	at := opensc026(t)
	for _, series := range []string{"AC2014", "OT2016", "ID2019"} {
		t.Run(series, func(t *testing.T) {
			w := opened(t, at)
			s := w.serve("")
			s.issue("card", series)
			model, _, _ := cardmodel.BySeries(series)
			file := model.NewSlots.Value[0].Certificate
			card := w.emulated("card.json")
			var created *emulator.Card
			pull := w.insertHere(&watched{Card: card, see: func([]byte) error {
				if _, ok := card.File(file.String()); ok && created == nil {
					created = card.Clone()
				}
				return nil
			}})
			w.output(w.there("rinnova", s.renew("pcsc:0")...))
			pull()
			whole, _ := card.File(file.String())
			if empty, ok := created.File(file.String()); !ok || len(bytes.Trim(empty, "\x00")) != 0 ||
				whole[0] != 0x30 {
				t.Fatalf("the file is not created empty and filled then: %X", whole[:8])
			}
			var now shifting
			now.now.Store(created)
			created.Reset()
			w.insertHere(&now)
			for _, content := range [][]byte{bytes.Repeat([]byte{0xFF}, len(whole)), whole[:8], whole[:600]} {
				state := created.Clone()
				overwrite(t, state, file, content)
				state.Reset()
				now.now.Store(state)
				if err := os.RemoveAll(filepath.Join(w.dir, "home/.cache")); err != nil { // OpenSC's copies of files
					t.Fatal(err)
				}
				if got := w.pairs(); !slices.Contains(got, "CNS0") {
					t.Errorf("%d bytes from %X on: %q", len(content), content[:4], got)
					continue
				}
				w.signs("CNS0")
			}
		})
	}
}

// overwrite writes the first bytes of a file under the PIN.
func overwrite(t *testing.T, c *emulator.Card, file cardmodel.Path, content []byte) {
	t.Helper()
	path := file.Bytes()
	commands := [][]byte{append([]byte{0x00, 0x20, 0x00, 0x10, 0x08}, "12345\xFF\xFF\xFF"...),
		append([]byte{0x00, 0xA4, 0x08, 0x0C, byte(len(path))}, path...)}
	for at := 0; at < len(content); at += 128 {
		part := content[at:min(at+128, len(content))]
		commands = append(commands, append([]byte{0x00, 0xD6, byte(at >> 8), byte(at), byte(len(part))}, part...))
	}
	for _, b := range commands {
		if r, err := c.Transmit(b); err != nil || !bytes.Equal(r, []byte{0x90, 0x00}) {
			t.Fatalf("%X: %X %v", b, r, err)
		}
	}
}
