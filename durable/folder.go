// SPDX-License-Identifier: EUPL-1.2

package durable

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
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

// lockWait is the longest wait for another program's lock. A program holds one for the time of a read and a write.
const lockWait = 5 * time.Second

// Lock keeps other programs that lock the folder out until unlock, or until this process ends. It waits for at most
// five seconds.
func (f Folder) Lock() (unlock func(), err error) {
	if err := os.MkdirAll(string(f), 0o700); err != nil {
		return nil, err
	}
	lock := flock.New(filepath.Join(string(f), "lock"))
	ctx, cancel := context.WithTimeout(context.Background(), lockWait)
	defer cancel()
	if _, err := lock.TryLockContext(ctx, 5*time.Millisecond); err != nil {
		return nil, fmt.Errorf("lock %s: %w", string(f), err)
	}
	return func() { _ = lock.Unlock() }, nil
}
