// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"crypto/rand"
	"path/filepath"
	"strings"
	"testing"

	"rinnova.example/go/card/emulator"
	"rinnova.example/go/card/pcsc/pcsctest"
	"rinnova.example/go/failure"
)

// contactless is a card on the antenna: the reader makes such an answer to reset (PC/SC part 3 §3.1.3.2.3), and no
// command is expected.
type contactless struct {
	emulator.Card
	t *testing.T
}

func (*contactless) ATR() []byte { return []byte{0x3B, 0x80, 0x80, 0x01, 0x01} }
func (*contactless) Reset()      {}
func (*contactless) PowerOff()   {}
func (c *contactless) Transmit(b []byte) ([]byte, error) {
	c.t.Errorf("sent to the token: %X", b)
	return []byte{0x6D, 0x00}, nil
}

// TestSeveralCards names no reader. A token that cannot be a health card is not offered; two cards differ by holder,
// number and expiry.
func TestSeveralCards(t *testing.T) {
	stack := pcsctest.Start(t)
	s, err := startService(filepath.Join(t.TempDir(), "service"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	first, err := emulator.Demo("ID2019", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pcsctest.PlugCard(t, stack.Addrs[0], first)
	pull := pcsctest.PlugCard(t, stack.Addrs[1], &contactless{t: t})
	out, exit := citizen(t, s, "status")
	if exit != 0 || !strings.Contains(out, "BRUNILDE ESEMPIO") {
		t.Errorf("a card beside a token: exit %d\n%s", exit, out)
	}
	pull()
	waitReader(t, stack.Readers[1], false)

	second, err := emulator.Demo("OT2015", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	pcsctest.PlugCard(t, stack.Addrs[1], second)
	out, exit = citizen(t, s, "status")
	if exit != failure.ExitUsage {
		t.Errorf("two cards: exit %d\n%s", exit, out)
	}
	out = strings.Join(strings.Fields(out), " ")
	for i, c := range []*emulator.Card{first, second} {
		id, _ := c.File("1000/1003")
		want := "«" + stack.Readers[i] + "», BRUNILDE ESEMPIO, " + string(id[:4]) + "…" + string(id[13:16]) +
			", certificato fino al 30/06/2020"
		if !strings.Contains(out, want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}
