// SPDX-License-Identifier: EUPL-1.2

package rinnova

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// exportedInterfaces returns the exported interfaces of files that are no tests, as package.Name.
func exportedInterfaces(t *testing.T, files []text) (list []string) {
	t.Helper()
	for _, f := range files {
		if strings.HasSuffix(f.path, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), f.path, f.content, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if s, ok := n.(*ast.TypeSpec); ok && s.Name.IsExported() {
				if _, ok := s.Type.(*ast.InterfaceType); ok {
					list = append(list, path.Base(path.Dir(f.path))+"."+s.Name.Name)
				}
			}
			return true
		})
	}
	slices.Sort(list)
	return list
}

// TestInterfaces holds docs/ARCHITECTURE.md's list of interfaces to the code, and its count of the issuing steps.
func TestInterfaces(t *testing.T) {
	b, err := os.ReadFile("docs/ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(b), "An interface stands where there are two implementations:")
	section, _, _ = strings.Cut(section, "A test holds this list.")
	var told []string
	for _, m := range regexp.MustCompile("`([a-z0-9]+\\.[A-Z]\\w*)`").FindAllStringSubmatch(section, -1) {
		told = append(told, m[1])
	}
	slices.Sort(told)
	if have := exportedInterfaces(t, texts(t, 300, ".go")); !slices.Equal(told, have) || len(have) == 0 {
		t.Errorf("the document tells of %v, the code has %v", told, have)
	}
	authority, err := os.ReadFile("service/ra/authority.go")
	if err != nil {
		t.Fatal(err)
	}
	inCode := regexp.MustCompile(`(?m)^\t+// (\d+)\. `).FindAllStringSubmatch(string(authority), -1)
	_, flow, _ := strings.Cut(string(b), "ra.Update")
	flow, _, _ = strings.Cut(flow, "ra.Confirm")
	inDocument := regexp.MustCompile(`(?:^| )(\d+) [a-z]`).FindAllStringSubmatch(flow, -1)
	if len(inCode) == 0 || len(inCode) != len(inDocument) {
		t.Errorf("%d issuing steps in the code, %d in the document", len(inCode), len(inDocument))
	}
}
