// SPDX-License-Identifier: EUPL-1.2

package catalogue

import (
	"maps"
	"slices"
)

// deskSteps name the steps of a renewal, and those that may follow it, in a report to the desk.
var deskSteps = map[string]string{
	"identify": "lettura della tessera",
	"inspect":  "verifica della rinnovabilità",
	"unlock":   "verifica del PIN",
	"prepare":  "filesystem di firma",
	"generate": "generazione della chiave",
	"request":  "richiesta del certificato",
	"check":    "controllo del certificato",
	"install":  "installazione del certificato",
	"prove":    "prova del certificato",
	"confirm":  "conferma al servizio",
	"reinsert": "reinserimento della tessera",
	"login":    "prova di accesso",
	"journal":  "diario dei rinnovi",
}

// remarks have the texts of a run's remarks, which do not stop it, on the command line.
var remarks = map[string]string{
	"journal-unreadable": "Il diario dei rinnovi su questo computer non è leggibile: si procede senza.",
	"minimum-version-malformed": "Il servizio indica una versione minima del programma che non si comprende: si " +
		"procede senza tenerne conto.",
	"journal-unwritable": "Il diario dei rinnovi su questo computer non è scrivibile: si procede senza.",
}

// Remark returns the text of a remark of a run, "" for one without a text.
func Remark(code string) string { return remarks[code] }

// Step returns the text shown while a step of a renewal runs, "" for a step without one.
func Step(l Language, name string) string { return languages[l].steps[name] }

// DeskStep names a step to the desk, by its own name where it has no text.
func DeskStep(name string) string {
	if s, ok := deskSteps[name]; ok {
		return s
	}
	return name
}

// Steps returns the names of the steps that have a text to show, by name.
func Steps() []string { return slices.Sorted(maps.Keys(italian.steps)) }
