// SPDX-License-Identifier: EUPL-1.2

package rinnova

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
)

// text is a file of the repository that a person wrote.
type text struct {
	path    string // from the root, with slashes
	content string
}

// unwritten are folders without a line that a person of this project wrote, by name.
var unwritten = map[string]bool{
	".git": true, "node_modules": true, "bin": true, "dist": true, "artifacts": true, "testdata": true,
	"LICENSES": true, "screenshots": true,
}

// texts returns the files with one of the extensions, or of the names, that were written by hand. It fails when there
// are fewer than the caller knows of.
func texts(t *testing.T, least int, extensions ...string) []text {
	t.Helper()
	var found []text
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if unwritten[d.Name()] {
				return filepath.SkipDir
			}
			return nil
		}
		for _, e := range extensions {
			if filepath.Ext(name) != e && d.Name() != e {
				continue
			}
			b, err := os.ReadFile(name)
			if err != nil {
				return err
			}
			if f := (text{filepath.ToSlash(name), string(b)}); !f.generated() {
				found = append(found, f)
			}
			break
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) < least {
		t.Fatalf("%d files of %v: the walk misses the tree", len(found), extensions)
	}
	return found
}

// generated reports whether the first lines have the mark of go.dev/s/generatedcode.
func (f text) generated() bool {
	head := f.content[:min(len(f.content), 400)]
	return strings.Contains(head, "Code generated ") && strings.Contains(head, " DO NOT EDIT.")
}

// comment is a comment, or a line of one.
type comment struct {
	line int
	text string
}

// comments returns what a file's comments say, by its language.
func (f text) comments() []comment {
	switch path.Ext(f.path) {
	case ".go":
		return f.goComments()
	case ".ts", ".tsx", ".js", ".mjs":
		return f.slashComments(true)
	case ".c", ".h", ".css", ".scss":
		return f.slashComments(false)
	case ".sql":
		return f.lineComments("--")
	default:
		return f.lineComments("#")
	}
}

func (f text) goComments() (list []comment) {
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, f.path, f.content, parser.ParseComments|parser.SkipObjectResolution)
	if err != nil {
		return []comment{{1, err.Error()}}
	}
	for _, group := range parsed.Comments {
		for _, c := range group.List {
			for i, line := range strings.Split(c.Text, "\n") {
				list = append(list, comment{set.Position(c.Pos()).Line + i, line})
			}
		}
	}
	return list
}

// lineComments returns what follows the mark at the start of a line or behind a blank.
func (f text) lineComments(mark string) (list []comment) {
	number := 0
	for line := range strings.Lines(f.content) {
		number++
		if trimmed := strings.TrimSpace(line); strings.HasPrefix(trimmed, mark) {
			list = append(list, comment{number, trimmed})
		} else if _, c, ok := strings.Cut(line, " "+mark+" "); ok {
			list = append(list, comment{number, c})
		}
	}
	return list
}

// slashComments returns the comments of a language that has those of C. script adds the strings and the regular
// expressions of TypeScript, in which no comment starts.
func (f text) slashComments(script bool) (list []comment) {
	s, line, last := f.content, 1, byte('\n')
	for i := 0; i < len(s); {
		c := s[i]
		switch {
		case strings.HasPrefix(s[i:], "//") && script, strings.HasPrefix(s[i:], "//") && path.Ext(f.path) != ".css":
			n := strings.IndexByte(s[i:]+"\n", '\n')
			list = append(list, comment{line, s[i : i+n]})
			i += n
			continue
		case strings.HasPrefix(s[i:], "/*"):
			n := len(s) - i
			if end := strings.Index(s[i+2:], "*/"); end >= 0 {
				n = end + 4
			}
			for part := range strings.Lines(s[i : i+n]) {
				list = append(list, comment{line, strings.TrimRight(part, "\n")})
				line += strings.Count(part, "\n")
			}
			i += n
			continue
		case c == '"' || c == '\'' || script && c == '`' ||
			script && c == '/' && strings.IndexByte("(,=:[!&|?{};\n", last) >= 0:
			n := quoted(s[i:], c)
			line += strings.Count(s[i:i+n], "\n")
			i += n
			last = c
			continue
		case c == '\n':
			line++
		}
		if c != ' ' && c != '\t' && (c != '\n' || last == '\n') {
			last = c
		}
		i++
	}
	return list
}

// quoted returns the length of a string, a template or a regular expression at the start of s.
func quoted(s string, end byte) int {
	class := false
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\':
			i++
		case end == '/' && s[i] == '[':
			class = true
		case end == '/' && s[i] == ']':
			class = false
		case s[i] == end && !class:
			return i + 1
		case s[i] == '\n' && end != '`':
			return i // an apostrophe in a text between tags
		}
	}
	return len(s)
}

// Comments that the tests of the tree must see, and strings that they must not take for comments.
func TestComments(t *testing.T) {
	for _, row := range []struct {
		path, content string
		want          []comment
	}{
		{"a.go", "package a\n\n// one\n/* two\nthree */\nvar s = \"// none\"",
			[]comment{{3, "// one"}, {4, "/* two"}, {5, "three */"}}},
		{"a.ts",
			"const s = '// none' // one\nconst r = /[/]'\\/\\// // two\n/* three\n four */ const b = `//\n`; // five",
			[]comment{{1, "// one"}, {2, "// two"}, {3, "/* three"}, {4, " four */"}, {5, "// five"}}},
		{"a.c", "char c = '\"'; /* one */\nchar *s = \"/* none */\"; // two",
			[]comment{{1, "/* one */"}, {2, "// two"}}},
		{"a.sh", "#!/bin/sh\n# one\necho \"$#\" a#b # two\n", []comment{{1, "#!/bin/sh"}, {2, "# one"}, {3, "two\n"}}},
		{"a.sql", "-- one\nSELECT 1; -- two", []comment{{1, "-- one"}, {2, "two"}}},
	} {
		got := text{row.path, row.content}.comments()
		if len(got) != len(row.want) {
			t.Errorf("%s: %v, want %v", row.path, got, row.want)
			continue
		}
		for i := range got {
			if got[i] != row.want[i] {
				t.Errorf("%s: %v, want %v", row.path, got[i], row.want[i])
			}
		}
	}
}
