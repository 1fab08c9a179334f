// SPDX-License-Identifier: EUPL-1.2

package desktop

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"time"

	"github.com/gofrs/flock"
)

// ErrAlreadyOpen says that another window of this program is open.
var ErrAlreadyOpen = errors.New("the program is already open")

// secretHeader carries the secret of this run with every request to the program. It is no cookie: a browser sends those
// to every port of 127.0.0.1.
const secretHeader = "X-Rinnova-Secret"

// absent is how long the page may be away before the program ends: a browser slows the timers of a page
// in the background, but a request that waits is answered within pollFor.
const absent = 45 * time.Second

// reload is how long a page takes to be loaded again.
const reload = 5 * time.Second

// Browser is the shell that shows the page in the citizen's browser: on 127.0.0.1, at a random port. The page exchanges
// the code of its address, once, for the secret of this run, and keeps that for as long as it is open.
type Browser struct {
	window   *Window
	listener net.Listener
	code     string
	used     atomic.Bool // the code was exchanged
	intruded chan struct{}
	secret   string
	server   *http.Server
}

// NewBrowser listens. The address to open is URL's. On Linux a connection of another user of the computer is closed.
func NewBrowser(w *Window) (*Browser, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b := &Browser{window: w, listener: ownPeers{l}, code: rand.Text(), secret: rand.Text(),
		intruded: make(chan struct{}, 1)}
	b.server = &http.Server{Handler: b.guard(w.Handler()), ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout: 30 * time.Second, MaxHeaderBytes: 16 << 10}
	return b, nil
}

// ownPeers accepts connections of this program's user only, where the system tells whose they are.
type ownPeers struct{ net.Listener }

func (l ownPeers) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil || ownPeer(c) {
			return c, err
		}
		c.Close()
	}
}

// URL is the address that opens the page, with the code in its fragment, which no request carries. A program that sees
// the browser's command line sees it too: Page keeps it from other users.
func (b *Browser) URL() string { return b.origin() + "/#" + b.code }

// Page writes a page that leads to URL, for this user only, into a new folder, and returns its path. remove takes the
// folder away.
func (b *Browser) Page() (path string, remove func(), err error) {
	dir, err := os.MkdirTemp("", "rinnova-") // of mode 0700
	if err != nil {
		return "", nil, err
	}
	remove = func() { os.RemoveAll(dir) }
	path = filepath.Join(dir, "rinnova.html")
	page := `<!DOCTYPE html><html lang="it"><meta charset="utf-8"><title>Rinnova</title>` +
		`<meta name="referrer" content="no-referrer"><meta http-equiv="refresh" content="0; url=` + b.URL() + `">` +
		`<p><a href="` + b.URL() + `">Rinnova</a></p></html>`
	if err := os.WriteFile(path, []byte(page), 0o600); err != nil {
		remove()
		return "", nil, err
	}
	return path, remove, nil
}

func (b *Browser) origin() string { return "http://" + b.listener.Addr().String() }

// Serve serves until ctx ends or the page has been away for long, but never in the middle of a renewal.
func (b *Browser) Serve(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		defer cancel()
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-b.intruded:
				if !b.window.Busy() {
					return
				}
			case <-tick.C:
				// Between good-bye and the first request of a page loaded again.
				if d := b.window.unattendedFor(); d > absent && !b.window.working() {
					return
				}
			}
		}
	}()
	ended := make(chan error, 1)
	go func() { ended <- b.server.Serve(b.listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
	}
	b.window.stop()
	return b.server.Close()
}

// working says whether a renewal does something that needs no person.
func (w *Window) working() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.f.running != nil && w.f.running.prompt == nil
}

// guard lets in the page that has the secret, and no page that a link led here: another name for this address is 421
// (DNS rebinding), no secret 403, another origin 403. The files of the page hold nothing and need no secret.
func (b *Browser) guard(next http.Handler) http.Handler {
	host := b.listener.Addr().String()
	deny := func(rw http.ResponseWriter, status int) { http.Error(rw, http.StatusText(status), status) }
	return headers(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		origin := r.Header.Get("Origin")
		switch {
		case r.Host != host:
			deny(rw, http.StatusMisdirectedRequest)
		case origin != "" && origin != b.origin(), origin == "" && r.Method != http.MethodGet:
			deny(rw, http.StatusForbidden)
		case r.URL.Path == "/api/enter" && r.Method == http.MethodPost:
			b.enter(rw, r)
		case strings.HasPrefix(r.URL.Path, "/api/") && !same(r.Header.Get(secretHeader), b.secret):
			deny(rw, http.StatusForbidden)
		default:
			next.ServeHTTP(rw, r)
		}
	}))
}

// enter exchanges the code for the secret, once. A second exchange shows that the code is known to another program: the
// program ends, unless a renewal runs.
func (b *Browser) enter(rw http.ResponseWriter, r *http.Request) {
	code, err := io.ReadAll(io.LimitReader(r.Body, 64))
	if err != nil || !same(string(code), b.code) {
		http.Error(rw, http.StatusText(http.StatusForbidden), http.StatusForbidden)
		return
	}
	if !b.used.CompareAndSwap(false, true) {
		http.Error(rw, http.StatusText(http.StatusForbidden), http.StatusForbidden)
		select {
		case b.intruded <- struct{}{}:
		default:
		}
		return
	}
	rw.Header().Set("Content-Type", "text/plain; charset=utf-8")
	io.WriteString(rw, b.secret)
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// LockInstance makes sure that one window is open on this account: it holds a file in dir until the program
// ends, however it ends. A second caller gets ErrAlreadyOpen.
func LockInstance(dir string) (release func(), err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	lock := flock.New(filepath.Join(dir, "window.lock"))
	switch held, err := lock.TryLock(); {
	case err != nil:
		return nil, err
	case !held:
		return nil, ErrAlreadyOpen
	}
	return func() { lock.Close() }, nil
}
