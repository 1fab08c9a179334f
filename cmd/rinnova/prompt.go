// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"os"

	"golang.org/x/term"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/citizen/terminal"
)

// codes are the flags that answer for the person.
type codes struct {
	PINFrom string `name:"pin-from" help:"Da dove leggere il PIN: env:NOME, file:PERCORSO, fd:N." placeholder:"DA" group:"Codici:"`
	LastTry bool   `help:"Consente di usare l'ultimo tentativo." group:"Codici:"`
}

// person is the terminal, or what the flags say.
func (p *program) person(c codes, pukFrom string) *terminal.Person {
	h := &terminal.Person{Out: p.err, LastTry: c.LastTry,
		From: map[cardmodel.CodeKind]string{cardmodel.PIN: c.PINFrom, cardmodel.PUK: pukFrom}}
	if term.IsTerminal(int(os.Stdin.Fd())) && !p.JSON {
		h.In = os.Stdin
	}
	return h
}
