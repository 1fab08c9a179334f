// SPDX-License-Identifier: EUPL-1.2

package errorreport

import (
	"fmt"
	"strings"

	"rinnova.example/go/catalogue"
)

// contents explains each field of the manifest in plain words. The keys are those of manifest.json.
var contents = map[string]string{
	"created":    "Data e ora della segnalazione",
	"program":    "Programma e versione",
	"system":     "Sistema operativo",
	"drivers":    "Driver dei lettori installati",
	"readers":    "Lettori collegati",
	"card":       "Modello della tessera (risposta del chip e serie)",
	"failure":    "Codice dell'errore",
	"findings":   "Diagnosi",
	"steps":      "Fasi del rinnovo, con le ore e le risposte della tessera",
	"requests":   "Numeri delle richieste al servizio di rinnovo",
	"transcript": "Comandi scambiati con la tessera, senza codici e senza il contenuto dei file",
}

// notInside is the last line of the list.
const notInside = "Non contiene PIN, PUK, chiavi, nome, codice fiscale né numero della tessera; " +
	"solo l'assistenza può aprirlo."

// Contents lists the contents of a report, in Italian, one line each, to be read before it is saved.
func (r *Report) Contents() []string {
	var list []string
	say := func(field, format string, a ...any) {
		list = append(list, contents[field]+": "+fmt.Sprintf(format, a...)+".")
	}
	say("created", "%s", r.Created.Format("02/01/2006 15:04 MST"))
	say("program", "%s %s", r.Program.Name, r.Program.Version)
	say("system", "%s", r.System)
	if len(r.Drivers) > 0 {
		say("drivers", "%s", listed(r.Drivers))
	}
	if len(r.Readers) > 0 {
		say("readers", "%s", listed(r.Readers))
	}
	if r.Card != nil {
		say("card", "%s", r.Card)
	}
	if r.Failure.Code != "" {
		say("failure", "%s", r.Failure)
	}
	if len(r.Findings) > 0 {
		say("findings", "%s", listed(r.Findings))
	}
	if len(r.Steps) > 0 {
		say("steps", "%d", len(r.Steps))
	}
	if len(r.Requests) > 0 {
		say("requests", "%d", len(r.Requests))
	}
	if r.Transcript != nil {
		say("transcript", "%d", r.Transcript.Entries)
	}
	return append(list, notInside)
}

func listed[T fmt.Stringer](list []T) string {
	var all []string
	for _, v := range list {
		all = append(all, v.String())
	}
	return strings.Join(all, "; ")
}

func (s System) String() string {
	return strings.TrimSpace(fmt.Sprintf("%s/%s %s", s.OS, s.Arch, s.Release))
}

func (d Driver) String() string { return d.Name + " " + d.Version }

func (r Reader) String() string {
	switch {
	case r.Used:
		return r.Name + " (usato)"
	case r.Card:
		return r.Name + " (con una tessera)"
	}
	return r.Name
}

func (c *Card) String() string {
	s := "ATR " + c.ATR
	if c.Model != "" {
		s += ", modello " + c.Model
	}
	if len(c.Series) > 0 {
		s += ", serie " + strings.Join(c.Series, " o ")
	}
	if c.Emulated {
		s += ", emulata"
	}
	return s
}

func (f Finding) String() string {
	s := catalogue.AreaTitle(catalogue.Italian, catalogue.Area(f.Area)) + ": " +
		catalogue.LevelWord(catalogue.Italian, f.Level)
	if reason := string(f.Code) + f.Note; reason != "" {
		s += " (" + reason + ")"
	}
	return s
}

func (f Failure) String() string {
	s := string(f.Code)
	if f.Step != "" {
		s += ", nella fase «" + catalogue.DeskStep(f.Step) + "»"
	}
	if f.StatusWord != "" {
		s += ", risposta della tessera " + f.StatusWord
	}
	if f.Tries != nil {
		s += fmt.Sprintf(", tentativi rimasti %d", *f.Tries)
	}
	return s
}
