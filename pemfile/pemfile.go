// SPDX-License-Identifier: EUPL-1.2

// Package pemfile reads PEM files (RFC 7468) as editors, mail and systems leave them: with a byte order mark, with
// other line ends, in UTF-16, with text between the blocks. It ignores no block.
package pemfile

import (
	"bytes"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"errors"
	"fmt"
	"unicode/utf16"
)

var (
	// ErrDamaged says that a block begins and cannot be read to its end.
	ErrDamaged = errors.New("a damaged PEM block")
	// ErrNone says that there is no certificate in a file.
	ErrNone = errors.New("no PEM certificate")
)

// Blocks returns the blocks of a file in their order, or ErrDamaged.
func Blocks(file []byte) ([]*pem.Block, error) {
	rest := text(file)
	begun := bytes.Count(rest, []byte("-----BEGIN "))
	var list []*pem.Block
	for {
		var block *pem.Block
		if block, rest = pem.Decode(rest); block == nil {
			break
		}
		list = append(list, block)
	}
	if len(list) != begun {
		return nil, fmt.Errorf("%w: %d of %d can be read", ErrDamaged, len(list), begun)
	}
	return list, nil
}

// Certificates returns the certificates of a file in their order, and skips blocks of other kinds. Without a
// certificate the error is ErrNone.
func Certificates(file []byte) ([]*x509.Certificate, error) {
	blocks, err := Blocks(file)
	if err != nil {
		return nil, err
	}
	var list []*x509.Certificate
	for _, b := range blocks {
		if b.Type != "CERTIFICATE" {
			continue
		}
		c, err := x509.ParseCertificate(b.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate %d: %w", len(list)+1, err)
		}
		list = append(list, c)
	}
	if len(list) == 0 {
		return nil, ErrNone
	}
	return list, nil
}

// text returns a file as UTF-8 with the line ends of encoding/pem, without byte order mark.
func text(file []byte) []byte {
	var order binary.ByteOrder
	switch {
	case bytes.HasPrefix(file, []byte{0xFF, 0xFE}):
		order = binary.LittleEndian
	case bytes.HasPrefix(file, []byte{0xFE, 0xFF}):
		order = binary.BigEndian
	}
	if order != nil {
		var units []uint16
		for b := file[2:]; len(b) >= 2; b = b[2:] {
			units = append(units, order.Uint16(b))
		}
		file = []byte(string(utf16.Decode(units)))
	}
	file = bytes.TrimPrefix(file, []byte("\xEF\xBB\xBF"))
	file = bytes.ReplaceAll(file, []byte("\r\n"), []byte("\n"))
	return bytes.ReplaceAll(file, []byte("\r"), []byte("\n"))
}
