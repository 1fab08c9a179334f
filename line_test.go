// SPDX-License-Identifier: EUPL-1.2

package rinnova

import (
	"go/scanner"
	"go/token"
	"strings"
	"testing"
	"unicode/utf8"
)

// columns is the widest line of code, a tab counting four.
const columns = 120

// rawLines returns the lines of a Go file that hold a part of a raw string, which cannot be broken.
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

// longLines returns the lines that end behind the last column, except those of Go with a raw string.
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

// TestLinesPlanted plants lines around the last column, with and without a raw string.
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
