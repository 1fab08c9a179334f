// SPDX-License-Identifier: EUPL-1.2

package errorreport

import (
	"bytes"
	"fmt"

	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/transcript"
)

// Difference is a command that a card answered with another status word than the transcript has.
type Difference struct {
	Entry    int    // from 1
	Step     string // in which it stands, "" before the first
	Command  string
	Recorded string // status word, or "gone", "failed"
	Played   string
}

// Replay sends the commands of a transcript to a card, such as a fresh emulated one, and compares status
// words, and nothing else. Data that are withheld are made by fill, which gets the command, their number,
// and the status word that the citizen's card gave; nil stands for bytes 00. It returns how many commands
// were compared, and the differences.
func Replay(t *transcript.Transcript, card iso7816.Card,
	fill func(command transcript.Bytes, statusWord string) []byte) (int, []Difference) {
	var (
		list []Difference
		step string
		n    int
	)
	for i, e := range t.Entries {
		switch {
		case e.Kind == transcript.Note:
			_, _ = fmt.Sscanf(e.Text, "step %s", &step)
		case e.Kind == transcript.Exchange:
			want := statusWord(e)
			if want == "" {
				want = e.Failure
			}
			got := "failed"
			if response, err := card.Transmit(command(e.Command, fill(e.Command, want))); err == nil &&
				len(response) >= 2 {
				got = fmt.Sprintf("%X", response[len(response)-2:])
			}
			if n++; got != want {
				list = append(list, Difference{i + 1, step, e.Command.String(), want, got})
			}
		case e.Kind == transcript.Begin:
			_ = card.Begin() // one that fails shows in the commands behind it
		default:
			_ = card.End(e.Kind == transcript.EndReset)
		}
	}
	return n, list
}

// command puts a command together again.
func command(b transcript.Bytes, data []byte) []byte {
	all := bytes.Clone(b.Head)
	hidden := make([]byte, b.Withheld)
	copy(hidden, data)
	return append(append(all, hidden...), b.Tail...)
}
