// SPDX-License-Identifier: EUPL-1.2

package rinnova

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"
)

// refused are the words of CONTRIBUTING.md that comments, names and documents do without.
var refused = regexp.MustCompile(`(?i)\b(anew|whoever|somebody|nobody|void|wish(es|ed)?|(lays?|laid|laying) down|comes? to (an|no) end)\b`)

// clause begins a sentence of a comment with a clause in place of a subject.
var clause = regexp.MustCompile(`(^|[.:;] |^\W+)(What|Who) [a-z]`)

// words are the words of a name in camel case.
func words(name string) string {
	var b strings.Builder
	for i, r := range name {
		if unicode.IsUpper(r) && i > 0 {
			b.WriteByte(' ')
		}
		if r == '_' {
			r = ' '
		}
		b.WriteRune(r)
	}
	return b.String()
}

// identifiers returns the names that a Go file declares.
func (f text) identifiers() (list []comment) {
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, f.path, f.content, 0)
	if err != nil {
		return []comment{{1, err.Error()}}
	}
	add := func(names ...*ast.Ident) {
		for _, n := range names {
			list = append(list, comment{set.Position(n.Pos()).Line, words(n.Name)})
		}
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		switch d := n.(type) {
		case *ast.FuncDecl:
			add(d.Name)
		case *ast.TypeSpec:
			add(d.Name)
		case *ast.ValueSpec:
			add(d.Names...)
		case *ast.Field:
			add(d.Names...)
		case *ast.AssignStmt:
			if d.Tok == token.DEFINE {
				for _, e := range d.Lhs {
					if i, ok := e.(*ast.Ident); ok {
						add(i)
					}
				}
			}
		}
		return true
	})
	return list
}

// refusedWords lists the places of a file where a refused word stands.
func (f text) refusedWords() (list []comment) {
	var all []comment
	switch {
	case strings.HasSuffix(f.path, ".md"):
		number := 0
		for line := range strings.Lines(f.content) {
			number++
			all = append(all, comment{number, line})
		}
	default:
		all = f.comments()
		if strings.HasSuffix(f.path, ".go") {
			all = append(all, f.identifiers()...)
		}
	}
	for _, c := range all {
		if w := refused.FindString(c.text); w != "" {
			list = append(list, comment{c.line, w})
		}
		if w := clause.FindString(c.text); w != "" && !strings.HasSuffix(f.path, ".md") {
			list = append(list, comment{c.line, w})
		}
	}
	return list
}

// listing are files that name the refused words.
var listing = []string{"CONTRIBUTING.md", "words_test.go"}

// TestWords holds comments, Go identifiers and documents to plain words.
func TestWords(t *testing.T) {
	for _, f := range texts(t, 400, ".go", ".ts", ".tsx", ".js", ".c", ".h", ".sh", ".py", ".sql", ".md", "Makefile") {
		if slices.Contains(listing, f.path) {
			continue
		}
		for _, c := range f.refusedWords() {
			t.Errorf("%s:%d: %q", f.path, c.line, c.text)
		}
	}
}

// TestWordsPlanted plants a refused word in each place that TestWords looks at, and beside it.
func TestWordsPlanted(t *testing.T) {
	for _, row := range []struct {
		path, content string
		want          int
	}{
		{"a.go", "package a\n\n// whoever calls it\nfunc f() {}\n", 1},
		{"a.go", "package a\n\nfunc f() { somebodyElse := 1; _ = somebodyElse }\n", 1},
		{"a.go", "package a\n\ntype wish struct{ anew bool }\n", 2},
		{"a.go", "package a\n\nvar s = \"nobody\"\n\nvar b = http.NoBody\n", 0},
		{"a.ts", "// laid down here\nconst f = () => void act()\n", 1},
		{"a.c", "void f(void); /* comes to an end */\n", 1},
		{"a.go", "package a\n\n// f runs. What comes after it waits.\nfunc f() {}\n", 1},
		{"a.go", "package a\n\n// f says what comes after it.\nfunc f() {}\n", 0},
		{"a.ts", "/** What is shown. */\nconst f = 1\n", 1},
		{"a.md", "What it is.\n", 0},
		{"a.sh", "# nobody reads it\necho anew\n", 1},
		{"a.md", "It begins anew.\n", 1},
	} {
		if got := (text{row.path, row.content}).refusedWords(); len(got) != row.want {
			t.Errorf("%s %q: %v, want %d", row.path, row.content, got, row.want)
		}
	}
}
