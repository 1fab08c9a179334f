// SPDX-License-Identifier: EUPL-1.2

package transcript

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"rinnova.example/go/card/iso7816"
)

// ErrDiffers is the error for a replay whose use differs from its transcript.
var ErrDiffers = errors.New("the exchange differs from the transcript")

// Replay is a card that answers from a transcript, if it gets the same commands and transactions in the same order.
// The first difference is an error that wraps ErrDiffers, and every later call returns it too.
type Replay struct {
	transcript *Transcript
	next       int
	screen     screen
	differs    error
}

// NewReplay refuses a transcript that withholds bytes of a response, because they are unknown.
func NewReplay(t *Transcript) (*Replay, error) {
	for i, e := range t.Entries {
		if e.Response.Withheld > 0 {
			return nil, fmt.Errorf("entry %d cannot be played: its response is withheld", i+1)
		}
	}
	return &Replay{transcript: t}, nil
}

// ATR returns the transcript's answer to reset.
func (r *Replay) ATR() []byte { return bytes.Clone(r.transcript.ATR) }

// Transmit returns the recorded response if the command is the recorded one; withheld bytes match any bytes of that
// number. It returns a recorded failure as an error, which wraps iso7816.ErrCardGone if the card was gone.
func (r *Replay) Transmit(command []byte) ([]byte, error) {
	shown := r.screen.command(command)
	e, err := r.play(Entry{Kind: Exchange, Command: shown}, func(e Entry) bool { return e.Command.matches(command) })
	if err != nil {
		return nil, err
	}
	return bytes.Clone(e.Response.Head), nil
}

// Begin plays the begin of a transaction.
func (r *Replay) Begin() error {
	_, err := r.play(Entry{Kind: Begin}, func(e Entry) bool { return true })
	return err
}

// End plays the end of a transaction.
func (r *Replay) End(reset bool) error {
	kind := End
	if reset {
		kind = EndReset
	}
	_, err := r.play(Entry{Kind: kind}, func(e Entry) bool { return true })
	return err
}

// Done reports whether the whole transcript was played without a difference.
func (r *Replay) Done() error {
	if r.differs != nil {
		return r.differs
	}
	if e, ok := r.peek(); ok {
		return fmt.Errorf("%w: entry %d was not played: %s", ErrDiffers, r.next+1, e)
	}
	return nil
}

// play advances over the entry of a call and returns it.
func (r *Replay) play(call Entry, same func(Entry) bool) (Entry, error) {
	if r.differs != nil {
		return Entry{}, r.differs
	}
	e, ok := r.peek()
	switch {
	case !ok:
		r.differs = fmt.Errorf("%w: it ended, then came %s", ErrDiffers, call)
	case e.Kind != call.Kind || !same(e):
		r.differs = fmt.Errorf("%w: entry %d is %s, but came %s", ErrDiffers, r.next+1, e, call)
	}
	if r.differs != nil {
		return Entry{}, r.differs
	}
	r.next++
	if e.Failure != "" {
		return Entry{}, e.failure()
	}
	return e, nil
}

// peek returns the next entry that is no note.
func (r *Replay) peek() (Entry, bool) {
	for ; r.next < len(r.transcript.Entries); r.next++ {
		if e := r.transcript.Entries[r.next]; e.Kind != Note {
			return e, true
		}
	}
	return Entry{}, false
}

// String returns the call of the entry as its line has it.
func (e Entry) String() string { return strings.TrimSuffix(string(e.appendCall(nil)), "\n") }

func (e Entry) failure() error {
	word, text, _ := strings.Cut(e.Failure, failureSpacer)
	switch {
	case word == failureGone:
		return fmt.Errorf("replayed: %w", iso7816.ErrCardGone)
	case text == "":
		return errors.New("replayed failure")
	}
	return fmt.Errorf("replayed failure: %s", text)
}

// matches reports whether the bytes are those of the entry. Withheld bytes match any.
func (b Bytes) matches(all []byte) bool {
	return len(all) == b.Len() && bytes.HasPrefix(all, b.Head) && bytes.HasSuffix(all, b.Tail)
}
