// SPDX-License-Identifier: EUPL-1.2

package terminal

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"rinnova.example/go/card/cardmodel"
)

// PrintModels prints the table of card models, each fact with its source or the mark of an assumption.
func PrintModels(w io.Writer) error {
	for _, m := range cardmodel.Models() {
		fmt.Fprintf(w, "%s: %s (%s)\n", m.ID, m.Name, strings.Join(m.Sigle(), ", "))
		b, err := json.Marshal(m)
		if err != nil {
			return err
		}
		var facts map[string]json.RawMessage
		if err := json.Unmarshal(b, &facts); err != nil {
			return err
		}
		for _, name := range slices.Sorted(maps.Keys(facts)) {
			var f struct {
				Value           json.RawMessage
				Source, Assumed string
			}
			if json.Unmarshal(facts[name], &f) != nil || f.Source == "" && f.Assumed == "" {
				continue
			}
			from := "fonte: " + f.Source
			if f.Assumed != "" {
				from = "SUPPOSTO: " + f.Assumed
			}
			fmt.Fprintf(w, "  %-18s %s\n  %-18s   %s\n", name, f.Value, "", from)
		}
	}
	return nil
}
