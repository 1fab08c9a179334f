// SPDX-License-Identifier: EUPL-1.2

package emulator

import (
	"crypto/rsa"
	"io"
	"math/big"
	"sync"

	"rinnova.example/go/card/iso7816"
)

// Operations of an environment, as indexes into its keys (docs/CARDS.md §6.1, 2).
const (
	opSign     = 1
	opDecipher = 3
	opTest     = 4
)

// manageEnvironment is MSE (docs/CARDS.md §4.3): F3 restores an environment of the current DF or of one above it,
// with or without the zero byte behind; F1 sets the key of an operation, A4 test, B6 sign, B8 decipher,
// by 83 or 84. Whether the key is there is found out when it is used.
//
// assumed: the current environment outlives SELECT.
func (c *Card) manageEnvironment(cmd iso7816.Command) ([]byte, iso7816.SW) {
	switch cmd.P1 {
	case 0xF3:
		if len(cmd.Data) != 0 || cmd.Ne != 0 && cmd.Ne != iso7816.NeShort {
			return nil, iso7816.SWWrongLength
		}
		for d := c.df; d != nil; d = d.parent {
			if e := d.environment(cmd.P2); e != nil {
				if !c.allowed(d, e.Access[acUse]) {
					return nil, iso7816.SWSecurity
				}
				now := *e
				c.environment = &now
				return nil, iso7816.SWOK
			}
		}
		return nil, iso7816.SWRecordNotFound
	case 0xF1:
		op, ok := map[byte]int{0xA4: opTest, 0xB6: opSign, 0xB8: opDecipher}[cmd.P2]
		if !ok {
			return nil, iso7816.SWWrongP1P2
		}
		if len(cmd.Data) != 3 {
			return nil, iso7816.SWWrongLength
		}
		if cmd.Data[0] != 0x83 && cmd.Data[0] != 0x84 || cmd.Data[1] != 1 || cmd.Data[2] == 0 {
			return nil, iso7816.SWWrongData
		}
		if c.environment == nil {
			return nil, iso7816.SWConditions
		}
		c.environment.Keys[op] = cmd.Data[2]
		return nil, iso7816.SWOK
	}
	return nil, iso7816.SWWrongP1P2
}

// perform is PSO (docs/CARDS.md §4.3): 80 86 deciphers 00 and a block of the modulus' length; 9E 9A signs such a
// block with a key that does not pad, and a DigestInfo with one that does. Other operations are refused.
// The key is looked for in the current DF and above it, never below: OpenSC uses key 01 of the MF with DF
// 1100 current, and fails on Idemia's key 02 unless its own DF is (docs/CARDS.md §5, 3).
func (c *Card) perform(cmd iso7816.Command) ([]byte, iso7816.SW) {
	var op int
	switch {
	case cmd.P1 == 0x80 && cmd.P2 == 0x86:
		op = opDecipher
	case cmd.P1 == 0x9E && cmd.P2 == 0x9A:
		op = opSign
	default:
		return nil, iso7816.SWWrongP1P2
	}
	if len(cmd.Data) == 0 {
		return nil, iso7816.SWWrongLength
	}
	if c.environment == nil || c.environment.Keys[op] == 0 {
		return nil, iso7816.SWConditions
	}
	id := c.environment.Keys[op]
	modulus, exponent := c.df.objectUp(classModulus, id), c.df.objectUp(classExponent, id)
	if modulus == nil || exponent == nil || modulus.in != exponent.in {
		return nil, c.keyAbsent()
	}
	if !c.allowed(modulus.in, modulus.access(acUse)) || !c.allowed(modulus.in, exponent.access(acUse)) {
		return nil, iso7816.SWSecurity
	}
	n := len(modulus.Value)
	block := cmd.Data
	switch {
	case op == opDecipher && modulus.Algorithm == algSign:
		return nil, iso7816.SWConditions
	case op == opDecipher:
		if len(block) != n+1 {
			return nil, iso7816.SWWrongLength
		}
		if block[0] != 0x00 {
			return nil, iso7816.SWWrongData
		}
		block = block[1:]
	case modulus.Algorithm == algSign:
		if len(block) > n-11 { // RFC 8017 §9.2
			return nil, iso7816.SWWrongLength
		}
		block = pad(block, n)
	case len(block) != n:
		return nil, iso7816.SWWrongLength
	}
	out, sw := c.crt.raw(modulus.Value, exponent.Value, block)
	if c.fault.DropLeadingZeros {
		for len(out) > 0 && out[0] == 0 {
			out = out[1:]
		}
	}
	return out, sw
}

// pad is EMSA-PKCS1-v1_5 around a DigestInfo (RFC 8017 §9.2): 00 01 FF … 00 DigestInfo.
func pad(digestInfo []byte, n int) []byte {
	b := make([]byte, n)
	b[1] = 0x01
	end := n - len(digestInfo) - 1
	for i := 2; i < end; i++ {
		b[i] = 0xFF
	}
	copy(b[end+1:], digestInfo)
	return b
}

// factors keeps the primes of keys made in this process, so that they need not be exponentiated whole.
// Cards cloned from one another share it.
type factors struct {
	mu   sync.Mutex
	keys map[string]*rsa.PrivateKey // by modulus and private exponent
}

func (f *factors) keep(k *rsa.PrivateKey) (modulus, exponent []byte) {
	n := k.Size()
	modulus, exponent = k.N.FillBytes(make([]byte, n)), k.D.FillBytes(make([]byte, n))
	k.Precompute()
	f.mu.Lock()
	defer f.mu.Unlock()
	f.keys[string(modulus)+string(exponent)] = k
	return modulus, exponent
}

// raw is block^exponent mod modulus, left-padded to the modulus' length. An object that holds no key yet
// gets 6984, a block not below the modulus 6A80.
func (f *factors) raw(modulus, exponent, block []byte) ([]byte, iso7816.SW) {
	n := new(big.Int).SetBytes(modulus)
	if len(modulus) != len(exponent) || allFF(modulus) || n.BitLen() != 8*len(modulus) {
		return nil, iso7816.SWUnusable
	}
	x := new(big.Int).SetBytes(block)
	if x.Cmp(n) >= 0 {
		return nil, iso7816.SWWrongData
	}
	f.mu.Lock()
	k := f.keys[string(modulus)+string(exponent)]
	f.mu.Unlock()
	if k == nil || len(k.Primes) != 2 {
		x.Exp(x, new(big.Int).SetBytes(exponent), n)
		return x.FillBytes(make([]byte, len(modulus))), iso7816.SWOK
	}
	// RFC 8017 §5.1.2, 2.b
	p, q := k.Primes[0], k.Primes[1]
	m1 := new(big.Int).Exp(x, k.Precomputed.Dp, p)
	m2 := new(big.Int).Exp(x, k.Precomputed.Dq, q)
	m1.Sub(m1, m2).Mul(m1, k.Precomputed.Qinv).Mod(m1, p)
	m1.Mul(m1, q).Add(m1, m2)
	return m1.FillBytes(make([]byte, len(modulus))), iso7816.SWOK
}

// challenge is GET CHALLENGE (docs/CARDS.md §4.3), at most challengeLimit bytes where the chip has a limit.
func (c *Card) challenge(cmd iso7816.Command) ([]byte, iso7816.SW) {
	if cmd.P1 != 0 || cmd.P2 != 0 {
		return nil, iso7816.SWWrongP1P2
	}
	if len(cmd.Data) > 0 || cmd.Ne == 0 || cmd.Ne > c.challengeLimit() {
		return nil, iso7816.SWWrongLength
	}
	b := make([]byte, cmd.Ne)
	if _, err := io.ReadFull(c.rand, b); err != nil {
		return nil, swNoDiagnosis
	}
	return b, iso7816.SWOK
}
