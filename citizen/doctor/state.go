// SPDX-License-Identifier: EUPL-1.2

package doctor

import (
	"os"

	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/failure"
)

// Writable makes sure that files can be made in a folder, which it makes where absent. The error is the failure
// journal-nowhere.
func Writable(folder string) error {
	err := os.MkdirAll(folder, 0o700)
	if err == nil {
		var f *os.File
		if f, err = os.CreateTemp(folder, ".doctor"); err == nil {
			_ = f.Close() // it holds nothing
			err = os.Remove(f.Name())
		}
	}
	if err != nil {
		return &renewal.Failure{Code: failure.JournalNowhere, Err: err}
	}
	return nil
}
