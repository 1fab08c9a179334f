// SPDX-License-Identifier: EUPL-1.2

package proxy

import (
	"net"
	"regexp"
	"strings"
)

// quoted is a string of GVariant's text format.
var quoted = regexp.MustCompile(`'((?:[^'\\]|\\.)*)'`)

// Gsettings reads the answer of `gsettings list-recursively org.gnome.system.proxy`: schema, key and value of
// gsettings-desktop-schemas, one in a line. The mode "auto" without a script's address (WPAD) is no proxy.
func Gsettings(answer string) Settings {
	values := map[string]string{}
	for line := range strings.Lines(answer) {
		if f := strings.SplitN(strings.TrimSpace(line), " ", 3); len(f) == 3 {
			values[strings.TrimPrefix(f[0], "org.gnome.system.proxy")+" "+f[1]] = strings.Trim(f[2], "'")
		}
	}
	var ignored []string
	for _, m := range quoted.FindAllStringSubmatch(values[" ignore-hosts"], -1) {
		ignored = append(ignored, m[1])
	}
	s := Settings{Proxy: map[string]string{}, excepts: excepting(ignored)}
	switch values[" mode"] {
	case "auto":
		s.Script = values[" autoconfig-url"]
	case "manual":
		for _, scheme := range []string{"http", "https", "socks"} {
			if host, port := values["."+scheme+" host"], values["."+scheme+" port"]; host != "" && port != "0" {
				s.Proxy[scheme] = net.JoinHostPort(host, port)
			}
		}
	}
	return s
}
