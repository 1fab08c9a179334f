// SPDX-License-Identifier: EUPL-1.2

package emulator

import (
	"bytes"
	"crypto/rsa"
	"errors"
	"fmt"
	"math/big"
	"strings"
	"testing"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/iso7816"
)

// once applies the fault to the first command after it is set.
func once(f Fault) func(int, []byte) Fault {
	return func(i int, _ []byte) Fault {
		if i == 0 {
			return f
		}
		return Fault{}
	}
}

// cut sends a command under a fault that cuts the power, checks that the card is gone, and inserts it again.
func cut(t *testing.T, c *Card, f Fault, command string) {
	t.Helper()
	c.SetFault(once(f))
	defer c.SetFault(nil)
	for _, x := range []string{command, "00A4000C023F00"} {
		if a, err := c.Transmit(mustHex(t, x)); !errors.Is(err, iso7816.ErrCardGone) || a != nil {
			t.Fatalf("%X %v", a, err)
		}
	}
	if err := c.Begin(); !errors.Is(err, iso7816.ErrCardGone) {
		t.Errorf("a transaction with a card that is gone: %v", err)
	}
	c.Reset()
}

func TestCut(t *testing.T) {
	made := prepared(t, "OT2015")
	ready := func() *Card {
		c := made.Clone()
		must(t, c, "0020001008"+pin, path(cardmodel.Path{0x1400, 0x9010}))
		return c
	}
	update := "00D60010C8" + fmt.Sprintf("%X", bytes.Repeat([]byte{0xAB}, 200))
	for _, x := range []struct {
		fault   Fault
		written int // of 200 bytes from 16 on: pages end at 64, 128, 192, 256
	}{
		{Fault{Cut: CutBefore}, 0}, {Fault{Cut: CutAfter}, 200}, {Fault{Cut: CutMidway}, 0},
		{Fault{Cut: CutMidway, Pages: 1}, 48}, {Fault{Cut: CutMidway, Pages: 2}, 112},
		{Fault{Cut: CutMidway, Pages: 3}, 176}, {Fault{Cut: CutMidway, Pages: 4}, 200},
		{Fault{Cut: CutMidway, Pages: 5}, 200},
	} {
		c := ready()
		cut(t, c, x.fault, update)
		b, _ := c.File("1400/9010")
		if n := bytes.Count(b, []byte{0xAB}); n != x.written ||
			!bytes.Equal(b[16:16+n], bytes.Repeat([]byte{0xAB}, n)) {
			t.Errorf("%+v: %d bytes written, want %d", x.fault, n, x.written)
		}
		// Security status and current file are gone.
		if _, sw := send(t, c, "00B0000001"); sw != "6986" {
			t.Errorf("after the cut: %s", sw)
		}
		must(t, c, path(cardmodel.Path{0x1400, 0x9010}))
		if _, sw := send(t, c, "00D600000130"); sw != "6982" {
			t.Errorf("after the cut: %s", sw)
		}
	}
	// Counters survive the cut, and a clone keeps its own.
	c := made.Clone()
	d := c.Clone()
	cut(t, c, Fault{Cut: CutAfter}, "0020001008"+wrongPIN)
	if c.Tries(0x10) != 2 || d.Tries(0x10) != 3 || c.Tries(0x11) != 10 || c.Tries(0x12) != -1 {
		t.Errorf("tries %d, %d of the clone, %d of the PUK", c.Tries(0x10), d.Tries(0x10), c.Tries(0x11))
	}
	cut(t, c, Fault{Cut: CutBefore}, "0020001008"+wrongPIN)
	if c.Tries(0x10) != 2 {
		t.Errorf("tries after a cut before the command: %d", c.Tries(0x10))
	}
	must(t, c, "0020001008"+pin)
	if c.Tries(0x10) != 3 {
		t.Errorf("tries after the right PIN: %d", c.Tries(0x10))
	}
}

// PUT DATA torn after its first page leaves the object there without its value; GENERATE KEY PAIR torn
// anywhere leaves a key that does not sign for the old public key, and can be repeated.
func TestTorn(t *testing.T) {
	made := prepared(t, "OT2015")
	at := path(cardmodel.Path{0x1400, 0x8110})
	for pages, keys := range []int{2, 3, 3} { // "MF/01", "1400/8110/10" and, once there, 1E
		c := made.Clone()
		must(t, c, "0020001008"+pin, at)
		cut(t, c, Fault{Cut: CutMidway, Pages: pages}, apdu("00DA016E", oci(0x21, 0x1E, 128, "1010FF"))[0])
		if got := c.Keys(); len(got) != keys {
			t.Errorf("%d pages: %v", pages, got)
		}
	}
	generate := "0046000008 20107EAD00100020"
	old, fresh := testKey(t, 2048, 1), testKey(t, 2048, 2)
	sign := func(c *Card) ([]byte, string) {
		must(t, c, "0020001008"+pin, at, "0022F303", "0022F1B803830110",
			"102A8086FF00"+fmt.Sprintf("%X", plain(256)[:254]))
		return send(t, c, "002A808602"+fmt.Sprintf("%X", plain(256)[254:])+"00")
	}
	for pages := range 15 {
		c := made.Clone()
		c.SetKeys(func(int) (*rsa.PrivateKey, error) { return fresh, nil })
		must(t, c, "0020001008"+pin, at)
		cut(t, c, Fault{Cut: CutMidway, Pages: pages}, strings.ReplaceAll(generate, " ", ""))
		sig, sw := sign(c)
		isOld := sw == "9000" && bytes.Equal(public(&old.PublicKey, sig), plain(256))
		isNew := sw == "9000" && bytes.Equal(public(&fresh.PublicKey, sig), plain(256))
		// Four pages for each half of the key, five for the result in the file.
		if isOld != (pages == 0) || isNew != (pages >= 8) {
			t.Errorf("%d pages: old %v, new %v (%s)", pages, isOld, isNew, sw)
		}
		result, _ := c.File("1400/8110/7EAD")
		if complete := bytes.Contains(result, fresh.N.Bytes()); complete != (pages >= 13) {
			t.Errorf("%d pages: result complete: %v", pages, complete)
		}
		must(t, c, generate)
		if sig, _ := sign(c); !bytes.Equal(public(&fresh.PublicKey, sig), plain(256)) {
			t.Errorf("%d pages: the key cannot be made again", pages)
		}
	}
}

func TestLies(t *testing.T) {
	made := prepared(t, "ID2019")
	cert := path(cardmodel.Path{0x1400, 0x9001, 0x2002})
	update := "00D6000004 30820102"
	under := func(f Fault, command string) ([]byte, string, *Card) {
		c := made.Clone()
		must(t, c, "0020001008"+pin, cert)
		c.SetFault(once(f))
		data, sw := send(t, c, command)
		return data, sw, c
	}
	content := func(c *Card) string { b, _ := c.File("1400/9001/2002"); return fmt.Sprintf("%X", b[:4]) }
	for _, x := range []struct {
		name          string
		fault         Fault
		command       string
		sw, data, now string
	}{
		{"none", Fault{}, update, "9000", "", "30820102"},
		{"dropped write", Fault{DropWrite: true}, update, "9000", "", "00000000"},
		{"9000 without acting", Fault{SW: 0x9000}, update, "9000", "", "00000000"},
		{"worn memory", Fault{SW: 0x6581}, update, "6581", "", "00000000"},
		{"flipped write", Fault{Flip: 1}, update, "9000", "", "B0820102"},
		{"flipped write, bit 33 is bit 1", Fault{Flip: 33}, update, "9000", "", "B0820102"},
		{"flipped answer", Fault{Flip: 8}, "00B0000002", "9000", "0100", "00000000"},
		{"no counter", Fault{HideTries: true}, "0020001008" + wrongPIN, "6300", "", "00000000"},
		{"no extended length", Fault{RefuseExtended: true}, "00B00000000001", "6700", "", "00000000"},
		{"extended length", Fault{}, "00B00000000001", "9000", "00", "00000000"},
		{"no P2 0C", Fault{RefuseSelectWithoutFCI: true}, "00A4000C023F00", "6A86", "", "00000000"},
	} {
		data, sw, c := under(x.fault, x.command)
		if sw != x.sw || fmt.Sprintf("%X", data) != x.data || content(c) != x.now {
			t.Errorf("%s: %X %s, file %s", x.name, data, sw, content(c))
		}
	}
	_, _, c := under(Fault{HideTries: true}, "0020001008"+wrongPIN)
	if c.Tries(0x10) != 2 {
		t.Error("the hidden counter does not count")
	}
	_, _, c = under(Fault{ForgetOnSelect: true}, cert)
	if _, sw := send(t, c, update); sw != "6982" {
		t.Errorf("after a SELECT that forgets: %s", sw)
	}
	// The file's content before the last write, and not before the one before it.
	_, _, c = under(Fault{}, update)
	must(t, c, "00D6000001FF")
	c.SetFault(once(Fault{StaleRead: true}))
	for _, want := range []string{"3082", "FF82"} {
		if data, _ := send(t, c, "00B0000002"); fmt.Sprintf("%X", data) != want {
			t.Errorf("old file: %X, want %s", data, want)
		}
	}
	// A block whose result is 1 has 255 leading zeros: any signature of 1, that is 1 itself.
	for _, x := range []struct {
		drop bool
		want int
	}{{false, 256}, {true, 1}} {
		c := made.Clone()
		must(t, c, "0020001008"+pin, "0022F303", "0022F1B803830101")
		c.SetFault(func(int, []byte) Fault { return Fault{DropLeadingZeros: x.drop} })
		one := new(big.Int).SetInt64(1).FillBytes(make([]byte, 257))
		got, err := iso7816.Do(iso7816.Chain(c, true),
			iso7816.Command{INS: 0x2A, P1: 0x80, P2: 0x86, Data: one, Ne: 256})
		if err != nil || len(got) != x.want || got[len(got)-1] != 1 {
			t.Errorf("%d bytes, %v", len(got), err)
		}
	}
}

// A card that returns one key and keeps another signs with the key that it keeps.
func TestOtherKey(t *testing.T) {
	c := prepared(t, "OT2015")
	reported, kept := testKey(t, 2048, 1), testKey(t, 2048, 2)
	list := []*rsa.PrivateKey{reported, kept}
	c.SetKeys(func(int) (*rsa.PrivateKey, error) { k := list[0]; list = list[1:]; return k, nil })
	must(t, c, "0020001008"+pin, path(cardmodel.Path{0x1400, 0x8110}))
	c.SetFault(once(Fault{ReportOtherKey: true}))
	must(t, c, "0046000008"+"20107EAD00100020")
	if result, _ := c.File("1400/8110/7EAD"); !bytes.Contains(result, reported.N.Bytes()) ||
		bytes.Contains(result, kept.N.Bytes()) {
		t.Error("the key that is reported")
	}
	must(t, c, "0022F303", "0022F1B803830110", "102A8086FF00"+fmt.Sprintf("%X", plain(256)[:254]))
	sig, sw := send(t, c, "002A808602"+fmt.Sprintf("%X", plain(256)[254:])+"00")
	if sw != "9000" || !bytes.Equal(public(&kept.PublicKey, sig), plain(256)) {
		t.Error("the key that is kept", sw)
	}
}

// A clone made by the hook is the card before the command, and is independent of it.
func TestSnapshot(t *testing.T) {
	c := issued(t, "AC2014")
	var at []*Card
	c.SetFault(func(i int, _ []byte) Fault {
		if i != len(at) {
			t.Errorf("command %d after %d", i, len(at))
		}
		at = append(at, c.Clone())
		return Fault{}
	})
	for range 3 {
		send(t, c, "0020001008"+wrongPIN)
	}
	for i, s := range at {
		if s.Tries(0x10) != 3-i {
			t.Errorf("snapshot %d has %d tries", i, s.Tries(0x10))
		}
		must(t, s, "0020001008"+pin)
	}
	if c.Tries(0x10) != 0 {
		t.Error("a snapshot changed the card")
	}
}

// Transactions as the layers above use them (PC/SC part 5): a reset at the end forgets the PIN.
func TestTransaction(t *testing.T) {
	c := prepared(t, "OT2015")
	if err := c.Begin(); err != nil {
		t.Fatal(err)
	}
	if err := c.Begin(); !errors.Is(err, ErrTransaction) {
		t.Errorf("a second transaction: %v", err)
	}
	must(t, c, "0020001008"+pin)
	if err := c.End(false); err != nil {
		t.Fatal(err)
	}
	if err := c.End(false); !errors.Is(err, ErrTransaction) {
		t.Errorf("the end of no transaction: %v", err)
	}
	must(t, c, path(cardmodel.Path{0x1400, 0x9010}), "00D600000130")
	if err := c.Begin(); err != nil {
		t.Fatal(err)
	}
	if err := c.End(true); err != nil {
		t.Fatal(err)
	}
	must(t, c, path(cardmodel.Path{0x1400, 0x9010}))
	if _, sw := send(t, c, "00D600000130"); sw != "6982" {
		t.Errorf("after a reset: %s", sw)
	}
	c.SetFault(once(Fault{Cut: CutBefore}))
	if err := c.Begin(); err != nil {
		t.Fatal(err)
	}
	c.Transmit([]byte{0, 0, 0, 0})
	if err := c.End(true); !errors.Is(err, iso7816.ErrCardGone) {
		t.Errorf("the end with a card that is gone: %v", err)
	}
	c.Reinsert()
	if err := c.Begin(); err != nil {
		t.Errorf("the card put back: %v", err)
	}
}
