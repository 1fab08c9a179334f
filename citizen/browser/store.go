// SPDX-License-Identifier: EUPL-1.2

// Package browser finds the stores in which browsers keep their list of PKCS #11 modules, and adds our module to them
// or removes it. It changes one text file of a store, never while a browser uses the store.
package browser

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Store is the store of a Firefox profile, or the one that all browsers of Chromium's family share.
type Store struct {
	Browser string `json:"browser"`
	Folder  string `json:"folder"`
	// Confined names the packaging that keeps the browser from loading a library of the system: snap, flatpak; "" for
	// none.
	Confined string   `json:"confined,omitempty"`
	Running  bool     `json:"running"` // a browser uses it now
	Modules  []Module `json:"modules"`
	Ours     bool     `json:"ours"` // our module is among them
}

// ErrRunning is the error for a store that a browser uses.
var ErrRunning = errors.New("the browser is running")

// ErrConfined is the error for a browser that cannot load our library.
var ErrConfined = errors.New("the browser is confined")

// chromiums are the folders of settings of Chromium's family, below the folder of settings.
var chromiums = []string{"chromium", "google-chrome", "google-chrome-beta", "microsoft-edge", "vivaldi",
	"BraveSoftware/Brave-Browser"}

// programs are those that use the shared store, also before their first start.
var programs = []string{"chromium", "google-chrome", "google-chrome-stable", "microsoft-edge", "vivaldi",
	"brave-browser"}

// Home is where a user's browsers keep their files.
type Home struct {
	Folder   string
	Settings string // XDG_CONFIG_HOME
	// Installed reports whether a program is on the PATH.
	Installed func(program string) bool
}

// Find lists the stores of a user's browsers. A store that cannot be read is an error.
func Find(h Home) ([]Store, error) {
	var list []Store
	add := func(s Store) error {
		l, err := readList(s.Folder)
		s.Modules = l.modules()
		s.Ours = slices.ContainsFunc(s.Modules, Module.Ours)
		list = append(list, s)
		return err
	}
	shared := Store{Browser: "Chromium, Chrome, Edge", Folder: filepath.Join(h.Folder, ".pki/nssdb")}
	used := slices.ContainsFunc(programs, h.Installed)
	for _, name := range chromiums {
		settings := filepath.Join(h.Settings, name)
		used = used || isFolder(settings)
		shared.Running = shared.Running || held(filepath.Join(settings, "SingletonLock"))
	}
	var failed error
	if used {
		failed = add(shared)
	}
	for _, c := range []struct{ browser, confined, pattern, lock string }{
		{"Chromium", "snap", "snap/chromium/current/.pki/nssdb", "../../../common/chromium/SingletonLock"},
		{"Chromium", "flatpak", ".var/app/org.chromium.Chromium/.pki/nssdb", "../../config/chromium/SingletonLock"},
		{"Chrome", "flatpak", ".var/app/com.google.Chrome/.pki/nssdb", "../../config/google-chrome/SingletonLock"},
		{"Firefox", "", ".mozilla/firefox/*", "lock"},
		{"Firefox", "", ".config/mozilla/firefox/*", "lock"},
		{"Firefox", "snap", "snap/firefox/common/.mozilla/firefox/*", "lock"},
		{"Firefox", "flatpak", ".var/app/org.mozilla.firefox/.mozilla/firefox/*", "lock"},
	} {
		folders, err := filepath.Glob(filepath.Join(h.Folder, c.pattern))
		failed = errors.Join(failed, err)
		for _, folder := range folders {
			if c.browser == "Firefox" && !isProfile(folder) {
				continue
			}
			failed = errors.Join(failed, add(Store{Browser: c.browser, Folder: folder, Confined: c.confined,
				Running: held(filepath.Join(folder, c.lock))}))
		}
	}
	return list, failed
}

func isFolder(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

// isProfile reports whether Firefox has used a folder as a profile.
func isProfile(folder string) bool {
	for _, name := range []string{"prefs.js", "cert9.db", "times.json"} {
		if _, err := os.Stat(filepath.Join(folder, name)); err == nil {
			return true
		}
	}
	return false
}

// held reports whether a lock is a living process's: a symbolic link to HOST-PID, as Chromium makes it, or to
// ADDRESS:+PID, as Firefox does. After a crash it stays behind.
func held(lock string) bool {
	target, err := os.Readlink(lock)
	if err != nil {
		return false
	}
	digits := target[strings.LastIndexAny(target, "-+")+1:]
	pid, err := strconv.Atoi(digits)
	return err == nil && lives(pid)
}

// Add adds our module, from the file library. Errors: [ErrRunning], [ErrConfined], those of files.
func (s Store) Add(library string) error {
	return s.change(func(l moduleList) moduleList { return l.with(library) })
}

// Remove removes our module. Errors are those of Add.
func (s Store) Remove() error { return s.change(moduleList.without) }

func (s Store) change(edit func(moduleList) moduleList) error {
	switch {
	case s.Confined != "":
		return ErrConfined
	case s.Running:
		return ErrRunning
	}
	l, err := readList(s.Folder)
	if err != nil {
		return err
	}
	return edit(l).write(s.Folder)
}
