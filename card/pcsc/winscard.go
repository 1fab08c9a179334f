// SPDX-License-Identifier: EUPL-1.2

package pcsc

import (
	"encoding/binary"
	"runtime"
	"time"
	"unsafe"
)

// code is the result of a PC/SC call. Libraries return it in 32 or 64 bits, signed or not; only the low
// 32 bits mean something.
type code uint32

// Result codes that this package branches on (PC/SC part 5, winerror.h, pcsclite.h).
const (
	success             code = 0
	windowsBadHandle    code = 6 // ERROR_INVALID_HANDLE: the Windows service was restarted
	eCancelled          code = 0x80100002
	eInvalidHandle      code = 0x80100003
	eInsufficientBuffer code = 0x80100008
	eUnknownReader      code = 0x80100009
	eTimeout            code = 0x8010000A
	eSharingViolation   code = 0x8010000B
	eNoSmartcard        code = 0x8010000C
	eProtoMismatch      code = 0x8010000F
	eSystemCancelled    code = 0x80100012
	fCommError          code = 0x80100013
	eReaderUnavailable  code = 0x80100017
	eNoService          code = 0x8010001D
	eServiceStopped     code = 0x8010001E
	eNoReaders          code = 0x8010002E
	wUnresponsiveCard   code = 0x80100066
	wUnpoweredCard      code = 0x80100067
	wResetCard          code = 0x80100068
	wRemovedCard        code = 0x80100069
	wSecurityViolation  code = 0x8010006A
	wCancelledByUser    code = 0x8010006E
)

const (
	scopeSystem = 2
	shareShared = 2
	protocolT0  = 1
	protocolT1  = 2
	leaveCard   = 0
	resetCard   = 1
)

// Bits of a reader's state; the upper 16 bits count insertions and removals where the system does so.
const (
	stateChanged   = 0x0002
	statePresent   = 0x0020
	stateExclusive = 0x0080
	stateInUse     = 0x0100
	stateMute      = 0x0200
	stateCounter   = 0xFFFF0000
)

// maxResponse is the largest response APDU, 65536 bytes and the status word (ISO/IEC 7816-4 §5.2).
const maxResponse = 65536 + 2

func establishContext() (handle, code) {
	var h handle
	rv := call("SCardEstablishContext", scopeSystem, 0, 0, uintptr(unsafe.Pointer(&h)))
	return h, rv
}

func releaseContext(h handle) { call("SCardReleaseContext", uintptr(h)) }

func cancel(h handle) { call("SCardCancel", uintptr(h)) }

// listReaders returns the readers' names in the system's order. No reader is an empty list: the
// library's error for it says nothing else.
func listReaders(h handle) ([]string, code) {
	for {
		var n dword
		rv := call("SCardListReaders"+wide, uintptr(h), 0, 0, uintptr(unsafe.Pointer(&n)))
		if rv == eNoReaders || rv == success && n == 0 {
			return nil, success
		}
		if rv != success {
			return nil, rv
		}
		buf := make([]char, n)
		rv = call("SCardListReaders"+wide, uintptr(h), 0, uintptr(unsafe.Pointer(&buf[0])), uintptr(unsafe.Pointer(&n)))
		switch rv {
		case eInsufficientBuffer: // a reader was plugged between the two calls
			continue
		case eNoReaders:
			return nil, success
		case success:
			return splitNames(buf[:min(int(n), len(buf))]), success
		}
		return nil, rv
	}
}

// splitNames cuts a multi-string: names that each end with a NUL, and an empty one at the end.
func splitNames(buf []char) []string {
	var names []string
	start := 0
	for i, c := range buf {
		if c != 0 {
			continue
		}
		if i == start {
			break
		}
		names = append(names, decodeName(buf[start:i]))
		start = i + 1
	}
	return names
}

// readerState is SCARD_READERSTATE as Go sees it.
type readerState struct {
	name           string
	current, event uint32
	atr            []byte
}

// getStatusChange waits until one of the readers is no longer in its current state, at most for the
// timeout, and fills event and atr. The structures are laid out by hand because macOS packs them to
// one byte, which no Go struct can say.
func getStatusChange(h handle, timeout time.Duration, states []readerState) code {
	const ptr, dw = unsafe.Sizeof(uintptr(0)), unsafe.Sizeof(dword(0))
	const current, event, atrLen, atr = 2 * ptr, 2*ptr + dw, 2*ptr + 2*dw, 2*ptr + 3*dw
	var pins runtime.Pinner // the garbage collector does not see the addresses in buf
	defer pins.Unpin()
	buf := make([]byte, stateSize*len(states))
	for i, s := range states {
		b := buf[i*stateSize:]
		name := encodeName(s.name)
		pins.Pin(&name[0])
		putNative(b[:ptr], uint64(uintptr(unsafe.Pointer(&name[0]))))
		putNative(b[current:event], uint64(s.current))
	}
	rv := call("SCardGetStatusChange"+wide, uintptr(h), uintptr(timeout.Milliseconds()),
		uintptr(unsafe.Pointer(&buf[0])), uintptr(len(states)))
	for i := range states {
		b := buf[i*stateSize:]
		states[i].event = uint32(native(b[event:atrLen]))
		n := min(native(b[atrLen:atr]), maxATR)
		states[i].atr = append([]byte(nil), b[atr:atr+uintptr(n)]...)
	}
	return rv
}

func putNative(b []byte, v uint64) {
	if len(b) == 8 {
		binary.NativeEndian.PutUint64(b, v)
	} else {
		binary.NativeEndian.PutUint32(b, uint32(v))
	}
}

func native(b []byte) uint64 {
	if len(b) == 8 {
		return binary.NativeEndian.Uint64(b)
	}
	return uint64(binary.NativeEndian.Uint32(b))
}

func connect(h handle, reader string) (card handle, protocol dword, rv code) {
	name := encodeName(reader)
	rv = call("SCardConnect"+wide, uintptr(h), uintptr(unsafe.Pointer(&name[0])), shareShared, protocolT0|protocolT1,
		uintptr(unsafe.Pointer(&card)), uintptr(unsafe.Pointer(&protocol)))
	return card, protocol, rv
}

func reconnect(card handle) (protocol dword, rv code) {
	rv = call("SCardReconnect", uintptr(card), shareShared, protocolT0|protocolT1, leaveCard,
		uintptr(unsafe.Pointer(&protocol)))
	return protocol, rv
}

func disconnect(card handle) { call("SCardDisconnect", uintptr(card), leaveCard) }

func beginTransaction(card handle) code { return call("SCardBeginTransaction", uintptr(card)) }

func endTransaction(card handle, disposition uintptr) code {
	return call("SCardEndTransaction", uintptr(card), disposition)
}

// transmit sends a command and returns the length of the response in buf. The SCARD_IO_REQUEST is
// built here, not taken from the library's variables: two DWORDs, the protocol and the size of itself.
func transmit(card handle, protocol dword, command, buf []byte) (int, code) {
	pci := [2]dword{protocol, dword(2 * unsafe.Sizeof(protocol))}
	n := dword(len(buf))
	rv := call("SCardTransmit", uintptr(card), uintptr(unsafe.Pointer(&pci)),
		uintptr(unsafe.Pointer(&command[0])), uintptr(len(command)), 0,
		uintptr(unsafe.Pointer(&buf[0])), uintptr(unsafe.Pointer(&n)))
	return min(int(n), len(buf)), rv
}

// control calls the reader's driver and returns its answer, of at most 256 bytes.
func control(card handle, number uintptr, in []byte) ([]byte, code) {
	buf := make([]byte, 256)
	var first unsafe.Pointer
	if len(in) > 0 {
		first = unsafe.Pointer(&in[0])
	}
	var n dword
	rv := call(controlName, uintptr(card), number, uintptr(first), uintptr(len(in)), uintptr(unsafe.Pointer(&buf[0])),
		uintptr(len(buf)), uintptr(unsafe.Pointer(&n)))
	return buf[:min(int(n), len(buf))], rv
}
