// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"context"
	"fmt"

	"rinnova.example/go/citizen/renewal"
)

type pinCommand struct {
	Change  changeCommand  `cmd:"" help:"Cambia il PIN."`
	Unblock unblockCommand `cmd:"" help:"Sceglie un nuovo PIN con il PUK, che il PIN sia bloccato o dimenticato."`
}

// newPIN is the flag that answers the question for a new PIN.
type newPIN struct {
	NewPINFrom string `name:"new-pin-from" help:"Da dove leggere il nuovo PIN." placeholder:"DA" group:"Codici:"`
}

type changeCommand struct {
	codes  `embed:""`
	newPIN `embed:""`
}

type unblockCommand struct {
	PUKFrom string `name:"puk-from" help:"Da dove leggere il PUK: env:NOME, file:PERCORSO, fd:N." placeholder:"DA" group:"Codici:"`
	LastTry bool   `help:"Consente di usare l'ultimo tentativo." group:"Codici:"`
	newPIN  `embed:""`
}

func (c *changeCommand) Run(p *program) error {
	return p.replacePIN(c.codes, "", c.NewPINFrom, (*renewal.Renewal).ChangePIN, "PIN cambiato.")
}

func (c *unblockCommand) Run(p *program) error {
	return p.replacePIN(codes{LastTry: c.LastTry}, c.PUKFrom, c.NewPINFrom, (*renewal.Renewal).UnblockPIN,
		"PIN sbloccato.")
}

// replacePIN gives the card a new PIN. It asks no service.
func (p *program) replacePIN(c codes, pukFrom, newFrom string,
	act func(*renewal.Renewal, context.Context, renewal.Choose) error, done string) error {
	alone := *p.commands
	alone.Service = ""
	p = p.with(p.ctx, &alone)
	o, r, err := p.begin()
	if err != nil {
		return err
	}
	defer o.Close()
	person := p.person(c, pukFrom)
	person.NewPIN, r.Prompter, r.Events = newFrom, person, person.Hear
	if err := act(r, p.ctx, person.Choose); err != nil {
		return err
	}
	if p.JSON {
		p.event(resultEvent{Step: "result", State: "done", Text: done, Code: "done"})
		return nil
	}
	fmt.Fprintln(p.out, done, "Da adesso usa il nuovo PIN, anche nei siti.")
	return nil
}
