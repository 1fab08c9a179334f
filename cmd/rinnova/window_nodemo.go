// SPDX-License-Identifier: EUPL-1.2

//go:build !window && !development

package main

import (
	"context"

	"rinnova.example/go/citizen/desktop"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/failure"
)

// demonstration is part of the window's program and of development builds only: it needs a whole service, which would
// make the command line's program large.
func (p *program) demonstration(context.Context, bool) (desktop.Config, error) {
	return desktop.Config{}, &renewal.Failure{Code: failure.Usage,
		Text: "Questo programma non ha la dimostrazione: --demo è in rinnova-window."}
}
