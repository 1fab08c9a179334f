// SPDX-License-Identifier: EUPL-1.2

//go:build linux || darwin

package pcsc

import "github.com/ebitengine/purego"

// UseLibrary takes another library for the system's, until restore.
func UseLibrary(path string) (restore func(), err error) {
	h, err := purego.Dlopen(path, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, err
	}
	library.Lock()
	defer library.Unlock()
	before := library.handle
	library.handle = h
	return func() {
		library.Lock()
		defer library.Unlock()
		library.handle = before
	}, nil
}
