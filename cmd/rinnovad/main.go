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
	"rinnova.example/go/service/store"
)

// Exit codes.
const (
	exitFailed = 1
	exitUsage  = 2
)

// commands are the program's commands.
type commands struct {
	Init  initCommand  `cmd:"" help:"Crea autorità, chiavi, base dati e campagne di un servizio di prova."`
	Serve serveCommand `cmd:"" help:"Avvia il servizio."`

	Campaign struct {
		List  campaignList  `cmd:"" help:"Elenca le campagne."`
		Open  campaignOpen  `cmd:"" help:"Apre una campagna."`
		Close campaignClose `cmd:"" help:"Chiude una campagna."`
		Add   notInThisYet  `cmd:"" help:"Aggiunge una campagna (non in questa versione)."`
	} `cmd:"" help:"Campagne di rinnovo."`

	Card struct {
		Issue cardIssue `cmd:"" help:"Crea una tessera emulata con un certificato della vecchia autorità."`
	} `cmd:"" help:"Tessere di prova."`

	Certificate struct {
		List    certificateList   `cmd:"" help:"Elenca in JSON i certificati rilasciati."`
		Revoke  certificateRevoke `cmd:"" help:"Revoca un certificato, nuovo o vecchio."`
		Suspend notInThisYet      `cmd:"" help:"Sospende un certificato (non in questa versione)."`
	} `cmd:"" help:"Certificati."`

	Audit notInThisYet `cmd:"" help:"Verifica il registro degli eventi (non in questa versione)."`

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

// failure is an error with a stable code word and an Italian sentence.
type failure struct {
	code string
	text string
	exit int
	err  error // cause, printed after the text
}

func (f *failure) Error() string { return f.code }

func failed(code, text string, err error) error { return &failure{code, text, exitFailed, err} }

func misused(code, text string, err error) error { return &failure{code, text, exitUsage, err} }

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
	parser, err := kong.New(&c, kong.Name("rinnovad"), kong.Writers(out, errOut), kong.Exit(func(code int) { exit = code }),
		kong.Description("Servizio di rinnovo del certificato di autenticazione della TS-CNS."))
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
		return p.fail(misused("usage", "comando o argomenti non validi; si veda rinnovad --help", err))
	}
	if err := k.Run(p); err != nil {
		return p.fail(err)
	}
	return 0
}

func (p *program) fail(err error) int {
	var f *failure
	switch {
	case errors.As(err, &f):
	case errors.Is(err, emulator.ErrSeries):
		f = &failure{"unknown-series", "sigla della tessera sconosciuta", exitUsage, err}
	case errors.Is(err, emulator.ErrPersonal):
		f = &failure{"card-data", "dati non adatti a questa tessera", exitUsage, err}
	case errors.Is(err, fs.ErrExist):
		f = &failure{"file-exists", "il file esiste già e non viene sovrascritto", exitFailed, err}
	case errors.Is(err, store.ErrChanged):
		f = &failure{"try-again", "un altro comando ha cambiato gli stessi dati: riprovare", exitFailed, nil}
	default:
		f = &failure{"failed", "operazione non riuscita", exitFailed, err}
	}
	fmt.Fprintf(p.err, "%s: %s", f.code, f.text)
	if f.err != nil {
		fmt.Fprintf(p.err, ": %v", f.err)
	}
	fmt.Fprintln(p.err)
	return f.exit
}

// notInThisYet takes any arguments and does nothing: the command belongs to later work.
type notInThisYet struct {
	Args []string `arg:"" optional:"" passthrough:"all" hidden:""`
}

func (notInThisYet) Run(*program) error {
	return misused("not-in-this-version", "comando non disponibile in questa versione", nil)
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
		return nil, misused("usage", "--clock vuole un'ora RFC 3339, per esempio 2020-05-25T10:00:00Z", nil)
	}
	offset := time.Until(start)
	return func() time.Time { return time.Now().Add(offset) }, nil
}
