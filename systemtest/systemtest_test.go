// SPDX-License-Identifier: EUPL-1.2

package systemtest

import (
	"strings"
	"testing"
)

// recorder is a test that records how it ended.
type recorder struct {
	testing.TB
	skipped, failed string
}

func (r *recorder) Helper() {}

func (r *recorder) Skip(args ...any) {
	r.skipped = args[0].(string)
	panic(r)
}

func (r *recorder) Fatal(args ...any) {
	r.failed = args[0].(string)
	panic(r)
}

// end runs a function in a test of its own and returns how that test ended.
func end(needs func(t testing.TB)) (r *recorder) {
	r = &recorder{}
	defer func() { _ = recover() }()
	needs(r)
	return r
}

func TestMissing(t *testing.T) {
	for name, needs := range map[string]func(t testing.TB){
		"program": func(t testing.TB) { Need(t, "no-such-package", "sh", "no-such-program") },
		"path":    func(t testing.TB) { Need(t, "no-such-package", "/no/such/*/program") },
		"made":    func(t testing.TB) { NeedMade(t, "no-such-file", "no-such-target") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv(variable, "")
			if r := end(needs); !strings.Contains(r.skipped, "no-such-") || r.failed != "" {
				t.Errorf("skipped with %q, failed with %q", r.skipped, r.failed)
			}
			t.Setenv(variable, "1")
			if r := end(needs); !strings.Contains(r.failed, "no-such-") || r.skipped != "" {
				t.Errorf("with %s=1: skipped with %q, failed with %q", variable, r.skipped, r.failed)
			}
		})
	}
}

func TestPresent(t *testing.T) {
	r := end(func(t testing.TB) {
		for _, f := range Need(t, "dash", "sh", "/bin/s[h]") {
			if !strings.HasSuffix(f, "/sh") {
				panic(f)
			}
		}
		NeedMade(t, "systemtest.go", "nothing")
	})
	if r.skipped != "" || r.failed != "" {
		t.Errorf("skipped with %q, failed with %q", r.skipped, r.failed)
	}
}
