// SPDX-License-Identifier: EUPL-1.2

package transcript

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"rinnova.example/go/card/iso7816"
)

// Recorder is a card that writes what passes through it. The data of commands that carry a code or a
// key are never written, whatever their class and chaining: VERIFY, CHANGE REFERENCE DATA, RESET RETRY
// COUNTER, CHANGE KEY DATA, ENVELOPE, and a PUT DATA with a tag 8F. A line is written before the card
// sees the command, so the text ends where a crash came. A text that cannot be written disturbs no
// exchange: Err tells.
type Recorder struct {
	card iso7816.Card

	mu      sync.Mutex
	w       io.Writer
	screen  screen
	waiting bool     // a call has not come back from the card
	notes   []string // taken meanwhile
	err     error
}

// NewRecorder wraps a card and writes the header and the ATR to w. It refuses header fields that the
// format cannot hold. Text in the header and in notes is the caller's: it is written as it stands.
func NewRecorder(card iso7816.Card, w io.Writer, withhold Withhold, header ...Field) (*Recorder, error) {
	for _, f := range header {
		if !isKey(f.Key) || !isText(f.Value) {
			return nil, fmt.Errorf("header field %q: %w", f.Key, ErrFormat)
		}
	}
	atr := card.ATR()
	if len(atr) == 0 {
		return nil, fmt.Errorf("a card without an answer to reset: %w", ErrFormat)
	}
	if _, err := w.Write(appendHead(nil, header, atr)); err != nil {
		return nil, err
	}
	return &Recorder{card: card, w: w, screen: screen{withhold: withhold}}, nil
}

// ATR returns the card's answer to reset.
func (r *Recorder) ATR() []byte { return r.card.ATR() }

// Transmit passes a command to the card and records it with the response. No bytes are no command, and
// go nowhere.
func (r *Recorder) Transmit(command []byte) ([]byte, error) {
	if len(command) == 0 {
		return nil, iso7816.ErrCommand
	}
	r.mu.Lock()
	e := Entry{Kind: Exchange, Command: r.screen.command(command)}
	secret := e.Command.Withheld > 0
	r.call(e)
	r.mu.Unlock()
	response, err := r.card.Transmit(command)
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case err != nil:
		e.Failure = failure(err, secret)
	case len(response) == 0:
		e.Failure = failure(iso7816.ErrResponse, false)
	default:
		e.Response = r.screen.response(response)
	}
	r.outcome(e)
	return response, err
}

// Begin begins a transaction, where the card has them, and records it.
func (r *Recorder) Begin() error {
	return r.transaction(Begin, func() error { return r.card.Begin() })
}

// End ends a transaction, where the card has them, and records it.
func (r *Recorder) End(reset bool) error {
	kind := End
	if reset {
		kind = EndReset
	}
	return r.transaction(kind, func() error { return r.card.End(reset) })
}

func (r *Recorder) transaction(kind Kind, f func() error) error {
	e := Entry{Kind: kind}
	r.mu.Lock()
	r.call(e)
	r.mu.Unlock()
	err := f()
	if err != nil {
		e.Failure = failure(err, false)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.outcome(e)
	return err
}

// Note writes a line for the reader, such as the step that begins. It may be called at any time, also
// by another goroutine; during an exchange the note goes behind it. Control characters become spaces.
func (r *Recorder) Note(text string) {
	if text = line(text); text == "" {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.waiting {
		r.notes = append(r.notes, text)
		return
	}
	r.write(Entry{Kind: Note, Text: text}.appendCall(nil))
}

// Err returns the first error of writing; what came after it is not in the text.
func (r *Recorder) Err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.err
}

func (r *Recorder) call(e Entry) {
	r.write(e.appendCall(nil))
	r.waiting = true
}

func (r *Recorder) outcome(e Entry) {
	b := e.appendOutcome(nil)
	for _, text := range r.notes {
		b = Entry{Kind: Note, Text: text}.appendCall(b)
	}
	r.write(b)
	r.waiting, r.notes = false, nil
}

func (r *Recorder) write(b []byte) {
	if r.err == nil && len(b) > 0 {
		_, r.err = r.w.Write(b)
	}
}

// failure is the line of an error. After a secret command the text is withheld too.
func failure(err error, secret bool) string {
	word := failureOther
	if errors.Is(err, iso7816.ErrCardGone) {
		word = failureGone
	}
	if text := line(err.Error()); text != "" && !secret {
		return word + failureSpacer + text
	}
	return word
}
