// SPDX-License-Identifier: EUPL-1.2

package emulator

import (
	"crypto/rsa"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/holder"
)

// Personalization makes a card of a series the card of one person.
type Personalization struct {
	IDCarta      string // 16 digits
	PersonalData []byte // EF_DatiPersonali, at most 400 bytes, padded with 00
	// Certificate is the content of EF_C_Carta, at most 2048 bytes, padded with 00. Nil makes no file, also where the
	// model has the certificate in another file. Issue does not parse it, so that cards with a broken one can be
	// made.
	Certificate []byte
	Key         *rsa.PrivateKey // of 1024 or 2048 bits
	PIN, PUK    string          // digits, as many as the model says
	Rand        io.Reader       // for GET CHALLENGE and GENERATE KEY PAIR; nil: crypto/rand
	ATR         []byte          // nil: the series'
}

// ErrSeries is the error for a series that no model has. ErrPersonalization is the error for data that do not fit a
// card; its text has no personal data.
var (
	ErrSeries          = errors.New("unknown card series")
	ErrPersonalization = errors.New("cannot personalise the card")
)

// Sizes of files at issue (docs/CARDS.md §2.1), in bytes; those of 1200 and of 1000/1002 are assumed.
const (
	certificateSize  = 2048
	personalDataSize = 400
	atrSize          = 30
	serviceSize      = 64
)

// Issue makes a card of a series as it leaves its issuer, with the file system of docs/CARDS.md §2.1, the files
// that the model says are there, PIN, PUK, the old key 01 and environment 03 in the MF. It is in memory
// only; see Save and Open.
func Issue(series string, p Personalization) (*Card, error) {
	model, entry, ok := cardmodel.BySeries(series)
	if !ok {
		return nil, fmt.Errorf("%w %q", ErrSeries, series)
	}
	if _, err := holder.ParseIDCarta(p.IDCarta); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPersonalization, err)
	}
	switch {
	case len(p.PersonalData) > personalDataSize:
		return nil, fmt.Errorf("%w: personal data of %d bytes", ErrPersonalization, len(p.PersonalData))
	case len(p.Certificate) > certificateSize:
		return nil, fmt.Errorf("%w: certificate of %d bytes", ErrPersonalization, len(p.Certificate))
	case p.Key == nil || p.Key.N.BitLen() != 1024 && p.Key.N.BitLen() != 2048:
		return nil, fmt.Errorf("%w: the key must have 1024 or 2048 bits", ErrPersonalization)
	}
	pin, err := code(model.PIN.Value, p.PIN)
	if err != nil {
		return nil, fmt.Errorf("%w: PIN: %w", ErrPersonalization, err)
	}
	puk, err := code(model.PUK.Value, p.PUK)
	if err != nil {
		return nil, fmt.Errorf("%w: PUK: %w", ErrPersonalization, err)
	}
	c := &Card{series: series, model: model, atr: slices.Clone(p.ATR), rand: source(p.Rand),
		crt: &factors{keys: map[string]*rsa.PrivateKey{}}, verified: map[*object]int{}}
	if c.atr == nil {
		c.atr = slices.Clone(entry.ATR.Value)
	}
	history, err := iso7816.Historical(c.atr)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrPersonalization, err)
	}

	mf := directory(masterFile, closed)
	mf.Access[acCreate] = acNever
	if model.MFCreate.Source != "" { // else the model does not know
		mf.Access[acCreate] = model.MFCreate.Value
	}
	mf.Name = slices.Clone(model.Application.Value)
	c.root = mf
	c.drop()
	serial, _ := hex.DecodeString(p.IDCarta)
	mf.add(transparent(0x2F01, padded(append([]byte{byte(len(c.atr))}, c.atr...), max(atrSize, len(c.atr)+1))))
	mf.add(transparent(0x2F02, iso7816.AppendTLV(nil, 0x5A, serial)))
	mf.add(transparent(0x3F02, []byte{0x05})) // assumed: one byte (docs/CARDS.md §9 row 17), the life cycle "activated"
	chip := mf.add(directory(0x1000, closed))
	chip.add(transparent(0x1002, padded(history, serviceSize)))
	chip.add(transparent(0x1003, []byte(p.IDCarta)))
	person := mf.add(directory(0x1100, closed))
	if p.Certificate != nil && model.Elsewhere.Value == "" {
		person.add(transparent(0x1101, padded(p.Certificate, certificateSize)))
	}
	person.add(transparent(0x1102, padded(p.PersonalData, personalDataSize)))
	services := mf.add(directory(0x1200, closed))
	for _, fid := range []uint16{0x1201, 0x1202, 0x1203, 0x4142} {
		services.add(transparent(fid, make([]byte, serviceSize)))
	}
	for _, d := range model.DFsAtIssue.Value {
		parent := c.at(d.Path.Parent().String())
		f := parent.add(directory(d.Path.FID(), d.Access))
		f.Size = d.Size
	}
	if signature := mf.child(0x1400); signature != nil && c.idemia2021() {
		signature.add(transparent(0x1000, []byte("Carta Nazionale dei Servizi"))) // docs/CARDS.md §2.2
	}

	pinAC := []byte{0x00, model.PIN.Value.Reference, model.PUK.Value.Reference, acNever, acNever, acNever, acNever}
	// a PUK does not change itself (docs/CARDS.md §3)
	pukAC := []byte{0x00, acNever, acNever, acNever, acNever, acNever, acNever}
	keyAC := []byte{model.PIN.Value.Reference, acNever, acNever, acNever, acNever, acNever, acNever}
	mf.hold(codeObject(model.PIN.Value, pin, pinAC))
	mf.hold(codeObject(model.PUK.Value, puk, pukAC))
	n, e := c.crt.keep(p.Key)
	id := model.IssuedSlot.Value.Key.ID
	mf.hold(&object{Class: classModulus, ID: id, Algorithm: algRSA, Access: keyAC, Value: n})
	mf.hold(&object{Class: classExponent, ID: id, Algorithm: algRSA, Access: keyAC, Value: e})
	mf.Environments = []*environment{{ID: model.Environment.Value, Access: [2]byte{0x00, acNever}}}

	// The MF has room for what was made at issue and for what the model says is free besides.
	mf.Size = mf.used() + model.Memory.Value
	return c, nil
}

// closed allows no change in a DF.
var closed = cardmodel.Access{acNever, acNever, acNever, acNever, acNever, acNever, acNever, acNever, acNever}

// directory is a DF without a limit of its own.
func directory(fid uint16, access cardmodel.Access) *file {
	return &file{FID: fid, Type: [3]byte{typeDF}, Access: access, Size: 0xFFFF}
}

// transparent is an EF that is always readable and never changeable.
func transparent(fid uint16, content []byte) *file {
	f := &file{FID: fid, Type: [3]byte{typeTransparent}, Access: closed, Size: len(content), Data: content}
	f.Access[acRead] = 0x00
	return f
}

func padded(b []byte, n int) []byte {
	out := make([]byte, n)
	copy(out, b)
	return out
}

func (f *file) hold(o *object) {
	o.in = f
	f.Objects = append(f.Objects, o)
}

// code checks digits and length of a PIN or PUK and pads it. Its errors do not carry it.
func code(m cardmodel.Code, s string) ([]byte, error) {
	if len(s) < m.Min || len(s) > m.Max || strings.Trim(s, "0123456789") != "" {
		return nil, fmt.Errorf("not %d to %d digits", m.Min, m.Max)
	}
	b := []byte(s)
	for len(b) < m.Stored {
		b = append(b, m.Pad)
	}
	return b, nil
}

func codeObject(m cardmodel.Code, v, access []byte) *object {
	return &object{Class: classTest, ID: m.Reference, Algorithm: algPIN, Tries: byte(m.Tries), Left: byte(m.Tries),
		MinLength: byte(m.Min), Access: access, Value: v}
}
