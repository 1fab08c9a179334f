// SPDX-License-Identifier: EUPL-1.2

package cmp

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"io"
)

// The nonce of an answer is 16 random octets and a code of 16 over them, the transactionID and the signer of the
// request, so that every replica knows the nonces of the others without having seen them.
const nonceCodeSize = 16

var errNoSecret = errors.New("no secret for nonces")

// newNonce makes the nonce of the answer to a message of that transaction; signer is nil for an unprotected one.
func newNonce(secrets [][]byte, transactionID []byte, signer *x509.Certificate, rand io.Reader) ([]byte, error) {
	if len(secrets) == 0 || len(secrets[0]) == 0 {
		return nil, errNoSecret
	}
	nonce, err := random(rand, nonceSize)
	if err != nil {
		return nil, err
	}
	return append(nonce, nonceCode(secrets[0], transactionID, signer, nonce)...), nil
}

// isNonce reports whether a replica that has one of the secrets made the nonce for that transaction and signer.
func isNonce(secrets [][]byte, nonce, transactionID []byte, signer *x509.Certificate) bool {
	if len(nonce) != nonceSize+nonceCodeSize {
		return false
	}
	for _, secret := range secrets {
		code := nonceCode(secret, transactionID, signer, nonce[:nonceSize])
		if len(secret) > 0 && hmac.Equal(code, nonce[nonceSize:]) {
			return true
		}
	}
	return false
}

// nonceCode returns HMAC-SHA-256(secret, "nonce" ‖ transactionID ‖ SHA-256(signer) ‖ random), cut to 16 octets. Of the
// parts only transactionID has no fixed length, so no two lists of parts are the same octets.
func nonceCode(secret, transactionID []byte, signer *x509.Certificate, random []byte) []byte {
	var digest [sha256.Size]byte
	if signer != nil {
		digest = sha256.Sum256(signer.Raw)
	}
	mac := hmac.New(sha256.New, secret)
	for _, part := range [][]byte{[]byte("nonce"), transactionID, digest[:], random} {
		mac.Write(part)
	}
	return mac.Sum(nil)[:nonceCodeSize]
}
