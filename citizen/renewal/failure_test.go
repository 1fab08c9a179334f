// SPDX-License-Identifier: EUPL-1.2

package renewal_test

import (
	"testing"

	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/cmp"
	"rinnova.example/go/failure"
)

// TestServiceClaims: a service may not claim that a card was removed or that a PIN is wrong, nor use an unknown code.
// Such an answer is a refusal without a reason, with the service's text.
func TestServiceClaims(t *testing.T) {
	for word, want := range map[failure.Code]failure.Code{
		"card-removed": failure.ServiceRefused, "other-card": failure.ServiceRefused,
		"pin-wrong":     failure.ServiceRefused,
		"input-missing": failure.ServiceRefused, "not-a-word-of-ours": failure.ServiceRefused,
		"":                  failure.ServiceRefused,
		cmp.CodeUnspecified: failure.ServiceRefused, "revoked": failure.Revoked,
		"transaction-in-use": failure.TransactionInUse,
	} {
		f := renewal.Classify(&cmp.Refusal{Info: cmp.NotAuthorized, Code: word, Text: "Il servizio lo spiega."})
		if f.Code != want || f.Text != "Il servizio lo spiega." || f.Exit() != want.Exit() || f.Tries != nil ||
			f.CardChanged {
			t.Errorf("%q became %+v", word, f)
		}
	}
	if f := renewal.Classify(&cmp.Refusal{Info: cmp.SystemFailure,
		Code: failure.InternalError}); f.Code != failure.ServiceError {
		t.Errorf("an internal error of the service became %s", f.Code)
	}
}
