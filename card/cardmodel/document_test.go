// SPDX-License-Identifier: EUPL-1.2

package cardmodel

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "write the generated documents")

// TestDocument holds docs/ASSUMPTIONS.md to the table.
func TestDocument(t *testing.T) {
	const file = "../../docs/ASSUMPTIONS.md"
	want := assumptions()
	if strings.Contains(want, "|  |\n") {
		t.Error("an assumption has no way to find out")
	}
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("docs/ASSUMPTIONS.md is not what the table says; run: go test ./card/cardmodel -run Document -update")
	}
}

// look has, for each field, the recording that would replace an assumption by a fact (docs/CONTRIBUTING-A-CARD.md), or
// what would instead. A recording changes nothing on the card and costs no try of a code. card/recording judges the
// fields that a recording settles, and its test holds them to this list.
var look = map[string]string{
	"Series":     "`rinnova record` of any card, with the sigla printed on it",
	"WriteChunk": "no recording, because nothing is written; the manufacturer's data sheet would",
	"Memory":     "`rinnova record` of a card never renewed: tag 81 in the answer to SELECT of 3F00",
	"PUK": "no recording, because no code is sent; the letter that came with the codes may tell " +
		"the tries",
	"CountsTries": "no recording, because no code is sent; `--record FILE` of a person who mistyped a PI" +
		"N shows 63Cx or 6300",
	"MFCreate":   "`rinnova record` of any card: the eighth byte of tag 86 in the answer to SELECT of 3F00",
	"DFsAtIssue": "`rinnova record` of a card never renewed: which DFs below 1400 are there, and their tag 86",
	"NeededDFs": "`rinnova record` of a card renewed by the tool of 2020: which DFs below 1400 are the" +
		"re, and their tag 86",
	"NewEnvironment": "no recording; MSE RESTORE in a DF of a renewed card would, under the PIN",
	"NewSlots":       "`rinnova record` of a card renewed by the tool of 2020: where the second certificate lies",
	"NewKeyBits": "`rinnova record` of a card renewed by the tool of 2020: the length of the second cer" +
		"tificate's key",
	"ObjectAccess": "`rinnova record` of a card renewed by the tool of 2020: tag 86 of the second certifi" +
		"cate's file",
	"CertificateSize": "`rinnova record` of a card renewed by the tool of 2020: tag 80 of the second certifi" +
		"cate's file",
	"PublicKeySize": "`rinnova record` of a card renewed by the tool of 2020: tag 80 of the second public " +
		"key's file",
	"TemporaryFile":     "no recording, because no key is made; the manufacturer's data sheet would",
	"TemporarySize":     "no recording, because no key is made; the manufacturer's data sheet would",
	"KeyAlgorithm":      "no recording, because no key object can be read; the manufacturer's data sheet would",
	"PublicKeyRecovery": "no recording, because it would need a lost file; the manufacturer's data sheet would",
	"ATR":               "`rinnova readers --json`",
	"Application": "`rinnova record` of any card: the answer to SELECT of 1000/1003 before the applicati" +
		"on is selected",
	"ExtendedLength": "no recording; a signature with a 2048-bit key would, under the PIN",
}

// unused is said of a fact of a card to which nothing is written.
const unused = "nothing needs to: the program never uses it"

// recorded returns the recordings of real cards, by series.
func recorded() (map[string]int, error) {
	const folder = "../recording/testdata/cards"
	list, err := os.ReadFile(folder + "/list")
	count := map[string]int{}
	for line := range strings.Lines(string(list)) {
		file, source, _ := strings.Cut(strings.TrimSpace(line), " ")
		if series, _, ok := strings.Cut(file, "/"); ok && source == "card" {
			count[series]++
		}
	}
	return count, err
}

// assumptions writes docs/ASSUMPTIONS.md: what is assumed of each model, why, and how to find out.
func assumptions() string {
	var b strings.Builder
	b.WriteString("<!-- SPDX-License-Identifier: CC-BY-4.0 -->\n# What we assume about cards\n\n" +
		"Generated from `cardmodel` (`go test ./card/cardmodel -run Document -update`). Each row is a value th" +
		"at no " +
		"public source states, with the\n" +
		"reason for choosing it, and the recording that would settle it. A person who holds such a card can ma" +
		"ke it " +
		"([CONTRIBUTING-A-CARD.md](CONTRIBUTING-A-CARD.md)):\n" +
		"`rinnova record` changes nothing on the card and spends no try of PIN or PUK. `rinnova models` prints" +
		" these " +
		"together with what is known.\n\n")
	real, err := recorded()
	if err != nil {
		panic(err) // the list is a file of the tree
	}
	if len(real) == 0 {
		b.WriteString("Recordings of real cards so far: none. Those in `card/recording/testdata/cards` were ma" +
			"de from " +
			"the emulator, which is built on the same\nassumptions: they prove nothing about a real card.\n")
	} else {
		b.WriteString("Recordings of real cards so far:")
		for _, series := range slices.Sorted(maps.Keys(real)) {
			fmt.Fprintf(&b, " %s %d", series, real[series])
		}
		b.WriteString(". Others in `card/recording/testdata/cards` were made from the emulator and prove nothi" +
			"ng about " +
			"a real card.\n")
	}
	for _, m := range models {
		fmt.Fprintf(&b,
			"\n## %s: %s (%s)\n\n| what | value | why | which recording settles it |\n|---|---|---|---|\n", m.ID,
			m.Name, strings.Join(m.Sigle(), ", "))
		for _, s := range m.Series.Value {
			if s.ATR.Assumed() {
				fmt.Fprintf(&b, "| ATR of %s | `%X` | %s | %s |\n", s.Sigla, s.ATR.Value,
					strings.TrimSpace(strings.TrimPrefix(s.ATR.Source, assumedMark)),
					"`rinnova record` of a card with this sigla: its answer to reset")
			}
		}
		v := reflect.ValueOf(*m)
		for i := range v.NumField() {
			f := v.Field(i)
			if f.Kind() != reflect.Struct {
				continue
			}
			from := f.FieldByName("Source").String()
			if !strings.HasPrefix(from, assumedMark) {
				continue
			}
			name := v.Type().Field(i).Name
			value, err := json.Marshal(f.FieldByName("Value").Interface())
			if err != nil {
				panic(err) // the types of this package marshal
			}
			if name == "Series" {
				value = []byte(strings.Join(m.Sigle(), ", "))
			}
			settled := look[name]
			if name == "Memory" && m.NotRenewable.Value != "" {
				settled = unused
			}
			fmt.Fprintf(&b, "| %s | `%s` | %s | %s |\n", name, value,
				strings.TrimSpace(strings.TrimPrefix(from, assumedMark)), settled)
		}
	}
	return b.String()
}
