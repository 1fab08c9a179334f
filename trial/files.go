// SPDX-License-Identifier: EUPL-1.2

package trial

import (
	"bytes"
	"io/fs"
	"sync"
)

// Files is a folder in memory: a computer's disk, for what keeps its state through two functions. The zero value is an
// empty one.
type Files struct {
	mu    sync.Mutex
	files map[string][]byte
}

// Read returns a copy of a file, or fs.ErrNotExist.
func (f *Files) Read(name string) ([]byte, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	b, ok := f.files[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return bytes.Clone(b), nil
}

// Write replaces a file.
func (f *Files) Write(name string, b []byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.files == nil {
		f.files = map[string][]byte{}
	}
	f.files[name] = bytes.Clone(b)
	return nil
}

// All returns a copy of every file, by name.
func (f *Files) All() map[string][]byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	all := map[string][]byte{}
	for name, b := range f.files {
		all[name] = bytes.Clone(b)
	}
	return all
}
