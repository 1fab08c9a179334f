// SPDX-License-Identifier: EUPL-1.2

// Package gate stands between a listener and the service's handlers: it bounds what one address may hold and ask for,
// so that the others are served. It knows no message and no page.
package gate

import (
	"crypto/tls"
	"errors"
	"log/slog"
	"net/http"
	"net/netip"
	"sync"
	"time"
)

// Config is the configuration of a Gate. A zero number or time takes the default.
type Config struct {
	Connections int           // in all; 2048
	PerAddress  int           // connections of one address, and of one /64 of IPv6; 512
	Grace       time.Duration // how long a header, a body or a piece of an answer may take before Rate counts; 10 s
	Rate        int           // bytes in a second that a peer must send or take after Grace; 1024
	Opened      Budget        // connections that one address may open; 100 a second, 1000 at once
	Asked       Budget        // requests of one address; 300 a second, 6000 at once
	// ProxyFrom lists the peers that name the client's address in a PROXY protocol header, version 2. Each connection
	// of theirs must begin with one; the header of another peer is not read.
	ProxyFrom []netip.Prefix
	Log       *slog.Logger // required
}

// Gate bounds one listener. Its methods may be called at the same time.
type Gate struct {
	Config
	opened, asked *Buckets[netip.Prefix]

	mu          sync.Mutex
	hosts       map[netip.Prefix]map[*connection]bool
	connections int
}

// Budget is the size of a token bucket.
type Budget struct {
	PerSecond float64
	AtOnce    int
}

// New returns a Gate.
func New(c Config) *Gate {
	set := func(n *int, value int) {
		if *n == 0 {
			*n = value
		}
	}
	set(&c.Connections, 2048)
	set(&c.PerAddress, 512)
	set(&c.Rate, 1024)
	if c.Grace == 0 {
		c.Grace = 10 * time.Second
	}
	if c.Opened == (Budget{}) {
		c.Opened = Budget{100, 1000}
	}
	if c.Asked == (Budget{}) {
		c.Asked = Budget{300, 6000}
	}
	return &Gate{Config: c, opened: NewBuckets[netip.Prefix](c.Opened), asked: NewBuckets[netip.Prefix](c.Asked),
		hosts: map[netip.Prefix]map[*connection]bool{}}
}

// readTime and idleTime bound a whole request and the wait for the next one.
const (
	readTime = 30 * time.Second
	idleTime = 2 * time.Minute
)

// Server returns a server of handler for the connections of Listen.
func (g *Gate) Server(handler http.Handler) *http.Server {
	return &http.Server{
		Handler:           g.requests(handler),
		ConnState:         g.changed,
		ReadHeaderTimeout: g.Grace,
		ReadTimeout:       readTime,
		WriteTimeout:      time.Minute,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          serverLog(g.Log),
	}
}

// TLS returns a copy of c that allows TLS 1.3, and of TLS 1.2 the cipher suites with ECDHE and AEAD.
func TLS(c *tls.Config) *tls.Config {
	c = c.Clone()
	c.MinVersion = tls.VersionTLS12
	c.CipherSuites = []uint16{
		tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
		tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	}
	return c
}

// ParsePeers reads addresses and prefixes, as "192.0.2.7" and "2001:db8::/32".
func ParsePeers(list []string) ([]netip.Prefix, error) {
	var peers []netip.Prefix
	for _, text := range list {
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			address, err := netip.ParseAddr(text)
			if err != nil || address.Zone() != "" {
				return nil, errors.New("neither an address nor a prefix: " + text)
			}
			prefix = netip.PrefixFrom(address, address.BitLen())
		}
		peers = append(peers, prefix.Masked())
	}
	return peers, nil
}
