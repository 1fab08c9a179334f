// SPDX-License-Identifier: EUPL-1.2

package desktop

import (
	"context"
	"embed"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"runtime"
	"strconv"
	"time"

	"rinnova.example/go/citizen/doctor"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/guide"
	"rinnova.example/go/operator"
)

// dist is the front end as Vite builds it. Without a build it holds one empty file.
//
//go:embed all:frontend/dist
var dist embed.FS

// unbuilt is the page of a program that was built without the front end.
const unbuilt = `<!DOCTYPE html><html lang="it"><meta charset="utf-8"><title>Rinnova</title><body><main><h1>Rinnova</h1>` +
	`<p>Questa copia del programma è stata compilata senza le pagine della finestra. Usa il comando <code>rinnova renew</code>, oppure compila con <code>make window</code>.</p></main></body></html>`

// pollFor is the longest time that a request for the state waits for a change.
const pollFor = 20 * time.Second

// maxBody is the largest body of a request, and so the longest code, in bytes.
const maxBody = 256

// contentPolicy is the Content-Security-Policy of every answer. Bootstrap Italia's CSS has its icons in data: URLs.
const contentPolicy = "default-src 'none'; " +
	"script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
	"connect-src 'self'; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'"

// Handler serves the page and its API. It authenticates no request: the shell does that before it.
func (w *Window) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/state", w.serveState)
	mux.HandleFunc("GET /api/diagnosis", w.serveDiagnosis)
	mux.HandleFunc("GET /api/guide", serveGuide)
	mux.HandleFunc("GET /figure/{name}", serveFigure)
	take := func(path string, most int64, act func(*http.Request) error) {
		mux.HandleFunc("POST /api/"+path, func(rw http.ResponseWriter, r *http.Request) {
			r.Body = http.MaxBytesReader(rw, r.Body, most)
			if err := act(r); err != nil {
				status := http.StatusConflict
				if !errors.Is(err, errState) {
					status = http.StatusBadRequest
				}
				http.Error(rw, http.StatusText(status), status)
				return
			}
			answer(rw, struct{}{})
		})
	}
	post := func(path string, act func(*http.Request) error) { take(path, maxBody, act) }
	take("service", maxEntry, w.enter)
	post("renew", func(r *http.Request) error { return w.renew(r.FormValue("series"), r.FormValue("campaign")) })
	post("pin-change", func(*http.Request) error { return w.replacePIN(renewal.TaskChangePIN) })
	post("pin-unblock", func(*http.Request) error { return w.replacePIN(renewal.TaskUnblockPIN) })
	post("code", w.takeCode)
	post("answer", func(r *http.Request) error {
		id, err := strconv.Atoi(r.URL.Query().Get("prompt"))
		if err != nil {
			return err
		}
		return w.give(id, reply{text: r.FormValue("answer")})
	})
	post("at-reader", func(r *http.Request) error {
		id, err := strconv.Atoi(r.URL.Query().Get("prompt"))
		if err != nil {
			return err
		}
		return w.give(id, reply{}) // no code: it is typed at the reader
	})
	post("back", func(r *http.Request) error {
		id, err := strconv.Atoi(r.URL.Query().Get("prompt"))
		if err != nil {
			return err
		}
		return w.give(id, reply{err: renewal.ErrCancelled})
	})
	post("choose", func(r *http.Request) error { return w.choose(r.FormValue("reader")) })
	for path, act := range map[string]func() error{
		"another": w.another, "again": w.again, "close": w.dismiss, "resume": w.resume, "login": w.login,
		"report": w.saveReport,
		"skip":   func() error { return w.pause(true) }, "extend": func() error { return w.pause(false) },
		"stay": func() error { w.stay(); return nil }, "leave": func() error { w.leave(); return nil },
		"update-hide": w.hideUpdate, "browse": w.browse, "keep": w.keepService, "correct": w.correct,
		"gone": func() error { w.gone(); return nil },
	} {
		post(path, func(*http.Request) error { return act() })
	}
	mux.HandleFunc("POST /api/diagnosis-save", w.saveDiagnosis)
	post("mend", func(r *http.Request) error { return w.mend(doctor.Action(r.FormValue("action"))) })
	mux.HandleFunc("GET /api/browsers", w.serveBrowsers)
	if w.cfg.Browsers != nil {
		mux.HandleFunc("POST /api/browsers", w.changeBrowsers)
	}
	if w.cfg.Demo != nil {
		post("demo", func(r *http.Request) error {
			err := w.cfg.Demo.Do(r.Context(), r.FormValue("action"), r.FormValue("series"), r.FormValue("fault"))
			w.set(func(*facts) {}) // the state includes the bench
			return err
		})
	}
	mux.HandleFunc("/api/", func(rw http.ResponseWriter,
		_ *http.Request) {
		http.Error(rw, "not found", http.StatusNotFound)
	})
	files, err := fs.Sub(dist, "frontend/dist")
	if err != nil {
		panic(err) // the embed directive is wrong
	}
	mux.Handle("/", page(files))
	return headers(mux)
}

// serveGuide sends the guide as the content of a page. It needs no service.
func serveGuide(rw http.ResponseWriter, _ *http.Request) {
	text, err := guide.HTML(guide.Facts{})
	if err != nil {
		http.Error(rw, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	rw.Header().Set("Content-Type", "text/html; charset=utf-8")
	io.WriteString(rw, string(text))
}

func serveFigure(rw http.ResponseWriter, r *http.Request) {
	picture, kind, ok := guide.Figure(r.PathValue("name"))
	if !ok {
		http.NotFound(rw, r)
		return
	}
	rw.Header().Set("Content-Type", kind)
	rw.Write(picture)
}

// page serves the built front end, or unbuilt if there is none.
func page(files fs.FS) http.Handler {
	if _, err := fs.Stat(files, "index.html"); err != nil {
		return http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
			rw.Header().Set("Content-Type", "text/html; charset=utf-8")
			io.WriteString(rw, unbuilt)
		})
	}
	return http.FileServerFS(files)
}

func headers(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		h := rw.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=(), payment=()")
		h.Set("Cache-Control", "no-store")
		// The web view of Windows hangs on a 304, so no request is conditional.
		r.Header.Del("If-None-Match")
		r.Header.Del("If-Modified-Since")
		next.ServeHTTP(rw, r)
	})
}

func answer(rw http.ResponseWriter, v any) {
	b, err := json.Marshal(v)
	if err != nil {
		panic(err) // a bug in this package's types
	}
	rw.Header().Set("Content-Type", "application/json")
	rw.Write(b)
}

// takeCode passes the request's body, a PIN or PUK, to the prompt of the given number. The renewal wipes it. A body
// of maxBody bytes or more is cut to maxBody-1 bytes, still longer than any code, so the renewal refuses it without
// sending it to the card.
func (w *Window) takeCode(r *http.Request) error {
	id, err := strconv.Atoi(r.URL.Query().Get("prompt"))
	if err != nil {
		return err
	}
	code := make([]byte, maxBody-1)
	n, err := io.ReadFull(r.Body, code)
	if err != nil && err != io.ErrUnexpectedEOF && err != io.EOF {
		clear(code)
		return err
	}
	return w.give(id, reply{code: code[:n]})
}

// State returns the state to show now.
func (w *Window) State() State {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.state()
}

func (w *Window) state() State {
	s := view(w.f, w.cfg.Now())
	s.Version, s.Program, s.Page = w.version, w.cfg.Version, w.cfg.DownloadPage
	s.System = System(runtime.GOOS)
	if contact := w.cfg.Contact; contact != (operator.Contact{}) {
		s.Contact = &contact
	}
	if w.cfg.Demo != nil {
		d := w.cfg.Demo.State()
		s.Demo = &d
	}
	return s
}

// serveState answers at once if the state is newer than since, else at the next change or after pollFor.
func (w *Window) serveState(rw http.ResponseWriter, r *http.Request) {
	since, err := strconv.Atoi(r.URL.Query().Get("since"))
	if err != nil {
		since = -1
	}
	ctx, cancel := context.WithTimeout(r.Context(), pollFor)
	defer cancel()
	if since >= 0 && w.cfg.OnDrawn != nil {
		w.drawn.Do(w.cfg.OnDrawn)
	}
	w.mu.Lock()
	w.polls++
	for w.version == since && ctx.Err() == nil && w.ctx.Err() == nil {
		changed := w.changed
		w.mu.Unlock()
		select {
		case <-changed:
		case <-ctx.Done():
		case <-w.ctx.Done():
		}
		w.mu.Lock()
	}
	w.polls--
	w.polled = time.Now()
	s := w.state()
	w.mu.Unlock()
	answer(rw, s)
}

// unattendedFor returns the time since a page last asked for the state, 0 while a request waits.
func (w *Window) unattendedFor() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.polls > 0 {
		return 0
	}
	return time.Since(w.polled)
}

// gone records the page's good-bye. A page that reloads asks again within reload.
func (w *Window) gone() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.polled = time.Now().Add(reload - absent)
}
