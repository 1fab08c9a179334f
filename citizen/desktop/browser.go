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

// ErrAlreadyOpen reports that another window of this program is open on this account.
var ErrAlreadyOpen = errors.New("the program is already open")

// secretHeader carries the secret of this run with every request to the program. The secret is not in a cookie,
// because a browser sends a cookie to every port of 127.0.0.1.
const secretHeader = "X-Rinnova-Secret"

// absent is the time without a request after which the program ends. A browser slows the timers of a page in the
// background, but the page's waiting request returns within pollFor.
const absent = 45 * time.Second

// reload is the time that a page may take to load again.
const reload = 5 * time.Second

// Browser is the shell that shows the page in the citizen's browser, on 127.0.0.1 at a random port. The page
// exchanges the code in its address, once, for the secret of this run, and keeps the secret while it is open.
type Browser struct {
	window   *Window
	listener net.Listener
	code     string
	used     atomic.Bool // the code was exchanged
	intruded chan struct{}
	secret   string
	server   *http.Server
}

// NewBrowser listens on 127.0.0.1. URL returns the address to open. On Linux it closes connections of other users of
// the computer.
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

// ownPeers accepts connections of this program's user only, on systems that tell the user of a socket.
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

// URL returns the address that opens the page. The code is in the fragment, which no request carries. A program that
// sees the browser's command line sees the code too; Page hides it from other users.
func (b *Browser) URL() string { return b.origin() + "/#" + b.code }

// Page writes a page that leads to URL into a new folder that only this user can read, and returns its path. remove
// deletes the folder.
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

// Serve serves until ctx ends or no page has asked for the state for too long. It does not stop during a renewal.
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
				// unattendedFor exceeds absent soon after the page's good-bye, unless the page loads again.
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
	// An answer under way is delivered, such as the refusal that a second page has to show.
	ctx, stop := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer stop()
	if b.server.Shutdown(ctx) == nil {
		return nil
	}
	return b.server.Close()
}

// working reports whether a renewal is at work and waits for no answer of the person.
func (w *Window) working() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.f.running != nil && w.f.running.prompt == nil
}

// guard lets in only the page that has the secret. It answers 421 to another host name (DNS rebinding), 403 without
// the secret, and 403 to another origin. The files of the page are public and need no secret.
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

// enter exchanges the code for the secret, once. A second exchange means that another program knows the code: the
// program then ends, unless a renewal runs.
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

// LockInstance makes sure that one window is open on this account. It locks a file in dir until the program ends,
// also by a crash. A second caller gets ErrAlreadyOpen.
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
