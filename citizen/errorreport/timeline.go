// SPDX-License-Identifier: EUPL-1.2

package errorreport

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"rinnova.example/go/catalogue"
)

var stateText = map[string]string{
	"started": "iniziata e non finita",
	"done":    "fatta",
	"skipped": "già fatta",
	"waiting": "in attesa del servizio",
	"noted":   "annotazione",
}

// kindText names the messages to the service (RFC 9810 §5.1.2).
var kindText = map[string]string{
	"genm":     "informazioni",
	"kur":      "rinnovo",
	"certConf": "conferma",
	"pollReq":  "nuovo controllo",
}

// Timeline describes the run in Italian: a line for each step and each message, by time.
func (r *Report) Timeline() []string {
	type line struct {
		at   time.Time
		text string
	}
	var lines []line
	for _, s := range r.Steps {
		text := fmt.Sprintf("fase «%s»: %s", catalogue.DeskStep(s.Name), stateText[s.State])
		if s.Code != "" {
			text += " (" + s.Code + ")"
		}
		if s.Ended != nil {
			text += " in " + seconds(s.Ended.Sub(s.Begun))
		}
		if s.Exchanges > 0 {
			var words []string
			for w := range s.StatusWords {
				words = append(words, w)
			}
			slices.Sort(words)
			for i, w := range words {
				words[i] = fmt.Sprintf("%s ×%d", w, s.StatusWords[w])
			}
			exchanges := "scambi"
			if s.Exchanges == 1 {
				exchanges = "scambio"
			}
			text += fmt.Sprintf("; %d %s con la tessera: %s; ultima risposta %s", s.Exchanges, exchanges,
				strings.Join(words, ", "), cmp.Or(s.LastWord, "nessuna"))
		}
		lines = append(lines, line{s.Begun, text})
	}
	for _, q := range r.Requests {
		text := "messaggio al servizio"
		if kind, ok := kindText[q.Kind]; ok {
			text += " (" + kind + ")"
		} else {
			text += " (" + q.Kind + ")"
		}
		if q.Status == 0 {
			text += ": nessuna risposta"
		} else {
			text += fmt.Sprintf(": risposta HTTP %d", q.Status)
		}
		lines = append(lines, line{q.Sent, text + " dopo " + seconds(q.Took) + "; richiesta " + q.ID})
	}
	slices.SortStableFunc(lines, func(a, b line) int { return a.at.Compare(b.at) })
	lines = append(lines, line{r.Created, "errore: " + r.Failure.String()})
	var out []string
	for _, l := range lines {
		out = append(out, l.at.Format("02/01/2006 15:04:05.000 MST")+"  "+l.text)
	}
	return out
}

// seconds formats a duration in Italian style.
func seconds(d time.Duration) string {
	return strings.Replace(fmt.Sprintf("%.1f s", d.Seconds()), ".", ",", 1)
}
