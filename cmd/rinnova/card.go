// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/emulator"
	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/pcsc"
	"rinnova.example/go/card/transcript"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/failure"
	"rinnova.example/go/plaintext"
)

// opened is a card that was opened by its text, and how to have it back after it was taken out.
type opened struct {
	iso7816.Card
	reader   string // as PC/SC names it, "" for the others
	emulated bool
	reinsert func(context.Context) (iso7816.Card, error)
	closers  []io.Closer
}

// Close lets the card go.
func (o *opened) Close() {
	for i := len(o.closers) - 1; i >= 0; i-- {
		o.closers[i].Close()
	}
}

// open opens the card that --card names.
func (p *program) open() (*opened, error) {
	kind, name, _ := strings.Cut(p.Card, ":")
	o := &opened{}
	var err error
	switch {
	case p.Card == "" || kind == "pcsc" && name != "":
		err = p.openReader(o, name)
	case kind == "emulated" && name != "":
		o.emulated = true
		err = openEmulated(o, name)
	case kind == "replay" && name != "":
		err = openReplay(o, name)
	default:
		err = misused(failure.CardMalformedName, nil)
	}
	if err == nil && p.Clock != "" && !o.emulated {
		err = misused(failure.ClockOnlyEmulated, nil)
	}
	if err == nil && p.Record != "" {
		err = p.record(o)
	}
	if err != nil {
		o.Close()
		return nil, err
	}
	return o, nil
}

func (p *program) openReader(o *opened, name string) error {
	if name == "" {
		readers, err := pcsc.Readers()
		if err != nil {
			return cardFailure(err)
		}
		if len(readers) == 0 {
			return cardFailure(pcsc.ErrNoReader)
		}
		if name, err = p.onlyCard(choices(readers)); err != nil {
			return err
		}
	}
	c, err := pcsc.Open(name)
	if err != nil {
		return cardFailure(err)
	}
	o.Card, o.reader, o.closers = c, c.Reader(), append(o.closers, c)
	o.reinsert = func(ctx context.Context) (iso7816.Card, error) { return p.reinserted(ctx, o) }
	return nil
}

// choices are the readers among which a person chooses: those whose card may be a health card by its answer to reset;
// without any, those whose card does not answer; without any, the first that holds something.
func choices(readers []pcsc.Reader) []pcsc.Reader {
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

// onlyCard returns the reader whose card is meant. Several cards are read, without a PIN, so that the failure tells
// them apart by holder, number and expiry.
func (p *program) onlyCard(readers []pcsc.Reader) (name string, err error) {
	var names, cards []string
	for _, r := range readers {
		names = append(names, r.Name)
	}
	if len(names) > 1 {
		names = nil
		for _, r := range readers {
			card, otherKind := identity(r.Name)
			if !otherKind {
				names, cards = append(names, r.Name), append(cards, card)
			}
		}
	}
	switch len(names) {
	case 0:
		if len(readers) > 0 {
			return readers[0].Name, nil
		}
		return "", cardFailure(pcsc.ErrNoCard)
	case 1:
		return names[0], nil
	}
	f := misused(failure.CardAmbiguous, nil).(*renewal.Failure)
	f.Text = strings.Join(cards, "; ")
	return "", f
}

// identity tells of the card in a reader what a person knows it by, or the reader alone where it cannot be read.
func identity(reader string) (text string, otherKind bool) {
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
		text += ", certificato fino al " + dates(*i.NotAfter)
	}
	return text, false
}

// reinserted waits until the card left the reader and is back.
func (p *program) reinserted(ctx context.Context, o *opened) (iso7816.Card, error) {
	o.closers[0].Close() // the connection, under whatever was put round it
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	gone := false
	for readers := range pcsc.Watch(ctx) {
		present := false
		for _, r := range readers {
			present = present || r.Name == o.reader && r.Present && !r.Mute
		}
		if !present {
			gone = true
			continue
		}
		if gone {
			c, err := pcsc.Open(o.reader)
			if err != nil {
				return nil, cardFailure(err)
			}
			o.closers = append(o.closers, c)
			return c, nil
		}
	}
	return nil, ctx.Err()
}

// cardFailure gives the reader's errors their codes.
func cardFailure(err error) error {
	var code failure.Code
	switch {
	case errors.Is(err, pcsc.ErrNoService):
		code = failure.NoSmartCardService
	case errors.Is(err, pcsc.ErrNotPermitted):
		code = failure.NotPermitted
	case errors.Is(err, pcsc.ErrNoReader):
		code = failure.NoReader
	case errors.Is(err, pcsc.ErrNoCard), errors.Is(err, iso7816.ErrCardGone):
		code = failure.NoCard
	case errors.Is(err, pcsc.ErrBusy), errors.Is(err, emulator.ErrInUse):
		code = failure.CardBusy
	default:
		return err
	}
	return &renewal.Failure{Code: code, Err: err}
}

func openEmulated(o *opened, name string) error {
	var c *emulator.Card
	var err error
	if _, _, ok := cardmodel.BySeries(name); ok {
		c, err = emulator.Demo(name, rand.Reader)
	} else {
		c, err = emulator.Open(name)
	}
	if err != nil {
		if errors.Is(err, os.ErrNotExist) {
			return misused(failure.CardFileMissing, err)
		}
		if errors.Is(err, emulator.ErrState) {
			return misused(failure.CardFileMalformed, err)
		}
		return cardFailure(err)
	}
	o.Card, o.closers = c, append(o.closers, c)
	o.reinsert = func(context.Context) (iso7816.Card, error) { c.Reset(); return c, nil }
	return nil
}

func openReplay(o *opened, name string) error {
	b, err := os.ReadFile(name)
	if err != nil {
		return misused(failure.CardFileMissing, err)
	}
	t, err := transcript.Parse(b)
	if err != nil {
		return misused(failure.ReplayMalformed, err)
	}
	r, err := transcript.NewReplay(t)
	if err != nil {
		return misused(failure.ReplayMalformed, err)
	}
	o.Card = r
	return nil
}

// record puts a recorder round the card. The file names no code and no personal data.
func (p *program) record(o *opened) error {
	f, err := os.OpenFile(p.Record, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
	if err != nil {
		return misused(failure.RecordUnwritable, err)
	}
	o.closers = append(o.closers, f)
	withhold := transcript.Files
	if o.emulated {
		withhold = transcript.Secrets // its holder is invented, and the whole can be replayed
	}
	rec, err := transcript.NewRecorder(o.Card, f, withhold)
	if err != nil {
		return fmt.Errorf("record: %w", err)
	}
	o.Card = rec
	return nil
}

type readersCommand struct{}

func (readersCommand) Run(p *program) error {
	readers, err := pcsc.Readers()
	if err != nil {
		return cardFailure(err)
	}
	if p.JSON {
		type line struct {
			Index   int    `json:"index"`
			Name    string `json:"name"`
			Present bool   `json:"present"`
			Mute    bool   `json:"mute"`
			InUse   bool   `json:"inUse"`
			ATR     string `json:"atr"`
		}
		list := []line{}
		for _, r := range readers {
			list = append(list, line{r.Index, r.Name, r.Present, r.Mute, r.InUse, fmt.Sprintf("%X", r.ATR)})
		}
		p.event(list)
		return nil
	}
	if len(readers) == 0 {
		return cardFailure(pcsc.ErrNoReader)
	}
	for _, r := range readers {
		state := "vuoto"
		switch {
		case r.Mute:
			state = "la tessera non risponde: è inserita al contrario?"
		case r.Present:
			state = "tessera inserita"
		}
		if r.Exclusive {
			state += ", riservata da un altro programma"
		}
		fmt.Fprintf(p.out, "%d  %s: %s\n", r.Index, r.Name, state)
	}
	return nil
}
