// SPDX-License-Identifier: EUPL-1.2

package desktop

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/gofrs/flock"
)

// ErrAlreadyOpen says that another window of this program is open.
var ErrAlreadyOpen = errors.New("the program is already open")

// cookie carries the token after its first use.
const cookie = "rinnova"

// absent is how long the page may be away before the program ends: a browser slows the timers of a page
// in the background, but a request that waits is answered within pollFor.
const absent = 45 * time.Second

// reload is how long a page takes to be loaded again.
const reload = 5 * time.Second

// Browser is the shell that shows the page in the citizen's browser: on 127.0.0.1, at a random port, to
// every page that has the token of this run.
type Browser struct {
	window   *Window
	listener net.Listener
	once     atomic.Pointer[string] // the token of the address, gone after its first use
	secret   string                 // what the cookie holds
	server   *http.Server
}

// NewBrowser listens. The address to open is URL's.
func NewBrowser(w *Window) (*Browser, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b := &Browser{window: w, listener: l, secret: rand.Text()}
	token := rand.Text()
	b.once.Store(&token)
	b.server = &http.Server{Handler: b.guard(w.Handler()), ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout: 30 * time.Second, MaxHeaderBytes: 16 << 10}
	return b, nil
}

// URL is the address that opens the page, once: it holds the token, which every program that sees the command line of
// the browser sees too. After its first use it is the address alone.
func (b *Browser) URL() string {
	if t := b.once.Load(); t != nil {
		return b.origin() + "/?t=" + *t
	}
	return b.origin() + "/"
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

// guard lets in the page that has the token, and no page that a link led here: another name for this address
// is 421 (DNS rebinding), no token 403, another origin 403.
func (b *Browser) guard(next http.Handler) http.Handler {
	host := b.listener.Addr().String()
	deny := func(rw http.ResponseWriter, status int) { http.Error(rw, http.StatusText(status), status) }
	return headers(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Host != host {
			deny(rw, http.StatusMisdirectedRequest)
			return
		}
		if t := r.URL.Query().Get("t"); r.Method == http.MethodGet && r.URL.Path == "/" && t != "" {
			once := b.once.Load()
			if once == nil || !same(t, *once) || !b.once.CompareAndSwap(once, nil) {
				deny(rw, http.StatusForbidden)
				return
			}
			http.SetCookie(rw, &http.Cookie{Name: cookie, Value: b.secret, Path: "/", HttpOnly: true,
				SameSite: http.SameSiteStrictMode})
			http.Redirect(rw, r, "/", http.StatusSeeOther)
			return
		}
		c, err := r.Cookie(cookie)
		if err != nil || !same(c.Value, b.secret) {
			deny(rw, http.StatusForbidden)
			return
		}
		if o := r.Header.Get("Origin"); o != "" && o != b.origin() || o == "" && r.Method != http.MethodGet {
			deny(rw, http.StatusForbidden)
			return
		}
		next.ServeHTTP(rw, r)
	}))
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
