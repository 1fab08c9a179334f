// SPDX-License-Identifier: EUPL-1.2

// Package systemtest says what a test needs beside Go. A test whose need is missing is skipped, with the name of the
// package to install; where RINNOVA_SYSTEM_TESTS is 1, as make test sets it, it fails instead. No other code skips a
// test.
package systemtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
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

// Need32Bit skips the test where the system's kernel refuses 32-bit programs, which no package mends. Under make test
// it notes that in the file of RINNOVA_NOT_TESTED, which make test prints at its end.
func Need32Bit(t testing.TB) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(program, elf32, 0o755); err != nil {
		t.Fatal(err)
	}
	err := exec.Command(program).Run()
	if !errors.Is(err, syscall.ENOEXEC) {
		return
	}
	if name := os.Getenv("RINNOVA_NOT_TESTED"); name != "" {
		f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
		if err == nil {
			_, err = fmt.Fprintf(f, "%s: this kernel runs no 32-bit programs\n", t.Name())
			err = errors.Join(err, f.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Skip("this kernel runs no 32-bit programs")
}

// elf32 is a program for 32-bit Linux that ends with exit code 0: an ELF header, one program header that loads the
// whole file at 08048000, and mov eax, 1; xor ebx, ebx; int 80.
var elf32 = []byte{
	0x7F, 'E', 'L', 'F', 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0,
	2, 0, 3, 0, 1, 0, 0, 0, 0x54, 0x80, 0x04, 0x08, 52, 0, 0, 0,
	0, 0, 0, 0, 0, 0, 0, 0, 52, 0, 32, 0, 1, 0, 0, 0, 0, 0, 0, 0,
	1, 0, 0, 0, 0, 0, 0, 0, 0x00, 0x80, 0x04, 0x08, 0x00, 0x80, 0x04, 0x08,
	93, 0, 0, 0, 93, 0, 0, 0, 5, 0, 0, 0, 0, 0x10, 0, 0,
	0xB8, 1, 0, 0, 0, 0x31, 0xDB, 0xCD, 0x80,
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
