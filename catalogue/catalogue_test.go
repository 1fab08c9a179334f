// SPDX-License-Identifier: EUPL-1.2

package catalogue_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"rinnova.example/go/catalogue"
	"rinnova.example/go/failure"
)

// operators are the codes that only end a command of the service or of the desk: their numbers are 801 and above.
func operators(c failure.Code) bool { return c.Number() >= 800 }

// commandLine are the codes that the window never shows, because they end the program before its first screen.
var commandLine = []failure.Code{failure.DemoFailed, failure.CardMalformedName, failure.CardFileMissing,
	failure.CardFileMalformed, failure.ClockOnlyEmulated, failure.ClockMalformed, failure.ReplayMalformed, failure.RecordUnwritable,
	failure.RecordingRefused, failure.RecordingUnsaved, failure.SecretMalformed}

// formal finds the polite form in Italian and the familiar one in German.
var formal = map[catalogue.Language]*regexp.Regexp{
	catalogue.Italian: regexp.MustCompile(`(?i)\b(lei|può|si rivolga|esegua|riprovi|inserisca|indichi|chiuda|verifichi|suo lettore|apra|scelga|provi)\b`),
	catalogue.German:  regexp.MustCompile(`(?i)\b(du|dich|dir|dein\w*|kannst|wende|versuche es|prüfe|stecke|wiederhole)\b`),
}

// TestEveryCodeIsExplained: each code has its three texts in each language of its readers.
func TestEveryCodeIsExplained(t *testing.T) {
	for _, c := range failure.All() {
		if operators(c) {
			if catalogue.Operator(c) == "" {
				t.Errorf("%s has no text for an operator", c)
			}
			continue
		}
		for _, l := range catalogue.Languages() {
			if l != catalogue.Italian && slices.Contains(commandLine, c) {
				continue
			}
			for _, s := range []catalogue.Screen{catalogue.Window, catalogue.CommandLine} {
				for _, changed := range []bool{false, true} {
					e, ok := catalogue.Explain(l, s, c, changed)
					if !ok || e.What == "" || e.Card == "" || e.Do == "" {
						t.Errorf("%s in %s on screen %d, card changed %t: %+v", c, l, s, changed, e)
					}
					for _, text := range []string{e.What, e.Card, e.Do} {
						if address := formal[l]; address != nil && address.MatchString(text) {
							t.Errorf("%s in %s addresses its reader as it may not: %s", c, l, text)
						}
					}
				}
			}
		}
	}
	if e, ok := catalogue.Explain(catalogue.Italian, catalogue.Window, "of-another-service", false); ok || e.What != "Il servizio ha rifiutato la richiesta." {
		t.Errorf("a foreign code: %+v, %t", e, ok)
	}
}

// TestCard: the sentence about the card depends on whether the renewal has changed it, and on what was lost.
func TestCard(t *testing.T) {
	const (
		intact  = "La tessera è integra: il certificato attuale è al suo posto e nulla è stato cambiato."
		resumes = "La tessera è integra: il certificato attuale è al suo posto. Il rinnovo riprende da dove si è fermato."
	)
	for _, c := range []struct {
		code    failure.Code
		changed bool
		want    string
	}{
		{failure.ServiceUnreachable, false, intact},
		{failure.ServiceUnreachable, true, resumes},
		{failure.CardBusy, false, intact},
		{failure.CardMute, false, "Nessuna tessera è stata letta."},
		{failure.CardMute, true, resumes},
		{failure.CardCIE, false, "La tessera non è stata cambiata."},
		{failure.PINBlocked, false, "Il certificato attuale è al suo posto, ma finché il PIN è bloccato la tessera non si può usare per accedere."},
		{failure.PUKBlocked, false, "Il certificato attuale è al suo posto; il PUK di questa tessera non si può più usare."},
	} {
		if e, _ := catalogue.Explain(catalogue.Italian, catalogue.Window, c.code, c.changed); e.Card != c.want {
			t.Errorf("%s, changed %t: %s", c.code, c.changed, e.Card)
		}
	}
}

func TestWith(t *testing.T) {
	for _, c := range []struct{ what, said, want string }{
		{"Sono due: {}.", "A e B", "Sono due: A e B."},
		{"Sono due: {}.", "", "Sono due: ?."},
		{"Rifiutato.", "Il servizio lo spiega.", "Il servizio lo spiega."},
		{"Rifiutato.", "", "Rifiutato."},
	} {
		if got := (catalogue.Explanation{What: c.what}).With(c.said).What; got != c.want {
			t.Errorf("%q with %q: %q", c.what, c.said, got)
		}
	}
}

// TestRefusal: the service has a text for each code that it may give, and for no other. malformed-request and
// service-refused are of other services.
func TestRefusal(t *testing.T) {
	for _, c := range failure.All() {
		text := catalogue.Refusal(c)
		foreign := c == failure.MalformedRequest || c == failure.ServiceRefused
		if (text != "") != (c.SaidByService() && !foreign) || len(text) >= 500 {
			t.Errorf("%s: text of %d bytes", c, len(text))
		}
		if m := formal[catalogue.Italian].FindString(text); m != "" {
			t.Errorf("%s says %q: %s", c, m, text)
		}
	}
}

// TestDesk: the desk has the cause of every failure for which a report is saved. None is of a wrong command line.
func TestDesk(t *testing.T) {
	for _, c := range failure.All() {
		d, ok := catalogue.Diagnose(c)
		if !ok && !operators(c) && c.Exit() != failure.ExitUsage && !strings.HasPrefix(string(c), "update-") && !slices.Contains(unreported, c) {
			t.Errorf("%s has no diagnosis", c)
		}
		for _, text := range []string{d.Cause, d.Tell} {
			if !strings.HasSuffix(text, ".") {
				t.Errorf("%s: %q", c, text)
			}
			if m := formal[catalogue.Italian].FindString(text); m != "" {
				t.Errorf("%s says %q: %s", c, m, text)
			}
		}
	}
	for word, known := range map[string]bool{"6A84": true, "6F00": true, "6581": true, "9000": false, "6a84": false, "": false} {
		if d, ok := catalogue.DiagnoseStatusWord(word); ok != known || known && (d.Cause == "" || d.Tell == "") {
			t.Errorf("%s: %+v, %t", word, d, ok)
		}
	}
}

// unreported are the failures that end a program before it uses a card, and those of the report itself and of recordings.
var unreported = []failure.Code{failure.AlreadyOpen, failure.DemoFailed, failure.ReportUnsaved, failure.ReportNoDesk, failure.InternalError,
	failure.RecordingRefused, failure.RecordingUnsaved}
