// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/citizen/terminal"
)

type modelsCommand struct{}

// Run prints the table of card models.
func (modelsCommand) Run(p *program) error {
	if p.JSON {
		p.event(cardmodel.Models())
		return nil
	}
	return terminal.PrintModels(p.out)
}
