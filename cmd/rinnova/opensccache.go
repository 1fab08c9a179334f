// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"os"
	"path/filepath"
	"strings"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/holder"
)

// dropCached removes the copy that OpenSC keeps of a certificate file by card number and path. OpenSC
// never reads the file again while it has one, so a copy made while the file was half written would make
// every later login fail.
func dropCached(id holder.IDCarta, path cardmodel.Path) {
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
