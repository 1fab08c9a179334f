// SPDX-License-Identifier: EUPL-1.2

package terminal

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"rinnova.example/go/citizen/renewal"
)

// Texts about the keypad of a reader.
const (
	textUnable = "Il lettore ha una tastiera, ma non può chiedere questo codice: scrivilo sulla tastiera del computer."
	textOffer  = "Premi Invio per scrivere sul lettore, o scrivi qui il codice"
	textRules  = "Del nuovo PIN il programma non vede nulla: niente sequenze, ripetizioni, date di nascita o parti " +
		"del codice fiscale e del numero della tessera."
	textHidden = "Il lettore ha una tastiera: il codice scritto lì non passa dal computer."
)

// asked has, by the code of a renewal.Typing, what the reader asks.
var asked = map[string]string{
	"pin":         "il PIN",
	"puk":         "il PUK, non il PIN",
	"pin-change":  "il PIN di adesso, poi due volte il nuovo PIN",
	"pin-unblock": "il PUK, poi due volte il nuovo PIN",
}

// AtReader says what a person types at the keypad of the reader, "" for an event other than renewal.Typing.
func AtReader(e renewal.Event) string {
	if e.State != renewal.Typing {
		return ""
	}
	return fmt.Sprintf("Scrivi sul lettore %s, e conferma con il suo tasto: hai %d secondi. Per fermarti usa il tasto "+
		"di annullamento del lettore.", asked[e.Code], int(e.For.Seconds()))
}

// Hear says what is typed at the reader when the reader asks for it.
func (p *Person) Hear(e renewal.Event) {
	if text := AtReader(e); text != "" {
		p.before()
		fmt.Fprintln(p.Out, text)
	}
}

// atReader offers the keypad of the reader. An empty line takes it; a code is one typed at the computer.
func (p *Person) atReader(ctx context.Context, label string, r renewal.CodeRequest) ([]byte, error) {
	switch r.Task {
	case renewal.TaskRenewal:
		var times []string
		if r.Pinpad.PUKs > 0 {
			times = append(times, "il PUK "+timesOf(r.Pinpad.PUKs))
		}
		times = append(times, "il PIN "+timesOf(r.Pinpad.PINs))
		fmt.Fprintf(p.Out, "%s Di norma lo chiederà: %s.\n", textHidden, strings.Join(times, ", poi "))
	default:
		fmt.Fprintf(p.Out, "%s Chiederà %s.\n%s\n", textHidden, asked[string(r.Task)], textRules)
	}
	code, err := p.hidden(ctx, textOffer+" ("+label+")")
	if errors.Is(err, renewal.ErrCancelled) { // an empty line
		return nil, nil
	}
	return code, err
}

func timesOf(n int) string {
	if n == 1 {
		return "una volta"
	}
	return fmt.Sprintf("%d volte", n)
}
