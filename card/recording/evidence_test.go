// SPDX-License-Identifier: EUPL-1.2

package recording

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/transcript"
)

// every calls f for each recording of the folder.
func every(t *testing.T, f func(name string, r *transcript.Transcript)) {
	t.Helper()
	files, err := filepath.Glob(folder + "/*/*")
	if err != nil || len(files) == 0 {
		t.Fatal("no recordings", err)
	}
	for _, file := range files {
		name, err := filepath.Rel(folder, file)
		if err != nil {
			t.Fatal(err)
		}
		f(name, parse(t, kept(t, name)))
	}
}

// TestJudge: an emulated card is what its model says, and another value is said to differ.
func TestJudge(t *testing.T) {
	every(t, func(name string, r *transcript.Transcript) {
		list, err := Judge(r)
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
		for _, e := range list {
			if MadeFrom(r) == Emulator && !e.Agrees {
				t.Errorf("%s: %+v", name, e)
			}
		}
	})
	for _, test := range []struct{ file, fact, old, new, recorded string }{
		{"AC2014/emulator.transcript", "Memory", "6F3881024000", "6F3881023000", "3000"},
		{"AC2014/emulator.transcript", "MFCreate", "FFFFFFFFFFFFFF11FF", "FFFFFFFFFFFFFF10FF", "10"},
		{"AC2014/emulator.transcript", "DFsAtIssue", "> 00A4080002140000\n< 6A82",
			"> 00A4080002140000\n< 6F0F81022000860900101000000000FFFF9000", "1400 00101000000000FFFF"},
		{"AC2014/emulator.transcript", "Series", "# series: AC2014", "# series: OT2015", "OT2015"},
		{"AC2014/emulator.transcript", "ATR of AC2018", "# series: AC2014", "# series: AC2018",
			"3BDF18008131FE7D006B150C0181011101434E53103180E8"},
		{"AC2014/emulator.transcript", "Series", "# series: AC2014", "# series: AC2024", "AC2024"},
		{"ACe2025/emulator.transcript", "Application", "> 00A40800041000100300\n< 6A82",
			"> 00A40800041000100300\n< 6F038201019000", "9000"},
		{"AC2013/emulator-renewed.transcript", "ObjectAccess", "8609001010FFFF10FFFFFF", "8609001A1AFFFF10FFFFFF",
			"001A1AFFFF10FFFFFF"},
		{"AC2013/emulator-renewed.transcript", "CertificateSize", "6F3880020800820301000083029010",
			"6F3880020600820301000083029010", "0600"},
		{"AC2013/emulator-renewed.transcript", "PublicKeySize", "6F388002012C", "6F3880020100", "0100"},
		{"AC2013/emulator-renewed.transcript", "NeededDFs", "> 00A40800041400810800\n< 6F",
			"> 00A40800041400810900\n< 6F",
			"1400 FF1010FFFFFFFF10FF, 1400/8110 FF1010FFFFFFFF10FF"},
	} {
		r := parse(t, strings.ReplaceAll(kept(t, test.file), test.old, test.new))
		list, err := Judge(r)
		if err != nil {
			t.Fatal(err)
		}
		found := false
		for _, e := range list {
			if e.Fact == test.fact {
				found = true
				if e.Agrees || e.Recorded != test.recorded {
					t.Errorf("%s in %s: %+v", test.fact, test.file, e)
				}
			}
		}
		if !found {
			t.Errorf("%s in %s: not judged", test.fact, test.file)
		}
	}
	// The bits of a second key, and a second pair elsewhere than assumed.
	for _, e := range must(Judge(Redact(raw(t, "OT2016", personal(t))))) {
		if e.Fact == "NewKeyBits" && (!e.Agrees || e.Recorded != "2048") ||
			e.Fact == "NewSlots" && (!e.Agrees || e.Recorded != "1400/9010, 1400/8108/8010") {
			t.Errorf("%+v", e)
		}
	}
}

var row = regexp.MustCompile(`^\| ([\w ]+) \| .* \| ([^|]+) \|$`)

// TestAssumptionsNameTheRecordings: docs/ASSUMPTIONS.md promises that a recording settles a fact where Judge does, and
// nowhere else.
func TestAssumptionsNameTheRecordings(t *testing.T) {
	judged := map[string]bool{}
	every(t, func(_ string, r *transcript.Transcript) {
		m, err := cardmodel.Match(r.ATR)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range must(Judge(r)) {
			if e.Assumed {
				judged[m.ID+"."+e.Fact] = true
			}
		}
	})
	b, err := os.ReadFile("../../docs/ASSUMPTIONS.md")
	if err != nil {
		t.Fatal(err)
	}
	model, rows := "", 0
	for line := range strings.Lines(string(b)) {
		if title, ok := strings.CutPrefix(line, "## "); ok {
			model, _, _ = strings.Cut(title, ":")
		}
		c := row.FindStringSubmatch(strings.TrimSpace(line))
		if c == nil || c[1] == "what" {
			continue
		}
		rows++
		fact := model + "." + c[1]
		if promised := strings.HasPrefix(c[2], "`rinnova record`"); promised != judged[fact] {
			t.Errorf("%s: the document promises a recording: %t; a recording is judged: %t", fact, promised,
				judged[fact])
		}
		delete(judged, fact)
	}
	if rows < 20 || len(judged) > 0 {
		t.Errorf("%d rows; judged and in no row: %v", rows, judged)
	}
}
