// SPDX-License-Identifier: EUPL-1.2

package desktop

import (
	"context"
	"net/http"
	"runtime"
	"time"

	"rinnova.example/go/catalogue"
	"rinnova.example/go/citizen/browser"
	"rinnova.example/go/citizen/doctor"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/failure"
)

// Diagnosis holds the facts of the diagnosis page.
type Diagnosis struct {
	Program  string             `json:"program"`
	System   string             `json:"system"`
	Clock    string             `json:"clock"`
	Service  string             `json:"service"` // its address, "" where none is known
	Findings []doctor.Explained `json:"findings"`
	Browsers *Browsers          `json:"browsers,omitempty"` // absent where the program has no module for them
}

func newDiagnosis(c Config) Diagnosis {
	return Diagnosis{Program: c.Version, System: runtime.GOOS + "/" + runtime.GOARCH, Service: c.Service,
		Findings: []doctor.Explained{}, Clock: c.Now().Format(time.RFC3339)}
}

// examined is how long an examination may take.
const examined = 20 * time.Second

func (w *Window) serveDiagnosis(rw http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), examined)
	defer cancel()
	language := catalogue.Italian
	if l := catalogue.Language(r.FormValue("language")); l == catalogue.German {
		language = l
	}
	w.mu.Lock()
	c := w.cfg
	w.mu.Unlock()
	d := newDiagnosis(c)
	for _, f := range doctor.Examine(ctx, w.computer(c)) {
		d.Findings = append(d.Findings, f.Explain(language, catalogue.Window))
	}
	if c.Browsers != nil {
		b := newBrowsers(c.Browsers(browser.Look))
		d.Browsers = &b
	}
	answer(rw, d)
}

// computer gives the doctor this window's readers and cards. A card at work is not disturbed.
func (w *Window) computer(c Config) doctor.Computer {
	return doctor.Computer{
		Readers: func() ([]doctor.Reader, error) {
			w.mu.Lock()
			defer w.mu.Unlock()
			if !w.f.service {
				return nil, &renewal.Failure{Code: failure.NoSmartCardService}
			}
			var list []doctor.Reader
			for _, r := range w.f.readers {
				list = append(list, doctor.Reader{Name: r.Name, Present: r.Present, Mute: r.Mute})
			}
			return list, nil
		},
		Open: func(ctx context.Context, reader string) (*renewal.Renewal, func(), error) {
			if w.Busy() || c.Open == nil {
				return nil, nil, &renewal.Failure{Code: failure.CardBusy}
			}
			card, err := c.Open(ctx, reader)
			if err != nil {
				return nil, nil, err
			}
			return card.Renewal, card.Close, nil
		},
		Reach: func(ctx context.Context) error { return c.Probe(ctx) },
		State: c.State,
	}
}
