// SPDX-License-Identifier: EUPL-1.2

package token

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha1"
	"encoding/hex"
	"math/big"
	"strings"
	"testing"

	"rinnova.example/go/holder"
)

type holderID = holder.IDCarta

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	check(t, err)
	return b
}

// pad is a code as VERIFY sends it (docs/CARDS.md §3).
func pad(code string) string {
	return hex.EncodeToString([]byte(code)) + strings.Repeat("ff", 8-len(code))
}

// exp is the public operation, without the zeros in front.
func exp(k *rsa.PublicKey, signature []byte) []byte {
	s := new(big.Int).SetBytes(signature)
	return s.Exp(s, big.NewInt(int64(k.E)), k.N).Bytes()
}

// encrypt is RSAES-PKCS1-v1_5 with a padding of FF bytes (RFC 8017 §7.2.1).
func encrypt(k *rsa.PublicKey, message string) []byte {
	block := append([]byte{0, 2}, bytes.Repeat([]byte{0xFF}, k.Size()-3-len(message))...)
	m := new(big.Int).SetBytes(append(append(block, 0), message...))
	return m.Exp(m, big.NewInt(int64(k.E)), k.N).FillBytes(make([]byte, k.Size()))
}

func sha1Sum(b []byte) []byte {
	h := sha1.Sum(b)
	return h[:]
}
