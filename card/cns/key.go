// SPDX-License-Identifier: EUPL-1.2

package cns

import (
	"bytes"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"math/big"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/iso7816"
)

var (
	// ErrKeyTaken is the error for a slot whose key reference is in use.
	ErrKeyTaken = errors.New("the key reference is taken")
	// ErrNoPublicKey is the error for a card that made a key and did not return its public key.
	ErrNoPublicKey = errors.New("the card did not return the public key")
)

// DFToCreateWithPUK returns the DF of the signature file system that has to be created in the MF under the PUK, or
// nil. It sends no command: it uses Contents.
func (s *Session) DFToCreateWithPUK() *cardmodel.DF {
	if s.Contents.HasSignatureDF || !s.Model.NeedsPUK() {
		return nil
	}
	return &s.Model.NeededDFs.Value[0]
}

// FreeBytes returns the number of free bytes in a DF, or -1 if the card does not tell it or has no such DF.
func (s *Session) FreeBytes(df cardmodel.Path) (free int, err error) {
	err = s.transaction(false, func() error {
		if err := s.sameCard(); err != nil {
			return err
		}
		free, err = s.freeMemory(df)
		if errors.Is(err, iso7816.SWFileNotFound) {
			free, err = -1, nil
		}
		return err
	})
	return free, err
}

// HasPartialPair reports whether the slot has a part of a new pair: its public key file, or the temporary file of its
// DF.
func (s *Session) HasPartialPair(p cardmodel.Slot) (begun bool, err error) {
	err = s.transaction(false, func() error {
		if err := s.sameCard(); err != nil {
			return err
		}
		if begun, err = s.exists(p.PublicKey); err != nil || begun {
			return err
		}
		begun, err = s.exists(p.Key.DF.Child(s.Model.TemporaryFile.Value))
		return err
	})
	return begun, err
}

// CreateWithPUK creates one DF in the MF under the PUK, in a transaction of its own. The PUK is sent once and
// authorises this one command (docs/CARDS.md §6.5 step 3). If the card refuses it, the error is a *CodeError.
func (s *Session) CreateWithPUK(d cardmodel.DF, puk []byte) error {
	return s.createWithPUK(d, func() error { return s.verify(cardmodel.PUK, puk) })
}

func (s *Session) createWithPUK(d cardmodel.DF, present func() error) error {
	err := s.transaction(true, func() error {
		if err := s.sameCard(); err != nil {
			return err
		}
		if ok, err := s.exists(d.Path); err != nil || ok {
			return err
		}
		if err := s.selectFile(nil); err != nil {
			return err
		}
		if err := present(); err != nil {
			return err
		}
		_, err := s.send(createCommand(d.Path.FID(), true, d.Size, d.Access))
		return err
	})
	if err == nil {
		s.Contents.HasSignatureDF = true
	}
	return err
}

// CreateDFs creates the absent DFs of a new pair, except for those in the MF. Parents come first.
func (b *Block) CreateDFs() error {
	for _, d := range b.s.Model.NeededDFs.Value {
		if len(d.Path) == 1 {
			continue
		}
		ok, err := b.s.exists(d.Path)
		if err == nil && !ok {
			err = b.create(d.Path, true, d.Size, d.Access)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// PutEnvironment puts the security environment into the DF of a slot's key (PUT DATA SECI, docs/CARDS.md §6.1 step
// 2). It leaves an existing one as it is.
func (b *Block) PutEnvironment(p cardmodel.Slot) error {
	if err := b.s.selectFile(p.Key.DF); err != nil {
		return err
	}
	_, err := b.do(iso7816.Command{INS: iso7816.INSPutData, P1: 0x01, P2: 0x6D, Data: []byte{
		0x83, 0x01, b.s.Model.Environment.Value, 0x86, 0x02, 0x00, 0x00, 0x8F, 0x06, 0, 0, 0, 0, 0, 0}})
	if errors.Is(err, iso7816.SWExists) {
		return nil
	}
	return err
}

// Components of a private key object (docs/CARDS.md §3): class byte and component number.
const (
	modulusClass  = 0x20
	exponentClass = 0x21
)

// PutKeyObjects makes room for a key in the slot: two objects filled with FF, the modulus and the private exponent
// (PUT DATA OCI, docs/CARDS.md §6.1 step 4). If the modulus object exists it returns ErrKeyTaken, and so never
// overwrites a key. It then adds only an exponent object that is absent because a run was cut between the two.
func (b *Block) PutKeyObjects(p cardmodel.Slot) error {
	return b.again(func() error { return b.putKeyObjects(p.Key) })
}

func (b *Block) putKeyObjects(k cardmodel.KeyRef) error {
	if err := b.s.selectFile(k.DF); err != nil {
		return err
	}
	err := b.putKeyObject(modulusClass, k.ID)
	taken := errors.Is(err, iso7816.SWExists)
	if err != nil && !taken {
		return err
	}
	if err := b.putKeyObject(exponentClass, k.ID); err != nil && !errors.Is(err, iso7816.SWExists) {
		return err
	}
	if taken {
		return ErrKeyTaken
	}
	return nil
}

func (b *Block) putKeyObject(class, id byte) error {
	m := b.s.Model
	pin, n := m.PIN.Value.Reference, m.NewKeyBits.Value/8
	option := byte(0x02)
	if class == modulusClass {
		option = 0x22 // more components follow
	}
	// Length, 00, n bytes; the length counts the 00. Over 127 bytes it takes the BER form (assumed, docs/CARDS.md
	// §9 row 7: the Incrypto34 form in one byte ends at 1024 bits).
	value := iso7816.AppendLength(nil, n+1)
	value = append(append(value, 0x00), bytes.Repeat([]byte{0xFF}, n)...)
	d := iso7816.AppendTLV(nil, 0x83, []byte{class, id})
	d = iso7816.AppendTLV(d, 0x85, []byte{option, 0x00, m.KeyAlgorithm.Value, 0x0F, 0xFF, 0xFF, 0x00, 0x00})
	d = iso7816.AppendTLV(d, 0x86, []byte{pin, pin, 0xFF, 0xFF, 0xFF, 0xFF, pin, 0xFF, 0xFF, 0xFF})
	d = iso7816.AppendTLV(d, 0x8B, bytes.Repeat([]byte{0xFF}, 16))
	d = iso7816.AppendTLV(d, 0x8F, value)
	_, err := b.do(iso7816.Command{INS: iso7816.INSPutData, P1: 0x01, P2: 0x6E, Data: d})
	return err
}

// Generate makes a key pair in the slot's objects, and overwrites the key there (GENERATE KEY PAIR, docs/CARDS.md
// §6.3). It returns the public key that the card leaves in the temporary file. The caller makes sure that the slot
// has no key that is needed. The temporary file stays until DeleteTemporary.
func (b *Block) Generate(p cardmodel.Slot) (*rsa.PublicKey, error) {
	m := b.s.Model
	temporary := p.Key.DF.Child(m.TemporaryFile.Value)
	// The public key of an earlier attempt would be taken for the new one.
	there, err := b.s.exists(temporary)
	if err == nil && there {
		err = b.remove(temporary)
	}
	if err == nil {
		err = b.create(temporary, false, m.TemporarySize.Value, cardmodel.Access{})
	}
	if err == nil {
		err = b.s.selectFile(p.Key.DF)
	}
	if err != nil {
		return nil, err
	}
	_, err = b.do(iso7816.Command{INS: iso7816.INSGenerateKeyPair,
		Data: []byte{modulusClass, p.Key.ID, byte(m.TemporaryFile.Value >> 8), byte(m.TemporaryFile.Value),
			0x00, 0x10, // no extra primality tests, p and q differ in length by at most 16 bits
			0x00, 0x20}}) // public exponent of up to 32 bits
	if err != nil {
		return nil, err
	}
	k, err := b.s.temporaryKey(p)
	if err == nil && k == nil {
		err = ErrNoPublicKey
	}
	return k, err
}

// temporaryKey reads the public key from the temporary file: 7F49 { 81 modulus, 82 exponent }. It returns nil if the
// file is absent.
func (s *Session) temporaryKey(p cardmodel.Slot) (*rsa.PublicKey, error) {
	temporary := p.Key.DF.Child(s.Model.TemporaryFile.Value)
	if ok, err := s.exists(temporary); err != nil || !ok {
		return nil, err
	}
	b, err := s.readHead(temporary)
	if err != nil {
		return nil, err
	}
	if len(b) > 5 && b[0] == 0x7F && b[1] == 0x49 && b[2] == 0x82 { // two bytes of length
		b, err = s.readAnnounced(temporary, b, 5+int(b[3])<<8+int(b[4]))
	}
	if err != nil {
		return nil, err
	}
	t, _, err := iso7816.CutTLV(b)
	if err != nil || t.Tag != 0x7F49 {
		return nil, nil
	}
	list, err := iso7816.ParseTLV(t.Value)
	if err != nil {
		return nil, nil
	}
	n, ok := iso7816.Find(list, 0x81)
	e, okE := iso7816.Find(list, 0x82)
	exponent := new(big.Int).SetBytes(e)
	k := &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(exponent.Int64())}
	if !ok || !okE || k.N.BitLen() != s.Model.NewKeyBits.Value || !exponent.IsInt64() || k.E < 3 || k.E>>32 != 0 ||
		k.E&1 == 0 {
		return nil, nil
	}
	return k, nil
}

// WritePublicKey writes a public key to the slot's own file, and creates the file if it is absent. With it the key is
// known after the journal and the service's answer are lost.
func (b *Block) WritePublicKey(p cardmodel.Slot, k *rsa.PublicKey) error {
	created, err := b.ensure(p.PublicKey, b.s.Model.PublicKeySize.Value)
	if err != nil {
		return err
	}
	// Not read back: a test signature proves it at its first use.
	return b.update(x509.MarshalPKCS1PublicKey(k), created, false)
}

// DeleteTemporary removes the temporary file of the slot's DF.
func (b *Block) DeleteTemporary(p cardmodel.Slot) error {
	return b.remove(p.Key.DF.Child(b.s.Model.TemporaryFile.Value))
}

// WriteCertificate writes a certificate to the slot's file, and creates the file if it is absent. It reads the file
// back. The first bytes are written last, so that a file cut short does not parse.
func (b *Block) WriteCertificate(p cardmodel.Slot, der []byte) error {
	created, err := b.ensure(p.Certificate, max(len(der), b.s.Model.CertificateSize.Value))
	if err != nil {
		return err
	}
	return b.update(der, created, true)
}

// ensure selects a file and creates it first if it is absent. It reports whether it created it.
func (b *Block) ensure(p cardmodel.Path, size int) (created bool, err error) {
	ok, err := b.s.exists(p)
	if err != nil || ok {
		return false, err
	}
	if err := b.create(p, false, size, b.s.Model.ObjectAccess.Value); err != nil {
		return false, err
	}
	return true, b.s.selectFile(p)
}
