// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/pcsc"
	"rinnova.example/go/card/transcript"
	"rinnova.example/go/citizen/errorreport"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/failure"
)

// textErrorData is T18, by which the guide calls the error report.
const textErrorData = "questi dati di errore"

// reporting has the flags of the error report. Without a desk the program collects, prints and writes nothing.
type reporting struct {
	Desk   string `help:"Certificati dell'assistenza (PEM). Se il rinnovo non riesce, i dati di errore sono salvati, cifrati per lei." env:"RINNOVA_DESK" type:"path" placeholder:"FILE" group:"Se non riesce:"`
	Report string `help:"File in cui salvarli." default:"ErrorLogs.zip.p7e" type:"path" placeholder:"FILE" group:"Se non riesce:"`

	facts *errorreport.Collector
}

// Run renews. After a failure that the desk can judge it saves the error report, and returns the failure.
func (c *renewCommand) Run(p *program) error {
	if c.Desk != "" || p.known.Desk != "" {
		now, err := p.clock()
		if err != nil {
			return err
		}
		c.facts = errorreport.Collect("rinnova", version, now)
	}
	err := c.renew(p)
	if c.facts != nil && err != nil {
		c.save(p, renewal.Classify(err), err)
	}
	return err
}

// watch puts the collector between a run, its card and its service.
func (c *reporting) watch(o *opened, r *renewal.Renewal) {
	if c.facts == nil {
		return
	}
	r.Card, r.Service.HTTP, r.Events = watched(c.facts, o, r)
}

// watched returns card, HTTP client and listener of a run, wrapped so that the collector sees the traffic.
func watched(facts *errorreport.Collector, o *opened, r *renewal.Renewal) (iso7816.Card, *http.Client,
	func(renewal.Event)) {
	card, client, listen := r.Card, *r.Service.HTTP, r.Events
	if recorded, err := facts.Record(card); err == nil {
		card = recorded
	}
	about := errorreport.Card{ATR: fmt.Sprintf("%X", o.ATR()), Emulated: o.emulated}
	if m, err := cardmodel.Match(o.ATR()); err == nil {
		about.Model, about.Series = m.ID, m.Sigle()
	}
	if r.Series != "" {
		about.Series = []string{r.Series}
	}
	facts.Card(about)
	if o.reader != "" {
		facts.Reader(o.reader, true, true)
	}
	client.Transport = renewal.Heard{RoundTripper: client.Transport, Now: facts.Now, Request: facts.Request}
	return card, &client, func(e renewal.Event) {
		if e.Step == "" {
			e.Step = "journal" // the only thing outside the steps that is told of
		}
		facts.Step(e.Step, e.State, e.Code)
		if listen != nil {
			listen(e)
		}
	}
}

// save prints the contents of the report, saves it and prints the file's name. It does nothing after a wrong command,
// and after a person went back.
func (c *reporting) save(p *program, f *renewal.Failure, cause error) {
	if f.Exit() == failure.ExitUsage || errors.Is(cause, renewal.ErrCancelled) {
		return
	}
	report, exchanges, err := c.report(f, cause)
	if err == nil {
		if !p.JSON {
			fmt.Fprintf(p.err, "\nDati di errore per l'assistenza (nulla è stato inviato):\n")
			for _, line := range report.Contents() {
				fmt.Fprintf(p.err, "  %s\n", line)
			}
		}
		err = p.sealTo(c.Report, c.Desk, report, exchanges)
	}
	e := reportEvent{Step: "report", State: renewal.Done,
		Text: fmt.Sprintf("Salvati, cifrati, in %s.\nDai all’assistenza %s.", c.Report, textErrorData), File: c.Report}
	if err != nil {
		e.State, e.File = "failed", ""
		e.Text = fmt.Sprintf("I dati di errore non sono stati salvati: %s. Nulla è stato scritto in chiaro.",
			errorreport.Unsaved(err))
	} else {
		e.Contents = report.Contents()
	}
	if p.JSON {
		p.event(e)
		return
	}
	fmt.Fprintln(p.err, e.Text)
}

// reportEvent is a line of renew --json, before the result.
type reportEvent struct {
	Step     string   `json:"step"`
	State    string   `json:"state"`
	Text     string   `json:"text"`
	File     string   `json:"file,omitempty"`
	Contents []string `json:"contents,omitempty"`
}

// report collects the facts of the failed run.
func (c *reporting) report(f *renewal.Failure, cause error) (*errorreport.Report, *transcript.Transcript, error) {
	addReaders(c.facts)
	return c.facts.Report(reported(f, cause), cause)
}

// addReaders adds the readers that the system shows now.
func addReaders(facts *errorreport.Collector) {
	if readers, err := pcsc.Readers(); err == nil {
		for _, r := range readers {
			facts.Reader(r.Name, r.Present, false)
		}
	}
}

// reported is a failure as a report has it.
func reported(f *renewal.Failure, cause error) errorreport.Failure {
	r := errorreport.Failure{Code: f.Code, Step: f.Step, Exit: f.Exit(), Tries: f.Tries}
	var sw iso7816.SW
	if errors.As(cause, &sw) {
		r.StatusWord = fmt.Sprintf("%04X", uint16(sw))
	}
	return r
}

// sealTo seals a report for the desk of a file, or the operator's, and saves it.
func (p *program) sealTo(file, desk string, r *errorreport.Report, t *transcript.Transcript) error {
	recipients, err := p.desks(desk)
	if err != nil {
		return fmt.Errorf("%w: %w", errorreport.ErrRecipients, err)
	}
	sealed, err := errorreport.Seal(r, t, recipients, rand.Reader)
	if err != nil {
		return err
	}
	return sealed.Save(file)
}
