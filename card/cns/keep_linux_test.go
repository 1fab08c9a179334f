// SPDX-License-Identifier: EUPL-1.2

package cns_test

import (
	"crypto/rand"
	"os"
	"regexp"
	"strconv"
	"testing"

	"rinnova.example/go/card/emulator"
)

// locked is how much memory of this process is locked, in kB (proc(5), VmLck).
func locked(t *testing.T) int {
	t.Helper()
	b, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	m := regexp.MustCompile(`VmLck:\s+(\d+) kB`).FindSubmatch(b)
	if m == nil {
		t.Fatal("no VmLck in /proc/self/status")
	}
	n, err := strconv.Atoi(string(m[1]))
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestPINIsLocked(t *testing.T) {
	card, err := emulator.Demo("ID2019", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	before, page := locked(t), os.Getpagesize()/1024
	s := open(t, card)
	for range 2 {
		if err := s.UnlockInBlock([]byte(emulator.DemoPIN), nil); err != nil {
			t.Fatal(err)
		}
		if got := locked(t); got != before+page {
			t.Errorf("%d kB locked with a PIN kept, want %d", got, before+page)
		}
	}
	s.ForgetPIN()
	s.ForgetPIN()
	if got := locked(t); got != before || s.HasPIN() {
		t.Errorf("%d kB locked without a PIN, want %d", got, before)
	}
}
