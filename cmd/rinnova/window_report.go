// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"crypto/rand"
	"path/filepath"

	"rinnova.example/go/citizen/desktop"
	"rinnova.example/go/citizen/errorreport"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/citizen/settings"
)

// reporter returns the function that makes the window's error report. The report is sealed for the desk and saved in
// the folder of downloads. With real readers it lists all of them.
func reporter(facts *errorreport.Collector, real bool,
	desk func() (errorreport.Recipients, error)) func(*renewal.Failure, error) (*desktop.UnsavedReport, error) {
	return func(f *renewal.Failure, cause error) (*desktop.UnsavedReport, error) {
		if real {
			addReaders(facts)
		}
		report, exchanges, err := facts.Report(reported(f, cause), cause)
		if err != nil {
			return nil, err
		}
		return &desktop.UnsavedReport{Contents: report, Save: func() (string, error) {
			recipients, err := desk()
			if err != nil {
				return "", err
			}
			sealed, err := errorreport.Seal(report, exchanges, recipients, rand.Reader)
			if err != nil {
				return "", err
			}
			path := filepath.Join(settings.Downloads(), errorreport.FileName)
			return path, sealed.Save(path)
		}}, nil
	}
}

// desks reads the file of the desk's certificates.
func (p *program) desks(file string) (errorreport.Recipients, error) {
	b, err := given(file, p.known.Desk)
	if err != nil {
		return nil, err
	}
	return errorreport.ParseRecipients(b)
}
