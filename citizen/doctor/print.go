// SPDX-License-Identifier: EUPL-1.2

package doctor

import (
	"encoding/json"
	"fmt"
	"io"

	"rinnova.example/go/catalogue"
	"rinnova.example/go/citizen/terminal"
)

// signs stand before a finding on a terminal.
var signs = map[Level]string{Well: "[va bene]", Warning: "[attenzione]", Bad: "[non va]", Unknown: "[non si sa]"}

// Print writes findings to a person at a terminal, in Italian, or as one line of JSON, a list of Explained.
func Print(w io.Writer, asJSON bool, findings []Finding) error {
	list := make([]Explained, len(findings))
	for i, f := range findings {
		list[i] = f.Explain(catalogue.Italian, catalogue.CommandLine)
	}
	if asJSON {
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		return encoder.Encode(list)
	}
	paper := terminal.NewPaper(w)
	for _, t := range list {
		head := fmt.Sprintf("%s %s: %s", signs[t.Level], t.Title, t.What)
		switch t.Level {
		case Well:
			paper.Good(head)
		case Bad:
			paper.Bad(head)
		default:
			paper.Line(head)
		}
		if t.Seen != "" {
			paper.Line("  " + t.Seen)
		}
		if t.Do != "" && t.Level != Well {
			paper.Line("  " + t.Do)
		}
		if t.Code != "" {
			paper.Line(fmt.Sprintf("  Codice: %s (%d)", t.Code, t.Number))
		}
	}
	return nil
}
