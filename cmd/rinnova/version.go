// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"time"

	"rinnova.example/go/citizen/desktop"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/citizen/settings"
	"rinnova.example/go/citizen/update"
	"rinnova.example/go/cmp"
	"rinnova.example/go/durable"
	"rinnova.example/go/failure"
)

// The linker sets version and releaseKeys, minisign's public keys separated by commas. Without a key the program
// cannot verify a manifest, and requests none.
var (
	version     = "0.1.0-dev"
	releaseKeys = ""
)

type versionCommand struct {
	Check bool `help:"Chiede al servizio se c'è una versione nuova. Nulla viene scaricato né installato."`
}

// checkJSON is the answer of version --check --json. State is an update.Status, "off" if the check is switched off,
// or "no-key" if the program has no key to verify with.
type checkJSON struct {
	State   string             `json:"state"`
	Latest  string             `json:"latest,omitempty"`
	Minimum string             `json:"minimum,omitempty"`
	Serial  uint64             `json:"serial,omitempty"`
	Expires *time.Time         `json:"expires,omitempty"`
	Page    string             `json:"page,omitempty"`  // where a person takes it from
	Files   []update.Published `json:"files,omitempty"` // for this computer
}

func (c *versionCommand) Run(p *program) error {
	answer := struct {
		Version string     `json:"version"`
		Check   *checkJSON `json:"check,omitempty"`
	}{version, nil}
	if c.Check {
		var err error
		if answer.Check, err = p.check(p.ctx); err != nil {
			return err
		}
	}
	if p.JSON {
		p.event(answer)
		return nil
	}
	fmt.Fprintln(p.out, "rinnova", version)
	if answer.Check != nil {
		p.printCheck(answer.Check)
	}
	return nil
}

func (p *program) printCheck(c *checkJSON) {
	switch c.State {
	case "off":
		fmt.Fprintln(p.out, "Il controllo delle versioni nuove è disattivato.")
	case "no-key":
		fmt.Fprintln(p.out,
			"Questa copia del programma è stata compilata senza la chiave con cui verificare le versioni nuove: non "+
				"viene chiesto nulla.")
	case string(update.Current):
		fmt.Fprintln(p.out, "È la versione più recente.")
	default:
		fmt.Fprintf(p.out, "È disponibile la versione %s.\n", c.Latest)
		if c.State == string(update.Unsupported) {
			fmt.Fprintf(p.out, "La versione in uso non è più mantenuta: la più vecchia ancora valida è la %s.\n",
				c.Minimum)
		}
		fmt.Fprintf(p.out, "Si scarica da %s; nulla viene installato da sé.\n", c.Page)
		for _, f := range c.Files {
			fmt.Fprintf(p.out, "\n%s\n  %d byte, SHA-256 %s\n", f.Address, f.Size, f.SHA256)
		}
	}
}

// page is the address of the download page, "" if no service is known.
func (p *program) page() string {
	if u, err := serviceURL(p.Service); err == nil {
		return update.DownloadPage(u)
	}
	return ""
}

// check asks the service of the common flags for the newest version. A failure is a *renewal.Failure.
func (p *program) check(ctx context.Context) (*checkJSON, error) {
	keys, err := update.ParseKeys(releaseKeys)
	if err != nil {
		return nil, failureOf(failure.UpdateKey, err)
	}
	switch {
	case len(keys) == 0:
		return &checkJSON{State: "no-key"}, nil
	case p.Updates == "off":
		return &checkJSON{State: "off"}, nil
	case p.Service == "":
		return nil, failureOf(failure.ServiceNotGiven, nil)
	}
	service, err := serviceURL(p.Service)
	if err != nil {
		return nil, err
	}
	now, err := p.clock()
	if err != nil {
		return nil, err
	}
	t, err := p.transport()
	if err != nil {
		return nil, err
	}
	defer t.CloseIdleConnections()
	dir, err := settings.StateFolder()
	if err != nil {
		return nil, failureOf(failure.UpdateMemory, err)
	}
	kept := durable.Folder(dir)
	checker := &update.Checker{Transport: t, Keys: keys, Memory: update.Memory{Read: kept.Read, Write: kept.Write},
		Now: now}
	m, err := checker.Check(ctx, service)
	if err != nil {
		return nil, whyNotChecked(err)
	}
	c := &checkJSON{State: string(m.Compare(version)), Latest: m.Version, Minimum: m.Minimum, Serial: m.Serial,
		Expires: &m.Expires}
	if c.State != string(update.Current) {
		c.Page, c.Files = update.DownloadPage(service), m.Published(service, runtime.GOOS, runtime.GOARCH)
	}
	return c, nil
}

// updates returns the window's check for a newer version, nil if its settings are wrong.
func (p *program) updates(wrong error) func(context.Context) desktop.Update {
	return func(ctx context.Context) desktop.Update {
		c, err := (*checkJSON)(nil), wrong
		if err == nil {
			c, err = p.check(ctx)
		}
		if err != nil {
			f := renewal.Classify(err)
			return desktop.Update{State: desktop.UpdateNotChecked, Code: f.Code, Text: f.Text}
		}
		return desktop.Update{State: desktop.UpdateState(c.State), Version: c.Latest}
	}
}

// whyNotChecked gives an error of the check its code; network errors have the renewal's codes.
func whyNotChecked(err error) error {
	if code := update.Code(err); code != "" {
		return failureOf(code, err)
	}
	var status *update.StatusError
	if errors.As(err, &status) {
		return renewal.Classify(&cmp.HTTPError{Status: status.Status})
	}
	return renewal.Classify(err)
}
