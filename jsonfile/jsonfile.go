// SPDX-License-Identifier: EUPL-1.2

// Package jsonfile reads JSON objects of strings as people write them for this program, and drops nothing in silence.
package jsonfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Object names the members that an object may have: each a *string, or an Object that stands inside.
type Object map[string]any

// Error is what cannot be read. It never holds a value.
type Error struct {
	Name string // of the member, with a dot before each inner name; "" where the file as a whole is meant
	Err  error
}

func (e *Error) Error() string {
	if e.Name == "" {
		return e.Err.Error()
	}
	return e.Name + ": " + e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }

var errBroken = errors.New("not a JSON object")

// Read fills what the object names. A member that it does not name, that is written twice or that is of another kind is
// an *Error, and so is anything after the object. Names are told apart by case.
func Read(file []byte, object Object) error {
	// editors on Windows leave the mark
	d := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(file, []byte("\xef\xbb\xbf"))))
	if t, err := d.Token(); err != nil || t != json.Delim('{') {
		return &Error{"", errBroken}
	}
	if err := members(d, "", object); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return &Error{"", errBroken}
	}
	return nil
}

// members reads up to the brace that closes the object.
func members(d *json.Decoder, place string, object Object) error {
	seen := map[string]bool{}
	for d.More() {
		t, err := d.Token()
		name, ok := t.(string)
		if err != nil || !ok {
			return &Error{"", errBroken}
		}
		field := object[name]
		if field == nil || seen[name] {
			return &Error{place + fmt.Sprintf("%.40q", name), errors.New("not a setting, or written twice")}
		}
		seen[name] = true
		if t, err = d.Token(); err != nil {
			return &Error{"", errBroken}
		}
		if inner, isObject := field.(Object); isObject {
			if t != json.Delim('{') {
				return &Error{place + name, errors.New("not an object")}
			}
			if err := members(d, place+name+".", inner); err != nil {
				return err
			}
			continue
		}
		if *field.(*string), ok = t.(string); !ok {
			return &Error{place + name, errors.New("not a string")}
		}
	}
	if _, err := d.Token(); err != nil {
		return &Error{"", errBroken}
	}
	return nil
}
