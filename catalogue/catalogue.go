// SPDX-License-Identifier: EUPL-1.2

// Package catalogue has the texts for citizens, clerks and operators, by language, failure code and screen. The
// program says tu in Italian and Sie in German.
package catalogue

import (
	"maps"
	"slices"
	"strings"

	"rinnova.example/go/failure"
)

// Language is a language that people are spoken to in.
type Language string

// Italian is complete; German has what the window shows.
const (
	Italian Language = "it"
	German  Language = "de"
)

// Screen is where a text is read.
type Screen int

// Screens that explain a failure to a citizen. CommandLine names options where the window cannot.
const (
	Window Screen = iota
	CommandLine
)

// Explanation is the text about a failure for a citizen: the event, the state of the card, and the next step. In
// What, {} is the place for the failure's own details: names of cards, of campaigns, a version.
type Explanation struct{ What, Card, Do string }

// card is a sentence about the card, for the end of an explanation.
type card int

const (
	safe       card = iota // the certificate is in its place
	unread                 // no card was read
	untouched              // a card that may not be one of ours
	neither                // two cards
	renewed                // it has the renewed certificate
	pinTried               // a try of the PIN was used
	pinBlocked             // the PIN takes no more tries
	pinOpen                // it has the old PIN or the new one
	pukTried               // a try of the PUK was used
	pukBlocked             // the PUK takes no more tries
)

// sentences are those about a card that the renewal has not changed, and about one that it has.
type sentences struct{ unchanged, changed string }

type entry struct {
	what string
	card card
	do   string
}

type language struct {
	cards       map[card]sentences
	steps       map[string]string // what is shown while one runs
	failures    map[failure.Code]entry
	commandLine map[failure.Code]entry // where it differs from the window's
}

var languages = map[Language]language{Italian: italian, German: german}

// Languages returns the languages, Italian first.
func Languages() []Language {
	all := slices.Sorted(maps.Keys(languages))
	at := slices.Index(all, Italian)
	return append([]Language{Italian}, slices.Delete(all, at, at+1)...)
}

// Renewed is the sentence about a card whose renewal is finished, for any failure after it.
func Renewed(l Language) string { return languages[l].cards[renewed].unchanged }

// Explain returns the texts of a failure. changed means that the renewal, in this run or in an earlier one, has
// changed the card. A code without texts in the language has those of failure.ServiceRefused; the second value is
// then false.
func Explain(l Language, s Screen, code failure.Code, changed bool) (Explanation, bool) {
	t := languages[l]
	e, ok := t.failures[code]
	if own, differs := t.commandLine[code]; s == CommandLine && differs {
		e, ok = own, true
	}
	if !ok {
		e = t.failures[failure.ServiceRefused]
	}
	c := t.cards[e.card].unchanged
	if changed {
		c = t.cards[e.card].changed
	}
	return Explanation{e.what, c, e.do}, ok
}

// With puts the failure's details into their place in What. If What has no such place, said, the service's own
// explanation, replaces What unless it is "".
func (e Explanation) With(said string) Explanation {
	switch {
	case strings.Contains(e.What, "{}"):
		if said == "" {
			said = "?"
		}
		e.What = strings.Replace(e.What, "{}", said, 1)
	case said != "":
		e.What = said
	}
	return e
}

// Operator returns the clause that ends a command of the service or of the desk, in Italian; "" for a code that has
// none.
func Operator(code failure.Code) string { return operator[code] }
