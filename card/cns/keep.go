// SPDX-License-Identifier: EUPL-1.2

package cns

import (
	"os"
	"unsafe"
)

// keepPIN keeps a copy of the PIN until ForgetPIN, in a page of memory of its own that the system does not swap out.
// Where the system has no memory to lock, the page is ordinary memory.
func (s *Session) keepPIN(pin []byte) {
	s.ForgetPIN()
	size := os.Getpagesize()
	page := make([]byte, 2*size) // the Go runtime does not move it
	off := (size - int(uintptr(unsafe.Pointer(&page[0]))%uintptr(size))) % size
	s.page = page[off : off+size]
	lock(s.page)
	s.pin = s.page[:copy(s.page, pin)]
}

// ForgetPIN wipes the PIN. The session is locked then, also if the PIN was typed at the reader.
func (s *Session) ForgetPIN() {
	_ = s.endLingering() // another use of the card finds its errors
	s.typed = false
	if s.pin == nil {
		return
	}
	clear(s.pin)
	unlock(s.page)
	s.pin, s.page = nil, nil
}
