// SPDX-License-Identifier: EUPL-1.2

package proxy

import (
	"net"
	"regexp"
	"strings"
)

// entry is a line of a dictionary or an array as `scutil --proxy` prints it: a name or a number, and a value.
var entry = regexp.MustCompile(`^\s*(\S+) : (.*)$`)

// Scutil reads the answer of macOS's `scutil --proxy`: the keys of SystemConfiguration's SCSchemaDefinitions.h,
// kSCPropNetProxies. "Auto proxy discovery" (WPAD) is not followed, as in Windows.
func Scutil(answer string) Settings {
	keys, exceptions := map[string]string{}, []string(nil)
	array := ""
	for line := range strings.Lines(answer) {
		m := entry.FindStringSubmatch(strings.TrimRight(line, "\r\n"))
		switch {
		case strings.TrimSpace(line) == "}":
			array = ""
		case m == nil:
		case strings.HasSuffix(m[2], "{"):
			array = m[1]
		case array == "ExceptionsList":
			exceptions = append(exceptions, m[2])
		case array == "":
			keys[m[1]] = m[2]
		}
	}
	var plain []string
	if keys["ExcludeSimpleHostnames"] == "1" {
		exceptions, plain = append(exceptions, "<plain>"), []string{"<plain>"}
	}
	s := Settings{Proxy: map[string]string{}, excepts: excepting(exceptions, plain...)}
	for scheme, key := range map[string]string{"http": "HTTP", "https": "HTTPS", "socks": "SOCKS"} {
		if keys[key+"Enable"] == "1" && keys[key+"Proxy"] != "" {
			s.Proxy[scheme] = net.JoinHostPort(keys[key+"Proxy"], keys[key+"Port"])
		}
	}
	if keys["ProxyAutoConfigEnable"] == "1" {
		s.Script = keys["ProxyAutoConfigURLString"]
	}
	return s
}
