// SPDX-License-Identifier: EUPL-1.2

//go:build window || development

package main

import (
	"context"
	"time"

	"rinnova.example/go/citizen/desktop"
	"rinnova.example/go/citizen/errorreport"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/citizen/settings"
	"rinnova.example/go/trial/demo"
)

// demonstration returns a window on cards and a service in memory. Its date is 25/05/2020, in the days of the guide,
// unless --clock names another.
func (p *program) demonstration(ctx context.Context, fast bool) (desktop.Config, error) {
	d := *p.commands
	if d.Clock == "" {
		d.Clock = "2020-05-25T10:00:00+02:00"
	}
	clock, err := p.with(p.ctx, &d).clock()
	if err != nil {
		return desktop.Config{}, err
	}
	b, err := demo.New(ctx, demo.Config{Clock: clock, Fast: fast, Version: version, Report: demoReport})
	if err != nil {
		return desktop.Config{}, err
	}
	c := b.Window()
	c.Downloads = settings.Downloads
	return c, nil
}

// demoReport records a renewal of the demonstration in the same way as one on a real card.
func demoReport(r *renewal.Renewal, reader string, now func() time.Time, desk errorreport.Recipients) demo.Report {
	facts := errorreport.Collect("rinnova-window", version, now)
	r.Card, r.Service.HTTP, r.Events = watched(facts, &opened{Card: r.Card, reader: reader, emulated: true}, r)
	return reporter(facts, false, func() (errorreport.Recipients, error) { return desk, nil })
}
