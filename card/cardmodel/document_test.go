// SPDX-License-Identifier: EUPL-1.2

package cardmodel

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"reflect"
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

// look has, for each field, the steps by which a person with a card can replace an assumption by a fact. None of them
// changes the card or costs a try of a code.
var look = map[string]string{
	"Series": "`rinnova status --json` with a card whose printed sigla you read out: the answer to reset " +
		"and the sigla together",
	"WriteChunk": "nothing harmless tells; the manufacturer's data sheet would",
	"Memory": "`rinnova status --record FILE`: tag 81 in the answer to SELECT of 1400, or of 3F00 where " +
		"1400 is absent",
	"PUK":         "nothing harmless tells the number of tries; the letter that came with the codes may",
	"CountsTries": "no harmless command tells; a person who mistyped a PIN with `--record FILE` sees 63Cx or 6300",
	"MFCreate":    "`rinnova status --record FILE`: the eighth byte of tag 86 in the answer to SELECT of 3F00",
	"DFsAtIssue":  "`rinnova status --record FILE` with a card never renewed: whether SELECT of 1400 answers 6A82",
	"NeededDFs": "`rinnova status --record FILE` with a card renewed by the tool of 2020: which of the files " +
		"exist",
	"NewEnvironment": "nothing harmless tells; MSE RESTORE in a DF of a renewed card would, under the PIN",
	"NewSlots": "`rinnova status --record FILE` with a card renewed by the tool of 2020: where the second " +
		"certificate lies",
	"NewKeyBits": "`rinnova status --json` with a card renewed by the tool of 2020: keyBits of the second " +
		"certificate",
	"ObjectAccess":      "`rinnova status --record FILE` with a renewed card: tag 86 of the second certificate's file",
	"CertificateSize":   "`rinnova status --record FILE` with a renewed card: tag 80 of the second certificate's file",
	"PublicKeySize":     "the files of a renewed card, as above",
	"TemporaryFile":     "nothing harmless tells; the manufacturer's data sheet would",
	"TemporarySize":     "nothing harmless tells; the manufacturer's data sheet would",
	"KeyAlgorithm":      "nothing harmless tells; the manufacturer's data sheet would",
	"PublicKeyRecovery": "nothing harmless tells; the manufacturer's data sheet would",
	"ATR":               "`rinnova readers --json`",
	"Application": "`rinnova status --record FILE` with the name taken out of the model: the answers to SELECT " +
		"by path",
	"ExtendedLength": "nothing harmless tells; a signature with a 2048-bit key would, under the PIN",
}

// assumptions writes docs/ASSUMPTIONS.md: what is assumed of each model, why, and how to find out.
func assumptions() string {
	var b strings.Builder
	b.WriteString("<!-- SPDX-License-Identifier: CC-BY-4.0 -->\n# What we assume about cards\n\n" +
		"Generated from `cardmodel` (`go test ./card/cardmodel -run Document -update`). Each row is a value that no " +
		"public source states, with the\n" +
		"reason for choosing it, and what someone who holds such a card could run to tell us. Nothing in the last " +
		"column changes the card or\n" +
		"spends a try of PIN or PUK. `rinnova models` prints these together with what is known.\n")
	for _, m := range models {
		fmt.Fprintf(&b, "\n## %s: %s (%s)\n\n| what | value | why | how to find out |\n|---|---|---|---|\n", m.ID,
			m.Name, strings.Join(m.Sigle(), ", "))
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
			fmt.Fprintf(&b, "| %s | `%s` | %s | %s |\n", name, value,
				strings.TrimSpace(strings.TrimPrefix(from, assumedMark)), look[name])
		}
	}
	return b.String()
}
