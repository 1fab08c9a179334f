// SPDX-License-Identifier: EUPL-1.2

// Package reader finds the card to use among the readers of this computer.
package reader

import (
	"fmt"
	"strings"
	"time"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/pcsc"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/failure"
	"rinnova.example/go/plaintext"
)

// Choices returns the readers among which a person chooses: those whose card may be a health card by its answer to
// reset; if there is none, those whose card does not answer; if there is none of these either, the first that holds
// something.
func Choices(readers []pcsc.Reader) []pcsc.Reader {
	var ours, mute, others []pcsc.Reader
	for _, r := range readers {
		_, err := cardmodel.Match(r.ATR)
		switch {
		case !r.Present:
		case err == nil:
			ours = append(ours, r)
		case r.Mute:
			mute = append(mute, r)
		default:
			others = append(others, r)
		}
	}
	switch {
	case len(ours) > 0:
		return ours
	case len(mute) > 0:
		return mute
	}
	return others[:min(1, len(others))]
}

// Meant returns the name of the reader to use if the person named none. It reads each of several cards, without a
// PIN, and excludes those that are not health cards. Where several remain, the error is a *renewal.Failure that lists
// them by holder, number and expiry. Other errors are pcsc.ErrNoReader and pcsc.ErrNoCard.
func Meant(readers []pcsc.Reader, date func(time.Time) string) (name string, err error) {
	list := Choices(readers)
	switch {
	case len(readers) == 0:
		return "", pcsc.ErrNoReader
	case len(list) == 0:
		return "", pcsc.ErrNoCard
	case len(list) == 1:
		return list[0].Name, nil
	}
	var names, cards []string
	for _, r := range list {
		if card, otherKind := describe(r.Name, date); !otherKind {
			names, cards = append(names, r.Name), append(cards, card)
		}
	}
	switch len(names) {
	case 0:
		return list[0].Name, nil
	case 1:
		return names[0], nil
	}
	return "", &renewal.Failure{Code: failure.CardAmbiguous, Text: strings.Join(cards, "; ")}
}

// describe returns the holder, number and expiry of the card in a reader, or only the reader where it cannot be read.
func describe(reader string, date func(time.Time) string) (text string, otherKind bool) {
	c, err := pcsc.Open(reader)
	if err != nil {
		return reader, false
	}
	defer c.Close()
	i, err := renewal.Identify(c)
	if err != nil {
		return reader, renewal.IsOtherKind(err)
	}
	text = fmt.Sprintf("«%s», %s, %s", reader, plaintext.Line(i.Holder), i.ID)
	if i.NotAfter != nil {
		text += ", certificato fino al " + date(*i.NotAfter)
	}
	return text, false
}
