// SPDX-License-Identifier: EUPL-1.2

// Package desktop is the window: one http.Handler that shows a page and drives a renewal from it, and the shell that
// serves the handler to a browser on this computer. The page's state is computed from facts. Readers and cards reach
// the package as values and functions. PINs and PUKs pass from the page to the card; the package stores none.
package desktop

import (
	"context"
	"crypto/x509"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"rinnova.example/go/citizen/browser"
	"rinnova.example/go/citizen/doctor"
	"rinnova.example/go/citizen/errorreport"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/failure"
	"rinnova.example/go/operator"
	"rinnova.example/go/plaintext"
)

// Config holds the window's dependencies. Fields without "nil" in their comment must be set.
type Config struct {
	Version string
	// Readers sends the state of all readers at each change; it sends nil while there is no smart-card service.
	Readers <-chan []Reader
	// Open connects to the card in a reader and makes a renewal for it.
	Open func(ctx context.Context, reader string) (*Card, error)
	// LoginRoots and LoginTransport are for the trial login, as in renewal.LoginWith.
	LoginRoots     *x509.CertPool
	LoginTransport *http.Transport
	// Probe returns the issuing service's time, or an error if it does not answer as it should; Service is its address,
	// to be shown.
	Probe   func(context.Context) (time.Time, error)
	Service string
	// Examined are the doctor's instruments beside those that the window has: readers and cards, Probe, Browsers.
	// Its Readers, where they are set, take precedence over the window's.
	Examined doctor.Computer
	// Desk returns the certificates for which a diagnosis is sealed; nil where no desk is known.
	Desk func() (errorreport.Recipients, error)
	// Downloads returns the folder in which a diagnosis is saved.
	Downloads func() string
	// Updates looks for a newer version. It is called once, and nothing waits for it. Nil: no check is made.
	Updates func(context.Context) Update
	// DownloadPage is the page from which a person downloads the program, "" where it is not known; OpenURL opens it
	// in a browser.
	DownloadPage string
	OpenURL      func(address string) error
	// Browsers lists the stores of this user's browsers, after it changed them; nil where the program has no PKCS #11
	// module for browsers.
	Browsers func(browser.Change) ([]browser.Store, error)
	// Contact tells how a person reaches the assistance of the service; it may be empty.
	Contact operator.Contact
	// Keep saves the service that the person entered, and returns the fields that depend on it: Open, Probe, Service,
	// Updates, DownloadPage, Contact and those of the trial login. Nil where a service is known.
	Keep func(operator.Operator) (Config, error)
	// Demo controls the demonstration; nil where cards and service are real.
	Demo Bench
	Now  func() time.Time
	// SlowAfter is the time after which the page explains why reading a card takes long.
	SlowAfter time.Duration
	// ReinsertPause is the time that the card stays out of the reader after a renewal: the minute of the guide's step
	// 14.
	ReinsertPause time.Duration
	// KeepPIN is the idle time after which the PIN that is kept for the trial login is wiped.
	KeepPIN time.Duration
	// Quit ends the program; nil where the shell does it.
	Quit func()
	// OnDrawn is called once, when the page has drawn a state and asks for the next one; nil: not called.
	OnDrawn func()
}

// Card is an open card.
type Card struct {
	Renewal *renewal.Renewal
	Count   func() int // commands exchanged so far
	Close   func()
	// Report makes the error report of a look or run that failed; it is called after Close. Nil where no desk's
	// certificate is known.
	Report func(*renewal.Failure, error) (*UnsavedReport, error)
}

// UnsavedReport is an error report that has not been saved yet.
type UnsavedReport struct {
	Contents *errorreport.Report
	Save     func() (path string, err error) // seals and writes what Contents lists
}

// Bench controls a demonstration: the cards in its readers and the faults that it causes.
type Bench interface {
	State() Demo
	Do(ctx context.Context, action, series, fault string) error
}

// Window holds the window's state and does its work.
type Window struct {
	cfg  Config
	ctx  context.Context
	stop context.CancelFunc
	work sync.WaitGroup

	mu      sync.Mutex
	f       facts
	version int
	changed chan struct{} // closed at each change
	polls   int           // state requests under way
	drawn   sync.Once
	polled  time.Time // the end of the last one

	look    context.CancelFunc // stops the look under way
	looks   int                // the number of the last look: the result of an earlier one is dropped
	cancel  context.CancelFunc // stops the run
	prompts int
	answer  chan reply // of the prompt that waits
	left    bool       // the person chose to close although a renewal runs
	asked   time.Time  // when the page was last told to ask before closing
	outcome *renewal.Outcome
	reader  string // of the run
	// of the last run; resume uses them after a look that succeeds
	series, campaign string
	resuming         bool
	save             func() (string, error) // saves the report of the run that failed; nil: none
	diagnosed        *doctor.Report         // the last diagnosis that the page showed
	wipe             *time.Timer            // wipes the PIN that is kept for the trial login
}

// New returns a window that follows the readers until Close.
func New(c Config) *Window {
	w := &Window{cfg: c, changed: make(chan struct{}), polled: time.Now()}
	w.ctx, w.stop = context.WithCancel(context.Background())
	if c.Keep != nil {
		w.f.setup = &Setup{}
	} else {
		w.checkVersion()
	}
	w.work.Go(w.follow)
	return w
}

// checkVersion starts the check for a newer version, if Updates is set. The lock is held, or not needed yet.
func (w *Window) checkVersion() {
	ask := w.cfg.Updates
	if ask == nil {
		return
	}
	w.f.update = &Update{State: UpdateChecking}
	w.work.Go(func() {
		u := ask(w.ctx)
		w.set(func(f *facts) { f.update = &u })
	})
}

// hideUpdate hides the notice of a newer version until the next start.
func (w *Window) hideUpdate() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.f.update == nil || !w.f.update.notice() {
		return errState
	}
	u := *w.f.update
	u.Hidden = true
	w.f.update = &u
	w.bump()
	return nil
}

// browse opens the download page in a browser.
func (w *Window) browse() error {
	w.mu.Lock()
	page := w.cfg.DownloadPage
	w.mu.Unlock()
	if page == "" {
		return errState
	}
	return w.cfg.OpenURL(page)
}

// Close stops everything that is under way, waits for it, and wipes the PIN that is kept.
func (w *Window) Close() {
	w.stop()
	w.work.Wait()
	w.forget()
}

// Busy reports whether a renewal is under way.
func (w *Window) Busy() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.f.running != nil
}

// closeInterval: two close requests within this time count as one.
const closeInterval = 2 * time.Second

// RequestClose reports whether the window may close at once. During a renewal it returns false and the page asks the
// person. A second request after closeInterval, while the page asks, confirms the first one.
func (w *Window) RequestClose() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.f.running == nil || w.left || w.f.closing && time.Since(w.asked) > closeInterval {
		return true
	}
	if !w.f.closing {
		w.asked = time.Now()
	}
	w.f.closing = true
	w.bump()
	return false
}

// bump wakes all that wait for a change of the facts. The lock is held.
func (w *Window) bump() {
	w.version++
	close(w.changed)
	w.changed = make(chan struct{})
}

func (w *Window) set(change func(*facts)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change(&w.f)
	w.bump()
}

// follow updates the facts at each change of the readers.
func (w *Window) follow() {
	for {
		select {
		case <-w.ctx.Done():
			return
		case readers, ok := <-w.cfg.Readers:
			if !ok {
				return
			}
			w.take(readers)
		}
	}
}

func (w *Window) take(readers []Reader) {
	w.mu.Lock()
	defer w.mu.Unlock()
	before := w.f.readers
	w.f.watched, w.f.service, w.f.readers = true, readers != nil, readers
	if w.f.chosen != "" && !find(readers, w.f.chosen).Present {
		w.f.chosen = ""
	}
	if b := w.f.blocked; b != nil {
		if r := find(readers, b.reader); !r.Present || r.Token != b.token {
			w.f.blocked = nil
		}
	}
	if w.f.setup != nil {
		w.bump()
		return
	}
	was := w.f.target
	w.retarget()
	now, then := find(readers, w.f.target), find(before, w.f.target)
	changed := w.f.target != was || now.Token != then.Token || now.Present != then.Present || now.Mute != then.Mute
	switch {
	case w.f.running != nil:
		if !find(readers, w.reader).Present {
			w.reply(reply{err: &renewal.Failure{Code: failure.CardRemoved}})
		}
	case w.f.finished != nil:
		w.reinserting(find(readers, w.reader).Present)
	case w.f.failed != nil, w.f.newPIN:
		if changed {
			w.f.looked = nil // already read when the failure was
		}
	case changed:
		w.startLook()
	}
	w.bump()
}

// retarget sets the target reader. Where the person must choose among cards, it has each of them read, once for an
// insertion. The lock is held.
func (w *Window) retarget() {
	before := w.f.known
	w.f.known = map[string]known{}
	for _, r := range w.f.readers {
		if k, ok := before[r.Name]; ok && k.token == r.Token && r.Present {
			w.f.known[r.Name] = k
		}
	}
	if w.f.target = aim(w.f); w.f.target != "" || w.f.running != nil || w.f.finished != nil || w.f.setup != nil {
		return
	}
	for _, r := range choices(w.f) {
		if _, ok := w.f.known[r.Name]; ok || r.Mute {
			continue
		}
		w.f.known[r.Name] = known{token: r.Token}
		w.work.Go(func() { w.identified(r, w.identity(r.Name)) })
	}
}

// identity reads one of several cards. A card that cannot be read gets no identity.
func (w *Window) identity(reader string) (k known) {
	c, err := w.cfg.Open(w.ctx, reader)
	if err != nil {
		return known{}
	}
	defer c.Close()
	if k.identity, err = renewal.Identify(c.Renewal.Card); err == nil {
		k.identity.Holder = printable(k.identity.Holder)
	}
	k.otherKind = renewal.IsOtherKind(err)
	return k
}

// identified stores the result of identity, if the card is still there.
func (w *Window) identified(r Reader, k known) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if before, ok := w.f.known[r.Name]; !ok || before.token != r.Token {
		return
	}
	k.token = r.Token
	w.f.known[r.Name] = k
	was := w.f.target
	if w.f.target = aim(w.f); w.f.target != was && !w.f.busy() {
		w.startLook()
	}
	w.bump()
}

// startLook reads the card in the target reader. The lock is held.
func (w *Window) startLook() {
	if w.look != nil {
		w.look()
		w.look = nil
	}
	w.looks++
	w.resuming = false
	w.f.looking, w.f.looked, w.f.report = nil, nil, nil
	r := find(w.f.readers, w.f.target)
	if !r.Present || w.f.setup != nil {
		return
	}
	if r.Mute {
		w.f.looked = &looked{failure: &Failure{Code: failure.CardMute}}
		return
	}
	ctx, cancel := context.WithCancel(w.ctx)
	w.look, w.f.looking = cancel, &looking{step: "identify"}
	number := w.looks
	w.work.Go(func() {
		defer cancel()
		late := time.AfterFunc(w.cfg.SlowAfter, func() {
			w.during(number, func(f *facts) { f.looking.late = true })
		})
		defer late.Stop()
		result := w.read(ctx, number, r.Name)
		w.during(number, func(f *facts) {
			if b := f.blocked; b != nil && b.reader == r.Name && b.token == r.Token && result.failure == nil {
				result.failure = b.failure
			}
			f.looking, f.looked = nil, result
			resuming := w.resuming
			if w.resuming = false; resuming && screen(*f) == ScreenRenewable {
				w.start(w.series, w.campaign)
			}
		})
	})
}

// during changes the facts of a look, unless a later look has begun.
func (w *Window) during(number int, change func(*facts)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if number != w.looks || w.f.looking == nil {
		return
	}
	change(&w.f)
	w.bump()
}

func (w *Window) read(ctx context.Context, number int, reader string) *looked {
	c, err := w.cfg.Open(ctx, reader)
	if err != nil {
		return &looked{failure: failureOf(err)}
	}
	result, err := w.readOpen(ctx, number, c)
	c.Close()
	if f := renewal.Classify(err); err != nil && c.Report != nil && slices.Contains(puzzling, f.Code) {
		// Without a report there is nothing to offer; the failure is on the screen.
		result.report, _ = c.Report(f, err)
	}
	return result
}

// puzzling are the failures of a look that the assistance cannot judge by their codes: it needs what the card answered.
var puzzling = []failure.Code{failure.CardModelUnknown, failure.CardMalformed, failure.CardError,
	failure.CertificateUnreadable, failure.Internal}

// readOpen looks at an open card. The error is what the look, or the card, ends with.
func (w *Window) readOpen(ctx context.Context, number int, c *Card) (*looked, error) {
	c.Renewal.Events = func(e renewal.Event) {
		w.during(number, func(f *facts) { f.looking.step = e.Step })
	}
	// The renewal waits in the queue; a look does not.
	c.Renewal.Wait = func(context.Context, time.Duration) error { return errQueue }
	v, err := c.Renewal.Look(ctx)
	if err != nil {
		return &looked{failure: failureOf(err)}, err
	}
	s := &looked{card: w.summary(v)}
	if v.Refusal != nil && v.Refusal.Code == failure.CampaignAmbiguous {
		s.card.Campaigns = accepting(v)
	}
	if v.Refusal != nil && !errors.Is(v.Refusal, errQueue) && len(s.card.Campaigns) == 0 {
		s.failure = failureOf(v.Refusal)
		s.nothing = v.Refusal.Exit() == failure.ExitNothing || v.Refusal.Exit() == failure.ExitRefused
		return s, v.Refusal
	}
	return s, nil
}

// accepting lists the campaigns among which the person chooses.
func accepting(v *renewal.View) []Campaign {
	var list []Campaign
	for _, c := range v.Campaigns {
		if v.Standing == nil || !slices.Contains(v.Standing.Campaigns, c.ID) {
			continue
		}
		d := Campaign{ID: c.ID, Title: printable(c.Title)}
		if !c.NewNotAfter.IsZero() {
			d.NewNotAfter = &c.NewNotAfter
		}
		list = append(list, d)
	}
	return list
}

// errQueue ends a look that would wait in the queue. The card is renewable then.
var errQueue = errors.New("a look does not wait for its turn")

func failureOf(err error) *Failure {
	f := renewal.Classify(err)
	return &Failure{Code: f.Code, Step: f.Step, Reason: f.Reason, Text: printable(f.Text), Changed: f.CardChanged,
		Tries: f.Tries}
}

func (w *Window) summary(v *renewal.View) *Summary {
	m, p, now := v.Session.Model, v.Session.Personal, w.cfg.Now()
	s := newSummary()
	s.Holder, s.ID = printable(strings.TrimSpace(p.Name+" "+p.Surname)), v.Session.IDCarta.Masked()
	s.CanChangePIN, s.CanUnblockPIN = m.ChangePIN.Value, m.UnblockPIN.Value
	s.Model, s.Series = m.Name, append(s.Series, m.Sigle()...)
	s.NeedsPUK, s.Begun, s.Campaign = m.NeedsPUK() && !v.Session.Contents.HasSignatureDF, v.Begun, v.Campaign
	for i, place := range v.Session.Contents.Slots {
		if i > 0 && place.Certificate.Certificate == nil && v.Refusal == nil {
			// Another computer may have begun a renewal that the service does not know of yet.
			if begun, err := v.Session.HasPartialPair(place.Location); err == nil {
				s.Begun = s.Begun || begun
			}
			break
		}
	}
	for _, h := range v.Candidates {
		c := h.Certificate.Certificate
		s.Certificates = append(s.Certificates,
			Certificate{c.NotBefore, c.NotAfter, h.Number > 0, now.After(c.NotAfter)})
	}
	s.Usable, s.AsksSeries = v.Usable(now), v.AsksSeries
	for _, c := range v.Campaigns {
		if c.ID == v.Campaign {
			s.Title = printable(c.Title)
			if !c.NewNotAfter.IsZero() {
				s.NewNotAfter = &c.NewNotAfter
			}
		}
	}
	return &s
}

// newSummary returns a summary with empty lists, because JSON encodes a nil slice as null.
func newSummary() Summary { return Summary{Series: []string{}, Certificates: []Certificate{}} }

// printable returns a text from outside as one line of at most 120 characters.
func printable(s string) string {
	out := []rune(plaintext.Line(s))
	if len(out) > 120 {
		return string(out[:120]) + "…"
	}
	return string(out)
}
