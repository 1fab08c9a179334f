// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"fmt"
	"io"

	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/citizen/terminal"
	"rinnova.example/go/failure"
)

type renewCommand struct {
	codes        `embed:""`
	reporting    `embed:""`
	PUKFrom      string `name:"puk-from" help:"Da dove leggere il PUK, per le serie che lo chiedono." placeholder:"DA" group:"Codici:"`
	Series       string `help:"Sigla stampata sulla tessera, dove occorre distinguerla." placeholder:"SIGLA" group:"Tessera:"`
	WaitReinsert bool   `help:"Attende che la tessera sia tolta e reinserita."`
	Login        bool   `help:"Prova l'accesso con il nuovo certificato."`
}

// renew renews and, with the flags for it, waits for the card and logs in.
func (c *renewCommand) renew(p *program) error {
	o, r, err := p.begin()
	if err != nil {
		return err
	}
	defer o.Close()
	if c.WaitReinsert && o.reinsert == nil {
		return &renewal.Failure{Code: failure.Usage,
			Text: "--wait-reinsert vuole una tessera: una registrazione (replay:) non si reinserisce."}
	}
	if c.Series != "" {
		if c.Series, err = terminal.Sigla(c.Series); err != nil {
			return err
		}
	}
	if r.Service.URL == nil {
		return failureOf(failure.ServiceNotGiven, nil)
	}
	people := p.out
	if p.JSON {
		people = io.Discard
	}
	bar := terminal.NewProgress(people, textRunning+"\nNon rimuovere la tessera.")
	show := p.shows(bar)
	person := p.person(c.codes, c.PUKFrom)
	person.Before = bar.Clear
	r.Prompter, r.Series, r.Events = person, c.Series, show
	c.watch(o, r)
	out, err := r.Run(p.ctx)
	bar.Clear()
	if err != nil {
		return err
	}
	defer out.Session.ForgetPIN()
	if !p.JSON {
		fmt.Fprintf(p.out, "\n%s\nIl nuovo certificato è valido fino al %s.\n", textDone,
			terminal.Date(out.Certificate.NotAfter))
	}
	if c.WaitReinsert {
		show(renewal.Event{Step: "reinsert", State: renewal.Started})
		card, err := o.reinsert(p.ctx)
		if err != nil {
			return failedAt("reinsert", err)
		}
		out.Session.AtReader.Pinpad = o.pinpad // of the new connection
		if err := out.Session.Resume(card); err != nil {
			return failedAt("reinsert", err)
		}
		contents, err := out.Session.ReadContents()
		if err != nil {
			return failedAt("reinsert", err)
		}
		if f := contents.Slots[out.Slot].Certificate; f.Certificate == nil || !f.Certificate.Equal(out.Certificate) {
			return failedAt("reinsert", &renewal.Failure{Code: failure.CardWrite})
		}
		show(renewal.Event{Step: "reinsert", State: renewal.Done})
	}
	var login *renewal.Login
	if c.Login {
		show(renewal.Event{Step: "login", State: renewal.Started})
		if login, err = p.login(out, out.LoginURL); err != nil {
			return failedAt("login", err)
		}
		show(renewal.Event{Step: "login", State: renewal.Done})
	}
	bar.Clear()
	if p.JSON {
		end := out.Certificate.NotAfter
		p.event(resultEvent{Step: "result", State: "done", Text: textDone, Code: "done", Campaign: out.Campaign,
			Slot: out.Slot, NotAfter: &end})
		return nil
	}
	if login != nil {
		p.printLogin(login)
	} else {
		fmt.Fprintln(p.out,
			"Rimuovi la tessera, attendi circa un minuto e inseriscila di nuovo; poi chiudi e riapri il browser.")
	}
	fmt.Fprintln(p.out, "La validità della Tessera Sanitaria e della TEAM non cambia.")
	return nil
}

func (p *program) login(out *renewal.Outcome, url string) (*renewal.Login, error) {
	roots, err := p.tlsRoots()
	if err != nil {
		return nil, err
	}
	t, err := p.transport()
	if err != nil {
		return nil, err
	}
	return renewal.LoginWith(p.ctx, out.Session, out.Session.Contents.Slots[out.Slot], url, roots, t)
}

// failedAt is a failure after the renewal.
func failedAt(step string, err error) error {
	f := *renewal.Classify(err)
	f.Step, f.CardChanged, f.Renewed = step, true, true
	return &f
}
