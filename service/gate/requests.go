// SPDX-License-Identifier: EUPL-1.2

package gate

import (
	"errors"
	"io"
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"time"
)

// requests takes a token of the client's address for each request and bounds how slowly its body may come. Over TLS it
// tells browsers to use TLS only (RFC 6797 §7.1; §7.2: not without TLS).
func (g *Gate) requests(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS != nil {
			w.Header().Set("Strict-Transport-Security", "max-age=31536000")
		}
		place := clientOf(r)
		if wait := g.asked.Take(place, time.Now()); wait > 0 {
			refuse(w, wait, "Troppe richieste da questo indirizzo. Riprova fra poco.")
			return
		}
		if r.Body != http.NoBody {
			r.Body = &body{ReadCloser: r.Body, gate: g, place: place, since: time.Now(),
				control: http.NewResponseController(w)}
		}
		next.ServeHTTP(w, r)
	})
}

func clientOf(r *http.Request) netip.Prefix {
	client, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Prefix{}
	}
	return placeOf(client.Addr().Unmap().WithZone(""))
}

func refuse(w http.ResponseWriter, wait time.Duration, text string) {
	w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	http.Error(w, text, http.StatusServiceUnavailable)
}

// body is a request's body with a deadline that each byte received puts off.
type body struct {
	io.ReadCloser
	gate     *Gate
	place    netip.Prefix
	since    time.Time
	received int
	control  *http.ResponseController
}

func (b *body) Read(p []byte) (int, error) {
	until := b.since.Add(b.gate.patience(b.place, b.gate.Grace) + b.gate.timeOf(b.received))
	if whole := b.since.Add(readTime); until.After(whole) {
		until = whole
	}
	if err := b.control.SetReadDeadline(until); err != nil {
		return 0, err
	}
	n, err := b.ReadCloser.Read(p)
	b.received += n
	if errors.Is(err, io.EOF) {
		// The server reads on while the request is at work: a deadline would cancel it.
		if reset := b.control.SetReadDeadline(time.Time{}); reset != nil {
			return n, reset
		}
	}
	return n, err
}

// Quota bounds the requests for paths that begin with prefix that are at work at the same time: in all, and of one
// address. The others pass.
func Quota(prefix string, all, perAddress int, next http.Handler) http.Handler {
	var mu sync.Mutex
	total, of := 0, map[netip.Prefix]int{}
	enter := func(place netip.Prefix) bool {
		mu.Lock()
		defer mu.Unlock()
		if total >= all || of[place] >= perAddress {
			return false
		}
		total++
		of[place]++
		return true
	}
	leave := func(place netip.Prefix) {
		mu.Lock()
		defer mu.Unlock()
		total--
		if of[place]--; of[place] == 0 {
			delete(of, place)
		}
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, prefix) {
			place := clientOf(r)
			if !enter(place) {
				refuse(w, 30*time.Second, "Troppi scaricamenti in corso. Riprova fra poco.")
				return
			}
			defer leave(place)
		}
		next.ServeHTTP(w, r)
	})
}
