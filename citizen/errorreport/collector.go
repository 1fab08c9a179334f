// SPDX-License-Identifier: EUPL-1.2

package errorreport

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/transcript"
	"rinnova.example/go/failure"
)

// maxTranscript is the largest transcript, in bytes of text: about twenty complete renewals.
const maxTranscript = 1 << 20

// Collector gathers the facts of one run while it happens, in memory only. Its methods may be called by several
// goroutines.
type Collector struct {
	Program Program
	System  System
	Drivers []Driver
	Now     func() time.Time

	mu       sync.Mutex
	readers  []Reader
	card     *Card
	steps    []Step
	requests []Request
	findings []Finding
	text     buffer
	recorder *transcript.Recorder
}

// Collect returns a Collector with this computer's system and drivers. now is the clock of the run.
func Collect(program, version string, now func() time.Time) *Collector {
	s, d := thisComputer()
	return &Collector{Program: Program{program, version}, System: s, Drivers: d, Now: now}
}

// Record returns a card that passes all commands to the given one and records the exchanges, without codes, keys and
// contents of files.
func (c *Collector) Record(card iso7816.Card) (*transcript.Recorder, error) {
	r, err := transcript.NewRecorder(card, &c.text, transcript.Files)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.recorder = r
	c.setCard(Card{ATR: strings.ToUpper(hex.EncodeToString(card.ATR()))})
	return r, nil
}

// Reader adds a reader by the system's name for it, or updates one that was added before.
func (c *Collector) Reader(name string, card, used bool) {
	name = plain(name)
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := slices.IndexFunc(c.readers, func(r Reader) bool { return r.Name == name }); i >= 0 {
		c.readers[i].Card, c.readers[i].Used = c.readers[i].Card || card, c.readers[i].Used || used
	} else if name != "" && len(c.readers) < maxList {
		c.readers = append(c.readers, Reader{name, card, used})
	}
}

// Finding adds a finding of a diagnosis. With findings, Report takes the zero Failure.
func (c *Collector) Finding(f Finding) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.findings) < maxFindings {
		c.findings = append(c.findings, f)
	}
}

// Card adds the facts by which the card was recognised. It leaves out a malformed value.
func (c *Collector) Card(card Card) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.setCard(card)
}

func (c *Collector) setCard(card Card) {
	if !isATR(card.ATR) {
		return
	}
	if !isModel(card.Model) {
		card.Model = ""
	}
	card.Series = slices.DeleteFunc(slices.Clone(card.Series), func(s string) bool { return !isSeries(s) })
	c.card = &card
}

// Step records a new state of a step: started, done, skipped, waiting, noted.
func (c *Collector) Step(name, state, code string) {
	if !isWord(name) || !slices.Contains(states, state) || code != "" && !isWord(code) {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	now := moment(c.Now())
	begun := len(c.steps) - 1
	for begun >= 0 && (c.steps[begun].Name != name || c.steps[begun].State != "started") {
		begun--
	}
	if state == "done" && begun >= 0 {
		c.steps[begun].State, c.steps[begun].Ended = state, &now
	} else if len(c.steps) < maxSteps {
		c.steps = append(c.steps, Step{Name: name, State: state, Code: code, Begun: now})
	}
	if c.recorder != nil {
		c.recorder.Note(fmt.Sprintf("step %s %s", name, state))
	}
}

// Request records a message to the service. status is that of HTTP, 0 where no answer came.
func (c *Collector) Request(id []byte, kind string, sent time.Time, took time.Duration, status int) {
	q := Request{hex.EncodeToString(id), kind, moment(sent), max(took, 0), status}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.requests) < maxSteps && isID(q.ID) && isKind(q.Kind) {
		c.requests = append(c.requests, q)
	}
}

// Report returns the report of a run that ended with this failure, and the transcript, nil if no card was reached. Of
// err it takes only the types, because its text may name files, addresses and persons.
func (c *Collector) Report(f Failure, err error) (*Report, *transcript.Transcript, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f.Errors = types(err)
	if !f.Code.Known() && (f.Code != "" || len(c.findings) == 0) {
		f.Code = failure.ServiceRefused // a service may send any word
	}
	r := &Report{Format: Format, Created: moment(c.Now()), Program: c.Program, System: c.System, Drivers: c.Drivers,
		Readers: slices.Clone(c.readers), Card: c.card, Failure: f, Steps: slices.Clone(c.steps),
		Requests: slices.Clone(c.requests), Findings: slices.Clone(c.findings)}
	if c.recorder == nil {
		return r, nil, r.check()
	}
	t, bad := c.text.transcript()
	if bad != nil {
		return nil, nil, bad
	}
	t = redact(t)
	r.Transcript = &Transcript{Entries: len(t.Entries), Complete: !c.text.full && c.recorder.Err() == nil}
	r.count(t)
	return r, t, r.check()
}

// count assigns the exchanges to the steps, by the notes in the transcript.
func (r *Report) count(t *transcript.Transcript) {
	at := -1
	for _, e := range t.Entries {
		if e.Kind == transcript.Note {
			var name, state string
			_, _ = fmt.Sscanf(e.Text, "step %s %s", &name, &state)
			if state == "done" {
				continue
			}
			for i := at + 1; i < len(r.Steps); i++ {
				if r.Steps[i].Name == name {
					at = i
					break
				}
			}
		}
		if e.Kind != transcript.Exchange || at < 0 {
			continue
		}
		s := &r.Steps[at]
		s.Exchanges++
		if w := statusWord(e); w != "" {
			if s.StatusWords == nil {
				s.StatusWords = map[string]int{}
			}
			s.StatusWords[w]++
			s.LastWord = w
		}
	}
}

// types lists the types of an error and of the errors that it wraps.
func types(err error) []string {
	var list []string
	for next := []error{err}; len(next) > 0 && len(list) < maxTypes; next = next[1:] {
		if next[0] == nil {
			continue
		}
		if t := fmt.Sprintf("%T", next[0]); isType(t) {
			list = append(list, t)
		}
		switch e := next[0].(type) {
		case interface{ Unwrap() error }:
			next = append(next, e.Unwrap())
		case interface{ Unwrap() []error }:
			next = append(next, e.Unwrap()...)
		}
	}
	return list
}

// buffer keeps the text of a recorder, up to maxTranscript bytes.
type buffer struct {
	mu   sync.Mutex
	text bytes.Buffer
	full bool
}

var errFull = errors.New("the transcript is too long")

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.full = b.full || b.text.Len()+len(p) > maxTranscript; b.full {
		return 0, errFull
	}
	return b.text.Write(p)
}

// transcript parses the text; it leaves out a command without an outcome.
func (b *buffer) transcript() (*transcript.Transcript, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	text := b.text.Bytes()
	if last := bytes.LastIndexByte(bytes.TrimSuffix(text, []byte("\n")), '\n') + 1; last < len(text) &&
		text[last] == '>' {
		text = text[:last]
	}
	return transcript.Parse(text)
}
