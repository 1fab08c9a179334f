// SPDX-License-Identifier: EUPL-1.2

// Package doctor examines this computer for what stands between a person and a renewal: the smart-card service,
// readers, cards, codes, certificates, the renewal service, the program's own files, browsers. It changes nothing and
// presents no code. Window and command line show the same findings.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/tries"
	"rinnova.example/go/catalogue"
	"rinnova.example/go/citizen/browser"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/failure"
	"rinnova.example/go/plaintext"
)

// Level tells how much a finding matters.
type Level string

const (
	Well    Level = "well"
	Warning Level = "warning"
	Bad     Level = "bad"
	Unknown Level = "unknown" // it cannot be examined before something else is mended
)

// Finding is the result of one examination. Code, Note or neither tells the reason.
type Finding struct {
	Area   catalogue.Area
	Level  Level
	Code   failure.Code
	Note   catalogue.Note
	Seen   string // names and numbers, the same in every language; "" for none
	Detail string // for the place in the text of Code or Note
}

// Reader is a reader of the system.
type Reader struct {
	Name          string
	Present, Mute bool
	InUse         bool // a program is connected to the card
}

// Computer gives the doctor its instruments. Each function is called once, and again for each card.
type Computer struct {
	// Named is a card outside of the system's readers; "" for none. Service and readers are not examined with it.
	Named string
	// Readers lists the readers. Its error is that of the smart-card service.
	Readers func() ([]Reader, error)
	// Open opens the card in a reader for a look; the function that it returns lets the card go.
	Open func(ctx context.Context, reader string) (*renewal.Renewal, func(), error)
	// Devices names the readers that the system has on its USB bus; nil where the system does not tell.
	Devices func() []Device
	// Users names the other programs that are connected to the smart-card service; nil where the system does not tell.
	Users func() []string
	// Reach asks the renewal service for a sign of life and its time.
	Reach func(context.Context) (time.Time, error)
	// Proxy names the proxy on the way to the service, "" for none; nil: not known.
	Proxy func(context.Context) (string, error)
	Now   func() time.Time
	// Newest looks for a newer version of the program: its name, "" for none, and whether this one is no longer
	// supported. Nil: no check is made.
	Newest func(context.Context) (version string, unsupported bool, err error)
	// Folder returns the folder in which the program keeps its files; nil: not examined.
	Folder func() (string, error)
	// Browsers lists the stores of the browsers; nil where the program has no module for them.
	Browsers func() ([]browser.Store, error)
	// OpenSC is what the person's OpenSC keeps; nil: not examined.
	OpenSC *OpenSC
	// WebView reports whether the system has the component for a window; nil: not examined.
	WebView func() bool
}

// Examine returns the findings in the order of catalogue.Areas; each card has its own of card, PIN and certificate.
func Examine(ctx context.Context, c Computer) []Finding {
	var list []Finding
	readers := []Reader{{Name: c.Named, Present: true}}
	if c.Named == "" {
		var err error
		readers, err = c.Readers()
		list = append(list, judge(catalogue.AreaSmartCards, err, ""), c.connected(readers, err))
	}
	cards := 0
	for _, r := range readers {
		if r.Present {
			cards++
			list = append(list, c.card(ctx, r)...)
		}
	}
	if cards == 0 {
		absent := unknown(catalogue.AreaCard)
		if len(readers) > 0 {
			absent.Code, absent.Note = failure.NoCard, ""
		}
		list = append(list, absent, unknown(catalogue.AreaPIN), unknown(catalogue.AreaCertificate))
	}
	list = append(list, c.way(ctx)...)
	if c.Newest != nil {
		list = append(list, newest(c.Newest(ctx)))
	}
	if c.Folder != nil {
		list = append(list, kept(c.Folder()))
	}
	var stores []browser.Store
	if c.Browsers != nil {
		var err error
		stores, err = c.Browsers()
		list = append(list, inBrowsers(stores, err))
	}
	if c.OpenSC != nil {
		list = append(list, c.OpenSC.judge(stores))
	}
	if c.WebView != nil {
		f := Finding{Area: catalogue.AreaWebView, Level: Well}
		if !c.WebView() {
			f.Level, f.Note = Warning, catalogue.NoteNoWebView
		}
		list = append(list, f)
	}
	return list
}

// judge returns the finding for an error, nil for none.
func judge(a catalogue.Area, err error, seen string) Finding {
	if err == nil {
		return Finding{Area: a, Level: Well, Seen: seen}
	}
	f := renewal.Classify(err)
	return Finding{Area: a, Level: Bad, Code: f.Code, Seen: seen, Detail: plaintext.Line(f.Text)}
}

func unknown(a catalogue.Area) Finding {
	return Finding{Area: a, Level: Unknown, Note: catalogue.NoteUnknown}
}

// connected judges the readers.
func (c Computer) connected(readers []Reader, err error) Finding {
	var unserved []string
	if c.Devices != nil {
		unserved = withoutDriver(c.Devices(), readers)
	}
	switch {
	case err != nil:
		return unknown(catalogue.AreaReaders)
	case len(unserved) > 0:
		return Finding{Area: catalogue.AreaReaders, Level: Bad, Code: failure.ReaderDriver,
			Detail: strings.Join(unserved, ", ")}
	case len(readers) == 0:
		return Finding{Area: catalogue.AreaReaders, Level: Bad, Code: failure.NoReader}
	}
	var names []string
	for _, r := range readers {
		names = append(names, plaintext.Line(r.Name))
	}
	return Finding{Area: catalogue.AreaReaders, Level: Well, Seen: strings.Join(names, ", ")}
}

// card examines the card in a reader, its codes and its certificate.
func (c Computer) card(ctx context.Context, r Reader) []Finding {
	in := plaintext.Line(r.Name)
	fail := func(err error) []Finding {
		return []Finding{judge(catalogue.AreaCard, err, in), unknown(catalogue.AreaPIN),
			unknown(catalogue.AreaCertificate)}
	}
	if r.Mute {
		return fail(&renewal.Failure{Code: failure.CardMute})
	}
	run, free, err := c.Open(ctx, r.Name)
	if err != nil {
		if users := c.users(); renewal.Classify(err).Code == failure.CardBusy && users != "" {
			in += ": " + users
		}
		return fail(err)
	}
	defer free()
	run.Wait = func(context.Context, time.Duration) error { return errQueue }
	v, err := run.Look(ctx)
	if err != nil {
		return fail(err)
	}
	m, id := v.Session.Model, v.Session.IDCarta
	if c.OpenSC != nil {
		c.OpenSC.compare(v)
	}
	f := Finding{Area: catalogue.AreaCard, Level: Well,
		Seen: fmt.Sprintf("%s: %s (%s), %s", in, m.Name, strings.Join(m.Sigle(), ", "), id.Masked())}
	if users := c.users(); r.InUse && users != "" {
		f.Level, f.Note, f.Seen = Warning, catalogue.NoteInUse, f.Seen+"; "+users
	}
	return []Finding{f, codes(tries.Ledger{Files: run.Journal}.Read(id)), certificate(v)}
}

// users names the other programs that use smart cards.
func (c Computer) users() string {
	if c.Users == nil {
		return ""
	}
	var names []string
	for _, name := range c.Users() {
		names = append(names, plaintext.Line(name))
	}
	return strings.Join(names, ", ")
}

// errQueue ends a look that would wait for its turn: the certificate is renewable then.
var errQueue = errors.New("an examination does not wait for its turn")

// codes judges the tries of PIN and PUK that are known on this computer.
func codes(known tries.Entry, err error) Finding {
	f := Finding{Area: catalogue.AreaPIN, Level: Warning}
	left := func(n *int) int { // a large number where none is known
		if n == nil {
			return math.MaxInt
		}
		return *n
	}
	switch least := min(left(known.PIN), left(known.PUK)); {
	case err != nil:
		return unknown(catalogue.AreaPIN)
	case left(known.PUK) == 0:
		f.Level, f.Code = Bad, failure.PUKBlocked
	case left(known.PIN) == 0:
		f.Level, f.Code = Bad, failure.PINBlocked
	case known.NewPIN:
		f.Note = catalogue.NoteNewPIN
	case least < math.MaxInt:
		f.Note = catalogue.NoteTries
		var told []string
		for _, code := range []struct {
			kind cardmodel.CodeKind
			left *int
		}{{cardmodel.PIN, known.PIN}, {cardmodel.PUK, known.PUK}} {
			if code.left != nil {
				told = append(told, fmt.Sprintf("%s %d", code.kind, *code.left))
			}
		}
		f.Detail = strings.Join(told, ", ")
	default:
		f.Level = Well
	}
	return f
}

// certificate judges whether the certificate can be renewed.
func certificate(v *renewal.View) Finding {
	f := Finding{Area: catalogue.AreaCertificate, Level: Well}
	if len(v.Candidates) > 0 {
		f.Seen = v.Candidates[0].Certificate.Certificate.NotAfter.UTC().Format("2006-01-02")
	}
	refusal := v.Refusal
	switch {
	case refusal == nil && v.Begun:
		f.Level, f.Note = Warning, catalogue.NoteBegun
	case refusal == nil, errors.Is(refusal, errQueue):
	case refusal.Code == failure.AlreadyRenewed, refusal.Code == failure.NoExtension:
		f.Code = refusal.Code // nothing is wrong
	case slices.Contains([]catalogue.Area{catalogue.AreaCertificate, catalogue.AreaCard},
		catalogue.AreaOf(refusal.Code)):
		f.Level, f.Code, f.Detail = Bad, refusal.Code, plaintext.Line(refusal.Text)
	case v.Full:
		f.Level, f.Code = Bad, failure.NoRoom
	default: // the renewal service did not say
		return unknown(catalogue.AreaCertificate)
	}
	return f
}

// inBrowsers judges whether the browsers can use the card.
func inBrowsers(stores []browser.Store, err error) Finding {
	f := judge(catalogue.AreaBrowsers, err, "")
	var with, without, confined []string
	for _, s := range stores {
		switch name := plaintext.Line(s.Browser); {
		case s.Ours:
			with = append(with, name)
		case s.Confined != "":
			confined = append(confined, name+" ("+s.Confined+")")
		default:
			without = append(without, name)
		}
	}
	switch {
	case err != nil:
	case len(stores) == 0:
		f.Level, f.Note = Warning, catalogue.NoteNoBrowser
	case len(without) > 0:
		f.Level, f.Note, f.Detail = Warning, catalogue.NoteModule, strings.Join(without, "; ")
	case len(with) == 0:
		f.Level, f.Note, f.Detail = Warning, catalogue.NoteConfined, strings.Join(confined, "; ")
	default:
		f.Seen = strings.Join(with, "; ")
	}
	return f
}
