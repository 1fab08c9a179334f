// SPDX-License-Identifier: EUPL-1.2

package renewal_test

import (
	"strings"
	"testing"

	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/failure"
)

// The service's minimum is compared with the program's version before a PIN is asked for, in the order of Semantic
// Versioning 2.0.0 §11. A malformed version refuses no program.
func TestMinimumVersion(t *testing.T) {
	for _, c := range []struct {
		own, minimum string
		refused      bool
		noted        bool
	}{
		{"1.2.3", "1.2.3", false, false},
		{"1.2.3", "1.2.4", true, false},
		{"1.10.0", "1.9.0", false, false},
		{"1.9.0", "1.10.0", true, false},
		{"0.1.0-dev", "0.1.0-0", false, false},
		{"0.1.0-dev", "0.1.0", true, false}, // §11.3: a pre-release comes before its release
		{"0.2.0-dev", "0.1.0", false, false},
		{"1.0.0-rc.2", "1.0.0-rc.10", true, false}, // §11.4.1
		{"1.0.0+build", "1.0.0", false, false},     // §10
		{"0.9.9", "1", true, false},
		{"1.0.0", "", false, false},
		{"1.0.0", "last", false, true},
		{"1.0.0", "9.9.9; rm -rf /", false, true},
		{"1.0.0", "v9.9.9", false, true},
		{"1.0.0", "9.0.0-" + strings.Repeat("a", 100), false, true},
		{"1.0.0", "9.9.9\u202e", false, true},
		{"main", "9.9.9", false, false},
		{"", "9.9.9", false, false},
	} {
		t.Run(c.own+" for "+c.minimum, func(t *testing.T) {
			s := newService(t)
			s.Authority.MinimumVersion = c.minimum
			r := s.run(s.card("ID2019", 1, inWindow), nil, nil)
			r.Version = c.own
			noted := false
			r.Events = func(e renewal.Event) {
				noted = noted || e.State == renewal.Noted && e.Code == "minimum-version-malformed"
			}
			v, err := r.Look(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if (v.Refusal != nil) != c.refused || noted != c.noted {
				t.Errorf("refused %v, noted %v", v.Refusal, noted)
			}
			if v.Refusal != nil && (v.Refusal.Code != "program-too-old" || v.Refusal.Exit() != failure.ExitFailure ||
				v.Refusal.Text != c.minimum) {
				t.Errorf("%+v", v.Refusal)
			}
		})
	}
}

// A program that is too old asks for no code and sends nothing that changes the service or the card.
func TestTooOldAsksNothing(t *testing.T) {
	s := newService(t)
	s.Authority.MinimumVersion = "2.0.0"
	card, who := s.card("AC2014", 1, inWindow), someone()
	r := s.run(card, who, nil)
	r.Version = "1.9.9"
	if _, err := r.Run(t.Context()); code(err) != "program-too-old" {
		t.Fatal(err)
	}
	if len(who.asked) != 0 {
		t.Errorf("asked for %v", who.asked)
	}
	r.Version = "2.0.0"
	if _, err := r.Run(t.Context()); err != nil {
		t.Error("a program that was updated: ", err)
	}
}
