// SPDX-License-Identifier: EUPL-1.2

//go:build unix

package desktop

import (
	"os"

	"golang.org/x/sys/unix"
)

// lock holds the file for as long as it is open.
func lock(f *os.File) error { return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) }
