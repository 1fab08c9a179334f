// SPDX-License-Identifier: EUPL-1.2

//go:build window || development

package main

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/cns"
	"rinnova.example/go/card/emulator"
	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/citizen/desktop"
	"rinnova.example/go/citizen/errorreport"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/service/campaign"
	"rinnova.example/go/trial"
)

// Names of the demonstration's readers.
var benchReaders = []string{"Lettore dimostrativo 1", "Lettore dimostrativo 2"}

// bench is the demonstration: two readers and cards that exist in memory only, a service of its own, and
// what can go wrong with them.
type bench struct {
	ctx     context.Context
	clock   func() time.Time
	open    *demoService // campaigns are open
	closed  *demoService // a month after the last one closed
	fast    bool         // no time is spent on a link
	out     chan []desktop.Reader
	journal *renewal.Journal
	desk    errorreport.Recipients // of which nobody has the key

	mu       sync.Mutex
	slots    [2]slot
	readers  int  // how many are plugged in
	pcsc     bool // the smart-card service is there
	inserted int  // cards put in so far: tells two insertions apart
	shut     bool // the closed service answers
	versions int  // of the second campaign, which is open when odd
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

// newBench starts the demonstration at an instant: cards of each series can be put in from then on.
func newBench(ctx context.Context, clock func() time.Time, fast bool) (*bench, error) {
	b := &bench{ctx: ctx, clock: clock, fast: fast, out: make(chan []desktop.Reader, 64), journal: memoryJournal(), readers: 1, pcsc: true}
	var err error
	if b.open, err = newDemoService(ctx, clock, func(campaign.Campaign) bool { return true }); err != nil {
		return nil, err
	}
	if b.desk, err = noDesk(clock()); err != nil {
		return nil, err
	}
	later := func() time.Time { return clock().AddDate(5, 0, 0) }
	if b.closed, err = newDemoService(ctx, later, func(c campaign.Campaign) bool { return !c.Last }); err != nil {
		return nil, err
	}
	b.tell()
	return b, nil
}

// memoryJournal is a journal that ends with the program.
func memoryJournal() *renewal.Journal {
	var mu sync.Mutex
	files := map[string][]byte{}
	return &renewal.Journal{
		Read: func(name string) ([]byte, error) {
			mu.Lock()
			defer mu.Unlock()
			if f, ok := files[name]; ok {
				return slices.Clone(f), nil
			}
			return nil, fs.ErrNotExist
		},
		Write: func(name string, data []byte) error {
			mu.Lock()
			defer mu.Unlock()
			files[name] = slices.Clone(data)
			return nil
		},
	}
}

// noDesk is a desk that opens nothing: its key is thrown away.
func noDesk(now time.Time) (errorreport.Recipients, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Assistenza (DIMOSTRAZIONE)"}, KeyUsage: x509.KeyUsageKeyEncipherment,
		NotBefore: now.AddDate(0, 0, -1), NotAfter: now.AddDate(20, 0, 0)}
	der, err := x509.CreateCertificate(rand.Reader, t, t, key.Public(), key)
	if err != nil {
		return nil, err
	}
	c, err := x509.ParseCertificate(der)
	return errorreport.Recipients{c}, err
}

// service is the one that answers now.
func (b *bench) service() *demoService {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.shut {
		return b.closed
	}
	return b.open
}

// now is the service's time, so that the two agree.
func (b *bench) now() time.Time { return b.service().clock() }

// tell says how the readers are. Every change goes through it, so that the channel has room.
func (b *bench) tell() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.pcsc {
		b.send(nil)
		return
	}
	list := []desktop.Reader{}
	for i := range b.readers {
		s := b.slots[i]
		r := desktop.Reader{Name: benchReaders[i], Present: s.in, Mute: s.in && s.mute}
		if s.in {
			r.Token = fmt.Sprint(s.number)
		}
		list = append(list, r)
	}
	b.send(list)
}

func (b *bench) send(list []desktop.Reader) {
	select {
	case b.out <- list:
	case <-b.ctx.Done():
	}
}

// openCard connects to the card in a reader.
func (b *bench) openCard(_ context.Context, reader string) (*desktop.Card, error) {
	b.mu.Lock()
	i := slices.Index(benchReaders, reader)
	if i < 0 || !b.slots[i].in {
		b.mu.Unlock()
		return nil, cardFailure(iso7816.ErrCardGone)
	}
	s := b.slots[i]
	b.mu.Unlock()
	if s.busy {
		return nil, cardFailure(emulator.ErrInUse)
	}
	paced := &pacedCard{Card: s.card, bench: b, number: s.number, slot: i}
	cut, cuts := strings.CutPrefix(s.fault, "cut-")
	if s.fault == "slow-card" {
		paced.first = time.Minute
	}
	r := b.renewal(paced)
	r.Version = version
	if s.fault == "too-old" {
		r.Version = "0.0.1"
	}
	facts := errorreport.Collect("rinnova-window", version, b.now)
	// Only a renewal tells of its steps here: a look does not.
	r.Events = func(e renewal.Event) { paced.pull.Store(cuts && e.Step == cut && e.State == renewal.Started) }
	r.Card, r.Service.HTTP, r.Events = watched(facts, &opened{Card: paced, reader: reader, emulated: true}, r)
	return &desktop.Card{Renewal: r, Count: paced.count, Close: func() {}, Report: reporter(facts, false, func() (errorreport.Recipients, error) { return b.desk, nil })}, nil
}

func (b *bench) renewal(card iso7816.Card) *renewal.Renewal {
	s := b.service()
	return &renewal.Renewal{Card: card, Service: renewal.Service{URL: &url.URL{Scheme: "https", Host: demoHost}, HTTP: &http.Client{Transport: s, Timeout: 2 * time.Minute}},
		Anchors: []*x509.Certificate{s.current.Certificate()}, Journal: b.journal, Now: s.clock, Random: rand.Reader, Wait: wait}
}

// pacedCard takes the time of a reader's link, and is gone once the card was taken out.
type pacedCard struct {
	iso7816.Card
	bench     *bench
	slot      int
	number    int
	first     time.Duration // before the first command
	exchanged atomic.Int64
	pull      atomic.Bool // at the next command of cutAt
}

func (c *pacedCard) count() int { return int(c.exchanged.Load()) }

func (c *pacedCard) Transmit(command []byte) ([]byte, error) {
	if c.exchanged.Add(1) == 1 && c.first > 0 {
		if err := wait(c.bench.ctx, c.first); err != nil {
			return nil, err
		}
	}
	began := time.Now()
	c.bench.mu.Lock()
	s := c.bench.slots[c.slot]
	c.bench.mu.Unlock()
	if !s.in || s.number != c.number {
		return nil, iso7816.ErrCardGone
	}
	if s.fault == "slow-key" && len(command) > 1 && command[1] == 0x46 {
		for range 600 {
			if err := wait(c.bench.ctx, 100*time.Millisecond); err != nil {
				return nil, err
			}
			c.bench.mu.Lock()
			gone := !c.bench.slots[c.slot].in
			c.bench.mu.Unlock()
			if gone {
				return nil, iso7816.ErrCardGone
			}
		}
	}
	answer, err := c.Card.Transmit(command)
	if c.pull.Load() && err == nil {
		if ins, ok := cutAt[strings.TrimPrefix(s.fault, "cut-")]; !ok || ins == command[1] {
			err = iso7816.ErrCardGone
		}
	}
	if !c.bench.fast {
		wire, chip := trial.ModelledLink.Exchange(command, answer)
		if err := wait(c.bench.ctx, wire+chip-time.Since(began)); err != nil {
			return nil, err
		}
	}
	if errors.Is(err, iso7816.ErrCardGone) {
		c.bench.remove(c.slot)
		return nil, err
	}
	return answer, err
}

func (c *pacedCard) Begin() error         { return iso7816.Begin(c.Card) }
func (c *pacedCard) End(reset bool) error { return iso7816.End(c.Card, reset) }

// remove takes a card out and leaves it at hand.
func (b *bench) remove(i int) {
	b.mu.Lock()
	b.slots[i].in = false
	if c := b.slots[i].chip; c != nil {
		c.SetFault(nil)
	}
	b.mu.Unlock()
	b.tell()
}

// State tells the page what can be done.
func (b *bench) State() desktop.Demo {
	now := b.now()
	b.mu.Lock()
	defer b.mu.Unlock()
	s := desktop.Demo{Faults: faults, Readers: b.readers, PCSC: b.pcsc, Down: b.open.down.Load(), Shut: b.shut, Twice: b.versions%2 == 1, PIN: demoPIN, PUK: demoPUK, Date: now.Format(time.DateOnly)}
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
func (b *bench) Do(ctx context.Context, action, series, fault string) error {
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
		for _, s := range []*demoService{b.open, b.closed} {
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
func (b *bench) second(ctx context.Context, open bool) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if open == (b.versions%2 == 1) {
		return nil
	}
	c := campaign.Shipped()[0]
	c.ID, c.Version, c.Title, c.NewNotAfter = "2020-bis", b.versions+1, "Estensione al 31 dicembre 2020", time.Date(2020, time.December, 31, 23, 59, 59, 0, campaign.Rome)
	if !open {
		c.OpenTo = c.OpenFrom
	}
	if err := b.open.db.AddCampaign(ctx, c, b.clock()); err != nil {
		return err
	}
	b.versions++
	return nil
}

// faults are the scripts that a card can be put in with. A cut- takes the card away within a step of the
// renewal, after the card acted; there is one for each step that uses the card.
var faults = []string{"", "begun", "renewed", "pin-last", "pin-blocked", "puk-last", "cut-identify", "cut-unlock", "cut-prepare", "cut-generate",
	"cut-request", "cut-install", "cut-prove", "cut-confirm", "lost-request", "lost-confirm", "unregistered", "empty", "full", "not-activated", "mute",
	"contactless", "not-cns", "cie", "foreign", "other-cns", "unknown-model", "busy", "slow-card", "slow-key", "slow-service", "hostile", "too-old"}

// cutAt is the instruction of a step at which the card is taken away; the first command where none is named.
var cutAt = map[string]byte{"unlock": 0x20, "prepare": 0xE0, "generate": 0x46, "request": 0x2A, "install": 0xD6, "prove": 0x2A, "confirm": 0x2A}

// fixed is a card that has an answer to reset and nothing else.
type fixed struct{ atr []byte }

func (f fixed) ATR() []byte                     { return f.atr }
func (f fixed) Transmit([]byte) ([]byte, error) { return []byte{0x6D, 0x00}, nil }

// Answers to reset of cards that are none of ours: a bank's, an identity card's of the first version, one
// over the air (PC/SC part 3 §3.1.3.2.3), and a CNS with a mask that no model has.
var (
	cieATR         = []byte{0x3B, 0xF4, 0x18, 0x00, 0xFF, 0x81, 0x31, 0x80, 0x55, 0x00, 0x31, 0x80, 0x00, 0xC7}
	bankATR        = []byte{0x3B, 0x67, 0x00, 0x00, 0x29, 0x20, 0x00, 0x6F, 0x78, 0x90, 0x00}
	contactlessATR = []byte{0x3B, 0x80, 0x80, 0x01, 0x01}
	unknownCNSATR  = []byte{0x3B, 0xFF, 0x18, 0x00, 0x00, 0x81, 0x31, 0xFE, 0x45, 0x00, 0x6B, 0x7E, 0x7E, 0x7E, 0x00, 0x01, 0x21, 0x01, 0x43, 0x4E, 0x53, 0x10, 0x31, 0x80, 0x27}
)

// make makes a card of a series and scripts what will go wrong with it.
func (b *bench) make(ctx context.Context, series, fault string) (slot, error) {
	if !slices.Contains(faults, fault) {
		return slot{}, fmt.Errorf("no fault %q", fault)
	}
	s := slot{series: series, fault: fault}
	for _, x := range []*demoService{b.open, b.closed} {
		x.slow.Store(0)
		x.failAt.Store(0)
	}
	switch fault {
	case "contactless":
		s.card = fixed{contactlessATR}
		return s, nil
	case "not-cns":
		s.card = fixed{bankATR}
		return s, nil
	case "cie":
		s.card = fixed{cieATR}
		return s, nil
	case "unknown-model":
		s.card = fixed{unknownCNSATR}
		return s, nil
	}
	d := demoCard{series: series, noCert: fault == "empty", unregistered: fault == "unregistered", hostile: fault == "hostile"}
	if fault == "other-cns" {
		d.first = '7'
	}
	c, err := b.service().issue(ctx, d)
	if err != nil {
		return slot{}, err
	}
	s.chip, s.card = c, c
	switch fault {
	case "mute":
		s.mute = true
	case "busy":
		s.busy = true
	case "begun", "renewed":
		if fault == "begun" {
			cutAfter(c, 0xD6, 3)
		}
		_, err := b.elsewhere(c).Run(ctx)
		c.SetFault(nil)
		c.Reinsert()
		if (err == nil) != (fault == "renewed") {
			return slot{}, fmt.Errorf("preparing the card: %v", err)
		}
	case "pin-last", "pin-blocked", "puk-last":
		if err := wrongCodes(c, fault); err != nil {
			return slot{}, err
		}
	case "not-activated":
		answering(c, iso7816.SWUnusable, 0x20)
	case "foreign":
		answering(c, iso7816.SWFileNotFound, 0xA4)
	case "full":
		answering(c, iso7816.SWNoMemory, 0xE0, 0xDA)
	case "slow-service":
		b.service().slow.Store(int64(time.Minute))
	case "lost-request", "lost-confirm":
		s := b.service()
		s.exchanges.Store(0)
		// The look asks once, the renewal once more, then come request and confirmation.
		s.failAt.Store(map[string]int64{"lost-request": 3, "lost-confirm": 4}[fault])
	}
	return s, nil
}

// answering has the card refuse some instructions with a status word.
func answering(c *emulator.Card, sw iso7816.SW, instructions ...byte) {
	c.SetFault(func(_ int, command []byte) emulator.Fault {
		if slices.Contains(instructions, command[1]) {
			return emulator.Fault{SW: sw}
		}
		return emulator.Fault{}
	})
}

// cutAfter takes the card away at the n-th command of an instruction, after it acted.
func cutAfter(c *emulator.Card, instruction byte, n int) {
	seen := 0
	c.SetFault(func(_ int, command []byte) emulator.Fault {
		if command[1] == instruction {
			if seen++; seen == n {
				return emulator.Fault{Cut: emulator.CutAfter}
			}
		}
		return emulator.Fault{}
	})
}

// elsewhere is a renewal on another computer: without this one's journal, by somebody who knows the codes.
func (b *bench) elsewhere(c *emulator.Card) *renewal.Renewal {
	r := b.renewal(c)
	r.Journal, r.Prompter = nil, knowing{c.Series()}
	return r
}

type knowing struct{ series string }

func (knowing) PIN(context.Context, renewal.CodeRequest) ([]byte, error) {
	return []byte(demoPIN), nil
}
func (knowing) PUK(context.Context, renewal.CodeRequest) ([]byte, error) {
	return []byte(demoPUK), nil
}
func (k knowing) Consent(context.Context, renewal.Question) (string, error) { return k.series, nil }

// wrongCodes spends tries as a person would who forgot the code.
func wrongCodes(c *emulator.Card, fault string) error {
	s, err := cns.Open(c)
	if err != nil {
		return err
	}
	defer s.ForgetPIN()
	if fault == "puk-last" {
		for range s.Model.PUK.Value.Tries - 1 {
			missing := s.DFToCreateWithPUK()
			if missing == nil {
				return nil
			}
			var refused *cns.CodeError
			if err := s.CreateWithPUK(*missing, []byte("00000000")); !errors.As(err, &refused) {
				return fmt.Errorf("a wrong PUK was not refused: %w", err)
			}
		}
		return nil
	}
	tries := s.Model.PIN.Value.Tries
	if fault == "pin-last" {
		tries--
	}
	for range tries {
		var refused *cns.CodeError
		if err := s.UnlockInBlock([]byte("00000"), nil); !errors.As(err, &refused) {
			return fmt.Errorf("a wrong PIN was not refused: %w", err)
		}
	}
	return nil
}

// configure is the window's configuration in the demonstration: nothing in it reaches a reader or a socket.
func (b *bench) configure() desktop.Config {
	return desktop.Config{Version: version, Readers: b.out, Open: b.openCard, LoginRoots: b.open.roots, LoginTransport: b.open.transport(),
		Probe: b.probe, Service: "https://" + demoHost, Demo: b, Now: b.now, SlowAfter: 15 * time.Second, ReinsertPause: time.Minute, KeepPIN: keepPIN}
}

func (b *bench) probe(ctx context.Context) error {
	return probe(ctx, &http.Client{Transport: b.service()}, "https://"+demoHost+"/.well-known/cmp")
}
