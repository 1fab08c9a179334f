// SPDX-License-Identifier: EUPL-1.2

package rinnova

import (
	"go/parser"
	"go/token"
	"os"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

var moduleRow = regexp.MustCompile("(?m)^\\| `([^`]+\\.[a-z]+/[^`]+|[^`]+\\.dev/[^`]+)` \\| ([^|]+) \\| [^|]+ \\|$")

// importers returns the folders that import each of the modules.
func importers(t *testing.T, modules []string) map[string][]string {
	t.Helper()
	found := map[string][]string{}
	for _, f := range texts(t, 300, ".go") {
		parsed, err := parser.ParseFile(token.NewFileSet(), f.path, f.content, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range parsed.Imports {
			p, err := strconv.Unquote(i.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			for _, m := range modules {
				if folder := path.Dir(f.path); (p == m || strings.HasPrefix(p, m+"/")) &&
					!slices.Contains(found[m], folder) {
					found[m] = append(found[m], folder)
				}
			}
		}
	}
	return found
}

// TestModules compares the table of other projects' modules with go.mod and the imports.
func TestModules(t *testing.T) {
	b, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	var required []string
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); strings.HasPrefix(line, "\t") && len(f) == 2 && strings.HasPrefix(f[1], "v") {
			required = append(required, f[0])
		}
	}
	document, err := os.ReadFile("docs/ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(document), "## Modules of others")
	allowed := map[string][]string{}
	for _, m := range moduleRow.FindAllStringSubmatch(table, -1) {
		allowed[m[1]] = strings.Fields(strings.ReplaceAll(m[2], "`", ""))
	}
	if len(required) < 20 {
		t.Fatalf("%d modules in go.mod: they are not recognised", len(required))
	}
	found := importers(t, required)
	for _, m := range required {
		have, may := found[m], allowed[m]
		slices.Sort(have)
		slices.Sort(may)
		if !slices.Equal(have, may) {
			t.Errorf("%s is imported by %v, the table in docs/ARCHITECTURE.md says %v", m, have, may)
		}
		delete(allowed, m)
	}
	for m := range allowed {
		t.Errorf("the table has %s, which go.mod does not require", m)
	}
}
