// SPDX-License-Identifier: EUPL-1.2

package doctor

import (
	"fmt"
	"os"

	"rinnova.example/go/catalogue"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/failure"
	"rinnova.example/go/plaintext"
)

// newest judges this program's version.
func newest(version string, unsupported bool, err error) Finding {
	f := judge(catalogue.AreaProgram, err, "")
	switch {
	case err != nil:
		f.Level = Warning // the renewal does not depend on it
	case unsupported:
		f.Level, f.Note, f.Detail = Warning, catalogue.NoteUnsupported, plaintext.Line(version)
	case version != "":
		f.Level, f.Note, f.Detail = Warning, catalogue.NoteNewer, plaintext.Line(version)
	}
	return f
}

// little is the room on a disk, in bytes, below which files may be lost.
const little = 20 << 20

// kept judges the folder in which the program keeps its files.
func kept(folder string, err error) Finding {
	if err == nil {
		err = Writable(folder)
	}
	f := judge(catalogue.AreaState, err, "")
	if err != nil {
		return f
	}
	if room, err := room(folder); err == nil && room < little {
		f.Level, f.Note, f.Detail = Warning, catalogue.NoteDisk, fmt.Sprintf("%d MiB", room>>20)
	}
	return f
}

// Writable makes sure that files can be made in a folder, which it makes where absent. The error is the failure
// journal-nowhere.
func Writable(folder string) error {
	err := os.MkdirAll(folder, 0o700)
	if err == nil {
		var f *os.File
		if f, err = os.CreateTemp(folder, ".doctor"); err == nil {
			_, err = f.WriteString("0") // on a full disk the file is made, and its content is not
			f.Close()
			if gone := os.Remove(f.Name()); err == nil {
				err = gone
			}
		}
	}
	if err != nil {
		return &renewal.Failure{Code: failure.JournalNowhere, Err: err}
	}
	return nil
}
