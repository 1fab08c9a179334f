// SPDX-License-Identifier: EUPL-1.2

package recording

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/transcript"
)

// kept returns a recording of the folder as text.
func kept(t testing.TB, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func parse(t testing.TB, text string) *transcript.Transcript {
	t.Helper()
	r, err := transcript.Parse([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// check holds something against a recording and returns what is wrong.
type check func(*transcript.Transcript) []string

// TestPlanted changes one answer of a good recording: session and emulator must say so, each what it can see.
func TestPlanted(t *testing.T) {
	const as, renewed = "AC2014/emulator.transcript", "AC2013/emulator-renewed.transcript"
	session, card := wrongSession, wrongEmulator
	both, held := []check{session, card}, []check{card}
	for name, test := range map[string]struct {
		file, old, new string
		n              int // how many are replaced, -1 for all
		who            []check
	}{
		"no holder's file": {as, "> 00A4080C0411001102\n< 9000", "> 00A4080C0411001102\n< 6A82", 1, both},
		"no number":        {as, "> 00A4080C0410001003\n< 9000", "> 00A4080C0410001003\n< 6A82", 1, both},
		"a number of fewer digits": {as, "> 00B0000010\n< 363030303030303030303030303030309000",
			"> 00B0000010\n< 3630303030303030303030303030309000", 1, both},
		"the issued certificate absent": {as, "> 00A4080C0411001101\n< 9000", "> 00A4080C0411001101\n< 6A82", 1,
			both},
		"free memory, once":     {as, "\n< 6F3881024000", "\n< 6F3881023FFF", 1, both},
		"free memory, always":   {as, "\n< 6F3881024000", "\n< 6F3881023FFF", -1, held},
		"a DF of another model": {as, "> 00A40800041400900200\n< 6A82", "> 00A40800041400900200\n< 9000", 1, held},
		"a second certificate, unread": {as, "> 00A40800041400901000\n< 6A82",
			"> 00A40800041400901000\n< 6F04800208009000", 1, both},
		"access bytes": {renewed, "8609001010FFFF10FFFFFF", "8609000010FFFF10FFFFFF", -1, held},
		"the second one's size": {renewed, "6F3880020800820301000083029010", "6F38800207FF820301000083029010",
			-1, held},
		"the second one absent": {renewed, "> 00A4080C0414009010\n< 9000", "> 00A4080C0414009010\n< 6A82", 1, both},
		"another status word":   {as, "6A82", "6A83", 1, both},
		"a life cycle":          {renewed, "8A0105", "8A0107", 1, held},
	} {
		text := kept(t, test.file)
		planted := strings.Replace(text, test.old, test.new, test.n)
		if planted == text {
			t.Errorf("%s: nothing to replace", name)
			continue
		}
		r := parse(t, planted)
		for i, hold := range test.who {
			if len(hold(parse(t, text))) > 0 || len(hold(r)) == 0 {
				t.Errorf("%s: check %d does not see it", name, i)
			}
		}
	}
	other := strings.Replace(kept(t, as), "3BDF18008131FE7D006B150C0181011101434E53103180E8",
		"3BFF1800008131FE45006B05052000012101434E5310318079", 1)
	for i, hold := range both {
		if len(hold(parse(t, other))) == 0 {
			t.Errorf("another model's answer to reset: check %d does not see it", i)
		}
	}
}

// TestTree: the folder of recordings is checked as a whole.
func TestTree(t *testing.T) {
	fine := func(string, *transcript.Transcript) []string { return nil }
	good := kept(t, "AC2014/emulator.transcript")
	for name, test := range map[string]struct {
		files map[string]string
		want  string // "" for nothing wrong
	}{
		"good":    {map[string]string{"list": "AC2014/a emulator\n", "AC2014/a": good}, ""},
		"nothing": {map[string]string{}, "no such file"},
		"empty":   {map[string]string{"list": ""}, "no recordings"},
		"an empty series": {map[string]string{"list": "AC2014/a emulator\n", "AC2014/a": good, "AC2018/": ""},
			"AC2018 is empty"},
		"an unknown series": {map[string]string{"list": "AC2014/a emulator\n", "AC2014/a": good, "XX2014/a": good},
			"XX2014 is no series"},
		"another spelling": {map[string]string{"list": "ac2014/a emulator\n", "ac2014/a": good},
			"ac2014 is no series"},
		"a file beside": {map[string]string{"list": "AC2014/a emulator\n", "AC2014/a": good, "note": ""},
			"note is no series"},
		"an unlisted file": {map[string]string{"list": "AC2014/a emulator\n", "AC2014/a": good, "AC2014/b": good},
			"AC2014/b is not in the list"},
		"a listed one gone": {map[string]string{"list": "AC2014/a emulator\nAC2014/b card\n", "AC2014/a": good},
			"AC2014/b is in the list and not there"},
		"another series": {map[string]string{"list": "AC2018/a emulator\n", "AC2018/a": good},
			"a recording of AC2014"},
		"listed as real": {map[string]string{"list": "AC2014/a card\n", "AC2014/a": good}, "from emulator"},
		"an emulator's as a card": {map[string]string{"list": "AC2014/a emulator\nAC2014/b card\n", "AC2014/a": good,
			"AC2014/b": strings.Replace(good, "source: emulator", "source: card", 1)}, "the same exchanges"},
		"a malformed line": {map[string]string{"list": "AC2014/a\n", "AC2014/a": good}, "list: "},
		"no transcript":    {map[string]string{"list": "AC2014/a emulator\n", "AC2014/a": "x"}, "not a transcript"},
		"not redacted": {map[string]string{"list": "AC2014/a emulator\n", "AC2014/a": strings.Replace(good,
			"\n< 3630", "\n< 3631", 1)}, "content"},
		"a remark": {map[string]string{"list": "AC2014/a emulator\n", "AC2014/a": good +
			"; card of Mario Rossi\n"}, "note"},
		"an unknown program": {map[string]string{"list": "AC2014/a emulator\n", "AC2014/a": strings.Replace(good,
			"# program: 0.1.0", "# program: mine", 1)}, "header"},
	} {
		dir := t.TempDir()
		for file, text := range test.files {
			path := filepath.Join(dir, filepath.FromSlash(file))
			if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
				t.Fatal(err)
			}
			if strings.HasSuffix(file, "/") {
				continue
			}
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if strings.HasSuffix(name, "series") {
			_ = os.MkdirAll(filepath.Join(dir, "AC2018"), 0o755)
		}
		wrong := tree(dir, fine)
		if test.want == "" && len(wrong) > 0 || test.want != "" && !strings.Contains(strings.Join(wrong, "\n"),
			test.want) {
			t.Errorf("%s: %q", name, wrong)
		}
	}
}

// TestCheck plants in a good recording what a person, or another program, may have put into it.
func TestCheck(t *testing.T) {
	good := kept(t, "AC2014/emulator.transcript")
	read := "> 00B0000010\n< 363030303030303030303030303030309000\n"
	for name, test := range map[string]struct {
		old, new string
		want     Reason
	}{
		"nothing": {read, read, ""},
		"a card number": {read, "> 00B0000010\n< 363039303938373635343332313031329000\n",
			ReasonContent},
		"a number of letters": {read, "> 00B0000010\n< 524F535349204D4152494F20202020209000\n",
			ReasonContent},
		"a name": {"0758585858585858", "07524F5353492020", ReasonContent},
		"a codice fiscale": {"585858585858303058303058303030582F", "524F534D524138304130314835303158 2F",
			ReasonContent},
		"a date of birth": {"30383030303030303030303158", "30383037313031393738303158", ReasonContent},
		"a serial number": {"020745C5C5C5C5C5C5", "020715A3B9DB587120", ReasonContent},
		"a byte of a key": {"C5C5C5C5C5C5C5C5C5C5C5C5C5C5C5C50203010001",
			"C5C5C5C5C5C5C5C5C5C5C5C5C5C5C5C60203010001", ReasonContent},
		"a day":                {"3134303130313030303030305A", "3134303631353030303030305A", ReasonContent},
		"a VERIFY":             {read, read + "> 0020001008[8]\n< 9000\n", ReasonCommand},
		"a PIN":                {read, read + "> 00200010083132333435FFFFFF\n< 9000\n", ReasonCommand},
		"an empty VERIFY":      {read, read + "> 00200010\n< 63C3\n", ReasonCommand},
		"a PUK":                {read, read + "> 002C001110[16]\n< 9000\n", ReasonCommand},
		"a write":              {read, read + "> 00D600000141\n< 9000\n", ReasonCommand},
		"a signature":          {read, read + "> 002A80860201FF00\n< 41429000\n", ReasonCommand},
		"a data object":        {read, read + "> 00CA9F1700\n< 41429000\n", ReasonCommand},
		"a withheld selection": {read, read + "> 00A4080C04[4]\n< 9000\n", ReasonCommand},
		"a text as an application": {read, read + "> 00A404000B4D4152494F20524F53534900\n< 6A82\n",
			ReasonCommand},
		"no command": {read, read + "> 00A408\n< 6700\n", ReasonCommand},
		"a file that is not known": {read, read +
			"> 00A4080C022F02\n< 9000\n> 00B000000A\n< 5A0860905123456789019000\n", ReasonContent},
		"the same file withheld": {read, read + "> 00A4080C022F02\n< 9000\n> 00B000000A\n< [10]9000\n", ""},
		"a name in a parameter":  {"8A0105CB18FFFF", "8A0105A508524F535349204D2E\n", ReasonContent},
		"a remark":               {"; session\n", "; Mario Rossi\n", ReasonNote},
		"an error's text":        {read, read + "* begin\n! failed: /home/mario\n* end\n", ReasonFailure},
		"an error without":       {read, read + "* begin\n! failed\n* end\n", ""},
		"a header of another program": {"# program: 0.1.0\n", "# program: 0.1.0\n# holder: Mario Rossi\n",
			ReasonHeader},
		"a name for the series": {"# series: AC2014", "# series: Rossi", ReasonHeader},
		"no source":             {"# source: emulator\n", "", ReasonHeader},
		"two sources": {"# source: emulator\n", "# source: card\n# source: emulator\n",
			ReasonHeader},
		"a text as an answer to reset": {"@ 3BDF18008131FE7D006B150C0181011101434E53103180E8",
			"@ 3B0A524F5353494D4152494F", ReasonATR},
		"no answer to reset": {"@ 3BDF18008131FE7D006B150C0181011101434E53103180E8", "@ 00", ReasonATR},
	} {
		text := strings.Replace(good, test.old, strings.ReplaceAll(test.new, "8 2F", "82F"), 1)
		if name == "a name in a parameter" {
			text = strings.Replace(good,
				"\n< 6F3881024000820338000083023F008501018609FFFFFFFFFFFFFF11FF8A0105CB18FFFFFFFFFFFFFFFFFFFFF"+
					"FFFFFFFFFFFFFFFFFFFFFFFFFFF9000",
				"\n< 6F0C81024000A506524F5353494D9000", 1)
		}
		if text == good && test.want != "" {
			t.Errorf("%s: nothing to replace", name)
			continue
		}
		found := Check(parse(t, text))
		if test.want == "" && len(found) > 0 || test.want != "" &&
			!slices.ContainsFunc(found, func(f Finding) bool { return f.Reason == test.want }) {
			t.Errorf("%s: %v, want %q", name, found, test.want)
		}
		again := Redact(parse(t, text))
		if test.want == ReasonContent || test.want == ReasonNote || test.want == ReasonFailure {
			if found := Check(again); len(found) > 0 {
				t.Errorf("%s: %v after redacting", name, found)
			}
		}
	}
}

// TestPlayed: a recording answers in another order, and says what it does not know.
func TestPlayed(t *testing.T) {
	c := NewCard(parse(t, kept(t, "ACe2025/emulator.transcript")))
	do := func(command string) string {
		data, err := iso7816.Do(c, must(iso7816.ParseCommand(unhex(t, command))))
		if errors.Is(err, ErrNotRecorded) {
			return "-"
		}
		return answered(data, err)
	}
	for i, step := range []struct{ command, want string }{
		{"00B0000010", "-"},              // no file is selected
		{"00A40800041000100300", "6A82"}, // before the application
		{"00A4080C0410001003", "-"},      // was not asked there
		{"0020001000", "-"},              // never
		{"00A404000CA000000530000B104001021A00", "6F46"},
		{"00A4080C0410001003", "9000"},
		{"00B0000010", "363030303030303030303030303030309000"},
		{"00B0000104", "303030309000"}, // a part of what was read
		{"00B0000F02", "-"},            // more than was read
		{"00A4080C0411001101", "6A82"},
		{"00B0000104", "303030309000"}, // a selection that failed changes nothing
	} {
		got := do(step.command)
		if i == 4 {
			got = got[:min(4, len(got))]
		}
		if got != step.want {
			t.Errorf("%d: %s answers %s, want %s", i, step.command, got, step.want)
		}
	}
	if err := c.End(true); err != nil || do("00B0000010") != "-" || do("00A40800041000100300") != "6A82" {
		t.Errorf("after a reset: %v", err)
	}
}

// TestPartsOfAnAnswer: an answer that came in parts is redacted as one, and played as one.
func TestPartsOfAnAnswer(t *testing.T) {
	const text = "# transcript: 1\n# series: AC2014\n# source: card\n# program: 1.0.0\n@ 3B021450\n> 00A4080C0" +
		"410001003\n" +
		"< 9000\n> 00B0000010\n< 6110\n> 00C0000010\n< 36303930393837366108\n> 00C0000008\n< 35343332313031329000\n"
	r := Redact(parse(t, text))
	want := strings.NewReplacer("3630393039383736", "3630303030303030", "3534333231303132",
		"3030303030303030").Replace(text)
	if string(r.Encode()) != want || len(Check(r)) > 0 {
		t.Errorf("%v\n%s\nwant\n%s", Check(r), r.Encode(), want)
	}
	c := NewCard(r)
	_, _ = c.Transmit(unhex(t, "00A4080C0410001003"))
	if b, err := c.Transmit(unhex(t, "00B0000010")); err != nil || !bytes.Equal(b, unhex(t,
		"363030303030303030303030303030309000")) {
		t.Errorf("%X %v", b, err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// FuzzRedact: whatever a transcript is, redacting twice is redacting once, every length stays, and what is left over
// for the check is not the fault of a content.
func FuzzRedact(f *testing.F) {
	f.Add([]byte(kept(f, "AC2013/emulator-renewed.transcript")))
	f.Add([]byte(kept(f, "ACe2025/emulator.transcript")))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, err := transcript.Parse(text)
		if err != nil {
			return
		}
		once := Redact(r)
		if twice := Redact(once); !bytes.Equal(once.Encode(), twice.Encode()) {
			t.Fatalf("%s\nthen\n%s", once.Encode(), twice.Encode())
		}
		if _, err := transcript.Parse(once.Encode()); err != nil {
			t.Fatal(err)
		}
		for _, found := range Check(once) {
			if found.Reason == ReasonContent || found.Reason == ReasonNote || found.Reason == ReasonFailure {
				t.Fatalf("%v in\n%s", found, once.Encode())
			}
		}
	})
}
