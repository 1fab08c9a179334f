// SPDX-License-Identifier: EUPL-1.2

package cns

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"errors"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/holder"
)

// FileState is what a certificate file holds.
type FileState string

const (
	FileAbsent   FileState = "absent"   // no such file
	FileEmpty    FileState = "empty"    // all 00 or all FF
	FilePartial  FileState = "partial"  // a blank head and something behind it: a write of ours that was cut short
	FileReadable FileState = "readable" // plain DER, or DER behind the InfoCamere header
	// 5A or 7A and raw DEFLATE (docs/CARDS.md §6.7): another application's, not read
	FileCompressed FileState = "compressed"
	FileUnreadable FileState = "unreadable" // anything else: another application's
	FileMalformed  FileState = "malformed"  // DER as long as announced, which is no certificate that can be parsed
)

// CertificateFile is a certificate file as it was read.
type CertificateFile struct {
	State       FileState
	Certificate *x509.Certificate // for Readable
}

// Slot is the contents of one slot: slot 0 has the pair made at issue, slots 1 and up are the model's.
type Slot struct {
	Number      int
	Location    cardmodel.Slot
	Certificate CertificateFile
}

// Contents is the part of a card that can be read without the PIN.
type Contents struct {
	Slots          []Slot
	FreeBytes      int  // bytes free where a new pair goes, -1 where the card does not say
	HasSignatureDF bool // the DF of the certificates to come is there
}

// ReadContents reads the certificates of every slot and the free memory. It sends one SELECT for each file, and one
// READ BINARY for each 255 bytes of a certificate.
func (s *Session) ReadContents() (*Contents, error) {
	var c *Contents
	err := s.transaction(false, func() (err error) {
		if err = s.sameCard(); err == nil {
			c, err = s.read()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	s.Contents = c
	return c, nil
}

func (s *Session) read() (*Contents, error) {
	c := &Contents{FreeBytes: -1}
	old := s.Model.IssuedSlot.Value
	f, err := s.readCertificate(old.Certificate)
	if err != nil {
		return nil, err
	}
	c.Slots = append(c.Slots, Slot{0, old, f})
	slots := s.Model.NewSlots.Value
	if len(slots) == 0 {
		return c, nil
	}
	root := slots[0].Certificate.Parent()
	switch c.FreeBytes, err = s.freeMemory(root); {
	case errors.Is(err, iso7816.SWFileNotFound):
		if c.FreeBytes, err = s.freeMemory(nil); err != nil {
			return nil, err
		}
	case err != nil:
		return nil, err
	default:
		c.HasSignatureDF = true
	}
	for i, p := range slots {
		f := CertificateFile{State: FileAbsent}
		if c.HasSignatureDF {
			if f, err = s.readCertificate(p.Certificate); err != nil {
				return nil, err
			}
		}
		c.Slots = append(c.Slots, Slot{i + 1, p, f})
	}
	return c, nil
}

// readCertificate reads a certificate file and determines its state (docs/CARDS.md §2.1, §6.7).
func (s *Session) readCertificate(p cardmodel.Path) (CertificateFile, error) {
	if ok, err := s.exists(p); err != nil || !ok {
		return CertificateFile{State: FileAbsent}, err
	}
	head, err := s.readHead(p)
	if err != nil {
		return CertificateFile{}, err
	}
	switch {
	case len(head) < headSize:
		return CertificateFile{State: FileUnreadable}, nil
	case blank(head[:headSize]) || len(bytes.TrimLeft(head, "\x00")) == 0:
		all, err := s.readRest(head, s.Model.CertificateSize.Value)
		if err != nil {
			return CertificateFile{}, err
		}
		if blank(all) {
			return CertificateFile{State: FileEmpty}, nil
		}
		return CertificateFile{State: FilePartial}, nil
	case (head[0] == 0x5A || head[0] == 0x7A) && head[1] == 0x82:
		return CertificateFile{State: FileCompressed}, nil
	}
	skip, n := 0, derLength(head)
	if n == 0 {
		// InfoCamere: one byte, length in two, two bytes more, then DER.
		skip, n = 5, derLength(head[5:])
		if n == 0 || int(head[1])<<8|int(head[2]) != n {
			return CertificateFile{State: FileUnreadable}, nil
		}
	}
	all, err := s.readAnnounced(p, head, skip+n)
	if err != nil {
		return CertificateFile{}, err
	}
	cert, err := holder.ParseCertificate(all[min(skip, len(all)):])
	if err != nil {
		return CertificateFile{State: FileMalformed}, nil
	}
	return CertificateFile{FileReadable, cert}, nil
}

// derLength returns the length of the DER SEQUENCE at the start of b, header included, 0 if there is none.
func derLength(b []byte) int {
	switch {
	case len(b) >= 4 && b[0] == 0x30 && b[1] == 0x82:
		return 4 + int(b[2])<<8 + int(b[3])
	case len(b) >= 3 && b[0] == 0x30 && b[1] == 0x81:
		return 3 + int(b[2])
	case len(b) >= 2 && b[0] == 0x30 && b[1] < 0x80:
		return 2 + int(b[1])
	}
	return 0
}

// PublicKeys returns the public keys that the card's files name for a slot: the key in the slot's public key file,
// and the key in the temporary file that GENERATE KEY PAIR fills. Nil stands for an absent file. The files prove
// nothing: a test signature shows whether a key belongs to the slot.
func (b *Block) PublicKeys(p cardmodel.Slot) (stored, temporary *rsa.PublicKey, err error) {
	if stored, err = b.s.publicKeyFile(p); err != nil {
		return nil, nil, err
	}
	temporary, err = b.s.temporaryKey(p)
	return stored, temporary, err
}

// BlankCertificate writes zeros over the head of the slot's certificate file, so that no program can parse the file.
// It creates no file.
func (b *Block) BlankCertificate(p cardmodel.Slot) error {
	if ok, err := b.s.exists(p.Certificate); err != nil || !ok {
		return err
	}
	_, err := b.do(iso7816.Command{INS: iso7816.INSUpdateBinary, Data: make([]byte, headSize)})
	return err
}

// publicKeyFile reads the public key file that WritePublicKey writes: a PKCS#1 RSAPublicKey (RFC 8017 appendix
// A.1.1). It returns nil if the file is absent or incomplete.
func (s *Session) publicKeyFile(p cardmodel.Slot) (*rsa.PublicKey, error) {
	if ok, err := s.exists(p.PublicKey); err != nil || !ok {
		return nil, err
	}
	b, err := s.readHead(p.PublicKey)
	if err != nil {
		return nil, err
	}
	n := derLength(b)
	if n == 0 || n > s.Model.PublicKeySize.Value {
		return nil, nil
	}
	if b, err = s.readAnnounced(p.PublicKey, b, n); err != nil {
		return nil, err
	}
	k, err := x509.ParsePKCS1PublicKey(b[:n])
	if err != nil {
		return nil, nil
	}
	return k, nil
}
