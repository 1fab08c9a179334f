// SPDX-License-Identifier: EUPL-1.2

package failure_test

import (
	"bufio"
	"go/ast"
	"go/constant"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"rinnova.example/go/failure"
)

// declared lists the constants of type Code, by the type checker.
func declared(t *testing.T) map[failure.Code]string {
	t.Helper()
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "code.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	pkg, err := new(types.Config).Check("failure", fset, []*ast.File{f}, nil)
	if err != nil {
		t.Fatal(err)
	}
	all := map[failure.Code]string{}
	for _, name := range pkg.Scope().Names() {
		c, ok := pkg.Scope().Lookup(name).(*types.Const)
		if !ok {
			continue
		}
		word := failure.Code(constant.StringVal(c.Val()))
		if c.Type() != pkg.Scope().Lookup("Code").Type() {
			t.Errorf("%s is no Code", name)
		}
		if other := all[word]; other != "" {
			t.Errorf("%s and %s are both %q", name, other, word)
		}
		all[word] = name
	}
	return all
}

var codeWord = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// TestTable: every code has a row, every row has a code, and the facts are complete.
func TestTable(t *testing.T) {
	names := declared(t)
	if len(names) < 150 {
		t.Fatalf("%d codes found", len(names))
	}
	for word, name := range names {
		if !word.Known() {
			t.Errorf("%s has no row", name)
		}
		if !codeWord.MatchString(string(word)) {
			t.Errorf("%q is no code word", word)
		}
	}
	for _, c := range failure.All() {
		if names[c] == "" {
			t.Errorf("the row of %q has no constant", c)
		}
		if c.Exit() < failure.ExitFailure || c.Exit() > failure.ExitInterrupted {
			t.Errorf("%s ends with %d", c, c.Exit())
		}
		if c.Exit() == failure.ExitInterrupted && !c.TryAgain() {
			t.Errorf("%s: exit 7 means run again", c)
		}
		if c.Exit() == failure.ExitPINOrPUK && c.SaidByService() {
			t.Errorf("%s: the service knows nothing of PIN and PUK", c)
		}
	}
}

// TestNumbers compares the numbers with the list of all numbers ever given. A line of the list is never changed or
// removed. Within a hundred no number is left out, so that a removed line shows.
func TestNumbers(t *testing.T) {
	f, err := os.Open("testdata/numbers.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	given, words := map[int]failure.Code{}, map[failure.Code]bool{}
	before := 0
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "#") {
			continue
		}
		number, word, _ := strings.Cut(lines.Text(), " ")
		n, err := strconv.Atoi(number)
		if err != nil || n < 101 || n > 999 || word == "" {
			t.Fatalf("line %q", lines.Text())
		}
		if n != before+1 && (n%100 != 1 || n < before) {
			t.Errorf("%d follows %d", n, before)
		}
		if words[failure.Code(word)] {
			t.Errorf("%s has two numbers", word)
		}
		before, given[n], words[failure.Code(word)] = n, failure.Code(word), true
	}
	for _, c := range failure.All() {
		if given[c.Number()] != c {
			t.Errorf("%s has the number %d, which the list gives to %q", c, c.Number(), given[c.Number()])
		}
	}
}

// TestFromService: a code that the service may not use is a refusal without a reason.
func TestFromService(t *testing.T) {
	for word, want := range map[failure.Code]failure.Code{
		"already-renewed": failure.AlreadyRenewed, "transaction-in-use": failure.TransactionInUse,
		"card-removed": failure.ServiceRefused, "pin-blocked": failure.ServiceRefused,
		"interrupted": failure.ServiceRefused,
		"puk-wrong":   failure.ServiceRefused, "usage": failure.ServiceRefused, "": failure.ServiceRefused,
		"unspecified":               failure.ServiceRefused,
		"a-word-of-another-service": failure.ServiceRefused, "CARD-REMOVED": failure.ServiceRefused,
	} {
		if got := failure.FromService(word); got != want {
			t.Errorf("%q became %q", word, got)
		}
	}
}
