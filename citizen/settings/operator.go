// SPDX-License-Identifier: EUPL-1.2

package settings

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"rinnova.example/go/jsonfile"
	"rinnova.example/go/operator"
)

// Known is an operator's file and the path from which it was read.
type Known struct {
	operator.Operator
	Where string
}

// Operators reads the operators' files in order of precedence: first the one that this user entered, then the one in
// the program's package. packaged, if not "", names a file that replaces the package's and must exist.
func Operators(packaged string) ([]Known, error) {
	var list []Known
	places := []string{}
	if dir, err := userFolder(); err == nil {
		places = append(places, filepath.Join(string(dir), operator.Name))
	}
	if packaged == "" {
		program, err := os.Executable()
		if err == nil {
			program, err = filepath.EvalSymlinks(program)
		}
		if err == nil {
			places = append(places, packagePlaces(runtime.GOOS, filepath.Dir(program))...)
		}
	}
	if packaged != "" {
		places = append(places, packaged)
	}
	for _, place := range places {
		o, err := readOperator(place)
		if errors.Is(err, fs.ErrNotExist) && place != packaged {
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, Known{o, place})
	}
	return list, nil
}

// packagePlaces returns the paths where a package puts the file for a program in folder. Except on Windows, where
// only the installer writes to the folder, no path is beside the program: a web page could save a file in the
// download folder.
func packagePlaces(system, folder string) []string {
	if system == "windows" {
		return []string{filepath.Join(folder, operator.Name)}
	}
	return []string{filepath.Join(folder, "share", "rinnova", operator.Name),
		filepath.Join(folder, "..", "share", "rinnova", operator.Name)}
}

// readOperator reads one operator's file. Its error is an *Error.
func readOperator(path string) (operator.Operator, error) {
	f, err := os.Open(path)
	if err != nil {
		return operator.Operator{}, &Error{path, "", err}
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, operator.MaxFile+1))
	if err != nil {
		return operator.Operator{}, &Error{path, "", err}
	}
	o, err := operator.Parse(b)
	var bad *jsonfile.Error
	if errors.As(err, &bad) {
		err = &Error{path, bad.Name, bad.Err}
	}
	return o, err
}

// Choose returns the first operator of the list or, where the person or an administrator named a service, the first
// with that service: roots, desk and contact of one operator are never used for the service of another. It returns
// the zero Known where there is none.
func Choose(list []Known, service string) Known {
	for _, k := range list {
		if service == "" || strings.TrimSuffix(k.Service, "/") == strings.TrimSuffix(service, "/") {
			return k
		}
	}
	return Known{}
}

// Keep saves an operator for this user, in place of an earlier one, and returns the file.
func Keep(o operator.Operator) (string, error) {
	b, err := o.Encode()
	if err != nil {
		return "", err
	}
	dir, err := userFolder()
	if err != nil {
		return "", err
	}
	return filepath.Join(string(dir), operator.Name), dir.Write(operator.Name, b)
}

// Forget removes the file that Keep saved. It is no error if there is none.
func Forget() error {
	dir, err := userFolder()
	if err != nil {
		return err
	}
	err = os.Remove(filepath.Join(string(dir), operator.Name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
