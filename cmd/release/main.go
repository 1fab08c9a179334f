// SPDX-License-Identifier: EUPL-1.2

// Command release is the maintainers' tool: it makes a release key, and signs the manifest and the packages of a
// release. The same input gives the same output. Citizens and operators do not get it.
package main

import (
	"crypto/rand"
	"fmt"
	"io"
	"os"

	"github.com/alecthomas/kong"
)

type commands struct {
	Key      keyCommand      `cmd:"" help:"Make a release key."`
	Manifest manifestCommand `cmd:"" help:"Write and sign the manifest of a folder of packages, and sign each package."`
}

// program is the environment of the commands.
type program struct {
	out    io.Writer
	random io.Reader
}

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

// run executes one command line. Exit codes: 0 done, 1 failure, 2 usage.
func run(args []string, out, errOut io.Writer) int {
	var c commands
	exit := -1
	parser, err := kong.New(&c, kong.Name("release"), kong.Writers(out, errOut),
		kong.Exit(func(code int) { exit = code }),
		kong.Description("Release keys, manifest and signatures of Rinnova."))
	if err != nil {
		panic(err) // the struct above is at fault
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	k, err := parser.Parse(args)
	if exit >= 0 {
		return exit // help was printed
	}
	if err != nil {
		fmt.Fprintln(errOut, "release:", err)
		return 2
	}
	if err := k.Run(&program{out, rand.Reader}); err != nil {
		fmt.Fprintln(errOut, "release:", err)
		return 1
	}
	return 0
}
