// SPDX-License-Identifier: EUPL-1.2

// Package cuts proves the promise of a renewal: it takes the card away, kills the program, loses messages
// and fills disks at every point of a whole renewal, runs it again, and checks what must hold. Card and
// network are false at the wire only; the program's steps, the service and its database are the real ones.
package cuts

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"syscall"
	"time"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/emulator"
	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/cardfile"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/cmp"
	"rinnova.example/go/holder"
	"rinnova.example/go/service/store"
	"rinnova.example/go/trial"
)

// Codes of every card in the matrix.
const (
	rightPIN = "24680"
	rightPUK = "13579246"
	wrongPIN = "11111"
)

// start is when every case begins: in the campaign of 2020.
var start = time.Date(2020, 5, 25, 10, 0, 0, 0, time.UTC)

// authority is what all cases share: keys and roots, made once.
type authority struct {
	*trial.Authorities
	keys trial.Keys
}

// prepared is the number of keys that GENERATE KEY PAIR draws from: making keys would take most of the time.
const prepared = 8

func newAuthority() (*authority, error) {
	a := &authority{}
	var err error
	a.Authorities,
		err = trial.NewAuthorities(trial.AuthoritiesRequest{From: start.AddDate(-8, 0, 0),
		Until: start.AddDate(20, 0, 0), Keys: &a.keys})
	return a, err
}

// newKey returns a key that a card may generate, by its number among the prepared ones.
func (a *authority) newKey(n int) (*rsa.PrivateKey, error) {
	return a.keys.Key(fmt.Sprint("new ", n%prepared), 2048)
}

// generator draws one prepared key after the other.
func (a *authority) generator() func(int) (*rsa.PrivateKey, error) {
	made := -1
	return func(int) (*rsa.PrivateKey, error) {
		made++
		return a.newKey(made)
	}
}

// world is one case: a service with its database, a card, a computer with its journal, a person.
type world struct {
	*authority
	ctx       context.Context
	now       time.Time
	service   *trial.Service
	card      *emulator.Card
	origin    *emulator.Card // as issued
	other     *emulator.Card // another person's card, where the case has one
	others    string         // what it holds
	old       *x509.Certificate
	before    []byte            // the old credential's files
	foreign   map[string][]byte // files of another application on the card, which must stay as they are
	pinLeft   int               // tries of the PIN that must be left
	files     map[string][]byte
	full      bool // the journal's disk takes no write
	writes    int  // of the journal
	fullAt    int  // the write at which the disk is full, -1 never
	typed     struct{ pins, puks int }
	pins      []string // what the person types next; empty: the right one
	consents  bool     // to a last try
	sent      struct{ puks, generate int }
	known     bool // a run got past generate: its key must never be made again
	wire      *wire
	net       exchange
	violation string // the first broken promise
	place     int    // of the new pair, 0 while not known
}

// newWorld is a service and a card of its registry.
func (a *authority) newWorld(ctx context.Context, series string) (*world, error) {
	w, err := a.newService(ctx)
	if err != nil {
		return nil, err
	}
	return w, w.issue(series)
}

// newService is a world without a card.
func (a *authority) newService(ctx context.Context) (*world, error) {
	w := &world{authority: a, ctx: ctx, now: start, files: map[string][]byte{}, fullAt: -1}
	var err error
	w.service, err = trial.New(ctx, trial.Config{Authorities: a.Authorities, Keys: &a.keys,
		Clock:    func() time.Time { return w.now },
		LoginURL: "https://accesso.example/"})
	return w, err
}

// cardNumber and otherCard are those of the project's invented people.
const (
	cardNumber = "6090900000003001"
	otherCard  = "6090900000003019"
)

// personalize makes a card with an old certificate that the service does not know.
func (w *world) personalize(series, number string) (*trial.Card, error) {
	return w.service.Personalize(trial.CardRequest{Series: series, Number: number, Key: "old", Generator: w.generator(),
		PIN: rightPIN, PUK: rightPUK,
		NotBefore: start.AddDate(-6, 0, 0), NotAfter: time.Date(2020, 6, 15, 21, 59, 59, 0, time.UTC)})
}

func (w *world) issue(series string) error {
	card, err := w.personalize(series, cardNumber)
	if err != nil {
		return err
	}
	w.card, w.old = card.Card, card.Certificate
	w.before, w.origin, w.pinLeft = oldFiles(w.card), w.card.Clone(), 3
	w.wire = &wire{card: w.card, world: w}
	return w.service.Store.Register(w.ctx, w.old, "", w.now)
}

// oldFiles are the files of the old credential.
func oldFiles(c *emulator.Card) []byte {
	var all []byte
	for _, p := range []string{"1000/1003", "1100/1101", "1100/1102"} {
		b, _ := c.File(p)
		all = append(append(all, b...), '|')
	}
	return all
}

// run is one run of the program, on this computer unless elsewhere is set. The run of a killed program never returns
// from the point where it was cut.
func (w *world) run(elsewhere bool) (out *renewal.Outcome, err error) {
	defer func() {
		switch r := recover(); r {
		case nil:
		case errKilled:
			err = errKilled
		default:
			panic(r)
		}
	}()
	journal := w.journal()
	if elsewhere {
		journal = nil
	}
	w.wire.gone = false
	r := &renewal.Renewal{Card: w.wire,
		Service: renewal.Service{URL: &url.URL{Scheme: "https", Host: "rinnova.example"},
			HTTP: &http.Client{Transport: w}},
		Anchors: []*x509.Certificate{w.Current.Certificate()}, Prompter: w, Journal: journal, Campaign: "prova",
		Now: func() time.Time { return w.now.Add(w.net.skew) }, Random: rand.Reader,
		Wait: func(ctx context.Context, d time.Duration) error { w.now = w.now.Add(d); return ctx.Err() },
		Events: func(e renewal.Event) {
			if e.Step == "generate" && e.State == renewal.Done {
				w.known = true
			}
		},
		OnWritten: func(_ holder.IDCarta, p cardmodel.Path) {}}
	out, err = r.Run(w.ctx)
	w.net.done = true
	if out != nil {
		out.Session.ForgetPIN()
		w.place = out.Slot
	}
	return out, err
}

var errKilled = fmt.Errorf("the program was killed")

// journal is this computer's, in memory, on a disk that may be full.
func (w *world) journal() *cardfile.Files {
	return &cardfile.Files{
		Read: func(name string) ([]byte, error) {
			b, ok := w.files[name]
			if !ok {
				return nil, fs.ErrNotExist
			}
			return bytes.Clone(b), nil
		},
		Write: func(name string, b []byte) error {
			w.writes++
			if w.full || w.writes-1 == w.fullAt {
				return syscall.ENOSPC
			}
			w.files[name] = bytes.Clone(b)
			return nil
		},
	}
}

// PIN, PUK and Consent are the person, who types what the case says.
func (w *world) PIN(context.Context, renewal.CodeRequest) ([]byte, error) {
	pin := rightPIN
	if len(w.pins) > 0 {
		pin, w.pins = w.pins[0], w.pins[1:]
	}
	if pin == "" {
		return nil, renewal.ErrNoInput
	}
	w.typed.pins++
	return []byte(pin), nil
}

func (w *world) PUK(context.Context, renewal.CodeRequest) ([]byte, error) {
	w.typed.puks++
	return []byte(rightPUK), nil
}

func (w *world) Consent(context.Context, renewal.Question) (string, error) {
	if w.consents {
		return "yes", nil
	}
	return "", renewal.ErrNoInput
}

// wire is the card as the program reaches it, cut where the case says.
type wire struct {
	card     *emulator.Card
	swap     int // the transaction before which the other card is put in its place, 0 never
	begun    int
	world    *world
	commands int // so far
	changing int // of them, those that may change the card
	plan     cut
	done     bool // the cut has happened
	gone     bool
}

// changes reports whether a command may change the card: CREATE, DELETE, PUT DATA, GENERATE, UPDATE, VERIFY.
func changes(ins byte) bool {
	return slices.Contains([]byte{iso7816.INSCreateFile, iso7816.INSDeleteFile, iso7816.INSPutData,
		iso7816.INSGenerateKeyPair, iso7816.INSUpdateBinary,
		iso7816.INSVerify}, ins)
}

func (w *wire) ATR() []byte { return w.card.ATR() }

func (w *wire) Begin() error {
	if w.gone {
		return fmt.Errorf("begin: %w", iso7816.ErrCardGone)
	}
	if w.begun++; w.begun == w.swap {
		w.card = w.world.other
	}
	return w.card.Begin()
}

func (w *wire) End(reset bool) error {
	if w.gone {
		return fmt.Errorf("end: %w", iso7816.ErrCardGone)
	}
	return w.card.End(reset)
}

func (w *wire) Transmit(b []byte) ([]byte, error) {
	if w.gone {
		return nil, fmt.Errorf("transmit: %w", iso7816.ErrCardGone)
	}
	hit := false
	if !w.done {
		if w.plan.changes {
			hit = changes(b[1]) && w.changing == w.plan.at
		} else {
			hit = w.plan.kind != none && !changes(b[1]) && w.commands-w.changing == w.plan.at
		}
	}
	w.commands++
	if changes(b[1]) {
		w.changing++
	}
	switch {
	case b[1] == iso7816.INSVerify && b[3]&0x7F == 0x11:
		w.world.sent.puks++
	case b[1] == iso7816.INSGenerateKeyPair:
		w.world.sent.generate++
		if w.world.known {
			w.world.violation = "a known key was generated again"
		}
	}
	if !hit {
		return w.card.Transmit(b)
	}
	w.done = true
	w.card.SetFault(func(int, []byte) emulator.Fault { return emulator.Fault{Cut: w.plan.when, Pages: w.plan.pages} })
	if w.plan.when == emulator.NoCut {
		w.card.SetFault(nil)
	}
	r, err := w.card.Transmit(b)
	w.card.SetFault(nil)
	switch w.plan.cause {
	case killed:
		panic(errKilled)
	case resetByOther:
		// The other program's reset comes after the command, or instead of it: the card stays, its security status is
		// lost.
		w.card.Reinsert()
		if w.plan.when != emulator.NoCut {
			return nil, iso7816.ErrCardReset
		}
		return r, nil
	}
	w.gone = true
	if err == nil {
		err = iso7816.ErrCardGone
	}
	return nil, fmt.Errorf("transmit: %w", err)
}

// reinsert makes the card as it is after it came back to a reader.
func (w *world) reinsert() {
	w.wire.card, w.wire.swap = w.card, 0
	w.card.SetFault(nil)
	w.card.Reinsert()
	w.wire.gone = false
}

// describe returns the contents of a card in the places that a renewal uses, and its counters.
func describe(c *emulator.Card, m *cardmodel.Model) string {
	s := fmt.Sprint(c.Keys(), c.Tries(0x10), c.Tries(0x11), oldFiles(c))
	for _, p := range m.NewSlots.Value {
		for _, f := range []string{p.Certificate.String(), p.PublicKey.String()} {
			b, ok := c.File(f)
			s += fmt.Sprint(f, ok, b)
		}
	}
	return s
}

// exchange is what happens to the n-th message between program and service.
type exchange struct {
	at   int
	kind string
	stay bool // and to every later one of the first run
	seen int
	done bool
	skew time.Duration // of the program's clock
}

// The faults of a message. The program's clock is wrong for the whole of the first run.
var exchanges = []string{"request lost", "answer lost", "answer truncated", "connection reset", "service restarted",
	"503", "wrong clock"}

// RoundTrip is the network.
func (w *world) RoundTrip(r *http.Request) (*http.Response, error) {
	hit := w.net.kind != "" && !w.net.done && (w.net.seen == w.net.at || w.net.stay && w.net.seen > w.net.at)
	w.net.seen++
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body.Close()
	lost := &net.OpError{Op: "read", Net: "tcp", Err: syscall.ECONNRESET}
	serve := func() *http.Response {
		w.confirmEarly(body)
		req := httptest.NewRequest(r.Method, r.URL.String(), bytes.NewReader(body)).WithContext(r.Context())
		req.Header = r.Header
		rec := httptest.NewRecorder()
		w.service.Handler.ServeHTTP(rec, req)
		return rec.Result()
	}
	if !hit {
		return serve(), nil
	}
	w.net.done = !w.net.stay
	switch w.net.kind {
	case "request lost", "connection reset":
		return nil, lost
	case "answer lost":
		serve()
		return nil, lost
	case "answer truncated":
		res := serve()
		all, err := io.ReadAll(res.Body)
		if err != nil {
			return nil, err
		}
		res.Body = io.NopCloser(io.MultiReader(bytes.NewReader(all[:len(all)/2]), broken{}))
		return res, nil
	case "service restarted":
		serve()
		w.service.Restart()
		return nil, lost
	case "503":
		return &http.Response{StatusCode: http.StatusServiceUnavailable, Header: http.Header{"Retry-After": {"1"}},
			Body: http.NoBody, Request: r}, nil
	}
	return serve(), nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// confirmEarly checks at every certConf that accepts that the certificate is on the card already.
func (w *world) confirmEarly(body []byte) {
	m, err := cmp.ParseMessage(body)
	if err != nil || m.Body != cmp.BodyCertConfirm {
		return
	}
	for _, c := range w.issued() {
		for _, p := range w.model().NewSlots.Value {
			if b, ok := w.card.File(p.Certificate.String()); ok && bytes.HasPrefix(b, c.DER) {
				return
			}
		}
	}
	w.violation = "a certificate was confirmed that no file of the card holds"
}

func (w *world) model() *cardmodel.Model {
	m, err := cardmodel.Match(w.card.ATR())
	if err != nil {
		panic(err) // the card was made from the table
	}
	return m
}

// issued lists what the service has on record for the old certificate.
func (w *world) issued() []store.Certificate {
	list, err := w.service.Renewals(w.ctx, w.old)
	if err != nil {
		panic(err) // a database in memory
	}
	return list
}
