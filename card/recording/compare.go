// SPDX-License-Identifier: EUPL-1.2

package recording

import (
	"bytes"
	"errors"
	"fmt"

	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/transcript"
)

// Difference is a command that another card answers otherwise than the recorded one.
type Difference struct {
	Entry    int    // its number in the transcript, from 1
	Command  string // hexadecimal
	Recorded string // the answer: hexadecimal, or the number of bytes withheld and the status word
	Played   string
}

// Compare sends the commands of a recording to another card in their order and compares the answers: every byte, and
// of what is withheld the length. It sends no command that does not only read. It returns the number of commands that
// it compared.
func Compare(t *transcript.Transcript, card iso7816.Card) (int, []Difference) {
	compared, list := 0, []Difference(nil)
	whole := map[int]exchange{}
	for _, x := range exchanges(t) {
		whole[x.entries[0]] = x
	}
	card = iso7816.Chain(&readOnly{Card: card}, false)
	for i, e := range t.Entries {
		x, first := whole[i]
		switch {
		case e.Kind == transcript.Begin:
			_ = card.Begin() // an error shows in the next commands
		case e.Kind == transcript.End, e.Kind == transcript.EndReset:
			_ = card.End(e.Kind == transcript.EndReset)
		case first && e.Failure == "":
			compared++
			want := t.Entries[x.entries[len(x.entries)-1]].Response.String()
			if x.known {
				want = fmt.Sprintf("%X%s", x.data, word(x.sw))
			}
			data, err := iso7816.Do(card, x.command)
			if got := answered(data, err); !same(t, x, data, err) {
				list = append(list, Difference{i + 1, e.Command.String(), want, got})
			}
		}
	}
	return compared, list
}

// answered is a card's answer as text.
func answered(data []byte, err error) string {
	sw := iso7816.SWOK
	if err != nil && !errors.As(err, &sw) {
		return "no answer"
	}
	return fmt.Sprintf("%X%s", data, word(sw))
}

// same reports whether an answer is that of an exchange.
func same(t *transcript.Transcript, x exchange, data []byte, err error) bool {
	sw := iso7816.SWOK
	if err != nil && !errors.As(err, &sw) || sw != x.sw {
		return false
	}
	if x.known {
		return bytes.Equal(data, x.data)
	}
	n := 0
	for _, i := range x.entries {
		n += max(t.Entries[i].Response.Len()-2, 0)
	}
	return len(data) == n
}
