// SPDX-License-Identifier: EUPL-1.2

package durable

import (
	"os"
	"path/filepath"
)

// Folder is a folder of a program's own files, for this user only. It is made if it is absent, with mode 0700.
type Folder string

// Read returns a file of the folder. The error for an absent file is fs.ErrNotExist.
func (f Folder) Read(name string) ([]byte, error) { return os.ReadFile(filepath.Join(string(f), name)) }

// Write replaces a file of the folder as WriteFile does, of mode 0600.
func (f Folder) Write(name string, b []byte) error {
	if err := os.MkdirAll(string(f), 0o700); err != nil {
		return err
	}
	return WriteFile(filepath.Join(string(f), name), b, 0o600)
}
