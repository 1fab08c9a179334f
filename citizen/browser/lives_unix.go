// SPDX-License-Identifier: EUPL-1.2

//go:build !windows

package browser

import (
	"errors"
	"syscall"
)

// lives reports whether a process runs.
func lives(pid int) bool {
	err := syscall.Kill(pid, 0)
	return err == nil || errors.Is(err, syscall.EPERM)
}
