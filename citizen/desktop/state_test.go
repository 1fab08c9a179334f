// SPDX-License-Identifier: EUPL-1.2

package desktop

import (
	"reflect"
	"strings"
	"testing"
	"time"

	"rinnova.example/go/citizen/renewal"
)

// Every screen is computed from facts; each row reaches a screen in one way.
func TestView(t *testing.T) {
	now := time.Date(2020, 5, 25, 10, 0, 0, 0, time.UTC)
	one := []Reader{{Name: "A", Present: true, Choice: true}}
	two := []Reader{{Name: "A", Present: true, Choice: true}, {Name: "B", Present: true, Choice: true}}
	empty := []Reader{{Name: "A"}}
	card := &Summary{ID: "6090…001"}
	closed := &Failure{Code: "campaign-closed"}
	for _, row := range []struct {
		name  string
		facts facts
		want  State
	}{
		{"nothing is known", facts{}, State{Screen: ScreenStarting, Readers: []Reader{}}},
		{"no service", facts{watched: true}, State{Screen: ScreenNoService, Readers: []Reader{}}},
		{"no reader", facts{watched: true, service: true, readers: []Reader{}},
			State{Screen: ScreenNoReader, Readers: []Reader{}}},
		{"no card", facts{watched: true, service: true, readers: empty}, State{Screen: ScreenNoCard, Readers: empty}},
		{"two cards", facts{watched: true, service: true, readers: two}, State{Screen: ScreenChoose, Readers: two}},
		{"a card not looked at yet", facts{watched: true, service: true, readers: one, target: "A"},
			State{Screen: ScreenStarting, Readers: one, Reader: "A"}},
		{"reading", facts{watched: true, service: true, readers: one, target: "A", looking: &looking{step: "identify"}},
			State{Screen: ScreenLoading, Readers: one, Reader: "A", Loading: &Loading{Waiting: "card"}}},
		{"reading for long, the service is silent",
			facts{watched: true, service: true, readers: one, target: "A",
				looking: &looking{step: "inspect", late: true}},
			State{Screen: ScreenLoading, Readers: one, Reader: "A", Loading: &Loading{Late: true, Waiting: "service"}}},
		{"unreadable", facts{watched: true, service: true, readers: one, target: "A", looked: &looked{failure: closed}},
			State{Screen: ScreenUnreadable, Readers: one, Reader: "A", Failure: closed}},
		{"nothing to renew", facts{watched: true, service: true, readers: one, target: "A",
			looked: &looked{card: card, failure: closed, nothing: true}},
			State{Screen: ScreenNothing, Readers: one, Reader: "A", Card: card, Failure: closed}},
		{"not known whether", facts{watched: true, service: true, readers: one, target: "A",
			looked: &looked{card: card, failure: closed}},
			State{Screen: ScreenUnknown, Readers: one, Reader: "A", Card: card, Failure: closed}},
		{"renewable", facts{watched: true, service: true, readers: one, target: "A", looked: &looked{card: card}},
			State{Screen: ScreenRenewable, Readers: one, Reader: "A", Card: card}},
		{"a renewal goes before what lies in the readers",
			facts{watched: true, service: true, readers: empty, running: &running{step: "check"}},
			State{Screen: ScreenRunning, Readers: empty, Progress: &Progress{Step: "check", Percent: 90}}},
		{"half through a step", facts{watched: true, running: &running{step: "install", commands: 20}},
			State{Screen: ScreenRunning, Readers: []Reader{}, Progress: &Progress{Step: "install", Percent: 92}}},
		{"more commands than expected", facts{watched: true, running: &running{step: "identify", commands: 900}},
			State{Screen: ScreenRunning, Readers: []Reader{}, Progress: &Progress{Step: "identify", Percent: 1}}},
		{"the key", facts{watched: true, running: &running{step: "generate"}},
			State{Screen: ScreenRunning, Readers: []Reader{},
				Progress: &Progress{Step: "generate", Percent: 6, Endless: true}}},
		{"in the queue",
			facts{watched: true, running: &running{step: "inspect",
				waiting: renewal.Event{State: renewal.Waiting, Position: 7, For: 30 * time.Second}}},
			State{Screen: ScreenRunning, Readers: []Reader{},
				Progress: &Progress{Step: "inspect", Percent: 1, Waiting: true, Position: 7, Seconds: 30}}},
		{"a question", facts{watched: true, running: &running{prompt: &Prompt{ID: 3, Kind: "pin"}}},
			State{Screen: ScreenPrompt, Readers: []Reader{}, Prompt: &Prompt{ID: 3, Kind: "pin"}}},
		{"closing is asked about during a renewal",
			facts{watched: true, closing: true, running: &running{step: "check"}},
			State{Screen: ScreenRunning, Readers: []Reader{}, Closing: true,
				Progress: &Progress{Step: "check", Percent: 90}}},
		{"and not without one", facts{watched: true, service: true, readers: empty, closing: true},
			State{Screen: ScreenNoCard, Readers: empty}},
		{"failed", facts{watched: true, service: true, readers: empty, failed: closed, report: &Report{Path: "x"}},
			State{Screen: ScreenFailed, Readers: empty, Failure: closed, Report: &Report{Path: "x"}}},
		{"done", facts{watched: true, finished: &finished{notAfter: now, phase: PhaseRemove}},
			State{Screen: ScreenDone, Readers: []Reader{}, Done: &Done{NotAfter: now, Phase: PhaseRemove}}},
		{"the minute",
			facts{watched: true, finished: &finished{notAfter: now, phase: PhaseWait,
				until: now.Add(59400 * time.Millisecond)}},
			State{Screen: ScreenDone, Readers: []Reader{}, Done: &Done{NotAfter: now, Phase: PhaseWait, Seconds: 60}}},
		{"the minute is over",
			facts{watched: true, finished: &finished{notAfter: now, phase: PhaseWait, until: now.Add(-time.Second)}},
			State{Screen: ScreenDone, Readers: []Reader{}, Done: &Done{NotAfter: now, Phase: PhaseWait}}},
	} {
		if got := view(row.facts, now); !reflect.DeepEqual(got, row.want) {
			t.Errorf("%s:\n got %+v\nwant %+v", row.name, got, row.want)
		}
	}
}

func TestPrintable(t *testing.T) {
	for in, want := range map[string]string{
		"BRUNILDE ESEMPIO":                "BRUNILDE ESEMPIO",
		"<b>\"'&":                         "<b>\"'&",
		"a\x00b\x07\u0085c\n":             "abc",
		"\u202egpj.exe\u2066\u200f\ufeff": "gpj.exe",
		"D’ANGIÒ":                         "D’ANGIÒ",
		strings.Repeat("x", 10000):        strings.Repeat("x", 120) + "…",
	} {
		if got := printable(in); got != want {
			t.Errorf("%q: %q", in, got)
		}
	}
}

func TestAim(t *testing.T) {
	a, b, none := Reader{Name: "A", Present: true, Choice: true}, Reader{Name: "B", Present: true, Choice: true},
		Reader{Name: "C"}
	token, foreign := Reader{Name: "T", Present: true}, map[string]known{"B": {otherKind: true}}
	for _, row := range []struct {
		readers []Reader
		chosen  string
		known   map[string]known
		want    string
	}{
		{nil, "", nil, ""}, {[]Reader{none}, "", nil, ""}, {[]Reader{none, b}, "", nil, "B"},
		{[]Reader{a, b}, "", nil, ""}, {[]Reader{a, b}, "B", nil, "B"}, {[]Reader{a, none}, "C", nil, "A"},
		{[]Reader{token, b}, "", nil, "B"}, {[]Reader{token}, "", nil, "T"}, {[]Reader{token, token}, "", nil, "T"},
		{[]Reader{a, b}, "", foreign, "A"}, {[]Reader{a, b}, "B", foreign, "B"}, {[]Reader{none, b}, "", foreign, "B"},
	} {
		if got := aim(facts{readers: row.readers, chosen: row.chosen, known: row.known}); got != row.want {
			t.Errorf("%+v: %q", row, got)
		}
	}
}

// The bar never goes back: a step that ends is whole, though it took fewer commands than expected.
func TestProgressGrows(t *testing.T) {
	r, commands, last := running{step: "identify"}, 0, 0
	for _, part := range renewal.Parts {
		for i, tell := range []func(){
			func() { r.hears(renewal.Event{Step: part.Step, State: renewal.Started}, commands) },
			func() { commands += (part.Commands + 1) / 2; r.counts(commands) },
			func() { r.hears(renewal.Event{Step: part.Step, State: renewal.Done}, commands) },
			func() { r.counts(commands) },
		} {
			tell()
			if now := progress(r).Percent; now < last {
				t.Errorf("%s, event %d: %d after %d", part.Step, i, now, last)
			} else {
				last = now
			}
		}
	}
	if last != 100 {
		t.Errorf("%d at the end", last)
	}
}
