// SPDX-License-Identifier: EUPL-1.2

package gate

import (
	"bytes"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pires/go-proxyproto"
)

// TestPlace: IPv4 counts by the address, IPv6 by the network of a subscriber.
func TestPlace(t *testing.T) {
	for from, want := range map[string]string{
		"192.0.2.1":            "192.0.2.1/32",
		"::ffff:192.0.2.1":     "192.0.2.1/32",
		"2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
		"2001:db8:1:2:ffff::":  "2001:db8:1:2::/64",
		"2001:db8:1:3:3:4:5:6": "2001:db8:1:3::/64",
		"fe80::1":              "fe80::/64",
	} {
		if got := placeOf(hostOf(&net.TCPAddr{IP: net.ParseIP(from), Zone: "eth0"})); got.String() != want {
			t.Errorf("%s counts as %s, want %s", from, got, want)
		}
		r := &http.Request{RemoteAddr: net.JoinHostPort(from, "1")}
		if got := clientOf(r); got.String() != want {
			t.Errorf("a request from %s counts as %s, want %s", from, got, want)
		}
	}
}

// TestPatience: deadlines are whole until half of the connections, or of one address's share, are taken, and three
// tenths when all are.
func TestPatience(t *testing.T) {
	one := netip.MustParsePrefix("192.0.2.1/32")
	for _, c := range []struct {
		all, own int
		want     time.Duration
	}{{0, 0, 10 * time.Second}, {50, 5, 10 * time.Second}, {75, 0, 6500 * time.Millisecond}, {100, 0, 3 * time.Second},
		{10, 10, 3 * time.Second}, {8, 7, 7200 * time.Millisecond}} {
		g := New(Config{Connections: 100, PerAddress: 10})
		g.connections, g.hosts[one] = c.all, map[*connection]bool{}
		for range c.own {
			g.hosts[one][new(connection)] = true
		}
		if got := g.patience(one, 10*time.Second).Round(time.Millisecond); got != c.want {
			t.Errorf("with %d of 100 and %d of 10: %v, want %v", c.all, c.own, got, c.want)
		}
	}
}

// TestProxyProtocol: a listed peer names the client, whose address is counted; no other header is believed.
func TestProxyProtocol(t *testing.T) {
	loopback, err := ParsePeers([]string{"127.0.0.1", "2001:db8::/32"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := ParsePeers([]string{"127.0.0"}); err == nil {
		t.Error("127.0.0 is taken for an address")
	}
	elsewhere := []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")}
	header := func(version byte) string {
		h := proxyproto.HeaderProxyFromAddrs(version, &net.TCPAddr{IP: net.ParseIP(citizen), Port: 4711},
			&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 443})
		b, err := h.Format()
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for name, c := range map[string]struct {
		listed []netip.Prefix
		send   string
		status int    // 0: closed without an answer
		client string // that the handler sees
	}{
		"version 2":               {loopback, header(2) + get, 200, citizen + ":4711"},
		"version 1":               {loopback, header(1) + get, 0, ""},
		"no header":               {loopback, get, 0, ""},
		"peer that is not listed": {elsewhere, header(2) + get, 400, ""},
		"not listed, none":        {elsewhere, get, 200, "127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			var client string
			g := New(Config{ProxyFrom: c.listed, Log: slog.New(slog.DiscardHandler)})
			server := g.Server(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { client = r.RemoteAddr }))
			defer server.Close()
			go server.Serve(g.Listen(l))
			conn, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			conn.SetDeadline(time.Now().Add(10 * time.Second))
			if status := ask(conn, c.send); status != c.status || !strings.HasPrefix(client, c.client) {
				t.Errorf("status %d and client %q, want %d and %q", status, client, c.status, c.client)
			}
		})
	}
}

// failing is a listener that fails a few times first.
type failing struct {
	net.Listener
	mu    sync.Mutex
	times int
}

func (f *failing) Accept() (net.Conn, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.times > 0 {
		f.times--
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
	}
	return f.Listener.Accept()
}

// TestAcceptErrors: without a free file descriptor the log says so, and the next client is served.
func TestAcceptErrors(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var log lockedText
	g := New(Config{Log: slog.New(slog.NewTextHandler(&log, nil))})
	server := g.Server(ok)
	defer server.Close()
	go server.Serve(g.Listen(&failing{Listener: l, times: 3}))
	response, err := http.Get("http://" + l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	if n := strings.Count(log.String(), "level=ERROR"); n != 3 ||
		!strings.Contains(log.String(), "too many open files") {
		t.Errorf("log:\n%s", log.String())
	}
}

// TestServerLog: a panic of ours is an error in the log, a stranger's failed handshake is not.
func TestServerLog(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var log lockedText
	g := New(Config{Log: slog.New(slog.NewTextHandler(&log, nil))})
	server := g.Server(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("a fault") }))
	defer server.Close()
	go server.Serve(g.Listen(l))
	if response, err := http.Get("http://" + l.Addr().String()); !errors.Is(err, io.EOF) {
		t.Errorf("%v, %v", response, err)
	}
	server.ErrorLog.Print("http: TLS handshake error from 192.0.2.1:1: EOF")
	for range 100 {
		server.ErrorLog.Print("http: panic serving 192.0.2.1:1: again")
	}
	text := log.String()
	if n := strings.Count(text, "level=ERROR"); n != 20 || !strings.Contains(text, "a fault") ||
		strings.Contains(text, "handshake") {
		t.Errorf("%d errors in the log:\n%.2000s", n, text)
	}
}

// TestSampled: beyond the bucket records are counted, and the next one says how many.
func TestSampled(t *testing.T) {
	bubble(func(t *testing.T) {
		var out bytes.Buffer
		log := slog.New(Sampled(slog.NewTextHandler(&out, nil), Budget{1, 3})).With("request", "kur")
		for range 10 {
			log.Info("refused")
		}
		time.Sleep(time.Second)
		log.Info("refused")
		log.Info("refused")
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if len(lines) != 4 || strings.Contains(lines[2], "unlogged") ||
			!strings.HasSuffix(lines[3], "request=kur unlogged=7") {
			t.Errorf("log:\n%s", out.String())
		}
	})(t)
}

// TestBuckets: each key pays for itself, and the buckets are bounded.
func TestBuckets(t *testing.T) {
	b, now := NewBuckets[int](Budget{1, 2}), time.Now()
	for _, want := range []time.Duration{0, 0, time.Second, time.Second} {
		if got := b.Take(1, now); got != want {
			t.Errorf("wait %v, want %v", got, want)
		}
	}
	if b.Take(2, now) != 0 || b.Take(1, now.Add(time.Second)) != 0 {
		t.Error("another key, or a second later, has to wait")
	}
	for key := range 5 * generation {
		b.Take(key, now)
		b.Take(-1, now)
	}
	if n := len(b.young) + len(b.aged); n > 2*generation {
		t.Errorf("%d buckets", n)
	}
	if b.Take(-1, now) == 0 {
		t.Error("a bucket in use was forgotten")
	}
}

// TestStrictTransport: HSTS is sent over TLS alone (RFC 6797 §7.2).
func TestStrictTransport(t *testing.T) {
	handler := New(Config{}).requests(ok)
	for _, state := range []*tls.ConnectionState{nil, {}} {
		r, w := httptest.NewRequest(http.MethodGet, "/", nil), httptest.NewRecorder()
		r.TLS = state
		handler.ServeHTTP(w, r)
		if got := w.Header().Get("Strict-Transport-Security"); (got != "") != (state != nil) {
			t.Errorf("TLS %v: %q", state != nil, got)
		}
	}
}
