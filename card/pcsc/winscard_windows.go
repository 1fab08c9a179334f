// SPDX-License-Identifier: EUPL-1.2

package pcsc

import (
	"unsafe"

	"golang.org/x/sys/windows"
)

// winscard.dll: DWORD is 32 bits, handles are as wide as a pointer; SCARD_READERSTATE is 64 bytes on
// 64-bit Windows and 56 on 32-bit.
type (
	dword  uint32
	handle uintptr
	// char is the element of a reader's name: UTF-16.
	char = uint16
)

const (
	wide      = "W"
	maxATR    = 36
	stateSize = 2*int(unsafe.Sizeof(uintptr(0))) + 3*4 + maxATR
)

// From System32 only: a winscard.dll planted beside the program is not looked at.
var library = windows.NewLazySystemDLL("winscard.dll")

func encodeName(s string) []char {
	u, err := windows.UTF16FromString(s)
	if err != nil { // a NUL inside: no reader has such a name
		return []char{0}
	}
	return u
}

func decodeName(u []char) string { return windows.UTF16ToString(u) }

func load() (uintptr, error) {
	if err := library.Load(); err != nil {
		return 0, err
	}
	return library.Handle(), nil
}

//go:uintptrescapes
func call(name string, args ...uintptr) code {
	p := library.NewProc(name)
	if p.Find() != nil {
		return eNoService
	}
	r, _, _ := p.Call(args...)
	return code(r)
}

const controlName = "SCardControl"

// controlCode is CTL_CODE of the smart-card device, FILE_DEVICE_SMARTCARD.
func controlCode(function uintptr) uintptr { return 0x31<<16 | function<<2 }
