// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync/atomic"
	"time"

	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/pcsc"
	"rinnova.example/go/citizen/browser"
	"rinnova.example/go/citizen/desktop"
	"rinnova.example/go/citizen/errorreport"
	"rinnova.example/go/citizen/reader"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/citizen/settings"
	"rinnova.example/go/failure"
	"rinnova.example/go/operator"
)

// keepPIN is the time that the window keeps the PIN of a successful renewal without an event: the card is taken out,
// inserted after a minute, and tried.
const keepPIN = 10 * time.Minute

// windowCommand shows the window. Without a web view, or with --browser, it is a page in the citizen's
// browser.
type windowCommand struct {
	Desk    string        `help:"Certificati dell'assistenza (PEM), per i dati di errore." env:"RINNOVA_DESK" type:"path" placeholder:"FILE"`
	Browser bool          `help:"Nel browser, invece che in una finestra propria."`
	Demo    bool          `help:"Dimostrazione: tessere e servizio finti."`
	Fast    bool          `hidden:"" help:"Nella dimostrazione, senza i tempi di un lettore."`
	URL     bool          `name:"print-url" hidden:"" help:"Stampa l'indirizzo e non apre il browser."`
	Drawn   bool          `name:"print-drawn" hidden:"" help:"Stampa una riga quando la pagina è disegnata."`
	Several bool          `hidden:"" help:"Anche se un'altra finestra è aperta."`
	Late    time.Duration `hidden:"" default:"15s" help:"Dopo quanto la lettura è in ritardo."`
	Pause   time.Duration `hidden:"" default:"1m" help:"Attesa dopo che la tessera è stata tolta."`
}

func (c *windowCommand) Run(p *program) error {
	err := c.run(p)
	if err != nil {
		e := p.explain(renewal.Classify(err))
		alert(e.What + "\n\n" + e.Do)
	}
	return err
}

func (c *windowCommand) run(p *program) error {
	if !c.Several {
		release, err := p.alone()
		if errors.Is(err, desktop.ErrAlreadyOpen) {
			return &renewal.Failure{Code: failure.AlreadyOpen, Err: err}
		}
		if err != nil {
			return err
		}
		defer release()
	}
	ctx, cancel := context.WithCancel(p.ctx)
	defer cancel()
	var cfg desktop.Config
	var err error
	if c.Demo {
		cfg, err = p.demonstration(ctx, c.Fast)
	} else {
		cfg, err = p.real(ctx, c.Desk)
	}
	if err != nil {
		return err
	}
	cfg.SlowAfter, cfg.ReinsertPause, cfg.KeepPIN = c.Late, c.Pause, keepPIN
	if c.Drawn {
		cfg.OnDrawn = func() { fmt.Fprintln(p.out, "drawn") }
	}
	return c.show(ctx, p, cfg)
}

// inBrowser serves the page on this computer and opens it.
func (c *windowCommand) inBrowser(ctx context.Context, p *program, cfg desktop.Config) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	cfg.Quit = cancel
	w := desktop.New(cfg)
	defer w.Close()
	b, err := desktop.NewBrowser(w)
	if err != nil {
		return err
	}
	if c.URL {
		fmt.Fprintln(p.out, b.URL())
		return b.Serve(ctx)
	}
	address, remove, err := b.Page()
	if err != nil || !desktop.ReadsFiles() {
		address = b.URL()
	}
	if remove != nil {
		defer remove()
	}
	if err := desktop.OpenBrowser(address); err != nil {
		fmt.Fprintln(p.err, "Apri questo indirizzo nel browser:", b.URL())
	}
	return b.Serve(ctx)
}

// alone holds the place of the one window.
func (p *program) alone() (func(), error) {
	dir, err := os.UserCacheDir()
	if err != nil {
		return nil, err
	}
	return desktop.LockInstance(filepath.Join(dir, "rinnova"))
}

// real returns a window on the computer's readers and the service of the common flags.
func (p *program) real(ctx context.Context, desk string) (desktop.Config, error) {
	now, err := p.clock()
	if err != nil {
		return desktop.Config{}, err
	}
	// A window that was not started from a terminal shows itself that its settings are wrong.
	wrong := p.unsettled
	roots, err := p.tlsRoots()
	if wrong == nil {
		wrong = err
	}
	t, err := p.transport()
	if wrong == nil {
		wrong = err
	}
	if wrong != nil {
		t = &http.Transport{}
	}
	c := p.connected(desk, roots, t, now, wrong)
	c.Readers, c.Examined, c.Downloads = followed(ctx), p.examined(), settings.Downloads
	if browser.Installed() {
		c.Browsers = func(change browser.Change) ([]browser.Store, error) { return browser.Apply(change, "") }
	}
	if desk != "" || p.known.Desk != "" {
		c.Desk = func() (errorreport.Recipients, error) { return p.desks(desk) }
	}
	if p.Service == "" && wrong == nil {
		c.Keep = func(o operator.Operator) (desktop.Config, error) { return p.kept(ctx, o, desk) }
	}
	return c, nil
}

// kept stores a service that the person entered, and returns the part of a window that depends on it.
func (p *program) kept(ctx context.Context, o operator.Operator, desk string) (desktop.Config, error) {
	where, err := settings.Keep(o)
	if err != nil {
		return desktop.Config{}, failureOf(failure.ServiceUnsaved, err)
	}
	d := *p.commands
	d.CA, d.TLSCA = "", ""
	d.Service, d.known = o.Service, settings.Known{Operator: o, Where: where}
	q := p.with(ctx, &d)
	now, err := q.clock()
	if err != nil {
		return desktop.Config{}, err
	}
	roots, err := q.tlsRoots()
	if err != nil {
		return desktop.Config{}, err
	}
	t, err := q.transport()
	if err != nil {
		return desktop.Config{}, err
	}
	return q.connected(desk, roots, t, now, nil), nil
}

// followed are the computer's readers at each change.
func followed(ctx context.Context) <-chan []desktop.Reader {
	readers := make(chan []desktop.Reader)
	go func() {
		defer close(readers)
		for list := range pcsc.Watch(ctx) {
			var shown []desktop.Reader
			if list != nil {
				shown = []desktop.Reader{}
			}
			among := reader.Choices(list)
			for _, r := range list {
				chosen := slices.ContainsFunc(among, func(c pcsc.Reader) bool { return c.Name == r.Name })
				shown = append(shown, desktop.Reader{Name: r.Name, Present: r.Present, Mute: r.Mute,
					Token: string(r.ATR), Choice: chosen})
			}
			select {
			case readers <- shown:
			case <-ctx.Done():
				return
			}
		}
	}()
	return readers
}

// connected returns the part of a window that depends on the service; wrong is the reason why its settings cannot be
// used.
func (p *program) connected(desk string, roots *x509.CertPool, t *http.Transport, now func() time.Time,
	wrong error) desktop.Config {
	return desktop.Config{Version: version, LoginRoots: roots, LoginTransport: t, Service: p.Service,
		Contact: p.known.Contact, Now: now,
		DownloadPage: p.page(), OpenURL: desktop.OpenBrowser, Updates: p.updates(wrong),
		Open: func(_ context.Context, reader string) (*desktop.Card, error) {
			if wrong != nil {
				return nil, wrong
			}
			d := *p.commands
			d.Card = "pcsc:" + reader
			q := p.with(p.ctx, &d)
			o, err := q.open()
			if err != nil {
				return nil, err
			}
			counted := &countedCard{Card: o.Card}
			o.Card = counted
			r, err := q.renewal(o)
			if err != nil {
				o.Close()
				return nil, err
			}
			c := &desktop.Card{Renewal: r, Count: counted.count, Close: o.Close}
			if (desk != "" || p.known.Desk != "") && r.Service.URL != nil {
				facts := errorreport.Collect("rinnova-window", version, now)
				r.Card, r.Service.HTTP, r.Events = watched(facts, o, r)
				c.Report = reporter(facts, true, func() (errorreport.Recipients, error) { return p.desks(desk) })
			}
			return c, nil
		},
		Probe: func(ctx context.Context) (time.Time, error) {
			if wrong != nil {
				return time.Time{}, wrong
			}
			return p.reach(ctx)
		},
	}
}

// countedCard counts commands, for the bar.
type countedCard struct {
	iso7816.Card
	n atomic.Int64
}

func (c *countedCard) count() int { return int(c.n.Load()) }

func (c *countedCard) Transmit(command []byte) ([]byte, error) {
	c.n.Add(1)
	return c.Card.Transmit(command)
}
