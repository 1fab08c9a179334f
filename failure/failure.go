// SPDX-License-Identifier: EUPL-1.2

// Package failure is the register of failures. For every code it has the exit code, the number that can be read out
// on the telephone, whether the service may give it, and whether a second attempt makes sense. The texts are
// catalogue's.
package failure

import (
	"maps"
	"slices"
)

// Exit codes of the command line.
const (
	ExitDone        = 0
	ExitFailure     = 1
	ExitUsage       = 2
	ExitNothing     = 3 // nothing to renew
	ExitCard        = 4 // no reader or card, or busy
	ExitPINOrPUK    = 5 // PIN or PUK wrong, malformed or blocked
	ExitRefused     = 6 // the service refused
	ExitInterrupted = 7 // run again
)

// Known reports whether the code is in the register.
func (c Code) Known() bool {
	_, ok := table[c]
	return ok
}

// Exit returns the exit code of a command that ends with the failure; ExitFailure for a code that is not in the
// register.
func (c Code) Exit() int {
	f, ok := table[c]
	if !ok {
		return ExitFailure
	}
	return f.exit
}

// Number returns the code's number of three digits, for the telephone, or 0 for a code that is not in the register.
func (c Code) Number() int { return table[c].number }

// SaidByService reports whether the renewal service may give this code as its reason.
func (c Code) SaidByService() bool { return table[c].marks&said != 0 }

// TryAgain reports whether a second attempt makes sense after the changes that the texts ask for.
func (c Code) TryAgain() bool { return table[c].marks&again != 0 }

// FromService returns the code of a word that the service gave as its reason. It is ServiceRefused for a word that is
// not in the register or that the service may not give.
func FromService(word Code) Code {
	if word.SaidByService() {
		return word
	}
	return ServiceRefused
}

// All returns every code, by number.
func All() []Code {
	return slices.SortedFunc(maps.Keys(table), func(a, b Code) int { return a.Number() - b.Number() })
}
