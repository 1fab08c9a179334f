// SPDX-License-Identifier: EUPL-1.2

package gate

import (
	"bufio"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// network is a listener in memory. Its connections buffer nothing.
type network struct {
	dialled chan net.Conn
	closed  chan struct{}
	once    sync.Once
}

func (n *network) Accept() (net.Conn, error) {
	select {
	case c := <-n.dialled:
		return c, nil
	case <-n.closed:
		return nil, net.ErrClosed
	}
}

func (n *network) Close() error {
	n.once.Do(func() { close(n.closed) })
	return nil
}

func (n *network) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: 1} }

type peer struct {
	net.Conn
	address net.Addr
}

func (p peer) RemoteAddr() net.Addr { return p.address }

// dial connects from an IP address.
func (n *network) dial(from string) net.Conn {
	here, there := net.Pipe()
	n.dialled <- peer{there, &net.TCPAddr{IP: net.ParseIP(from), Port: 40000}}
	return here
}

// serve starts a server in a bubble of fake time, and returns its network.
func serve(t *testing.T, c Config, handler http.Handler) (*network, *Gate) {
	t.Helper()
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	g, n := New(c), &network{dialled: make(chan net.Conn), closed: make(chan struct{})}
	server := g.Server(handler)
	l := g.Listen(n)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(l) }()
	t.Cleanup(func() {
		server.Close()
		if err := <-ended; !errors.Is(err, http.ErrServerClosed) {
			t.Errorf("the server ended with %v", err)
		}
	})
	return n, g
}

// bubble runs a test in fake time.
func bubble(test func(*testing.T)) func(*testing.T) {
	return func(t *testing.T) { synctest.Test(t, test) }
}

// ask sends one request on a connection and returns the status; 0 where none came.
func ask(c net.Conn, request string) int {
	go io.WriteString(c, request)
	response, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	io.Copy(io.Discard, response.Body)
	return response.StatusCode
}

const get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n"

// honest asks from an address on a new connection, and fails unless the answer comes within a second.
func honest(t *testing.T, n *network, from string) {
	t.Helper()
	start := time.Now()
	c := n.dial(from)
	defer c.Close()
	if status := ask(c, get); status != http.StatusOK {
		t.Errorf("%s got status %d", from, status)
	}
	if took := time.Since(start); took > time.Second {
		t.Errorf("%s was served after %v", from, took)
	}
}

// ends reports whether the server closes a connection within a time.
func ends(c net.Conn, within time.Duration) bool {
	c.SetReadDeadline(time.Now().Add(within))
	_, err := io.Copy(io.Discard, c)
	var late net.Error
	return !errors.As(err, &late) || !late.Timeout()
}

var ok = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, "ok") })

func (g *Gate) open() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.connections
}

// lockedText is a log that a test reads while the server writes.
type lockedText struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lockedText) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lockedText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}
