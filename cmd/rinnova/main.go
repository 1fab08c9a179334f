// SPDX-License-Identifier: EUPL-1.2

// Command rinnova is the citizen's program: it shows the certificates of a card, renews the certificate and proves it
// with a login. Its commands, flags, JSON and exit codes are an interface for scripts and tests.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/alecthomas/kong"

	"rinnova.example/go/card/cns"
	"rinnova.example/go/catalogue/usage"
	"rinnova.example/go/citizen/browser"
	"rinnova.example/go/citizen/proxy/pac"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/citizen/settings"
	"rinnova.example/go/citizen/terminal"
	"rinnova.example/go/failure"
)

// commands are the program's commands and the flags common to all.
type commands struct {
	Card     string `help:"Tessera: pcsc:<lettore o numero>, emulated:<file o sigla>, replay:<file>. Senza, l'unica tessera inserita." placeholder:"CARD" group:"Tessera:"`
	Service  string `help:"Indirizzo del servizio di rinnovo." env:"RINNOVA_SERVICE" placeholder:"URL" group:"Servizio:"`
	CA       string `name:"ca" help:"Certificati radice di chi emette (PEM)." env:"RINNOVA_CA" type:"path" placeholder:"FILE" group:"Servizio:"`
	TLSCA    string `name:"tls-ca" help:"Certificati radice del server (PEM); senza, quelli del sistema." env:"RINNOVA_TLS_CA" type:"path" placeholder:"FILE" group:"Servizio:"`
	Proxy    string `help:"Proxy: http://nome:porta, oppure direct per nessuno. pac:http://… per uno script. Senza, quello dell'ambiente (HTTPS_PROXY) o del sistema." env:"RINNOVA_PROXY" placeholder:"URL" group:"Servizio:"`
	Updates  string `name:"update-check" help:"Se chiedere al servizio le versioni nuove del programma: on oppure off." env:"RINNOVA_UPDATE_CHECK" enum:"on,off" default:"on" placeholder:"on|off" group:"Servizio:"`
	Campaign string `help:"Campagna; senza, quella che accetta il certificato." placeholder:"ID" group:"Servizio:"`
	JSON     bool   `name:"json" help:"Scrive JSON." again:"-" group:"Risultati e file:"`
	Journal  string `help:"Cartella del diario dei rinnovi." type:"path" placeholder:"DIR" group:"Risultati e file:"`
	Record   string `help:"Registra gli scambi con la tessera, senza codici, in un file." type:"path" placeholder:"FILE" again:"-" group:"Risultati e file:"`
	Clock    string `help:"Ora di partenza, RFC 3339: solo con tessere emulate." placeholder:"ORA" group:"Tessera:"`

	Readers  readersCommand  `cmd:"" help:"Elenca i lettori e le tessere inserite."`
	Status   statusCommand   `cmd:"" help:"Mostra la tessera e dice se il certificato è rinnovabile."`
	Renew    renewCommand    `cmd:"" help:"Rinnova il certificato."`
	Verify   verifyCommand   `cmd:"" help:"Prova il certificato con un accesso."`
	PIN      pinCommand      `cmd:"" name:"pin" help:"Cambia il PIN, o ne sceglie uno nuovo con il PUK."`
	Doctor   doctorCommand   `cmd:"" help:"Dice che cosa non va su questo computer, e che cosa fare."`
	Take     recordCommand   `cmd:"" name:"record" help:"Registra ciò che la tessera risponde, senza PIN e senza dati della persona."`
	Replay   replayCommand   `cmd:"" help:"Racconta una registrazione, o controlla che si possa dare ad altri."`
	Models   modelsCommand   `cmd:"" help:"Stampa i modelli di tessera e che cosa ne è supposto."`
	Demo     demoCommand     `cmd:"" help:"Esegue un rinnovo intero su una tessera emulata."`
	Version  versionCommand  `cmd:"" help:"Stampa la versione."`
	Operator serviceCommand  `cmd:"" name:"service" help:"Mostra il servizio di rinnovo che il programma conosce, o ne conserva un altro per questo utente."`
	Browser  browser.Command `cmd:"" help:"Mostra o cambia i browser che usano la tessera."`
	Window   windowCommand   `cmd:"" hidden:"" help:"Apre la finestra."`

	// known is the operator of the service in use, from the program's package or from this user; it may be empty.
	known settings.Known `kong:"-"`

	// unsettled is the reason why the administrators' settings, or an operator's file, cannot be used. The window
	// shows it; other commands fail with it.
	unsettled error `kong:"-"`
}

// program is the environment of the commands.
type program struct {
	*commands
	ctx  context.Context
	line *kong.Context // the parsed command line; nil before
	out  io.Writer
	err  io.Writer
}

// with returns the program with other flags.
func (p *program) with(ctx context.Context, c *commands) *program {
	return &program{c, ctx, p.line, p.out, p.err}
}

// development holds the commands of a development build.
var development []kong.Option

func main() {
	pac.Serve()
	cns.RefuseDumps()
	os.Exit(run(os.Args[1:], os.Stdout, os.Stderr))
}

// run executes one command line and returns the exit code.
func run(args []string, out, errOut io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	set, unsettled := administrators()
	c := commands{unsettled: unsettled}
	p, exit := &program{commands: &c, ctx: ctx, out: out, err: errOut}, -1
	options := slices.Concat(development, usage.Options(),
		[]kong.Option{kong.Name("rinnova"), kong.Writers(out, errOut),
			kong.Exit(func(code int) { exit = code }), kong.Resolvers(asDefaults(set)),
			kong.Description("Rinnova il certificato di autenticazione di una TS-CNS.")})
	parser, err := kong.New(&c, options...)
	if err != nil {
		panic(err) // the struct above is at fault
	}
	if !slices.ContainsFunc(parser.Model.Children, func(n *kong.Node) bool { return slices.Contains(args, n.Name) }) &&
		!slices.ContainsFunc(args, func(a string) bool { return a == "--help" || a == "-h" }) {
		args = slices.Concat(withoutArguments, args) // flags alone are the window's, where there is one
	}
	k, err := parser.Parse(args)
	if exit >= 0 {
		return exit // help was printed
	}
	if err != nil {
		c.JSON = c.JSON || slices.Contains(args, "--json") // the flag may stand after what is wrong
		return p.fail(&renewal.Failure{Code: failure.Usage, Text: usage.Message(err), Err: err})
	}
	p.line = k
	if c.unsettled == nil {
		c.unsettled = c.learn()
	}
	if c.unsettled != nil && k.Command() != "window" && !c.Operator.Forget {
		return p.fail(c.unsettled)
	}
	if err := k.Run(p, browser.Output{Writer: out, JSON: c.JSON}); err != nil {
		return p.fail(err)
	}
	return 0
}

// failureOf is a failure outside of a renewal.
func failureOf(code failure.Code, err error) error {
	return &renewal.Failure{Code: code, Err: err}
}

// fail prints a failure, for people on the error output or as the last JSON event, and returns its exit
// code.
func (p *program) fail(err error) int {
	f := renewal.Classify(err)
	if p.JSON && f.Code == failure.LoginRefused && f.Step == "" {
		return f.Exit() // verify has printed the site's answer
	}
	if p.JSON {
		p.event(resultEvent{Step: "result", State: "failed", Text: explain(f).What, Code: f.Code, Exit: f.Exit(),
			Failed: f.Step, Renewed: f.Renewed, Tries: f.Tries})
		return f.Exit()
	}
	e := p.explain(f)
	paper := terminal.NewPaper(p.err)
	if h := heading(f); h != "" {
		fmt.Fprintln(p.err)
		paper.Bad(h)
		fmt.Fprintln(p.err)
	}
	for _, line := range []string{e.What, e.Card, e.Do, fmt.Sprintf("Codice: %s (%d)", f.Code, f.Code.Number())} {
		paper.Line(line)
	}
	terminal.PrintContact(p.err, p.known.Contact)
	return f.Exit()
}
