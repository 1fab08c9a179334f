// SPDX-License-Identifier: EUPL-1.2

//go:build linux || darwin

package pcsc

import (
	"sync"

	"github.com/ebitengine/purego"
)

// char is the element of a reader's name: UTF-8.
type char = byte

const wide = ""

func encodeName(s string) []char { return append([]byte(s), 0) }
func decodeName(b []char) string { return string(b) }

var library struct {
	sync.Mutex
	handle uintptr
}

// load opens the PC/SC library once; a library that was not there is looked for again at the next call.
func load() (uintptr, error) {
	library.Lock()
	defer library.Unlock()
	if library.handle == 0 {
		h, err := purego.Dlopen(libraryPath, purego.RTLD_NOW|purego.RTLD_GLOBAL)
		if err != nil {
			return 0, err
		}
		library.handle = h
	}
	return library.handle, nil
}

//go:uintptrescapes
func call(name string, args ...uintptr) code {
	lib, err := load()
	if err != nil {
		return eNoService
	}
	f, err := purego.Dlsym(lib, name)
	if err != nil {
		return eNoService
	}
	r, _, _ := purego.SyscallN(f, args...)
	return code(r)
}
