// SPDX-License-Identifier: EUPL-1.2

// Package terminal asks a person at a terminal for codes and consents. Flags can give the answers where there is no
// person.
package terminal

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/catalogue"
	"rinnova.example/go/citizen/renewal"
)

// Texts of the guide, to the letter (its numbers are those of the project's list of strings).
const (
	textEnterPIN = "Inserisci il PIN corretto per continuare il rinnovo" // T9
	textPIN      = "Codice PIN"                                          // T10
	textEnterPUK = "Inserisci il PUK corretto per continuare il rinnovo" // T15
	textPUK      = "Codice PUK"                                          // T16
)

// Texts of the questions before a new PIN.
const (
	textPINNow   = "Inserisci il PIN di adesso"
	textPUKFirst = "Inserisci il PUK: subito dopo sceglierai un nuovo PIN"
	textNewPIN   = "Nuovo PIN"
	textAgain    = "Ripeti il nuovo PIN"
)

// Person is the renewal.Prompter of the command line. It gives a code from a flag once only: if it was wrong, it
// would be wrong again.
type Person struct {
	In      *os.File                      // the terminal; nil where no person can be asked
	Out     io.Writer                     // gets the questions
	From    map[cardmodel.CodeKind]string // where a flag says that a code is (secret)
	NewPIN  string                        // where a flag says that a new PIN is, "" where none does
	LastTry bool                          // a flag allows the last try
	Before  func()                        // called before something is written; nil for nothing

	given map[string]bool // by the question that a flag answers
}

// PIN asks for the PIN. It returns renewal.ErrCancelled for an empty line, and the context's error as soon as it ends.
func (p *Person) PIN(ctx context.Context, r renewal.CodeRequest) ([]byte, error) {
	if r.Task == renewal.TaskChangePIN {
		return p.code(ctx, cardmodel.PIN, textPINNow, textPIN, r)
	}
	return p.code(ctx, cardmodel.PIN, textEnterPIN, textPIN, r)
}

// PUK asks for the PUK, as PIN does.
func (p *Person) PUK(ctx context.Context, r renewal.CodeRequest) ([]byte, error) {
	if r.Task == renewal.TaskUnblockPIN {
		return p.code(ctx, cardmodel.PUK, textPUKFirst, textPUK, r)
	}
	return p.code(ctx, cardmodel.PUK, textEnterPUK, textPUK, r)
}

// Choose asks for a new PIN until it was typed twice alike. Its errors are those of PIN.
func (p *Person) Choose(ctx context.Context, r renewal.CodeRequest) ([]byte, error) {
	if p.NewPIN != "" {
		return p.once(textNewPIN, p.NewPIN)
	}
	if p.In == nil {
		return nil, renewal.ErrNoInput
	}
	p.before()
	if weak, known := catalogue.Explain(catalogue.Italian, catalogue.CommandLine, r.Weakness, false); known {
		fmt.Fprintln(p.Out, weak.What)
	}
	if r.Malformed {
		fmt.Fprintf(p.Out, "Il PIN ha da %d a %d cifre.\n", r.Code.Min, r.Code.Max)
	}
	for {
		pin, err := p.hidden(ctx, textNewPIN)
		if err != nil {
			return nil, err
		}
		again, err := p.hidden(ctx, textAgain)
		same := bytes.Equal(pin, again)
		clear(again)
		if err == nil && same {
			return pin, nil
		}
		clear(pin)
		if err != nil {
			return nil, err
		}
		fmt.Fprintln(p.Out, "I due PIN non sono uguali: scrivili di nuovo.")
	}
}

// once reads the answer to a question from the place that a flag names, the first time.
func (p *Person) once(question, from string) ([]byte, error) {
	if p.given[question] {
		return nil, renewal.ErrNoInput
	}
	if p.given == nil {
		p.given = map[string]bool{}
	}
	p.given[question] = true
	return secret(from)
}

// hidden asks for a code without an echo. An empty line is renewal.ErrCancelled.
func (p *Person) hidden(ctx context.Context, label string) ([]byte, error) {
	fmt.Fprintf(p.Out, "%s: ", label)
	code, err := p.read(ctx, func() ([]byte, error) { return term.ReadPassword(int(p.In.Fd())) })
	fmt.Fprintln(p.Out)
	if err == nil && len(code) == 0 {
		err = renewal.ErrCancelled
	}
	return code, err
}

func (p *Person) code(ctx context.Context, kind cardmodel.CodeKind, instruction, label string,
	r renewal.CodeRequest) ([]byte, error) {
	if from := p.From[kind]; from != "" {
		return p.once(label, from)
	}
	if p.In == nil {
		return nil, renewal.ErrNoInput
	}
	p.before()
	if failed, known := catalogue.Explain(catalogue.Italian, catalogue.CommandLine, r.Pinpad.Failed, false); known {
		fmt.Fprintln(p.Out, failed.What)
	}
	switch {
	case r.Malformed:
		fmt.Fprintf(p.Out, "Il codice ha da %d a %d cifre: non è stato inviato alla tessera.\n", r.Code.Min,
			r.Code.Max)
	case r.Wrong:
		fmt.Fprintln(p.Out, "Codice non corretto.")
	}
	if r.NewPINSent {
		fmt.Fprintln(p.Out,
			"L’ultima volta la tessera non ha risposto a un nuovo PIN: prova per primo quello nuovo, "+
				"poi quello di prima.")
	}
	switch {
	case r.Tries != nil && *r.Tries > 0:
		fmt.Fprintln(p.Out, TriesLeft(*r.Tries))
	case r.Limit > 0:
		fmt.Fprintf(p.Out, "Dopo %d errori di seguito il %s si blocca.\n", r.Limit, kind)
	}
	if kind == cardmodel.PUK {
		fmt.Fprintln(p.Out,
			"Attenzione: dopo alcuni PUK sbagliati la tessera è inutilizzabile. Per fermarti premi Invio.")
	}
	if r.Pinpad.Offered {
		return p.atReader(ctx, label, r)
	}
	if r.Pinpad.Unable {
		fmt.Fprintln(p.Out, textUnable)
	}
	fmt.Fprintln(p.Out, instruction)
	return p.hidden(ctx, label)
}

// Consent asks the question. A flag answers the one for the last try.
func (p *Person) Consent(ctx context.Context, q renewal.Question) (string, error) {
	if q.Kind == renewal.AskLastTry && p.LastTry {
		return "yes", nil
	}
	question := fmt.Sprintf("Sigla stampata sul fronte della tessera, vicino al chip (%s):", strings.Join(q.Options,
		", "))
	if q.Kind == renewal.AskLastTry {
		question = fmt.Sprintf("Per il %s resta un solo tentativo: un altro errore lo blocca. Scrivi SI per usarlo:",
			q.Code)
	}
	answer, err := p.Ask(ctx, question)
	switch {
	case err != nil:
		return "", err
	case q.Kind != renewal.AskLastTry:
		return strings.ReplaceAll(answer, " ", ""), nil
	case strings.EqualFold(answer, "si") || strings.EqualFold(answer, "sì"):
		return "yes", nil
	}
	return "", nil
}

// Ask asks a question and returns the line that answers it, without blanks around it. Its errors are
// renewal.ErrNoInput where no person can be asked, and the context's.
func (p *Person) Ask(ctx context.Context, question string) (string, error) {
	if p.In == nil {
		return "", renewal.ErrNoInput
	}
	p.before()
	fmt.Fprint(p.Out, question+" ")
	line, err := p.read(ctx, func() ([]byte, error) { return bufio.NewReader(p.In).ReadBytes('\n') })
	if err != nil && err != io.EOF {
		return "", err
	}
	return strings.TrimSpace(string(line)), nil
}

func (p *Person) before() {
	if p.Before != nil {
		p.Before()
	}
}

// read waits for the answer or for the end of the context. A read of a terminal cannot be stopped: when the context
// ends, read restores the echo and returns, and the input that the pending read still gets is wiped.
func (p *Person) read(ctx context.Context, answer func() ([]byte, error)) ([]byte, error) {
	before, _ := term.GetState(int(p.In.Fd())) // nil where In is no terminal, which has no echo to put back
	type result struct {
		line []byte
		err  error
	}
	answered, left := make(chan result), make(chan struct{})
	go func() {
		line, err := answer()
		select {
		case answered <- result{line, err}:
		case <-left:
			clear(line)
		}
	}()
	select {
	case r := <-answered:
		return r.line, r.err
	case <-ctx.Done():
		close(left)
		if before != nil {
			_ = term.Restore(int(p.In.Fd()), before)
		}
		return nil, ctx.Err()
	}
}

// TriesLeft says how many tries a code has.
func TriesLeft(n int) string {
	if n == 1 {
		return "Resta 1 tentativo."
	}
	return fmt.Sprintf("Restano %d tentativi.", n)
}
