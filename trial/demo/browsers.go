// SPDX-License-Identifier: EUPL-1.2

package demo

import "rinnova.example/go/citizen/browser"

// browsers are the demonstration's: one that can load the module, and one that cannot.
func (b *Bench) browsers(c browser.Change) ([]browser.Store, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if c != browser.Look {
		b.module = c == browser.Add
	}
	list := []browser.Store{
		{Browser: "Chromium, Chrome, Edge", Folder: "/home/brunilde/.pki/nssdb",
			Modules: []browser.Module{{Name: "OpenSC", Library: "/usr/lib/opensc-pkcs11.so"}}, Ours: b.module},
		{Browser: "Firefox", Folder: "/home/brunilde/snap/firefox/common/.mozilla/firefox/prova", Confined: "snap",
			Modules: []browser.Module{}},
	}
	return list, nil
}
