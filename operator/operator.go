// SPDX-License-Identifier: EUPL-1.2

// Package operator reads operator.json. By this file the operator of a renewal service tells the programs of its
// packages the address of the service, its roots, and how to reach the assistance.
package operator

import (
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/mail"
	"net/url"
	"strings"

	"rinnova.example/go/endpoint"
	"rinnova.example/go/jsonfile"
	"rinnova.example/go/pemfile"
	"rinnova.example/go/plaintext"
)

// Name is the file's name, in a package and beside packages.
const Name = "operator.json"

// MaxFile is the most bytes of the file.
const MaxFile = 256 << 10

// Operator is the content of the file. The zero value is no operator. Certificates are PEM; TLSCA is "" for the
// system's roots, Desk is "" if the assistance takes no error reports.
type Operator struct {
	Service string // address
	CA      string // issuing roots
	TLSCA   string // roots of the server
	Desk    string // certificates of the assistance, for reports
	Contact Contact
}

// Contact is how a person reaches the assistance; each field may be "".
type Contact struct {
	Telephone string `json:"telephone,omitempty"`
	Mail      string `json:"mail,omitempty"`
	Hours     string `json:"hours,omitempty"`
	Page      string `json:"page,omitempty"` // https address
}

// Parse reads the file. It refuses, with a *jsonfile.Error, unknown and repeated members, a service that is neither
// https nor on this computer, PEM without a certificate, and a contact that cannot be used.
func Parse(file []byte) (Operator, error) {
	if len(file) > MaxFile {
		return Operator{}, &jsonfile.Error{Err: errors.New("too long")}
	}
	var o Operator
	if err := jsonfile.Read(file, jsonfile.Object{"Service": &o.Service, "CA": &o.CA, "TLSCA": &o.TLSCA,
		"Desk": &o.Desk, "Contact": jsonfile.Object{"Telephone": &o.Contact.Telephone, "Mail": &o.Contact.Mail,
			"Hours": &o.Contact.Hours, "Page": &o.Contact.Page}}); err != nil {
		return Operator{}, err
	}
	if err := o.check(); err != nil {
		return Operator{}, err
	}
	return o, nil
}

// Encode returns the file, which Parse reads, or the error of Parse.
func (o Operator) Encode() ([]byte, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	type contact struct{ Telephone, Mail, Hours, Page string }
	b, err := json.MarshalIndent(struct {
		Service, CA, TLSCA, Desk string
		Contact                  contact
	}{o.Service, o.CA, o.TLSCA, o.Desk, contact(o.Contact)}, "", "  ")
	if err != nil {
		return nil, err
	}
	return append(b, '\n'), nil
}

func (o Operator) check() error {
	for _, f := range []struct {
		name, value string
		needed      bool
		check       func(string) error
	}{
		{"Service", o.Service, true, CheckService}, {"CA", o.CA, true, certificates},
		{"TLSCA", o.TLSCA, false, certificates}, {"Desk", o.Desk, false, certificates},
		{"Contact.Telephone", o.Contact.Telephone, false, telephone}, {"Contact.Mail", o.Contact.Mail, false, address},
		{"Contact.Hours", o.Contact.Hours, false, line}, {"Contact.Page", o.Contact.Page, false, page},
	} {
		err := error(nil)
		switch {
		case f.value != "":
			err = f.check(f.value)
		case f.needed:
			err = errors.New("missing")
		}
		if err != nil {
			return &jsonfile.Error{Name: f.name, Err: err}
		}
	}
	return nil
}

// CheckService refuses an address that cannot be a service's: without TLS and not on this computer, or with a
// password, a query or a fragment.
func CheckService(s string) error {
	u, err := url.Parse(s)
	switch {
	case err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" || line(s) != nil:
		return errors.New("not an address")
	case !endpoint.Trusted(u):
		return errors.New("neither https nor this computer")
	}
	return nil
}

func certificates(s string) error {
	_, err := pemfile.Certificates([]byte(s))
	return err
}

const maxLine = 200 // bytes

func line(s string) error {
	if len(s) > maxLine || !plaintext.Is(s) {
		return errors.New("not a short line of text")
	}
	return nil
}

// telephone matches a number that a page can make a link of (RFC 3966 §3): digits and their separators.
func telephone(s string) error {
	if strings.Trim(s, "+0123456789 ()-./") != "" || !strings.ContainsAny(s, "0123456789") {
		return errors.New("not a telephone number")
	}
	return line(s)
}

// Dial returns a telephone number as a link has it (RFC 3966): its digits, and the plus before them.
func Dial(number string) string {
	return strings.Map(func(r rune) rune {
		if r == '+' || '0' <= r && r <= '9' {
			return r
		}
		return -1
	}, number)
}

func address(s string) error {
	if a, err := mail.ParseAddress(s); err != nil || a.Address != s {
		return errors.New("not a mail address")
	}
	return line(s)
}

func page(s string) error {
	if u, err := url.Parse(s); err != nil || u.User != nil || !endpoint.Trusted(u) || line(s) != nil {
		return errors.New("not an https address")
	}
	return nil
}

// Root is a certificate as people compare it.
type Root struct {
	Name   string `json:"name"`   // of its subject
	SHA256 string `json:"sha256"` // pairs of upper-case digits
}

// Roots returns the certificates of a PEM text; none is an error.
func Roots(text string) ([]Root, error) {
	list, err := pemfile.Certificates([]byte(text))
	if err != nil {
		return nil, err
	}
	roots := make([]Root, len(list))
	for i, c := range list {
		roots[i] = Root{plaintext.Cut(plaintext.Line(name(c)), maxLine), fingerprint(c)}
	}
	return roots, nil
}

func name(c *x509.Certificate) string {
	if c.Subject.CommonName != "" {
		return c.Subject.CommonName
	}
	return c.Subject.String()
}

func fingerprint(c *x509.Certificate) string {
	sum := sha256.Sum256(c.Raw)
	digits := strings.ToUpper(hex.EncodeToString(sum[:]))
	var pairs []string
	for len(digits) > 0 {
		pairs, digits = append(pairs, digits[:2]), digits[2:]
	}
	return strings.Join(pairs, ":")
}
