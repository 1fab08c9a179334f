// SPDX-License-Identifier: EUPL-1.2

package errorreport

import (
	"fmt"
	"regexp"
	"strings"

	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/transcript"
)

// Patterns of the parts that plain withholds from a text from outside, such as a reader's name.
var (
	// A codice fiscale, also one with letters in place of digits, as issued where two persons would have the same.
	codiceFiscale = regexp.MustCompile(`(?i)[A-Z]{6}[0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{2}[A-Z][0-9LMNPQRSTUV]{3}[A-Z]`)
	// A path, an address or a mail address: a word that contains one of their separators.
	located = regexp.MustCompile(`[^ ()\[\]]*[/\\@][^ ()\[\]]*`)
	// A card number, a PIN, a PUK or a device's serial number.
	number = regexp.MustCompile(`[0-9]{5,}`)
)

// plain returns a text from outside as one line of at most 100 printable ASCII characters. It replaces each part that
// may be a codice fiscale, a path, an address or a number of five digits or more by an ellipsis in brackets. It
// returns "" if nothing is left.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r > '~' {
			return ' '
		}
		return r
	}, s)
	for _, secret := range []*regexp.Regexp{codiceFiscale, located, number} {
		s = secret.ReplaceAllString(s, "[...]")
	}
	s = strings.Join(strings.Fields(s), " ")
	return strings.TrimSpace(s[:min(len(s), 100)])
}

// Instructions of ISO/IEC 7816-4, -8 and -9 whose data describe the card's file system: paths, sizes, access
// conditions, key references. The data of every other command are withheld, even if the recorder kept them.
var arrangement = map[byte]bool{
	iso7816.INSSelect:                    true,
	iso7816.INSCreateFile:                true,
	iso7816.INSDeleteFile:                true,
	iso7816.INSManageSecurityEnvironment: true,
	iso7816.INSGenerateKeyPair:           true,
}

// ownNote is a note that the Collector wrote.
var ownNote = regexp.MustCompile(`^step [a-z][a-z0-9-]{0,39} (started|done|skipped|waiting|noted)$`)

// redact returns the part of a transcript that may leave the computer: no header, only our own notes, failures
// without their text, the status words of responses, and the data of the commands in arrangement.
func redact(t *transcript.Transcript) *transcript.Transcript {
	out := &transcript.Transcript{ATR: t.ATR}
	for _, e := range t.Entries {
		switch e.Kind {
		case transcript.Note:
			if !ownNote.MatchString(e.Text) {
				continue
			}
		case transcript.Exchange:
			e.Command = hideData(e.Command)
			e.Response = hideAnswer(e.Response)
		}
		e.Failure, _, _ = strings.Cut(e.Failure, ":")
		out.Entries = append(out.Entries, e)
	}
	return out
}

// hideData withholds a command's data field. Of bytes that are not an APDU it withholds all but the first four
// (ISO/IEC 7816-4 §5.2).
func hideData(b transcript.Bytes) transcript.Bytes {
	h := b.Head
	if b.Withheld > 0 && len(h) <= 7 && len(b.Tail) <= 3 || b.Withheld == 0 && len(h) <= 5 {
		return b // already withheld by the recorder, or a header, perhaps with Le
	}
	start, length := 5, 0
	if b.Withheld == 0 {
		if length = int(h[4]); length == 0 && len(h) >= 7 { // extended lengths
			start, length = 7, int(h[5])<<8|int(h[6])
			if len(h) == 7 {
				return b // the last byte is Le
			}
		}
	}
	end := start + length
	switch {
	case length == 0 || end > len(h) || len(h)-end > 3:
		start = min(4, len(h))
		return transcript.Bytes{Head: h[:start], Withheld: b.Len() - start}
	case h[0] == 0x00 && arrangement[h[1]] && length <= 64:
		return b
	}
	return transcript.Bytes{Head: h[:start], Withheld: length, Tail: h[end:]}
}

// hideAnswer withholds all of a response but the status word.
func hideAnswer(b transcript.Bytes) transcript.Bytes {
	n := b.Len()
	if n <= 2 {
		return b
	}
	end := b.Tail
	if len(end) < 2 {
		end = b.Head
	}
	if len(end) < 2 {
		return transcript.Bytes{Withheld: n}
	}
	return transcript.Bytes{Withheld: n - 2, Tail: end[len(end)-2:]}
}

// statusWord returns the status word of a response, "" where it is withheld or absent.
func statusWord(e transcript.Entry) string {
	b := e.Response.Tail
	if e.Response.Withheld == 0 {
		b = e.Response.Head
	}
	if e.Kind != transcript.Exchange || e.Failure != "" || len(b) < 2 {
		return ""
	}
	return fmt.Sprintf("%X", b[len(b)-2:])
}
