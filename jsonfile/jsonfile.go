// SPDX-License-Identifier: EUPL-1.2

// Package jsonfile reads JSON objects of strings that people write for this program. It ignores no part of a file.
package jsonfile

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Object names the members of an object: each is a *string, or an Object for an inner one.
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

// Read fills the strings of the object. A member that the object does not name, a repeated one, one of another kind,
// and text after the object are an *Error. Names are case-sensitive.
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
