// SPDX-License-Identifier: EUPL-1.2

package trial

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"sync"
)

// ErrOffline is the error of a network that is not there.
var ErrOffline error = &net.OpError{Op: "dial", Net: "trial", Err: errors.New("the network is off")}

// Pipe is a listener whose connections are made in memory.
type Pipe struct {
	dialled chan net.Conn
	closed  chan struct{}
	close   sync.Once
}

// newPipe returns an open listener.
func newPipe() *Pipe { return &Pipe{dialled: make(chan net.Conn), closed: make(chan struct{})} }

// Dial connects to the caller of Accept, and waits for it.
func (p *Pipe) Dial(ctx context.Context) (net.Conn, error) {
	near, far := net.Pipe()
	select {
	case p.dialled <- far:
		return near, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// Accept waits for a connection. After Close its error is net.ErrClosed.
func (p *Pipe) Accept() (net.Conn, error) {
	select {
	case c := <-p.dialled:
		return c, nil
	case <-p.closed:
		return nil, net.ErrClosed
	}
}

// Close ends the listener.
func (p *Pipe) Close() error {
	p.close.Do(func() { close(p.closed) })
	return nil
}

// Addr is no address of a network.
func (p *Pipe) Addr() net.Addr { return pipeAddress{} }

type pipeAddress struct{}

func (pipeAddress) Network() string { return "pipe" }
func (pipeAddress) String() string  { return "pipe" }

// ServeLogin serves the trial login through a pipe until ctx is done.
func (s *Service) ServeLogin(ctx context.Context) *Pipe {
	p := newPipe()
	handler, config := s.Login()
	server := &http.Server{Handler: handler, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)}
	go server.Serve(tls.NewListener(p, config))
	context.AfterFunc(ctx, func() { server.Close() })
	return p
}

// Transport reaches the end of the pipe and nothing else, whatever address is asked for. Before each connection it asks
// may, whose error it returns.
func (p *Pipe) Transport(may func() error) *http.Transport {
	return &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		if err := may(); err != nil {
			return nil, err
		}
		return p.Dial(ctx)
	}}
}

// RoundTrip answers a request by calling the CMP handler, whatever address is asked for.
func (s *Service) RoundTrip(r *http.Request) (*http.Response, error) {
	a := &answer{header: http.Header{}, status: http.StatusOK}
	in := r.Clone(r.Context())
	in.RequestURI = r.URL.RequestURI()
	if in.Body == nil {
		in.Body = http.NoBody
	}
	s.Handler.ServeHTTP(a, in)
	return &http.Response{StatusCode: a.status, Status: http.StatusText(a.status), Proto: "HTTP/1.1", ProtoMajor: 1,
		ProtoMinor: 1,
		Header:     a.header, Body: io.NopCloser(&a.body), ContentLength: int64(a.body.Len()), Request: r}, nil
}

// answer keeps what a handler writes.
type answer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (a *answer) Header() http.Header         { return a.header }
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }
func (a *answer) WriteHeader(status int)      { a.status = status }
