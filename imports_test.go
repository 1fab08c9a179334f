// SPDX-License-Identifier: EUPL-1.2

// Package rinnova holds the tests of the tree as a whole.
package rinnova

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"rinnova/cardmodel"
)

const module = "rinnova/"

// source is one package: its non-test files and what they import.
type source struct {
	files   map[string]*ast.File
	imports []string // as written
	doc     bool
}

func sources(t *testing.T) map[string]*source {
	t.Helper()
	all := map[string]*source{}
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == "node_modules" || strings.HasPrefix(d.Name(), ".") && path != ".") {
			return filepath.SkipDir
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ParseComments)
		if err != nil {
			return err
		}
		dir := filepath.ToSlash(filepath.Dir(path))
		s := all[dir]
		if s == nil {
			s = &source{files: map[string]*ast.File{}}
			all[dir] = s
		}
		s.files[path] = f
		s.doc = s.doc || f.Doc != nil
		for _, i := range f.Imports {
			p, _ := strconv.Unquote(i.Path.Value)
			s.imports = append(s.imports, p)
		}
		return nil
	})
	if err != nil || len(all) < 10 {
		t.Fatal(len(all), err)
	}
	return all
}

// reach lists the packages of ours that one reaches, itself not included.
func reach(all map[string]*source, from string, seen map[string]bool) {
	s, ok := all[from]
	if !ok {
		return
	}
	for _, i := range s.imports {
		if p, ours := strings.CutPrefix(i, module); ours && !seen[p] {
			seen[p] = true
			reach(all, p, seen)
		}
	}
}

// rule is one row of the table in docs/ARCHITECTURE.md.
type rule struct{ may, never []string }

var cell = regexp.MustCompile("`([^`]+)`")

func table(t *testing.T) map[string]rule {
	t.Helper()
	b, err := os.ReadFile("docs/ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	names := func(s string) []string {
		var list []string
		for _, m := range cell.FindAllStringSubmatch(s, -1) {
			list = append(list, m[1])
		}
		return list
	}
	rules := map[string]rule{}
	for line := range strings.Lines(string(b)) {
		c := strings.Split(line, "|")
		if len(c) != 6 || len(names(c[1])) != 1 {
			continue
		}
		rules[names(c[1])[0]] = rule{names(c[3]), names(c[4])}
	}
	if len(rules) < 15 {
		t.Fatalf("the table in docs/ARCHITECTURE.md has %d rows", len(rules))
	}
	return rules
}

// TestImports holds the tree to the table: who may import whom, and what must never be reached,
// transitively for our packages, directly for others.
func TestImports(t *testing.T) {
	all, rules := sources(t), table(t)
	for name, s := range all {
		if strings.HasPrefix(name, "cmd/") {
			continue
		}
		r, ok := rules[name]
		if !ok {
			t.Errorf("%s has no row in docs/ARCHITECTURE.md", name)
			continue
		}
		for _, i := range s.imports {
			if p, ours := strings.CutPrefix(i, module); ours && !slices.Contains(r.may, p) {
				t.Errorf("%s imports %s", name, p)
			}
			if slices.Contains(r.never, i) {
				t.Errorf("%s imports %s", name, i)
			}
		}
		seen := map[string]bool{}
		reach(all, name, seen)
		for _, n := range r.never {
			if name == "desktop" {
				break // direct imports only
			}
			if seen[n] {
				t.Errorf("%s reaches %s", name, n)
			}
		}
	}
	for name := range rules {
		if _, ok := all[name]; !ok {
			t.Errorf("docs/ARCHITECTURE.md has a row for %s, which does not exist", name)
		}
	}
}

// TestDocumented: every package says what it owns.
func TestDocumented(t *testing.T) {
	for name, s := range sources(t) {
		if !s.doc {
			t.Errorf("%s has no package comment", name)
		}
	}
}

// TestSeriesStayData: no code outside cardmodel, and outside the campaigns' data, names a series.
func TestSeriesStayData(t *testing.T) {
	sigle := map[string]bool{}
	for _, m := range cardmodel.Models() {
		for _, s := range m.Sigle() {
			sigle[s] = true
		}
	}
	for name, s := range sources(t) {
		if name == "cardmodel" {
			continue
		}
		for path, f := range s.files {
			if path == filepath.Join("campaign", "shipped.go") {
				continue
			}
			ast.Inspect(f, func(n ast.Node) bool {
				l, ok := n.(*ast.BasicLit)
				if !ok || l.Kind != token.STRING {
					return true
				}
				if v, err := strconv.Unquote(l.Value); err == nil && sigle[v] {
					t.Errorf("%s names %s", path, v)
				}
				return true
			})
		}
	}
}

// TestLicence: every source file starts with its licence.
func TestLicence(t *testing.T) {
	n := 0
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == "node_modules" || d.Name() == ".git" || path == "bin" || d.Name() == "dist") {
			return filepath.SkipDir
		}
		want := ""
		switch filepath.Ext(path) {
		case ".go", ".sql", ".ts", ".css", ".scss", ".html":
			want = "EUPL-1.2"
		case ".md":
			want = "CC-BY-4.0"
		}
		if want == "" || d.IsDir() {
			return nil
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		n++
		// HTML begins with its doctype, so the licence may stand in the second line.
		head, _, _ := strings.Cut(string(b), "\n")
		if filepath.Ext(path) == ".html" {
			head = string(b[:min(len(b), 300)])
		}
		if !strings.Contains(head, "SPDX-License-Identifier: "+want) {
			t.Errorf("%s: first line %.80q", path, head)
		}
		return nil
	})
	if err != nil || n == 0 {
		t.Fatal(n, err)
	}
}
