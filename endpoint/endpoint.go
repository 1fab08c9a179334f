// SPDX-License-Identifier: EUPL-1.2

// Package endpoint decides which addresses a program may reach without TLS.
package endpoint

import (
	"net/netip"
	"net/url"
)

// Loopback reports whether the host of u is this computer: localhost (RFC 6761 §6.3), 127.0.0.0/8 or ::1.
func Loopback(u *url.URL) bool {
	if u.Hostname() == "localhost" {
		return true
	}
	a, err := netip.ParseAddr(u.Hostname())
	return err == nil && a.Unmap().IsLoopback()
}

// Trusted reports whether u is https, or http on this computer. The content is not secret, but the program must know
// that its peer is the service. An address without host is not trusted.
func Trusted(u *url.URL) bool {
	return u.Host != "" && (u.Scheme == "https" || u.Scheme == "http" && Loopback(u))
}
