// SPDX-License-Identifier: EUPL-1.2

package pcsc

import (
	"encoding/binary"
	"sync"
	"unsafe"
)

// longest is the longest command APDU without extended length (ISO/IEC 7816-4 §5.1): header, Lc, 255 bytes, Le.
const longest = 4 + 1 + 255 + 1

// Reader properties (PC/SC part 10 §2.2, §2.3 and §2.6.14).
const (
	getFeatureRequest       = 3400
	featureGetTLVProperties = 0x12
	maxAPDUDataSize         = 0x0A
)

// shortReaders are the readers, by name, that failed at a command of extended length in this process.
var shortReaders struct {
	sync.Mutex
	names map[string]bool
}

func isShort(reader string) bool {
	shortReaders.Lock()
	defer shortReaders.Unlock()
	return shortReaders.names[reader]
}

func setShort(reader string) {
	shortReaders.Lock()
	defer shortReaders.Unlock()
	if shortReaders.names == nil {
		shortReaders.names = map[string]bool{}
	}
	shortReaders.names[reader] = true
}

// saysShort asks the driver whether the reader carries short commands only: that is a largest APDU of up to 256 bytes
// of data, 0 included, with which the CCID driver means the same. A driver that does not say is not asked again.
func saysShort(card handle) bool {
	features, ok := control(card, controlCode(getFeatureRequest))
	if !ok {
		return false
	}
	number, ok := property(features, featureGetTLVProperties)
	if !ok || len(number) != 4 {
		return false
	}
	properties, ok := control(card, uintptr(binary.BigEndian.Uint32(number)))
	if !ok {
		return false
	}
	size, ok := property(properties, maxAPDUDataSize)
	return ok && len(size) == 4 && binary.LittleEndian.Uint32(size) <= 256
}

// property finds a value in a list of tag, length and value, each of the first two in one byte.
func property(list []byte, tag byte) ([]byte, bool) {
	for len(list) >= 2 && len(list) >= 2+int(list[1]) {
		if list[0] == tag {
			return list[2 : 2+int(list[1])], true
		}
		list = list[2+int(list[1]):]
	}
	return nil, false
}

// control calls the driver, without a command to the card.
func control(card handle, number uintptr) ([]byte, bool) {
	buf := make([]byte, 256)
	var n dword
	rv := call(controlName, uintptr(card), number, 0, 0, uintptr(unsafe.Pointer(&buf[0])), uintptr(len(buf)),
		uintptr(unsafe.Pointer(&n)))
	if rv != success || int(n) > len(buf) {
		return nil, false
	}
	return buf[:n], true
}
