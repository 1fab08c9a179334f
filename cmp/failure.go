// SPDX-License-Identifier: EUPL-1.2

package cmp

// FailureInfo is one bit of PKIFailureInfo (RFC 9810 §5.2.3).
type FailureInfo int

const (
	BadAlg              FailureInfo = 0
	BadMessageCheck     FailureInfo = 1
	BadRequest          FailureInfo = 2
	BadTime             FailureInfo = 3
	BadCertID           FailureInfo = 4
	BadDataFormat       FailureInfo = 5
	WrongAuthority      FailureInfo = 6
	IncorrectData       FailureInfo = 7
	MissingTimeStamp    FailureInfo = 8
	BadPOP              FailureInfo = 9
	CertRevoked         FailureInfo = 10
	CertConfirmed       FailureInfo = 11
	WrongIntegrity      FailureInfo = 12
	BadRecipientNonce   FailureInfo = 13
	TimeNotAvailable    FailureInfo = 14
	UnacceptedPolicy    FailureInfo = 15
	UnacceptedExtension FailureInfo = 16
	AddInfoNotAvailable FailureInfo = 17
	BadSenderNonce      FailureInfo = 18
	BadCertTemplate     FailureInfo = 19
	SignerNotTrusted    FailureInfo = 20
	TransactionIDInUse  FailureInfo = 21
	UnsupportedVersion  FailureInfo = 22
	NotAuthorized       FailureInfo = 23
	SystemUnavail       FailureInfo = 24
	SystemFailure       FailureInfo = 25
	DuplicateCertReq    FailureInfo = 26
)
