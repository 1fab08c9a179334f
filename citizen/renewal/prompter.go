// SPDX-License-Identifier: EUPL-1.2

package renewal

import (
	"context"
	"errors"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/failure"
)

// Prompter asks the person. Each call blocks until there is an answer; the program holds no transaction with the card
// meanwhile. The renewal wipes the slices that it gets.
type Prompter interface {
	// PIN and PUK ask for a code, nil for one that is typed at the reader where that is offered. The renewal presents
	// it to the card at most once. They return ErrNoInput where no person can be asked (again), and ErrCancelled where
	// the person goes back.
	PIN(context.Context, CodeRequest) ([]byte, error)
	PUK(context.Context, CodeRequest) ([]byte, error)
	// Consent asks a question and returns the answer, "" for no.
	Consent(context.Context, Question) (string, error)
}

// CodeRequest describes the code to the person who types it.
type CodeRequest struct {
	Code      cardmodel.Code // expected form
	Tries     *int           // left; nil where not known
	Limit     int            // wrong codes in a row that block it; 0 where no source gives it
	Wrong     bool           // the card refused the code typed before
	Malformed bool           // the code typed before was malformed and was not sent
	Task      Task           // the purpose of the code
	// NewPINSent means that the card did not answer to a new PIN: it has that one, or the one before.
	NewPINSent bool
	Weakness   failure.Code // of a new PIN: why the one typed before was refused; "" where it was not
	Pinpad     Pinpad       // zero for a reader without a keypad
}

// Task is what a person does with a card.
type Task string

const (
	TaskRenewal    Task = "renewal" // or a login
	TaskChangePIN  Task = "pin-change"
	TaskUnblockPIN Task = "pin-unblock"
)

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
	// ErrNoInput reports that an answer is needed and no person can give it.
	ErrNoInput = errors.New("no person can answer")
	// ErrCancelled reports that the person went back before the card was changed.
	ErrCancelled = errors.New("cancelled by the person")
)
