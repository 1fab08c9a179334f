// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"rinnova.example/go/catalogue"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/failure"
)

// stepEvent and resultEvent are the lines of renew --json.
type stepEvent struct {
	Step     string `json:"step"`
	State    string `json:"state"`
	Text     string `json:"text"`
	Code     string `json:"code,omitempty"`
	Position int    `json:"position,omitempty"`
	For      int    `json:"seconds,omitempty"`
}

type resultEvent struct {
	Step     string       `json:"step"`
	State    string       `json:"state"`
	Text     string       `json:"text"`
	Code     failure.Code `json:"code"`
	Exit     int          `json:"exit"`
	Failed   string       `json:"failed,omitempty"`  // the step that failed
	Renewed  bool         `json:"renewed,omitempty"` // it failed after the renewal, which is finished
	Tries    *int         `json:"tries,omitempty"`   // left of the code that was refused
	Campaign string       `json:"campaign,omitempty"`
	Slot     int          `json:"slot,omitempty"`
	NotAfter *time.Time   `json:"notAfter,omitempty"`
}

// event writes one JSON line.
func (p *program) event(v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // the types above are at fault
	}
	fmt.Fprintf(p.out, "%s\n", b)
}

// progress shows a run: JSON lines, a bar with the guide's texts on a terminal, plain lines elsewhere.
type progress struct {
	p    *program
	bar  *progressbar.ProgressBar
	head bool
}

func (p *program) progress() *progress {
	s := &progress{p: p}
	if f, ok := p.out.(*os.File); ok && !p.JSON && term.IsTerminal(int(f.Fd())) {
		s.bar = progressbar.NewOptions(len(renewal.Steps), progressbar.OptionSetWriter(f),
			progressbar.OptionSetWidth(30),
			progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false),
			progressbar.OptionFullWidth(),
			progressbar.OptionSetRenderBlankState(false), progressbar.OptionClearOnFinish())
	}
	return s
}

// clear takes the bar away before something else is written.
func (s *progress) clear() {
	if s.bar != nil {
		_ = s.bar.Clear()
	}
}

func (s *progress) show(e renewal.Event) {
	text := catalogue.Step(catalogue.Italian, e.Step)
	switch e.State {
	case renewal.Noted:
		text = noted[e.Code]
	case renewal.Waiting:
		text = fmt.Sprintf("In attesa: nuovo tentativo fra %d secondi.", int(e.For.Seconds()))
		if e.Position > 0 {
			text = fmt.Sprintf("In coda: posto %d, nuovo controllo fra %d secondi.", e.Position, int(e.For.Seconds()))
		}
	}
	if s.p.JSON {
		s.p.event(stepEvent{e.Step, e.State, text, e.Code, e.Position, int(e.For.Seconds())})
		return
	}
	if e.State == renewal.Done && e.Step == "unlock" && !s.head {
		s.head = true
		s.clear()
		fmt.Fprintf(s.p.out, "%s\nNon rimuovere la tessera.\n", textRunning)
	}
	switch {
	case e.State == renewal.Noted || e.State == renewal.Waiting:
		s.clear()
		fmt.Fprintln(s.p.out, text)
	case s.bar == nil:
		if e.State == renewal.Started {
			fmt.Fprintln(s.p.out, text)
		}
	default:
		s.bar.Describe(text)
		if i := slices.Index(renewal.Steps, e.Step); i >= 0 {
			if e.State != renewal.Started {
				i++
			}
			_ = s.bar.Set(i)
		}
	}
}

// dates prints an instant as a citizen reads it, in Italy's time.
func dates(t time.Time) string {
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		rome = time.UTC
	}
	return t.In(rome).Format("02/01/2006 15:04")
}
