// SPDX-License-Identifier: EUPL-1.2

package settings

import (
	"errors"
	"io/fs"

	"golang.org/x/sys/windows/registry"
)

const key = `Software\Rinnova`

// Read reads the string values of Software\Rinnova, each from HKEY_LOCAL_MACHINE or, where it is not there, from
// HKEY_CURRENT_USER. A 32-bit program reads what 64-bit programs see, and then its own view, where its installer
// writes (WOW6432Node). Values of other names belong to other programs.
func Read() (Settings, error) {
	var s Settings
	for _, root := range []struct {
		key  registry.Key
		name string
		view uint32
	}{
		{registry.LOCAL_MACHINE, "HKEY_LOCAL_MACHINE", registry.WOW64_64KEY},
		{registry.LOCAL_MACHINE, "HKEY_LOCAL_MACHINE", 0},
		{registry.CURRENT_USER, "HKEY_CURRENT_USER", 0},
	} {
		where := root.name + `\` + key
		k, err := registry.OpenKey(root.key, key, registry.QUERY_VALUE|root.view)
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
