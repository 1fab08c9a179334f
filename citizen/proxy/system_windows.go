// SPDX-License-Identifier: EUPL-1.2

package proxy

import (
	"context"
	"errors"

	"golang.org/x/sys/windows/registry"
)

// place names the system's settings.
const place = "Windows"

const internetSettings = `Software\Microsoft\Windows\CurrentVersion\Internet Settings`

// readSystem reads this user's settings. An absent value is a setting that was never made.
func readSystem(context.Context) (Settings, error) {
	k, err := registry.OpenKey(registry.CURRENT_USER, internetSettings, registry.QUERY_VALUE)
	if errors.Is(err, registry.ErrNotExist) {
		return Settings{}, nil
	}
	if err != nil {
		return Settings{}, err
	}
	defer k.Close()
	var r Registry
	r.ProxyEnable, _, err = k.GetIntegerValue("ProxyEnable")
	for name, to := range map[string]*string{"ProxyServer": &r.ProxyServer, "ProxyOverride": &r.ProxyOverride,
		"AutoConfigURL": &r.AutoConfigURL} {
		var failed error
		if *to, _, failed = k.GetStringValue(name); failed != nil && !errors.Is(failed, registry.ErrNotExist) {
			return Settings{}, failed
		}
	}
	if err != nil && !errors.Is(err, registry.ErrNotExist) {
		return Settings{}, err
	}
	return r.Settings(), nil
}
