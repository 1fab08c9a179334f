// SPDX-License-Identifier: EUPL-1.2

package desktop

import (
	"net/http"
	"strings"

	"rinnova.example/go/failure"
	"rinnova.example/go/operator"
)

// maxEntry is the largest request with a service that a person enters, in encoded bytes.
const maxEntry = 1 << 20

// enter takes the address and the root certificates that the person gave, for comparison and confirmation. If they
// cannot be used, the screen gives the reason.
func (w *Window) enter(r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return err
	}
	s := &Setup{entered: operator.Operator{Service: strings.TrimSpace(r.PostForm.Get("service")),
		CA: r.PostForm.Get("ca"), TLSCA: r.PostForm.Get("tlsCa")}}
	s.Service = printable(s.entered.Service)
	s.Problem = s.compare()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.f.setup == nil {
		return errState
	}
	w.f.setup = s
	w.bump()
	return nil
}

// compare fills in the fields that the person compares, or returns why the entry cannot be used.
func (s *Setup) compare() *Failure {
	o := s.entered
	if operator.CheckService(o.Service) != nil {
		return &Failure{Code: failure.ServiceMalformed}
	}
	if o.CA == "" {
		return &Failure{Code: failure.CANeeded}
	}
	var err error
	if s.Roots, err = operator.Roots(o.CA); err != nil {
		return &Failure{Code: failure.CAUnreadable}
	}
	if o.TLSCA != "" {
		if s.TLSRoots, err = operator.Roots(o.TLSCA); err != nil {
			s.Roots = nil
			return &Failure{Code: failure.CAUnreadable}
		}
	}
	return nil
}

// correct returns to the form.
func (w *Window) correct() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.f.setup == nil {
		return errState
	}
	w.f.setup = &Setup{Service: w.f.setup.Service}
	w.bump()
	return nil
}

// keepService saves the service that the person confirmed, and starts to use it.
func (w *Window) keepService() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.f.setup
	if s == nil || s.Roots == nil {
		return errState
	}
	c, err := w.cfg.Keep(s.entered)
	if err != nil {
		w.f.setup = &Setup{Service: s.Service, Problem: failureOf(err)}
		w.bump()
		return nil
	}
	w.cfg.Open, w.cfg.Probe, w.cfg.Service, w.cfg.Updates = c.Open, c.Probe, c.Service, c.Updates
	w.cfg.DownloadPage, w.cfg.Contact = c.DownloadPage, c.Contact
	w.cfg.LoginRoots, w.cfg.LoginTransport = c.LoginRoots, c.LoginTransport
	w.f.setup = nil
	w.checkVersion()
	w.retarget()
	w.startLook()
	w.bump()
	return nil
}
