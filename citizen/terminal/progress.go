// SPDX-License-Identifier: EUPL-1.2

package terminal

import (
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"

	"rinnova.example/go/citizen/renewal"
)

// Progress shows the steps of a renewal: a bar with their texts on a terminal, plain lines elsewhere.
type Progress struct {
	w    io.Writer
	head string
	bar  *progressbar.ProgressBar
}

// NewProgress returns a Progress that writes head once, when the PIN is verified.
func NewProgress(w io.Writer, head string) *Progress {
	s := &Progress{w: w, head: head}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		s.bar = progressbar.NewOptions(len(renewal.Steps), progressbar.OptionSetWriter(f),
			progressbar.OptionSetWidth(30),
			progressbar.OptionSetPredictTime(false), progressbar.OptionSetElapsedTime(false),
			progressbar.OptionFullWidth(),
			progressbar.OptionSetRenderBlankState(false), progressbar.OptionClearOnFinish())
	}
	return s
}

// Clear removes the bar before other text is written.
func (s *Progress) Clear() {
	if s.bar != nil {
		_ = s.bar.Clear()
	}
}

// Show shows an event by its text.
func (s *Progress) Show(e renewal.Event, text string) {
	if e.State == renewal.Done && e.Step == "unlock" && s.head != "" {
		s.Clear()
		fmt.Fprintln(s.w, s.head)
		s.head = ""
	}
	switch {
	case e.State == renewal.Typed:
	case e.State == renewal.Noted || e.State == renewal.Waiting || e.State == renewal.Typing:
		s.Clear()
		fmt.Fprintln(s.w, text)
	case s.bar == nil || !slices.Contains(renewal.Steps, e.Step): // after the renewal the bar is at its end
		if e.State == renewal.Started {
			fmt.Fprintln(s.w, text)
		}
	default:
		s.bar.Describe(text)
		i := slices.Index(renewal.Steps, e.Step)
		if e.State != renewal.Started {
			i++
		}
		_ = s.bar.Set(i)
	}
}

// Date returns an instant as a citizen reads it, in Italy's time.
func Date(t time.Time) string {
	rome, err := time.LoadLocation("Europe/Rome")
	if err != nil {
		rome = time.UTC
	}
	return t.In(rome).Format("02/01/2006 15:04")
}
