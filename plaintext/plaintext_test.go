// SPDX-License-Identifier: EUPL-1.2

package plaintext_test

import (
	"testing"
	"unicode"

	"rinnova.example/go/plaintext"
)

func TestLine(t *testing.T) {
	for in, want := range map[string]string{
		"":                           "",
		"Città  è":                   "Città  è",
		"a\x1b[31mb":                 "a[31mb",
		"Troppo\x00 tardi\r\n":       "Troppo tardi",
		"one\ntwo\u2028three":        "onetwothree",
		"RSSMRA\u202e\u2066\u200b80": "RSSMRA80",
		"\u00ad\ufeff\U000e0041x":    "x", // soft hyphen, byte order mark, a tag
		"\xff\xfe":                   "",
	} {
		got := plaintext.Line(in)
		if got != want {
			t.Errorf("Line(%q) is %q, want %q", in, got, want)
		}
		if !plaintext.Is(got) || plaintext.Is(in) != (in == want) {
			t.Errorf("Is(%q) is %v", in, plaintext.Is(in))
		}
	}
}

func TestLineDropsEveryFormatCharacter(t *testing.T) {
	n := 0
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if unicode.In(r, unicode.Cf, unicode.Cc) {
			n++
			if got := plaintext.Line("a" + string(r) + "b"); got != "ab" {
				t.Errorf("U+%04X: %q", r, got)
			}
		}
	}
	if n < 200 {
		t.Errorf("%d characters were tried", n)
	}
}

func TestCut(t *testing.T) {
	for _, c := range []struct {
		s    string
		n    int
		want string
	}{{"abc", 5, "abc"}, {"abc", 3, "abc"}, {"abc", 2, "ab"}, {"aè", 2, "a"}, {"è", 1, ""}} {
		if got := plaintext.Cut(c.s, c.n); got != c.want {
			t.Errorf("Cut(%q, %d) is %q, want %q", c.s, c.n, got, c.want)
		}
	}
}
