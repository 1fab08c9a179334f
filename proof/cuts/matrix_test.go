// SPDX-License-Identifier: EUPL-1.2

package cuts

import (
	"os"
	"testing"

	"rinnova.example/go/card/cardmodel"
)

func renewable() []string {
	var list []string
	for _, m := range cardmodel.Models() {
		if m.NotRenewable.Value == "" {
			list = append(list, m.Sigle()...)
		}
	}
	return list
}

// TestMatrix is the matrix as CI runs it: everything that changes the card or the service in full, reads
// sampled.
func TestMatrix(t *testing.T) {
	o := Options{Series: renewable(), Reads: 9, Pages: 2}
	one := os.Getenv("RINNOVA_CUTS_SERIES") // TestPlanted's run inside the run
	if one != "" {
		o = Options{Series: []string{one}, Pages: 1}
	}
	tried, err := Run(t.Context(), o, os.Stdout)
	if err != nil {
		t.Fatal(err)
	}
	if one != "" {
		return
	}
	if tried < 5000 {
		t.Errorf("only %d cuts", tried)
	}
}
