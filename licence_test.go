// SPDX-License-Identifier: EUPL-1.2

package rinnova

import (
	"fmt"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

// licences are the first lines of a file, by its extension or its name. REUSE.toml covers files that cannot have a
// comment, and REUSE's own tool judges all files (proof/judges).
var licences = map[string]string{
	".go": "EUPL-1.2", ".mod": "EUPL-1.2", ".ts": "EUPL-1.2", ".tsx": "EUPL-1.2", ".js": "EUPL-1.2", ".mjs": "EUPL-1.2",
	".css": "EUPL-1.2", ".scss": "EUPL-1.2", ".html": "EUPL-1.2", ".c": "EUPL-1.2", ".h": "EUPL-1.2", ".sh": "EUPL-1.2",
	".py": "EUPL-1.2", ".sql": "EUPL-1.2", ".wxs": "EUPL-1.2", ".yaml": "EUPL-1.2", "Makefile": "EUPL-1.2",
	"run": "EUPL-1.2", ".editorconfig": "EUPL-1.2", ".gitattributes": "EUPL-1.2",
	".yml": "EUPL-1.2", ".shellcheckrc": "EUPL-1.2",
	".md": "CC-BY-4.0", "publiccode.yml": "CC-BY-4.0", "AUTHORS": "CC-BY-4.0",
}

// unlicensed returns what is wrong with a file's licence, or "". A doctype, a script's first line and an XML
// declaration precede it.
func (f text) unlicensed() string {
	want := licences[path.Ext(f.path)]
	if w := licences[path.Base(f.path)]; w != "" {
		want = w
	}
	head := strings.SplitN(f.content, "\n", 4)
	if !strings.Contains(strings.Join(head[:min(3, len(head))], "\n"), "SPDX-License-Identifier: "+want) {
		return fmt.Sprintf("%s does not start with SPDX-License-Identifier: %s", f.path, want)
	}
	return ""
}

// TestLicence: every file that can hold a comment starts with its licence.
func TestLicence(t *testing.T) {
	var extensions []string
	for e := range licences {
		extensions = append(extensions, e)
	}
	slices.Sort(extensions)
	for _, f := range texts(t, 300, extensions...) {
		if why := f.unlicensed(); why != "" {
			t.Error(why)
		}
	}
	for _, name := range []string{"EUPL-1.2", "CC-BY-4.0"} {
		if _, err := os.Stat("LICENSES/" + name + ".txt"); err != nil {
			t.Errorf("a licence's text: %v", err)
		}
	}
}

func TestLicencePlanted(t *testing.T) {
	for _, f := range []text{
		{"a/b.go", "// Package b.\npackage b\n"},
		{"a/b.go", "// SPDX-License-Identifier: CC-BY-4.0\npackage b\n"},
		{"docs/b.md", "# B\n\n\n\n<!-- SPDX-License-Identifier: CC-BY-4.0 -->\n"},
	} {
		if f.unlicensed() == "" {
			t.Errorf("%q passes", f)
		}
	}
	if why := (text{"b.sh", "#!/bin/sh\n# SPDX-License-Identifier: EUPL-1.2\n"}).unlicensed(); why != "" {
		t.Errorf("a licensed file: %s", why)
	}
}
