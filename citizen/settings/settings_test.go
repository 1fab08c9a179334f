// SPDX-License-Identifier: EUPL-1.2

package settings

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "settings.json")
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestReadFile(t *testing.T) {
	whole := write(t, "\xef\xbb\xbf"+`{"Service": "https://rinnova.example", "CA": "/etc/rinnova/ca.pem", "TLSCA": "/etc/rinnova/tls.pem",
		"Proxy": "http://nome:segreto@proxy.example:3128", "UpdateCheck": "off", "Desk": "/etc/rinnova/desk.pem"}`)
	s, err := readFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	for flag, want := range map[string]string{"service": "https://rinnova.example", "ca": "/etc/rinnova/ca.pem",
		"tls-ca": "/etc/rinnova/tls.pem",
		"proxy":  "http://nome:segreto@proxy.example:3128", "update-check": "off", "desk": "/etc/rinnova/desk.pem",
		"card": "", "": ""} {
		if got := s.ForFlag(flag); got != want {
			t.Errorf("%s: %q, want %q", flag, got, want)
		}
	}
	for _, nothing := range []string{filepath.Join(t.TempDir(), "absent.json"), write(t, "{}"),
		write(t, ` {"Service": ""} `)} {
		if s, err := readFile(nothing); err != nil || s != (Settings{}) {
			t.Errorf("settings of nothing: %+v, %v", s, err)
		}
	}
}

// The error names the setting that cannot be used, and never its value; nothing of the file is taken.
func TestRefused(t *testing.T) {
	const secret = "segreto"
	for text, name := range map[string]string{
		"": "", "[]": "", `"x"`: "", `{"Service": "https://rinnova.example"`: "", `{"Service" "x"}`: "",
		`{"Service": "x"} {}`: "", "\x00": "",
		`{"Service": ["https://` + secret + `"]}`: "Service", `{"Service": 1}`: "Service", `{"UpdateCheck": true}`: "UpdateCheck", `{"Service": null}`: "Service",
		`{"service": "https://rinnova.example"}`:                    `"service"`,
		`{"Service": "a", "Service": "b"}`:                          `"Service"`,
		`{"CA": "` + secret + `/ca.pem"}`:                           "CA",
		`{"Desk": "../` + secret + `.pem"}`:                         "Desk",
		`{"UpdateCheck": "` + secret + `"}`:                         "UpdateCheck",
		`{"Proxy": "http://x:` + secret + `\n@y"}`:                  "Proxy",
		`{"Proxy": "` + secret + strings.Repeat("x", 5000) + `"}`:   "Proxy",
		`{"Service": "a", "TLSCA": "relative"}`:                     "TLSCA",
		`{"Service": "` + strings.Repeat("x", 70000) + `"}`:         "",
		`{"Service": "https://rinnova.example"}` + "\n// comment\n": "",
	} {
		path := write(t, text)
		s, err := readFile(path)
		var bad *Error
		if !errors.As(err, &bad) || s != (Settings{}) {
			t.Errorf("%.60q: %v, %v", text, s, err)
			continue
		}
		if bad.Where != path || bad.Name != name || !strings.Contains(bad.Location(), path) ||
			strings.Contains(err.Error(), secret) {
			t.Errorf("%.60q: %q of %s: %v", text, bad.Name, bad.Location(), err)
		}
	}
	if _, err := readFile(t.TempDir()); err == nil {
		t.Error("a folder was read")
	}
}
