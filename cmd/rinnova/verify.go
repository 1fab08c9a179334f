// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"fmt"

	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/citizen/terminal"
	"rinnova.example/go/failure"
	"rinnova.example/go/plaintext"
)

type verifyCommand struct {
	codes `embed:""`
	Login string `help:"Indirizzo della prova di accesso; senza, lo dice il servizio." placeholder:"URL"`
}

// Run logs in with the card's newest valid certificate and prints the site's answer.
func (c *verifyCommand) Run(p *program) error {
	o, r, err := p.begin()
	if err != nil {
		return err
	}
	defer o.Close()
	if c.Login == "" && r.Service.URL == nil {
		return failureOf(failure.LoginUnknown, nil)
	}
	person := p.person(c.codes, "")
	r.Prompter, r.Events = person, person.Hear
	roots, err := p.tlsRoots()
	if err != nil {
		return err
	}
	t, err := p.transport()
	if err != nil {
		return err
	}
	l, err := r.Verify(p.ctx, c.Login, roots, t)
	if l != nil && p.JSON {
		p.event(l)
		return err
	}
	if err != nil {
		return err
	}
	p.printLogin(l)
	return nil
}

func (p *program) printLogin(l *renewal.Login) {
	fmt.Fprintf(p.out, "Accesso riuscito: %s, codice fiscale %s, certificato valido dal %s al %s (%s).\n",
		plaintext.Line(l.Name), plaintext.Line(l.CodiceFiscaleMasked), terminal.Date(*l.NotBefore),
		terminal.Date(*l.NotAfter), plaintext.Line(l.TLS))
}
