// SPDX-License-Identifier: EUPL-1.2

package rinnova

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"strings"
	"testing"
	"unicode/utf8"
)

// columns is the widest line of code, a tab counting four.
const columns = 120

// rawLines returns the lines of a Go file with a part of a raw string, which cannot be broken.
func (f text) rawLines() map[int]bool {
	lines := map[int]bool{}
	var s scanner.Scanner
	set := token.NewFileSet()
	file := set.AddFile(f.path, set.Base(), len(f.content))
	s.Init(file, []byte(f.content), nil, 0)
	for {
		pos, kind, literal := s.Scan()
		if kind == token.EOF {
			return lines
		}
		if kind == token.STRING && literal[0] == '`' {
			for n := range strings.Count(literal, "\n") + 1 {
				lines[set.Position(pos).Line+n] = true
			}
		}
	}
}

// longLines returns the lines that are longer than the limit, except those of Go with a raw string.
func (f text) longLines() (lines []int) {
	var raw map[int]bool
	if strings.HasSuffix(f.path, ".go") {
		raw = f.rawLines()
	}
	for i, l := range strings.Split(f.content, "\n") {
		if utf8.RuneCountInString(strings.ReplaceAll(l, "\t", "    ")) > columns && !raw[i+1] {
			lines = append(lines, i+1)
		}
	}
	return lines
}

// TestLines holds code to the last column. In a catalogue a text is one line.
func TestLines(t *testing.T) {
	for _, f := range texts(t, 350, ".go", ".ts", ".tsx", ".js", ".mjs", ".py", ".sh", ".c") {
		if strings.HasPrefix(f.path, "catalogue/") || strings.Contains(f.path, "/i18n/") ||
			strings.Contains(f.path, "/generated/") {
			continue
		}
		for _, l := range f.longLines() {
			t.Errorf("%s:%d: over %d columns", f.path, l, columns)
		}
	}
}

// TestLinesPlanted plants lines of about the limit, with and without a raw string.
func TestLinesPlanted(t *testing.T) {
	exact := strings.Repeat("x", columns-len("var  = 1"))
	for _, row := range []struct {
		content string
		want    int
	}{
		{"package a\n\nvar " + exact + " = 1\n", 0},
		{"package a\n\nvar " + exact + "x = 1\n", 1},
		{"package a\n\nfunc f() {\n\t" + exact + "= 1\n}\n", 0},
		{"package a\n\nfunc f() {\n\t" + exact + " = 12\n}\n", 1},
		{"package a\n\n// " + exact + exact + "\n", 1},
		{"package a\n\nvar s = `" + exact + exact + "`\n", 0},
		{"package a\n\nvar s = `\n" + exact + exact + "`\n\n// " + exact + exact + "\n", 1},
	} {
		if got := (text{"a.go", row.content}).longLines(); len(got) != row.want {
			t.Errorf("%q: lines %v, want %d", row.content, got, row.want)
		}
	}
}

// longTests returns the tests of a Go file with more than most lines.
func (f text) longTests(most int) (list []string) {
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, f.path, f.content, 0)
	if err != nil {
		return []string{err.Error()}
	}
	for _, d := range parsed.Decls {
		fn, ok := d.(*ast.FuncDecl)
		if !ok || !strings.HasPrefix(fn.Name.Name, "Test") && !strings.HasPrefix(fn.Name.Name, "Fuzz") {
			continue
		}
		if n := set.Position(fn.End()).Line - set.Position(fn.Pos()).Line + 1; n > most {
			list = append(list, fmt.Sprintf("%s: %s has %d lines, at most %d", f.path, fn.Name.Name, n, most))
		}
	}
	return list
}

// TestTestsAreScenes: a test function is short, and its table and its steps are outside of it.
func TestTestsAreScenes(t *testing.T) {
	for _, f := range texts(t, 350, ".go") {
		if strings.HasSuffix(f.path, "_test.go") {
			for _, l := range f.longTests(120) {
				t.Error(l)
			}
		}
	}
	long := text{"a_test.go", "package a\n\nfunc TestA() {" + strings.Repeat("\n", 120) + "}\n"}
	if got := long.longTests(120); len(got) != 1 {
		t.Errorf("a planted test of 121 lines: %v", got)
	}
	if got := long.longTests(121); len(got) != 0 {
		t.Errorf("a planted test of 121 lines that may have them: %v", got)
	}
}
