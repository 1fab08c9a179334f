// SPDX-License-Identifier: EUPL-1.2

package transcript

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"rinnova.example/go/card/iso7816"
)

// Recorder is a card that records its exchanges. It never writes the data of commands with a code or a key, whatever
// their class and chaining: VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER, CHANGE KEY DATA, ENVELOPE, and a PUT
// DATA with a tag 8F. It writes a line before the card gets the command, so the text ends where a crash came. An
// error of writing does not disturb the exchange: Err returns it.
type Recorder struct {
	card iso7816.Card

	mu      sync.Mutex
	w       io.Writer
	screen  screen
	waiting bool     // a call has not come back from the card
	notes   []string // taken meanwhile
	err     error
}

// NewRecorder wraps a card and writes the header and the ATR to w. It refuses header fields that the format cannot
// hold. It writes the text of header and notes as it is: the caller answers for it.
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

// Transmit passes a command to the card and records it with the response. It neither passes nor records an empty
// command.
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

// Note writes a line for a person who reads the transcript, such as the step that begins. Any goroutine may call it;
// during an exchange the note goes after it. Control characters become blanks.
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

// Err returns the first error of writing. The text ends there.
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

// failure returns the line of an error. It withholds the error's text after a secret command.
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
