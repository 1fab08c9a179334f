// SPDX-License-Identifier: EUPL-1.2

package endpoint_test

import (
	"net/url"
	"testing"

	"rinnova.example/go/endpoint"
)

func TestTrusted(t *testing.T) {
	for address, want := range map[string][2]bool{ // loopback, trusted
		"https://rinnova.example":       {false, true},
		"https://127.0.0.1":             {true, true},
		"http://rinnova.example":        {false, false},
		"http://localhost:8080/cmp":     {true, true},
		"http://127.1.2.3":              {true, true},
		"http://[::1]:80":               {true, true},
		"http://[::ffff:127.0.0.1]":     {true, true},
		"http://[::2]":                  {false, false},
		"http://localhost.example":      {false, false},
		"http://127.0.0.1.example":      {false, false},
		"http://localhost@evil.example": {false, false},
		"ftp://localhost":               {true, false},
		"https:":                        {false, false},
		"http://10.0.0.1":               {false, false},
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatalf("%s: %v", address, err)
		}
		if got := [2]bool{endpoint.Loopback(u), endpoint.Trusted(u)}; got != want {
			t.Errorf("%s: loopback, trusted: %v, want %v", address, got, want)
		}
	}
}
