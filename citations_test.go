// SPDX-License-Identifier: EUPL-1.2

package rinnova

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
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
			if before := c.text[max(0, at[0]-3):at[0]]; strings.HasSuffix(before, "/") ||
				strings.HasSuffix(before, "*") || strings.HasSuffix(before, "…") || strings.HasSuffix(before, "@") {
				continue // the tail of an address or of a pattern
			}
			if foreign[path.Base(name)] || exists(path.Join(path.Dir(f.path), name)) || exists(name) ||
				base[path.Base(name)] && !strings.Contains(name, "/") {
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

var section = regexp.MustCompile(`(CARDS|DOMAIN|RENEWAL|THREATS)\.md,? §([0-9]+(?:\.[0-9]+)*)`)

// TestSections: every section of a document that a comment cites is there.
func TestSections(t *testing.T) {
	headings := map[string]string{}
	for _, name := range []string{"CARDS", "DOMAIN", "RENEWAL", "THREATS"} {
		b, err := os.ReadFile("docs/" + name + ".md")
		if err != nil {
			t.Fatal(err)
		}
		headings[name] = string(b)
	}
	there := func(document, number string) bool {
		return regexp.MustCompile(`(?m)^#+ ` + regexp.QuoteMeta(number) + `[. ]`).MatchString(headings[document])
	}
	if there("CARDS", "99") || !there("CARDS", "2.1") {
		t.Fatal("headings are not recognised")
	}
	cites := 0
	for _, f := range texts(t, 300, ".go", ".ts", ".tsx", ".sh") {
		for _, c := range f.comments() {
			for _, m := range section.FindAllStringSubmatch(c.text, -1) {
				cites++
				if !there(m[1], m[2]) {
					t.Errorf("%s:%d cites %s.md §%s, which is not there", f.path, c.line, m[1], m[2])
				}
			}
		}
	}
	if cites < 50 {
		t.Errorf("%d citations of sections: the pattern misses them", cites)
	}
}

// TestCitations: every file that a comment or a document cites is in this repository.
func TestCitations(t *testing.T) {
	all := texts(t, 400, ".go", ".ts", ".tsx", ".js", ".sh", ".py", ".md", ".toml", ".svg", "Makefile")
	base := map[string]bool{}
	for _, f := range all {
		if !strings.HasPrefix(f.path, ".") { // a template is no document
			base[path.Base(f.path)] = true
		}
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

// TestCitationsOfTestdata: the same for the comments of test data.
func TestCitationsOfTestdata(t *testing.T) {
	n := 0
	err := filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && d.Name() != "testdata" && unwritten[d.Name()] {
			return filepath.SkipDir
		}
		if d.IsDir() || !strings.Contains(filepath.ToSlash(name), "/testdata/") {
			return nil
		}
		switch filepath.Ext(name) {
		case ".atr", ".cnf", ".txtar":
		default:
			return nil
		}
		b, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		n++
		for _, c := range (text{filepath.ToSlash(name), string(b)}).missingCitations(nil) {
			t.Errorf("%s:%d cites %s, which is not here", name, c.line, c.text)
		}
		return nil
	})
	if err != nil || n == 0 {
		t.Fatalf("%d files: %v", n, err)
	}
}

// TestCitationsPlanted plants citations of files that are here and of files that are not.
func TestCitationsPlanted(t *testing.T) {
	base := map[string]bool{"THREATS.md": true}
	for content, want := range map[string]int{
		"package a\n\n// as card.md says\n": 1, "package a\n\n// docs/NOWHERE.md §1\n": 1,
		"package a\n\n// docs/THREATS.md\n": 0, "package a\n\n// THREATS.md\n": 0,
		"package a\n\nvar s = \"card.md\"\n": 0,
	} {
		if got := (text{"cmp/a.go", content}).missingCitations(base); len(got) != want {
			t.Errorf("%q: %v, want %d", content, got, want)
		}
	}
}
