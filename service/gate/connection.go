// SPDX-License-Identifier: EUPL-1.2

package gate

import (
	"net"
	"net/http"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// connection is an admitted connection. Beside the deadlines of the server it has its own: a header must come, and an
// answer must be taken, at Rate.
type connection struct {
	net.Conn
	gate   *Gate
	place  netip.Prefix
	remote net.Addr

	// waits is from when the connection waits for a request, for its first byte or for the rest of its header, in
	// nanoseconds since 1970; 0 while a request is at work.
	waits atomic.Int64

	mu         sync.Mutex // held before the gate's, never after it
	received   int        // bytes since waits
	kept       bool       // it has served a request, and waits for the first byte of another
	readUntil  time.Time  // of the server; zero: none
	writeUntil time.Time
}

func (c *connection) RemoteAddr() net.Addr { return c.remote }

func (c *connection) Close() error {
	c.gate.mu.Lock()
	c.gate.remove(c)
	c.gate.mu.Unlock()
	return c.Conn.Close()
}

// CloseWrite lets net/http end an answer before the rest of a request has come.
func (c *connection) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}

func (c *connection) changed(state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch c.kept = false; state {
	case http.StateActive:
		c.waits.Store(0)
	case http.StateIdle:
		c.kept, c.received = true, 0
		c.waits.Store(time.Now().UnixNano())
	}
}

// earlier returns the earlier of two deadlines; a zero one is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// readLimit returns the deadline of the next read, zero while a request is at work: its body has a limit of its own,
// and the server reads on meanwhile to see whether the client has gone.
func (c *connection) readLimit() time.Time {
	waits := c.waits.Load()
	switch {
	case waits == 0:
		return time.Time{}
	case c.kept:
		return time.Unix(0, waits).Add(c.gate.patience(c.place, idleTime))
	}
	return time.Unix(0, waits).Add(c.gate.patience(c.place, c.gate.Grace) + c.gate.timeOf(c.received))
}

func (c *connection) Read(b []byte) (int, error) {
	c.mu.Lock()
	err := c.Conn.SetReadDeadline(earlier(c.readUntil, c.readLimit()))
	c.mu.Unlock()
	if err != nil {
		return 0, err
	}
	n, err := c.Conn.Read(b)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept && n > 0 {
		c.kept = false
		c.waits.Store(time.Now().UnixNano())
	}
	c.received += n
	return n, err
}

// piece is how much of an answer is written at a time, in bytes: each has its own deadline.
const piece = 16 << 10

func (c *connection) Write(b []byte) (written int, err error) {
	for first := true; first || len(b) > 0; first = false {
		part := b[:min(len(b), piece)]
		until := time.Now().Add(c.gate.patience(c.place, c.gate.Grace) + c.gate.timeOf(len(part)))
		c.mu.Lock()
		err := c.Conn.SetWriteDeadline(earlier(c.writeUntil, until))
		c.mu.Unlock()
		if err != nil {
			return written, err
		}
		n, err := c.Conn.Write(part)
		if written += n; err != nil {
			return written, err
		}
		b = b[n:]
	}
	return written, nil
}

func (c *connection) SetDeadline(t time.Time) error {
	if err := c.SetReadDeadline(t); err != nil {
		return err
	}
	return c.SetWriteDeadline(t)
}

func (c *connection) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.readUntil = t
	return c.Conn.SetReadDeadline(earlier(t, c.readLimit()))
}

func (c *connection) SetWriteDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.writeUntil = t
	return c.Conn.SetWriteDeadline(t)
}
