// SPDX-License-Identifier: EUPL-1.2

// Package person has the citizen of the proofs: a person who knows both codes of a trial card.
package person

import (
	"context"

	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/trial"
)

// Knowing types both codes at once, and answers each question with the series of the card.
type Knowing struct{ Series string }

// PIN returns the PIN of trial cards.
func (Knowing) PIN(context.Context, renewal.CodeRequest) ([]byte, error) {
	return []byte(trial.PIN), nil
}

// PUK returns the PUK of trial cards.
func (Knowing) PUK(context.Context, renewal.CodeRequest) ([]byte, error) {
	return []byte(trial.PUK), nil
}

// Consent returns the series.
func (k Knowing) Consent(context.Context, renewal.Question) (string, error) { return k.Series, nil }
