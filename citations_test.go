// SPDX-License-Identifier: EUPL-1.2

package rinnova

import (
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

// cited are names of files of this repository's kinds in a comment or a document.
var cited = regexp.MustCompile(`[A-Za-z0-9_][A-Za-z0-9_./-]*\.(md|go|ts|tsx|sh|toml|svg|txtar)\b`)

// foreign are files that other projects and people have, by the last part of their names.
var foreign = map[string]bool{"main.go": true, "operator.json": true}

// missingCitations lists the cited files that are neither beside the citing file, nor at the root, nor the only file of
// that name. base has the last parts of all names.
func (f text) missingCitations(base map[string]bool) (list []comment) {
	var all []comment
	if strings.HasSuffix(f.path, ".md") {
		all = []comment{{1, f.content}}
	} else {
		all = f.comments()
	}
	for _, c := range all {
		for _, at := range cited.FindAllStringIndex(c.text, -1) {
			name := c.text[at[0]:at[1]]
			if before := c.text[max(0, at[0]-3):at[0]]; strings.HasSuffix(before, "/") || strings.HasSuffix(before, "*") || strings.HasSuffix(before, "…") || strings.HasSuffix(before, "@") {
				continue // the tail of an address or of a pattern
			}
			if foreign[path.Base(name)] || exists(path.Join(path.Dir(f.path), name)) || exists(name) || base[path.Base(name)] && !strings.Contains(name, "/") {
				continue
			}
			list = append(list, comment{c.line, name})
		}
	}
	return list
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// TestCitations: every file that a comment or a document cites is in this repository.
func TestCitations(t *testing.T) {
	all := texts(t, 400, ".go", ".ts", ".tsx", ".js", ".sh", ".py", ".md", ".toml", ".svg", "Makefile")
	base := map[string]bool{}
	for _, f := range all {
		base[path.Base(f.path)] = true
	}
	for _, f := range all {
		if f.path == "citations_test.go" {
			continue
		}
		for _, c := range f.missingCitations(base) {
			t.Errorf("%s:%d cites %s, which is not here", f.path, c.line, c.text)
		}
	}
}

// TestCitationsPlanted plants citations of files that are here and of files that are not.
func TestCitationsPlanted(t *testing.T) {
	base := map[string]bool{"THREATS.md": true}
	for content, want := range map[string]int{
		"package a\n\n// as card.md says\n": 1, "package a\n\n// docs/NOWHERE.md §1\n": 1,
		"package a\n\n// docs/THREATS.md\n": 0, "package a\n\n// THREATS.md\n": 0, "package a\n\nvar s = \"card.md\"\n": 0,
	} {
		if got := (text{"cmp/a.go", content}).missingCitations(base); len(got) != want {
			t.Errorf("%q: %v, want %d", content, got, want)
		}
	}
}
