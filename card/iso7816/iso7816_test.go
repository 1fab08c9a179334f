// SPDX-License-Identifier: EUPL-1.2

package iso7816

import (
	"bytes"
	"encoding/hex"
	"errors"
	"testing"
)

// Encodings of ISO/IEC 7816-4 §5.2, table 5, written out by hand.
func TestCommand(t *testing.T) {
	long := bytes.Repeat([]byte{0xAA}, 257)
	for _, c := range []struct {
		name string
		cmd  Command
		want string
	}{
		{"1", Command{0, 0x22, 0xF3, 3, nil, 0}, "0022F303"},
		{"2S", Command{0, 0xB0, 1, 2, nil, 0x10}, "00B0010210"},
		{"2S 256", Command{0, 0xB0, 0, 0, nil, 256}, "00B0000000"},
		{"3S", Command{0, 0xA4, 0, 0x0C, []byte{0x3F, 0}, 0}, "00A4000C023F00"},
		{"4S", Command{0, 0xA4, 8, 0, []byte{0x11, 0, 0x11, 1}, 256}, "00A40800041100110100"},
		{"2E", Command{0, 0xB0, 0, 0, nil, 257}, "00B00000000101"},
		{"2E 65536", Command{0, 0xB0, 0, 0, nil, 65536}, "00B00000000000"},
		{"3E", Command{0, 0xDA, 1, 0x6E, long, 0}, "00DA016E000101" + hex.EncodeToString(long)},
		{"4E", Command{0, 0x2A, 0x80, 0x86, long, 256}, "002A8086000101" + hex.EncodeToString(long) + "0100"},
	} {
		want, _ := hex.DecodeString(c.want)
		b, err := c.cmd.Bytes()
		if err != nil || !bytes.Equal(b, want) {
			t.Errorf("%s: %X %v", c.name, b, err)
		}
		back, err := ParseCommand(want)
		if err != nil || back.CLA != c.cmd.CLA || back.INS != c.cmd.INS || back.P1 != c.cmd.P1 || back.P2 != c.cmd.P2 ||
			!bytes.Equal(back.Data, c.cmd.Data) || back.Ne != c.cmd.Ne {
			t.Errorf("%s: %+v %v", c.name, back, err)
		}
	}
	for _, bad := range []string{"", "00A400", "00A4000C023F", "00A4000C023F000000", "00B000000001",
		"00DA016E0000000100", "00DA016E0000020102030405"} {
		b, _ := hex.DecodeString(bad)
		if _, err := ParseCommand(b); !errors.Is(err, ErrCommand) {
			t.Errorf("%s: %v", bad, err)
		}
	}
	if _, err := (Command{Data: make([]byte, 65536)}).Bytes(); err == nil {
		t.Error("65536 bytes were encoded")
	}
}

func TestTLV(t *testing.T) {
	// FCI of docs/CARDS.md §2.5.
	fci, err := hex.DecodeString("6F1E" + "80020190" + "8203010000" + "83021102" + "850101" +
		"860900FFFFFFFFFFFFFFFF" + "8A0105")
	if err != nil {
		t.Fatal(err)
	}
	if list, err := ParseTLV(fci); err != nil || len(list) != 1 || list[0].Tag != 0x6F || len(list[0].Value) != 0x1E {
		t.Errorf("the FCI: %v, %v", list, err)
	}
	if _, err := ParseTLV(fci[:len(fci)-1]); !errors.Is(err, ErrTLV) {
		t.Errorf("a template over the end: %v", err)
	}
	for _, s := range []string{"", "8002019082030100008A0105", "7F490482020102", "5F210100",
		"8F81" + "80" + hex.EncodeToString(make([]byte, 128)), "8F820100" + hex.EncodeToString(make([]byte, 256))} {
		b, err := hex.DecodeString(s)
		if err != nil {
			t.Fatal(err)
		}
		list, err := ParseTLV(b)
		if err != nil {
			t.Errorf("%.20s: %v", s, err)
		}
		var again []byte
		for _, x := range list {
			again = AppendTLV(again, x.Tag, x.Value)
		}
		if !bytes.Equal(again, b) {
			t.Errorf("%.20s encodes again to %X", s, again)
		}
		for n := 1; n < len(b); n++ {
			if l, err := ParseTLV(b[:n]); err == nil {
				size := 0
				for _, x := range l {
					size += len(AppendTLV(nil, x.Tag, x.Value))
				}
				if size != n {
					t.Errorf("%.20s cut at %d was read as %d bytes", s, n, size)
				}
			}
		}
	}
	for _, s := range []string{"80", "8005", "8080", "80810501020304 05"[:14], "8082000101", "5F", "5F8181810101",
		"80850000000001"} {
		b, _ := hex.DecodeString(s)
		if _, err := ParseTLV(b); !errors.Is(err, ErrTLV) {
			t.Errorf("%s: %v", s, err)
		}
	}
}

// wire answers from a list and notes the commands.
type wire struct {
	Unshared
	answers []string
	sent    []string
}

func (w *wire) ATR() []byte { return nil }
func (w *wire) Transmit(b []byte) ([]byte, error) {
	w.sent = append(w.sent, hex.EncodeToString(b))
	if len(w.answers) == 0 {
		return nil, ErrCardGone
	}
	if err, ok := map[string]error{"!": ErrReader, "too long": ErrExtendedLength}[w.answers[0]]; ok {
		w.answers = w.answers[1:]
		return nil, err
	}
	a, err := hex.DecodeString(w.answers[0])
	w.answers = w.answers[1:]
	return a, err
}

func TestChain(t *testing.T) {
	long := make([]byte, 257)
	for _, c := range []struct {
		name     string
		extended bool
		cmd      Command
		answers  []string
		sent     []int // lengths
		want     string
		err      error
	}{
		{"extended", true, Command{0, 0x2A, 0x80, 0x86, long, 256}, []string{"AABB9000"}, []int{4 + 3 + 257 + 2},
			"aabb", nil},
		{"extended refused", true, Command{0, 0x2A, 0x80, 0x86, long, 256}, []string{"6700", "9000", "AABB9000"},
			[]int{266, 260, 8}, "aabb", nil},
		{"extended refused with 6D00", true, Command{0, 0x2A, 0x80, 0x86, long, 256},
			[]string{"6D00", "9000", "AABB9000"}, []int{266, 260, 8}, "aabb", nil},
		{"refused in both lengths", true, Command{0, 0xDA, 1, 0x6E, long, 0}, []string{"6A80", "6A80"},
			[]int{4 + 3 + 257, 260}, "", SWWrongData},
		{"generate is not sent again", true, Command{0, 0x46, 0, 0, long, 0}, []string{"6D00"}, []int{4 + 3 + 257}, "",
			SWInstruction},
		{"reader known to carry no extended length", true, Command{0, 0x46, 0, 0, long, 256},
			[]string{"too long", "9000", "AABB9000"}, []int{266, 260, 8}, "aabb", nil},
		{"reader fails at extended length", true, Command{0, 0x2A, 0x80, 0x86, long, 256}, []string{"!"}, []int{266},
			"",
			ErrRepeat},
		{"reader fails at short length", true, Command{0, 0xB0, 0, 0, nil, 256}, []string{"!"}, []int{5}, "",
			ErrReader},
		{"reader fails at a code", true, Command{0, 0x24, 0, 0x10, long, 0}, []string{"!"}, []int{4 + 3 + 257}, "",
			ErrReader},
		{"chained", false, Command{0, 0x2A, 0x80, 0x86, long, 256}, []string{"9000", "AA9000"}, []int{260, 8}, "aa",
			nil},
		{"refused in the chain", false, Command{0, 0xDA, 1, 0x6E, long, 0}, []string{"6982"}, []int{260}, "",
			SWSecurity},
		{"61xx", false, Command{0, 0xB0, 0, 0, nil, 256}, []string{"016102", "02039000"}, []int{5, 5}, "010203", nil},
		{"6Cxx", false, Command{0, 0xB0, 0, 0, nil, 256}, []string{"6C03", "0102039000"}, []int{5, 5}, "010203", nil},
		{"61xx for ever", false, Command{0, 0xB0, 0, 0, nil, 256}, []string{"6102", "6102"}, []int{5, 5}, "",
			ErrEndless},
		{"gone", false, Command{0, 0xDA, 1, 0x6E, long, 0}, []string{"9000"}, []int{260, 7}, "", ErrCardGone},
		{"no status word", false, Command{0, 0xB0, 0, 0, nil, 1}, []string{"90"}, []int{5}, "", ErrResponse},
	} {
		w := &wire{answers: c.answers}
		got, err := Do(Chain(w, c.extended), c.cmd)
		if !errors.Is(err, c.err) || err == nil && hex.EncodeToString(got) != c.want {
			t.Errorf("%s: %X %v", c.name, got, err)
		}
		if len(w.sent) != len(c.sent) {
			t.Fatalf("%s: %d commands", c.name, len(w.sent))
		}
		for i, s := range w.sent {
			if len(s)/2 != c.sent[i] {
				t.Errorf("%s: command %d has %d bytes", c.name, i, len(s)/2)
			}
		}
	}
}

// TestChainAfterReader gives the command again that a reader failed at: it goes in short ones, and no code ever does.
func TestChainAfterReader(t *testing.T) {
	w := &wire{answers: []string{"!", "9000", "AABB9000"}}
	c := Chain(w, true)
	cmd := Command{0, 0x2A, 0x80, 0x86, make([]byte, 257), 256}
	if _, err := Do(c, cmd); !errors.Is(err, ErrRepeat) || !errors.Is(err, ErrReader) {
		t.Fatalf("the first time: %v", err)
	}
	if got, err := Do(c, cmd); err != nil || hex.EncodeToString(got) != "aabb" {
		t.Errorf("the second time: %X %v", got, err)
	}
	if len(w.sent) != 3 || len(w.sent[1])/2 != 260 || len(w.sent[2])/2 != 8 {
		t.Errorf("sent %d commands", len(w.sent))
	}
	w = &wire{answers: []string{"!"}}
	if _, err := Do(Chain(w, true), Command{0, 0x24, 0, 0x10, cmd.Data, 0}); errors.Is(err, ErrRepeat) {
		t.Error("CHANGE REFERENCE DATA may be given again")
	}
}

func TestSW(t *testing.T) {
	if n, ok := SW(0x63C2).Tries(); !ok || n != 2 {
		t.Errorf("63C2 means %d tries, %t", n, ok)
	}
	if _, ok := SWAuthFailed.Tries(); ok {
		t.Error("6300 is no counter")
	}
	if s := SW(0x6982).Error(); s != "status 6982: security status not satisfied" {
		t.Errorf("the text of 6982 is %q", s)
	}
}

func FuzzCommand(f *testing.F) {
	f.Add([]byte{0, 0xA4, 0, 0x0C, 2, 0x3F, 0})
	f.Add([]byte{0, 0x2A, 0x80, 0x86, 0, 1, 1})
	f.Fuzz(func(t *testing.T, b []byte) {
		c, err := ParseCommand(b)
		if err != nil {
			return
		}
		again, err := c.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		// An extended form of what fits a short one is legal and encodes shorter.
		if len(again) == len(b) && !bytes.Equal(again, b) || len(again) > len(b) {
			t.Fatalf("%X became %X", b, again)
		}
	})
}

func FuzzTLV(f *testing.F) {
	f.Add([]byte{0x6F, 3, 0x80, 1, 2})
	f.Add([]byte{0x7F, 0x49, 0x81, 0x80})
	f.Fuzz(func(t *testing.T, b []byte) {
		list, err := ParseTLV(b)
		if err != nil {
			return
		}
		var again []byte
		for _, x := range list {
			again = AppendTLV(again, x.Tag, x.Value)
		}
		if !bytes.Equal(again, b) {
			t.Fatalf("%X became %X", b, again)
		}
	})
}

func FuzzHistorical(f *testing.F) {
	f.Add([]byte{0x3B, 0x80, 0x80, 0x01, 0x01})
	f.Fuzz(func(t *testing.T, b []byte) {
		if h, err := Historical(b); err == nil && len(h) != int(b[1]&0x0F) {
			t.Fatalf("%X", h)
		}
	})
}
