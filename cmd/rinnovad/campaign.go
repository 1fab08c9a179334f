// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"encoding/json"
	"fmt"
	"text/tabwriter"
	"time"

	"rinnova.example/go/failure"
	"rinnova.example/go/service/campaign"
	"rinnova.example/go/service/store"
)

type campaignList struct {
	serviceDir
	JSON bool `name:"json" help:"Scrive JSON."`
}

// campaignLine is a campaign in the output of list --json. A day is null if there is no limit.
type campaignLine struct {
	ID            string   `json:"id"`
	Version       int      `json:"version"`
	Title         string   `json:"title"`
	LegalBasis    string   `json:"legalBasis"`
	Open          bool     `json:"open"`
	OpenFrom      *string  `json:"openFrom"`
	OpenTo        *string  `json:"openTo"`
	ExpiryFrom    *string  `json:"expiryFrom"`
	ExpiryTo      *string  `json:"expiryTo"`
	NewNotAfter   *string  `json:"newNotAfter"` // null: one year after issue
	AcceptExpired bool     `json:"acceptExpired"`
	Series        []string `json:"series"`
	Attempts      int      `json:"attempts"`
	Capacity      int      `json:"capacity"`
	Last          bool     `json:"last"`
}

// day returns a campaign's day in Rome as YYYY-MM-DD, or nil.
func day(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := t.In(campaign.Rome).Format(time.DateOnly)
	return &s
}

func (c *campaignList) Run(p *program) error {
	clock, err := c.clock()
	if err != nil {
		return err
	}
	now := clock()
	s, err := c.open(p.ctx, now)
	if err != nil {
		return err
	}
	defer s.Close()
	all, err := s.Campaigns(p.ctx)
	if err != nil {
		return err
	}
	lines := []campaignLine{}
	for _, c := range all {
		lines = append(lines, campaignLine{
			ID: c.ID, Version: c.Version, Title: c.Title, LegalBasis: c.LegalBasis, Open: c.Open(now),
			OpenFrom: day(c.OpenFrom), OpenTo: day(c.OpenTo),
			ExpiryFrom: day(c.ExpiryFrom), ExpiryTo: day(c.ExpiryTo), NewNotAfter: day(c.NewNotAfter),
			AcceptExpired: c.AcceptExpired, Series: c.Series, Attempts: c.Attempts, Capacity: c.Capacity, Last: c.Last,
		})
	}
	if c.JSON {
		e := json.NewEncoder(p.out)
		e.SetIndent("", "  ")
		return e.Encode(lines)
	}
	w := tabwriter.NewWriter(p.out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "CAMPAGNA\tVERSIONE\tSTATO\tSERVIZIO\tSCADENZE AMMESSE\tNUOVA SCADENZA\tTITOLO")
	for _, l := range lines {
		state, until := "chiusa", "un anno dal rilascio"
		if l.Open {
			state = "aperta"
		}
		if l.NewNotAfter != nil {
			until = *l.NewNotAfter
		}
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t%s\t%s\n", l.ID, l.Version, state, days(l.OpenFrom, l.OpenTo),
			days(l.ExpiryFrom, l.ExpiryTo), until, l.Title)
	}
	return w.Flush()
}

func days(from, to *string) string {
	switch {
	case from == nil && to == nil:
		return "senza limiti"
	case from == nil:
		return "fino al " + *to
	case to == nil:
		return "dal " + *from
	}
	return *from + " – " + *to
}

type campaignOpen struct {
	serviceDir
	ID string `arg:"" name:"campagna" help:"Campagna da aprire."`
}

// Run opens a campaign from today; it removes a last day that has passed.
func (c *campaignOpen) Run(p *program) error {
	return c.change(p, c.ID, func(k *campaign.Campaign, now time.Time) error {
		if k.Open(now) {
			return nil
		}
		if !k.OpenFrom.IsZero() && now.Before(k.OpenFrom) {
			k.OpenFrom = now
		}
		k.OpenTo = time.Time{}
		if !k.Open(now) {
			return ended(failure.CampaignOver, nil)
		}
		return nil
	}, "aperta")
}

type campaignClose struct {
	serviceDir
	ID string `arg:"" name:"campagna" help:"Campagna da chiudere."`
}

// Run closes a campaign: its last day of service becomes yesterday, in Rome.
func (c *campaignClose) Run(p *program) error {
	return c.change(p, c.ID, func(k *campaign.Campaign, now time.Time) error {
		if k.Open(now) {
			k.OpenTo = now.In(campaign.Rome).AddDate(0, 0, -1)
		}
		return nil
	}, "chiusa")
}

// change records a changed campaign as its next version.
func (l serviceDir) change(p *program, id string, change func(*campaign.Campaign, time.Time) error, done string) error {
	clock, err := l.clock()
	if err != nil {
		return err
	}
	now := clock()
	s, err := l.open(p.ctx, now)
	if err != nil {
		return err
	}
	defer s.Close()
	c, err := find(p, s, id)
	if err != nil {
		return err
	}
	before := c
	if err := change(&c, now); err != nil {
		return err
	}
	if !c.OpenFrom.Equal(before.OpenFrom) || !c.OpenTo.Equal(before.OpenTo) {
		c.Version++
		if err := s.AddCampaign(p.ctx, c, now); err != nil {
			return err
		}
	}
	fmt.Fprintf(p.out, "Campagna %s %s, versione %d.\n", c.ID, done, c.Version)
	return nil
}

func find(p *program, s *store.Store, id string) (campaign.Campaign, error) {
	all, err := s.Campaigns(p.ctx)
	if err != nil {
		return campaign.Campaign{}, err
	}
	for _, c := range all {
		if c.ID == id {
			return c, nil
		}
	}
	return campaign.Campaign{}, ended(failure.CampaignUnknown, nil)
}
