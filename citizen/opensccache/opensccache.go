// SPDX-License-Identifier: EUPL-1.2

// Package opensccache removes the copies that OpenSC keeps of a card's files.
package opensccache

import (
	"os"
	"path/filepath"
	"strings"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/holder"
)

// Drop removes OpenSC's copy of a certificate file, by card number and path. OpenSC never reads a file again
// while it has a copy, so a copy of a half-written file would make every later login fail.
func Drop(id holder.IDCarta, path cardmodel.Path) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return
	}
	entries, err := os.ReadDir(filepath.Join(cache, "opensc"))
	if err != nil {
		return
	}
	suffix := strings.ToUpper(strings.ReplaceAll(path.String(), "/", ""))
	for _, e := range entries {
		if n := strings.ToUpper(e.Name()); strings.HasPrefix(n, string(id)) && strings.HasSuffix(n, suffix) {
			os.Remove(filepath.Join(cache, "opensc", e.Name()))
		}
	}
}
