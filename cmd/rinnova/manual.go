// SPDX-License-Identifier: EUPL-1.2

//go:build development

package main

import (
	"os"
	"path/filepath"

	"github.com/alecthomas/kong"

	"rinnova.example/go/catalogue/usage"
)

func init() {
	development = append(development,
		kong.DynamicCommand("manual", "Scrive il manuale e i completamenti.", "", &manualCommand{}, "hidden"))
}

// manualCommand writes the man pages and the shells' completions from the commands, so that a package describes its
// own program. It is for packaging: published programs do not have it.
type manualCommand struct {
	To   string `required:"" type:"path" help:"Cartella, che deve esistere." placeholder:"DIR"`
	Date string `required:"" help:"Data delle pagine." placeholder:"AAAA-MM-GG"`
}

func (c *manualCommand) Run(*program) error {
	files, err := usage.Manual("rinnova", version, c.Date, &commands{})
	if err != nil {
		return err
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(c.To, name), []byte(text), 0o644); err != nil {
			return err
		}
	}
	return nil
}
