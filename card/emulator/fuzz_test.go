// SPDX-License-Identifier: EUPL-1.2

package emulator

import (
	"bytes"
	"crypto/rsa"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rinnova.example/go/card/iso7816"
)

// FuzzTransmit sends a run of commands, each behind its length in one byte (two for FF), to a card on
// which PIN and PUK were verified: no panic, an answer of two bytes at least, a state that can be read
// back, no more in a DF than it has room for, and the old credential untouched.
func FuzzTransmit(f *testing.F) {
	frame := func(list ...string) []byte {
		var b []byte
		for _, x := range list {
			c, err := hex.DecodeString(strings.ReplaceAll(x, " ", ""))
			if err != nil {
				f.Fatal(err)
			}
			if len(c) >= 0xFF {
				b = append(b, 0xFF, byte(len(c)>>8))
			}
			b = append(append(b, byte(len(c))), c...)
		}
		return b
	}
	for i := range refused {
		f.Add(byte(i), frame(refused[i].command))
	}
	for _, version := range []string{"AC2014-0.23.apdu", "ID2019-0.26.apdu"} {
		b, err := os.ReadFile(filepath.Join("testdata", "opensc", version))
		if err != nil {
			f.Fatal(err)
		}
		var list []string
		for line := range strings.Lines(string(b)) {
			if command, _, _ := strings.Cut(line, " "); !strings.HasPrefix(command, "reset") {
				list = append(list, command)
			}
		}
		f.Add(byte(0), frame(list[len(list)-20:]...))
	}
	key := append([]string{"00A4080C0414008110"}, apdu("00DA016E", oci(0x20, 0x1E, 256, "1010FFFFFFFF10"))...)
	key = append(append(key, apdu("00DA016E", oci(0x21, 0x1E, 256, "1010FFFFFFFF10"))...),
		"0046000008 201E7EAD00100020", "00E40000027EAD")
	f.Add(byte(1), frame(key...))
	f.Add(byte(1), frame("00A4080C021400", "00DA016E18 83020005 850802007F00FF000000 8603000000 8F03101100"))
	cards := []*Card{prepared(f, "AC2014"), prepared(f, "OT2015"), prepared(f, "ID2019"), issued(f, "ST2021"),
		issued(f, "CRS")}
	pool := map[int]*rsa.PrivateKey{1024: testKey(f, 1024, 1), 2048: testKey(f, 2048, 1)}
	for _, c := range cards {
		c.SetKeys(func(bits int) (*rsa.PrivateKey, error) { return pool[bits], nil })
		send(f, c, "0020001008"+pin)
		send(f, c, "0020001108"+puk)
	}
	f.Fuzz(func(t *testing.T, which byte, b []byte) {
		c := cards[int(which)%len(cards)].Clone()
		certificate, _ := c.File("1100/1101")
		for len(b) > 0 {
			n := int(b[0])
			if b = b[1:]; n == 0xFF && len(b) > 1 {
				n, b = int(b[0])<<8|int(b[1]), b[2:]
			}
			n = min(n, len(b))
			a, err := c.Transmit(b[:n])
			if b = b[n:]; err != nil || len(a) < 2 {
				t.Fatalf("%X %v", a, err)
			}
		}
		state, err := c.encode()
		if err != nil {
			t.Fatal(err)
		}
		d, err := decode(state)
		if err != nil {
			t.Fatal(err)
		}
		if again, _ := d.encode(); !bytes.Equal(again, state) {
			t.Fatal("the state changes by being read")
		}
		c.root.walk(func(f *file) {
			if f.isDF() && f.used() > f.Size {
				t.Fatalf("%04X holds %d bytes of %d", f.FID, f.used(), f.Size)
			}
		})
		if now, _ := c.File("1100/1101"); !bytes.Equal(now, certificate) {
			t.Fatal("the old certificate changed")
		}
		c.PowerOff()
		if o := c.root.object(classTest, 0x10); o.Left == 0 || !bytes.Equal(o.Value, mustHex(t, pin)) {
			return // the run blocked or changed the PIN
		}
		if _, sw := send(t, c, "0020001008"+pin); sw != "9000" {
			t.Fatalf("the PIN: %s", sw)
		}
		must(t, c, "0022F303", "0022F1B803830101")
		block := plain(len(c.root.object(classModulus, 0x01).Value))
		got, err := iso7816.Do(iso7816.Chain(c, false),
			iso7816.Command{INS: 0x2A, P1: 0x80, P2: 0x86, Data: append([]byte{0}, block...), Ne: 256})
		if err != nil || len(got) != len(block) {
			t.Fatalf("the old key: %v", err)
		}
	})
}
