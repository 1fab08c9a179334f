// SPDX-License-Identifier: EUPL-1.2

//go:build unix

package doctor

import "golang.org/x/sys/unix"

// room returns the free bytes of the disk that holds a folder, for this user.
func room(folder string) (uint64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(folder, &s); err != nil {
		return 0, err
	}
	return s.Bavail * uint64(s.Bsize), nil
}
