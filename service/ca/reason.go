// SPDX-License-Identifier: EUPL-1.2

package ca

// Reason is the reason for refusing an old certificate or a new key: a stable code word. It is an error, which errors.As
// finds in the errors of CheckKey and VerifyOld.
type Reason string

func (r Reason) Error() string { return string(r) }

// Reasons of CheckKey.
const (
	KeyNotRSA      Reason = "key-not-rsa"
	KeyTooShort    Reason = "key-too-short"    // under 2048 bits
	KeyTooLong     Reason = "key-too-long"     // over 4096 bits
	KeyBadExponent Reason = "key-bad-exponent" // even, under 65537, or over 31 bits
	KeySmallFactor Reason = "key-small-factor" // an even modulus included
	KeyClosePrimes Reason = "key-close-primes" // Fermat's factorisation succeeds, a square included
	KeyWeakROCA    Reason = "key-weak-roca"    // CVE-2017-15361
	KeyIsOld       Reason = "key-is-old"       // the modulus of the certificate to be renewed
)

// Reasons of VerifyOld.
const (
	UntrustedIssuer  Reason = "untrusted-issuer"  // no root has the issuer's name and made the signature
	WeakSignature    Reason = "weak-signature"    // algorithm not accepted from this root
	WrongKey         Reason = "wrong-key"         // not RSA from 1024 bits to 4096, from 2048 under the current CA
	WrongPolicy      Reason = "wrong-policy"      // 1.3.76.16.2.1 is missing
	WrongUsage       Reason = "wrong-usage"       // keyUsage, extKeyUsage, CA bit
	UnknownExtension Reason = "unknown-extension" // critical, and not understood (RFC 5280 §4.2)
	MalformedSubject Reason = "malformed-subject" // grammar of the names, common name, codice fiscale
	NotHealthCard    Reason = "not-health-card"   // card number of another CNS
	NotYetValid      Reason = "not-yet-valid"     // notBefore lies ahead
)
