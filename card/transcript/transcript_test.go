// SPDX-License-Identifier: EUPL-1.2

package transcript

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// samples returns the transcripts of testdata, written by hand, by name.
func samples(t testing.TB) map[string][]byte {
	t.Helper()
	list, err := os.ReadDir("testdata")
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	for _, f := range list {
		if f.IsDir() && f.Name() == "fuzz" {
			continue
		}
		if filepath.Ext(f.Name()) != ".transcript" {
			t.Fatalf("testdata/%s is no transcript", f.Name())
		}
		if all[f.Name()], err = os.ReadFile(filepath.Join("testdata", f.Name())); err != nil {
			t.Fatal(err)
		}
	}
	if len(all) == 0 {
		t.Fatal("testdata is empty")
	}
	return all
}

func TestRoundTrip(t *testing.T) {
	for name, text := range samples(t) {
		parsed, err := Parse(text)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := parsed.Encode(); !bytes.Equal(got, text) {
			t.Errorf("%s comes back as\n%s", name, got)
		}
		for i := range text {
			if cut, err := Parse(text[:i]); err == nil && text[i-1] != '\n' {
				t.Errorf("%s cut after %d bytes is read as %+v", name, i, cut)
			}
		}
	}
}

func TestParse(t *testing.T) {
	got, err := Parse(samples(t)["verify.transcript"])
	if err != nil {
		t.Fatal(err)
	}
	if want := []Field{{"program", "rinnova 1.0.0"}, {"reader", "Virtual PCD 00 00"}}; !reflect.DeepEqual(got.Header,
		want) {
		t.Errorf("header %q", got.Header)
	}
	if len(got.ATR) != 25 || got.ATR[24] != 0x8F {
		t.Errorf("ATR %X", got.ATR)
	}
	want := []Entry{
		{Kind: Note, Text: "identify running"},
		{Kind: Exchange, Command: Bytes{Head: []byte{0, 0xA4, 8, 0, 4, 0x10, 0, 0x10, 3}},
			Response: Bytes{Head: []byte{0x90, 0}}},
		{Kind: Exchange, Command: Bytes{Head: []byte{0, 0xB0, 0, 0, 12}},
			Response: Bytes{Head: []byte("600000000000\x90\x00")}},
		{Kind: Note, Text: "unlock running"},
		{Kind: Begin},
		{Kind: Exchange, Command: Bytes{Head: []byte{0, 0x20, 0, 0x10, 8}, Withheld: 8},
			Response: Bytes{Head: []byte{0x63, 0xC2}}},
		{Kind: Exchange, Command: Bytes{Head: []byte{0, 0x20, 0, 0x10, 8}, Withheld: 8},
			Response: Bytes{Head: []byte{0x90, 0}}},
		{Kind: EndReset},
	}
	if !reflect.DeepEqual(got.Entries, want) {
		t.Errorf("entries\n%+v, want\n%+v", got.Entries, want)
	}
}

func TestParseRefuses(t *testing.T) {
	const head = "# transcript: 1\n@ 3B00\n"
	for name, test := range map[string]struct{ text, why string }{
		"nothing":                    {"", "line 1"},
		"another version":            {"# transcript: 2\n@ 3B00\n", "line 1"},
		"no ATR":                     {"# transcript: 1\n# a: b\n", "before it is complete"},
		"an entry before the ATR":    {"# transcript: 1\n; a\n@ 3B00\n", "line 2"},
		"two ATRs":                   {head + "@ 3B00\n", "line 3"},
		"a header after the ATR":     {head + "# a: b\n", "line 3"},
		"a header without a value":   {"# transcript: 1\n# a\n@ 3B00\n", "line 2"},
		"a header with an empty one": {"# transcript: 1\n# a: \n@ 3B00\n", "line 2"},
		"a key in upper case":        {"# transcript: 1\n# A: b\n@ 3B00\n", "line 2"},
		"ATR in lower case":          {"# transcript: 1\n@ 3b00\n", "line 2"},
		"an empty ATR":               {"# transcript: 1\n@ \n", "line 2"},
		"a carriage return":          {head + "; a\r\n", "line 3"},
		"an empty line":              {head + "\n", "line 3"},
		"space at the end":           {head + "; a \n", "line 3"},
		"bytes not UTF-8":            {head + "; a\xFF\n", "line 3"},
		"an unknown kind":            {head + "? a\n", "line 3"},
		"no space":                   {head + ">00A40000\n", "line 3"},
		"half a byte":                {head + "> 00A4000\n< 9000\n", "line 3"},
		"no end of line":             {head + "> 00A40000\n< 9000", "line 4"},
		"no response":                {head + "> 00A40000\n", "before it is complete"},
		"two commands":               {head + "> 00A40000\n> 00A40000\n< 9000\n", "line 4"},
		"a note before a response":   {head + "> 00A40000\n; a\n< 9000\n", "line 4"},
		"a response alone":           {head + "< 9000\n", "line 3"},
		"two responses":              {head + "> 00A40000\n< 9000\n< 9000\n", "line 5"},
		"response and failure":       {head + "> 00A40000\n< 9000\n! gone\n", "line 5"},
		"a failure alone":            {head + "! gone\n", "line 3"},
		"a failure of a note":        {head + "; a\n! gone\n", "line 4"},
		"two failures":               {head + "* begin\n! gone\n! gone\n", "line 5"},
		"an unknown failure":         {head + "* begin\n! lost\n", "line 4"},
		"an unknown transaction":     {head + "* reset\n", "line 3"},
		"no bytes withheld":          {head + "> 00200010[0]\n< 9000\n", "line 3"},
		"a number with a zero":       {head + "> 00200010[08]\n< 9000\n", "line 3"},
		"a number with a sign":       {head + "> 00200010[+8]\n< 9000\n", "line 3"},
		"a bracket open":             {head + "> 00200010[8\n< 9000\n", "line 3"},
		"a bracket twice":            {head + "> 00200010[8][8]\n< 9000\n", "line 3"},
		"a number past any APDU":     {head + "> 00200010[999999]\n< 9000\n", "line 3"},
	} {
		got, err := Parse([]byte(test.text))
		if !errors.Is(err, ErrFormat) || !strings.Contains(err.Error(), test.why) {
			t.Errorf("%s: %+v, %v, want %q", name, got, err, test.why)
		}
	}
}

// A parsed text encodes to the same bytes, and no input makes Parse panic.
func FuzzParse(f *testing.F) {
	for _, text := range samples(f) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		parsed, err := Parse(text)
		if err == nil && !bytes.Equal(parsed.Encode(), text) {
			t.Errorf("%q comes back as %q", text, parsed.Encode())
		}
	})
}
