// SPDX-License-Identifier: EUPL-1.2

package desktop

import (
	"crypto/rand"
	"testing"
	"time"

	"rinnova.example/go/card/cns"
	"rinnova.example/go/card/emulator"
	"rinnova.example/go/citizen/renewal"
)

// Two presses of the close button in quick succession are one request; a later press confirms it.
func TestAskToClose(t *testing.T) {
	w := New(Config{Now: time.Now})
	defer w.Close()
	if !w.RequestClose() {
		t.Error("asked without a renewal")
	}
	w.f.running = &running{step: "generate"}
	if w.RequestClose() || !w.f.closing || w.RequestClose() {
		t.Error("closed without an answer")
	}
	w.asked = w.asked.Add(-closeInterval)
	if !w.RequestClose() {
		t.Error("asked twice")
	}
	w.stay()
	if w.RequestClose() {
		t.Error("not asked again after the request was withdrawn")
	}
}

// The PIN kept for the trial login is wiped after KeepPIN without activity, and by CHIUDI.
func TestPINIsNotKept(t *testing.T) {
	card, err := emulator.Demo("OT2016", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := cns.Open(card)
	if err != nil {
		t.Fatal(err)
	}
	ended := func(keep time.Duration) *Window {
		if err := s.UnlockInBlock([]byte("12345"), nil); err != nil {
			t.Fatal(err)
		}
		w := New(Config{Now: time.Now, KeepPIN: keep})
		t.Cleanup(w.Close)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.outcome, w.f.finished = &renewal.Outcome{Session: s}, &finished{phase: PhaseRemove, canLogin: true}
		w.keep()
		if !s.HasPIN() {
			t.Fatal("no PIN is kept")
		}
		return w
	}
	w := ended(50 * time.Millisecond)
	for !w.State().Done.Expired {
		time.Sleep(5 * time.Millisecond) // the test's own time limit ends the loop
	}
	w.mu.Lock()
	if s.HasPIN() || w.f.finished.canLogin {
		t.Error("the PIN is still there, or still offered for the login")
	}
	w.mu.Unlock()
	if w.login() == nil {
		t.Error("a login without a PIN")
	}
	w = ended(time.Hour)
	if err := w.dismiss(); err != nil || s.HasPIN() {
		t.Error("CHIUDI left the PIN", err)
	}
	w = ended(time.Hour)
	w.Close()
	if s.HasPIN() {
		t.Error("the end of the window left the PIN")
	}
}
