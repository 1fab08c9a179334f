// SPDX-License-Identifier: EUPL-1.2

//go:build window || development

package main

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"rinnova.example/go/citizen/desktop"
	"rinnova.example/go/failure"
)

// TestPinpadInWindow renews, logs in and changes the PIN in the window, at a reader with a keypad. While the person
// types, the window tells what and for how long; it never learns the code.
func TestPinpadInWindow(t *testing.T) {
	d := newDesk(t, "OT2015")
	p := &program{ctx: t.Context(), out: io.Discard, err: io.Discard, commands: &commands{Journal: t.TempDir(),
		Service: d.service.addresses["cmp"], CA: filepath.Join(d.service.dir, "ca.pem"),
		TLSCA: filepath.Join(d.service.dir, "tls.pem"), Updates: "off"}}
	cfg, err := p.real(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	cfg.SlowAfter, cfg.ReinsertPause, cfg.KeepPIN = 15*time.Second, time.Minute, keepPIN
	w := desktop.New(cfg)
	t.Cleanup(w.Close)
	c := &visitor{t: t, h: w.Handler(), w: w}

	var mu sync.Mutex
	var told []string
	answers := []string{"11111", pinpadPIN, pinpadPIN, pinpadPIN, pinpadPIN, pinpadNew, pinpadNew}
	d.Person(func(string) string {
		mu.Lock()
		defer mu.Unlock()
		s := w.State()
		if s.Typing == nil || s.Typing.Seconds < 50 || s.Typing.Seconds > 60 {
			t.Errorf("the reader asks, and the window tells %+v", s.Typing)
			return "cancel"
		}
		told = append(told, fmt.Sprint(s.Screen, " ", s.Typing.Code))
		next := answers[0]
		answers = answers[1:]
		return next
	})
	c.screen(desktop.ScreenRenewable)
	c.post("renew", "series", "")
	s := c.atReader(desktop.PromptPIN)
	if s.Pinpad.PINs != 2 || s.Pinpad.PUKs != 0 || s.Wrong {
		t.Errorf("the first question: %+v %+v", s, s.Pinpad)
	}
	if s = c.atReader(desktop.PromptPIN); !s.Wrong || s.Tries == nil || *s.Tries != 2 || s.Pinpad.Failed != "" {
		t.Errorf("the question after a wrong PIN: %+v %+v", s, s.Pinpad)
	}
	c.phase(desktop.PhaseRemove)
	d.pull()
	c.phase(desktop.PhaseWait)
	c.post("skip")
	d.pull = d.PlugCard(t, d.card)
	c.phase(desktop.PhaseSeen)
	c.post("login")
	if s := c.phase(desktop.PhaseEntered); s.Done.Login == nil || !s.Done.Login.Accepted || s.Typing != nil {
		t.Errorf("the login: %+v, %+v", s.Done, s.Done.Problem)
	}
	c.post("close")
	c.screen(desktop.ScreenNothing)
	c.post("pin-change")
	c.atReader(desktop.PromptPIN)
	c.screen(desktop.ScreenNewPIN)
	c.post("close")
	c.screen(desktop.ScreenNothing)

	d.Types("cancel")
	c.post("pin-change")
	c.atReader(desktop.PromptPIN)
	failed := c.until("the question again", func(s desktop.State) bool {
		return s.Prompt != nil && s.Prompt.Pinpad.Failed == failure.PinpadCancelled
	})
	c.post(fmt.Sprint("back?prompt=", failed.Prompt.ID))
	if code := c.do(http.MethodPost, fmt.Sprint("/api/at-reader?prompt=", failed.Prompt.ID), "", ""); code !=
		http.StatusConflict {
		t.Errorf("an answer to no question: %d", code)
	}
	mu.Lock()
	defer mu.Unlock()
	want := []string{"running pin", "running pin", "running pin", "done pin", "running pin-change",
		"running pin-change", "running pin-change"}
	if fmt.Sprint(told) != fmt.Sprint(want) {
		t.Errorf("the window told %q", told)
	}
	d.secret(t, c.seen.Bytes())
}

// atReader waits for a question that offers the keypad of the reader, and takes it.
func (c *visitor) atReader(kind desktop.PromptKind) desktop.Prompt {
	c.t.Helper()
	s := c.until("question", func(s desktop.State) bool {
		return s.Screen == desktop.ScreenPrompt && s.Prompt.Kind == kind && s.Prompt.Pinpad != nil
	})
	if !s.Prompt.Pinpad.Offered {
		c.t.Fatalf("the reader is not offered: %+v", s.Prompt.Pinpad)
	}
	c.post(fmt.Sprint("at-reader?prompt=", s.Prompt.ID))
	c.until("end of the question", func(n desktop.State) bool { return n.Prompt == nil || n.Prompt.ID != s.Prompt.ID })
	return *s.Prompt
}
