// SPDX-License-Identifier: EUPL-1.2

package proxy

import (
	"context"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"rinnova.example/go/citizen/proxy/pac"
)

// Settings are a system's settings of proxies. The zero value is a connection without one.
type Settings struct {
	Script string            // the address of a script, "" for none
	Proxy  map[string]string // host and port, or an address, by the scheme of the request, and "socks"
	// excepts reports whether a host is reached without a proxy.
	excepts func(host string) bool
}

// Chooser chooses by these settings.
func (s Settings) Chooser() *Chooser { return newChooser(inSystem, s.ways) }

// isScript reports whether a script is at an address that may be asked: not in a file.
func isScript(address string) bool {
	u, err := url.Parse(address)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}

// ways returns the proxies for an address, in the order in which they are to be tried.
func (s Settings) ways(ctx context.Context, u *url.URL) ([]*url.URL, error) {
	host := strings.ToLower(u.Hostname())
	if s.excepts != nil && s.excepts(host) {
		return direct, nil
	}
	if s.Script != "" {
		if !isScript(s.Script) {
			return nil, ErrUnsupported
		}
		return scripts.ways(ctx, s.Script, u)
	}
	if p := s.Proxy[u.Scheme]; p != "" {
		return parsed(p, "http")
	}
	if s.Proxy["socks"] != "" {
		return nil, ErrUnsupported // no system says whether it is of version 4 or 5
	}
	return direct, nil
}

// parsed reads host and port, or an address.
func parsed(p, scheme string) ([]*url.URL, error) {
	if !strings.Contains(p, "://") {
		p = scheme + "://" + p
	}
	u, err := url.Parse(p)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "socks5" {
		return nil, ErrMalformed
	}
	return []*url.URL{u}, nil
}

// local are settings that except this computer.
var local = Settings{excepts: excepting(nil)}

// excepting returns the function for a list of patterns: names with *, networks, and the words that a system has for
// names without a dot. This computer itself is always excepted.
func excepting(patterns []string, plain ...string) func(string) bool {
	return func(host string) bool {
		ip, err := netip.ParseAddr(host)
		if host == "localhost" || err == nil && ip.IsLoopback() {
			return true
		}
		return slices.ContainsFunc(patterns, func(p string) bool {
			p = strings.ToLower(strings.TrimSpace(p))
			if slices.Contains(plain, p) {
				return err != nil && !strings.Contains(host, ".")
			}
			if _, after, ok := strings.Cut(p, "://"); ok {
				p = after
			}
			if n, bad := prefix(p); bad == nil && err == nil {
				return n.Contains(ip.Unmap())
			}
			if strings.HasPrefix(p, ".") {
				p = "*" + p
			}
			return p != "" && pac.Glob(p, host)
		})
	}
}

// prefix reads a network; macOS leaves out its last zeros ("169.254/16").
func prefix(p string) (netip.Prefix, error) {
	network, bits, ok := strings.Cut(p, "/")
	for ok && strings.Count(network, ".") < 3 && !strings.Contains(network, ":") {
		network += ".0"
	}
	return netip.ParsePrefix(network + "/" + bits)
}

// fresh is how long settings of the system, scripts and their answers are kept.
const fresh = 30 * time.Second

// remembered are the settings of this computer, read again when they are old.
type remembered struct {
	sync.Mutex
	settings Settings
	err      error
	at       time.Time
}

func (r *remembered) ways(ctx context.Context, u *url.URL) ([]*url.URL, error) {
	if ip := net.ParseIP(u.Hostname()); u.Hostname() == "localhost" || ip != nil && ip.IsLoopback() {
		return direct, nil // without a question to the system
	}
	r.Lock()
	if r.at.IsZero() || time.Since(r.at) > fresh {
		r.settings, r.err = readSystem(ctx)
		r.at = time.Now()
	}
	s, err := r.settings, r.err
	r.Unlock()
	if err != nil {
		return nil, err
	}
	return s.ways(ctx, u)
}
