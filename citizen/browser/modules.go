// SPDX-License-Identifier: EUPL-1.2

package browser

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"rinnova.example/go/durable"
)

// Module is a PKCS #11 module that a store names.
type Module struct {
	Name    string `json:"name"`
	Library string `json:"library"`
}

// Library is the file name of our own module.
const Library = "librinnova-pkcs11.so"

// Ours reports whether the module is ours, wherever it is installed.
func (m Module) Ours() bool { return filepath.Base(m.Library) == Library }

// moduleList is NSS's list of modules, pkcs11.txt: blocks of lines key=value, each ended by an empty line.
type moduleList []string

func parseList(text string) moduleList {
	var blocks moduleList
	block := ""
	for line := range strings.Lines(text + "\n\n") {
		line = strings.TrimRight(line, "\r\n")
		switch {
		case strings.TrimSpace(line) != "":
			block += line + "\n"
		case block != "":
			blocks = append(blocks, strings.TrimSuffix(block, "\n"))
			block = ""
		}
	}
	return blocks
}

func (l moduleList) text() string {
	text := ""
	for _, block := range l {
		text += block + "\n\n"
	}
	return text
}

// moduleOf returns the module of a block. NSS's own has no library.
func moduleOf(block string) Module {
	var m Module
	for line := range strings.Lines(block) {
		key, value, _ := strings.Cut(strings.TrimRight(line, "\n"), "=")
		switch key {
		case "library":
			m.Library = value
		case "name":
			m.Name = value
		}
	}
	return m
}

// modules lists the modules but NSS's own.
func (l moduleList) modules() []Module {
	list := []Module{}
	for _, block := range l {
		if m := moduleOf(block); m.Library != "" {
			list = append(list, m)
		}
	}
	return list
}

// without returns the list without our module.
func (l moduleList) without() moduleList {
	var kept moduleList
	for _, block := range l {
		if !moduleOf(block).Ours() {
			kept = append(kept, block)
		}
	}
	return kept
}

// with returns the list with our module, once, at its end.
func (l moduleList) with(library string) moduleList {
	return append(l.without(), "library="+library+"\nname=Rinnova")
}

// readList reads a store's list; an absent one is empty.
func readList(folder string) (moduleList, error) {
	b, err := os.ReadFile(filepath.Join(folder, "pkcs11.txt"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return parseList(string(b)), err
}

// write replaces a store's list. NSS completes a list that names our module alone when the browser opens it. A list of
// nothing is removed, and the folders that write would have made, if they are empty.
func (l moduleList) write(folder string) error {
	file := filepath.Join(folder, "pkcs11.txt")
	if len(l) == 0 {
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if os.Remove(folder) == nil && filepath.Base(filepath.Dir(folder)) == ".pki" {
			_ = os.Remove(filepath.Dir(folder)) // it stays if it holds something
		}
		return nil
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return err
	}
	mode := fs.FileMode(0o600)
	if info, err := os.Lstat(file); err == nil {
		if !info.Mode().IsRegular() {
			return &fs.PathError{Op: "replace", Path: file, Err: fs.ErrInvalid}
		}
		mode = info.Mode().Perm()
	}
	return durable.WriteFile(file, []byte(l.text()), mode)
}
