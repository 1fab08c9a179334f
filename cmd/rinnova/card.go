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
	"rinnova.example/go/card/pinpad"
	"rinnova.example/go/card/transcript"
	"rinnova.example/go/citizen/reader"
	"rinnova.example/go/citizen/terminal"
	"rinnova.example/go/failure"
)

// opened is an open card, and the way to open it again after it was taken out.
type opened struct {
	iso7816.Card
	reader   string // as PC/SC names it, "" for the others
	pinpad   *pinpad.Pinpad
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
		err = failureOf(failure.CardMalformedName, nil)
	}
	if err == nil && p.Clock != "" && !o.emulated {
		err = failureOf(failure.ClockOnlyEmulated, nil)
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
			return reader.Failure(err)
		}
		if name, err = reader.Meant(readers, terminal.Date); err != nil {
			return reader.Failure(err)
		}
	}
	c, err := pcsc.Open(name)
	if err != nil {
		return reader.Failure(err)
	}
	o.Card, o.pinpad, o.reader, o.closers = c, c.Pinpad(), c.Reader(), append(o.closers, c)
	o.reinsert = func(ctx context.Context) (iso7816.Card, error) { return p.reinserted(ctx, o) }
	return nil
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
				return nil, reader.Failure(err)
			}
			o.pinpad, o.closers = c.Pinpad(), append(o.closers, c)
			return c, nil
		}
	}
	return nil, ctx.Err()
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
			return failureOf(failure.CardFileMissing, err)
		}
		if errors.Is(err, emulator.ErrState) {
			return failureOf(failure.CardFileMalformed, err)
		}
		if errors.Is(err, emulator.ErrInUse) {
			return failureOf(failure.CardBusy, err)
		}
		return err
	}
	o.Card, o.closers = c, append(o.closers, c)
	o.reinsert = func(context.Context) (iso7816.Card, error) { c.Reset(); return c, nil }
	return nil
}

func openReplay(o *opened, name string) error {
	b, err := os.ReadFile(name)
	if err != nil {
		return failureOf(failure.CardFileMissing, err)
	}
	t, err := transcript.Parse(b)
	if err != nil {
		return failureOf(failure.ReplayMalformed, err)
	}
	r, err := transcript.NewReplay(t)
	if err != nil {
		return failureOf(failure.ReplayMalformed, err)
	}
	o.Card = r
	return nil
}

// record puts a recorder around the card. The file has no code and no personal data. It must not exist, not even as a
// link: another user of the computer may have made it.
func (p *program) record(o *opened) error {
	f, err := os.OpenFile(p.Record, os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return failureOf(failure.RecordUnwritable, err)
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
		return reader.Failure(err)
	}
	return reader.Print(p.out, p.JSON, readers)
}
