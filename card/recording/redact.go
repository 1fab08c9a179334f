// SPDX-License-Identifier: EUPL-1.2

package recording

import (
	"bytes"
	"slices"
	"strings"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/transcript"
)

// Redact returns a transcript in which nothing is left that tells a card or its holder from others of its kind. These
// stay: the answer to reset, commands, status words, lengths, file control information, the structure of
// certificates, and the year of their dates. Placeholders of the same length, which depend on nothing but length and
// kind, replace the card's number, the holder's data, and in certificates all names, addresses, serial numbers, keys,
// hashes and signatures. Of a file of any other form the padding stays. Where it is not known which bytes of
// which file were read, they are withheld. What Redact returned it returns unchanged.
func Redact(t *transcript.Transcript) *transcript.Transcript {
	out := &transcript.Transcript{ATR: t.ATR}
	for _, f := range t.Header {
		if isField(f) {
			out.Header = append(out.Header, f)
		}
	}
	list := exchanges(t)
	files := contents(list)
	for p, b := range files {
		files[p] = content(p.file, b)
	}
	answers := map[int]transcript.Bytes{}
	for _, x := range list {
		x.answers(t, files, answers)
	}
	for i, e := range t.Entries {
		switch e.Kind {
		case transcript.Note:
			if !isNote(e.Text) {
				continue
			}
		case transcript.Exchange:
			e.Response = answers[i]
			if !reads(e.Command.Head) || e.Command.Withheld > 0 {
				e.Command = transcript.Bytes{Head: e.Command.Head[:min(4, len(e.Command.Head))],
					Withheld: e.Command.Len() - min(4, len(e.Command.Head))}
			}
		}
		e.Failure, _, _ = strings.Cut(e.Failure, ":")
		out.Entries = append(out.Entries, e)
	}
	return out
}

// isField reports whether a header line has a key and a value of a recording.
func isField(f transcript.Field) bool {
	switch f.Key {
	case keySeries:
		return isSigla(f.Value)
	case keySource:
		return Source(f.Value) == Card || Source(f.Value) == Emulator
	case keyProgram:
		return isVersion(f.Value)
	}
	return false
}

func isNote(text string) bool {
	return slices.Contains([]string{noteBefore, noteSession, noteFiles}, text)
}

// answers puts the redacted responses of an exchange into a map by their entries.
func (x exchange) answers(t *transcript.Transcript, files map[place][]byte, to map[int]transcript.Bytes) {
	var shown []byte
	from, read := x.offset()
	switch {
	case !x.known:
	case x.command.INS == iso7816.INSSelect:
		shown = control(x.data)
	case read && from+len(x.data) <= len(files[x.at]):
		shown = files[x.at][from : from+len(x.data)]
	}
	for _, i := range x.entries {
		r := t.Entries[i].Response
		n := max(r.Len()-2, 0)
		tail := r.Tail
		if r.Withheld == 0 && len(r.Head) >= 2 {
			tail = r.Head[len(r.Head)-2:]
		}
		switch {
		case r.Len() == 0 || n == 0 && r.Withheld == 0:
			to[i] = r
		case len(tail) != 2:
			to[i] = transcript.Bytes{Withheld: r.Len()}
		case n > len(shown):
			to[i], shown = transcript.Bytes{Withheld: n, Tail: tail}, nil
		default:
			to[i], shown = transcript.Bytes{Head: slices.Concat(shown[:n], tail)}, shown[n:]
		}
	}
}

// parameters are the tags of file control information that stay, with their greatest length in bytes (docs/CARDS.md
// §2.5). The value of another tag, of a longer one, and of one that has text in it become zeros.
var parameters = map[uint32]int{0x80: 4, 0x81: 4, 0x82: 6, 0x83: 2, 0x85: 8, 0x86: 32, 0x88: 1, 0x8A: 1, 0xCB: 32}

// control redacts the file control information that answers a SELECT. It returns nil for bytes of another form.
func control(data []byte) []byte {
	t, rest, err := iso7816.CutTLV(data)
	list := fci(data)
	if err != nil || len(rest) > 0 || list == nil {
		return nil
	}
	var out []byte
	for _, p := range list {
		most, stays := parameters[p.Tag]
		if p.Tag == 0x84 {
			most, stays = 16, isApplication(p.Value)
		}
		value := p.Value
		if !stays || len(value) > most || p.Tag != 0x84 && hasText(value) {
			value = make([]byte, len(value))
		}
		out = iso7816.AppendTLV(out, p.Tag, value)
	}
	return iso7816.AppendTLV(nil, t.Tag, out)
}

// isApplication reports whether a model has an application of that name.
func isApplication(name []byte) bool {
	return slices.ContainsFunc(cardmodel.Models(), func(m *cardmodel.Model) bool {
		return len(name) > 0 && bytes.Equal(m.Application.Value, name)
	})
}

// shortest is how many letters and digits in a row are taken for text.
const shortest = 5

// hasText reports whether bytes have letters or digits of ASCII in a row.
func hasText(b []byte) bool {
	n := 0
	for _, c := range b {
		if n++; !isLetter(c) && !isDigit(c) {
			n = 0
		}
		if n >= shortest {
			return true
		}
	}
	return false
}

func isLetter(c byte) bool { return c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z' }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
