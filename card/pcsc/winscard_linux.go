// SPDX-License-Identifier: EUPL-1.2

package pcsc

// pcsc-lite, 64-bit: DWORD and LONG are C's unsigned long and long, and SCARD_READERSTATE is padded to
// their alignment.
type (
	dword  uint64
	handle int64
)

const (
	libraryPath = "libpcsclite.so.1"
	maxATR      = 33
	stateSize   = 80
)

const controlName = "SCardControl"

// controlCode is SCARD_CTL_CODE of pcsc-lite.
func controlCode(function uintptr) uintptr { return 0x42000000 + function }
