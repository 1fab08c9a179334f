// SPDX-License-Identifier: EUPL-1.2

package doctor

import (
	"strings"

	"rinnova.example/go/catalogue"
	"rinnova.example/go/failure"
)

// Explained is a finding in a language, for the page and for JSON.
type Explained struct {
	Area   string       `json:"area"`
	Level  Level        `json:"level"`
	Code   failure.Code `json:"code,omitempty"`
	Number int          `json:"number,omitempty"` // of the code, to read out
	Title  string       `json:"title"`
	What   string       `json:"what"`
	Seen   string       `json:"seen,omitempty"`
	Do     string       `json:"do,omitempty"`
}

// Explain returns a finding's texts in a language; where, the command line names its options.
func (f Finding) Explain(l catalogue.Language, where catalogue.Screen) Explained {
	t := Explained{Area: string(f.Area), Level: f.Level, Code: f.Code, Title: catalogue.AreaTitle(l, f.Area),
		What: catalogue.Well(l, f.Area), Seen: f.Seen}
	switch {
	case f.Note != "":
		note := catalogue.Noted(l, f.Note)
		t.What, t.Do = strings.Replace(note.What, "{}", f.detail, 1), note.Do
	case f.Code != "":
		e, _ := catalogue.Explain(l, where, f.Code, false)
		e = e.With(f.detail)
		t.What, t.Do, t.Number = e.What, e.Do, f.Code.Number()
	}
	return t
}
