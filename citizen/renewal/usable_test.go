// SPDX-License-Identifier: EUPL-1.2

package renewal_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"rinnova.example/go/card/cns"
	"rinnova.example/go/service/campaign"
)

// TestUsable: a card is usable only if its certificate is in date and the service does not refuse it.
func TestUsable(t *testing.T) {
	for i, row := range []struct {
		name    string
		revoked bool
		now     time.Time
		want    bool
		code    string
	}{
		{"in date", false, start, true, ""},
		{"revoked", true, start, false, "revoked"},
		{"ended", false, inWindow.Add(time.Hour), false, ""},
	} {
		s := newService(t)
		card := s.card("OT2016", 60+i, inWindow)
		s.now = row.now
		if row.revoked {
			old := must(cns.Open(card)).Contents.Slots[0].Certificate.Certificate
			if err := s.Revoke(t.Context(), old.Raw, 1); err != nil {
				t.Fatal(err)
			}
		}
		r := s.run(card, someone(), nil)
		v, err := r.Look(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if got := v.Usable(s.now); got != row.want {
			t.Errorf("%s: usable %v, %v", row.name, got, v.Refusal)
		}
		if row.code != "" && (v.Refusal == nil || string(v.Refusal.Code) != row.code) {
			t.Errorf("%s: %v", row.name, v.Refusal)
		}
	}
}

// TestLookTakesNoPlace: a window that looks at a card leaves the one place to the card that is renewed.
func TestLookTakesNoPlace(t *testing.T) {
	s := newService(t)
	all := must(s.Store.Campaigns(t.Context()))
	i := slices.IndexFunc(all, func(c campaign.Campaign) bool { return c.ID == "2020" })
	all[i].Capacity, all[i].Version = 1, all[i].Version+1
	if err := s.Store.AddCampaign(t.Context(), all[i], s.now); err != nil {
		t.Fatal(err)
	}
	looking, renewing := s.card("AC2014", 70, inWindow), s.card("AC2014", 71, inWindow)
	if v, err := s.run(looking, nil, nil).Look(t.Context()); err != nil || v.Refusal != nil {
		t.Fatalf("%+v, %v", v, err)
	}
	r := s.run(renewing, someone(), nil)
	r.Wait = func(context.Context, time.Duration) error { return errors.New("it has to wait") }
	if _, err := r.Run(t.Context()); err != nil {
		t.Errorf("the renewal: %v", err)
	}
}
