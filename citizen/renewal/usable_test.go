// SPDX-License-Identifier: EUPL-1.2

package renewal_test

import (
	"testing"
	"time"

	"rinnova.example/go/card/cns"
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
