// SPDX-License-Identifier: EUPL-1.2

// Package settings reads the settings that the administrators of a computer made for the program: from the registry
// on Windows, from a file elsewhere. A flag and the environment override a setting; a setting overrides the build's
// default.
package settings

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"rinnova.example/go/jsonfile"
	"rinnova.example/go/plaintext"
)

// Settings are the values that can be set; "" is none. Their names are those in the registry and in the file.
type Settings struct {
	Service     string // address of the issuing service
	CA          string // file of the issuing roots
	TLSCA       string // file of the server's roots
	Proxy       string // http://host:port, or direct
	UpdateCheck string // on or off
	Desk        string // file of the assistance desk's certificates
}

// Error reports a setting, or the place of the settings, that cannot be used. It never contains a value, because a
// proxy's may have a password in it.
type Error struct {
	Where string // file or registry key
	Name  string // of the value, "" where the place as a whole is meant
	Err   error
}

func (e *Error) Error() string { return e.Location() + ": " + e.Err.Error() }

func (e *Error) Unwrap() error { return e.Err }

// Location names the setting for a person.
func (e *Error) Location() string {
	if e.Name == "" {
		return e.Where
	}
	return e.Where + ", " + e.Name
}

// values lists the settings with their names and the flags that override them.
func (s *Settings) values() []value {
	return []value{
		{"Service", "service", &s.Service, text}, {"CA", "ca", &s.CA, file}, {"TLSCA", "tls-ca", &s.TLSCA, file},
		{"Proxy", "proxy", &s.Proxy, text}, {"UpdateCheck", "update-check", &s.UpdateCheck, onOff},
		{"Desk", "desk", &s.Desk, file},
	}
}

type value struct {
	name  string
	flag  string
	field *string
	check func(string) error
}

// ForFlag returns the setting that a flag overrides.
func (s Settings) ForFlag(flag string) string {
	for _, v := range s.values() {
		if v.flag == flag {
			return *v.field
		}
	}
	return ""
}

const maxValue = 4096 // bytes

func text(s string) error {
	if len(s) > maxValue || !plaintext.Is(s) {
		return errors.New("not a line of text")
	}
	return nil
}

func file(s string) error {
	if !filepath.IsAbs(s) {
		return errors.New("not a whole path")
	}
	return text(s)
}

func onOff(s string) error {
	if s != "on" && s != "off" {
		return errors.New("neither on nor off")
	}
	return nil
}

// check refuses values that cannot be used. The caller makes the checks that need more than the value.
func (s *Settings) check(where string) error {
	for _, v := range s.values() {
		if *v.field == "" {
			continue
		}
		if err := v.check(*v.field); err != nil {
			return &Error{where, v.name, err}
		}
	}
	return nil
}

// maxFile is the most bytes of a settings file.
const maxFile = 64 << 10

// ReadNamed reads the settings of a file, which must exist, or those of this computer if the name is "".
func ReadNamed(file string) (Settings, error) {
	if file == "" {
		return Read()
	}
	if _, err := os.Stat(file); err != nil {
		return Settings{}, &Error{Where: file, Err: err}
	}
	return readFile(file)
}

// readFile reads one JSON object of strings. A missing file means no settings. It refuses a member that is unknown,
// written twice or not a string, and anything after the object.
func readFile(path string) (Settings, error) {
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Settings{}, nil
	}
	if err != nil {
		return Settings{}, &Error{path, "", err}
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(b) > maxFile {
		err = errors.New("too long")
	}
	if err != nil {
		return Settings{}, &Error{path, "", err}
	}
	s, err := parse(b, path)
	if err != nil {
		return Settings{}, err
	}
	if err := s.check(path); err != nil {
		return Settings{}, err
	}
	return s, nil
}

func parse(b []byte, where string) (Settings, error) {
	var s Settings
	known := jsonfile.Object{}
	for _, v := range s.values() {
		known[v.name] = v.field
	}
	err := jsonfile.Read(b, known)
	var bad *jsonfile.Error
	if errors.As(err, &bad) {
		return Settings{}, &Error{where, bad.Name, bad.Err}
	}
	return s, err
}
