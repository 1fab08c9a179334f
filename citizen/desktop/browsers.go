// SPDX-License-Identifier: EUPL-1.2

package desktop

import (
	"net/http"

	"rinnova.example/go/citizen/browser"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/failure"
)

// Browsers are the stores of this user's browsers, and the reason why they could not be read or changed.
type Browsers struct {
	List    []browser.Store `json:"list"`
	Failure failure.Code    `json:"failure"` // "" for none
	Text    string          `json:"text"`    // of the failure: the browser that is open
}

func newBrowsers(list []browser.Store, err error) Browsers {
	b := Browsers{List: append([]browser.Store{}, list...)}
	if err != nil {
		f := renewal.Classify(err)
		b.Failure, b.Text = f.Code, f.Text
	}
	return b
}

// serveBrowsers answers with the stores of the browsers, none where the program has no module for them.
func (w *Window) serveBrowsers(rw http.ResponseWriter, _ *http.Request) {
	if w.cfg.Browsers == nil {
		answer(rw, newBrowsers(nil, nil))
		return
	}
	answer(rw, newBrowsers(w.cfg.Browsers(browser.Look)))
}

// changeBrowsers adds our PKCS #11 module to the browsers or removes it, and answers with their stores.
func (w *Window) changeBrowsers(rw http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(rw, r.Body, maxBody)
	change := browser.Change(r.FormValue("change"))
	if change != browser.Add && change != browser.Remove {
		http.Error(rw, http.StatusText(http.StatusBadRequest), http.StatusBadRequest)
		return
	}
	list, err := w.cfg.Browsers(change)
	b := newBrowsers(list, err)
	if err != nil {
		b.List = newBrowsers(w.cfg.Browsers(browser.Look)).List
	}
	answer(rw, b)
}
