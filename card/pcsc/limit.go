// SPDX-License-Identifier: EUPL-1.2

package pcsc

import (
	"sync"

	"rinnova.example/go/card/pinpad"
)

// longest is the longest command APDU without extended length (ISO/IEC 7816-4 §5.1): header, Lc, 255 bytes, Le.
const longest = 4 + 1 + 255 + 1

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
func saysShort(card handle, features []byte) bool {
	list, err := pinpad.ParseFeatures(features)
	number := list[pinpad.FeatureGetTLVProperties]
	if err != nil || number == 0 {
		return false
	}
	properties, rv := control(card, uintptr(number), nil)
	if rv != success {
		return false
	}
	most := pinpad.ParseLimits(properties).MaxAPDU
	return most != nil && *most <= 256
}
