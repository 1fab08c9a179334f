// SPDX-License-Identifier: EUPL-1.2

package doctor

import "golang.org/x/sys/windows"

// room returns the free bytes of the disk that holds a folder, for this user.
func room(folder string) (uint64, error) {
	name, err := windows.UTF16PtrFromString(folder)
	if err != nil {
		return 0, err
	}
	var free uint64
	err = windows.GetDiskFreeSpaceEx(name, &free, nil, nil)
	return free, err
}
