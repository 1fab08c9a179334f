// SPDX-License-Identifier: EUPL-1.2

//go:build window || development

package main

import (
	"context"

	"rinnova.example/go/citizen/desktop"
)

// demonstration is a window on cards and a service that exist in memory only. It lives on 25/05/2020, in
// the days of the guide, unless --clock says otherwise.
func (p *program) demonstration(ctx context.Context, fast bool) (desktop.Config, error) {
	d := *p.commands
	if d.Clock == "" {
		d.Clock = "2020-05-25T10:00:00+02:00"
	}
	clock, err := (&program{&d, p.ctx, p.out, p.err}).clock()
	if err != nil {
		return desktop.Config{}, err
	}
	b, err := newBench(ctx, clock, fast)
	if err != nil {
		return desktop.Config{}, err
	}
	return b.configure(), nil
}
