// SPDX-License-Identifier: EUPL-1.2

package desktop

import (
	"context"
	"crypto/rand"
	"net/http"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"rinnova.example/go/catalogue"
	"rinnova.example/go/citizen/browser"
	"rinnova.example/go/citizen/doctor"
	"rinnova.example/go/citizen/opensccache"
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
	Text     string             `json:"text"`               // the whole, to be copied, printed and saved
	CanSeal  bool               `json:"canSeal"`            // a desk is known
}

func newDiagnosis(c Config) Diagnosis {
	return Diagnosis{Program: c.Version, System: runtime.GOOS + "/" + runtime.GOARCH, Service: c.Service,
		Findings: []doctor.Explained{}, Clock: c.Now().Format(time.RFC3339), CanSeal: c.Desk != nil}
}

// examined is how long an examination may take.
const examined = 20 * time.Second

// languageOf is the language that a request asks for.
func languageOf(r *http.Request) catalogue.Language {
	if l := catalogue.Language(r.FormValue("language")); slices.Contains(catalogue.Languages(), l) {
		return l
	}
	return catalogue.Italian
}

func (w *Window) serveDiagnosis(rw http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), examined)
	defer cancel()
	language := languageOf(r)
	w.mu.Lock()
	c := w.cfg
	w.mu.Unlock()
	d := newDiagnosis(c)
	report := doctor.Report{Program: c.Version, Service: c.Service, Made: c.Now(),
		Findings: doctor.Examine(ctx, w.computer(c))}
	for _, f := range report.Findings {
		e := f.Explain(language, catalogue.Window)
		if !c.can(e.Action) {
			e.Action = ""
		}
		d.Findings = append(d.Findings, e)
	}
	d.Text = report.Text(language, catalogue.Window)
	if c.Browsers != nil {
		b := newBrowsers(c.Browsers(browser.Look))
		d.Browsers = &b
	}
	w.mu.Lock()
	w.diagnosed = &report
	w.mu.Unlock()
	answer(rw, d)
}

// computer gives the doctor this window's readers and cards. A card at work is not disturbed.
func (w *Window) computer(c Config) doctor.Computer {
	d := c.Examined
	if d.Readers == nil {
		d.Readers = w.readers
	}
	d.Open = func(ctx context.Context, reader string) (*renewal.Renewal, func(), error) {
		if w.Busy() || c.Open == nil {
			return nil, nil, &renewal.Failure{Code: failure.CardBusy}
		}
		card, err := c.Open(ctx, reader)
		if err != nil {
			return nil, nil, err
		}
		return card.Renewal, card.Close, nil
	}
	d.Reach, d.Now = func(ctx context.Context) (time.Time, error) { return c.Probe(ctx) }, c.Now
	if c.Browsers != nil {
		d.Browsers = func() ([]browser.Store, error) { return c.Browsers(browser.Look) }
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if u := w.f.update; u != nil && slices.Contains([]UpdateState{UpdateCurrent, UpdateNewer, UpdateUnsupported,
		UpdateNotChecked}, u.State) {
		d.Newest = u.newest
	}
	return d
}

// readers are those that the window follows.
func (w *Window) readers() ([]doctor.Reader, error) {
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
}

// newest is the result of the check at the start, as the doctor has it.
func (u *Update) newest(context.Context) (string, bool, error) {
	if u.State == UpdateNotChecked {
		return "", false, &renewal.Failure{Code: u.Code, Text: u.Text}
	}
	if u.State == UpdateCurrent {
		return "", false, nil
	}
	return u.Version, u.State == UpdateUnsupported, nil
}

// can reports whether this window offers an action.
func (c Config) can(a doctor.Action) bool {
	switch a {
	case doctor.ShowCard, doctor.UnblockPIN:
		return true
	case doctor.AddModule:
		return c.Browsers != nil
	case doctor.Download:
		return c.DownloadPage != ""
	case doctor.NetworkSettings, doctor.ProxySettings, doctor.ClockSettings:
		return c.Demo == nil && settingsPage(a) != nil
	case doctor.OpenService, doctor.ClearCache:
		return c.Demo == nil
	}
	return false
}

// mend does what a finding offers, outside of the page.
func (w *Window) mend(a doctor.Action) error {
	w.mu.Lock()
	c := w.cfg
	w.mu.Unlock()
	if !c.can(a) {
		return errState
	}
	switch a {
	case doctor.Download:
		return w.browse()
	case doctor.OpenService:
		return c.OpenURL(c.Service)
	case doctor.ClearCache:
		return opensccache.Clear()
	case doctor.NetworkSettings, doctor.ProxySettings, doctor.ClockSettings:
		return start(settingsPage(a))
	}
	return errState // the page itself does it
}

// Names of the files of a diagnosis.
const (
	plainName  = "Rinnova-diagnosi.txt"
	sealedName = "Rinnova-diagnosi.zip.p7e"
)

// saveDiagnosis saves the diagnosis that the page shows, as its text or sealed for the desk.
func (w *Window) saveDiagnosis(rw http.ResponseWriter, r *http.Request) {
	sealed, language := r.FormValue("sealed") == "true", languageOf(r)
	w.mu.Lock()
	report, c := w.diagnosed, w.cfg
	w.mu.Unlock()
	if report == nil || c.Downloads == nil || sealed && c.Desk == nil {
		http.Error(rw, http.StatusText(http.StatusConflict), http.StatusConflict)
		return
	}
	result := Report{Path: filepath.Join(c.Downloads(), plainName)}
	var err error
	if sealed {
		result.Path = filepath.Join(c.Downloads(), sealedName)
		err = report.Seal(result.Path, "rinnova-window", c.Desk, rand.Reader)
	} else {
		err = report.Save(result.Path, language, catalogue.Window)
	}
	if err != nil {
		result = Report{Code: renewal.Classify(err).Code}
	}
	answer(rw, result)
}
