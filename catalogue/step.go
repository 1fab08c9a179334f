// SPDX-License-Identifier: EUPL-1.2

package catalogue

import (
	"maps"
	"slices"
)

// stepTexts are what a step is called under the bar, by language, and in a report to the desk.
type stepTexts struct{ italian, german, desk string }

// steps are the texts of a renewal's steps and of what may follow one. "Generazione chiave in corso ..." is the
// guide's; the texts for the file system and the installation are formed after it.
var steps = map[string]stepTexts{
	"identify": {"Lettura della tessera ...", "Die Karte wird gelesen ...", "lettura della tessera"},
	"inspect":  {"Verifica della rinnovabilità ...", "Die Erneuerbarkeit wird geprüft ...", "verifica della rinnovabilità"},
	"unlock":   {"Verifica del PIN ...", "Die PIN wird geprüft ...", "verifica del PIN"},
	"prepare":  {"Generazione filesystem di firma in corso ...", "Das Signatur-Dateisystem wird erzeugt ...", "filesystem di firma"},
	"generate": {"Generazione chiave in corso ...", "Der Schlüssel wird erzeugt ...", "generazione della chiave"},
	"request":  {"Richiesta del certificato in corso ...", "Das Zertifikat wird beantragt ...", "richiesta del certificato"},
	"check":    {"Controllo del certificato ...", "Das Zertifikat wird geprüft ...", "controllo del certificato"},
	"install":  {"Installazione certificato in corso ...", "Das Zertifikat wird installiert ...", "installazione del certificato"},
	"prove":    {"Prova del nuovo certificato ...", "Das neue Zertifikat wird erprobt ...", "prova del certificato"},
	"confirm":  {"Conferma al servizio ...", "Bestätigung an den Dienst ...", "conferma al servizio"},
	"reinsert": {"Rimuovi la tessera, attendi circa un minuto e inseriscila di nuovo.", "Nehmen Sie die Karte heraus, warten Sie etwa eine Minute und stecken Sie sie wieder ein.", "reinserimento della tessera"},
	"login":    {"Prova di accesso ...", "Probeanmeldung ...", "prova di accesso"},
	"journal":  {"", "", "diario dei rinnovi"},
}

// Step returns what is shown while a step of a renewal runs, "" for a step that has no text.
func Step(l Language, name string) string {
	if l == German {
		return steps[name].german
	}
	return steps[name].italian
}

// DeskStep names a step to the desk, by its own name where it has no text.
func DeskStep(name string) string {
	if s, ok := steps[name]; ok {
		return s.desk
	}
	return name
}

// Steps returns the names of the steps that have a text to show, by name.
func Steps() (names []string) {
	for _, name := range slices.Sorted(maps.Keys(steps)) {
		if steps[name].italian != "" {
			names = append(names, name)
		}
	}
	return names
}
