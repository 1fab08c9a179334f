// SPDX-License-Identifier: EUPL-1.2

// Package durable replaces files so that a crash or a power cut leaves the old content or the new one, and no mixture.
//
// It is our own because the maintained libraries leave a part out: renameio has nothing for Windows, natefinch/atomic
// does not write the content to the disk, and neither makes the rename durable.
package durable

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// WriteFile replaces the file at path, or makes it, with a mode that the umask does not change. When it returns nil the
// content and its name are on the disk. A crash can leave a file whose name begins with ".tmp-" in the folder.
func WriteFile(path string, b []byte, mode fs.FileMode) error {
	folder := filepath.Dir(path)
	f, err := os.CreateTemp(folder, ".tmp-*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // gone already where the rename succeeded
	_, err = f.Write(b)
	if err = errors.Join(err, f.Chmod(mode), f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return SyncFolder(folder)
}

// SyncFolder makes the names in a folder durable. Windows has no such call, and does not need it for NTFS's journal;
// nor have some network file systems.
func SyncFolder(folder string) error {
	d, err := os.Open(folder)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, fs.ErrInvalid) && !errors.Is(err, errors.ErrUnsupported) &&
		!os.IsPermission(err) {
		return err
	}
	return nil
}
