// SPDX-License-Identifier: EUPL-1.2

package doctor

import (
	"strings"

	"rinnova.example/go/catalogue"
	"rinnova.example/go/failure"
)

// Explained is a finding in a language, for the page and for JSON.
type Explained struct {
	Area    string       `json:"area"`
	Level   Level        `json:"level"`
	Code    failure.Code `json:"code,omitempty"`
	Note    string       `json:"note,omitempty"`
	Number  int          `json:"number,omitempty"` // of code or note, to read out
	Title   string       `json:"title"`
	What    string       `json:"what"`
	Seen    string       `json:"seen,omitempty"`
	Do      string       `json:"do,omitempty"`
	Action  Action       `json:"action,omitempty"`  // that a window offers
	Command string       `json:"command,omitempty"` // that does it at a terminal
}

// Explain returns a finding's texts in a language; where, the command line names its options.
func (f Finding) Explain(l catalogue.Language, where catalogue.Screen) Explained {
	t := Explained{Area: string(f.Area), Level: f.Level, Code: f.Code, Note: string(f.Note),
		Title: catalogue.AreaTitle(l, f.Area), What: catalogue.Well(l, f.Area), Seen: f.Seen}
	switch {
	case f.Note != "":
		note := catalogue.Noted(l, f.Note)
		t.What, t.Do, t.Number = strings.Replace(note.What, "{}", f.Detail, 1), note.Do, f.Note.Number()
	case f.Code != "":
		e, _ := catalogue.Explain(l, where, f.Code, false)
		e = e.With(f.Detail)
		t.What, t.Do, t.Number = e.What, e.Do, f.Code.Number()
	}
	if f.Level == Well {
		t.Do = ""
	}
	r := f.remedy()
	t.Action, t.Command = r.Action, r.command
	return t
}
