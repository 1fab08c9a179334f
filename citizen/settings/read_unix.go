// SPDX-License-Identifier: EUPL-1.2

//go:build !windows

package settings

// Read reads /etc/rinnova/settings.json.
func Read() (Settings, error) { return readFile("/etc/rinnova/settings.json") }
