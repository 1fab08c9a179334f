// SPDX-License-Identifier: EUPL-1.2

package portal

import (
	"crypto/tls"
	"net/http"
	"testing"
)

// TestBase: the address to copy is the reader's own, and never what a hostile client wrote.
func TestBase(t *testing.T) {
	for host, want := range map[string]string{
		"127.0.0.1:8080":      "http://127.0.0.1:8080",
		"rinnova.example":     "http://rinnova.example",
		"[::1]:80":            "http://[::1]:80",
		`a"><script>`:         "http://rinnova.example",
		"a/b":                 "http://rinnova.example",
		"":                    "http://rinnova.example",
		"user@host":           "http://rinnova.example",
		"rinnova.example:80x": "http://rinnova.example",
	} {
		if got := base(&http.Request{Host: host}); got != want {
			t.Errorf("%q: %s", host, got)
		}
	}
	if got := base(&http.Request{Host: "rinnova.example",
		TLS: &tls.ConnectionState{}}); got != "https://rinnova.example" {
		t.Errorf("the base is %s", got)
	}
}
