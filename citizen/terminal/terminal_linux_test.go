// SPDX-License-Identifier: EUPL-1.2

package terminal

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/creack/pty"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/failure"
)

// screen is what a terminal shows: what is written to it, and the echo.
type screen struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *screen) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *screen) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// waitFor waits until the screen shows a text.
func (s *screen) waitFor(t *testing.T, text string) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); !strings.Contains(s.String(), text); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("the terminal never showed %q: %q", text, s.String())
		}
	}
}

// atTerminal returns a person at a new terminal, its keyboard and its screen.
func atTerminal(t *testing.T) (*Person, *os.File, *screen) {
	t.Helper()
	keyboard, tty, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = keyboard.Close() })
	t.Cleanup(func() { _ = tty.Close() })
	s := &screen{}
	go func() { _, _ = io.Copy(s, keyboard) }()
	return &Person{In: tty, Out: tty}, keyboard, s
}

func typed(t *testing.T, keyboard io.Writer, line string) {
	t.Helper()
	if _, err := io.WriteString(keyboard, line); err != nil {
		t.Fatal(err)
	}
}

func request(kind cardmodel.CodeKind, tries int) renewal.CodeRequest {
	return renewal.CodeRequest{Code: cardmodel.Models()[0].Code(kind), Tries: &tries}
}

func TestCodeTyped(t *testing.T) {
	p, keyboard, screen := atTerminal(t)
	type answer struct {
		code []byte
		err  error
	}
	answers := make(chan answer)
	for _, row := range []struct {
		kind        cardmodel.CodeKind
		shown, line string
		want        string
		err         error
	}{
		{cardmodel.PIN, "Codice PIN: ", "24680\n", "24680", nil},
		{cardmodel.PUK, "Codice PUK: ", "13579246\n", "13579246", nil},
		{cardmodel.PUK, "Codice PUK: ", "\n", "", renewal.ErrCancelled},
	} {
		ask := p.PIN
		if row.kind == cardmodel.PUK {
			ask = p.PUK
		}
		before := len(screen.String())
		go func() {
			code, err := ask(t.Context(), request(row.kind, 2))
			answers <- answer{code, err}
		}()
		for !strings.Contains(screen.String()[before:], row.shown) {
			time.Sleep(5 * time.Millisecond)
		}
		echoOff(t, p.In)
		typed(t, keyboard, row.line)
		if a := <-answers; string(a.code) != row.want || !errors.Is(a.err, row.err) {
			t.Errorf("%s %q: %q, %v", row.kind, row.line, a.code, a.err)
		}
		if s := screen.String(); row.want != "" && strings.Contains(s, row.want) {
			t.Errorf("the terminal shows the %s: %q", row.kind, s)
		}
	}
	screen.waitFor(t, "Restano 2 tentativi.")
}

// TestEndedAtQuestion: the end of the context, which Ctrl-C is, ends a question at once, and the terminal echoes again.
func TestEndedAtQuestion(t *testing.T) {
	for name, ask := range map[string]func(*Person, context.Context) error{
		"PIN": func(p *Person, ctx context.Context) error {
			_, err := p.PIN(ctx, request(cardmodel.PIN, 3))
			return err
		},
		"last try": func(p *Person, ctx context.Context) error {
			_, err := p.Consent(ctx, renewal.Question{Kind: renewal.AskLastTry, Code: cardmodel.PUK})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, keyboard, screen := atTerminal(t)
			ctx, end := context.WithCancel(t.Context())
			ended := make(chan error)
			go func() { ended <- ask(p, ctx) }()
			screen.waitFor(t, ": ")
			if name == "PIN" {
				echoOff(t, p.In)
			}
			end()
			select {
			case err := <-ended:
				if !errors.Is(err, context.Canceled) {
					t.Errorf("the question ended with %v", err)
				}
			case <-time.After(20 * time.Second):
				t.Fatal("the question outlived the context")
			}
			typed(t, keyboard, "echoed\n")
			screen.waitFor(t, "echoed")
		})
	}
}

func TestConsent(t *testing.T) {
	for line, want := range map[string]string{"SI\n": "yes", "sì\n": "yes", "no\n": "", "\n": ""} {
		p, keyboard, screen := atTerminal(t)
		typed(t, keyboard, line)
		got, err := p.Consent(t.Context(), renewal.Question{Kind: renewal.AskLastTry, Code: cardmodel.PUK})
		if err != nil || got != want {
			t.Errorf("%q: %q, %v; want %q", line, got, err, want)
		}
		screen.waitFor(t, "Per il PUK resta un solo tentativo")
	}
	p, keyboard, _ := atTerminal(t)
	typed(t, keyboard, " ID 2019\n")
	got, err := p.Consent(t.Context(), renewal.Question{Kind: renewal.AskSeries, Options: []string{"ID2019"}})
	if err != nil || got != "ID2019" {
		t.Errorf("series: %q, %v", got, err)
	}
}

// TestFlags: what a flag answers is given once, and without a terminal no person is asked.
func TestFlags(t *testing.T) {
	t.Setenv("RINNOVA_TEST_PIN", "24680\r\n")
	var out bytes.Buffer
	p := &Person{Out: bufio.NewWriter(&out), From: map[cardmodel.CodeKind]string{cardmodel.PIN: "env:RINNOVA_TEST_PIN"}}
	if code, err := p.PIN(t.Context(), request(cardmodel.PIN, 3)); err != nil || string(code) != "24680" {
		t.Errorf("from the environment: %q, %v", code, err)
	}
	for name, ask := range map[string]func(context.Context, renewal.CodeRequest) ([]byte, error){
		"the flag's PIN a second time": p.PIN, "no flag, no terminal": p.PUK,
	} {
		if code, err := ask(t.Context(), request(cardmodel.PIN, 2)); !errors.Is(err, renewal.ErrNoInput) {
			t.Errorf("%s: %q, %v", name, code, err)
		}
	}
	if got, err := p.Consent(t.Context(), renewal.Question{Kind: renewal.AskLastTry}); !errors.Is(err,
		renewal.ErrNoInput) {
		t.Errorf("the last try without a person: %q, %v", got, err)
	}
	p.LastTry = true
	if got, err := p.Consent(t.Context(), renewal.Question{Kind: renewal.AskLastTry}); got != "yes" || err != nil {
		t.Errorf("the last try with the flag: %q, %v", got, err)
	}
	if out.Len() != 0 {
		t.Errorf("written without a person: %q", out.String())
	}
}

// TestSecret: where a flag may say that a code is, and what is refused.
func TestSecret(t *testing.T) {
	t.Setenv("RINNOVA_TEST_PIN", "")
	file := t.TempDir() + "/pin"
	if err := os.WriteFile(file, []byte("24680\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for from, want := range map[string]string{"file:" + file: "24680", "env:RINNOVA_TEST_PIN": "",
		"file:" + file + ".absent": "input-missing", "env:RINNOVA_TEST_ABSENT": "no person",
		"24680": "secret-malformed", "fd:x": "secret-malformed", "fd:-1": "secret-malformed", "": "secret-malformed"} {
		got, err := secret(from)
		var f *renewal.Failure
		switch {
		case errors.As(err, &f):
			if string(f.Code) != want {
				t.Errorf("%q: %v, want %s", from, err, want)
			}
		case errors.Is(err, renewal.ErrNoInput):
			if want != "no person" {
				t.Errorf("%q: %v, want %s", from, err, want)
			}
		case err != nil || string(got) != want:
			t.Errorf("%q: %q, %v", from, got, err)
		}
		if err != nil && strings.Contains(err.Error(), "24680") {
			t.Errorf("%q: the code is in the error: %v", from, err)
		}
	}
}

// TestChoose: a new PIN is typed twice, without an echo, until both are alike, and the person is told why one was
// refused.
func TestChoose(t *testing.T) {
	p, keyboard, screen := atTerminal(t)
	type answer struct {
		code []byte
		err  error
	}
	answers := make(chan answer, 1)
	choose := func(r renewal.CodeRequest) {
		go func() {
			code, err := p.Choose(t.Context(), r)
			answers <- answer{code, err}
		}()
	}
	request := renewal.CodeRequest{Code: cardmodel.Models()[0].Code(cardmodel.PIN), Weakness: failure.PINRepetition}
	choose(request)
	screen.waitFor(t, "Il nuovo PIN ripete le stesse cifre: si indovina facilmente.")
	for i, line := range []string{"80357\n", "80358\n", "80357\n", "80357\n"} {
		screen.waitFor(t, []string{"Nuovo PIN: ", "Ripeti il nuovo PIN: ",
			"I due PIN non sono uguali: scrivili di nuovo.",
			"di nuovo.\r\nNuovo PIN: \r\nRipeti il nuovo PIN: "}[i])
		echoOff(t, p.In)
		typed(t, keyboard, line)
	}
	if a := <-answers; a.err != nil || string(a.code) != "80357" {
		t.Errorf("chosen: %v", a.err)
	}
	if strings.Contains(screen.String(), "8035") {
		t.Errorf("the terminal shows a PIN: %q", screen.String())
	}
	choose(request)
	echoOff(t, p.In)
	typed(t, keyboard, "\n")
	if a := <-answers; !errors.Is(a.err, renewal.ErrCancelled) {
		t.Errorf("an empty line: %v", a.err)
	}
	if _, err := (&Person{}).Choose(t.Context(), request); !errors.Is(err, renewal.ErrNoInput) {
		t.Errorf("without a terminal: %v", err)
	}
}
