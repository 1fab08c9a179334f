// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"errors"
	"os"

	"github.com/alecthomas/kong"

	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/citizen/settings"
	"rinnova.example/go/failure"
)

// administrators reads the settings of this computer, or those of the file that RINNOVA_SETTINGS names, which must
// exist.
func administrators() (settings.Settings, error) {
	s, err := settings.ReadNamed(os.Getenv("RINNOVA_SETTINGS"))
	var bad *settings.Error
	if errors.As(err, &bad) {
		err = &renewal.Failure{Code: failure.SettingsMalformed, Text: bad.Location(), Err: err}
	}
	return s, err
}

// asDefaults gives the administrators' settings to flags that neither command line nor environment sets. The
// environment's variables for a proxy take precedence too.
func asDefaults(s settings.Settings) kong.Resolver {
	return kong.ResolverFunc(func(_ *kong.Context, _ *kong.Path, flag *kong.Flag) (any, error) {
		names := flag.Envs
		if flag.Name == "proxy" {
			names = append([]string{"HTTPS_PROXY", "https_proxy"}, names...)
		}
		for _, name := range names {
			if _, set := os.LookupEnv(name); set {
				return nil, nil
			}
		}
		if v := s.ForFlag(flag.Name); v != "" {
			return v, nil
		}
		return nil, nil
	})
}
