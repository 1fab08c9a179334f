// SPDX-License-Identifier: EUPL-1.2

package cns

import "golang.org/x/sys/unix"

// RefuseDumps keeps the memory of this process, which may have a PIN, from core files and from other programs of the
// same user. It ignores a kernel that refuses.
func RefuseDumps() {
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
}
