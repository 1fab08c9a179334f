// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// secretsName is the file of the secrets that all replicas of a service share, one a line in hexadecimal. The first
// makes codes, both are accepted: one of two can be replaced while the replicas run.
const secretsName = "replicas.secret"

const (
	secretSize = 32 // bytes, at least
	maxSecrets = 2
)

// secrets reads the file, and makes it where a service has none.
func (l serviceDir) secrets() ([][]byte, error) {
	path := filepath.Join(l.Dir, secretsName)
	content, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err = l.makeSecrets(); err == nil || errors.Is(err, fs.ErrExist) {
			content, err = os.ReadFile(path)
		}
	}
	if err != nil {
		return nil, err
	}
	var list [][]byte
	for i, line := range strings.Fields(string(content)) {
		secret, err := hex.DecodeString(line)
		if err != nil || len(secret) < secretSize {
			return nil, fmt.Errorf("%s: secret %d is not at least %d bytes in hexadecimal", path, i+1, secretSize)
		}
		list = append(list, secret)
	}
	if len(list) == 0 || len(list) > maxSecrets {
		return nil, fmt.Errorf("%s: %d secrets instead of one or two", path, len(list))
	}
	return list, nil
}

// makeSecrets writes a new secret, readable by the owner only. It overwrites no file.
func (l serviceDir) makeSecrets() error {
	secret := make([]byte, secretSize)
	if _, err := rand.Read(secret); err != nil {
		return err
	}
	return createFile(filepath.Join(l.Dir, secretsName), []byte(hex.EncodeToString(secret)+"\n"), 0o600)
}
