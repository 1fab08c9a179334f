// SPDX-License-Identifier: EUPL-1.2

package cmp

import (
	"context"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"time"

	"rinnova.example/go/failure"
)

// Authority decides what the service answers. [Handler] calls it once a message has been parsed and its protection
// and proof of possession have been verified: an Authority never sees a message that is malformed, wrongly protected
// or replayed. An error that is a *[Refusal] is sent to the client unchanged, in a signed message; any other error
// becomes systemFailure, and its text is not sent.
type Authority interface {
	// Inform answers a general message (RFC 9810 §5.3.19). It must answer every question of the request that it
	// knows, and leave the fields of the others nil.
	Inform(context.Context, InformRequest) (*InformResponse, error)
	// Update answers a key update request (RFC 9810 §5.3.5, RFC 9483 §4.1.3) with the certificate or with a waiting
	// time. It must be idempotent on (old certificate, new public key), and refuse a transactionID that belongs to
	// another kur with transactionIdInUse. With a waiting time it must keep the request, so that any replica can
	// answer the polls.
	Update(context.Context, UpdateRequest) (*UpdateResponse, error)
	// Poll answers a poll (RFC 9810 §5.3.22) as Update would now answer the kur of that transaction, whose Kur it
	// returns too, also with a refusal. It refuses with the code unknown-transaction if there is no such kur of that
	// old certificate.
	Poll(context.Context, PollRequest) (*UpdateResponse, error)
	// Confirm records a certificate confirmation (RFC 9810 §5.3.18). It must be idempotent.
	Confirm(context.Context, ConfirmRequest) error
}

// InformRequest lists the questions of a general message.
type InformRequest struct {
	Campaign      string // operation label of the path, "" without one
	CACerts       bool   // id-it-caCerts, RFC 9810 §5.3.19.14
	Template      bool   // id-it-certReqTemplate, RFC 9810 §5.3.19.16
	Campaigns     bool   // ours: open campaigns
	StandingOf    []byte // ours: SHA-256 of the old certificate's DER, 32 bytes, or nil
	Look          bool   // ours: the question about the standing takes no place in the waiting room
	ServiceFacts  bool   // ours: trial login URL and minimum program version
	TransactionID []byte
}

// InformResponse carries the answers; a nil field is not sent.
type InformResponse struct {
	CACerts   []*x509.Certificate
	Template  *Template
	Campaigns []Campaign
	Standing  *Standing
	Service   *ServiceFacts
	// Time is the messageTime of the answer (RFC 9810 §5.1.1); zero where it has none. A server does not set it: the
	// Handler does.
	Time time.Time
}

// Template is the certificate request template: the kind of key that the service certifies.
type Template struct {
	KeyAlgorithm string // "RSA"
	KeyBits      int    // modulus bits, id-regCtrl-rsaKeyLen
}

// Campaign describes one open campaign to the program.
type Campaign struct {
	ID            string
	Title         string // Italian
	LegalBasis    string // Italian
	ExpiryFrom    time.Time
	ExpiryTo      time.Time
	NewNotAfter   time.Time // zero: one year after issue
	OpenFrom      time.Time
	OpenTo        time.Time
	AcceptExpired bool
	Series        []string
	Last          bool // chosen only when no other open campaign accepts the certificate
}

// Decision is the service's answer to the question whether an old certificate may be renewed.
type Decision string

// The five decisions.
const (
	Renewable Decision = "renewable" // a kur will be answered with a certificate
	Renewed   Decision = "renewed"   // the renewed certificate was confirmed, or seen in a login
	Refused   Decision = "refused"   // for Standing.Reason
	Waiting   Decision = "waiting"   // the service is full: ask again after Standing.CheckAfter
	Unknown   Decision = "unknown"   // the service does not know the certificate
)

// State is how far the renewal of an old certificate has come. The zero value means that none was requested.
type State string

// The six states of a renewal.
const (
	StateRequested State = "requested" // on record, not signed yet
	StateIssued    State = "issued"    // signed, not confirmed yet
	StateInstalled State = "installed" // confirmed by the client
	StateProven    State = "proven"    // seen in a login
	StateAbandoned State = "abandoned" // another certificate of the same renewal was confirmed
	StateRefused   State = "refused"   // rejected by the client
)

// Confirmed reports whether a confirmation or a login has reached the service.
func (s State) Confirmed() bool { return s == StateInstalled || s == StateProven }

// Standing says how an old certificate stands with the service. For a certificate that the service does
// not know only Decision is set, to [Unknown].
type Standing struct {
	Decision     Decision
	Reason       failure.Code // of a refusal
	Campaigns    []string     // ids of the open campaigns that accept it
	AttemptsLeft int          // further keys that may be presented
	State        State
	Issued       []byte // DER of the certificate issued for it, the newest, or nil
	Position     int    // position in the queue; 0: no queue
	CheckAfter   time.Duration
	Ticket       []byte // to be carried in the kur's generalInfo
}

// ServiceFacts are the service's other facts about itself.
type ServiceFacts struct {
	LoginURL       string // of the trial login
	MinimumVersion string // of the program, Semantic Versioning
}

// UpdateRequest is a verified key update request.
type UpdateRequest struct {
	Campaign       string            // operation label of the path
	OldCertificate *x509.Certificate // signed the message, and is named by oldCertID
	Subject        []byte            // DER of the template's subject, nil if absent
	PublicKey      crypto.PublicKey  // the new key; its possession was proven by a signature
	SPKI           []byte            // DER of the received SubjectPublicKeyInfo
	TransactionID  []byte
	Ticket         []byte // ticket of the waiting room, or nil
	Kur            Kur
}

// Kur is what an Authority keeps of a kur with its transactionID: it tells the same kur from another, and what the
// answer to a poll needs.
type Kur struct {
	Digest [sha256.Size]byte // of campaign and message
	Nonce  []byte            // senderNonce
	Mods   bool              // the template asks for more than the certificate will have
}

// PollRequest is a verified poll for a kur of an old certificate.
type PollRequest struct {
	OldCertificate *x509.Certificate
	TransactionID  []byte
}

// UpdateResponse holds a certificate or a waiting time, never both.
type UpdateResponse struct {
	Certificate *x509.Certificate
	CheckAfter  time.Duration // > 0: status waiting, pollRep
	Kur         Kur           // of an answer to a poll
}

// ConfirmRequest is a verified certificate confirmation.
type ConfirmRequest struct {
	OldCertificate  *x509.Certificate
	CertificateHash []byte      // of the new certificate (RFC 9810 §5.3.18)
	Hash            crypto.Hash // of CertificateHash, where the client names it; 0: that of the certificate's signature
	Accepted        bool        // false: the client rejects the certificate
	Reason          string      // the client's text with a rejection
	TransactionID   []byte
	// Begins: the message echoes no nonce. It is refused in the transaction of the kur, where it is no beginning.
	Begins bool
}

// Refusal is an error that is sent to the client in a signed message: the refusal of a kur in a kup with status
// rejection (RFC 9483 §3.6.2, §4.1.1), any other in an error message.
type Refusal struct {
	Info FailureInfo  // bit of PKIFailureInfo (RFC 9810 §5.2.3)
	Code failure.Code // sent in errorDetails, or in an item of a kup's generalInfo
	Text string       // Italian, for the person; under 500 bytes
}

func (r *Refusal) Error() string { return "refused: " + string(r.Code) }

// Temporary reports whether the same request may be answered otherwise a little later.
func (r *Refusal) Temporary() bool { return r.Info == SystemFailure || r.Info == SystemUnavail }
