// SPDX-License-Identifier: EUPL-1.2

// Package rinnova holds the tests of the tree as a whole.
package rinnova

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"rinnova.example/go/card/cardmodel"
)

// source is one package: its non-test files and what they import, by import path.
type source struct {
	files   map[string]*ast.File
	imports []string
	doc     bool
}

// tree is every package of the module, by its folder.
type tree struct {
	module   string
	packages map[string]*source
}

// ours returns the folder of an import path of this module.
func (t tree) ours(importPath string) (string, bool) {
	return strings.CutPrefix(importPath, t.module+"/")
}

var moduleLine = regexp.MustCompile(`(?m)^module (\S+)$`)

// sources parses the module. It fails if no package imports another one, because then the module's path differs from
// that of go.mod and every rule here holds without a check.
func sources(t *testing.T) tree {
	t.Helper()
	b, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	m := moduleLine.FindSubmatch(b)
	if m == nil {
		t.Fatal("go.mod names no module")
	}
	all := tree{string(m[1]), map[string]*source{}}
	err = filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "testdata" || d.Name() == "node_modules" || d.Name() == "tools" ||
			strings.HasPrefix(d.Name(), ".") && path != ".") {
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
		s := all.packages[dir]
		if s == nil {
			s = &source{files: map[string]*ast.File{}}
			all.packages[dir] = s
		}
		s.files[path] = f
		s.doc = s.doc || f.Doc != nil
		for _, i := range f.Imports {
			p, _ := strconv.Unquote(i.Path.Value)
			s.imports = append(s.imports, p)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	inside := 0
	for _, s := range all.packages {
		for _, i := range s.imports {
			if p, ok := all.ours(i); ok {
				if all.packages[p] == nil {
					t.Fatalf("%s is imported and not in the tree", i)
				}
				inside++
			}
		}
	}
	if len(all.packages) < 20 || inside < 50 {
		t.Fatalf("%d packages with %d imports of each other: the walk misses the tree", len(all.packages), inside)
	}
	return all
}

// with returns the tree with one import added: a planted violation.
func (t tree) with(from, imported string) tree {
	planted := tree{t.module, maps.Clone(t.packages)}
	s := &source{files: map[string]*ast.File{}, doc: true}
	if old := t.packages[from]; old != nil {
		s.files, s.imports = old.files, slices.Clone(old.imports)
	}
	s.imports = append(s.imports, imported)
	planted.packages[from] = s
	return planted
}

// reach adds the folders of our packages that one reaches, itself not included.
func (t tree) reach(from string, reached map[string]bool) {
	s, ok := t.packages[from]
	if !ok {
		return
	}
	for _, i := range s.imports {
		if p, ours := t.ours(i); ours && !reached[p] {
			reached[p] = true
			t.reach(p, reached)
		}
	}
}

// house is the first folder of a path, or "" for a package at the root.
func house(folder string) string {
	first, _, _ := strings.Cut(folder, "/")
	if folder == "trial/demo" {
		return folder // a whole system with a citizen before it
	}
	switch first {
	case "card", "citizen", "service", "trial", "proof", "cmd", "packaging":
		return first
	}
	return ""
}

// houses lists the houses that each house may import. Every house may import the root packages and itself.
var houses = map[string][]string{
	"":           {},
	"card":       {},
	"citizen":    {"card"},
	"service":    {},
	"trial":      {"card", "service"},
	"trial/demo": {"card", "citizen", "service", "trial"},
	"proof":      {"card", "citizen", "service", "trial", "cmd"},
	"cmd":        {"card", "citizen", "service", "trial", "trial/demo", "proof"},
	"packaging":  {},
}

// breaches lists what breaks one of the five rules of docs/ARCHITECTURE.md.
func (t tree) breaches() (list []string) {
	for folder, s := range t.packages {
		from := house(folder)
		for _, i := range s.imports {
			p, ours := t.ours(i)
			if !ours {
				continue
			}
			if to := house(p); to != from && to != "" && !slices.Contains(houses[from], to) {
				list = append(list, fmt.Sprintf("%s imports %s", folder, p))
			}
			if folder == "card/emulator" && p == "card/cns" {
				list = append(list, "card/emulator imports card/cns")
			}
		}
	}
	return list
}

// TestHouses checks the tree against the five rules, and each rule against a planted violation.
func TestHouses(t *testing.T) {
	all := sources(t)
	for _, b := range all.breaches() {
		t.Error(b)
	}
	for _, p := range []struct{ from, to string }{
		{"cmp", "card/iso7816"}, {"holder", "service/ra"},
		{"card/cns", "service/store"}, {"card/pcsc", "citizen/renewal"},
		{"service/ra", "card/iso7816"}, {"service/portal", "citizen/update"},
		{"citizen/desktop", "service/ra"}, {"citizen/renewal", "trial"},
		{"card/emulator", "card/cns"},
		{"packaging", "citizen/update"}, {"trial", "citizen/renewal"}, {"service/ra", "trial"},
	} {
		if b := all.with(p.from, all.module+"/"+p.to).breaches(); len(b) == 0 {
			t.Errorf("%s may import %s and no rule says so", p.from, p.to)
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
		if len(c) != 7 || len(names(c[1])) != 1 {
			continue
		}
		rules[names(c[1])[0]] = rule{names(c[3]), names(c[4])}
	}
	if len(rules) < 15 {
		t.Fatalf("the table in docs/ARCHITECTURE.md has %d rows", len(rules))
	}
	return rules
}

// strays lists the imports that the table does not allow. Bans count transitively for packages of ours, and directly
// for others.
func (t tree) strays(rules map[string]rule) (list []string) {
	for folder, s := range t.packages {
		if h := house(folder); h == "cmd" {
			continue
		}
		r, ok := rules[folder]
		if !ok {
			list = append(list, folder+" has no row in docs/ARCHITECTURE.md")
			continue
		}
		for _, i := range s.imports {
			p, ours := t.ours(i)
			if ours && !slices.Contains(r.may, p) {
				list = append(list, folder+" imports "+p)
			}
			if slices.Contains(r.never, i) {
				list = append(list, folder+" imports "+i)
			}
			if ours && slices.Contains(r.never, p+" directly") {
				list = append(list, folder+" imports "+p)
			}
		}
		reached := map[string]bool{}
		t.reach(folder, reached)
		for _, n := range r.never {
			if reached[n] {
				list = append(list, folder+" reaches "+n)
			}
		}
	}
	return list
}

// TestImports holds the tree to the table, and the table to planted violations.
func TestImports(t *testing.T) {
	all, rules := sources(t), table(t)
	for _, s := range all.strays(rules) {
		t.Error(s)
	}
	for folder := range rules {
		if _, ok := all.packages[folder]; !ok {
			t.Errorf("docs/ARCHITECTURE.md has a row for %s, which does not exist", folder)
		}
	}
	for folder, r := range rules {
		for _, never := range r.never {
			path, direct := strings.CutSuffix(never, " directly")
			if all.packages[path] != nil {
				path = all.module + "/" + path
			} else if direct || strings.HasPrefix(path, "card/") || strings.HasPrefix(path, "citizen/") {
				t.Errorf("%s must never reach %s, which does not exist", folder, path)
			}
			if len(all.with(folder, path).strays(rules)) == 0 {
				t.Errorf("%s may import %s and the table does not say so", folder, path)
			}
		}
	}
	if len(all.with("card/nowhere", "fmt").strays(rules)) == 0 {
		t.Error("a package without a row is not found")
	}
}

// TestDocumented: every package says what it owns.
func TestDocumented(t *testing.T) {
	for folder, s := range sources(t).packages {
		if !s.doc {
			t.Errorf("%s has no package comment", folder)
		}
	}
}

// namesSeries lists the string literals of a file that are a series' name.
func namesSeries(f *ast.File, sigle map[string]bool) (list []string) {
	ast.Inspect(f, func(n ast.Node) bool {
		l, ok := n.(*ast.BasicLit)
		if !ok || l.Kind != token.STRING {
			return true
		}
		if v, err := strconv.Unquote(l.Value); err == nil && sigle[v] {
			list = append(list, v)
		}
		return true
	})
	return list
}

// TestSeriesStayData: no code outside cardmodel and the campaigns' data names a series. Both of these must name one,
// otherwise the search is wrong.
func TestSeriesStayData(t *testing.T) {
	sigle := map[string]bool{}
	for _, m := range cardmodel.Models() {
		for _, s := range m.Sigle() {
			sigle[s] = true
		}
	}
	atHome := map[string]int{}
	for folder, s := range sources(t).packages {
		for path, f := range s.files {
			found := namesSeries(f, sigle)
			switch filepath.ToSlash(path) {
			case "card/cardmodel/table.go", "service/campaign/shipped.go":
				atHome[path] = len(found)
				continue
			}
			if folder == "card/cardmodel" {
				continue
			}
			for _, v := range found {
				t.Errorf("%s names %s", path, v)
			}
		}
	}
	for _, path := range []string{"card/cardmodel/table.go", "service/campaign/shipped.go"} {
		if atHome[path] == 0 {
			t.Errorf("%s names no series: the search finds nothing", path)
		}
	}
}
