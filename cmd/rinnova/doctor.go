// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"context"

	"rinnova.example/go/card/pcsc"
	"rinnova.example/go/citizen/browser"
	"rinnova.example/go/citizen/doctor"
	"rinnova.example/go/citizen/reader"
	"rinnova.example/go/citizen/renewal"
)

type doctorCommand struct{}

// Run examines the computer and prints what it finds. It succeeds also where something is wrong.
func (doctorCommand) Run(p *program) error {
	c := doctor.Computer{Named: p.Card, Readers: readers, Open: p.lookAt, Reach: p.reach, State: p.canKeep}
	if browser.Installed() {
		c.Browsers = func() ([]browser.Store, error) { return browser.Apply(browser.Look, "") }
	}
	return doctor.Print(p.out, p.JSON, doctor.Examine(p.ctx, c))
}

// readers lists the system's readers.
func readers() ([]doctor.Reader, error) {
	found, err := pcsc.Readers()
	if err != nil {
		return nil, reader.Failure(err)
	}
	var list []doctor.Reader
	for _, r := range found {
		list = append(list, doctor.Reader{Name: r.Name, Present: r.Present, Mute: r.Mute})
	}
	return list, nil
}

func (p *program) lookAt(ctx context.Context, reader string) (*renewal.Renewal, func(), error) {
	d := *p.commands
	if d.Card == "" {
		d.Card = "pcsc:" + reader
	}
	o, r, err := p.with(ctx, &d).begin()
	if err != nil {
		return nil, nil, err
	}
	return r, o.Close, nil
}

// reach asks the service for its facts.
func (p *program) reach(ctx context.Context) error {
	o := &opened{}
	defer o.Close()
	r, err := p.renewal(o)
	if err != nil {
		return err
	}
	return r.Reach(ctx)
}

// canKeep reports whether the journal has a place.
func (p *program) canKeep() error {
	dir, err := p.folder()
	if err != nil {
		return err
	}
	return doctor.Writable(dir)
}
