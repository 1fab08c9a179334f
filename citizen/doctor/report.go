// SPDX-License-Identifier: EUPL-1.2

package doctor

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"time"

	"rinnova.example/go/catalogue"
	"rinnova.example/go/citizen/errorreport"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/citizen/terminal"
	"rinnova.example/go/durable"
	"rinnova.example/go/failure"
)

// Report is a diagnosis with its circumstances. It has no name of a person, no code, and of a card number some digits.
type Report struct {
	Program  string // its version
	Service  string // its address, "" for none
	Made     time.Time
	Findings []Finding
}

// explained are the findings in a language.
func (r Report) explained(l catalogue.Language, where catalogue.Screen) []Explained {
	list := make([]Explained, len(r.Findings))
	for i, f := range r.Findings {
		list[i] = f.Explain(l, where)
	}
	return list
}

// Print writes the findings to a person at a terminal, in Italian, or as one line of JSON, a list of Explained.
func (r Report) Print(w io.Writer, asJSON bool) error {
	if asJSON {
		encoder := json.NewEncoder(w)
		encoder.SetEscapeHTML(false)
		return encoder.Encode(r.explained(catalogue.Italian, catalogue.CommandLine))
	}
	write(terminal.NewPaper(w), catalogue.Italian, r.explained(catalogue.Italian, catalogue.CommandLine))
	return nil
}

// Text is the diagnosis as a text in a language, to be copied, printed or saved.
func (r Report) Text(l catalogue.Language, where catalogue.Screen) string {
	var b strings.Builder
	fmt.Fprintf(&b, "Rinnova %s, %s/%s\n%s\n%s\n\n", r.Program, runtime.GOOS, runtime.GOARCH,
		r.Made.Format(time.RFC3339), r.Service)
	write(terminal.NewPaper(&b), l, r.explained(l, where))
	return b.String()
}

// Save writes Text to a file, whole or not at all, with mode 0600. It replaces a file of that name. The error is the
// failure report-unsaved.
func (r Report) Save(path string, l catalogue.Language, where catalogue.Screen) error {
	return unsaved(durable.WriteFile(path, []byte(r.Text(l, where)), 0o600))
}

// unsaved is the failure of a file that was not written, nil for none.
func unsaved(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, errorreport.ErrNoRecipient), errors.Is(err, errorreport.ErrRecipients):
		return &renewal.Failure{Code: failure.ReportNoDesk, Err: err}
	}
	return &renewal.Failure{Code: failure.ReportUnsaved, Err: err}
}

// Seal seals the diagnosis for the desk and saves it, whole or not at all, with mode 0600: areas, levels and codes, and
// neither names nor addresses. The error is the failure report-unsaved or report-no-desk.
func (r Report) Seal(path, program string, desk func() (errorreport.Recipients, error), random io.Reader) error {
	recipients, err := desk()
	if err != nil {
		return unsaved(err)
	}
	facts := errorreport.Collect(program, r.Program, func() time.Time { return r.Made })
	for _, f := range r.Findings {
		facts.Finding(errorreport.Finding{Area: string(f.Area), Level: string(f.Level), Code: f.Code,
			Note: string(f.Note)})
	}
	report, exchanges, err := facts.Report(errorreport.Failure{}, nil)
	if err != nil {
		return unsaved(err)
	}
	sealed, err := errorreport.Seal(report, exchanges, recipients, random)
	if err != nil {
		return unsaved(err)
	}
	return unsaved(sealed.Save(path))
}

func write(paper terminal.Paper, l catalogue.Language, list []Explained) {
	for _, t := range list {
		head := fmt.Sprintf("[%s] %s: %s", catalogue.LevelWord(l, string(t.Level)), t.Title, t.What)
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
		if t.Do != "" {
			paper.Line("  " + t.Do)
		}
		if t.Command != "" && !strings.Contains(t.Do, t.Command) {
			paper.Line("  " + catalogue.CommandWord(l) + " `" + t.Command + "`")
		}
		switch {
		case t.Code != "":
			paper.Line(fmt.Sprintf("  %s %s (%d)", catalogue.CodeWord(l), t.Code, t.Number))
		case t.Note != "":
			paper.Line(fmt.Sprintf("  %s %s (%d)", catalogue.CodeWord(l), t.Note, t.Number))
		}
	}
}
