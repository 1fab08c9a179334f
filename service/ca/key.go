// SPDX-License-Identifier: EUPL-1.2

package ca

import (
	"crypto"
	"crypto/rsa"
	"crypto/x509"
	"math"
	"math/big"

	"github.com/titanous/rocacheck"
)

// fermatRounds is Boulder's bound: it finds primes that differ in their lower half only, as broken generators make
// them.
const fermatRounds = 110

// smallPrimes is the product of the odd primes below 752 (NIST SP 800-89 §5.3.3).
var smallPrimes = func() *big.Int {
	product := big.NewInt(1)
	for p := int64(3); p < 752; p += 2 {
		if big.NewInt(p).ProbablyPrime(0) { // exact below 2^64
			product.Mul(product, big.NewInt(p))
		}
	}
	return product
}()

// CheckKey checks that a key may be certified in place of that of old: RSA of 2048 to 4096 bits, an odd exponent from
// 65537 to 2^31-1, no prime factor below 752, not of the ROCA family, primes not close to each other, and another
// modulus than the old one. An error is a [Reason]. The store checks that the key was never seen before.
//
// Exponents other than 65537 are accepted because a card may use one of 16 to 64 bits; those over 31 bits are refused,
// since crypto/rsa would refuse every signature made with the key.
func CheckKey(key crypto.PublicKey, old *x509.Certificate) error {
	if err := CheckKeySize(key); err != nil {
		return err
	}
	public := key.(*rsa.PublicKey)
	n := public.N
	if previous, ok := old.PublicKey.(*rsa.PublicKey); ok && previous.N.Cmp(n) == 0 {
		return KeyIsOld // with any exponent: the factors are the same
	}
	if n.Bit(0) == 0 || new(big.Int).GCD(nil, nil, n, smallPrimes).Cmp(big.NewInt(1)) != 0 {
		return KeySmallFactor
	}
	if rocacheck.IsWeak(public) {
		return KeyWeakROCA
	}
	if closePrimes(n) {
		return KeyClosePrimes
	}
	return nil
}

// CheckKeySize makes the checks of CheckKey that compare sizes only: a stranger's key is judged by them before a
// signature is verified with it.
func CheckKeySize(key crypto.PublicKey) error {
	public, ok := key.(*rsa.PublicKey)
	if !ok {
		return KeyNotRSA
	}
	n := public.N
	switch bits := n.BitLen(); {
	case n.Sign() <= 0 || bits < 2048:
		return KeyTooShort
	case bits > 4096:
		return KeyTooLong
	}
	if public.E < 65537 || public.E%2 == 0 || int64(public.E) > math.MaxInt32 {
		return KeyBadExponent
	}
	return nil
}

// squares holds the residues of squares modulo 256: one number in six, so that five in six need no square root.
var squares = func() (is [256]bool) {
	for i := range 256 {
		is[i*i%256] = true
	}
	return is
}()

// closePrimes tries Fermat's factorisation, n = a²-b² for a from ⌈√n⌉. n must be positive.
func closePrimes(n *big.Int) bool {
	one := big.NewInt(1)
	a := new(big.Int).Sqrt(n)
	if new(big.Int).Mul(a, a).Cmp(n) < 0 {
		a.Add(a, one)
	}
	square, root, b2 := new(big.Int), new(big.Int), new(big.Int)
	for range fermatRounds {
		b2.Sub(square.Mul(a, a), n)
		if len(b2.Bits()) == 0 {
			return true
		}
		if squares[b2.Bits()[0]&0xff] {
			root.Sqrt(b2)
			if square.Mul(root, root).Cmp(b2) == 0 {
				return true
			}
		}
		a.Add(a, one)
	}
	return false
}
