// SPDX-License-Identifier: EUPL-1.2

package driver

import (
	"debug/elf"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"rinnova.example/go/systemtest"
	"rinnova.example/go/trial"
)

// TestLibrary: the library exports the functions of PKCS #11 alone, needs nothing but the C library, of 2.31 or older,
// and is small.
func TestLibrary(t *testing.T) {
	systemtest.NeedMade(t, library, "token")
	f, err := elf.Open(library)
	check(t, err)
	defer f.Close()
	symbols, err := f.DynamicSymbols()
	check(t, err)
	exported := 0
	for _, s := range symbols {
		if s.Section == elf.SHN_UNDEF {
			continue
		}
		exported++
		if !strings.HasPrefix(s.Name, "C_") {
			t.Errorf("exports %s", s.Name)
		}
	}
	if exported != 70 { // 68 of PKCS #11 v2.40, C_GetInterfaceList and C_GetInterface
		t.Errorf("%d functions", exported)
	}
	libraries, err := f.ImportedLibraries()
	check(t, err)
	if !slices.Equal(libraries, []string{"libc.so.6"}) {
		t.Errorf("needs %v", libraries)
	}
	imported, err := f.ImportedSymbols()
	check(t, err)
	for _, s := range imported {
		minor, err := strconv.Atoi(strings.Split(strings.TrimPrefix(s.Version, "GLIBC_2.")+".", ".")[0])
		if s.Version != "" && (err != nil || minor > 31) {
			t.Errorf("needs %s of %s", s.Name, s.Version)
		}
		if s.Name == "pthread_create" || s.Name == "sigaction" || strings.HasSuffix(s.Name, "_chk") {
			t.Errorf("calls %s", s.Name)
		}
	}
	for file, most := range map[string]int64{library: 64 << 10, "../../bin/rinnova-pkcs11": 5 << 20} {
		info, err := os.Stat(file)
		check(t, err)
		t.Logf("%s: %d bytes", file, info.Size())
		if info.Size() > most {
			t.Errorf("%s has %d bytes, at most %d", file, info.Size(), most)
		}
	}
}

// compiled compiles a C file into a folder.
func compiled(t testing.TB, dir, name, source string, flags ...string) string {
	t.Helper()
	systemtest.Need(t, "gcc", "gcc")
	systemtest.Need(t, "libp11-kit-dev", "/usr/include/p11-kit-1/p11-kit/pkcs11.h")
	out := filepath.Join(dir, name)
	args := append([]string{"-g", "-O1", "-Wall", "-I/usr/include/p11-kit-1", "-o", out, source}, flags...)
	if b, err := exec.Command("gcc", args...).CombinedOutput(); err != nil {
		t.Fatalf("gcc: %v\n%s", err, b)
	}
	return out
}

// TestHost plays a host that forks before and after use, whose helper is killed, and that loads the library a thousand
// times.
func TestHost(t *testing.T) {
	s := newStage(t)
	program := compiled(t, t.TempDir(), "host", "testdata/host.c")
	card := s.issue(t, "AC2014")
	defer s.plug(t, card)()
	for _, scene := range []string{"fork-before", "fork-after", "killed", "quiet", "interfaces"} {
		t.Run(scene, func(t *testing.T) {
			h := newHost(t)
			if out := h.run(program, h.module, trial.PIN, scene); out != "ok\n" {
				t.Errorf("the host said %q", out)
			}
		})
	}
	left(t, card, 3)
}

// TestHostileHelper has the library, under the address and undefined behaviour sanitizers, read answers made at random,
// and answers that end early in each of its functions.
func TestHostileHelper(t *testing.T) {
	dir := t.TempDir()
	sanitizers := []string{"-fsanitize=address,undefined", "-fno-sanitize-recover=all"}
	module := compiled(t, dir, "librinnova-pkcs11.so", "../../packaging/pkcs11/rinnova-pkcs11.c",
		append(sanitizers, "-fPIC", "-shared", "-Wno-unused-parameter")...)
	program := compiled(t, dir, "host", "testdata/host.c", sanitizers...)
	for scene, helper := range map[string]string{"mutate": "testdata/garbler.c", "dying": "testdata/dying.c"} {
		compiled(t, dir, "rinnova-pkcs11", helper)
		if out := newHost(t).run(program, module, "12345", scene); out != "ok\n" {
			t.Errorf("%s: the host said %q", scene, out)
		}
	}
}
