// SPDX-License-Identifier: EUPL-1.2

package terminal

import (
	"bytes"
	"io"
	"os"
	"strconv"
	"strings"

	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/failure"
)

// secret reads a code from the source that a flag gives, without the line end: env:NAME, file:PATH or fd:NUMBER. It
// returns renewal.ErrNoInput where the variable is not set, else secret-malformed or input-missing. An error never
// contains the code.
func secret(from string) ([]byte, error) {
	kind, name, _ := strings.Cut(from, ":")
	var b []byte
	var err error
	switch kind {
	case "env":
		v, ok := os.LookupEnv(name)
		if !ok {
			return nil, renewal.ErrNoInput
		}
		b = []byte(v)
	case "file":
		b, err = os.ReadFile(name)
	case "fd":
		n, e := strconv.ParseUint(name, 10, 16)
		if e != nil {
			return nil, refused(failure.SecretMalformed, nil)
		}
		f := os.NewFile(uintptr(n), "fd")
		if f == nil {
			return nil, refused(failure.SecretMalformed, nil)
		}
		defer f.Close()
		b, err = io.ReadAll(io.LimitReader(f, 4096))
	default:
		return nil, refused(failure.SecretMalformed, nil)
	}
	if err != nil {
		return nil, refused(failure.InputMissing, err)
	}
	return bytes.TrimRight(b, "\r\n"), nil
}

func refused(code failure.Code, err error) error { return &renewal.Failure{Code: code, Err: err} }
