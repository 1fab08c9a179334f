// SPDX-License-Identifier: EUPL-1.2

package gate

import (
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/pires/go-proxyproto"
)

// Listen returns a listener that admits connections of l. The listener logs an error of l, as when no file descriptor
// is left, and goes on accepting.
func (g *Gate) Listen(l net.Listener) net.Listener {
	if len(g.ProxyFrom) > 0 {
		l = &proxyproto.Listener{Listener: l, ReadHeaderTimeout: proxyHeaderTime,
			ConnPolicy:     g.proxyPolicy,
			ValidateHeader: requireVersion2,
		}
	}
	return &listener{Listener: l, gate: g, admitted: make(chan net.Conn), closed: make(chan struct{})}
}

// proxyHeaderTime bounds the wait for the PROXY header, which a peer sends at once.
const proxyHeaderTime = 2 * time.Second

func (g *Gate) proxyPolicy(o proxyproto.ConnPolicyOptions) (proxyproto.Policy, error) {
	peer := hostOf(o.Upstream)
	for _, p := range g.ProxyFrom {
		if p.Contains(peer) {
			return proxyproto.REQUIRE, nil
		}
	}
	return proxyproto.SKIP, nil
}

func requireVersion2(h *proxyproto.Header) error {
	if h.Version != 2 {
		return errors.New("a PROXY header of another version than 2")
	}
	return nil
}

type listener struct {
	net.Listener
	gate     *Gate
	once     sync.Once
	admitted chan net.Conn
	closed   chan struct{}
	closing  sync.Once
	reading  atomic.Int64 // connections whose PROXY header is being read
}

func (l *listener) Accept() (net.Conn, error) {
	l.once.Do(func() { go l.run() })
	select {
	case c := <-l.admitted:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *listener) Close() error {
	l.closing.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

// Waits after a failed accept, as those of net/http.
const (
	shortestWait = 5 * time.Millisecond
	longestWait  = time.Second
)

func (l *listener) run() {
	wait := shortestWait
	for {
		c, err := l.Listener.Accept()
		switch {
		case errors.Is(err, net.ErrClosed):
			l.Close()
			return
		case err != nil:
			l.gate.Log.Error("no connection can be accepted", "address", l.Addr().String(), "error", err, "again", wait)
			select {
			case <-time.After(wait):
			case <-l.closed:
				return
			}
			wait = min(2*wait, longestWait)
			continue
		}
		wait = shortestWait
		if proxied, ok := c.(*proxyproto.Conn); ok {
			go l.admitProxied(proxied)
			continue
		}
		l.admit(c, hostOf(c.RemoteAddr()))
	}
}

// admitProxied reads the client's address and admits the connection.
func (l *listener) admitProxied(c *proxyproto.Conn) {
	defer l.reading.Add(-1)
	if l.reading.Add(1) > int64(l.gate.Connections) {
		c.Close()
		return
	}
	header := c.ProxyHeader()
	if header == nil {
		l.gate.Log.Warn("a listed peer sends no PROXY header of version 2", "peer", c.Raw().RemoteAddr().String())
		c.Close()
		return
	}
	l.admit(c, hostOf(c.RemoteAddr()))
}

func (l *listener) admit(c net.Conn, host netip.Addr) {
	admitted := l.gate.admit(c, host)
	if admitted == nil {
		c.Close()
		return
	}
	select {
	case l.admitted <- admitted:
	case <-l.closed:
		admitted.Close()
	}
}

// hostOf returns the address of a peer, without port and zone; the invalid address for one without an IP address.
func hostOf(a net.Addr) netip.Addr {
	if tcp, ok := a.(*net.TCPAddr); ok {
		return tcp.AddrPort().Addr().Unmap().WithZone("")
	}
	return netip.Addr{}
}

// placeOf returns the unit that the limits count by: an address, of IPv6 the network of a subscriber (RFC 6177).
func placeOf(host netip.Addr) netip.Prefix {
	bits := 32
	if host.Is6() {
		bits = 64
	}
	place, err := host.Prefix(bits)
	if err != nil {
		return netip.Prefix{} // no IP address: all of these are one place
	}
	return place
}

// admit returns the connection with its limits, or nil where there is no room for it.
func (g *Gate) admit(c net.Conn, host netip.Addr) net.Conn {
	place, now := placeOf(host), time.Now()
	if g.opened.Take(place, now) > 0 {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	var leaves *connection
	switch {
	case len(g.hosts[place]) >= g.PerAddress:
		leaves = g.oldestIdle(place)
	case g.connections >= g.Connections:
		leaves = g.oldestIdle(g.fullest())
	}
	if leaves != nil {
		leaves.Conn.Close()
		g.remove(leaves)
	}
	if len(g.hosts[place]) >= g.PerAddress || g.connections >= g.Connections {
		return nil
	}
	admitted := &connection{Conn: c, gate: g, place: place, remote: c.RemoteAddr()}
	admitted.waits.Store(now.UnixNano())
	if g.hosts[place] == nil {
		g.hosts[place] = map[*connection]bool{}
	}
	g.hosts[place][admitted] = true
	g.connections++
	return admitted
}

// oldestIdle returns the connection of a place that has waited longest for its client, nil when each is at work.
func (g *Gate) oldestIdle(place netip.Prefix) *connection {
	var oldest *connection
	var since int64
	for c := range g.hosts[place] {
		if waits := c.waits.Load(); waits != 0 && (oldest == nil || waits < since) {
			oldest, since = c, waits
		}
	}
	return oldest
}

// fullest returns the place that has most connections.
func (g *Gate) fullest() netip.Prefix {
	var most netip.Prefix
	for place, list := range g.hosts {
		if len(list) > len(g.hosts[most]) {
			most = place
		}
	}
	return most
}

// remove counts a connection as closed, once.
func (g *Gate) remove(c *connection) {
	list := g.hosts[c.place]
	if !list[c] {
		return
	}
	delete(list, c)
	g.connections--
	if len(list) == 0 {
		delete(g.hosts, c.place)
	}
}

// patience returns the part of a deadline that is left while the gate, or the share of one place, fills: the whole up
// to the half, then less, down to three tenths.
func (g *Gate) patience(place netip.Prefix, whole time.Duration) time.Duration {
	g.mu.Lock()
	defer g.mu.Unlock()
	full := max(float64(g.connections)/float64(g.Connections), float64(len(g.hosts[place]))/float64(g.PerAddress))
	return time.Duration(float64(whole) * min(1, max(0.3, 1.7-1.4*full)))
}

// changed is the ConnState of the server: whether a connection waits for its client.
func (g *Gate) changed(c net.Conn, state http.ConnState) {
	if secure, ok := c.(*tls.Conn); ok {
		c = secure.NetConn()
	}
	if own, ok := c.(*connection); ok {
		own.changed(state)
	}
}

// timeOf returns how long n bytes may take.
func (g *Gate) timeOf(n int) time.Duration {
	return time.Duration(n) * time.Second / time.Duration(g.Rate)
}
