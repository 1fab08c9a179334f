// SPDX-License-Identifier: EUPL-1.2

// Package demo is the window's demonstration: two readers and cards that exist in memory only, a service of its own,
// and what can go wrong with them. Nothing in it reaches a reader, a network or another program.
package demo

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/emulator"
	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/cardfile"
	"rinnova.example/go/citizen/desktop"
	"rinnova.example/go/citizen/errorreport"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/failure"
	"rinnova.example/go/operator"
	"rinnova.example/go/service/campaign"
	"rinnova.example/go/trial"
)

// Readers are the names of the demonstration's readers.
var Readers = []string{"Lettore dimostrativo 1", "Lettore dimostrativo 2"}

// Config says how the demonstration runs.
type Config struct {
	Clock   func() time.Time // the card holder's and the service's
	Fast    bool             // a card and its reader take no time
	Version string           // of the program
	// Report has a renewal on the card in a reader recorded for an error report, and returns what puts the report
	// together.
	Report func(r *renewal.Renewal, reader string, now func() time.Time, desk errorreport.Recipients) Report
}

// Report puts an error report together.
type Report = func(*renewal.Failure, error) (*desktop.UnsavedReport, error)

// Bench is the demonstration. It implements desktop.Bench.
type Bench struct {
	Config
	ctx     context.Context
	open    *network // campaigns are open
	closed  *network // a month after the last one closed
	changes chan []desktop.Reader
	journal *cardfile.Files
	desk    errorreport.Recipients // whose key does not exist any more

	mu       sync.Mutex
	slots    [2]slot
	readers  int  // how many are plugged in
	pcsc     bool // the smart-card service is there
	inserted int  // cards put in so far: tells two insertions apart
	shut     bool // the closed service answers
	versions int  // of the second campaign, which is open when odd
	module   bool // the browser has our PKCS #11 module
}

// slot is a reader and the card in it, or beside it.
type slot struct {
	card   iso7816.Card
	chip   *emulator.Card // nil where the card is no emulated one
	series string
	fault  string
	in     bool
	mute   bool
	busy   bool
	number int
}

// New starts the demonstration: cards of each series can be put in from then on, until ctx is done.
func New(ctx context.Context, c Config) (*Bench, error) {
	files := &trial.Files{}
	b := &Bench{Config: c, ctx: ctx, changes: make(chan []desktop.Reader, 64), readers: 1, pcsc: true,
		journal: &cardfile.Files{Read: files.Read, Write: files.Write}}
	var err error
	if b.open, err = newNetwork(ctx, c.Clock, func(campaign.Campaign) bool { return true }); err != nil {
		return nil, err
	}
	if b.desk, err = deskWithoutKey(c.Clock()); err != nil {
		return nil, err
	}
	later := func() time.Time { return c.Clock().AddDate(5, 0, 0) }
	if b.closed, err = newNetwork(ctx, later, func(c campaign.Campaign) bool { return !c.Last }); err != nil {
		return nil, err
	}
	b.tell()
	return b, nil
}

// deskWithoutKey is a desk that opens nothing: its key is thrown away.
func deskWithoutKey(now time.Time) (errorreport.Recipients, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Assistenza (DIMOSTRAZIONE)"},
		KeyUsage:  x509.KeyUsageKeyEncipherment,
		NotBefore: now.AddDate(0, 0, -1), NotAfter: now.AddDate(20, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return nil, err
	}
	c, err := x509.ParseCertificate(der)
	return errorreport.Recipients{c}, err
}

// service is the one that answers now.
func (b *Bench) service() *network {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.shut {
		return b.closed
	}
	return b.open
}

// now is the service's time, so that the two agree.
func (b *Bench) now() time.Time { return b.service().Clock() }

// tell says how the readers are. Every change goes through it, so that the channel has room.
func (b *Bench) tell() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.pcsc {
		b.send(nil)
		return
	}
	list := []desktop.Reader{}
	for i := range b.readers {
		s := b.slots[i]
		r := desktop.Reader{Name: Readers[i], Present: s.in, Mute: s.in && s.mute, Choice: s.in}
		if s.in {
			r.Token = fmt.Sprint(s.number)
		}
		list = append(list, r)
	}
	b.send(list)
}

func (b *Bench) send(list []desktop.Reader) {
	select {
	case b.changes <- list:
	case <-b.ctx.Done():
	}
}

// openCard connects to the card in a reader.
func (b *Bench) openCard(_ context.Context, reader string) (*desktop.Card, error) {
	b.mu.Lock()
	i := slices.Index(Readers, reader)
	if i < 0 || !b.slots[i].in {
		b.mu.Unlock()
		return nil, &renewal.Failure{Code: failure.NoCard, Err: iso7816.ErrCardGone}
	}
	s := b.slots[i]
	b.mu.Unlock()
	if s.busy {
		return nil, &renewal.Failure{Code: failure.CardBusy, Err: emulator.ErrInUse}
	}
	paced := &pacedCard{Card: s.card, bench: b, number: s.number, slot: i}
	step, cuts := strings.CutPrefix(s.fault, "cut-")
	if s.fault == "slow-card" {
		paced.first = time.Minute
	}
	r := b.renewal(paced)
	r.Version = b.Version
	if s.fault == "pinpad" {
		var err error
		if r.Pinpad, err = paced.pinpad(); err != nil {
			return nil, err
		}
	}
	if s.fault == "too-old" {
		r.Version = "0.0.1"
	}
	// Only a renewal tells of its steps here: a look does not.
	r.Events = func(e renewal.Event) {
		paced.pull.Store(cuts && e.Step == step && e.State == renewal.Started)
		paced.slow.Store(s.fault == "slow-install" && e.Step == "install" && e.State == renewal.Started)
	}
	return &desktop.Card{Renewal: r, Count: paced.count, Close: func() {}, Report: b.Report(r, reader, b.now, b.desk)},
		nil
}

func (b *Bench) renewal(card iso7816.Card) *renewal.Renewal {
	s := b.service()
	return &renewal.Renewal{Card: card,
		Service: renewal.Service{URL: &url.URL{Scheme: "https", Host: host},
			HTTP: &http.Client{Transport: s, Timeout: 2 * time.Minute}},
		Anchors: []*x509.Certificate{s.Current.Certificate()}, Journal: b.journal, Now: s.Clock, Random: rand.Reader,
		Wait: renewal.Wait}
}

// remove takes a card out and leaves it at hand.
func (b *Bench) remove(i int) {
	b.mu.Lock()
	b.slots[i].in = false
	if c := b.slots[i].chip; c != nil {
		c.SetFault(nil)
	}
	b.mu.Unlock()
	b.tell()
}

// State tells the page what can be done.
func (b *Bench) State() desktop.Demo {
	now := b.now()
	b.mu.Lock()
	defer b.mu.Unlock()
	s := desktop.Demo{Faults: Faults, Readers: b.readers, PCSC: b.pcsc, Down: b.open.down.Load(), Shut: b.shut,
		Twice: b.versions%2 == 1, PIN: trial.PIN, PUK: trial.PUK, Date: now.Format(time.DateOnly)}
	for _, m := range cardmodel.Models() {
		s.Series = append(s.Series, m.Sigle()...)
	}
	slices.Sort(s.Series)
	for _, x := range b.slots {
		s.Slots, s.In = append(s.Slots, x.series), append(s.In, x.in)
	}
	return s
}

// Do changes the bench.
func (b *Bench) Do(ctx context.Context, action, series, fault string) error {
	switch action {
	case "insert", "insert-second":
		i := 0
		if action == "insert-second" {
			i = 1
		}
		s, err := b.make(ctx, series, fault)
		if err != nil {
			return err
		}
		b.mu.Lock()
		b.inserted++
		s.in, s.number = true, b.inserted
		b.slots[i], b.readers, b.pcsc = s, max(b.readers, i+1), true
		b.mu.Unlock()
	case "remove":
		b.remove(0)
		return nil
	case "remove-second":
		b.remove(1)
		return nil
	case "back":
		b.mu.Lock()
		if s := &b.slots[0]; s.card != nil && !s.in {
			b.inserted++
			s.in, s.number, s.fault = true, b.inserted, ""
			if s.chip != nil {
				s.chip.Reinsert()
			}
		}
		b.mu.Unlock()
	case "down", "up":
		for _, s := range []*network{b.open, b.closed} {
			s.down.Store(action == "down")
		}
		return nil
	case "twice", "once":
		return b.second(ctx, action == "twice")
	case "shut", "reopen":
		b.mu.Lock()
		b.shut = action == "shut"
		b.mu.Unlock()
		return nil
	case "readers-off", "readers-on", "pcsc-off", "pcsc-on":
		b.mu.Lock()
		switch action {
		case "readers-off":
			b.readers = 0
		case "readers-on":
			b.readers = 1
		default:
			b.pcsc = action == "pcsc-on"
		}
		b.mu.Unlock()
	default:
		return fmt.Errorf("no action %q", action)
	}
	b.tell()
	return nil
}

// second opens or closes a campaign like the first, but for its name and its day.
func (b *Bench) second(ctx context.Context, open bool) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if open == (b.versions%2 == 1) {
		return nil
	}
	c := campaign.Shipped()[0]
	c.ID, c.Version, c.Title, c.NewNotAfter = "2020-bis", b.versions+1, "Estensione al 31 dicembre 2020",
		time.Date(2020, time.December, 31, 23, 59, 59, 0, campaign.Rome)
	if !open {
		c.OpenTo = c.OpenFrom
	}
	if err := b.open.Store.AddCampaign(ctx, c, b.Clock()); err != nil {
		return err
	}
	b.versions++
	return nil
}

// Window is the window's configuration in the demonstration.
func (b *Bench) Window() desktop.Config {
	return desktop.Config{Version: b.Version, Readers: b.changes, Open: b.openCard, LoginRoots: b.open.Roots,
		LoginTransport: b.open.loginTransport(), Service: "https://" + host, Demo: b, Now: b.now, Browsers: b.browsers,
		Desk:  func() (errorreport.Recipients, error) { return b.desk, nil },
		Probe: func(ctx context.Context) (time.Time, error) { return b.renewal(nil).Reach(ctx) },
		Contact: operator.Contact{Telephone: "000 000000", Mail: "assistenza@rinnova.example",
			Hours: "lun–ven 8–18"}}
}
