// SPDX-License-Identifier: EUPL-1.2

// Package transcript keeps exchanges with a card as text: a Recorder writes them while they happen,
// without codes and keys, and a Replay is a card that plays them again, strictly.
//
// A transcript is lines of UTF-8, each ended by a line feed:
//
//	# transcript: 1          the format, always the first line
//	# key: value             header lines
//	@ 3BFF18…                the answer to reset
//	; text                   a note
//	* begin                  a transaction; its end is "* end" or "* end reset"
//	> 00A40000023F00         a command APDU
//	< 9000                   its response, or
//	! gone: text             its failure: "gone" if card or reader went away, else "failed"
//
// Bytes are upper-case hexadecimal. Bytes that are withheld stand as their number in brackets:
// "> 0020001008[8]", "< [22]9000". A transaction line, too, may be followed by a failure.
package transcript

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"rinnova.example/go/plaintext"
)

// Transcript is a parsed transcript. What Parse returns encodes again to the same bytes.
type Transcript struct {
	Header  []Field
	ATR     []byte
	Entries []Entry
}

// Field is one header line. The key is lower-case letters, digits and hyphens.
type Field struct{ Key, Value string }

// Kind is the kind of an entry.
type Kind byte

// The kinds of entries.
const (
	Note     Kind = ';'
	Exchange Kind = '>'
	Begin    Kind = 'b'
	End      Kind = 'e'
	EndReset Kind = 'r'
)

var transactionText = map[Kind]string{Begin: "begin", End: "end", EndReset: "end reset"}

// Entry is a note, an exchange or a transaction's begin or end.
type Entry struct {
	Kind     Kind
	Text     string // of a note
	Command  Bytes  // of an exchange
	Response Bytes  // of an exchange without a failure
	Failure  string // of anything but a note: "gone" or "failed", and ": " with a text or nothing
}

// Bytes is a command or a response of which a part may be withheld.
type Bytes struct {
	Head     []byte // what stands before the withheld part, or everything
	Withheld int    // number of bytes withheld
	Tail     []byte
}

// Len returns the number of bytes, those withheld among them.
func (b Bytes) Len() int { return len(b.Head) + b.Withheld + len(b.Tail) }

func (b Bytes) String() string {
	s := strings.ToUpper(hex.EncodeToString(b.Head))
	if b.Withheld > 0 {
		s += "[" + strconv.Itoa(b.Withheld) + "]" + strings.ToUpper(hex.EncodeToString(b.Tail))
	}
	return s
}

const format = "# transcript: 1\n"

// Encode returns the transcript's text.
func (t *Transcript) Encode() []byte {
	b := appendHead(nil, t.Header, t.ATR)
	for _, e := range t.Entries {
		b = e.appendCall(b)
		b = e.appendOutcome(b)
	}
	return b
}

func appendHead(b []byte, header []Field, atr []byte) []byte {
	b = append(b, format...)
	for _, f := range header {
		b = fmt.Appendf(b, "# %s: %s\n", f.Key, f.Value)
	}
	return fmt.Appendf(b, "@ %X\n", atr)
}

// appendCall appends the part of an entry that is known before the card answers.
func (e Entry) appendCall(b []byte) []byte {
	switch e.Kind {
	case Note:
		return fmt.Appendf(b, "; %s\n", e.Text)
	case Exchange:
		return fmt.Appendf(b, "> %s\n", e.Command)
	}
	return fmt.Appendf(b, "* %s\n", transactionText[e.Kind])
}

func (e Entry) appendOutcome(b []byte) []byte {
	if e.Failure != "" {
		return fmt.Appendf(b, "! %s\n", e.Failure)
	}
	if e.Kind == Exchange {
		return fmt.Appendf(b, "< %s\n", e.Response)
	}
	return b
}

// ErrFormat is the error for a text that is no transcript. It names the line, and nothing of its content.
var ErrFormat = errors.New("not a transcript")

// Parse reads a transcript and refuses every text that Encode would not write: another order of lines,
// lower-case digits, spaces at the end, a last line that is cut.
func Parse(text []byte) (*Transcript, error) {
	body, ok := bytes.CutPrefix(text, []byte(format))
	if !ok {
		return nil, fmt.Errorf("%w: line 1 is not %q", ErrFormat, strings.TrimSuffix(format, "\n"))
	}
	t := &Transcript{}
	open := false // the last entry is an exchange without an outcome
	for n := 2; len(body) > 0; n++ {
		line, rest, ended := bytes.Cut(body, []byte("\n"))
		body = rest
		bad := func(why string) error { return fmt.Errorf("%w: line %d: %s", ErrFormat, n, why) }
		if !ended {
			return nil, bad("cut short")
		}
		if len(line) < 3 || line[1] != ' ' {
			return nil, bad("unknown kind of line")
		}
		s := string(line[2:])
		if (t.ATR == nil) != (line[0] == '#' || line[0] == '@') {
			return nil, bad("the header ends with the answer to reset, once")
		}
		if open && line[0] != '<' && line[0] != '!' {
			return nil, bad("a command without a response")
		}
		switch line[0] {
		case '#':
			key, value, _ := strings.Cut(s, ": ")
			if !isKey(key) || !isText(value) {
				return nil, bad("not a key and a value")
			}
			t.Header = append(t.Header, Field{key, value})
		case '@':
			if t.ATR, ok = parseHex(s); !ok {
				return nil, bad("not bytes")
			}
		case ';':
			if !isText(s) {
				return nil, bad("not a text")
			}
			t.Entries = append(t.Entries, Entry{Kind: Note, Text: s})
		case '*':
			e := Entry{}
			for kind, text := range transactionText {
				if s == text {
					e.Kind = kind
				}
			}
			if e.Kind == 0 {
				return nil, bad("neither begin nor end of a transaction")
			}
			t.Entries = append(t.Entries, e)
		case '>':
			b, ok := parseBytes(s)
			if !ok {
				return nil, bad("not bytes")
			}
			t.Entries, open = append(t.Entries, Entry{Kind: Exchange, Command: b}), true
		case '<':
			b, ok := parseBytes(s)
			if !ok || !open {
				return nil, bad("not the response to a command")
			}
			t.Entries[len(t.Entries)-1].Response, open = b, false
		case '!':
			if !isFailure(s) || !open && !t.mayFail() {
				return nil, bad("not the failure of a command or transaction")
			}
			t.Entries[len(t.Entries)-1].Failure, open = s, false
		default:
			return nil, bad("unknown kind of line")
		}
	}
	if t.ATR == nil || open {
		return nil, fmt.Errorf("%w: it ends before it is complete", ErrFormat)
	}
	return t, nil
}

// mayFail reports whether the last entry is a transaction's that has not failed yet.
func (t *Transcript) mayFail() bool {
	if len(t.Entries) == 0 {
		return false
	}
	last := t.Entries[len(t.Entries)-1]
	return transactionText[last.Kind] != "" && last.Failure == ""
}

func parseHex(s string) ([]byte, bool) {
	b, err := hex.DecodeString(s)
	return b, err == nil && len(b) > 0 && s == strings.ToUpper(s)
}

// maxWithheld is larger than any APDU, in bytes.
const maxWithheld = 1 << 17

func parseBytes(s string) (Bytes, bool) {
	head, rest, found := strings.Cut(s, "[")
	if !found {
		b, ok := parseHex(head)
		return Bytes{Head: b}, ok
	}
	number, tail, found := strings.Cut(rest, "]")
	n, err := strconv.Atoi(number)
	if !found || err != nil || n < 1 || n > maxWithheld || strconv.Itoa(n) != number {
		return Bytes{}, false
	}
	b := Bytes{Withheld: n}
	okHead, okTail := head == "", tail == ""
	if !okHead {
		b.Head, okHead = parseHex(head)
	}
	if !okTail {
		b.Tail, okTail = parseHex(tail)
	}
	return b, okHead && okTail
}

func isKey(s string) bool {
	return s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// isText reports whether a text can stand at the end of a line and is parsed as the same text.
func isText(s string) bool { return s != "" && s == line(s) }

// line returns a text of one line: an end of a line becomes a blank, and none is at the ends.
func line(s string) string {
	return strings.TrimSpace(plaintext.Line(strings.NewReplacer("\r\n", " ", "\n", " ", "\t", " ").Replace(s)))
}

const (
	failureGone   = "gone"
	failureOther  = "failed"
	failureSpacer = ": "
)

func isFailure(s string) bool {
	word, text, found := strings.Cut(s, failureSpacer)
	return (word == failureGone || word == failureOther) && (!found || isText(text))
}
