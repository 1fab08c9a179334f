// SPDX-License-Identifier: EUPL-1.2

package cns

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/big"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/iso7816"
)

// ErrSignature is the error for a signature that was not made with the expected key.
var ErrSignature = errors.New("the card returned a wrong signature")

// Signer is a key on the card as a crypto.Signer, for PKCS#1 v1.5 and PSS. It makes the padding, and the card does
// the raw RSA operation (docs/CARDS.md §5). It verifies every signature before it returns it.
type Signer struct {
	key    cardmodel.KeyRef
	public *rsa.PublicKey
	run    func(func(*Block) error) error
}

// Signer returns a signer that uses the block's transaction.
func (b *Block) Signer(k cardmodel.KeyRef, public *rsa.PublicKey) *Signer {
	return &Signer{k, public, func(f func(*Block) error) error { return f(b) }}
}

// Signer returns a signer that opens a block for each signature, for use between waits for a network.
func (s *Session) Signer(k cardmodel.KeyRef, public *rsa.PublicKey) *Signer {
	return &Signer{k, public, s.InBlock}
}

func (s *Signer) Public() crypto.PublicKey { return s.public }

// Sign pads the digest and has the card apply the private key. opts is a hash or *rsa.PSSOptions; crypto.Hash(0)
// signs the bytes as they are, for TLS 1.0 and 1.1. It refuses a digest that does not fit the modulus.
func (s *Signer) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	h := opts.HashFunc()
	if h != 0 && len(digest) != h.Size() {
		return nil, fmt.Errorf("digest of %d bytes for a hash of %d", len(digest), h.Size())
	}
	if pss, ok := opts.(*rsa.PSSOptions); ok {
		salt := pss.SaltLength
		switch salt {
		case rsa.PSSSaltLengthEqualsHash:
			salt = h.Size()
		case rsa.PSSSaltLengthAuto:
			salt = (s.public.N.BitLen()+6)/8 - h.Size() - 2
		}
		return s.SignPSS(random, digest, h, salt)
	}
	em, err := padPKCS1(s.public.Size(), digest, h)
	if err != nil {
		return nil, err
	}
	return s.Raw(em)
}

// SignPSS signs a digest with a salt of the length in bytes, which may be 0, and MGF1 over the same hash.
func (s *Signer) SignPSS(random io.Reader, digest []byte, h crypto.Hash, salt int) ([]byte, error) {
	if random == nil {
		random = rand.Reader
	}
	em, err := padPSS(s.public, digest, h, salt, random)
	if err != nil {
		return nil, err
	}
	return s.Raw(em)
}

// Raw applies the private key to a block of the modulus' size whose number is below the modulus. It refuses a result
// that the public key does not turn into the block again.
func (s *Signer) Raw(block []byte) ([]byte, error) {
	m := new(big.Int).SetBytes(block)
	if len(block) != s.public.Size() || m.Cmp(s.public.N) >= 0 {
		return nil, errors.New("the block does not fit the key")
	}
	var result []byte
	err := s.run(func(b *Block) (err error) {
		result, err = b.raw(s.key, block)
		return err
	})
	if err != nil {
		return nil, err
	}
	back := new(big.Int).SetBytes(result)
	if back.Cmp(s.public.N) >= 0 || back.Exp(back, big.NewInt(int64(s.public.E)), s.public.N).Cmp(m) != 0 {
		return nil, ErrSignature
	}
	return result, nil
}

// KeyMatches reports, by a test signature, whether the private key of the slot belongs to the public key. It reports
// false for a key that is absent, empty, or not usable with the PIN. Errors are those of the transport.
func (b *Block) KeyMatches(k cardmodel.KeyRef, public *rsa.PublicKey) (bool, error) {
	sig, err := b.testSignature(k, public.Size())
	if isSW(err) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	digest := sha256.Sum256(testMessage)
	return rsa.VerifyPKCS1v15(public, crypto.SHA256, digest[:], sig) == nil, nil
}

// KeyState is the result of a test signature under a key reference.
type KeyState int

const (
	KeyUnusable KeyState = iota // no key, an empty object, or one of another size
	KeyForeign                  // the PIN does not open it: another application's
	KeyUsable
)

// ProbeKey determines the state of a key reference. It takes the key for one of the new pair's size.
func (b *Block) ProbeKey(k cardmodel.KeyRef) (KeyState, error) {
	sig, err := b.testSignature(k, b.s.Model.NewKeyBits.Value/8)
	switch {
	case err == nil:
		if len(bytes.Trim(sig, "\x00")) == 0 {
			return KeyUnusable, nil
		}
		return KeyUsable, nil
	case errors.Is(err, iso7816.SWSecurity), errors.Is(err, iso7816.SWBlocked):
		return KeyForeign, nil
	case isSW(err):
		return KeyUnusable, nil
	}
	return KeyUnusable, err
}

func isSW(err error) bool {
	var sw iso7816.SW
	return errors.As(err, &sw)
}

// testMessage is the content of a test signature. It cannot be taken for a document.
var testMessage = []byte("rinnova: test signature, of no effect")

func (b *Block) testSignature(k cardmodel.KeyRef, size int) ([]byte, error) {
	digest := sha256.Sum256(testMessage)
	em, err := padPKCS1(size, digest[:], crypto.SHA256)
	if err != nil {
		return nil, err
	}
	return b.raw(k, em)
}

// raw applies a private key to a block of the modulus' size: SELECT the key's DF, MSE RESTORE, MSE SET
// for confidentiality, PSO DECIPHER with the padding indicator 00 (docs/CARDS.md §5 rules 2 and 3).
func (b *Block) raw(k cardmodel.KeyRef, em []byte) (sig []byte, err error) {
	err = b.again(func() error {
		sig, err = b.rawOnce(k, em)
		return err
	})
	return sig, err
}

func (b *Block) rawOnce(k cardmodel.KeyRef, em []byte) ([]byte, error) {
	if err := b.s.selectFile(k.DF); err != nil {
		return nil, err
	}
	if _, err := iso7816.Do(b.s.card,
		iso7816.Command{INS: iso7816.INSManageSecurityEnvironment, P1: 0xF3,
			P2: b.s.Model.Environment.Value}); err != nil {
		return nil, err
	}
	if _, err := iso7816.Do(b.s.card,
		iso7816.Command{INS: iso7816.INSManageSecurityEnvironment, P1: 0xF1, P2: 0xB8,
			Data: []byte{0x83, 0x01, k.ID}}); err != nil {
		return nil, err
	}
	out, err := b.do(iso7816.Command{INS: iso7816.INSPerformSecurityOperation, P1: 0x80, P2: 0x86,
		Data: append([]byte{0x00}, em...), Ne: len(em)})
	if err != nil {
		return nil, err
	}
	if len(out) > len(em) {
		return nil, ErrSignature
	}
	return append(make([]byte, len(em)-len(out)), out...), nil // cards may drop leading zeros
}

// digestInfo holds the DER of DigestInfo before the digest (RFC 8017 §9.2 note 1).
var digestInfo = map[crypto.Hash][]byte{
	crypto.SHA1: {0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2B, 0x0E, 0x03, 0x02, 0x1A, 0x05, 0x00, 0x04, 0x14},
	crypto.SHA256: {0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05,
		0x00, 0x04, 0x20},
	crypto.SHA384: {0x30, 0x41, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x02, 0x05,
		0x00, 0x04, 0x30},
	crypto.SHA512: {0x30, 0x51, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x03, 0x05,
		0x00, 0x04, 0x40},
	0: {},
}

// padPKCS1 is EMSA-PKCS1-v1_5 (RFC 8017 §9.2) for a modulus of size bytes.
func padPKCS1(size int, digest []byte, h crypto.Hash) ([]byte, error) {
	prefix, ok := digestInfo[h]
	if !ok {
		return nil, fmt.Errorf("hash %v is not supported", h)
	}
	t := append(bytes.Clone(prefix), digest...)
	if size < len(t)+11 {
		return nil, errors.New("the digest does not fit the key")
	}
	em := append([]byte{0x00, 0x01}, bytes.Repeat([]byte{0xFF}, size-len(t)-3)...)
	return append(append(em, 0x00), t...), nil
}

// padPSS is EMSA-PSS with MGF1 (RFC 8017 §9.1.1), left-padded to the modulus' size.
func padPSS(k *rsa.PublicKey, digest []byte, h crypto.Hash, saltLength int, random io.Reader) ([]byte, error) {
	if h == 0 || !h.Available() {
		return nil, fmt.Errorf("hash %v is not supported", h)
	}
	bits := k.N.BitLen() - 1
	n := (bits + 7) / 8
	if saltLength < 0 || n < h.Size()+saltLength+2 {
		return nil, errors.New("the digest does not fit the key")
	}
	salt := make([]byte, saltLength)
	if _, err := io.ReadFull(random, salt); err != nil {
		return nil, err
	}
	w := h.New()
	w.Write(make([]byte, 8))
	w.Write(digest)
	w.Write(salt)
	hash := w.Sum(nil)
	db := append(make([]byte, n-saltLength-h.Size()-2), 0x01)
	db = append(db, salt...)
	for i, counter := 0, uint32(0); i < len(db); counter++ {
		w.Reset()
		w.Write(hash)
		w.Write([]byte{byte(counter >> 24), byte(counter >> 16), byte(counter >> 8), byte(counter)})
		for _, x := range w.Sum(nil) {
			if i == len(db) {
				break
			}
			db[i] ^= x
			i++
		}
	}
	db[0] &= 0xFF >> (8*n - bits)
	em := append(append(db, hash...), 0xBC)
	return append(make([]byte, k.Size()-n), em...), nil
}
