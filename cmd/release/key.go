// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"

	"aead.dev/minisign"
)

// secret names the source of a release key's password, which is never an argument.
type secret struct {
	PasswordFrom string `name:"password-from" placeholder:"env:NAME|file:PATH" help:"Password of the key file; without, the file is not encrypted."`
}

// password returns the password, and whether there is one.
func (s secret) password() (string, bool, error) {
	kind, name, _ := strings.Cut(s.PasswordFrom, ":")
	switch {
	case s.PasswordFrom == "":
		return "", false, nil
	case kind == "env":
		p, ok := os.LookupEnv(name)
		if !ok || p == "" {
			return "", false, errors.New("no password in the variable " + name)
		}
		return p, true, nil
	case kind == "file":
		b, err := os.ReadFile(name)
		p := string(bytes.TrimRight(b, "\r\n"))
		if err == nil && p == "" {
			err = errors.New("no password in " + name)
		}
		return p, true, err
	}
	return "", false, errors.New("--password-from wants env:NAME or file:PATH")
}

type keyCommand struct {
	secret
	Out string `required:"" type:"path" placeholder:"FILE" help:"Where to write the secret key; the public one is written beside it, with the ending .pub."`
}

// Run makes a key pair in minisign's format and prints the public key in the form that a program is built with. It
// overwrites no file.
func (c *keyCommand) Run(p *program) error {
	password, encrypted, err := c.password()
	if err != nil {
		return err
	}
	public, private, err := minisign.GenerateKey(p.random)
	if err != nil {
		return err
	}
	var text []byte
	if encrypted {
		text, err = minisign.EncryptKey(password, private)
	} else {
		text, err = private.MarshalText()
	}
	if err != nil {
		return err
	}
	if err := create(c.Out, append(text, '\n'), 0o600); err != nil {
		return err
	}
	text, err = public.MarshalText()
	if err != nil {
		return err
	}
	if err := create(c.Out+".pub", append(text, '\n'), 0o644); err != nil {
		return err
	}
	fmt.Fprintln(p.out, public)
	return nil
}

// create writes a file that is not there yet.
func create(path string, data []byte, mode os.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

// read opens a key file, with its password where it has one.
func (s secret) read(path string) (minisign.PrivateKey, error) {
	var key minisign.PrivateKey
	b, err := os.ReadFile(path)
	if err != nil {
		return key, err
	}
	b = bytes.TrimRight(b, "\r\n")
	password, given, err := s.password()
	switch {
	case err != nil:
		return key, err
	case minisign.IsEncrypted(b) && !given:
		return key, errors.New("the key file is encrypted: --password-from is missing")
	case minisign.IsEncrypted(b):
		return minisign.DecryptKey(password, b)
	}
	return key, key.UnmarshalText(b)
}
