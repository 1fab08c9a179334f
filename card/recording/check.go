// SPDX-License-Identifier: EUPL-1.2

package recording

import (
	"slices"

	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/transcript"
)

// Reason is a word for what a recording must not have.
type Reason string

// The reasons.
const (
	ReasonHeader  Reason = "header"  // a line that is no field, or a field that is missing or there twice
	ReasonATR     Reason = "atr"     // an answer to reset with text in it, or that is none
	ReasonNote    Reason = "note"    // a text that Take does not write
	ReasonFailure Reason = "failure" // the text of an error
	ReasonCommand Reason = "command" // a command that does not only read, or one that is withheld
	ReasonContent Reason = "content" // bytes that are no placeholders
)

// Finding is a reason why a recording may not be published.
type Finding struct {
	Entry  int    `json:"entry"` // its number in the transcript, from 1; 0 for what stands before
	Reason Reason `json:"reason"`
}

// Check returns what in a transcript is no part of a recording; nothing says that it may be published. It accepts
// exactly what Redact leaves as it is, made from commands that only read. It does not give the bytes that it found.
func Check(t *transcript.Transcript) []Finding {
	var list []Finding
	count := map[string]int{}
	for _, f := range t.Header {
		if count[f.Key]++; !isField(f) {
			list = append(list, Finding{0, ReasonHeader})
		}
	}
	for _, key := range []string{keySeries, keySource, keyProgram} {
		if count[key] != 1 {
			list = append(list, Finding{0, ReasonHeader})
		}
	}
	if _, err := iso7816.Historical(t.ATR); err != nil || hasText(t.ATR) {
		list = append(list, Finding{0, ReasonATR})
	}
	redacted := Redact(t).Entries
	for i, e := range t.Entries {
		if e.Kind == transcript.Note && !isNote(e.Text) {
			list = append(list, Finding{i + 1, ReasonNote})
			continue
		}
		r := redacted[0]
		redacted = redacted[1:]
		switch {
		case e.Failure != r.Failure:
			list = append(list, Finding{i + 1, ReasonFailure})
		case e.Kind == transcript.Exchange && (e.Command.Withheld > 0 || !reads(e.Command.Head)):
			list = append(list, Finding{i + 1, ReasonCommand})
		case e.Response.String() != r.Response.String():
			list = append(list, Finding{i + 1, ReasonContent})
		}
	}
	return slices.Compact(list)
}
