// SPDX-License-Identifier: EUPL-1.2

package errorreport

import (
	"bytes"
	"fmt"

	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/transcript"
)

// Difference is a command whose status word differs from the transcript's.
type Difference struct {
	Entry    int    // its number in the transcript, from 1
	Step     string // the step of the command, "" before the first step
	Command  string
	Recorded string // the transcript's status word, or "gone", "failed"
	Played   string
}

// Replay sends the commands of a transcript to a card, such as a new emulated one, and compares only the status
// words. fill supplies withheld data: it gets the command, whose data have a known length, and the status word of the
// citizen's card. If fill returns nil, the data are bytes 00. Replay returns the number of commands compared, and the
// differences.
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
			_ = card.Begin() // an error shows in the next commands
		default:
			_ = card.End(e.Kind == transcript.EndReset)
		}
	}
	return n, list
}

// command assembles a command from its head, data and tail.
func command(b transcript.Bytes, data []byte) []byte {
	all := bytes.Clone(b.Head)
	hidden := make([]byte, b.Withheld)
	copy(hidden, data)
	return append(append(all, hidden...), b.Tail...)
}
