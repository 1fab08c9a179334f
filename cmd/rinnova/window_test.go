// SPDX-License-Identifier: EUPL-1.2

//go:build window || development

package main

import (
	"bytes"
	"go/parser"
	"go/token"
	"log"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"rinnova.example/go/citizen/desktop"
	"rinnova.example/go/citizen/errorreport"
	"rinnova.example/go/citizen/renewal"
)

// newVisitor stands before a demonstration.
func newVisitor(t *testing.T) *visitor {
	t.Helper()
	at := time.Date(2020, 5, 25, 10, 0, 0, 0, time.UTC)
	started := time.Now()
	b, err := newBench(t.Context(), func() time.Time { return at.Add(time.Since(started)) }, true)
	if err != nil {
		t.Fatal(err)
	}
	w := desktop.New(b.configure())
	t.Cleanup(w.Close)
	return &visitor{t: t, h: w.Handler(), w: w}
}

// sockets lists the process's open sockets.
func sockets(t *testing.T) []string {
	t.Helper()
	entries, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, e := range entries {
		if l, err := os.Readlink(e); err == nil && strings.HasPrefix(l, "socket:") {
			list = append(list, l)
		}
	}
	slices.Sort(list)
	return list
}

// A whole demonstration, from the card to the login, opens no socket; what it is made of could not.
func TestDemonstrationIsAlone(t *testing.T) {
	before := sockets(t)
	c := newVisitor(t)
	c.screen(desktop.ScreenNoCard)
	c.post("demo", "action", "insert", "series", "AC2014", "fault", "")
	c.screen(desktop.ScreenRenewable)
	c.post("renew", "series", "")
	c.code("pin", demoPIN)
	c.code("puk", demoPUK)
	c.phase(desktop.PhaseRemove)
	c.post("demo", "action", "remove")
	c.phase(desktop.PhaseWait)
	c.post("extend")
	c.post("skip")
	c.phase(desktop.PhaseInsert)
	c.post("demo", "action", "back")
	c.phase(desktop.PhaseSeen)
	c.post("login")
	s := c.phase(desktop.PhaseEntered)
	if s.Done.Login == nil || !s.Done.Login.Accepted || !s.Done.Login.NotAfter.Equal(s.Done.NotAfter) {
		t.Errorf("%+v", s.Done)
	}
	if after := sockets(t); !slices.Equal(after, before) {
		t.Errorf("sockets: %v before, %v after", before, after)
	}

	clock := func() time.Time { return time.Date(2020, 5, 25, 10, 0, 0, 0, time.UTC) }
	b, err := newBench(t.Context(), clock, true)
	if err != nil {
		t.Fatal(err)
	}
	cfg := b.configure()
	if cfg.LoginTransport.Proxy != nil || cfg.LoginTransport.DialTLSContext != nil {
		t.Error("the login's transport has another way out")
	}
	conn, err := cfg.LoginTransport.DialContext(t.Context(), "tcp", "192.0.2.1:443")
	if err != nil || conn.LocalAddr().Network() != "pipe" {
		t.Error(conn, err)
	}
	conn.Close()
	for _, address := range []string{"http://192.0.2.1/", "https://rinnova.example/.well-known/cmp"} {
		r, _ := http.NewRequest(http.MethodGet, address, nil)
		if _, err := b.service().RoundTrip(r); err == nil {
			t.Error(address, "was reached")
		}
	}
	if _, err := cfg.Open(t.Context(), "Virtual PCD 00 00"); err == nil {
		t.Error("a reader of the system's was opened")
	}
	for _, path := range []string{"window_bench.go", "window_service.go"} {
		f, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			t.Fatal(err)
		}
		for _, i := range f.Imports {
			if slices.Contains([]string{`"rinnova.example/go/card/pcsc"`, `"rinnova.example/go/card/vpcd"`, `"os/exec"`, `"syscall"`}, i.Path.Value) {
				t.Errorf("%s imports %s", path, i.Path.Value)
			}
		}
		src, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for _, word := range []string{"net.Dial", "net.Listen(", "http.Get", "DefaultTransport", "DefaultClient"} {
			if bytes.Contains(src, []byte(word)) {
				t.Errorf("%s uses %s", path, word)
			}
		}
	}
}

// Codes that were typed are nowhere afterwards: in no state, no answer, no log, no error report.
func TestCodesLeaveNoTrace(t *testing.T) {
	var logged bytes.Buffer
	log.SetOutput(&logged)
	slog.SetDefault(slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{Level: slog.LevelDebug})))
	t.Cleanup(func() { log.SetOutput(os.Stderr); slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, nil))) })
	t.Setenv("XDG_DOWNLOAD_DIR", t.TempDir())
	const wrongPIN, wrongPUK, letters = "86420", "97531864", "segreto86"
	c := newVisitor(t)
	c.post("demo", "action", "insert", "series", "AC2018", "fault", "cut-install")
	c.screen(desktop.ScreenRenewable)
	c.post("renew", "series", "")
	c.code("pin", letters)
	c.code("pin", wrongPIN)
	c.code("pin", demoPIN)
	c.code("puk", wrongPUK)
	c.code("puk", demoPUK)
	if s := c.screen(desktop.ScreenFailed); s.Failure.Code != "card-removed" {
		t.Error(s.Failure)
	}
	c.post("report")
	s := c.until("report", func(s desktop.State) bool { return s.Report != nil })
	if filepath.Base(s.Report.Path) != errorreport.FileName {
		t.Fatal(s.Report)
	}
	sealed, err := os.ReadFile(s.Report.Path)
	if err != nil || len(sealed) < 1000 {
		t.Fatal(len(sealed), err)
	}
	c.do(http.MethodGet, "/api/diagnosis", "", "")
	// The demonstration tells its own codes, as a help; a real card's are not in its state.
	for _, secret := range []string{wrongPIN, wrongPUK, letters} {
		for name, b := range map[string][]byte{"a state or an answer": c.seen.Bytes(), "the log": logged.Bytes(), "the report": sealed} {
			if bytes.Contains(b, []byte(secret)) {
				t.Errorf("%s is in %s", secret, name)
			}
		}
	}
	if c.seen.Len() < 10000 {
		t.Error("the test saw nothing")
	}
}

// A code reaches only the question it was typed at.
func TestCodeForAnotherPrompt(t *testing.T) {
	c := newVisitor(t)
	c.post("demo", "action", "insert", "series", "AC2014", "fault", "")
	c.screen(desktop.ScreenRenewable)
	c.post("renew", "series", "")
	s := c.screen(desktop.ScreenPrompt)
	c.code("pin", demoPIN)
	n := c.until("puk", func(s desktop.State) bool { return s.Prompt != nil && s.Prompt.Kind == "puk" })
	if code := c.do(http.MethodPost, "/api/code?prompt="+strconv.Itoa(s.Prompt.ID), "application/octet-stream", demoPIN); code != http.StatusConflict {
		t.Error("a late PIN was taken", code)
	}
	if m := c.state(); m.Prompt == nil || m.Prompt.ID != n.Prompt.ID || m.Prompt.Wrong {
		t.Errorf("%+v", m.Prompt)
	}
	if !c.w.Busy() || c.w.RequestClose() {
		t.Error("the window would close in the middle")
	}
	if !c.state().Closing {
		t.Error("nothing is asked")
	}
	c.post("stay")
	if c.state().Closing {
		t.Error("it is still asked")
	}
	c.post("back?prompt=" + strconv.Itoa(n.Prompt.ID))
	c.screen(desktop.ScreenRenewable)
	if !c.w.RequestClose() {
		t.Error("the window does not close")
	}
}

// The bench knows every series, and every fault comes to the screen it is meant for.
func TestBench(t *testing.T) {
	c := newVisitor(t)
	want := map[string]string{"mute": "card-mute", "contactless": "card-contactless", "not-cns": "card-not-cns", "cie": "card-cie", "foreign": "card-foreign", "other-cns": "card-not-health", "unknown-model": "card-model-unknown",
		"busy": "card-busy", "renewed": "already-renewed", "empty": "no-certificate", "unregistered": "not-in-registry", "too-old": "program-too-old"}
	for _, fault := range faults {
		if strings.HasPrefix(fault, "slow-") {
			continue // Playwright waits for them
		}
		c.post("demo", "action", "insert", "series", "OT2015", "fault", fault)
		s := c.until(fault, func(s desktop.State) bool {
			return s.Screen == desktop.ScreenRenewable || s.Screen == desktop.ScreenNothing || s.Screen == desktop.ScreenUnreadable || s.Screen == desktop.ScreenUnknown
		})
		code := ""
		if s.Failure != nil {
			code = string(s.Failure.Code)
		}
		if code != want[fault] {
			t.Errorf("%q: %q", fault, code)
		}
		if s.Card != nil && s.Card.Begun != (fault == "begun") {
			t.Errorf("%q: begun %v", fault, s.Card.Begun)
		}
		c.post("demo", "action", "remove")
		c.screen(desktop.ScreenNoCard)
	}
	if code := c.do(http.MethodPost, "/api/demo", "application/x-www-form-urlencoded", "action=insert&series=XX2000"); code == http.StatusOK {
		t.Error("a series that does not exist")
	}
}

// The bench takes the card away at every step of an AC2014 renewal that uses it, and at no other.
func TestBenchCuts(t *testing.T) {
	at := time.Date(2020, 5, 25, 10, 0, 0, 0, time.UTC)
	b, err := newBench(t.Context(), func() time.Time { return at }, true)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Do(t.Context(), "insert", "AC2014", ""); err != nil {
		t.Fatal(err)
	}
	c, err := b.openCard(t.Context(), benchReaders[0])
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
	for _, f := range faults {
		if strings.HasPrefix(f, "cut-") {
			have = append(have, f)
		}
	}
	if !slices.Equal(used, have) {
		t.Errorf("the card is used in %v, taken away in %v", used, have)
	}
}
