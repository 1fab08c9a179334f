// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"rinnova.example/go/citizen/recordings"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/failure"
)

type recordCommand struct {
	File   string `arg:"" type:"path" help:"File nuovo in cui salvarla."`
	Series string `help:"Sigla stampata sulla tessera; senza, viene chiesta." placeholder:"SIGLA" group:"Tessera:"`
	Yes    bool   `help:"Salva senza chiedere."`
}

// Run records a card. It reads only, and asks before it saves.
func (c *recordCommand) Run(p *program) error {
	if err := recordings.New(c.File); err != nil {
		return err
	}
	r := p.recordings()
	series, err := r.Series(p.ctx, c.Series)
	if err != nil {
		return err
	}
	o, err := p.open()
	if err != nil {
		return err
	}
	defer o.Close()
	if o.reader == "" && !o.emulated {
		return &renewal.Failure{Code: failure.Usage, Text: "record vuole una tessera: replay: è già una registrazione."}
	}
	return r.Record(p.ctx, o.Card, o.reader, series, c.File, c.Yes)
}

type replayCommand struct {
	Files []string `arg:"" type:"path" name:"file" help:"Registrazioni."`
	Check bool     `help:"Controlla soltanto che si possano dare ad altri."`
}

// Run walks through recordings, or only checks them.
func (c *replayCommand) Run(p *program) error { return p.recordings().Replay(c.Files, c.Check) }

func (p *program) recordings() recordings.Program {
	return recordings.Program{Out: p.out, JSON: p.JSON, Version: version, Person: p.person(codes{}, "")}
}
