// SPDX-License-Identifier: EUPL-1.2

package pcsc

// Apple's PCSC framework: DWORD and LONG are 32 bits, and SCARD_READERSTATE is packed.
type (
	dword  uint32
	handle int32
)

const (
	libraryPath = "/System/Library/Frameworks/PCSC.framework/PCSC"
	maxATR      = 33
	stateSize   = 61
)

// controlName is SCardControl with an output length (the plain name is an older call).
const controlName = "SCardControl132"

// controlCode is SCARD_CTL_CODE of pcsc-lite.
func controlCode(function uintptr) uintptr { return 0x42000000 + function }
