// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"context"
	"crypto/rand"
	"time"

	"rinnova.example/go/card/pcsc"
	"rinnova.example/go/catalogue"
	"rinnova.example/go/citizen/browser"
	"rinnova.example/go/citizen/doctor"
	"rinnova.example/go/citizen/errorreport"
	"rinnova.example/go/citizen/opensccache"
	"rinnova.example/go/citizen/proxy"
	"rinnova.example/go/citizen/reader"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/citizen/update"
)

type doctorCommand struct {
	Save   string `help:"Salva la diagnosi in un file." type:"path" placeholder:"FILE"`
	Sealed bool   `help:"Con --save: cifrata per l'assistenza, senza nomi né indirizzi."`
	Desk   string `help:"Certificati dell'assistenza (PEM)." env:"RINNOVA_DESK" type:"path" placeholder:"FILE"`
	Clear  bool   `name:"clear-cache" help:"Prima cancella le copie che OpenSC conserva delle tessere."`
}

// Run examines the computer, prints and saves what it finds. It succeeds also where something is wrong.
func (d *doctorCommand) Run(p *program) error {
	if d.Clear {
		if err := opensccache.Clear(); err != nil {
			return err
		}
	}
	now, err := p.clock()
	if err != nil {
		return err
	}
	c := p.examined()
	c.Named, c.Open, c.Reach, c.Now = p.Card, p.lookAt, p.reach, now
	if browser.Installed() {
		c.Browsers = func() ([]browser.Store, error) { return browser.Apply(browser.Look, "") }
	}
	if releaseKeys != "" && p.Updates == "on" && p.Service != "" {
		c.Newest = p.newest
	}
	r := doctor.Report{Program: version, Service: p.Service, Made: now(), Findings: doctor.Examine(p.ctx, c)}
	if err := r.Print(p.out, p.JSON); err != nil || d.Save == "" {
		return err
	}
	if d.Sealed {
		return r.Seal(d.Save, "rinnova", func() (errorreport.Recipients, error) { return p.desks(d.Desk) }, rand.Reader)
	}
	return r.Save(d.Save, catalogue.Italian, catalogue.CommandLine)
}

// examined are the doctor's instruments that window and command line share.
func (p *program) examined() doctor.Computer {
	through := func(ctx context.Context) (string, error) { return proxy.Describe(ctx, p.Proxy, p.Service) }
	return doctor.Computer{Readers: readers, Proxy: through, Folder: p.folder, OpenSC: doctor.InstalledOpenSC(),
		Devices: doctor.USB(), Users: pcsc.Users}
}

// newest asks for a newer version.
func (p *program) newest(ctx context.Context) (string, bool, error) {
	c, err := p.check(ctx)
	if err != nil || c.State == string(update.Current) {
		return "", false, err
	}
	return c.Latest, c.State == string(update.Unsupported), nil
}

// readers lists the system's readers.
func readers() ([]doctor.Reader, error) {
	found, err := pcsc.Readers()
	if err != nil {
		return nil, reader.Failure(err)
	}
	var list []doctor.Reader
	for _, r := range found {
		list = append(list, doctor.Reader{Name: r.Name, Present: r.Present, Mute: r.Mute, InUse: r.InUse})
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

// reach asks the service for its time.
func (p *program) reach(ctx context.Context) (time.Time, error) {
	o := &opened{}
	defer o.Close()
	r, err := p.renewal(o)
	if err != nil {
		return time.Time{}, err
	}
	return r.Reach(ctx)
}
