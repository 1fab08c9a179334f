// SPDX-License-Identifier: EUPL-1.2

// Package opensccache knows the copies that OpenSC keeps of a card's files, and removes them. OpenSC never reads a
// file again while it has a copy, so an old copy makes every login fail.
package opensccache

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/holder"
)

// copies returns OpenSC's copies of a file, by card number and path.
func copies(id holder.IDCarta, path cardmodel.Path) (list []string) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return nil
	}
	entries, err := os.ReadDir(filepath.Join(cache, "opensc"))
	if err != nil {
		return nil
	}
	suffix := strings.ToUpper(strings.ReplaceAll(path.String(), "/", ""))
	for _, e := range entries {
		if n := strings.ToUpper(e.Name()); strings.HasPrefix(n, string(id)) && strings.HasSuffix(n, suffix) {
			list = append(list, filepath.Join(cache, "opensc", e.Name()))
		}
	}
	return list
}

// Drop removes OpenSC's copy of a certificate file.
func Drop(id holder.IDCarta, path cardmodel.Path) {
	for _, file := range copies(id, path) {
		os.Remove(file)
	}
}

// Stale reports whether OpenSC has a copy of a certificate file without the certificate that is on the card.
func Stale(id holder.IDCarta, path cardmodel.Path, certificate []byte) bool {
	for _, file := range copies(id, path) {
		if b, err := os.ReadFile(file); err == nil && !bytes.Contains(b, certificate) {
			return true
		}
	}
	return false
}

// Clear removes all copies of all cards. OpenSC makes them again.
func Clear() error {
	cache, err := os.UserCacheDir()
	if err != nil {
		return err
	}
	return os.RemoveAll(filepath.Join(cache, "opensc"))
}
