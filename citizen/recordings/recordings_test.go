// SPDX-License-Identifier: EUPL-1.2

package recordings

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"rinnova.example/go/card/emulator"
	"rinnova.example/go/card/recording"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/citizen/terminal"
	"rinnova.example/go/failure"
)

// answering is a person who types lines; "" closes the input without one.
func answering(t *testing.T, lines string, asked *bytes.Buffer) *terminal.Person {
	t.Helper()
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { in.Close() })
	if _, err := out.WriteString(lines); err != nil {
		t.Fatal(err)
	}
	out.Close()
	return &terminal.Person{In: in, Out: asked}
}

// TestRecordAsks: a recording is saved only after it was shown and the person agreed.
func TestRecordAsks(t *testing.T) {
	card, err := emulator.Demo("CRS", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for answer, saved := range map[string]bool{"SI\n": true, " sì \n": true, "no\n": false, "\n": false, "": false,
		"yes\n": false} {
		card.Reset()
		var out, asked bytes.Buffer
		file := filepath.Join(t.TempDir(), "a.transcript")
		p := Program{Out: &out, Version: "1.0.0", Person: answering(t, answer, &asked)}
		err := p.Record(context.Background(), card, "", "CRS", file, false)
		b, readErr := os.ReadFile(file)
		if saved != (err == nil) || saved != (readErr == nil) || !saved &&
			renewal.Classify(err).Code != failure.RecordingUnsaved {
			t.Errorf("%q: %v, file %v", answer, err, readErr)
		}
		if !strings.Contains(asked.String(), "Salvare la registrazione in "+file) {
			t.Errorf("%q: the question was %q", answer, asked.String())
		}
		if saved && !strings.HasPrefix(out.String(), string(b)) {
			t.Errorf("%q: another text was shown than the one saved", answer)
		}
		if info, err := os.Stat(file); saved && runtime.GOOS != "windows" && (err != nil || info.Mode() != 0o600) {
			t.Errorf("%q: %v %v", answer, info.Mode(), err)
		}
	}
}

// TestSource: only a card in a real reader makes a recording of a card.
func TestSource(t *testing.T) {
	for reader, want := range map[string]recording.Source{"": recording.Emulator,
		"Virtual Smart Card Architecture Virtual PCD 0": recording.Emulator,
		"Virtual PCD 00 01":                             recording.Emulator,
		"ACS ACR39U ICC Reader 00 00":                   recording.Card} {
		card, err := emulator.Demo("CRS", rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(t.TempDir(), "a.transcript")
		p := Program{Out: new(bytes.Buffer), Version: "1.0.0"}
		if err := p.Record(context.Background(), card, reader, recording.UnknownSeries, file, true); err != nil {
			t.Fatal(err)
		}
		r, err := Open(file)
		if err != nil || recording.MadeFrom(r) != want {
			t.Errorf("%q: %s, %v, want %s", reader, recording.MadeFrom(r), err, want)
		}
		told := strings.Join(Walk(r), "\n")
		if strings.Contains(told, "emulatore") != (want == recording.Emulator) {
			t.Errorf("%q: %s", reader, told)
		}
		if err := New(file); !errors.Is(err, &renewal.Failure{}) &&
			renewal.Classify(err).Code != failure.RecordUnwritable {
			t.Errorf("an old file: %v", err)
		}
	}
}

func TestSeries(t *testing.T) {
	for _, test := range []struct{ given, typed, want string }{
		{"ac 2014", "", "AC2014"}, {"ID-2019", "", "ID2019"}, {"XY2031", "", "XY2031"}, {"", "ot2016\n", "OT2016"},
		{"", "\n", recording.UnknownSeries}, {"", "Mario Rossi\n", ""}, {"6090912345678901", "", ""}, {"AC2014 mia",
			"", ""},
	} {
		p := Program{Person: answering(t, test.typed, new(bytes.Buffer))}
		got, err := p.Series(context.Background(), test.given)
		if got != test.want || (err == nil) != (test.want != "") {
			t.Errorf("%q %q: %q, %v", test.given, test.typed, got, err)
		}
	}
	if _, err := (Program{Person: &terminal.Person{}}).Series(context.Background(), ""); !errors.Is(err,
		renewal.ErrNoInput) {
		t.Errorf("without a person: %v", err)
	}
}

// TestWalk tells a renewed card's recording: what stands in its lines was read there by hand.
func TestWalk(t *testing.T) {
	r, err := Open("../../card/recording/testdata/cards/AC2013/emulator-renewed.transcript")
	if err != nil {
		t.Fatal(err)
	}
	told := strings.Join(Walk(r), "\n") + "\n"
	for _, want := range []string{
		"\nLa lettura con cui comincia un rinnovo:\n    8  1000/1003: c’è\n   10  1000/1003: letti 16 byte dal" +
			" byte 0\n",
		"\n   24  1100/1101: letti 4 byte dal byte 765\n",
		"\n   26  1400: cartella, liberi 5214 byte, condizioni di accesso FF1010FFFFFFFF10FF\n",
		"\nFile per file:\n", "1400/9010: file di 2048 byte, condizioni di accesso 001010FFFF10FFFFFF\n",
		"1400/9011: non c’è\n", "1400/9010: certificato, chiave di 2048 bit, fino al 2052\n",
		"NewKeyBits: registrato 2048, come nel modello (finora supposto)\n",
	} {
		if !strings.Contains(told, want) {
			t.Errorf("no %q in\n%s", want, told)
		}
	}
	lines := strings.Split(string(r.Encode()), "\n")
	for _, s := range recording.Steps(r) {
		if l := lines[s.Line-1]; !strings.HasPrefix(l, "> ") {
			t.Errorf("line %d is %q", s.Line, l)
		}
	}
}

// TestWalkOfOtherCards: a card that no model has, and one that is none of ours, are told too.
func TestWalkOfOtherCards(t *testing.T) {
	const head = "# transcript: 1\n# series: unknown\n# source: card\n# program: 1.0.0\n"
	for text, want := range map[string]string{
		"@ 3B021450\n; files\n* begin\n> 00A40000023F0000\n< 6D00\n> 00A40800022F0100\n! gone\n* end\n": "   1" +
			"0  2F01: tessera o lettore non rispondono\n",
		"@ 3B0214500A\n": "non la capisce",
		"@ 3BFF1800008131FE45006B05052000012101434E5310318079\n; session\n* begin\n> 00A4080C0410001003\n< 6A8" +
			"2\n* end\n": "" +
			"non la capisce",
		"@ 3BFF1800008131FE45006B05052000012101434E5310318079\n; session\n* begin\n> 00A4080C0410001003\n< 900" +
			"0\n* end\n": "" +
			"00B0000010",
	} {
		file := filepath.Join(t.TempDir(), "a.transcript")
		if err := os.WriteFile(file, []byte(head+text), 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := Open(file)
		if strings.HasPrefix(text, "@ 3B0214500A") { // no answer to reset
			if renewal.Classify(err).Code != failure.RecordingRefused {
				t.Errorf("%q: %v", text, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if told := strings.Join(Walk(r), "\n") + "\n"; !strings.Contains(told, want) {
			t.Errorf("no %q in\n%s", want, told)
		}
	}
}

// TestOpenRefusesHugeFiles: a file that cannot be a recording is not read to its end.
func TestOpenRefusesHugeFiles(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a.transcript")
	if err := os.WriteFile(file, bytes.Repeat([]byte("; a\n"), largest), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file); renewal.Classify(err).Code != failure.ReplayMalformed {
		t.Errorf("a huge file: %v", err)
	}
}
