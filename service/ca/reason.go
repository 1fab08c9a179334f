// SPDX-License-Identifier: EUPL-1.2

package ca

import "rinnova.example/go/failure"

// Reason is the reason for refusing an old certificate or a new key: a stable code word. It is an error, which
// errors.As finds in the errors of CheckKey and VerifyOld.
type Reason failure.Code

func (r Reason) Error() string { return string(r) }

// Reasons of CheckKey.
const (
	KeyNotRSA      = Reason(failure.KeyNotRSA)
	KeyTooShort    = Reason(failure.KeyTooShort)    // under 2048 bits
	KeyTooLong     = Reason(failure.KeyTooLong)     // over 4096 bits
	KeyBadExponent = Reason(failure.KeyBadExponent) // even, under 65537, or over 31 bits
	KeySmallFactor = Reason(failure.KeySmallFactor) // an even modulus included
	KeyClosePrimes = Reason(failure.KeyClosePrimes) // Fermat's factorisation succeeds, a square included
	KeyWeakROCA    = Reason(failure.KeyWeakROCA)    // CVE-2017-15361
	KeyIsOld       = Reason(failure.KeyIsOld)       // the modulus of the certificate to be renewed
)

// Reasons of VerifyOld.
const (
	UntrustedIssuer = Reason(failure.UntrustedIssuer) // no root has the issuer's name and made the signature
	WeakSignature   = Reason(failure.WeakSignature)   // algorithm not accepted from this root
	// not RSA from 1024 bits to 4096, from 2048 under the current CA
	WrongKey         = Reason(failure.WrongKey)
	WrongPolicy      = Reason(failure.WrongPolicy)      // 1.3.76.16.2.1 is missing
	WrongUsage       = Reason(failure.WrongUsage)       // keyUsage, extKeyUsage, CA bit
	UnknownExtension = Reason(failure.UnknownExtension) // critical, and not understood (RFC 5280 §4.2)
	MalformedSubject = Reason(failure.MalformedSubject) // grammar of the names, common name, codice fiscale
	NotHealthCard    = Reason(failure.NotHealthCard)    // card number of another CNS
	NotYetValid      = Reason(failure.NotYetValid)      // notBefore lies ahead
)
