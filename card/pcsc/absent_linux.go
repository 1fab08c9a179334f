// SPDX-License-Identifier: EUPL-1.2

package pcsc

import "os"

// daemons are the places of pcscd's program in Debian, Fedora and others.
var daemons = []string{"/usr/sbin/pcscd", "/usr/bin/pcscd", "/sbin/pcscd", "/usr/local/sbin/pcscd"}

// absent tells why there is no service. pcscd 1.9.9 answers eServiceStopped to a library of another protocol
// (winscard_svc.c, CMD_VERSION); the library itself says eNoService without a listener.
func absent(rv code) error {
	if rv == eServiceStopped {
		return ErrMismatch
	}
	for _, path := range daemons {
		if i, err := os.Stat(path); err == nil && i.Mode().IsRegular() {
			return ErrNoService
		}
	}
	return ErrNotInstalled
}
