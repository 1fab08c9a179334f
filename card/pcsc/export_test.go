// SPDX-License-Identifier: EUPL-1.2

package pcsc

import "unsafe"

// OpenFor is Open with another patience than 30 seconds.
var OpenFor = open

// Exclusive connects as a program that excludes others, and returns a function that disconnects.
func Exclusive(reader string) (end func(), err error) {
	const shareExclusive = 1
	ctx, err := establish()
	if err != nil {
		return nil, err
	}
	var card handle
	var protocol dword
	name := encodeName(reader)
	if rv := call("SCardConnect"+wide, uintptr(ctx), uintptr(unsafe.Pointer(&name[0])), shareExclusive,
		protocolT0|protocolT1,
		uintptr(unsafe.Pointer(&card)), uintptr(unsafe.Pointer(&protocol))); rv != success {
		releaseContext(ctx)
		return nil, fault(rv)
	}
	return func() {
		disconnect(card)
		releaseContext(ctx)
	}, nil
}

// ForgetLimits forgets which readers carry no command of extended length.
func ForgetLimits() {
	shortReaders.Lock()
	defer shortReaders.Unlock()
	shortReaders.names = nil
}
