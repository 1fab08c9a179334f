// SPDX-License-Identifier: EUPL-1.2

package settings

import (
	"os"
	"path/filepath"
	"runtime"

	"rinnova.example/go/durable"
)

// userFolder returns the system's folder for this user's settings.
func userFolder() (durable.Folder, error) {
	dir, err := os.UserConfigDir()
	return durable.Folder(filepath.Join(dir, "rinnova")), err
}

// StateFolder returns the system's folder for the state of programs, of this user.
func StateFolder() (string, error) {
	dir := os.Getenv("XDG_STATE_HOME")
	if dir == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		dir = filepath.Join(home, ".local", "state")
		if runtime.GOOS == "windows" || runtime.GOOS == "darwin" {
			if dir, err = os.UserConfigDir(); err != nil {
				return "", err
			}
		}
	}
	return filepath.Join(dir, "rinnova"), nil
}

// Downloads returns the folder in which browsers save files, otherwise the home folder, otherwise this one.
func Downloads() string {
	if dir := os.Getenv("XDG_DOWNLOAD_DIR"); dir != "" {
		return dir
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "."
	}
	for _, name := range []string{"Scaricati", "Downloads", "Download"} {
		if i, err := os.Stat(filepath.Join(home, name)); err == nil && i.IsDir() {
			return filepath.Join(home, name)
		}
	}
	return home
}
