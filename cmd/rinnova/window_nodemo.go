// SPDX-License-Identifier: EUPL-1.2

//go:build !window && !development

package main

import (
	"context"

	"rinnova.example/go/citizen/desktop"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/failure"
)

// demonstration is in the window's program and in development builds: it holds a whole service, which the
// command line's program does not carry about.
func (p *program) demonstration(context.Context, bool) (desktop.Config, error) {
	return desktop.Config{}, &renewal.Failure{Code: failure.Usage,
		Text: "Questo programma non ha la dimostrazione: --demo è in rinnova-window."}
}
