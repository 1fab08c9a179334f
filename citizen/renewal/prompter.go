// SPDX-License-Identifier: EUPL-1.2

package renewal

import (
	"context"
	"errors"

	"rinnova.example/go/card/cardmodel"
)

// Prompter is the person. Each call blocks until there is an answer, and no transaction with the card is
// held meanwhile. The renewal wipes the slices it is given.
type Prompter interface {
	// PIN and PUK ask for a code. It is presented to the card once at most. They return ErrNoInput where
	// no person can be asked (again), ErrCancelled where the person goes back.
	PIN(context.Context, CodeRequest) ([]byte, error)
	PUK(context.Context, CodeRequest) ([]byte, error)
	// Consent asks a question and returns the answer, "" for no.
	Consent(context.Context, Question) (string, error)
}

// CodeRequest is what to tell the person who types a code.
type CodeRequest struct {
	Code      cardmodel.Code // expected form
	Tries     *int           // left; nil where not known
	Limit     int            // wrong codes in a row that block it; 0 where no source tells
	Wrong     bool           // the code typed before was refused by the card
	Malformed bool           // the code typed before was not of the form, and not sent
}

// Question is one of the questions of a renewal.
type Question struct {
	Kind    string             // AskSeries or AskLastTry
	Options []string           // AskSeries: the siglas that the chip may have printed on it
	Code    cardmodel.CodeKind // AskLastTry: the code with one try left
}

const (
	AskSeries  = "series"
	AskLastTry = "last-try"
)

var (
	// ErrNoInput: an answer is needed and no person can give it.
	ErrNoInput = errors.New("no person can answer")
	// ErrCancelled: the person went back before anything was changed.
	ErrCancelled = errors.New("cancelled by the person")
)
