// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/citizen/renewal"
)

// sourceOf parses a package's files, tests left out.
func sourceOf(t *testing.T, dir string) []*ast.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("..", "..", dir, "*.go"))
	if err != nil || len(names) == 0 {
		t.Fatal(dir, names, err)
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

func literal(e ast.Expr) (string, bool) {
	l, ok := e.(*ast.BasicLit)
	if !ok || l.Kind != token.STRING {
		return "", false
	}
	s, err := strconv.Unquote(l.Value)
	return s, err == nil
}

// name is the last identifier of a type or function: Failure of renewal.Failure.
func name(e ast.Expr) string {
	switch x := e.(type) {
	case *ast.Ident:
		return x.Name
	case *ast.SelectorExpr:
		return x.Sel.Name
	}
	return ""
}

// constants are the strings of the constants that a filter takes, by name and type.
func constants(files []*ast.File, take func(name, kind string) bool) (list []string) {
	for _, f := range files {
		for _, d := range f.Decls {
			g, ok := d.(*ast.GenDecl)
			if !ok || g.Tok != token.CONST {
				continue
			}
			for _, s := range g.Specs {
				v := s.(*ast.ValueSpec)
				for i, n := range v.Names {
					if i < len(v.Values) && take(n.Name, name(v.Type)) {
						if c, ok := literal(v.Values[i]); ok {
							list = append(list, c)
						}
					}
				}
			}
		}
	}
	return list
}

// literals are the code words that stand in a package's code: the first argument of the functions named, and
// the field Code of the types named, written with its name or as the position says.
func literals(files []*ast.File, functions string, types map[string]int) (list []string) {
	add := func(e ast.Expr) {
		if c, ok := literal(e); ok {
			list = append(list, c)
		}
	}
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			switch x := n.(type) {
			case *ast.CallExpr:
				if len(x.Args) > 0 && name(x.Fun) == functions {
					add(x.Args[0])
				}
			case *ast.CompositeLit:
				at, ok := types[name(x.Type)]
				if !ok {
					break
				}
				for i, e := range x.Elts {
					if kv, keyed := e.(*ast.KeyValueExpr); keyed {
						if name(kv.Key) == "Code" {
							add(kv.Value)
						}
					} else if i == at {
						add(e)
					}
				}
			}
			return true
		})
	}
	return list
}

// produced lists the code words that packages can end a command with, each with who says it.
func produced(t *testing.T) map[string]string {
	all := map[string]string{}
	add := func(from string, least int, codes []string) {
		if len(codes) < least {
			t.Fatalf("only %d code words found in %s: %q", len(codes), from, codes)
		}
		for _, c := range codes {
			all[c] = from
		}
	}
	r := sourceOf(t, "citizen/renewal")
	add("renewal", 15, literals(r, "fail", map[string]int{"Failure": 0}))
	add("renewal, table of exit codes", 40, keys(t, r, "exits"))
	add("renewal, verdicts", 3, constants(r, func(n, kind string) bool {
		return kind == "verdict" && (n == "notKnown" || n == "hasRenewed" || n == "refusedByService")
	}))
	delete(all, "refused") // it stands for the service's reason
	add("ra", 8, constants(sourceOf(t, "service/ra"), func(n, _ string) bool { return strings.HasPrefix(n, "code") }))
	add("ra", 1, literals(sourceOf(t, "service/ra"), "", map[string]int{"Refusal": 1}))
	add("cmp", 20, literals(sourceOf(t, "cmp"), "", map[string]int{"Refusal": 1}))
	add("campaign", 9, constants(sourceOf(t, "service/campaign"), func(n, kind string) bool { return ast.IsExported(n) && kind == "" }))
	add("ca", 15, constants(sourceOf(t, "service/ca"), func(_, kind string) bool { return kind == "Reason" }))
	own := sourceOf(t, "cmd/rinnova")
	add("rinnova", 10, literals(own, "usage", map[string]int{"Failure": 0}))
	add("rinnova, version", 7, literals(own, "notChecked", nil))
	add("rinnova, readers", 4, assigned(own, "cardFailure"))
	for _, m := range cardmodel.Models() {
		if c := m.NotRenewable.Value; c != "" {
			add("cardmodel", 1, []string{c})
		}
	}
	return all
}

// keys are the keys of a map literal.
func keys(t *testing.T, files []*ast.File, variable string) (list []string) {
	for _, f := range files {
		ast.Inspect(f, func(n ast.Node) bool {
			v, ok := n.(*ast.ValueSpec)
			if !ok || v.Names[0].Name != variable {
				return true
			}
			for _, e := range v.Values[0].(*ast.CompositeLit).Elts {
				c, ok := literal(e.(*ast.KeyValueExpr).Key)
				if !ok {
					t.Fatalf("a key of %s is not written out", variable)
				}
				list = append(list, c)
			}
			return false
		})
	}
	return list
}

// assigned are the strings that a function gives to its variable code.
func assigned(files []*ast.File, function string) (list []string) {
	for _, f := range files {
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Name.Name == function {
				ast.Inspect(fn, func(n ast.Node) bool {
					if a, ok := n.(*ast.AssignStmt); ok && name(a.Lhs[0]) == "code" && a.Tok == token.ASSIGN {
						if c, ok := literal(a.Rhs[0]); ok {
							list = append(list, c)
						}
					}
					return true
				})
			}
		}
	}
	return list
}

// mapped are code words that are given another one before anybody sees them: see renewal.Classify.
var mapped = map[string]bool{"internal-error": true}

var codeWord = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

// TestEveryCodeHasItsText: whatever code word this program can end with has its Italian texts, and no text
// is there for a word that nobody says.
func TestEveryCodeHasItsText(t *testing.T) {
	all := produced(t)
	for code, from := range all {
		e, ok := explanations[code]
		switch {
		case mapped[code]:
		case !codeWord.MatchString(code):
			t.Errorf("%q of %s is no code word", code, from)
		case !ok:
			t.Errorf("%s of %s has no text", code, from)
		case e.What == "" || e.Card == "" || e.Do == "":
			t.Errorf("%s: what happened, whether the card is safe, or what to do is missing", code)
		}
	}
	for code := range explanations {
		if all[code] == "" {
			t.Errorf("nobody says %s", code)
		}
	}
	for _, code := range literals(sourceOf(t, "citizen/renewal"), "", map[string]int{"Event": 2}) {
		if noted[code] == "" {
			t.Errorf("the remark %s has no text", code)
		}
	}
	for _, step := range renewal.Steps {
		if stage[step] == "" {
			t.Errorf("the step %s has no text", step)
		}
	}
}

// beforeThePage are failures of a command line: they end the program before a page is shown.
var beforeThePage = []string{"usage", "card-ambiguous", "card-file-malformed", "card-file-missing", "card-malformed-name", "clock-malformed", "clock-only-emulated", "demo-failed",
	"already-open", "not-in-this-version", "record-unwritable", "replay-malformed", "secret-malformed"}

// ofThePage are failures that only the window has.
var ofThePage = []string{"report-no-desk", "report-unsaved"}

var pageEntry = regexp.MustCompile(`(?m)^  '([a-z0-9-]+)': \{ what: '[^']+', card: [^,]+, act: [^,]`)

// TestEveryCodeHasItsTextInTheWindow: the window explains every failure in each of its languages.
func TestEveryCodeHasItsTextInTheWindow(t *testing.T) {
	catalogues, err := filepath.Glob("../../citizen/desktop/frontend/src/i18n/??.ts")
	if err != nil || len(catalogues) < 2 {
		t.Fatal(catalogues, err)
	}
	want := slices.Clone(ofThePage)
	for code := range explanations {
		if !slices.Contains(beforeThePage, code) {
			want = append(want, code)
		}
	}
	for _, code := range beforeThePage {
		if _, ok := explanations[code]; !ok {
			t.Errorf("nobody says %s", code)
		}
	}
	slices.Sort(want)
	for _, path := range catalogues {
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		var has []string
		for _, m := range pageEntry.FindAllStringSubmatch(string(b), -1) {
			has = append(has, m[1])
		}
		slices.Sort(has)
		for _, code := range want {
			if !slices.Contains(has, code) {
				t.Errorf("%s: no text for %s", path, code)
			}
		}
		for _, code := range has {
			if !slices.Contains(want, code) {
				t.Errorf("%s: nobody says %s", path, code)
			}
		}
	}
}

// A failure after the card's files were reached does not claim that nothing was changed.
func TestExplainTellsTheCardsState(t *testing.T) {
	for _, c := range []struct {
		code, step string
		exit       int
		want       string
	}{
		{"card-busy", "", renewal.ExitCard, intact},
		{"card-busy", "unlock", renewal.ExitCard, intact},
		{"card-busy", "generate", renewal.ExitCard, resumes},
		{"card-mute", "install", renewal.ExitCard, resumes},
		{"puk-wrong", "prepare", renewal.ExitCode, intact},
		{"said-by-nobody", "request", renewal.ExitRefused, resumes},
	} {
		if e := explain(&renewal.Failure{Code: c.code, Step: c.step, Exit: c.exit, Tries: -1}); e.Card != c.want || e.What == "" || e.Do == "" {
			t.Errorf("%s in %q: %+v", c.code, c.step, e)
		}
	}
}
