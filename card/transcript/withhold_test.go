// SPDX-License-Identifier: EUPL-1.2

package transcript

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"rinnova.example/go/card/iso7816"
)

// Lines as they must be, by ISO/IEC 7816-4 §5.2: header, Lc, data, Le.
func TestScreen(t *testing.T) {
	for _, test := range []struct {
		in             string
		secrets, files string // one text where both are the same
	}{
		{"00A40000023F00", "00A40000023F00", ""},
		{"00A40000023F0000", "00A40000023F0000", ""},
		{"0020001008 3132333435FFFFFF", "0020001008[8]", ""},
		{"0C20001002 3132 00", "0C20001002[2]00", ""},
		{"0021001002 3132", "0021001002[2]", ""},
		{"00200010", "00200010", ""},
		{"0020001000", "0020001000", ""},
		{"00200010000002 3132", "00200010000002[2]", ""},
		{"00200010000002 3132 0000", "00200010000002[2]0000", ""},
		{"0020001009 3132", "00200010[3]", ""}, // no APDU: Lc of 9, 2 bytes
		{"0024001004 31323334", "0024001004[4]", ""},
		{"90242081 02 0102", "9024208102[2]", ""},
		{"002C001004 31323334", "002C001004[4]", ""},
		{"00C2000002 0020", "00C2000002[2]", ""},
		{"00DA016E04 8F023132", "00DA016E04[4]", ""},
		{"00DA016E06 A0048F023132", "00DA016E06[6]", ""},
		{"00DA016D03 830103", "00DA016D03830103", "00DA016D03[3]"},
		{"10DA016E02 8302", "10DA016E02[2]", ""},
		{"00D6000002 3082", "00D60000023082", "00D6000002[2]"},
		{"00DC010402 3082", "00DC0104023082", "00DC010402[2]"},
		{"00B0000010", "00B0000010", ""},
		{"002A9E9A02 0102 00", "002A9E9A02010200", ""},
		{"002000", "[3]", ""},
	} {
		if test.files == "" {
			test.files = test.secrets
		}
		for withhold, want := range map[Withhold]string{Secrets: test.secrets, Files: test.files} {
			s := screen{withhold: withhold}
			if got := s.command(unhex(t, test.in)).String(); got != want {
				t.Errorf("%s with %d: %s, want %s", test.in, withhold, got, want)
			}
		}
	}
}

// A chain that may carry a code is withheld to its last part, and the next command is not.
func TestScreenChain(t *testing.T) {
	s := screen{}
	for _, step := range []struct{ in, want string }{
		{"10DA016E02 8302", "10DA016E02[2]"},
		{"10DA016E02 0010", "10DA016E02[2]"},
		{"00DA016E02 3132", "00DA016E02[2]"},
		{"00DA016E02 3132", "00DA016E023132"},
	} {
		if got := s.command(unhex(t, step.in)).String(); got != step.want {
			t.Errorf("%s: %s, want %s", step.in, got, step.want)
		}
	}
}

func TestScreenResponse(t *testing.T) {
	for _, test := range []struct {
		name           string
		commands       []string
		secrets, files string
	}{
		{"a file's content", []string{"00B0000002"}, "41429000", "[2]9000"},
		{"a record", []string{"00B2010402"}, "41429000", "[2]9000"},
		{"a data object", []string{"00CA010102"}, "41429000", "[2]9000"},
		{"the rest of a file's content", []string{"00B0000000", "00C0000002", "00C0000002"}, "41429000", "[2]9000"},
		{"the rest of a public key", []string{"00B0000000", "0046000000", "00C0000002"}, "41429000", "41429000"},
		{"file control information", []string{"00A40000023F00"}, "41429000", "41429000"},
		{"a signature", []string{"002A9E9A0101"}, "41429000", "41429000"},
		{"an echo of a code", []string{"00200010023132"}, "[2]9000", "[2]9000"},
		{"an echo of what is no APDU", []string{"0020"}, "[2]9000", "[2]9000"},
	} {
		for withhold, want := range map[Withhold]string{Secrets: test.secrets, Files: test.files} {
			s := screen{withhold: withhold}
			for _, c := range test.commands {
				s.command(unhex(t, c))
			}
			if got := s.response(unhex(t, "41429000")).String(); got != want {
				t.Errorf("%s with %d: %s, want %s", test.name, withhold, got, want)
			}
			if got := s.response(unhex(t, "6982")).String(); got != "6982" {
				t.Errorf("%s with %d: a status word as %s", test.name, withhold, got)
			}
		}
	}
}

// echo answers with the command, or fails with it in its error.
type echo struct {
	iso7816.Unshared
	fails bool
}

func (echo) ATR() []byte { return []byte{0x3B, 0x00} }
func (e echo) Transmit(b []byte) ([]byte, error) {
	if e.fails {
		return nil, fmt.Errorf("cannot send %X, that is %q", b, b)
	}
	return append(bytes.Clone(b), 0x90, 0x00), nil
}

// TestCanary sends a code in every form that a command can have and looks for every four bytes of it.
func TestCanary(t *testing.T) {
	canary := []byte("K7#q!Zw9")
	var commands [][]byte
	for cla := range 256 {
		for _, ins := range []byte{0x20, 0x21, 0x24, 0x25, 0x2C, 0x2D, 0xC2, 0xC3} {
			for _, data := range [][]byte{canary, append(bytes.Clone(canary), canary...),
				append(make([]byte, 300), canary...)} {
				for _, ne := range []int{0, 256, 65536} {
					b, err := iso7816.Command{CLA: byte(cla), INS: ins, P2: 0x10, Data: data, Ne: ne}.Bytes()
					if err != nil {
						t.Fatal(err)
					}
					commands = append(commands, b, b[:len(b)-1], append(bytes.Clone(b), 0, 0, 0))
				}
			}
			commands = append(commands, append([]byte{byte(cla), ins, 0, 0x10}, canary...)) // no Lc
		}
		for _, ins := range []byte{0xDA, 0xDB} {
			object := iso7816.AppendTLV([]byte{0x83, 2, 0, 0x10}, 0x8F, canary)
			whole := iso7816.Command{CLA: byte(cla), INS: ins, P1: 1, P2: 0x6E, Data: object}
			first, last := whole, whole
			first.CLA, first.Data = first.CLA|0x10, object[:6]
			last.CLA, last.Data = last.CLA&^0x10, object[6:]
			long := whole
			long.Data = append(make([]byte, 400), object...)
			for _, c := range []iso7816.Command{whole, first, last, long} {
				b, err := c.Bytes()
				if err != nil {
					t.Fatal(err)
				}
				commands = append(commands, b)
			}
		}
	}
	for _, withhold := range []Withhold{Secrets, Files} {
		for _, fails := range []bool{false, true} {
			var out bytes.Buffer
			r, err := NewRecorder(echo{fails: fails}, &out, withhold)
			if err != nil {
				t.Fatal(err)
			}
			for _, c := range commands {
				r.Transmit(c)
			}
			parsed, err := Parse(out.Bytes())
			if err != nil || len(parsed.Entries) != len(commands) {
				t.Fatalf("%d of %d exchanges written, %v", len(parsed.Entries), len(commands), err)
			}
			search(t, "the transcript", out.String(), canary)
		}
	}
	for _, c := range commands[:100] {
		p, _ := NewReplay(&Transcript{ATR: []byte{0x3B, 0x00},
			Entries: []Entry{{Kind: Exchange, Command: Bytes{Head: []byte{0, 0xA4, 0, 0}}}}})
		_, err := p.Transmit(c)
		if !errors.Is(err, ErrDiffers) {
			t.Fatal(err)
		}
		search(t, "a replay's error", err.Error(), canary)
	}

	// The search itself: a canary where nothing is withheld is found.
	var out bytes.Buffer
	r, _ := NewRecorder(echo{}, &out, Secrets)
	r.Transmit(append([]byte{0, 0xA4, 0, 0, byte(len(canary))}, canary...))
	if !found(out.String(), canary) {
		t.Error("the search does not find what is there")
	}
}

func search(t *testing.T, where, text string, canary []byte) {
	t.Helper()
	if found(text, canary) {
		t.Fatalf("%s holds the code", where)
	}
}

func found(text string, canary []byte) bool {
	lower := strings.ToLower(text)
	for i := range len(canary) - 3 {
		part := canary[i : i+4]
		if strings.Contains(text, string(part)) || strings.Contains(lower, hex.EncodeToString(part)) ||
			strings.Contains(text, base64.StdEncoding.EncodeToString(part)[:4]) ||
			strings.Contains(text, strings.Trim(fmt.Sprint(part), "[]")) {
			return true
		}
	}
	return false
}

// Whatever the bytes are, the line stands for as many and comes back the same.
func FuzzScreen(f *testing.F) {
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, withhold := range []Withhold{Secrets, Files} {
			s := screen{withhold: withhold}
			shown := s.command(b)
			if !shown.matches(b) {
				t.Fatalf("%X is shown as %s", b, shown)
			}
			if len(b) > 4 && b[1]&^1 == 0x20 && len(shown.Head) > 7 {
				t.Fatalf("%X is shown as %s", b, shown)
			}
			if again, ok := parseBytes(shown.String()); len(b) > 0 && (!ok || again.String() != shown.String()) {
				t.Fatalf("%s comes back as %s", shown, again)
			}
		}
	})
}

func unhex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}
