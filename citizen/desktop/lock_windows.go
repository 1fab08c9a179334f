// SPDX-License-Identifier: EUPL-1.2

package desktop

import (
	"os"

	"golang.org/x/sys/windows"
)

// lock holds the file for as long as it is open.
func lock(f *os.File) error {
	return windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, new(windows.Overlapped))
}
