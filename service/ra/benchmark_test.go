// SPDX-License-Identifier: EUPL-1.2

package ra_test

import (
	"crypto/rand"
	"crypto/rsa"
	"math/big"
	"path/filepath"
	"testing"

	"rinnova.example/go/cmp"
	"rinnova.example/go/service/ca"
	"rinnova.example/go/service/store/storetest"
)

// BenchmarkUpdate issues certificates for one card after another, with every check, lint and record.
func BenchmarkUpdate(b *testing.B) {
	for engine, dsn := range map[string]func(*testing.B) string{
		"sqlite":     func(b *testing.B) string { return filepath.Join(b.TempDir(), "rinnovad.db") },
		"postgresql": func(b *testing.B) string { return storetest.PostgreSQL(b).Database(b) },
	} {
		b.Run(engine, func(b *testing.B) {
			s := newServiceOn(b, dsn(b))
			requests := make([]cmp.UpdateRequest, b.N)
			for i := range requests {
				old := s.card(0, func(r *ca.OldRequest) { r.PublicKey = modulus(b, 1024) })
				check(b, s.store.Register(b.Context(), old, "", clock))
				for {
					public := modulus(b, 2048)
					if ca.CheckKey(public, old) == nil {
						requests[i] = requestFor(b, old, public)
						break
					}
				}
			}
			b.ResetTimer()
			for _, r := range requests {
				s.renew(r)
			}
		})
	}
}

// modulus draws a public key without a private one, which the measured code does not use.
func modulus(b testing.TB, bits int) *rsa.PublicKey {
	b.Helper()
	n, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), uint(bits-1)))
	check(b, err)
	return &rsa.PublicKey{N: n.SetBit(n, bits-1, 1).SetBit(n, 0, 1), E: 65537}
}
