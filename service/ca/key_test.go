// SPDX-License-Identifier: EUPL-1.2

package ca

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"math/big"
	"testing"
)

// rocaPrime makes a prime of the faulty library's form (Nemec et al., CCS 2017): p = k·M + (65537^a mod M), where M is
// the product of the first primes; 126 of them, 971 bits, for keys of 1984 to 3968 bits.
func rocaPrime(t *testing.T, bits int) *big.Int {
	t.Helper()
	m := big.NewInt(1)
	for p, count := int64(2), 0; count < 126; p++ {
		if big.NewInt(p).ProbablyPrime(0) {
			m.Mul(m, big.NewInt(p))
			count++
		}
	}
	if m.BitLen() != 971 {
		t.Fatalf("M of %d bits, want 971", m.BitLen())
	}
	for {
		a, err := rand.Int(rand.Reader, m)
		if err != nil {
			t.Fatal(err)
		}
		residue := new(big.Int).Exp(big.NewInt(65537), a, m)
		k, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), uint(bits-m.BitLen())))
		if err != nil {
			t.Fatal(err)
		}
		k.SetBit(k, bits-m.BitLen(), 1)
		p := k.Mul(k, m)
		p.Add(p, residue)
		if p.BitLen() == bits && p.Bit(bits-2) == 1 && p.ProbablyPrime(20) {
			return p
		}
	}
}

// nextPrime returns the first prime from n on.
func nextPrime(n *big.Int) *big.Int {
	p := new(big.Int).SetBit(n, 0, 1)
	for !p.ProbablyPrime(20) {
		p.Add(p, big.NewInt(2))
	}
	return p
}

func TestCheckKey(t *testing.T) {
	good := &rsaKey(t, "new", 2048).PublicKey
	old := &x509.Certificate{PublicKey: &rsaKey(t, "old", 2048).PublicKey}
	_, edKey, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	exponent := func(e int) *rsa.PublicKey { return &rsa.PublicKey{N: good.N, E: e} }
	modulus := func(n *big.Int) *rsa.PublicKey { return &rsa.PublicKey{N: n, E: 65537} }
	product := func(p, q *big.Int) *rsa.PublicKey { return modulus(new(big.Int).Mul(p, q)) }
	p := rsaKey(t, "new", 2048).Primes[0]
	bits := func(n int) *big.Int { // an odd modulus of n bits, for the checks of its length
		return new(big.Int).SetBit(big.NewInt(1), n-1, 1)
	}
	rows := []struct {
		name string
		key  crypto.PublicKey
		want error
	}{
		{"2048 bits", good, nil},
		{"3072 bits", &rsaKey(t, "new", 3072).PublicKey, nil},
		{"4096 bits", &rsaKey(t, "new", 4096).PublicKey, nil},
		{"P-256", ownKey(t, "", P256).Public(), KeyNotRSA},
		{"Ed25519", edKey.Public(), KeyNotRSA},
		{"no key", nil, KeyNotRSA},
		{"1024 bits", &rsaKey(t, "new", 1024).PublicKey, KeyTooShort},
		{"2047 bits", modulus(bits(2047)), KeyTooShort},
		{"modulus 0", modulus(new(big.Int)), KeyTooShort},
		{"negative modulus", modulus(new(big.Int).Neg(good.N)), KeyTooShort},
		{"4097 bits", modulus(bits(4097)), KeyTooLong},
		{"16384 bits", modulus(bits(16384)), KeyTooLong},
		{"exponent 65537", exponent(65537), nil},
		{"exponent 65539", exponent(65539), nil},
		{"exponent of 31 bits", exponent(1<<31 - 1), nil},
		{"exponent of 32 bits", exponent(1<<31 + 1), KeyBadExponent},
		{"exponent of 33 bits", exponent(1<<32 + 1), KeyBadExponent},
		{"exponent 65535", exponent(65535), KeyBadExponent},
		{"exponent 65538", exponent(65538), KeyBadExponent},
		{"exponent 3", exponent(3), KeyBadExponent},
		{"exponent 1", exponent(1), KeyBadExponent},
		{"exponent 0", exponent(0), KeyBadExponent},
		{"exponent -65537", exponent(-65537), KeyBadExponent},
		{"old key", old.PublicKey, KeyIsOld},
		{"old modulus, other exponent", &rsa.PublicKey{N: old.PublicKey.(*rsa.PublicKey).N, E: 65539}, KeyIsOld},
		{"factor 2", modulus(new(big.Int).Lsh(good.N, 1)), KeySmallFactor},
		{"factor 3", modulus(new(big.Int).Mul(good.N, big.NewInt(3))), KeySmallFactor},
		{"factor 751", modulus(new(big.Int).Mul(good.N, big.NewInt(751))), KeySmallFactor},
		{"factor 757, the first that is not tried", modulus(new(big.Int).Mul(good.N, big.NewInt(757))), nil},
		{"ROCA", product(rocaPrime(t, 1024), rocaPrime(t, 1024)), KeyWeakROCA},
		{"one ROCA prime", product(rocaPrime(t, 1024), p), nil},
		{"square of a prime", product(p, p), KeyClosePrimes},
		{"next prime", product(p, nextPrime(new(big.Int).Add(p, big.NewInt(2)))), KeyClosePrimes},
		// p and q = p+d: Fermat's first a exceeds (p+q)/2 - d²/8p, so d of 512 bits is found at once, while one of
		// 530 bits needs about 2^(2·530-1024-3) = 2^33 rounds.
		{"primes 2^500 apart", product(p, nextPrime(new(big.Int).Add(p, bits(501)))), KeyClosePrimes},
		{"primes 2^530 apart", product(p, nextPrime(new(big.Int).Add(p, bits(531)))), nil},
	}
	seen := map[error]bool{}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			seen[row.want] = true
			if got := CheckKey(row.key, old); got != row.want {
				t.Errorf("got %v, want %v", got, row.want)
			}
		})
	}
	for _, reason := range []Reason{KeyNotRSA, KeyTooShort, KeyTooLong, KeyBadExponent, KeySmallFactor, KeyClosePrimes,
		KeyWeakROCA, KeyIsOld} {
		if !seen[reason] {
			t.Errorf("no row with reason %s", reason)
		}
	}
}

// TestClosePrimes: n = a²-b² is found at the first a for every b modulo 256, and at the last of 110 rounds, not after
// it.
func TestClosePrimes(t *testing.T) {
	a := new(big.Int).SetBit(big.NewInt(1), 1024, 1)
	difference := func(a, b *big.Int) *big.Int {
		n := new(big.Int).Mul(a, a)
		return n.Sub(n, new(big.Int).Mul(b, b))
	}
	for b := range int64(256) {
		if !closePrimes(difference(a, big.NewInt(b))) {
			t.Errorf("b = %d not found", b)
		}
	}
	// With b² just over 2·a·k the root of n is just under a-k, where the first round begins: a is the round k+1.
	round := func(r int64) *big.Int {
		b := new(big.Int).Mul(a, big.NewInt(2*(r-1)))
		b.Sqrt(b)
		return difference(a, b.Add(b, big.NewInt(1)))
	}
	if !closePrimes(round(110)) {
		t.Error("110th round not reached")
	}
	if closePrimes(round(111)) {
		t.Error("more than 110 rounds")
	}
}

// TestExponentLimit: crypto/rsa verifies with the largest exponent that CheckKey accepts, and refuses the next.
func TestExponentLimit(t *testing.T) {
	key := rsaKey(t, "new", 2048)
	for _, e := range []int{1<<31 - 1, 1<<31 + 1} {
		public := rsa.PublicKey{N: key.N, E: e}
		digest := make([]byte, 32)
		//nolint:staticcheck // only crypto/rsa's judgement of the key is wanted, and this asks for nothing else
		_, err := rsa.EncryptPKCS1v15(rand.Reader, &public, digest)
		if accepted := CheckKey(&public, &x509.Certificate{}) == nil; accepted != (err == nil) {
			t.Errorf("exponent %d: CheckKey %v, crypto/rsa %v", e, accepted, err)
		}
	}
}
