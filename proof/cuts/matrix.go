// SPDX-License-Identifier: EUPL-1.2

package cuts

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"io"
	"math/big"
	"runtime"
	"slices"
	"sync"
	"text/tabwriter"

	"rinnova.example/go/card/cns"
	"rinnova.example/go/card/emulator"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/failure"
	"rinnova.example/go/holder"
	"rinnova.example/go/service/store"
)

// cut is where and how a run is cut at the card.
type cut struct {
	kind    kind
	at      int  // the n-th command that may change the card, or the n-th that may not
	changes bool // which of the two
	when    emulator.Cut
	pages   int // within: memory pages written before the power goes
	cause   cause
}

type kind int

const (
	none kind = iota
	atCard
)

// cause is what takes the card away.
type cause string

const (
	pulled       cause = "card pulled"
	readerPulled cause = "reader pulled" // the reader tells nothing else; the card loses power alike
	killed       cause = "program killed"
	resetByOther cause = "reset by another"
)

var causes = []cause{pulled, readerPulled, killed, resetByOther}

// memory is the state of the first run's journal at the second run.
type memory string

const (
	sameComputer  memory = "same computer"
	otherComputer memory = "another computer"
	staleJournal  memory = "stale journal"
	badJournal    memory = "corrupt journal"
)

var memories = []memory{sameComputer, otherComputer, staleJournal, badJournal}

// Options bound the matrix.
type Options struct {
	Series  []string
	Reads   int  // every n-th command that cannot change the card is cut too; 0: none
	Pages   int  // memory pages of a write at which it is torn, 1 up to this
	Workers int  // 0: as many as processors
	Every   bool // every journal for every cut, instead of one in turn
}

// Row counts the cases of one kind.
type Row struct {
	Series, Kind     string
	Reads            bool // commands that cannot change the card
	Tried, Recovered int
}

// scenario is one case: the cut of the first run, the cut of the second, and the state that the second finds.
type scenario struct {
	series string
	name   string // the row it counts in
	reads  bool
	first  cut
	second cut // zero: the second run is not cut
	net    exchange
	disk   int // the write of the journal at which its disk is full from then on; -1 never, -2 read-only
	memory memory
	later  int  // days between the runs
	wrong  int  // PINs mistyped in the first run
	swap   int  // the transaction before which another card lies in the reader, 0: none
	signer bool // the citizen's signature key lies in the first slot
	n      int
}

// Run runs the whole matrix and writes its table. The error is the first case without recovery, with its history.
func Run(ctx context.Context, o Options, out io.Writer) (tried int, err error) {
	a, err := newAuthority()
	if err != nil {
		return 0, err
	}
	cases, err := a.scenarios(ctx, o)
	if err != nil {
		return 0, err
	}
	rows := map[Row]*Row{}
	var mu sync.Mutex
	// After the first failure no further case starts; those that run come to their end.
	handing, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	work := make(chan scenario)
	workers := o.Workers
	if workers == 0 {
		workers = runtime.NumCPU()
	}
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for c := range work {
				err := a.try(ctx, c)
				mu.Lock()
				key := Row{Series: c.series, Kind: c.name, Reads: c.reads}
				row := rows[key]
				if row == nil {
					row = &Row{Series: c.series, Kind: c.name, Reads: c.reads}
					rows[key] = row
				}
				row.Tried++
				tried++
				if err == nil {
					row.Recovered++
				} else {
					cancel(fmt.Errorf("%s: %s, command %d, torn after %d pages, %s, then %s (second cut at %d): %w",
						c.series, c.name, c.first.at, c.first.pages, c.first.cause, c.memory, c.second.at, err))
				}
				mu.Unlock()
			}
		})
	}
	for _, c := range cases {
		if handing.Err() != nil {
			break
		}
		work <- c
	}
	close(work)
	group.Wait()
	print(out, rows)
	return tried, context.Cause(handing)
}

func print(out io.Writer, rows map[Row]*Row) {
	var list []*Row
	for _, r := range rows {
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b *Row) int {
		return bytes.Compare([]byte(a.Kind+a.Series), []byte(b.Kind+b.Series))
	})
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "series\tcut\tcommands\ttried\trecovered")
	var changing, reading, recovered int
	for _, r := range list {
		what := "changing"
		if r.Reads {
			what = "reading"
			reading += r.Tried
		} else {
			changing += r.Tried
		}
		recovered += r.Recovered
		fmt.Fprintf(w, "%s\t%s\t%s\t%d\t%d\n", r.Series, r.Kind, what, r.Tried, r.Recovered)
	}
	fmt.Fprintf(w, "all\t\tchanging\t%d\t\n\t\treading\t%d\t\n\t\tall\t%d\t%d\n", changing, reading, changing+reading,
		recovered)
	_ = w.Flush() // printed for people
}

// scenarios returns the list of cases. An uncut renewal of each series tells how many commands, exchanges and writes
// a renewal has.
func (a *authority) scenarios(ctx context.Context, o Options) ([]scenario, error) {
	var list []scenario
	n := 0
	add := func(s scenario) {
		n++
		s.n = n
		if s.disk == 0 {
			s.disk = -1
		}
		if !o.Every || s.memory != "" {
			if s.memory == "" {
				s.memory = memories[n%len(memories)]
			}
			list = append(list, s)
			return
		}
		for _, m := range memories {
			s.memory = m
			list = append(list, s)
		}
	}
	for _, series := range o.Series {
		w, err := a.newWorld(ctx, series)
		if err != nil {
			return nil, err
		}
		if _, err := w.run(false); err != nil {
			return nil, fmt.Errorf("%s: the uncut renewal: %w", series, err)
		}
		changing, reading := w.wire.changing, w.wire.commands-w.wire.changing
		messages, writes, begun := w.net.seen, w.writes, w.wire.begun
		w.service.Close()
		whens := []struct {
			name  string
			when  emulator.Cut
			pages int
		}{{"before", emulator.CutBefore, 0}, {"after", emulator.CutAfter, 0}}
		for p := 1; p <= o.Pages; p++ {
			whens = append(whens, struct {
				name  string
				when  emulator.Cut
				pages int
			}{"torn", emulator.CutMidway, p})
		}
		for at := range changing {
			for _, when := range whens {
				for _, c := range causes {
					first := cut{kind: atCard, at: at, changes: true, when: when.when, pages: when.pages, cause: c}
					add(scenario{series: series, name: when.name + ", " + string(c), first: first})
				}
				// And once more during the recovery, at a command that moves with the case.
				first := cut{kind: atCard, at: at, changes: true, when: when.when, pages: when.pages, cause: pulled}
				again := cut{kind: atCard, at: n % max(changing-at, 1), changes: true, when: whens[n%len(whens)].when,
					pages: 1, cause: causes[n%len(causes)]}
				add(scenario{series: series, name: when.name + ", cut again in the recovery", first: first,
					second: again})
			}
		}
		if o.Reads > 0 {
			for at := 0; at < reading; at += o.Reads {
				add(scenario{series: series, name: "before, card pulled", reads: true,
					first: cut{kind: atCard, at: at, when: emulator.CutBefore, cause: causes[at/o.Reads%len(causes)]}})
			}
		}
		for _, kind := range exchanges {
			for at := range messages {
				// The program sends a message again that met a fault once; the later runs then find all done.
				if kind != "wrong clock" {
					add(scenario{series: series, name: "message, " + kind + " once", net: exchange{at: at, kind: kind}})
				}
				for _, m := range memories {
					s := scenario{series: series, name: "message, " + kind,
						net: exchange{at: at, kind: kind, stay: true}, memory: m}
					add(s)
					s.name += ", cut again in the recovery"
					s.second = cut{kind: atCard, at: n % changing, changes: true, when: emulator.CutAfter,
						cause: causes[n%len(causes)]}
					add(s)
				}
			}
		}
		for wrong := 1; wrong <= 2; wrong++ {
			for _, m := range memories {
				add(scenario{series: series, name: "PIN mistyped", wrong: wrong, memory: m})
			}
		}
		for at := 2; at <= begun; at++ {
			add(scenario{series: series, name: "another card", swap: at, memory: memories[at%2]})
		}
		add(scenario{series: series, name: "signature key in the first slot", signer: true, memory: sameComputer})
		for at := 0; at < changing; at += 3 {
			add(scenario{series: series, name: "signature key in the first slot", signer: true,
				first: cut{kind: atCard, at: at, changes: true, when: emulator.CutAfter, cause: pulled}})
		}
		for at := range writes {
			add(scenario{series: series, name: "journal's disk full", disk: at + 1, memory: sameComputer,
				first: cut{kind: atCard, at: min(changing-1, 2*at+8), changes: true, when: emulator.CutAfter,
					cause: pulled}})
		}
		for at := range changing {
			add(scenario{series: series, name: "journal's disk read-only", disk: -2, memory: sameComputer,
				first: cut{kind: atCard, at: at, changes: true, when: emulator.CutAfter, cause: pulled}})
			add(scenario{series: series, name: "a month between the runs", later: 30, memory: otherComputer,
				first: cut{kind: atCard, at: at, changes: true, when: emulator.CutAfter, cause: pulled}})
		}
	}
	return list, nil
}

// try runs one case and checks what must hold at its end and at every cut.
func (a *authority) try(ctx context.Context, c scenario) error {
	w, err := a.newWorld(ctx, c.series)
	if err != nil {
		return err
	}
	defer w.service.Close()
	w.wire.plan, w.net, w.wire.swap = c.first, c.net, c.swap
	if c.signer {
		if err := w.addSignatureKey(); err != nil {
			return fmt.Errorf("signature key: %w", err)
		}
	}
	if c.swap > 0 {
		other, err := w.personalize(c.series, otherCard)
		if err != nil {
			return err
		}
		w.other = other.Card
		w.others = describe(w.other, w.model())
	}
	for range c.wrong {
		w.pins = append(w.pins, wrongPIN)
	}
	if c.wrong > 0 {
		w.pins, w.pinLeft = append(w.pins, ""), 3-c.wrong
	}
	if c.net.kind == "wrong clock" {
		w.net.skew = -20 * 365 * 24 * 3600e9
	}
	switch {
	case c.disk == -2:
		w.full = true
	case c.disk >= 0:
		w.fullAt = c.disk - 1
	}
	_, err = w.run(false)
	if err := w.sound(); err != nil {
		return fmt.Errorf("after the first run: %w", err)
	}
	if err == nil && c.first.kind != none && !w.wire.done && !c.signer {
		return errors.New("the cut never came: the matrix is wrong")
	}
	w.full, w.fullAt, w.net.skew, w.pins, w.consents = false, -1, 0, nil, true
	w.now = w.now.AddDate(0, 0, c.later)

	elsewhere := false
	switch c.memory {
	case otherComputer:
		elsewhere = true
	case staleJournal:
		// The journal of another renewal of a card of this number, with another key and another certificate.
		if w.files, err = w.staleJournal(); err != nil {
			return err
		}
	case badJournal:
		for name, b := range w.files {
			if len(b) > 40 {
				b = bytes.Clone(b)
				b[len(b)/2] ^= 0xFF
				w.files[name] = b
			}
		}
	}
	w.pinLeft = 3
	if c.second.kind != none {
		w.reinsert()
		w.wire.plan, w.wire.done, w.wire.commands, w.wire.changing = c.second, false, 0, 0
		if _, err := w.run(elsewhere); err != nil && !w.wire.done && !renewed(err) {
			return fmt.Errorf("second run, before its cut: %w", err)
		}
		if err := w.sound(); err != nil {
			return fmt.Errorf("after the second run: %w", err)
		}
	}
	w.reinsert()
	w.wire.plan, w.wire.done = cut{}, true
	if _, err := w.run(elsewhere); err != nil && !renewed(err) {
		return fmt.Errorf("last run: %w", err)
	}
	if err := w.sound(); err != nil {
		return fmt.Errorf("at the end: %w", err)
	}
	return w.settled()
}

// renewed reports whether a run ended because nothing was left to do.
func renewed(err error) bool {
	var f *renewal.Failure
	return errors.As(err, &f) && f.Code == failure.AlreadyRenewed
}

// staleJournal returns the journal of an earlier renewal of this card, before its present state: of the same old
// certificate, with another key, another certificate and an open transaction.
func (w *world) staleJournal() (map[string][]byte, error) {
	before, err := w.newService(w.ctx)
	if err != nil {
		return nil, err
	}
	defer before.service.Close()
	before.card, before.old = w.origin.Clone(), w.old
	before.wire = &wire{card: before.card, world: before}
	if err := before.service.Store.Register(w.ctx, w.old, "", w.now); err != nil {
		return nil, err
	}
	if key, ok := w.files["key"]; ok {
		before.files["key"] = key
	}
	// Its key is the last of the pool, which no other card of the matrix draws.
	before.card.SetKeys(func(int) (*rsa.PrivateKey, error) { return w.newKey(prepared - 1) })
	before.net = exchange{at: 2, kind: "request lost", stay: true} // certConf
	if _, err := before.run(false); err == nil {
		return nil, errors.New("the earlier renewal was not cut")
	}
	return before.files, nil
}

// addSignatureKey puts a key and a certificate with nonRepudiation, of another issuer, in the first slot, as a
// citizen's signature kit would.
func (w *world) addSignatureKey() error {
	s, err := cns.Open(w.card)
	if err != nil {
		return err
	}
	p := s.Model.NewSlots.Value[0]
	w.card.SetKeys(func(int) (*rsa.PrivateKey, error) { return w.newKey(prepared - 2) })
	defer w.card.SetKeys(w.generator())
	if d := s.DFToCreateWithPUK(); d != nil {
		if err := s.CreateWithPUK(*d, []byte(rightPUK)); err != nil {
			return err
		}
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(77),
		Subject:   pkix.Name{CommonName: w.old.Subject.CommonName},
		NotBefore: start.AddDate(-1, 0, 0), NotAfter: start.AddDate(9, 0, 0), KeyUsage: x509.KeyUsageContentCommitment}
	key, err := w.newKey(prepared - 2)
	if err != nil {
		return err
	}
	der, err := x509.CreateCertificate(rand.Reader, template,
		&x509.Certificate{Subject: pkix.Name{CommonName: "Firma (PROVA)"}}, &key.PublicKey, key)
	if err != nil {
		return err
	}
	err = s.UnlockInBlock([]byte(rightPIN), func(b *cns.Block) error {
		if err := b.CreateDFs(); err != nil {
			return err
		}
		if s.Model.NewEnvironment.Value {
			if err := b.PutEnvironment(p); err != nil {
				return err
			}
		}
		if err := b.PutKeyObjects(p); err != nil {
			return err
		}
		if _, err := b.Generate(p); err != nil {
			return err
		}
		if err := b.DeleteTemporary(p); err != nil {
			return err
		}
		return b.WriteCertificate(p, der)
	})
	s.ForgetPIN()
	w.card.Reinsert()
	b, _ := w.card.File(p.Certificate.String())
	w.foreign = map[string][]byte{p.Certificate.String(): b}
	return err
}

// sound checks what must hold at every moment.
func (w *world) sound() error {
	if w.violation != "" {
		return errors.New(w.violation)
	}
	if !bytes.Equal(oldFiles(w.card), w.before) {
		return errors.New("the old credential's files changed")
	}
	if w.sent.puks > w.typed.puks {
		return fmt.Errorf("the PUK was sent %d times and typed %d times", w.sent.puks, w.typed.puks)
	}
	for name, want := range w.foreign {
		if b, ok := w.card.File(name); !ok || !bytes.Equal(b, want) {
			return errors.New("another application's certificate was changed")
		}
	}
	if w.other != nil && describe(w.other, w.model()) != w.others {
		return errors.New("another card was changed")
	}
	if pin, puk := w.card.Tries(0x10), w.card.Tries(0x11); pin != w.pinLeft || puk != 10 {
		return fmt.Errorf("tries left: PIN %d, PUK %d", pin, puk)
	}
	keys := map[store.Digest]int{}
	confirmed := 0
	for _, c := range w.issued() {
		if keys[c.SPKI]++; keys[c.SPKI] > 1 {
			return errors.New("two certificates for one key")
		}
		if c.State == store.Installed || c.State == store.Proven {
			confirmed++
		}
	}
	if confirmed > 1 {
		return errors.New("two confirmed certificates")
	}
	// A certificate file either holds a whole certificate or parses as nothing.
	for _, p := range w.model().NewSlots.Value {
		b, ok := w.card.File(p.Certificate.String())
		if _, known := w.foreign[p.Certificate.String()]; known || !ok || len(b) < 4 || b[0] != 0x30 || b[1] != 0x82 {
			continue
		}
		n := 4 + int(b[2])<<8 + int(b[3])
		if n > len(b) {
			return errors.New("a certificate file announces more than it holds")
		}
		c, err := holder.ParseCertificate(b[:n])
		if err != nil || c.CheckSignatureFrom(w.Current.Certificate()) != nil {
			return errors.New("a certificate file holds half a certificate")
		}
	}
	return w.oldSigns()
}

// oldSigns has the old key sign, on a copy of the card.
func (w *world) oldSigns() error {
	card := w.card.Clone()
	card.Reinsert()
	s, err := cns.Open(card)
	if err != nil {
		return fmt.Errorf("the card cannot be read: %w", err)
	}
	return s.UnlockInBlock([]byte(rightPIN), func(b *cns.Block) error {
		ok, err := b.KeyMatches(s.Model.IssuedSlot.Value.Key, w.old.PublicKey.(*rsa.PublicKey))
		if err == nil && !ok {
			err = errors.New("the old key does not sign")
		}
		return err
	})
}

// settled checks the conditions at the end: one valid certificate, on the card, with its key.
func (w *world) settled() error {
	var valid []store.Certificate
	for _, c := range w.issued() {
		if c.Status == store.Active && c.State != store.Requested && c.State != store.Abandoned &&
			c.State != store.Refused {
			valid = append(valid, c)
		}
	}
	if len(valid) != 1 || valid[0].State != store.Installed {
		return fmt.Errorf("%d valid certificates", len(valid))
	}
	card := w.card.Clone()
	card.Reinsert()
	s, err := cns.Open(card)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(s.Contents.Slots, func(p cns.Slot) bool {
		return p.Number > 0 && p.Certificate.State == cns.FileReadable &&
			bytes.Equal(p.Certificate.Certificate.Raw, valid[0].DER)
	})
	if i < 0 {
		return errors.New("the card does not hold the valid certificate")
	}
	return s.UnlockInBlock([]byte(rightPIN), func(b *cns.Block) error {
		p := s.Contents.Slots[i]
		ok, err := b.KeyMatches(p.Location.Key, p.Certificate.Certificate.PublicKey.(*rsa.PublicKey))
		if err == nil && !ok {
			err = errors.New("the new key does not sign for the valid certificate")
		}
		return err
	})
}
