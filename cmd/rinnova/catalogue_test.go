// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"slices"
	"testing"

	"rinnova.example/go/catalogue"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/failure"
)

// TestStepTexts: every step of a renewal has its texts.
func TestStepTexts(t *testing.T) {
	for _, step := range append(slices.Clone(renewal.Steps), "reinsert", "login") {
		for _, l := range catalogue.Languages() {
			if catalogue.Step(l, step) == "" {
				t.Errorf("the step %s lacks a text in %s", step, l)
			}
		}
		if catalogue.DeskStep(step) == step {
			t.Errorf("the step %s lacks a text for the desk", step)
		}
	}
}

// TestExplain: the texts have the card's loss, the service's words and the number of tries left.
func TestExplain(t *testing.T) {
	two := 2
	for _, c := range []struct {
		f    renewal.Failure
		what string
		card string
	}{
		{renewal.Failure{Code: failure.PINWrong, Tries: &two}, "Il PIN non è corretto. Restano 2 tentativi.",
			"Il certificato attuale è al suo posto; è stato usato un tentativo del PIN."},
		{renewal.Failure{Code: failure.CardAmbiguous, Text: "A; B"}, "È inserita più di una tessera: A; B.",
			"La tessera non è stata cambiata."},
		{renewal.Failure{Code: failure.ServiceRefused, Step: "request", Text: "Non oggi.", CardChanged: true},
			"Non oggi.",
			"La tessera è integra: il certificato attuale è al suo posto. Il rinnovo riprende da dove si è fermato."},
		{renewal.Failure{Code: failure.ServiceUnreachable, Step: "inspect"},
			"Il servizio di rinnovo non è raggiungibile.",
			"La tessera è integra: il certificato attuale è al suo posto e nulla è stato cambiato."},
	} {
		if e := explain(&c.f); e.What != c.what || e.Card != c.card || e.Do == "" {
			t.Errorf("%s: %+v", c.f.Code, e)
		}
	}
}
