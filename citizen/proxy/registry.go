// SPDX-License-Identifier: EUPL-1.2

package proxy

import "strings"

// Registry holds the values of HKEY_CURRENT_USER\Software\Microsoft\Windows\CurrentVersion\Internet Settings, as
// WinINet keeps them (Microsoft, INTERNET_PER_CONN_OPTION). "Detect settings automatically" (WPAD) is not followed: any
// computer of the network may answer it.
type Registry struct {
	ProxyEnable   uint64
	ProxyServer   string // "host:port", or "http=host:port;https=host:port;socks=host:port"
	ProxyOverride string // "*.example;10.*;<local>"
	AutoConfigURL string
}

// Settings reads the values. A script goes before a proxy, as in WinINet.
func (r Registry) Settings() Settings {
	s := Settings{Script: strings.TrimSpace(r.AutoConfigURL)}
	s.excepts = excepting(strings.Split(r.ProxyOverride, ";"), "<local>")
	if s.Script != "" {
		s.excepts = excepting(nil) // the script says itself what it excepts
	}
	if r.ProxyEnable == 0 {
		return s
	}
	s.Proxy = map[string]string{}
	for _, entry := range strings.FieldsFunc(r.ProxyServer, func(c rune) bool { return c == ';' || c == ' ' }) {
		scheme, server, split := strings.Cut(entry, "=")
		if !split {
			s.Proxy["http"], s.Proxy["https"] = entry, entry
			continue
		}
		s.Proxy[strings.ToLower(scheme)] = server
	}
	return s
}
