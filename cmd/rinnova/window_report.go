// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"rinnova/errorreport"
	"rinnova/iso7816"
	"rinnova/renewal"
)

// saver returns what the window does to save an error report: sealed for the desk, where the citizen keeps
// what was downloaded.
func saver(facts *errorreport.Collector, desk func() (errorreport.Recipients, error)) func(*renewal.Failure, error) (string, error) {
	return func(f *renewal.Failure, cause error) (string, error) {
		failure := errorreport.Failure{Code: f.Code, Step: f.Step, Exit: f.Exit}
		if f.Tries >= 0 {
			failure.Tries = &f.Tries
		}
		var sw iso7816.SW
		if errors.As(cause, &sw) {
			failure.StatusWord = fmt.Sprintf("%04X", uint16(sw))
		}
		recipients, err := desk()
		if err != nil {
			return "", err
		}
		report, exchanges, err := facts.Report(failure, cause)
		if err != nil {
			return "", err
		}
		sealed, err := errorreport.Seal(report, exchanges, recipients, rand.Reader)
		if err != nil {
			return "", err
		}
		path := filepath.Join(downloads(), errorreport.FileName)
		return path, sealed.Save(path)
	}
}

// desks reads the file of the desk's certificates.
func desks(file string) (errorreport.Recipients, error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return errorreport.ParseRecipients(b)
}

// downloads is the folder where browsers leave files, else the home folder, else this one.
func downloads() string {
	if dir := os.Getenv("XDG_DOWNLOAD_DIR"); dir != "" {
		return dir
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "."
	}
	for _, name := range []string{"Scaricati", "Downloads", "Download"} {
		if i, err := os.Stat(filepath.Join(home, name)); err == nil && i.IsDir() {
			return filepath.Join(home, name)
		}
	}
	return home
}
