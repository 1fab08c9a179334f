// SPDX-License-Identifier: EUPL-1.2

// Package recording makes a transcript of a card that may be published: a session that only reads, with placeholders
// of the same length in the place of all that tells the card or its holder from others. It checks such a transcript,
// plays it as a card, and compares it with another card and with the card's model.
package recording

import (
	"bytes"
	"errors"
	"fmt"
	"regexp"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/cns"
	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/transcript"
)

// Source is the kind of card that a recording was made from.
type Source string

// Only a recording of a Card says something about real cards.
const (
	Card     Source = "card"
	Emulator Source = "emulator"
)

// UnknownSeries stands in the header for a card whose sigla the person does not know.
const UnknownSeries = "unknown"

// Keys of the header. A recording has each of them once.
const (
	keySeries  = "series"  // the sigla printed on the card
	keySource  = "source"  // a Source
	keyProgram = "program" // the version that made it
)

// Notes that begin the parts of a recording.
const (
	noteBefore  = "before the application"
	noteSession = "session"
	noteFiles   = "files"
)

var (
	isSigla   = regexp.MustCompile(`^([A-Z][A-Za-z]{1,2}(20[0-9]{2})?|` + UnknownSeries + `)$`).MatchString
	isVersion = regexp.MustCompile(`^[0-9]{1,4}\.[0-9]{1,4}\.[0-9]{1,4}(-[a-z0-9.-]{1,24})?$`).MatchString
)

// ErrHeader is the error for a series or a version that a header cannot hold.
var ErrHeader = errors.New("not a sigla or not a version")

// IsSigla reports whether a text has the form of a sigla, of a known series or not, or is UnknownSeries.
func IsSigla(s string) bool { return isSigla(s) }

// Take reads a card, with nothing but SELECT and READ BINARY, and returns the redacted recording: a session of package
// cns, also where it fails, and then the file control information of every file that a model names. The errors are
// ErrHeader and those of the transport; a card that refuses everything is no error.
func Take(card iso7816.Card, series string, source Source, version string) (*transcript.Transcript, error) {
	raw, err := read(card, series, source, version)
	if err != nil {
		return nil, err
	}
	return Redact(raw), nil
}

// read is Take without the redaction.
func read(card iso7816.Card, series string, source Source, version string) (*transcript.Transcript, error) {
	if !isSigla(series) || !isVersion(version) {
		return nil, ErrHeader
	}
	var text bytes.Buffer
	edge := &readOnly{Card: card}
	rec, err := transcript.NewRecorder(edge, &text, transcript.Secrets,
		transcript.Field{Key: keySeries, Value: series}, transcript.Field{Key: keySource, Value: string(source)},
		transcript.Field{Key: keyProgram, Value: version})
	if err != nil {
		return nil, err
	}
	model, err := cardmodel.Match(card.ATR())
	if err == nil && len(model.Application.Value) > 0 {
		if err := before(rec); err != nil {
			return nil, err
		}
	}
	rec.Note(noteSession)
	if _, err := cns.Open(rec); err != nil && edge.failed != nil {
		return nil, err
	}
	rec.Note(noteFiles)
	if err := survey(rec); err != nil {
		return nil, err
	}
	if err := rec.Err(); err != nil {
		return nil, err
	}
	return transcript.Parse(text.Bytes())
}

// before selects EF_IDCarta on a card just reset, where the model says that an application hides it.
func before(card *transcript.Recorder) error {
	card.Note(noteBefore)
	if err := card.Begin(); err != nil {
		return err
	}
	if err := card.End(true); err != nil {
		return err
	}
	return inTransaction(card, func() error { return selectFCI(card, cardmodel.Path{0x1000, 0x1003}) })
}

// survey selects every file of Places with its file control information.
func survey(card iso7816.Card) error {
	return inTransaction(card, func() error {
		for _, p := range Places() {
			if err := selectFCI(card, p); err != nil {
				return err
			}
		}
		return nil
	})
}

func inTransaction(card iso7816.Card, f func() error) error {
	if err := card.Begin(); err != nil {
		return err
	}
	err := f()
	if end := card.End(false); err == nil {
		err = end
	}
	return err
}

// selectFCI selects a file and asks for its file control information. A refusal by the card is no error.
func selectFCI(card iso7816.Card, p cardmodel.Path) error {
	c := iso7816.Command{INS: iso7816.INSSelect, P1: 0x08, Data: p.Bytes(), Ne: iso7816.NeShort}
	if len(p) == 0 {
		c.P1, c.Data = 0x00, []byte{0x3F, 0x00}
	}
	_, err := iso7816.Do(iso7816.Chain(card, false), c)
	if errors.As(err, new(iso7816.SW)) {
		return nil
	}
	return err
}

// Places returns the files whose presence and form are asked for: those of docs/CARDS.md §2.1, and those of every
// model, whatever the card's own is, each once, in a fixed order.
func Places() []cardmodel.Path {
	list := []cardmodel.Path{nil, {0x2F01}, {0x2F02}, {0x3F01}, {0x3F02}, {0x1000}, {0x1000, 0x1002}, {0x1000, 0x1003},
		{0x1100}, {0x1100, 0x1101}, {0x1100, 0x1102}, {0x1200}, {0x2FFF, 0x8228}}
	seen := map[string]bool{}
	for _, p := range list {
		seen[p.String()] = true
	}
	add := func(p cardmodel.Path) {
		if !seen[p.String()] {
			list, seen[p.String()] = append(list, p), true
		}
	}
	for _, m := range cardmodel.Models() {
		for _, d := range append(m.DFsAtIssue.Value[:len(m.DFsAtIssue.Value):len(m.DFsAtIssue.Value)],
			m.NeededDFs.Value...) {
			add(d.Path)
		}
		for _, s := range m.NewSlots.Value {
			add(s.Certificate)
			add(s.PublicKey)
			add(s.Key.DF)
			add(s.Key.DF.Child(m.TemporaryFile.Value))
		}
	}
	return list
}

// Series returns the sigla in a recording's header, "" if there is none.
func Series(t *transcript.Transcript) string { return header(t, keySeries) }

// MadeFrom returns what a recording was made from, "" if its header does not say it.
func MadeFrom(t *transcript.Transcript) Source { return Source(header(t, keySource)) }

func header(t *transcript.Transcript, key string) string {
	for _, f := range t.Header {
		if f.Key == key {
			return f.Value
		}
	}
	return ""
}

// Session opens a recording as a card. Its errors are those of cns.Open, and ErrNotRecorded.
func Session(t *transcript.Transcript) (*cns.Session, error) {
	s, err := cns.Open(NewCard(t))
	if err != nil {
		return nil, fmt.Errorf("recording: %w", err)
	}
	return s, nil
}
