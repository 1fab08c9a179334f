// SPDX-License-Identifier: EUPL-1.2

//go:build development

package main

import (
	"github.com/alecthomas/kong"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/proof/cuts"
)

func init() {
	development = append(development,
		kong.DynamicCommand("selftest", "Prove di sviluppo.", "", &selftestCommand{}, "hidden"))
}

// selftestCommand is hidden, and in development builds only, because it needs the whole service.
type selftestCommand struct {
	Cuts cutsCommand `cmd:"" help:"Interrompe un rinnovo in ogni punto e lo riprende."`
}

type cutsCommand struct {
	Series []string `help:"Sigle; senza, tutte quelle rinnovabili." placeholder:"SIGLA"`
	Reads  int      `help:"Interrompe anche un comando di lettura ogni tanti." default:"1"`
	Pages  int      `help:"Pagine di memoria a cui una scrittura si interrompe." default:"4"`
	Every  bool     `help:"Prova ogni interruzione con ogni diario."`
}

// Run prints the table, and fails at the first cut from which a renewal did not recover.
func (c *cutsCommand) Run(p *program) error {
	o := cuts.Options{Series: c.Series, Reads: c.Reads, Pages: c.Pages, Every: c.Every}
	if len(o.Series) == 0 {
		for _, m := range cardmodel.Models() {
			if m.NotRenewable.Value == "" {
				o.Series = append(o.Series, m.Sigle()...)
			}
		}
	}
	_, err := cuts.Run(p.ctx, o, p.out)
	return err
}
