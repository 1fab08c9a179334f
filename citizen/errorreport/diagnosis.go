// SPDX-License-Identifier: EUPL-1.2

package errorreport

import (
	"rinnova.example/go/catalogue"
	"rinnova.example/go/failure"
)

// refusedByCard are the codes that a status word explains better.
var refusedByCard = map[failure.Code]bool{failure.CardError: true, failure.CardWrite: true, failure.CardWrongKey: true,
	failure.CardMalformed: true, failure.Internal: true}

// Diagnose finds the likely cause, by the failure's code and, where the card refused a command, by its
// answer. The second value is false where neither is known.
func (r *Report) Diagnose() (catalogue.Diagnosis, bool) {
	if d, ok := catalogue.DiagnoseStatusWord(r.Failure.StatusWord); ok && refusedByCard[r.Failure.Code] {
		return d, true
	}
	return catalogue.Diagnose(r.Failure.Code)
}
