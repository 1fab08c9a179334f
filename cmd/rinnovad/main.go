// SPDX-License-Identifier: EUPL-1.2

// Command rinnovad is the issuing service, with the commands of its operator and of the assistance desk. Its commands,
// flags, JSON, ready line and exit codes are an interface for scripts.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/alecthomas/kong"

	"rinnova.example/go/card/emulator"
	"rinnova.example/go/catalogue"
	"rinnova.example/go/catalogue/usage"
	"rinnova.example/go/failure"
	"rinnova.example/go/service/store"
)

// commands are the program's commands.
type commands struct {
	Init  initCommand  `cmd:"" help:"Crea autorità, chiavi, base dati e campagne di un servizio di prova."`
	Serve serveCommand `cmd:"" help:"Avvia il servizio."`

	Operator operatorCommand `cmd:"" help:"Scrive operator.json, con cui si preparano i programmi per questo servizio."`

	Campaign struct {
		List  campaignList  `cmd:"" help:"Elenca le campagne."`
		Open  campaignOpen  `cmd:"" help:"Apre una campagna."`
		Close campaignClose `cmd:"" help:"Chiude una campagna."`
	} `cmd:"" help:"Campagne di rinnovo."`

	Card struct {
		Issue cardIssue `cmd:"" help:"Crea una tessera emulata con un certificato della vecchia autorità."`
	} `cmd:"" help:"Tessere di prova."`

	Certificate struct {
		List   certificateList   `cmd:"" help:"Elenca in JSON i certificati rilasciati."`
		Revoke certificateRevoke `cmd:"" help:"Revoca un certificato, nuovo o vecchio."`
	} `cmd:"" help:"Certificati."`

	Report struct {
		Open reportOpen `cmd:"" help:"Apre una segnalazione di errore: cronologia, causa probabile, che cosa dire al cittadino."`
	} `cmd:"" help:"Segnalazioni di errore."`
}

// program is the environment of the commands.
type program struct {
	ctx context.Context
	out io.Writer
	err io.Writer
}

// ending is the error that ends a command: a code, and a sentence in Italian where there is more to say than the
// catalogue's.
type ending struct {
	code failure.Code
	text string
	err  error // cause, printed after the text
}

func (e *ending) Error() string { return string(e.code) }

func ended(code failure.Code, err error) error { return &ending{code, catalogue.Operator(code), err} }

// misused ends a command with an error of usage.
func misused(text string, err error) error { return &ending{failure.Usage, text, err} }

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run executes one command line and returns the exit code. It prints a failure in one line: code word and text.
func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	var c commands
	p := &program{ctx, out, errOut}
	exit := -1
	parser, err := kong.New(&c, append(usage.Options(), kong.Name("rinnovad"), kong.Writers(out, errOut),
		kong.Exit(func(code int) { exit = code }),
		kong.Description("Servizio di rinnovo del certificato di autenticazione della TS-CNS."))...)
	if err != nil {
		panic(err) // a fault in the struct above
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	k, err := parser.Parse(args)
	if exit >= 0 {
		return exit // help was printed
	}
	if err != nil {
		return p.fail(misused(usage.Message(err)+" `rinnovad --help` elenca i comandi.", nil))
	}
	if err := k.Run(p); err != nil {
		return p.fail(err)
	}
	return 0
}

func (p *program) fail(err error) int {
	var e *ending
	switch {
	case errors.As(err, &e):
	case errors.Is(err, emulator.ErrSeries):
		err = ended(failure.UnknownSeries, err)
	case errors.Is(err, emulator.ErrPersonalization):
		err = ended(failure.CardData, err)
	case errors.Is(err, fs.ErrExist):
		err = ended(failure.FileExists, err)
	case errors.Is(err, store.ErrChanged):
		err = ended(failure.TryAgain, nil)
	default:
		err = ended(failure.Failed, err)
	}
	errors.As(err, &e)
	fmt.Fprintf(p.err, "%s: %s", e.code, e.text)
	if e.err != nil {
		fmt.Fprintf(p.err, ": %v", e.err)
	}
	fmt.Fprintln(p.err)
	return e.code.Exit()
}

// serviceDir is a service's folder and database, and the time at which a command runs.
type serviceDir struct {
	Dir   string `required:"" type:"path" placeholder:"DIR" help:"Cartella del servizio."`
	DSN   string `name:"dsn" env:"RINNOVAD_DSN" placeholder:"DSN" help:"Base dati PostgreSQL (postgres://…); senza, SQLite nella cartella."`
	Clock string `placeholder:"ORA" help:"Ora di partenza, RFC 3339: solo per prove."`
}

// clock returns the real time, or a time that started at --clock.
func (l serviceDir) clock() (func() time.Time, error) {
	if l.Clock == "" {
		return time.Now, nil
	}
	start, err := time.Parse(time.RFC3339, l.Clock)
	if err != nil {
		return nil, misused("--clock vuole un'ora RFC 3339, per esempio 2020-05-25T10:00:00Z", nil)
	}
	offset := time.Until(start)
	return func() time.Time { return time.Now().Add(offset) }, nil
}
