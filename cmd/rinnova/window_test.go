// SPDX-License-Identifier: EUPL-1.2

//go:build window || development

package main

import (
	"bytes"
	"io"
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

	"rinnova.example/go/card/emulator"
	"rinnova.example/go/citizen/desktop"
	"rinnova.example/go/citizen/errorreport"
	"rinnova.example/go/trial/demo"
)

// newVisitor stands before a demonstration.
func newVisitor(t *testing.T) *visitor {
	t.Helper()
	p := &program{commands: &commands{}, ctx: t.Context(), out: io.Discard, err: io.Discard}
	cfg, err := p.demonstration(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	cfg.SlowAfter, cfg.ReinsertPause, cfg.KeepPIN = 15*time.Second, time.Minute, keepPIN
	w := desktop.New(cfg)
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

// TestDemonstrationIsAlone runs a whole demonstration, from the card to the login: it opens no socket.
func TestDemonstrationIsAlone(t *testing.T) {
	before := sockets(t)
	c := newVisitor(t)
	c.screen(desktop.ScreenNoCard)
	c.post("demo", "action", "insert", "series", "AC2014", "fault", "")
	c.screen(desktop.ScreenRenewable)
	c.post("renew", "series", "")
	c.code("pin", emulator.DemoPIN)
	c.code("puk", emulator.DemoPUK)
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
}

// Typed codes are in no state, no answer, no log and no error report afterwards.
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
	c.code("pin", emulator.DemoPIN)
	c.code("puk", wrongPUK)
	c.code("puk", emulator.DemoPUK)
	if s := c.screen(desktop.ScreenFailed); s.Failure.Code != "card-removed" {
		t.Errorf("after the PUKs: %+v", s.Failure)
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
	// The demonstration shows its own codes, as a help; a real card's are not in its state.
	for _, secret := range []string{wrongPIN, wrongPUK, letters} {
		for name, b := range map[string][]byte{"a state or an answer": c.seen.Bytes(), "the log": logged.Bytes(),
			"the report": sealed} {
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
	c.code("pin", emulator.DemoPIN)
	n := c.until("puk", func(s desktop.State) bool { return s.Prompt != nil && s.Prompt.Kind == "puk" })
	if code := c.do(http.MethodPost, "/api/code?prompt="+strconv.Itoa(s.Prompt.ID), "application/octet-stream",
		emulator.DemoPIN); code != http.StatusConflict {
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
	want := map[string]string{"mute": "card-mute", "contactless": "card-contactless", "not-cns": "card-not-cns",
		"cie": "card-cie", "foreign": "card-foreign", "other-cns": "card-not-health",
		"unknown-model": "card-model-unknown",
		"busy":          "card-busy", "renewed": "already-renewed", "empty": "no-certificate",
		"unregistered": "not-in-registry", "unreadable": "certificate-unreadable",
		"too-old": "program-too-old"}
	for _, fault := range demo.Faults {
		if strings.HasPrefix(fault, "slow-") {
			continue // Playwright waits for them
		}
		c.post("demo", "action", "insert", "series", "OT2015", "fault", fault)
		s := c.until(fault, func(s desktop.State) bool {
			return s.Screen == desktop.ScreenRenewable || s.Screen == desktop.ScreenNothing ||
				s.Screen == desktop.ScreenUnreadable || s.Screen == desktop.ScreenUnknown
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
	if code := c.do(http.MethodPost, "/api/demo", "application/x-www-form-urlencoded",
		"action=insert&series=XX2000"); code == http.StatusOK {
		t.Error("a series that does not exist")
	}
}
