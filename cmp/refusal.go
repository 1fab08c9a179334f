// SPDX-License-Identifier: EUPL-1.2

package cmp

import (
	"rinnova.example/go/catalogue"
	"rinnova.example/go/failure"
)

// NoFailureInfo is the Info of a refusal without a PKIFailureInfo.
const NoFailureInfo FailureInfo = -1

// CodeUnspecified is the Code of a refusal without a code word of ours: one from a foreign server.
const CodeUnspecified failure.Code = "unspecified"

// The refusals of [Handler] itself, before it asks the [Authority]. The bits are those of RFC 9483 §3.5 and §3.6 where
// these clauses name one.
var (
	refusalVersion = &Refusal{UnsupportedVersion, failure.UnsupportedVersion,
		catalogue.Refusal(failure.UnsupportedVersion)}
	refusalFormat = &Refusal{BadDataFormat, failure.MalformedMessage,
		catalogue.Refusal(failure.MalformedMessage)}
	// A message that parses and asks for what the profile does not allow (RFC 9483 §4.1.1, §4.3).
	refusalRequest = &Refusal{BadRequest, failure.MalformedMessage,
		catalogue.Refusal(failure.MalformedMessage)}
	refusalTransactionID = &Refusal{BadDataFormat, failure.BadTransactionID,
		catalogue.Refusal(failure.BadTransactionID)}
	refusalSenderNonce = &Refusal{BadSenderNonce, failure.BadSenderNonce,
		catalogue.Refusal(failure.BadSenderNonce)}
	refusalRecipientNonce = &Refusal{BadRecipientNonce, failure.BadRecipientNonce,
		catalogue.Refusal(failure.BadRecipientNonce)}
	refusalUnprotected = &Refusal{BadMessageCheck, failure.Unprotected,
		catalogue.Refusal(failure.Unprotected)}
	refusalMAC = &Refusal{WrongIntegrity, failure.MACProtection,
		catalogue.Refusal(failure.MACProtection)}
	refusalSHA1 = &Refusal{BadAlg, failure.SHA1,
		catalogue.Refusal(failure.SHA1)}
	refusalAlgorithm = &Refusal{BadAlg, failure.UnsupportedAlgorithm,
		catalogue.Refusal(failure.UnsupportedAlgorithm)}
	refusalProtection = &Refusal{BadMessageCheck, failure.BadProtection,
		catalogue.Refusal(failure.BadProtection)}
	refusalSignerCertificate = &Refusal{BadMessageCheck, failure.BadSignerCertificate,
		catalogue.Refusal(failure.BadSignerCertificate)}
	refusalMessageType = &Refusal{BadRequest, failure.UnsupportedMessage,
		catalogue.Refusal(failure.UnsupportedMessage)}
	refusalInfoType = &Refusal{BadRequest, failure.UnknownInfoType,
		catalogue.Refusal(failure.UnknownInfoType)}
	refusalTemplate = &Refusal{BadCertTemplate, failure.BadTemplate,
		catalogue.Refusal(failure.BadTemplate)}
	refusalKeyTooShort = &Refusal{BadCertTemplate, failure.KeyTooShort,
		catalogue.Refusal(failure.KeyTooShort)}
	refusalKeyTooLong = &Refusal{BadCertTemplate, failure.KeyTooLong,
		catalogue.Refusal(failure.KeyTooLong)}
	refusalSameKey = &Refusal{BadCertTemplate, failure.KeyIsOld,
		catalogue.Refusal(failure.KeyIsOld)}
	refusalPOPO = &Refusal{BadPOP, failure.BadProofOfPossession,
		catalogue.Refusal(failure.BadProofOfPossession)}
	// raVerified is for an RA, which no citizen is (RFC 9810 §5.2.8.1).
	refusalRAVerified = &Refusal{NotAuthorized, failure.BadProofOfPossession,
		catalogue.Refusal(failure.BadProofOfPossession)}
	refusalOldCertificate = &Refusal{BadCertID, failure.WrongOldCertificate,
		catalogue.Refusal(failure.WrongOldCertificate)}
	refusalHashAlgorithm = &Refusal{UnsupportedVersion, failure.HashAlgorithm,
		catalogue.Refusal(failure.HashAlgorithm)}
	refusalSystem = &Refusal{SystemFailure, failure.InternalError,
		catalogue.Refusal(failure.InternalError)}
)
