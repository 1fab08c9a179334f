// SPDX-License-Identifier: EUPL-1.2

package errorreport

import (
	"rinnova.example/go/catalogue"
	"rinnova.example/go/failure"
)

// refusedByCard are the codes whose cause the card's status word explains better than the code does.
var refusedByCard = map[failure.Code]bool{failure.CardError: true, failure.CardWrite: true, failure.CardWrongKey: true,
	failure.CardMalformed: true, failure.Internal: true}

// Diagnose returns the likely cause, from the card's status word where it refused a command, else from the failure's
// code, or from that of a diagnosis's first bad finding. The second value is false where none is known.
func (r *Report) Diagnose() (catalogue.Diagnosis, bool) {
	if r.Failure.Code == "" {
		for _, f := range r.Findings {
			if f.Level == "bad" {
				return catalogue.Diagnose(f.Code)
			}
		}
		return catalogue.NothingWrong, false
	}
	if d, ok := catalogue.DiagnoseStatusWord(r.Failure.StatusWord); ok && refusedByCard[r.Failure.Code] {
		return d, true
	}
	return catalogue.Diagnose(r.Failure.Code)
}
