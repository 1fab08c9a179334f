// SPDX-License-Identifier: EUPL-1.2

package errorreport

import "golang.org/x/sys/unix"

// release returns the product's version, such as 14.5.
func release() string {
	v, err := unix.Sysctl("kern.osproductversion")
	if err != nil {
		return ""
	}
	return "macOS " + v
}
