// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"golang.org/x/term"

	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/failure"
)

// codes are the flags that answer for the person.
type codes struct {
	PINFrom string `name:"pin-from" help:"Da dove leggere il PIN: env:NOME, file:PERCORSO, fd:N." placeholder:"DA"`
	LastTry bool   `help:"Consente di usare l'ultimo tentativo."`
}

// person is the Prompter of the command line: the terminal, or what the flags say.
type person struct {
	p        *program
	pinFrom  string
	pukFrom  string
	lastTry  bool
	terminal *os.File      // nil where there is none
	answered map[bool]bool // a code from a flag is given once: it would be wrong again
	before   func()        // clears the progress bar before something is asked
}

func (p *program) person(pinFrom, pukFrom string, lastTry bool) *person {
	h := &person{p: p, pinFrom: pinFrom, pukFrom: pukFrom, lastTry: lastTry, answered: map[bool]bool{},
		before: func() {}}
	if term.IsTerminal(int(os.Stdin.Fd())) && !p.JSON {
		h.terminal = os.Stdin
	}
	return h
}

func (h *person) PIN(_ context.Context, r renewal.CodeRequest) ([]byte, error) {
	return h.code(h.pinFrom, false, textEnterPIN, textPIN, r)
}

func (h *person) PUK(_ context.Context, r renewal.CodeRequest) ([]byte, error) {
	return h.code(h.pukFrom, true, textEnterPUK, textPUK, r)
}

func (h *person) code(from string, puk bool, instruction, label string, r renewal.CodeRequest) ([]byte, error) {
	if from != "" {
		if h.answered[puk] {
			return nil, renewal.ErrNoInput
		}
		h.answered[puk] = true
		return secret(from)
	}
	if h.terminal == nil {
		return nil, renewal.ErrNoInput
	}
	h.before()
	switch {
	case r.Malformed:
		fmt.Fprintf(h.p.err, "Il codice ha da %d a %d cifre: non è stato inviato alla tessera.\n", r.Code.Min,
			r.Code.Max)
	case r.Wrong:
		fmt.Fprintln(h.p.err, "Codice non corretto.")
	}
	if r.Tries != nil && *r.Tries > 0 {
		fmt.Fprintln(h.p.err, triesLeft(*r.Tries))
	}
	if puk {
		fmt.Fprintln(h.p.err,
			"Attenzione: dopo alcuni PUK sbagliati la tessera è inutilizzabile. Per fermarti premi Invio.")
	}
	fmt.Fprintf(h.p.err, "%s\n%s: ", instruction, label)
	b, err := term.ReadPassword(int(h.terminal.Fd()))
	fmt.Fprintln(h.p.err)
	if err != nil {
		return nil, err
	}
	if len(b) == 0 {
		return nil, renewal.ErrCancelled
	}
	return b, nil
}

func (h *person) Consent(_ context.Context, q renewal.Question) (string, error) {
	if q.Kind == renewal.AskLastTry && h.lastTry {
		return "yes", nil
	}
	if h.terminal == nil {
		return "", renewal.ErrNoInput
	}
	h.before()
	if q.Kind == renewal.AskLastTry {
		fmt.Fprint(h.p.err, "Resta un solo tentativo: un altro errore blocca il codice. Scrivi SI per usarlo: ")
	} else {
		fmt.Fprintf(h.p.err, "Sigla stampata sul fronte della tessera, vicino al chip (%s): ",
			strings.Join(q.Options, ", "))
	}
	line, err := bufio.NewReader(h.terminal).ReadString('\n')
	if err != nil && err != io.EOF {
		return "", err
	}
	line = strings.TrimSpace(line)
	if q.Kind == renewal.AskLastTry {
		if !strings.EqualFold(line, "si") && !strings.EqualFold(line, "sì") {
			return "", nil
		}
		return "yes", nil
	}
	return strings.ReplaceAll(line, " ", ""), nil
}

// secret reads a code from where a flag says, less the line's end. The code is never part of an error.
func secret(from string) ([]byte, error) {
	kind, name, _ := strings.Cut(from, ":")
	var b []byte
	var err error
	switch kind {
	case "env":
		v, ok := os.LookupEnv(name)
		if !ok {
			return nil, renewal.ErrNoInput
		}
		b = []byte(v)
	case "file":
		b, err = os.ReadFile(name)
	case "fd":
		n, e := strconv.ParseUint(name, 10, 16)
		if e != nil {
			return nil, misused(failure.SecretMalformed, nil)
		}
		f := os.NewFile(uintptr(n), "fd")
		if f == nil {
			return nil, misused(failure.SecretMalformed, nil)
		}
		defer f.Close()
		b, err = io.ReadAll(io.LimitReader(f, 4096))
	default:
		return nil, misused(failure.SecretMalformed, nil)
	}
	if err != nil {
		return nil, misused(failure.InputMissing, err)
	}
	return bytes.TrimRight(b, "\r\n"), nil
}
