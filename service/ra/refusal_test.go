// SPDX-License-Identifier: EUPL-1.2

package ra

import (
	"testing"

	"rinnova.example/go/catalogue"
)

// TestRefusals: each refusal of this package has a code that the service may say, and a text for the citizen.
func TestRefusals(t *testing.T) {
	for code := range failureInfo {
		if text := catalogue.Refusal(code); !code.SaidByService() || text == "" || len(text) >= 500 {
			t.Errorf("%s: text of %d bytes", code, len(text))
		}
	}
}
