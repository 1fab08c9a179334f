// SPDX-License-Identifier: EUPL-1.2

package errorreport

import (
	"os"
	"regexp"
)

var prettyName = regexp.MustCompile(`(?m)^PRETTY_NAME="?([^"\n]{1,100})"?$`)

// release returns the distribution's name (os-release(5)).
func release() string {
	b, err := os.ReadFile("/etc/os-release")
	if m := prettyName.FindSubmatch(b); err == nil && m != nil {
		return string(m[1])
	}
	return ""
}
