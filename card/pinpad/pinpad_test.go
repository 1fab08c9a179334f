// SPDX-License-Identifier: EUPL-1.2

package pinpad

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"rinnova.example/go/card/iso7816"
)

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// pin is the form of a CNS's PIN: 5 to 8 digits in 8 bytes.
var pin = Entry{Min: 5, Max: 8, Stored: 8}

// TestStructures compares the structures with the fields of part 10 v2.02.09, written out by hand.
func TestStructures(t *testing.T) {
	verify := unhex(t, "0020009008 FFFFFFFFFFFFFFFF")
	want := unhex(t, `3C 3C 82 08 00`+ // 60 s twice; bytes, position 0, left, ASCII; block of 8 bytes; no length
		`08 05 02 01`+ // wPINMaxExtraDigit 0508; confirmation key; one message
		`10 04 00 00 00 00`+ // Italian; message 0; no prologue
		`0D 00 00 00 0020009008FFFFFFFFFFFFFFFF`)
	if got := VerifyStructure(verify, pin); !bytes.Equal(got, want) {
		t.Errorf("PIN_VERIFY_STRUCTURE\n%X, want\n%X", got, want)
	}
	change := unhex(t, "0024009010 FFFFFFFFFFFFFFFF FFFFFFFFFFFFFFFF")
	want = unhex(t, `3C 3C 82 08 00`+
		`00 08`+ // the old code at byte 0 of the data, the new one at byte 8
		`08 05 03 02 03`+ // 0508; the current code and the new one twice; confirmation key; three messages
		`10 04 00 01 02 00 00 00`+ // Italian; messages 0, 1, 2; no prologue
		`15 00 00 00 0024009010FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF`)
	if got := ModifyStructure(change, pin); !bytes.Equal(got, want) {
		t.Errorf("PIN_MODIFY_STRUCTURE\n%X, want\n%X", got, want)
	}
}

func TestParseFeatures(t *testing.T) {
	for list, want := range map[string]map[byte]uint32{
		"":                              {},
		"06 04 42330006":                {6: 0x42330006},
		"06 04 42330006 07 04 42330007": {6: 0x42330006, 7: 0x42330007},
		"06 04 42330006 06 04 42330006": {6: 0x42330006}, // the same twice
		"06 04 42330006 06 04 42330007": nil,             // one feature, two codes
		"06":                            nil,
		"06 04":                         nil,
		"06 04 423300":                  nil,
		"06 03 423300":                  nil,
		"06 05 4233000600":              nil,
		"06 00 07 04 42330007":          nil,
		"06 FF 42330006":                nil,
		"06 04 42330006 12":             nil,
		"00 04 00000000":                {0: 0},
	} {
		got, err := ParseFeatures(unhex(t, list))
		if want == nil && !errors.Is(err, ErrFeatures) || want != nil && (err != nil || !maps.Equal(got, want)) {
			t.Errorf("%s: %v, %v, want %v", list, got, err, want)
		}
	}
}

// driver is a reader's driver: an answer by control code.
type driver map[uint32]string

func (d driver) control(t *testing.T) func(uint32, []byte) ([]byte, error) {
	return func(code uint32, _ []byte) ([]byte, error) {
		answer, ok := d[code]
		if !ok {
			return nil, iso7816.ErrReader
		}
		return unhex(t, answer), nil
	}
}

// TestAbilities holds what a keypad can do against what its driver tells.
func TestAbilities(t *testing.T) {
	const features, both = 0x12, "06 04 00000006 07 04 00000007 12 04 00000012"
	for name, row := range map[string]struct {
		features, limits string
		verifies, gone   bool
		modifies         bool
	}{
		"no features":         {features: "", gone: true},
		"others only":         {features: "12 04 00000012", gone: true},
		"code 0":              {features: "06 04 00000000", gone: true},
		"verify only":         {features: "06 04 00000006", verifies: true},
		"modify only":         {features: "07 04 00000007", modifies: true},
		"silent on limits":    {features: both, verifies: true, modifies: true},
		"4 to 16 digits":      {features: both, limits: "0601 04 0701 10", verifies: true, modifies: true},
		"no largest":          {features: both, limits: "0601 00 0701 00", verifies: true, modifies: true},
		"6 digits or more":    {features: both, limits: "0601 06 0701 10"},
		"7 digits at most":    {features: both, limits: "0601 04 0701 07"},
		"limits of 2 bytes":   {features: both, limits: "0602 0600 0702 0700", verifies: true, modifies: true},
		"limits that are cut": {features: both, limits: "0601 04 0701", verifies: true, modifies: true},
	} {
		d := driver{}
		if row.limits != "" {
			d[features] = row.limits
		}
		p, err := New(unhex(t, row.features), d.control(t))
		if err != nil || (p == nil) != row.gone || p.Verifies(pin) != row.verifies || p.Modifies(pin) != row.modifies {
			t.Errorf("%s: %+v, %v; verifies %t, modifies %t", name, p, err, p.Verifies(pin), p.Modifies(pin))
		}
	}
	if p, err := New([]byte{6}, driver{}.control(t)); !errors.Is(err, ErrFeatures) || p != nil {
		t.Errorf("a list that is cut: %v, %v", p, err)
	}
	p, err := New(unhex(t, both), driver{}.control(t))
	if err != nil || p.Verifies(Entry{Min: 5, Max: 8, Stored: 16}) {
		t.Errorf("16 bytes do not fit bmPINBlockString: %v", err)
	}
}

// TestAnswers tells the reader's answers, after which no try is spent, from the card's.
func TestAnswers(t *testing.T) {
	for answer, want := range map[string]struct {
		err    error
		unsent bool
	}{
		"9000": {nil, false},
		"6400": {ErrTimeout, true},
		"6401": {ErrCancelled, true},
		"6402": {ErrDifferent, true},
		"6403": {ErrLength, true},
		"6B80": {ErrStructure, true},
		"63C2": {iso7816.SW(0x63C2), false},
		"6983": {iso7816.SWBlocked, false},
		"90":   {iso7816.ErrResponse, false},
		"":     {iso7816.ErrResponse, false},
	} {
		p, err := New(unhex(t, "06 04 00000006 07 04 00000007"), driver{6: answer, 7: answer}.control(t))
		if err != nil {
			t.Fatal(err)
		}
		command := iso7816.Command{INS: iso7816.INSVerify, P2: 0x90, Data: bytes.Repeat([]byte{0xFF}, 8)}
		for _, got := range []error{p.Verify(command, pin), p.Modify(command, pin)} {
			if !errors.Is(got, want.err) || Unsent(got) != want.unsent {
				t.Errorf("%q: %v, unsent %t", answer, got, Unsent(got))
			}
		}
	}
	p, err := New(unhex(t, "06 04 00000006"), driver{}.control(t))
	if err != nil {
		t.Fatal(err)
	}
	err = p.Verify(iso7816.Command{INS: iso7816.INSVerify}, pin)
	if !errors.Is(err, iso7816.ErrReader) || Unsent(err) {
		t.Errorf("a driver that fails: %v", err)
	}
}

// FuzzFeatures: a list that is taken has whole elements, and each of its tags has the code that the list says.
func FuzzFeatures(f *testing.F) {
	for _, seed := range []string{"", "06044233000607044233000712044233001200", "0604423300060604FFFFFFFF", "12FF"} {
		f.Add(unhex(f, seed))
	}
	f.Fuzz(func(t *testing.T, list []byte) {
		ParseLimits(list)
		features, err := ParseFeatures(list)
		if err != nil {
			if features != nil || !errors.Is(err, ErrFeatures) {
				t.Fatal(features, err)
			}
			return
		}
		var again []byte
		for element := range slices.Chunk(list, 6) {
			again = binary.BigEndian.AppendUint32(append(again, element[0], 4), features[element[0]])
		}
		if !bytes.Equal(again, list) {
			t.Fatalf("%X became %X", list, again)
		}
	})
}
