// SPDX-License-Identifier: EUPL-1.2

package gate

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

const (
	stranger = "192.0.2.66"
	citizen  = "198.51.100.7"
)

// TestSilentSockets: 1,024 sockets of one address that say nothing. The oldest of them go as new ones come, and both a
// stranger's neighbour and everybody else are served at once.
func TestSilentSockets(t *testing.T) {
	bubble(func(t *testing.T) {
		n, g := serve(t, Config{}, ok)
		var all []net.Conn
		for range 1024 {
			c := n.dial(stranger)
			defer c.Close()
			all = append(all, c)
			time.Sleep(time.Millisecond)
		}
		synctest.Wait()
		if open := g.open(); open != 512 {
			t.Errorf("%d connections are open, want the 512 of one address", open)
		}
		honest(t, n, citizen)
		honest(t, n, stranger)
		if !ends(all[0], time.Millisecond) || ends(all[1000], time.Millisecond) {
			t.Error("not the oldest were closed")
		}
		time.Sleep(2 * time.Second)
		if open := g.open(); open > 512 {
			t.Errorf("%d are open", open)
		}
		time.Sleep(9 * time.Second)
		if open := g.open(); open != 0 {
			t.Errorf("%d silent connections live after 12 seconds", open)
		}
	})(t)
}

// TestManyAddresses: where all connections are taken, the address with most of them gives its oldest.
func TestManyAddresses(t *testing.T) {
	bubble(func(t *testing.T) {
		n, g := serve(t, Config{Connections: 100, PerAddress: 50}, ok)
		for i := range 100 {
			from := stranger
			if i >= 40 {
				from = fmt.Sprintf("203.0.113.%d", i)
			}
			defer n.dial(from).Close()
		}
		synctest.Wait()
		for i := range 20 {
			honest(t, n, fmt.Sprintf("198.51.100.%d", i))
			synctest.Wait()
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		if left := len(g.hosts[placeOf(hostOf(&net.TCPAddr{IP: net.ParseIP(stranger)}))]); left != 39 {
			t.Errorf("%d of 40 connections are left", left)
		}
	})(t)
}

// drip sends a byte each second until it fails.
func drip(c net.Conn, begin string) {
	io.WriteString(c, begin)
	for {
		if _, err := c.Write([]byte("a")); err != nil {
			return
		}
		time.Sleep(time.Second)
	}
}

// TestHalfRequests: headers and bodies that come a byte in a second end soon, and cost the others nothing.
func TestHalfRequests(t *testing.T) {
	for name, begin := range map[string]string{
		"header":         "GET / HTTP/1.1\r\nHost: x\r\nX: ",
		"second header":  get + "GET / HTTP/1.1\r\nHost: x\r\nX: ",
		"body":           "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n",
		"chunked":        "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n",
		"body not begun": "POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nContent-Length: 60000\r\n\r\n",
	} {
		t.Run(name, bubble(func(t *testing.T) {
			var working atomic.Int64
			n, g := serve(t, Config{}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				working.Add(1)
				defer working.Add(-1)
				if _, err := io.Copy(io.Discard, r.Body); err != nil {
					w.WriteHeader(http.StatusBadRequest)
				}
			}))
			for range 400 {
				c := n.dial(stranger)
				defer c.Close()
				go io.Copy(io.Discard, c)
				go drip(c, begin)
			}
			time.Sleep(time.Second)
			honest(t, n, citizen)
			honest(t, n, stranger)
			time.Sleep(12 * time.Second)
			if open := g.open(); open != 0 {
				t.Errorf("%d connections live after 13 seconds", open)
			}
			if left := working.Load(); left != 0 {
				t.Errorf("%d requests are still at work", left)
			}
		}))
	}
}

// TestUnreadDownloads: downloads that are not read end, and have a quota, beside which lists of revocations pass.
func TestUnreadDownloads(t *testing.T) {
	bubble(func(t *testing.T) {
		var working, most atomic.Int64
		n, g := serve(t, Config{}, Quota("/scarica/", 256, 64, http.HandlerFunc(
			func(w http.ResponseWriter, r *http.Request) {
				if r.URL.Path == "/" {
					return
				}
				most.Store(max(most.Load(), working.Add(1)))
				defer working.Add(-1)
				http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Hour))
				io.Copy(w, io.LimitReader(zeros{}, 10<<20))
			})))
		for range 300 {
			c := n.dial(stranger)
			defer c.Close()
			go io.WriteString(c, "GET /scarica/a.msi HTTP/1.1\r\nHost: x\r\n\r\n")
		}
		time.Sleep(time.Second)
		if n := most.Load(); n != 64 {
			t.Errorf("%d downloads of one address at the same time", n)
		}
		honest(t, n, citizen)
		honest(t, n, stranger)
		time.Sleep(30 * time.Second)
		if open, left := g.open(), working.Load(); open != 0 || left != 0 {
			t.Errorf("%d connections and %d downloads live after half a minute", open, left)
		}
	})(t)
}

type zeros struct{}

func (zeros) Read(b []byte) (int, error) { clear(b); return len(b), nil }

// TestSlowDownload: a download over a slow line arrives whole; one that takes 100 bytes in a second does not.
func TestSlowDownload(t *testing.T) {
	const size = 100 << 10
	for _, perSecond := range []int{100, 2 << 10} {
		t.Run(fmt.Sprint(perSecond), bubble(func(t *testing.T) {
			n, _ := serve(t, Config{}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				http.NewResponseController(w).SetWriteDeadline(time.Now().Add(time.Hour))
				w.Write(make([]byte, size))
			}))
			c := n.dial(citizen)
			defer c.Close()
			go io.WriteString(c, get)
			got := 0
			for got < size {
				k, err := c.Read(make([]byte, perSecond))
				if got += k; err != nil {
					break
				}
				time.Sleep(time.Second)
			}
			if whole := got >= size; whole != (perSecond > 1000) {
				t.Errorf("%d of %d bytes arrived", got, size)
			}
		}))
	}
}

// TestIdleConnections: connections that were used once and are kept give way to new ones, the oldest first, and
// many are kept for a shorter time; one alone is kept for two minutes.
func TestIdleConnections(t *testing.T) {
	bubble(func(t *testing.T) {
		n, g := serve(t, Config{}, ok)
		var all []net.Conn
		for range 600 {
			c := n.dial(stranger)
			defer c.Close()
			if status := ask(c, get); status != http.StatusOK {
				t.Fatalf("status %d", status)
			}
			all = append(all, c)
			time.Sleep(time.Millisecond)
		}
		if open := g.open(); open != 512 {
			t.Errorf("%d are open", open)
		}
		honest(t, n, stranger)
		if status := ask(all[599], get); status != http.StatusOK {
			t.Errorf("the youngest got status %d", status)
		}
		if !ends(all[0], time.Millisecond) {
			t.Error("the oldest is open")
		}
		time.Sleep(60 * time.Second)
		if open := g.open(); open == 0 || open > 450 {
			t.Errorf("%d are open after a minute: the younger ones came when few were free", open)
		}
		time.Sleep(61 * time.Second)
		if open := g.open(); open != 0 {
			t.Errorf("%d are open after two minutes", open)
		}
		c := n.dial(stranger)
		defer c.Close()
		if status := ask(c, get); status != http.StatusOK || ends(c, 110*time.Second) || !ends(c, 20*time.Second) {
			t.Errorf("status %d, or one alone is not kept for two minutes", status)
		}
	})(t)
}

// TestCarrier: five hundred cards behind one carrier's address, each with the eight messages of a renewal on one
// connection, all at the same time, and with new connections after half of them: no request is refused.
func TestCarrier(t *testing.T) {
	bubble(func(t *testing.T) {
		n, _ := serve(t, Config{}, ok)
		var served atomic.Int64
		var wg sync.WaitGroup
		for range 500 {
			wg.Go(func() {
				for range 2 {
					c := n.dial(stranger)
					for range 4 {
						if ask(c, get) == http.StatusOK {
							served.Add(1)
						}
						time.Sleep(3 * time.Second)
					}
					c.Close()
				}
			})
		}
		wg.Wait()
		if got := served.Load(); got != 4000 {
			t.Errorf("%d of 4000 messages were served", got)
		}
	})(t)
}

// TestRequestBudget: an address that asks without end is told to wait; another one is served.
func TestRequestBudget(t *testing.T) {
	bubble(func(t *testing.T) {
		n, _ := serve(t, Config{Asked: Budget{10, 50}}, ok)
		c := n.dial(stranger)
		defer c.Close()
		count := map[int]int{}
		for range 80 {
			count[ask(c, get)]++
		}
		if count[http.StatusOK] != 50 || count[http.StatusServiceUnavailable] != 30 {
			t.Errorf("answers by status: %v", count)
		}
		honest(t, n, citizen)
		time.Sleep(time.Second)
		if status := ask(c, get); status != http.StatusOK {
			t.Errorf("a second later: %d", status)
		}
	})(t)
}

// TestOpenedBudget: an address that opens connections without end has no more handshakes.
func TestOpenedBudget(t *testing.T) {
	bubble(func(t *testing.T) {
		n, _ := serve(t, Config{Opened: Budget{10, 50}}, ok)
		served := 0
		for range 80 {
			c := n.dial(stranger)
			if ask(c, get) == http.StatusOK {
				served++
			}
			c.Close()
		}
		if served != 50 {
			t.Errorf("%d of 80 connections were served, want 50", served)
		}
		honest(t, n, citizen)
	})(t)
}

// TestWorkIsNotCancelled: the deadlines of a request's body are not those of its work.
func TestWorkIsNotCancelled(t *testing.T) {
	bubble(func(t *testing.T) {
		n, _ := serve(t, Config{}, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			select {
			case <-r.Context().Done():
				w.WriteHeader(http.StatusGatewayTimeout)
			case <-time.After(25 * time.Second):
			}
		}))
		c := n.dial(citizen)
		defer c.Close()
		if status := ask(c, "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"); status != http.StatusOK {
			t.Errorf("status %d", status)
		}
		if status := ask(c, strings.Replace(get, "x", "y", 1)); status != http.StatusOK {
			t.Errorf("then status %d", status)
		}
	})(t)
}

// TestHugeHeader: a header of more than 16 KiB, and the slack of net/http, is refused before it is whole.
func TestHugeHeader(t *testing.T) {
	bubble(func(t *testing.T) {
		n, _ := serve(t, Config{}, ok)
		c := n.dial(stranger)
		defer c.Close()
		line := "X: " + strings.Repeat("a", 1000) + "\r\n"
		if status := ask(c, strings.TrimSuffix(get, "\r\n")+strings.Repeat(line, 1000)); status != 431 {
			t.Errorf("status %d", status)
		}
	})(t)
}

// TestGrace: with more grace a client may begin later, as one that asks a person for a PIN.
func TestGrace(t *testing.T) {
	bubble(func(t *testing.T) {
		n, _ := serve(t, Config{Grace: 30 * time.Second}, ok)
		for after, want := range map[time.Duration]int{25 * time.Second: http.StatusOK, 35 * time.Second: 0} {
			c := n.dial(citizen)
			defer c.Close()
			time.Sleep(after)
			if status := ask(c, get); status != want {
				t.Errorf("a request after %v got status %d, want %d", after, status, want)
			}
		}
	})(t)
}
