// SPDX-License-Identifier: EUPL-1.2

// Package systemtest says what a test needs beside Go. A test whose need is missing is skipped, with the name of the
// package to install; where RINNOVA_SYSTEM_TESTS is 1, as make test sets it, it fails instead. No other code skips a
// test.
package systemtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// variable is the environment variable that turns each skip into a failure when it is 1.
const variable = "RINNOVA_SYSTEM_TESTS"

// Need skips the test, or fails it, unless every file of a Debian package is there. A file is the name of a program,
// which is looked for on the PATH, or an absolute path, which may be a pattern of filepath.Match. It returns where the
// files were found; of a pattern, the last match.
func Need(t testing.TB, debian string, files ...string) []string {
	t.Helper()
	if len(files) == 0 {
		t.Fatalf("no file of %s is named", debian)
	}
	found := make([]string, len(files))
	for i, file := range files {
		found[i] = find(file)
		if found[i] == "" {
			missing(t, file+" is missing: install the Debian package "+debian)
		}
	}
	return found
}

// NeedRoot skips the test, or fails it, unless it runs as root.
func NeedRoot(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		missing(t, "only root can do this")
	}
}

// NeedMade skips the test, or fails it, unless a file of this repository was made by a target of the Makefile.
func NeedMade(t testing.TB, path, target string) {
	t.Helper()
	if _, err := os.Stat(path); err != nil {
		missing(t, path+" is missing: run make "+target)
	}
}

func missing(t testing.TB, why string) {
	t.Helper()
	if os.Getenv(variable) == "1" {
		t.Fatal(why)
	}
	t.Skip(why)
}

func find(file string) string {
	if !strings.HasPrefix(file, "/") {
		path, err := exec.LookPath(file)
		if err != nil {
			return ""
		}
		return path
	}
	matches, err := filepath.Glob(file)
	if err != nil || len(matches) == 0 {
		return ""
	}
	return matches[len(matches)-1]
}
