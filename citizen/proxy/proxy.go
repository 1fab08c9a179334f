// SPDX-License-Identifier: EUPL-1.2

// Package proxy chooses the proxy between the program and its service: by hand, by the environment, or as the system
// has it, with a script for automatic choice (PAC).
package proxy

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/http/httpproxy"

	"rinnova.example/go/citizen/proxy/pac"
)

// ErrMalformed is the error for a setting that is no address. It carries nothing of it: there may be a password in it.
var ErrMalformed = errors.New("not an address")

// Errors of a system's settings.
var (
	// ErrUnsupported says that every proxy of the settings is of a kind that is not supported: SOCKS, of which no
	// system says the version, or a script in a file.
	ErrUnsupported = pac.ErrUnsupported
	// ErrScript says that the script for automatic choice cannot be fetched, or gives no proxy.
	ErrScript = pac.ErrScript
)

// source is the place where a proxy was found.
type source string

const (
	byHand        source = "RINNOVA_PROXY" // or its flag, or an administrator's setting
	inEnvironment source = "HTTPS_PROXY"
	inSystem      source = place
)

// Chooser chooses the proxy for each address. Its methods may be called at the same time.
type Chooser struct {
	source source
	ways   func(context.Context, *url.URL) ([]*url.URL, error)
	// reaches reports whether a TCP connection to an address is accepted.
	reaches func(ctx context.Context, address string) bool

	mu     sync.Mutex
	chosen map[string]chosen // by scheme and host
}

// chosen is one of several proxies, for a while: a dead one before it costs seconds.
type chosen struct {
	proxy *url.URL
	at    time.Time
}

// Choose returns the chooser for a setting: "direct" for none; http, https or socks5 with a host for all addresses
// except this computer and those of NO_PROXY; "pac:" with the address of a script; "" for the environment's, and
// without one there the system's.
func Choose(setting string) (*Chooser, error) {
	script, scripted := strings.CutPrefix(setting, "pac:")
	switch {
	case setting == "" && environment():
		return newChooser(inEnvironment, one(httpproxy.FromEnvironment())), nil
	case setting == "":
		return newChooser(inSystem, new(remembered).ways), nil
	case setting == "direct":
		return newChooser(byHand, func(context.Context, *url.URL) ([]*url.URL, error) { return direct, nil }), nil
	case scripted && isScript(script):
		return newChooser(byHand, Settings{Script: script, excepts: local.excepts}.ways), nil
	}
	u, err := url.Parse(setting)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "socks5" {
		return nil, ErrMalformed
	}
	return newChooser(byHand, one(&httpproxy.Config{HTTPProxy: setting, HTTPSProxy: setting,
		NoProxy: httpproxy.FromEnvironment().NoProxy})), nil
}

// direct is the list of a connection without a proxy.
var direct = []*url.URL{nil}

func newChooser(from source, ways func(context.Context, *url.URL) ([]*url.URL, error)) *Chooser {
	return &Chooser{source: from, ways: ways, reaches: accepts, chosen: map[string]chosen{}}
}

// environment reports whether a variable of the environment names a proxy.
func environment() bool {
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"} {
		if os.Getenv(name) != "" {
			return true
		}
	}
	return false
}

func one(c *httpproxy.Config) func(context.Context, *url.URL) ([]*url.URL, error) {
	choose := c.ProxyFunc()
	return func(_ context.Context, u *url.URL) ([]*url.URL, error) {
		p, err := choose(u)
		return []*url.URL{p}, err
	}
}

// Proxy returns the proxy for a request, as http.Transport's Proxy wants it. Of several it is the first that accepts a
// connection, or the first of all where none does. Errors are
// [ErrUnsupported], [ErrScript] and [ErrMalformed].
func (c *Chooser) Proxy(r *http.Request) (*url.URL, error) { return c.For(r.Context(), r.URL) }

// For returns the proxy for an address, as Proxy does.
func (c *Chooser) For(ctx context.Context, u *url.URL) (*url.URL, error) {
	list, err := c.ways(ctx, u)
	if err != nil {
		return nil, err
	}
	if len(list) == 1 {
		return list[0], nil
	}
	c.mu.Lock()
	defer c.mu.Unlock() // a second request waits for the first one's choice
	if one, ok := c.chosen[u.Scheme+u.Host]; ok && time.Since(one.at) < fresh {
		return one.proxy, nil
	}
	for _, p := range list {
		to := p
		if p == nil {
			to = u
		}
		if c.reaches(ctx, hostPort(to)) {
			c.chosen[u.Scheme+u.Host] = chosen{p, time.Now()}
			return p, nil
		}
	}
	return list[0], nil
}

// Describe names the proxy for an address by a setting, as Choose has it, and the place where it was found, without its
// password; "" for none.
func Describe(ctx context.Context, setting, address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", ErrMalformed
	}
	c, err := Choose(setting)
	if err != nil {
		return "", err
	}
	p, err := c.For(ctx, u)
	if p == nil || err != nil {
		return "", err
	}
	return p.Scheme + "://" + p.Host + " (" + string(c.source) + ")", nil
}

// hostPort is the address to which a connection is opened.
func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443", "socks5": "1080"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

// patience is how long one of several proxies may take to accept a connection.
const patience = 5 * time.Second

func accepts(ctx context.Context, address string) bool {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", address)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}
