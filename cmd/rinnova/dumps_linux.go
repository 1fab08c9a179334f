// SPDX-License-Identifier: EUPL-1.2

package main

import "golang.org/x/sys/unix"

// refuseDumps keeps the memory of the process, which may hold a PIN, from core files and from other programs of the
// same user. A kernel that refuses changes nothing for the person.
func refuseDumps() {
	_ = unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{})
	_ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0)
}
