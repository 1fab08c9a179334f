// SPDX-License-Identifier: EUPL-1.2

package browser

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/citizen/terminal"
	"rinnova.example/go/failure"
	"rinnova.example/go/plaintext"
)

// Command is "rinnova browser".
type Command struct {
	List   listCommand   `cmd:"" help:"Mostra i browser trovati e i moduli della tessera che caricano."`
	Add    addCommand    `cmd:"" help:"Aggiunge il modulo di Rinnova ai browser trovati."`
	Remove removeCommand `cmd:"" help:"Toglie il modulo di Rinnova dai browser."`
}

// Output is where a command writes.
type Output struct {
	Writer io.Writer
	JSON   bool
}

type listCommand struct{}

// Run lists the stores.
func (listCommand) Run(out Output) error {
	list, err := stores()
	if err != nil {
		return err
	}
	return out.show(list)
}

type addCommand struct {
	Library string `help:"Il modulo; senza, quello installato con il programma." type:"path" placeholder:"FILE"`
}

// Run adds our module to every store that does not name it and can. It changes none while a browser that would be
// changed is open.
func (c addCommand) Run(out Output) error {
	library, err := find(c.Library)
	if err != nil {
		return err
	}
	return change(out, func(s Store) bool { return !s.Ours() }, func(s Store) error { return s.Add(library) })
}

type removeCommand struct{}

// Run removes our module from every store.
func (removeCommand) Run(out Output) error { return change(out, Store.Ours, Store.Remove) }

// change changes the stores that need it, all or, if a browser is open, none.
func change(out Output, needed func(Store) bool, edit func(Store) error) error {
	list, err := stores()
	if err != nil {
		return err
	}
	for _, s := range list {
		if s.Running && s.Confined == "" && needed(s) {
			return &renewal.Failure{Code: failure.BrowserOpen, Text: s.Browser, Err: ErrRunning}
		}
	}
	for _, s := range list {
		if s.Confined == "" && needed(s) {
			if err := edit(s); err != nil {
				return &renewal.Failure{Code: failure.BrowserStore, Err: err}
			}
		}
	}
	if list, err = stores(); err != nil {
		return err
	}
	return out.show(list)
}

func stores() ([]Store, error) {
	home, err := os.UserHomeDir()
	if err != nil {
		return nil, &renewal.Failure{Code: failure.BrowserStore, Err: err}
	}
	settings := os.Getenv("XDG_CONFIG_HOME")
	if !filepath.IsAbs(settings) { // XDG Base Directory Specification: a relative path is ignored
		settings = filepath.Join(home, ".config")
	}
	list, err := Find(Home{Folder: home, Settings: settings, Installed: func(program string) bool {
		_, err := exec.LookPath(program)
		return err == nil
	}})
	if err != nil {
		return nil, &renewal.Failure{Code: failure.BrowserStore, Err: err}
	}
	return list, nil
}

// places are those of our module relative to the program: installed by a package, and as built.
var places = []string{"../lib/rinnova", "."}

// find returns the path of our module.
func find(library string) (string, error) {
	if library == "" {
		program, err := os.Executable()
		if err == nil {
			program, err = filepath.EvalSymlinks(program)
		}
		if err != nil {
			return "", &renewal.Failure{Code: failure.ModuleMissing, Err: err}
		}
		for _, place := range places {
			library = filepath.Join(filepath.Dir(program), place, Library)
			if _, err := os.Stat(library); err == nil {
				return library, nil
			}
		}
	}
	if _, err := os.Stat(library); err != nil || filepath.Base(library) != Library {
		return "", &renewal.Failure{Code: failure.ModuleMissing, Err: errors.Join(err, errors.New("no "+Library))}
	}
	return library, nil
}

// show prints the stores.
func (o Output) show(list []Store) error {
	if o.JSON {
		if list == nil {
			list = []Store{}
		}
		return json.NewEncoder(o.Writer).Encode(list)
	}
	paper := terminal.NewPaper(o.Writer)
	if len(list) == 0 {
		paper.Line("Nessun browser trovato. Se usi Firefox, avvialo una volta e riprova.")
		return nil
	}
	for _, s := range list {
		paper.Line(fmt.Sprintf("%s (%s): %s", s.Browser, plaintext.Line(s.Folder), s.describe()))
		for _, m := range s.Modules {
			if !m.Ours() {
				paper.Line(fmt.Sprintf("  un altro modulo: %s (%s)", plaintext.Line(m.Name), plaintext.Line(m.Library)))
			}
		}
	}
	return nil
}

func (s Store) describe() string {
	switch {
	case s.Confined != "":
		return "installato come " + s.Confined + ": non può caricare il modulo di Rinnova"
	case s.Ours():
		return "il modulo di Rinnova c'è"
	case s.Running:
		return "il modulo di Rinnova non c'è; il browser è aperto"
	}
	return "il modulo di Rinnova non c'è"
}
