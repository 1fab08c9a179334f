// SPDX-License-Identifier: EUPL-1.2

package rinnova

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// standard are programs that a test may run without saying so: Go's, and those that Debian calls essential.
var standard = map[string]bool{
	"go": true, "sh": true, "bash": true, "cp": true, "rm": true, "env": true, "tar": true, "sha256sum": true,
	"dpkg": true, "dpkg-query": true, "dpkg-deb": true, "apt-get": true, "unshare": true, "mount": true,
}

// ours are the programs of this repository, which tests build.
var ours = map[string]bool{"rinnova": true, "rinnovad": true, "vcns": true, "release": true}

// call is one call of a method or of another package's function in a test file.
type call struct {
	where     string
	on        string // the variable or package before the dot
	name      string
	arguments []string // string literals, or the first literal of a sum; "" for others
}

func (f text) calls() (list []call) {
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, f.path, f.content, 0)
	if err != nil {
		return []call{{where: err.Error(), name: "Skip"}}
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		c, ok := n.(*ast.CallExpr)
		if !ok {
			return true
		}
		s, ok := c.Fun.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		one := call{where: fmt.Sprintf("%s:%d", f.path, set.Position(c.Pos()).Line), name: s.Sel.Name}
		if x, ok := s.X.(*ast.Ident); ok {
			one.on = x.Name
		}
		for _, a := range c.Args {
			if sum, ok := a.(*ast.BinaryExpr); ok {
				a = sum.X
			}
			l, ok := a.(*ast.BasicLit)
			if !ok || l.Kind != token.STRING {
				one.arguments = append(one.arguments, "")
				continue
			}
			v, _ := strconv.Unquote(l.Value)
			one.arguments = append(one.arguments, v)
		}
		list = append(list, one)
		return true
	})
	return list
}

// unsaid lists what test files skip by themselves, and the programs that they run while no test file of the folder says
// which Debian package has them.
func unsaid(files []text) (list []string) {
	needed := map[string]map[string]bool{} // by folder
	for _, f := range files {
		dir := path.Dir(f.path)
		if needed[dir] == nil {
			needed[dir] = map[string]bool{}
		}
		for _, c := range f.calls() {
			if c.name == "Need" {
				for _, a := range c.arguments {
					needed[dir][path.Base(a)] = true
				}
			}
		}
	}
	for _, f := range files {
		dir := path.Dir(f.path)
		for _, c := range f.calls() {
			switch c.name {
			case "Skip", "Skipf", "SkipNow", "LookPath":
				list = append(list, c.where+": "+c.name+" is systemtest's")
			case "Command", "CommandContext":
				at := strings.Count(c.name, "Context")
				if len(c.arguments) <= at || c.arguments[at] == "" || strings.HasPrefix(c.arguments[at], ".") {
					continue // a variable, or a script of this repository
				}
				if p := path.Base(c.arguments[at]); !standard[p] && !ours[p] && !needed[dir][p] {
					list = append(list, c.where+": no systemtest.Need for "+p)
				}
			}
		}
	}
	return list
}

// wordless lists the failures of a test that say no word of their own: t.Error of a value alone. The tests of this
// folder pass on the sentences of the guards.
func wordless(files []text) (list []string) {
	for _, f := range files {
		for _, c := range f.calls() {
			if strings.HasSuffix(f.path, "_test.go") && path.Dir(f.path) != "." &&
				c.on == "t" && c.name == "Error" && len(c.arguments) > 0 &&
				!slices.ContainsFunc(c.arguments, func(a string) bool { return a != "" }) {
				list = append(list, c.where+": a failure without words")
			}
		}
	}
	return list
}

// TestFailuresHaveWords: a failure says more than a value.
func TestFailuresHaveWords(t *testing.T) {
	for _, w := range wordless(texts(t, 200, ".go")) {
		t.Error(w)
	}
	for content, want := range map[string]int{
		"t.Error(err)": 1, "t.Error(a, b)": 1, `t.Error("words", err)`: 0, `t.Errorf("words: %v", err)`: 0,
		"err.Error()": 0, `t.Error("words: " + s)`: 0,
	} {
		planted := text{"a/a_test.go", "package a\n\nfunc f() { " + content + " }\n"}
		if got := wordless([]text{planted}); len(got) != want {
			t.Errorf("%s: %v, %d wanted", content, got, want)
		}
	}
}

// TestSkips: a test that needs more than Go says so by systemtest.Need, and nothing else skips a test.
func TestSkips(t *testing.T) {
	var tests []text
	for _, f := range texts(t, 200, ".go") {
		if strings.HasSuffix(f.path, "_test.go") && !strings.HasPrefix(f.path, "systemtest/") {
			tests = append(tests, f)
		}
	}
	for _, u := range unsaid(tests) {
		t.Error(u)
	}
}

func TestSkipsPlanted(t *testing.T) {
	for _, row := range []struct {
		body string
		want int
	}{
		{`t.Skip("not today")`, 1},
		{`exec.Command("openssl", "version")`, 1},
		{`exec.CommandContext(t.Context(), "/usr/bin/openssl", "version")`, 1},
		{`systemtest.Need(t, "openssl", "openssl"); exec.Command("openssl", "version")`, 0},
		{`exec.Command("go", "build")`, 0},
	} {
		f := text{"a/a_test.go", "package a\n\nfunc TestA(t *testing.T) { " + row.body + " }\n"}
		if got := unsaid([]text{f}); len(got) != row.want {
			t.Errorf("%s: found %q, want %d", row.body, got, row.want)
		}
	}
}
