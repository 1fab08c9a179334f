// SPDX-License-Identifier: EUPL-1.2

package token

import (
	"bytes"
	"crypto"
	"crypto/rand"
	_ "crypto/sha1" // the hashes of the mechanisms
	_ "crypto/sha256"
	_ "crypto/sha512"
	"hash"
	"math/big"
	"slices"

	"rinnova.example/go/card/cns"
)

// Mechanisms (PKCS #11 v3.0, Current Mechanisms §2.1).
const (
	mechRSAPKCS      = 0x01
	mechRSAX509      = 0x03
	mechSHA1RSA      = 0x06
	mechPSS          = 0x0D
	mechSHA1PSS      = 0x0E
	mechSHA256RSA    = 0x40
	mechSHA384RSA    = 0x41
	mechSHA512RSA    = 0x42
	mechSHA256PSS    = 0x43
	mechSHA384PSS    = 0x44
	mechSHA512PSS    = 0x45
	hashSHA1         = 0x220 // CKM_SHA_1, as a parameter of PSS
	hashSHA256       = 0x250
	hashSHA384       = 0x260
	hashSHA512       = 0x270
	mgfSHA1          = 1
	mgfSHA256        = 2
	mgfSHA384        = 3
	mgfSHA512        = 4
	largestOperation = 1 << 16 // bytes of what is padded and not hashed; more never fits a key
)

// mechanism is the description of one mechanism.
type mechanism struct {
	hash    crypto.Hash // of the data; 0: the data are signed as they are
	pss     bool
	decrypt bool
}

var mechanisms = map[uint64]mechanism{
	mechRSAPKCS:   {decrypt: true},
	mechRSAX509:   {decrypt: true},
	mechSHA1RSA:   {hash: crypto.SHA1},
	mechSHA256RSA: {hash: crypto.SHA256},
	mechSHA384RSA: {hash: crypto.SHA384},
	mechSHA512RSA: {hash: crypto.SHA512},
	mechPSS:       {pss: true},
	mechSHA1PSS:   {hash: crypto.SHA1, pss: true},
	mechSHA256PSS: {hash: crypto.SHA256, pss: true},
	mechSHA384PSS: {hash: crypto.SHA384, pss: true},
	mechSHA512PSS: {hash: crypto.SHA512, pss: true},
}

// pssHashes has the hashes of CK_RSA_PKCS_PSS_PARAMS, each with its mask generation function.
var pssHashes = map[uint64]struct {
	hash crypto.Hash
	mgf  uint64
}{
	hashSHA1: {crypto.SHA1, mgfSHA1}, hashSHA256: {crypto.SHA256, mgfSHA256},
	hashSHA384: {crypto.SHA384, mgfSHA384}, hashSHA512: {crypto.SHA512, mgfSHA512},
}

// Mechanisms lists the mechanisms of the card in a slot.
func (m *Module) Mechanisms(slot uint64) ([]uint64, error) {
	if _, err := m.token(slot); err != nil {
		return nil, err
	}
	list := []uint64{}
	for number := range mechanisms {
		list = append(list, number)
	}
	slices.Sort(list)
	return list, nil
}

// MechanismInfo returns the smallest and the largest key of a mechanism, in bits, and its flags.
func (m *Module) MechanismInfo(slot, number uint64) (least, most, flags uint64, err error) {
	if _, err := m.token(slot); err != nil {
		return 0, 0, 0, err
	}
	d, ok := mechanisms[number]
	if !ok {
		return 0, 0, 0, MechanismInvalid
	}
	flags = mechanismHardware | mechanismSign
	if d.decrypt {
		flags |= mechanismDecrypt
	}
	return 1024, 2048, flags, nil
}

// Mechanism is a CK_MECHANISM. HasPSS tells that it came with CK_RSA_PKCS_PSS_PARAMS, which are the other fields.
type Mechanism struct {
	Number         uint64
	HasPSS         bool
	Hash, MGF, Len uint64
}

// operation is a signature or a decryption under way.
type operation struct {
	pair    *pair
	number  uint64
	kind    mechanism
	hash    crypto.Hash // of PSS
	salt    int         // bytes
	running hash.Hash   // nil where the data are not hashed
	data    []byte
	parts   bool   // Update was called
	result  []byte // made, and not yet given to the host
}

func (o *operation) wipe() {
	if o != nil {
		clear(o.data)
		clear(o.result)
	}
}

func (m *Module) begin(handle, key uint64, mech Mechanism, decrypt bool) (*session, *operation, error) {
	s, t, o, err := m.object(handle, key)
	switch {
	case err == ObjectHandleInvalid:
		return nil, nil, KeyHandleInvalid
	case err != nil:
		return nil, nil, err
	case o.pair == nil:
		return nil, nil, KeyFunctionNotPermitted
	case !t.loggedIn:
		return nil, nil, UserNotLoggedIn
	}
	kind, ok := mechanisms[mech.Number]
	if !ok || decrypt && !kind.decrypt {
		return nil, nil, MechanismInvalid
	}
	op := &operation{pair: o.pair, number: mech.Number, kind: kind}
	if kind.pss != mech.HasPSS {
		return nil, nil, MechanismParamInvalid
	}
	if kind.pss {
		h, ok := pssHashes[mech.Hash]
		if !ok || h.mgf != mech.MGF || kind.hash != 0 && kind.hash != h.hash ||
			mech.Len > uint64(o.pair.public.Size()) {
			return nil, nil, MechanismParamInvalid
		}
		op.hash, op.salt = h.hash, int(mech.Len)
		if (o.pair.public.N.BitLen()+6)/8 < h.hash.Size()+op.salt+2 { // RFC 8017 §9.1.1
			return nil, nil, MechanismParamInvalid
		}
	}
	if kind.hash != 0 {
		op.running = kind.hash.New()
	}
	return s, op, nil
}

// SignInit begins a signature with a private key.
func (m *Module) SignInit(handle, key uint64, mech Mechanism) error {
	s, op, err := m.begin(handle, key, mech, false)
	if err != nil {
		return err
	}
	if s.sign != nil {
		return OperationActive
	}
	s.sign = op
	return nil
}

// DecryptInit begins a decryption with a private key.
func (m *Module) DecryptInit(handle, key uint64, mech Mechanism) error {
	s, op, err := m.begin(handle, key, mech, true)
	if err != nil {
		return err
	}
	if s.decrypt != nil {
		return OperationActive
	}
	s.decrypt = op
	return nil
}

// Call says which of the functions of an operation the host called.
type Call int

const (
	Whole Call = iota // Sign, Decrypt: all data at once
	Part              // SignUpdate, DecryptUpdate
	End               // SignFinal, DecryptFinal
)

// Operate continues a signature or a decryption. room is the host's buffer in bytes, [Unavailable] for a host that asks
// for the length. It returns the length, and the result if it fits. Errors: [BufferTooSmall] with the length; the
// operation goes on after it and after a question for the length, and ends otherwise (PKCS #11 v3.0 §5.2).
func (m *Module) Operate(handle uint64, decrypt bool, call Call, data []byte, room uint64) (uint64, []byte, error) {
	s, t, err := m.session(handle)
	if err != nil {
		return 0, nil, err
	}
	active := &s.sign
	if decrypt {
		active = &s.decrypt
	}
	op := *active
	if op == nil {
		return 0, nil, OperationNotInitialized
	}
	end := func(err error) (uint64, []byte, error) {
		op.wipe()
		*active = nil
		return 0, nil, m.failed(s, err)
	}
	switch {
	case call == Whole && op.parts:
		return end(OperationActive)
	case call == Part:
		op.parts = true
		return 0, nil, func() error {
			if err := op.add(data); err != nil {
				_, _, err = end(err)
				return err
			}
			return nil
		}()
	}
	size := uint64(op.pair.public.Size())
	if op.result == nil {
		if room == Unavailable || !decrypt && room < size {
			if room == Unavailable {
				return size, nil, nil
			}
			return size, nil, BufferTooSmall
		}
		if call == Whole {
			if err := op.add(data); err != nil {
				return end(err)
			}
		}
		op.result, err = t.use(func() ([]byte, error) {
			signer := t.session.Signer(op.pair.key, op.pair.public)
			if decrypt {
				return op.open(signer)
			}
			return op.make(signer)
		})
		if err != nil {
			return end(err)
		}
	}
	length := uint64(len(op.result))
	if room == Unavailable {
		return length, nil, nil
	}
	if room < length {
		return length, nil, BufferTooSmall
	}
	result := bytes.Clone(op.result)
	op.wipe()
	*active = nil
	return length, result, nil
}

func (o *operation) add(data []byte) error {
	if o.running != nil {
		o.running.Write(data)
		return nil
	}
	if len(o.data)+len(data) > largestOperation {
		return DataLenRange
	}
	o.data = append(o.data, data...)
	return nil
}

// make has the card sign.
func (o *operation) make(key *cns.Signer) ([]byte, error) {
	size := o.pair.public.Size()
	digest := o.data
	if o.running != nil {
		digest = o.running.Sum(nil)
	}
	switch {
	case o.number == mechRSAX509:
		if len(digest) > size {
			return nil, DataLenRange
		}
		block := append(make([]byte, size-len(digest)), digest...)
		if new(big.Int).SetBytes(block).Cmp(o.pair.public.N) >= 0 {
			return nil, DataLenRange
		}
		return key.Raw(block)
	case o.kind.pss:
		if len(digest) != o.hash.Size() {
			return nil, DataLenRange
		}
		return key.SignPSS(rand.Reader, digest, o.hash, o.salt)
	case o.number == mechRSAPKCS && len(digest) > size-11: // RFC 8017 §9.2
		return nil, DataLenRange
	}
	return key.Sign(rand.Reader, digest, o.kind.hash)
}

// open has the card decrypt.
func (o *operation) open(key *cns.Signer) ([]byte, error) {
	if len(o.data) != o.pair.public.Size() {
		return nil, EncryptedDataLenRange
	}
	if new(big.Int).SetBytes(o.data).Cmp(o.pair.public.N) >= 0 {
		return nil, EncryptedDataInvalid
	}
	block, err := key.Raw(o.data)
	if err != nil || o.number == mechRSAX509 {
		return block, err
	}
	// RFC 8017 §7.2.2: 00 02, at least eight bytes other than 00, 00.
	end := bytes.IndexByte(block[2:], 0)
	if block[0] != 0 || block[1] != 2 || end < 8 {
		return nil, EncryptedDataInvalid
	}
	return block[2+end+1:], nil
}
