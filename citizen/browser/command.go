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
	"slices"

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
func (listCommand) Run(out Output) error { return out.apply(Look, "") }

type addCommand struct {
	Library string `help:"Il modulo; senza, quello installato con il programma." type:"path" placeholder:"FILE"`
}

// Run adds our module.
func (c addCommand) Run(out Output) error { return out.apply(Add, c.Library) }

type removeCommand struct{}

// Run removes our module from every store.
func (removeCommand) Run(out Output) error { return out.apply(Remove, "") }

func (o Output) apply(c Change, library string) error {
	list, err := Apply(c, library)
	if err != nil {
		return err
	}
	return o.show(list)
}

// Change is what to do with the stores.
type Change string

const (
	Look   Change = ""       // nothing
	Add    Change = "add"    // our module, where it is not
	Remove Change = "remove" // our module, wherever it is installed
)

// Apply changes all stores of this user that need it and can be changed; none while a browser that would be changed
// is open. It returns the stores afterwards. library is our module's file, "" for the one that is installed with the
// program. The error is a *renewal.Failure.
func Apply(c Change, library string) ([]Store, error) {
	list, err := stores()
	if err != nil || c == Look {
		return list, err
	}
	if c == Add {
		if library, err = find(library); err != nil {
			return nil, err
		}
	}
	list = slices.DeleteFunc(list, func(s Store) bool { return s.Confined != "" || s.Ours == (c == Add) })
	for _, s := range list {
		if s.Running {
			return nil, &renewal.Failure{Code: failure.BrowserOpen, Text: s.Browser, Err: ErrRunning}
		}
	}
	for _, s := range list {
		edit := s.Remove
		if c == Add {
			edit = func() error { return s.Add(library) }
		}
		if err := edit(); err != nil {
			return nil, &renewal.Failure{Code: failure.BrowserStore, Err: err}
		}
	}
	return stores()
}

// Installed reports whether our module is installed with the program.
func Installed() bool {
	_, err := find("")
	return err == nil
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
	case s.Ours:
		return "il modulo di Rinnova c'è"
	case s.Running:
		return "il modulo di Rinnova non c'è; il browser è aperto"
	}
	return "il modulo di Rinnova non c'è"
}
