// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"rinnova.example/go/catalogue"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/citizen/terminal"
	"rinnova.example/go/failure"
)

// Texts of the guide, letter by letter (the numbers are those of docs/DOMAIN.md).
const (
	textNothing = "Nessun certificato rinnovabile presente nella carta: %s" // T5
	textWindow  = "Rinnovo certificato"                                     // T7
	textRunning = "Rinnovo del certificato in corso, attendere..."          // T13
	textFailed  = "Rinnovo certificato non riuscito"                        // T17
	textDone    = "Certificato rinnovato con successo"                      // T20
)

// heading is the line above the texts of a failure, "" for none. T17 is for a renewal that failed, and so not for a
// certificate that is renewed already or a person who went back.
func heading(f *renewal.Failure) string {
	switch {
	case f.Renewed && f.Step == "login":
		return "La prova di accesso non è riuscita"
	case f.Renewed:
		return "La tessera rinnovata non è stata riletta"
	case f.Step == "", f.Code == failure.AlreadyRenewed, f.Code == failure.Cancelled:
		return ""
	}
	return textFailed
}

// explain returns the texts of a failure, with the address of the newer program.
func (p *program) explain(f *renewal.Failure) catalogue.Explanation {
	e := explain(f)
	if page := p.page(); f.Code == failure.ProgramTooOld && page != "" {
		e.Do += " L’indirizzo è " + page
	}
	return e
}

// explain finds the texts of a failure.
func explain(f *renewal.Failure) catalogue.Explanation {
	e, _ := catalogue.Explain(catalogue.Italian, catalogue.CommandLine, f.Code, f.CardChanged)
	e = e.With(f.Text)
	if f.Reason != "" {
		reason, _ := catalogue.Explain(catalogue.Italian, catalogue.CommandLine, f.Reason, false)
		e.What += " " + reason.What
	}
	if f.Renewed {
		e.Card = catalogue.Renewed(catalogue.Italian)
	}
	if f.Tries != nil && *f.Tries > 0 {
		e.What += " " + terminal.TriesLeft(*f.Tries)
	}
	return e
}
