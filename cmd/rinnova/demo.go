// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"rinnova.example/go/card/emulator"
	"rinnova.example/go/citizen/demonstration"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/citizen/terminal"
)

type demoCommand struct {
	Series string `help:"Sigla della tessera emulata." default:"AC2014" placeholder:"SIGLA"`
	From   string `name:"at" help:"Ora in cui si svolge, RFC 3339 (per esempio 2020-05-25T10:00:00Z)." placeholder:"ORA"`
	Keep   string `help:"Cartella in cui lasciare certificati e servizio." type:"path" placeholder:"DIR"`
}

// Run starts the service program in the same folder, issues an emulated card, renews it and logs in.
func (c *demoCommand) Run(p *program) (err error) {
	if c.Series, err = terminal.Sigla(c.Series); err != nil {
		return err
	}
	dir := c.Keep
	if dir == "" {
		if dir, err = os.MkdirTemp("", "rinnova-demo-"); err != nil {
			return err
		}
		defer os.RemoveAll(dir)
	} else if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	rinnovad, err := demonstration.Find()
	if err != nil {
		return err
	}
	say := func(format string, a ...any) { fmt.Fprintf(p.out, "\n── "+format+"\n", a...) }

	service, card := filepath.Join(dir, "service"), filepath.Join(dir, "card.json")
	say("Dimostrazione: tutto è emulato e fittizio, su questo computer.")
	clock := []string{}
	if c.From != "" {
		clock = []string{"--clock", c.From}
	}
	if err := rinnovad.Run(p.ctx, append([]string{"init", "--dir", service}, clock...)...); err != nil {
		return err
	}
	if err := rinnovad.Run(p.ctx, append([]string{"card", "issue", "--dir", service, "--series", c.Series, "--out",
		card, "--pin", emulator.DemoPIN, "--puk", emulator.DemoPUK, "--pem", dir}, clock...)...); err != nil {
		return err
	}
	addresses, stop, err := rinnovad.Serve(p.ctx, service, clock)
	if err != nil {
		return err
	}
	defer stop()

	if err := errors.Join(os.Setenv("RINNOVA_DEMO_PIN", emulator.DemoPIN),
		os.Setenv("RINNOVA_DEMO_PUK", emulator.DemoPUK)); err != nil {
		return demonstration.Failed(err)
	}
	d := *p.commands
	d.Card, d.Service, d.CA, d.TLSCA = "emulated:"+card, addresses["cmp"], filepath.Join(service, "ca.pem"),
		filepath.Join(service, "tls.pem")
	d.Journal, d.Clock = filepath.Join(dir, "journal"), c.From
	q := p.with(p.ctx, &d)

	if err := c.walk(q, say, addresses["login"]); err != nil {
		return err
	}
	if c.Keep != "" {
		if err := keepCertificate(q, filepath.Join(dir, "new.pem"), service, dir); err != nil {
			return err
		}
		say("Restano in %s: old.pem, new.pem, ca.pem e la cartella del servizio.", dir)
	}
	say("Fatto: la tessera ha una chiave e un certificato nuovi, e l'accesso è riuscito.")
	return nil
}

// walk looks at the card, renews it, looks again and logs in.
func (c *demoCommand) walk(q *program, say func(string, ...any), login string) error {
	say("La tessera %s prima del rinnovo", c.Series)
	if err := (statusCommand{}).Run(q); err != nil {
		return err
	}
	say("%s", textWindow)
	if err := (&renewCommand{codes: codes{PINFrom: "env:RINNOVA_DEMO_PIN"}, PUKFrom: "env:RINNOVA_DEMO_PUK",
		Series: c.Series}).Run(q); err != nil {
		return err
	}
	say("La tessera dopo il rinnovo")
	if err := (statusCommand{}).Run(q); err != nil {
		return err
	}
	say("Prova di accesso con il nuovo certificato")
	return (&verifyCommand{codes: codes{PINFrom: "env:RINNOVA_DEMO_PIN"}, Login: login}).Run(q)
}

// keepCertificate writes the new certificate and the issuing root to PEM files.
func keepCertificate(p *program, file, service, dir string) error {
	c, err := emulator.Open(strings.TrimPrefix(p.Card, "emulated:"))
	if err != nil {
		return err
	}
	defer c.Close()
	now, err := p.clock()
	if err != nil {
		return err
	}
	v, err := (&renewal.Renewal{Card: c, Now: now}).Look(p.ctx)
	if err != nil {
		return err
	}
	der := v.Candidates[0].Certificate.Certificate.Raw
	if err := os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o644); err != nil {
		return err
	}
	ca, err := os.ReadFile(filepath.Join(service, "ca.pem"))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "ca.pem"), ca, 0o644)
}
