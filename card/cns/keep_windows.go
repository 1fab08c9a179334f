// SPDX-License-Identifier: EUPL-1.2

package cns

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

func lock(page []byte) {
	_ = windows.VirtualLock(uintptr(unsafe.Pointer(&page[0])), uintptr(len(page)))
}

func unlock(page []byte) {
	_ = windows.VirtualUnlock(uintptr(unsafe.Pointer(&page[0])), uintptr(len(page)))
}
