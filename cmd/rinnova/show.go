// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"encoding/json"
	"fmt"
	"time"

	"rinnova.example/go/catalogue"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/citizen/terminal"
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

// shows returns a function that shows the events of a run, as JSON lines or by the bar with the guide's texts.
func (p *program) shows(bar *terminal.Progress) func(renewal.Event) {
	return func(e renewal.Event) {
		text := catalogue.Step(catalogue.Italian, e.Step)
		switch e.State {
		case renewal.Noted:
			text = catalogue.Remark(e.Code)
		case renewal.Typing:
			text = terminal.AtReader(e)
		case renewal.Waiting:
			text = fmt.Sprintf("In attesa: nuovo tentativo fra %d secondi.", int(e.For.Seconds()))
			if e.Position > 0 {
				text = fmt.Sprintf("In coda: posto %d, nuovo controllo fra %d secondi.", e.Position,
					int(e.For.Seconds()))
			}
		}
		if p.JSON {
			p.event(stepEvent{e.Step, e.State, text, e.Code, e.Position, int(e.For.Seconds())})
			return
		}
		bar.Show(e, text)
	}
}
