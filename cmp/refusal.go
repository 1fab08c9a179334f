// SPDX-License-Identifier: EUPL-1.2

package cmp

// NoFailureInfo is the Info of a refusal without a PKIFailureInfo.
const NoFailureInfo FailureInfo = -1

// CodeUnspecified is the Code of a refusal without a code word of ours: one from a foreign server, or in a kup with
// status rejection.
const CodeUnspecified = "unspecified"

// The refusals of [Handler] itself, before it asks the [Authority]. The bits are those of RFC 9483 §3.5 and §3.6 where
// these clauses name one.
var (
	refusalVersion = &Refusal{UnsupportedVersion, "unsupported-version",
		"Versione del protocollo CMP non ammessa: il servizio usa la versione 2."}
	refusalFormat = &Refusal{BadDataFormat, "malformed-message",
		"La richiesta non è nel formato previsto."}
	refusalTransactionID = &Refusal{BadDataFormat, "bad-transaction-id",
		"L'identificativo della transazione manca o non è di almeno 16 byte."}
	refusalSenderNonce = &Refusal{BadSenderNonce, "bad-sender-nonce",
		"Il valore casuale della richiesta manca o è più corto di 16 byte."}
	refusalRecipientNonce = &Refusal{BadRecipientNonce, "bad-recipient-nonce",
		"La richiesta non risponde all'ultimo messaggio del servizio."}
	refusalUnprotected = &Refusal{BadMessageCheck, "unprotected",
		"La richiesta non è firmata."}
	refusalIntegrity = &Refusal{WrongIntegrity, "mac-protection",
		"La richiesta deve essere protetta da una firma, non da un codice segreto condiviso."}
	refusalSHA1 = &Refusal{BadAlg, "sha1",
		"La richiesta è firmata con SHA-1, che non è ammesso: occorre SHA-256."}
	refusalAlgorithm = &Refusal{BadAlg, "unsupported-algorithm",
		"Algoritmo di firma o dimensione della chiave non ammessi."}
	refusalProtection = &Refusal{BadMessageCheck, "bad-protection",
		"La firma della richiesta non è valida."}
	refusalSignerCertificate = &Refusal{BadMessageCheck, "bad-signer-certificate",
		"Il certificato che accompagna la richiesta non è leggibile."}
	refusalMessageType = &Refusal{BadRequest, "unsupported-message",
		"Il servizio non tratta questo tipo di richiesta."}
	refusalInfoType = &Refusal{BadRequest, "unknown-info-type",
		"Il servizio non ha l'informazione richiesta."}
	refusalTemplate = &Refusal{BadCertTemplate, "bad-template",
		"Nella richiesta di certificato manca la nuova chiave pubblica, o non è leggibile."}
	refusalSameKey = &Refusal{BadCertTemplate, "key-is-old",
		"La richiesta contiene la vecchia chiave: per il rinnovo ne occorre una nuova."}
	refusalPOPO = &Refusal{BadPOP, "bad-proof-of-possession",
		"La richiesta non dimostra il possesso della nuova chiave."}
	refusalOldCertificate = &Refusal{BadCertID, "wrong-old-certificate",
		"Il certificato da rinnovare non è quello che firma la richiesta."}
	refusalInUse = &Refusal{TransactionIDInUse, "transaction-in-use",
		"L'identificativo della transazione è già stato usato per un'altra richiesta."}
	refusalUnknownTransaction = &Refusal{BadRequest, "unknown-transaction",
		"Il servizio non conosce questa transazione: occorre ripetere la richiesta."}
	refusalOtherSigner = &Refusal{NotAuthorized, "other-signer",
		"Il messaggio non è firmato con il certificato che ha aperto la transazione."}
	refusalHashAlgorithm = &Refusal{UnsupportedVersion, "hash-algorithm",
		"La conferma nomina un algoritmo di hash, che la versione 2 del protocollo non prevede."}
	refusalSystem = &Refusal{SystemFailure, "internal-error",
		"Errore interno del servizio: riprovare più tardi."}
)
