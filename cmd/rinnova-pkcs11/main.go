// SPDX-License-Identifier: EUPL-1.2

// Rinnova-pkcs11 is the helper of the PKCS #11 library: it answers the requests of one host process on its standard
// input, a socket or a pipe, and ends with it.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"rinnova.example/go/card/cns"
	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/pcsc"
	"rinnova.example/go/card/pinpad"
	"rinnova.example/go/card/token"
	"rinnova.example/go/card/tries"
	"rinnova.example/go/cardfile"
	"rinnova.example/go/citizen/settings"
)

// idle is the time after the last use at which the PIN is wiped.
const idle = 15 * time.Minute

// version is set when a package is built.
var version = "development"

func main() {
	if len(os.Args) == 2 && os.Args[1] == "--version" {
		fmt.Println("rinnova-pkcs11", version)
		return
	}
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "rinnova-pkcs11:", err)
		os.Exit(1)
	}
}

func run() error {
	// A host's signals to its process group are not for the helper: it ends with its connection.
	signal.Ignore(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	closeInherited()
	cns.RefuseDumps()
	var ledger tries.Ledger
	if dir, err := settings.StateFolder(); err == nil {
		ledger.Files = cardfile.In(dir)
	} else {
		ledger.Files = nowhere(err)
	}
	return token.Serve(connection{}, token.Config{Readers: readers, Connect: connect, Ledger: ledger, Now: time.Now,
		Idle: idle})
}

// nowhere is the ledger of a user without a folder: it cannot be read.
func nowhere(err error) *cardfile.Files {
	return &cardfile.Files{Read: func(string) ([]byte, error) { return nil, err },
		Write: func(string, []byte) error { return err }}
}

// connection is the socket that the library leaves as standard input.
type connection struct{}

func (connection) Read(b []byte) (int, error)  { return os.Stdin.Read(b) }
func (connection) Write(b []byte) (int, error) { return os.Stdin.Write(b) }

func readers() ([]token.Reader, error) {
	list, err := pcsc.Readers()
	if err != nil {
		return nil, err
	}
	var readers []token.Reader
	for _, r := range list {
		readers = append(readers, token.Reader{Name: r.Name, Present: r.Present, Counter: r.Counter})
	}
	return readers, nil
}

func connect(reader string) (iso7816.Card, *pinpad.Pinpad, func(), error) {
	c, err := pcsc.Open(reader)
	if errors.Is(err, pcsc.ErrNoCard) || errors.Is(err, pcsc.ErrNoReader) {
		err = token.TokenNotPresent
	}
	if err != nil {
		return nil, nil, nil, err
	}
	return c, c.Pinpad(), func() { _ = c.Close() }, nil
}
