// SPDX-License-Identifier: EUPL-1.2

package desktop

import (
	"testing"
	"time"
)

// The window asks once: a cross pressed twice in haste is one wish, one pressed again later the answer.
func TestAskToClose(t *testing.T) {
	w := New(Config{Now: time.Now})
	defer w.Close()
	if !w.AskToClose() {
		t.Error("asked without a renewal")
	}
	w.f.running = &running{step: "generate"}
	if w.AskToClose() || !w.f.closing || w.AskToClose() {
		t.Error("closed without an answer")
	}
	w.asked = w.asked.Add(-doubled)
	if !w.AskToClose() {
		t.Error("asked twice")
	}
	w.stay()
	if w.AskToClose() {
		t.Error("not asked again after the wish was withdrawn")
	}
}
