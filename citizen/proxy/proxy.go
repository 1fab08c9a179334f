// SPDX-License-Identifier: EUPL-1.2

// Package proxy chooses the proxy between the program and its service.
package proxy

import (
	"errors"
	"net/http"
	"net/url"

	"golang.org/x/net/http/httpproxy"
)

// ErrMalformed is the error for a setting that is no address. It carries nothing of it: there may be a password in it.
var ErrMalformed = errors.New("not an address")

// Choose returns the proxy for each request by a setting: "direct" for none, http, https or socks5 with a host for all
// addresses except this computer and those of NO_PROXY, "" for the environment's.
func Choose(setting string) (func(*http.Request) (*url.URL, error), error) {
	switch setting {
	case "":
		return http.ProxyFromEnvironment, nil
	case "direct":
		return nil, nil
	}
	u, err := url.Parse(setting)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" && u.Scheme != "socks5" {
		return nil, ErrMalformed
	}
	choose := (&httpproxy.Config{HTTPProxy: setting, HTTPSProxy: setting,
		NoProxy: httpproxy.FromEnvironment().NoProxy}).ProxyFunc()
	return func(r *http.Request) (*url.URL, error) { return choose(r.URL) }, nil
}
