// SPDX-License-Identifier: EUPL-1.2

// Package cardmodel is what each card is, as data: a table of literals, with the source of every fact
// beside it, and the match by answer to reset. Nothing outside this package compares the name of a
// series. Facts that no public source states are marked "assumed:" with the reason, and printed with that mark.
package cardmodel

import (
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"rinnova.example/go/failure"
)

// Fact is a value and where it is known from. Source names a source, or starts with "assumed:" and gives
// the reason for the choice.
type Fact[T any] struct {
	Value  T
	Source string
}

// Assumed reports whether no public source states the value.
func (f Fact[T]) Assumed() bool { return strings.HasPrefix(f.Source, assumedMark) }

const assumedMark = "assumed:"

// MarshalJSON writes the value with "source" or "assumed" beside it, null for a fact that a model leaves out.
func (f Fact[T]) MarshalJSON() ([]byte, error) {
	if f.Source == "" {
		return []byte("null"), nil
	}
	if f.Assumed() {
		return json.Marshal(struct {
			Value   T      `json:"value"`
			Assumed string `json:"assumed"`
		}{f.Value, strings.TrimSpace(strings.TrimPrefix(f.Source, assumedMark))})
	}
	return json.Marshal(struct {
		Value  T      `json:"value"`
		Source string `json:"source"`
	}{f.Value, f.Source})
}

// Path is a file's identifiers from below the MF (3F00) down; an empty path is the MF itself.
type Path []uint16

// String writes the path as 1400/9001, and the MF as MF.
func (p Path) String() string {
	if len(p) == 0 {
		return "MF"
	}
	s := make([]string, len(p))
	for i, f := range p {
		s[i] = fmt.Sprintf("%04X", f)
	}
	return strings.Join(s, "/")
}

// Bytes returns the identifiers as SELECT by path wants them, without 3F00.
func (p Path) Bytes() []byte {
	b := make([]byte, 0, 2*len(p))
	for _, f := range p {
		b = append(b, byte(f>>8), byte(f))
	}
	return b
}

// Parent is the path without its last identifier, and FID the last one. Both refuse the MF by panicking:
// no literal names it where a parent is asked for.
func (p Path) Parent() Path { return p[:len(p)-1] }
func (p Path) FID() uint16  { return p[len(p)-1] }

// Child returns the path of a file in the DF that p names. It shares no memory with p.
func (p Path) Child(fid uint16) Path { return append(slices.Clone(p), fid) }

func (p Path) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// Hex is a run of bytes that prints as hexadecimal.
type Hex []byte

func (h Hex) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%X", []byte(h)), nil }

// Access is the nine access bytes of tag 86 in their order (docs/CARDS.md §2.3): for a DF RFU, update objects,
// append objects, deactivate, activate, delete, administer, create, RFU; for an EF read, update, append,
// deactivate, activate, delete, administer, increase, decrease. 00 is always, FF never, else the
// reference of the code that must have been verified.
type Access [9]byte

func (a Access) MarshalText() ([]byte, error) { return fmt.Appendf(nil, "%X", a[:]), nil }

// CodeKind tells the two codes of a card apart, and is the code's name.
type CodeKind string

const (
	PIN CodeKind = "PIN"
	PUK CodeKind = "PUK"
)

// Code is the form of one of the two codes.
func (m *Model) Code(kind CodeKind) Code {
	if kind == PUK {
		return m.PUK.Value
	}
	return m.PIN.Value
}

// KnownTries returns how many wrong codes in a row block a code, 0 where that is assumed.
func (m *Model) KnownTries(kind CodeKind) int {
	fact := m.PIN
	if kind == PUK {
		fact = m.PUK
	}
	if fact.Assumed() {
		return 0
	}
	return fact.Value.Tries
}

// Code is a PIN or a PUK.
type Code struct {
	Reference byte `json:"reference"` // P2 of VERIFY without the backtracking bit
	Min       int  `json:"min"`       // digits
	Max       int  `json:"max"`       // digits
	Stored    int  `json:"stored"`    // bytes sent, padded
	Pad       byte `json:"pad"`
	Tries     int  `json:"tries"`
}

// Digits returns how many digits the code may have: "8", or "5–8".
func (c Code) Digits() string {
	if c.Min == c.Max {
		return strconv.Itoa(c.Min)
	}
	return fmt.Sprintf("%d–%d", c.Min, c.Max)
}

// KeyRef is where a private key lies and what MSE SET calls it.
type KeyRef struct {
	DF Path `json:"df"`
	ID byte `json:"id"`
}

// Slot is room for one key pair and its certificate.
type Slot struct {
	Certificate Path   `json:"certificate"`
	PublicKey   Path   `json:"publicKey"`
	Key         KeyRef `json:"key"`
}

// DF is a dedicated file that a pair needs. It is created if it is absent.
type DF struct {
	Path   Path   `json:"path"`
	Size   int    `json:"size"` // bytes asked for
	Access Access `json:"access"`
}

// Pattern is what the historical bytes of a family have in common (docs/CARDS.md §1.1): the chip maker is one
// of IC, the mask maker is Mask, the firmware's major number lies between First and Last.
type Pattern struct {
	IC    Hex  `json:"ic"`
	Mask  byte `json:"mask"`
	First byte `json:"first"`
	Last  byte `json:"last"`
}

// Series is a sigla printed on cards, and the answer to reset that an emulated card of it gives.
type Series struct {
	Sigla string    `json:"sigla"`
	ATR   Fact[Hex] `json:"atr"`
}

// Model is one kind of chip with its operating system and file system.
type Model struct {
	ID           string             `json:"id"`
	Name         string             `json:"name"`
	ATR          Fact[Pattern]      `json:"atr"`
	Series       Fact[[]Series]     `json:"series"`
	NotRenewable Fact[failure.Code] `json:"notRenewable"` // code word of the reason, "" where renewable

	// selected by name before any file is seen; none: the MF is current
	Application    Fact[Hex]  `json:"application"`
	ExtendedLength Fact[bool] `json:"extendedLength"` // commands over 255 bytes without chaining
	WriteChunk     Fact[int]  `json:"writeChunk"`     // bytes of one UPDATE BINARY at most
	Memory         Fact[int]  `json:"memory"`         // bytes free at issue

	PIN           Fact[Code] `json:"pin"`
	PUK           Fact[Code] `json:"puk"`
	Backtrack     Fact[bool] `json:"backtrack"`     // P2 of VERIFY carries 80h
	CountsTries   Fact[bool] `json:"countsTries"`   // a wrong code gets 63Cx, not 6300
	ChangePIN     Fact[bool] `json:"changePin"`     // CHANGE REFERENCE DATA with the old and the new PIN
	UnblockPIN    Fact[bool] `json:"unblockPin"`    // RESET RETRY COUNTER with the PUK and a new PIN
	Environment   Fact[byte] `json:"environment"`   // security environment restored before MSE SET
	IssuedKeyBits Fact[int]  `json:"issuedKeyBits"` // of the old pair, where an emulated card is not told otherwise
	IssuedSlot    Fact[Slot] `json:"issuedSlot"`    // the pair made at issue; its public key has no file that is read
	// the place of the certificate made at issue if it is not in IssuedSlot; this program does not reach it
	Elsewhere Fact[string] `json:"elsewhere"`

	// Facts of a renewable card only; zero elsewhere.
	MFCreate   Fact[byte] `json:"mfCreate"`   // access byte of CREATE in the MF
	DFsAtIssue Fact[[]DF] `json:"dfsAtIssue"` // DFs below 1400, itself included, that are there at issue
	NeededDFs  Fact[[]DF] `json:"neededDFs"`  // DFs to create where absent, parents first
	// a DF created for keys gets a security environment of its own
	NewEnvironment    Fact[bool]   `json:"newEnvironment"`
	NewSlots          Fact[[]Slot] `json:"newSlots"` // in the order in which they are used
	NewKeyBits        Fact[int]    `json:"newKeyBits"`
	ObjectAccess      Fact[Access] `json:"objectAccess"`    // of the files made for a certificate and a public key
	CertificateSize   Fact[int]    `json:"certificateSize"` // bytes of the file made for a certificate
	PublicKeySize     Fact[int]    `json:"publicKeySize"`   // bytes of the file made for a public key
	TemporaryFile     Fact[uint16] `json:"temporaryFile"`   // file that receives the public key from GENERATE KEY PAIR
	TemporarySize     Fact[int]    `json:"temporarySize"`
	KeyAlgorithm      Fact[byte]   `json:"keyAlgorithm"`      // algorithm byte of the key objects
	PublicKeyRecovery Fact[string] `json:"publicKeyRecovery"` // how a key is known again without any record
}

// NeedsPUK reports whether the PUK is needed to create a part of a new pair on a card as issued.
func (m *Model) NeedsPUK() bool {
	return m.NotRenewable.Value == "" && m.MFCreate.Value == m.PUK.Value.Reference &&
		len(m.NeededDFs.Value) > 0 && len(m.DFsAtIssue.Value) == 0
}

// Sigle lists the series sold on this model.
func (m *Model) Sigle() []string {
	s := make([]string, len(m.Series.Value))
	for i, x := range m.Series.Value {
		s[i] = x.Sigla
	}
	return s
}
