// SPDX-License-Identifier: EUPL-1.2

package renewal_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/cmp"
	"rinnova.example/go/failure"
	"rinnova.example/go/trial"
)

// failing is the service whose database, or whose signing device, fails a number of times.
type failing struct {
	cmp.Authority
	err  error
	left int
}

func (f *failing) fails() error {
	if f.left--; f.left >= 0 {
		return f.err
	}
	return nil
}

func (f *failing) Update(ctx context.Context, r cmp.UpdateRequest) (*cmp.UpdateResponse, error) {
	if err := f.fails(); err != nil {
		return nil, err
	}
	return f.Authority.Update(ctx, r)
}

func (f *failing) Confirm(ctx context.Context, c cmp.ConfirmRequest) error {
	if err := f.fails(); err != nil {
		return err
	}
	return f.Authority.Confirm(ctx, c)
}

// troubles are faults that pass: each makes the exchanges of a service fail from the first kur on, n times.
var troubles = map[string]func(s *service, n int, at func() bool){
	"the connection is lost": func(s *service, n int, at func() bool) {
		s.exchange = func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if at() && n > 0 {
				n--
				panic(http.ErrAbortHandler)
			}
			next.ServeHTTP(w, r)
		}
	},
	"the answer is lost": func(s *service, n int, at func() bool) {
		s.exchange = func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if at() && n > 0 {
				n--
				next.ServeHTTP(discard{http.Header{}}, r)
				panic(http.ErrAbortHandler)
			}
			next.ServeHTTP(w, r)
		}
	},
	"the answer is cut": func(s *service, n int, at func() bool) {
		s.exchange = func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if at() && n > 0 {
				n--
				whole := httptest.NewRecorder()
				next.ServeHTTP(whole, r)
				w.Header().Set("Content-Type", "application/pkixcmp")
				w.Header().Set("Content-Length", whole.Header().Get("Content-Length"))
				_, _ = w.Write(whole.Body.Bytes()[:100])
				panic(http.ErrAbortHandler)
			}
			next.ServeHTTP(w, r)
		}
	},
	"500": status(http.StatusInternalServerError), "502": status(http.StatusBadGateway),
	"503":            status(http.StatusServiceUnavailable),
	"system failure": authority(errors.New("database is locked")),
	"unavailable":    authority(&cmp.Refusal{Info: cmp.SystemUnavail, Code: failure.InternalError, Text: "Riprova."}),
}

func status(code int) func(*service, int, func() bool) {
	return func(s *service, n int, at func() bool) {
		s.exchange = func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if at() && n > 0 {
				n--
				w.Header().Set("Retry-After", "7")
				w.WriteHeader(code)
				return
			}
			next.ServeHTTP(w, r)
		}
	}
}

func authority(err error) func(*service, int, func() bool) {
	return func(s *service, n int, at func() bool) {
		f := &failing{Authority: s.Handler.Authority, err: err}
		s.Handler.Authority = f
		s.exchange = func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if f.left = 0; at() && n > 0 {
				n--
				f.left = 1
			}
			next.ServeHTTP(w, r)
		}
	}
}

// TestRetry: after a fault that passes the program sends the same bytes again, shows that it waits, and asks for no
// code a second time. The card is renewed once.
func TestRetry(t *testing.T) {
	for name, trouble := range troubles {
		for _, first := range []int{2, 3} { // the kur, the certConf
			t.Run(name, func(t *testing.T) {
				s := newService(t)
				card := s.card("ID2019", 1, inWindow)
				old, before := certificateOf(t, card), oldFiles(t, card)
				messages, bodies := 0, map[string]int{}
				trouble(s, 2, func() bool { messages++; return messages >= first })
				inner := s.exchange
				s.exchange = func(w http.ResponseWriter, r *http.Request, next http.Handler) {
					body, _ := io.ReadAll(r.Body)
					r.Body = io.NopCloser(bytes.NewReader(body))
					bodies[string(body)]++
					inner(w, r, next)
				}
				who := someone()
				r := s.run(card, who, nil)
				r.Campaign = "prova"
				var pauses []renewal.Event
				r.Events = func(e renewal.Event) {
					if e.State == renewal.Waiting {
						pauses = append(pauses, e)
					}
				}
				if _, err := r.Run(t.Context()); err != nil {
					t.Fatal(err)
				}
				settled(t, s, card, old, before, 3)
				if messages != 5 || len(bodies) != 3 {
					t.Errorf("%d messages of %d bodies, want 5 of 3", messages, len(bodies))
				}
				if who.typed != 1 {
					t.Errorf("%d codes typed", who.typed)
				}
				step := map[int]string{2: "request", 3: "confirm"}[first]
				if len(pauses) != 2 || pauses[0].Step != step || pauses[0].For < time.Second ||
					pauses[1].Step != step || name == "503" && pauses[0].For < 7*time.Second {
					t.Errorf("waits %+v, want two in %s", pauses, step)
				}
			})
		}
	}
}

// TestPatienceEnds: a fault that stays ends the run after 90 seconds, with its own code; the next run finishes.
func TestPatienceEnds(t *testing.T) {
	for name, want := range map[string]string{"the connection is lost": "service-unreachable", "500": "service-error",
		"503": "service-busy", "system failure": "service-error"} {
		s := newService(t)
		card := s.card("ID2019", 1, inWindow)
		old, before := certificateOf(t, card), oldFiles(t, card)
		messages := 0
		troubles[name](s, 1000, func() bool { messages++; return messages >= 2 })
		journal, _ := memory()
		r := s.run(card, someone(), journal)
		r.Campaign = "prova"
		if _, err := r.Run(t.Context()); code(err) != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
		if waited := s.now.Sub(start); waited < 60*time.Second || waited > 90*time.Second {
			t.Errorf("%s: waited %v", name, waited)
		}
		s.exchange = nil
		s.Restart()
		r = s.run(card, someone(), journal)
		r.Campaign = "prova"
		if _, err := r.Run(t.Context()); err != nil {
			t.Errorf("%s, second run: %v", name, err)
		}
		settled(t, s, card, old, before, 3)
	}
}

// TestNotAgain: a refusal is told at once, and so is an answer that is not the service's.
func TestNotAgain(t *testing.T) {
	for name, c := range map[string]struct {
		answer func(w http.ResponseWriter, next http.Handler, r *http.Request)
		want   string
	}{
		"a portal": {func(w http.ResponseWriter, _ http.Handler, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html")
		}, "service-portal"},
		"a portal by its status": {func(w http.ResponseWriter, _ http.Handler, _ *http.Request) {
			w.WriteHeader(http.StatusNetworkAuthenticationRequired)
		}, "service-portal"},
		"a proxy": {func(w http.ResponseWriter, _ http.Handler, _ *http.Request) {
			w.WriteHeader(http.StatusProxyAuthRequired)
		}, "proxy-auth"},
		"no message": {func(w http.ResponseWriter, _ http.Handler, _ *http.Request) {
			w.Header().Set("Content-Type", "application/pkixcmp")
			_, _ = w.Write([]byte{0x30, 0})
		}, "service-untrusted"},
	} {
		s := newService(t)
		card := s.card("ID2019", 1, inWindow)
		messages := 0
		s.exchange = func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if messages++; messages == 1 {
				next.ServeHTTP(w, r)
				return
			}
			c.answer(w, next, r)
		}
		r := s.run(card, someone(), nil)
		r.Campaign = "prova"
		if _, err := r.Run(t.Context()); code(err) != c.want || messages != 2 || !s.now.Equal(start) {
			t.Errorf("%s: %v after %d messages, want %s", name, err, messages, c.want)
		}
	}
}

// TestSecretReplaced: between kup and certConf the service's secret is replaced. The program repeats the request in
// another transaction, gets the same certificate and confirms it.
func TestSecretReplaced(t *testing.T) {
	s := newService(t)
	card := s.card("ID2019", 1, inWindow)
	old, before := certificateOf(t, card), oldFiles(t, card)
	messages := 0
	s.exchange = func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if messages++; messages == 3 {
			s.Handler.Secrets = [][]byte{[]byte("a secret of which nothing was made")}
		}
		next.ServeHTTP(w, r)
	}
	who := someone()
	r := s.run(card, who, nil)
	r.Campaign = "prova"
	if _, err := r.Run(t.Context()); err != nil || messages != 5 || who.typed != 1 {
		t.Errorf("%v after %d messages and %d codes", err, messages, who.typed)
	}
	settled(t, s, card, old, before, 3)
	if n := s.valid(old); n[trial.Installed] != 1 {
		t.Errorf("valid: %v", n)
	}
}
