// SPDX-License-Identifier: EUPL-1.2

// Command vcns plugs an emulated CNS card into the virtual reader of the operating system's smart-card
// stack (vsmartcard's vpcd), so that every program of the computer sees it as a real one. It ends with 0
// when the reader closes the connection or on SIGINT and SIGTERM, and does not connect again.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"rinnova.example/go/card/emulator"
	"rinnova.example/go/card/vpcd"
)

// Exit codes, those of rinnova that apply.
const (
	exitFailed = 1
	exitUsage  = 2
	exitCard   = 4
)

const usage = `Uso: vcns --card FILE [--vpcd INDIRIZZO]

Inserisce una carta emulata nel lettore virtuale del sistema (vpcd).

  --card FILE        la carta, creata con "rinnovad card issue"
  --vpcd INDIRIZZO   dove il lettore attende la carta (127.0.0.1:35963)
  --help             queste righe
`

type arguments struct {
	VPCD string `name:"vpcd" default:"127.0.0.1:35963"`
	Card string `name:"card" required:""`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run returns the exit code. It prints a failure in one line: a code word and a text.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	var a arguments
	helped := false
	parser, err := kong.New(&a, kong.Name("vcns"), kong.Writers(stdout, stderr), kong.Exit(func(int) { helped = true }),
		kong.Help(func(kong.HelpOptions, *kong.Context) error {
			_, err := io.WriteString(stdout, usage)
			return err
		}))
	if err != nil {
		panic(err) // the struct above
	}
	_, err = parser.Parse(args)
	if helped {
		return 0
	}
	if err != nil {
		fmt.Fprintf(stderr, "usage: argomenti non validi\n\n%s", usage)
		return exitUsage
	}
	card, err := emulator.Open(a.Card)
	switch {
	case errors.Is(err, emulator.ErrInUse):
		fmt.Fprintln(stderr, "card-busy: la carta emulata è già in uso da un altro programma")
		return exitCard
	case errors.Is(err, emulator.ErrState):
		fmt.Fprintln(stderr, "card-unreadable: il file non contiene una carta emulata intera; non è stato modificato:",
			err)
		return exitCard
	case err != nil:
		fmt.Fprintln(stderr, "card-unreadable: impossibile aprire la carta emulata:", err)
		return exitCard
	}
	defer card.Close()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", a.VPCD)
	if ctx.Err() != nil {
		return 0
	}
	if err != nil {
		fmt.Fprintln(stderr, "no-reader: il lettore virtuale non risponde all'indirizzo indicato:", err)
		return exitCard
	}
	fmt.Fprintln(stdout, "pronto", card.Series(), a.VPCD)
	if err := vpcd.Serve(ctx, conn, card); err != nil && ctx.Err() == nil {
		fmt.Fprintln(stderr, "card-failed: la carta emulata si è fermata:", err)
		return exitFailed
	}
	return 0
}
