// SPDX-License-Identifier: EUPL-1.2

//go:build window || development

package main

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rinnova.example/go/card/pcsc/pcsctest"
	"rinnova.example/go/citizen/desktop"
	"rinnova.example/go/operator"
)

// onlyOperator removes all settings of a program except an operator's file, which its package has.
func onlyOperator(t *testing.T, p *program, s *running) {
	t.Helper()
	file := filepath.Join(t.TempDir(), operator.Name)
	if out, err := exec.Command(filepath.Join(programs, "rinnovad"), "operator", "--dir", s.dir, "--service",
		s.addresses["cmp"], "--telephone", "06 0000", "--out", file).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	t.Setenv("RINNOVA_OPERATOR", file)
	p.Service, p.CA, p.TLSCA = "", "", ""
	if err := p.learn(); err != nil {
		t.Fatal(err)
	}
}

// TestWindowThroughReader renews in the window of a program that knows its service from its package alone, through
// pcscd, with the card in another process and the service in a third: inserted, pulled in the middle of typing, put
// back, renewed, taken out, put back, logged in.
func TestWindowThroughReader(t *testing.T) {
	stack := pcsctest.Start(t)
	s, err := startService(t.TempDir() + "/service")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	t.Setenv("XDG_STATE_HOME", t.TempDir())
	p, _, _ := citizenProgram(t, s)
	onlyOperator(t, p, s)
	downloads := t.TempDir()
	t.Setenv("XDG_DOWNLOAD_DIR", downloads)
	cfg, err := p.real(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	cfg.SlowAfter, cfg.ReinsertPause, cfg.KeepPIN = 15*time.Second, time.Minute, time.Minute
	w := desktop.New(cfg)
	t.Cleanup(w.Close)
	c := &visitor{t: t, h: w.Handler(), w: w}
	c.screen(desktop.ScreenNoCard)
	file := issued(t, s, "AC2018")
	pull := plug(t, stack, file)
	if seen := c.screen(desktop.ScreenRenewable); !seen.Card.NeedsPUK || seen.Card.Begun {
		t.Errorf("%+v", seen.Card)
	}
	c.post("renew", "series", "")
	c.screen(desktop.ScreenPrompt)
	pull()
	if f := c.screen(desktop.ScreenFailed); f.Failure.Code != "card-removed" || f.Contact == nil ||
		f.Contact.Telephone != "06 0000" {
		t.Errorf("after the card was pulled: %+v, assistance %+v", f.Failure, f.Contact)
	}
	c.post("report")
	saved := c.state().Report
	if saved == nil || filepath.Dir(saved.Path) != downloads {
		t.Fatalf("the report for the operator's desk: %+v", saved)
	}
	if out, err := exec.Command(filepath.Join(programs, "rinnovad"), "report", "open", saved.Path, "--key",
		filepath.Join(s.dir, "desk.key")).CombinedOutput(); err != nil ||
		!strings.Contains(string(out), "card-removed") {
		t.Errorf("the desk opens the report: %v\n%s", err, out)
	}
	c.post("close")
	c.screen(desktop.ScreenNoCard)
	pull = plug(t, stack, file)
	c.screen(desktop.ScreenRenewable)
	c.post("renew", "series", "")
	c.code("pin", "24680")
	c.code("puk", "13579246")
	c.phase(desktop.PhaseRemove)
	pull()
	c.phase(desktop.PhaseWait)
	plug(t, stack, file)
	c.phase(desktop.PhaseSeen)
	c.post("login")
	if d := c.phase(desktop.PhaseEntered).Done; d.Login == nil || !d.Login.Accepted || d.Problem != nil {
		t.Errorf("%+v", d)
	}
	c.post("close")
	if n := c.screen(desktop.ScreenNothing); n.Failure.Code != "already-renewed" {
		t.Errorf("after the renewal: %+v", n.Failure)
	}
}
