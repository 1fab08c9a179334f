// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"errors"
	"os/exec"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain puts this program into the PATH of the tests, as rinnovad.
func TestMain(m *testing.M) { testscript.Main(m, map[string]func(){"rinnovad": main}) }

// TestScripts runs the command line. "exits CODE PROGRAM ARGS..." is exec with the exit code wanted.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"exits": func(ts *testscript.TestScript, neg bool, args []string) {
				if neg || len(args) < 2 {
					ts.Fatalf("usage: exits code program args...")
				}
				want, err := strconv.Atoi(args[0])
				ts.Check(err)
				got := 0
				var ended *exec.ExitError
				if err := ts.Exec(args[1], args[2:]...); errors.As(err, &ended) {
					got = ended.ExitCode()
				} else {
					ts.Check(err)
				}
				if got != want {
					ts.Fatalf("exit code %d, want %d", got, want)
				}
			},
		},
	})
}
