// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"errors"
	"fmt"
	"os"

	"rinnova.example/go/citizen/errorreport"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/citizen/settings"
	"rinnova.example/go/citizen/terminal"
	"rinnova.example/go/failure"
	"rinnova.example/go/operator"
)

// learn takes the service from the file that this user entered, otherwise from the program's package, unless flags,
// environment or administrators name one. RINNOVA_OPERATOR names a file in place of the package's.
func (c *commands) learn() error {
	list, err := settings.Operators(os.Getenv("RINNOVA_OPERATOR"))
	for _, k := range list {
		if k.Desk == "" || err != nil {
			continue
		}
		if _, bad := errorreport.ParseRecipients([]byte(k.Desk)); bad != nil {
			err = &settings.Error{Where: k.Where, Name: "Desk", Err: bad}
		}
	}
	var bad *settings.Error
	if errors.As(err, &bad) {
		return &renewal.Failure{Code: failure.OperatorMalformed, Text: bad.Location(), Err: err}
	}
	if err != nil {
		return err
	}
	c.known = settings.Choose(list, c.Service)
	if c.Service == "" {
		c.Service = c.known.Service
	}
	return nil
}

// serviceCommand shows the service that the program knows, or stores the service of the flags for this user.
type serviceCommand struct {
	Keep   bool `help:"Conserva per questo utente il servizio indicato con --service, --ca e, dove occorre, --tls-ca." xor:"do"`
	Forget bool `help:"Toglie il servizio conservato per questo utente." xor:"do"`
}

// serviceJSON is the answer of service --json. From is the operator's file, "" if flags or settings name the service.
// Without TLSRoots the system's roots count.
type serviceJSON struct {
	Service  string            `json:"service"`
	From     string            `json:"from,omitempty"`
	Roots    []operator.Root   `json:"roots"`
	TLSRoots []operator.Root   `json:"tlsRoots,omitempty"`
	Contact  *operator.Contact `json:"contact,omitempty"`
}

func (c *serviceCommand) Run(p *program) error {
	if c.Forget {
		if err := settings.Forget(); err != nil {
			return failureOf(failure.ServiceUnsaved, err)
		}
		fmt.Fprintln(p.err, "Nessun servizio è più conservato per questo utente.")
		return nil
	}
	if p.Service == "" {
		return failureOf(failure.ServiceNotGiven, nil)
	}
	o, err := p.operator()
	if err != nil {
		return err
	}
	from := p.known.Where
	if c.Keep {
		if from, err = settings.Keep(o); err != nil {
			return failureOf(failure.ServiceUnsaved, err)
		}
	}
	if p.JSON {
		answer := serviceJSON{Service: o.Service, From: from, Contact: &o.Contact}
		answer.Roots, _ = operator.Roots(o.CA)
		answer.TLSRoots, _ = operator.Roots(o.TLSCA) // none is an error, and no failure
		p.event(answer)
		return nil
	}
	terminal.PrintService(p.out, o)
	switch {
	case c.Keep:
		fmt.Fprintf(p.out, "Conservato in %s: confronta le impronte con quelle che il servizio ha comunicato.\n", from)
	case from != "":
		fmt.Fprintln(p.out, "Da:", from)
	}
	return nil
}

// operator returns the service in use with its roots, in the form of an operator's file.
func (p *program) operator() (operator.Operator, error) {
	o := operator.Operator{Service: p.Service, Desk: p.known.Desk, Contact: p.known.Contact}
	if _, err := serviceURL(p.Service); err != nil {
		return o, err
	}
	for _, one := range []struct {
		file, operators string
		text            *string
	}{{p.CA, p.known.CA, &o.CA}, {p.TLSCA, p.known.TLSCA, &o.TLSCA}} {
		if _, err := certificates(one.file, one.operators); err != nil {
			return o, err
		}
		b, err := given(one.file, one.operators)
		if err != nil {
			return o, failureOf(failure.CAUnreadable, err)
		}
		*one.text = string(b)
	}
	if o.CA == "" {
		return o, failureOf(failure.CANeeded, nil)
	}
	return o, nil
}
