// SPDX-License-Identifier: EUPL-1.2

package settings

import (
	"errors"
	"io/fs"

	"golang.org/x/sys/windows/registry"
)

const key = `Software\Rinnova`

// Read reads the string values of Software\Rinnova, each from HKEY_LOCAL_MACHINE or, where it is not there, from
// HKEY_CURRENT_USER. A 32-bit program sees the same keys as a 64-bit one. Values of other names are somebody else's.
func Read() (Settings, error) {
	var s Settings
	for _, root := range []struct {
		key  registry.Key
		name string
	}{{registry.LOCAL_MACHINE, "HKEY_LOCAL_MACHINE"}, {registry.CURRENT_USER, "HKEY_CURRENT_USER"}} {
		where := root.name + `\` + key
		k, err := registry.OpenKey(root.key, key, registry.QUERY_VALUE|registry.WOW64_64KEY)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return Settings{}, &Error{where, "", err}
		}
		err = s.take(k, where)
		k.Close()
		if err != nil {
			return Settings{}, err
		}
	}
	return s, nil
}

// take fills what is not set yet.
func (s *Settings) take(k registry.Key, where string) error {
	var found Settings
	for _, v := range found.values() {
		text, kind, err := k.GetStringValue(v.name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil && kind == registry.EXPAND_SZ {
			text, err = registry.ExpandString(text)
		}
		if err != nil {
			return &Error{where, v.name, err}
		}
		*v.field = text
	}
	if err := found.check(where); err != nil {
		return err
	}
	for i, v := range s.values() {
		if *v.field == "" {
			*v.field = *found.values()[i].field
		}
	}
	return nil
}
