// SPDX-License-Identifier: EUPL-1.2

package settings

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rinnova.example/go/operator"
)

// trial is the file with which the packages of a trial operator are made.
func trial(t *testing.T) operator.Operator {
	t.Helper()
	o, err := readOperator("../../packaging/testdata/operator.json")
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// The first that is known goes; with a service that was named, only an operator of that service.
func TestChoose(t *testing.T) {
	of := func(service, where string) Known {
		return Known{operator.Operator{Service: service, CA: where}, where}
	}
	user, packaged := of("https://user.example", "user"), of("https://package.example/", "package")
	for _, one := range []struct {
		list    []Known
		service string
		want    string // where
	}{
		{nil, "", ""},
		{nil, "https://flag.example", ""},
		{[]Known{packaged}, "", "package"},
		{[]Known{user, packaged}, "", "user"},
		{[]Known{user, packaged}, "https://package.example", "package"},
		{[]Known{user, packaged}, "https://user.example/", "user"},
		{[]Known{user, packaged}, "https://flag.example", ""},
		{[]Known{user, packaged}, "https://package.example.evil", ""},
		{[]Known{of("https://x.example", "user"), of("https://x.example", "package")}, "", "user"},
	} {
		if got := Choose(one.list, one.service); got.Where != one.want || got.CA != one.want {
			t.Errorf("%q of %v: %q, want %q", one.service, one.list, got.Where, one.want)
		}
	}
}

// The user's file goes before the package's; either may be absent, and one that cannot be used is an error.
func TestOperators(t *testing.T) {
	home := t.TempDir()
	for _, name := range []string{"XDG_CONFIG_HOME", "HOME", "AppData"} {
		t.Setenv(name, home)
	}
	packaged := filepath.Join(t.TempDir(), "package.json")
	o := trial(t)
	b, err := o.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(packaged, b, 0o644); err != nil {
		t.Fatal(err)
	}
	where := func(packaged string) (places []string) {
		t.Helper()
		list, err := Operators(packaged)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range list {
			places = append(places, k.Where)
		}
		return places
	}
	if got := where(""); got != nil {
		t.Errorf("a test's program has %q", got)
	}
	if got := where(packaged); !slices.Equal(got, []string{packaged}) {
		t.Errorf("%q", got)
	}
	mine := o
	mine.Service, mine.Contact = "https://mine.example", operator.Contact{}
	file, err := Keep(mine)
	if err != nil {
		t.Fatal(err)
	}
	if got := where(packaged); !slices.Equal(got, []string{file, packaged}) {
		t.Errorf("%q", got)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 || !strings.HasPrefix(file, home) {
		t.Errorf("%s: %v, %v", file, info, err)
	}
	if _, err := Keep(operator.Operator{Service: "http://mine.example", CA: o.CA}); err == nil {
		t.Error("a service without TLS is kept")
	}
	if back, err := readOperator(file); err != nil || back != mine {
		t.Errorf("%+v, %v", back, err)
	}

	if err := os.WriteFile(file, []byte(`{"Service": "https://mine.example"}`), 0o600); err != nil {
		t.Fatal(err)
	}
	var bad *Error
	if _, err := Operators(packaged); !errors.As(err, &bad) || bad.Location() != file+", CA" {
		t.Errorf("a file without roots: %v", err)
	}
	if err := errors.Join(Forget(), Forget()); err != nil {
		t.Errorf("forgotten twice: %v", err)
	}
	if _, err := Operators(filepath.Join(home, "absent.json")); !errors.As(err, &bad) {
		t.Errorf("a named file that is absent: %v", err)
	}
}

// A package's file is where only its installer writes: elsewhere than on Windows never just beside the program, which
// may lie in the folder of downloads.
func TestPackagePlaces(t *testing.T) {
	for system, want := range map[string][]string{
		"linux":   {"/usr/bin/share/rinnova/operator.json", "/usr/share/rinnova/operator.json"},
		"darwin":  {"/usr/bin/share/rinnova/operator.json", "/usr/share/rinnova/operator.json"},
		"windows": {"/usr/bin/operator.json"},
	} {
		if got := packagePlaces(system, filepath.FromSlash("/usr/bin")); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", system, got, want)
		}
	}
}
