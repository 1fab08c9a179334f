// SPDX-License-Identifier: EUPL-1.2

package demo

import (
	"bytes"
	"errors"
	"go/parser"
	"go/token"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"rinnova.example/go/citizen/errorreport"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/trial"
)

func newBench(t *testing.T) *Bench {
	t.Helper()
	at := time.Date(2020, 5, 25, 10, 0, 0, 0, time.UTC)
	b, err := New(t.Context(), Config{Clock: func() time.Time { return at }, Fast: true, Version: "1.0.0",
		Report: func(*renewal.Renewal, string, func() time.Time, errorreport.Recipients) Report { return nil }})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// TestNoWayOut tries to leave the demonstration by its service, its login and its readers.
func TestNoWayOut(t *testing.T) {
	b := newBench(t)
	window := b.Window()
	if window.LoginTransport.Proxy != nil || window.LoginTransport.DialTLSContext != nil {
		t.Error("the login's transport has another way out")
	}
	conn, err := window.LoginTransport.DialContext(t.Context(), "tcp", "192.0.2.1:443")
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if network := conn.LocalAddr().Network(); network != "pipe" {
		t.Errorf("the login is reached through the network %q", network)
	}
	for _, address := range []string{"http://192.0.2.1/", "https://rinnova.example/.well-known/cmp"} {
		r, err := http.NewRequest(http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		if answer, err := b.service().RoundTrip(r); err == nil {
			answer.Body.Close()
			t.Errorf("%s was reached", address)
		}
	}
	if _, err := window.Open(t.Context(), "Virtual PCD 00 00"); err == nil {
		t.Error("a reader of the system was opened")
	}
	if err := b.Do(t.Context(), "down", "", ""); err != nil {
		t.Fatal(err)
	}
	if _, err := window.Probe(t.Context()); !errors.Is(err, trial.ErrOffline) {
		t.Errorf("with the network off the service answers: %v", err)
	}
}

// TestImports holds the demonstration's files to packages and words with which it cannot leave this process.
func TestImports(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 4 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	banned := []string{"net", "os", "os/exec", "syscall", "rinnova.example/go/card/pcsc",
		"rinnova.example/go/card/vpcd"}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range parsed.Imports {
			if p, err := strconv.Unquote(i.Path.Value); err != nil || slices.Contains(banned, p) {
				t.Errorf("%s imports %s", file, i.Path.Value)
			}
		}
		source, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"http.Get", "DefaultTransport", "DefaultClient", "ListenAndServe"} {
			if bytes.Contains(source, []byte(word)) {
				t.Errorf("%s uses %s", file, word)
			}
		}
	}
}

// TestCuts: the bench takes the card away at every step of an AC2014 renewal that uses it, and at no other.
func TestCuts(t *testing.T) {
	b := newBench(t)
	if err := b.Do(t.Context(), "insert", "AC2014", ""); err != nil {
		t.Fatal(err)
	}
	c, err := b.openCard(t.Context(), Readers[0])
	if err != nil {
		t.Fatal(err)
	}
	c.Renewal.Prompter = knowing{"AC2014"}
	used, before, step := []string{}, 0, ""
	ends := func(next string) {
		if n := c.Count(); step != "" && n > before {
			used = append(used, "cut-"+step)
		}
		before, step = c.Count(), next
	}
	c.Renewal.Events = func(e renewal.Event) {
		if e.State == renewal.Started {
			ends(e.Step)
		}
	}
	if _, err := c.Renewal.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	ends("")
	var have []string
	for _, f := range Faults {
		if strings.HasPrefix(f, "cut-") {
			have = append(have, f)
		}
	}
	if !slices.Equal(used, have) {
		t.Errorf("the card is used in %v, taken away in %v", used, have)
	}
}
