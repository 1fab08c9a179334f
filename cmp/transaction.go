// SPDX-License-Identifier: EUPL-1.2

package cmp

import (
	"bytes"
	"crypto"
	"crypto/subtle"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"time"

	"rinnova.example/go/holder"
)

// Sizes of transactionID and nonces in bytes (RFC 9483 §3.1: 128 bits each).
const (
	transactionIDSize    = 16
	maxTransactionIDSize = 64
	nonceSize            = 16
	maxNonceSize         = 64
)

var (
	// ErrUntrusted is the error for an answer without protection, with protection that does not verify, or by a signer
	// who may not answer for the service.
	ErrUntrusted = errors.New("untrusted CMP answer")
	// ErrMismatch is the error for an answer that belongs to another transaction or another request, or that has a
	// body which does not answer the request.
	ErrMismatch = errors.New("CMP answer does not belong to the request")
	// ErrWrongKey is the error for a certificate that is not for the requested key.
	ErrWrongKey = errors.New("certificate is not for the requested key")
)

// Transaction is the client's side of one CMP transaction. A method whose name ends in Request makes the next message,
// which the caller sends; the method whose name ends in Response judges the answer. The fields can be stored as JSON
// and restored. A Transaction must not be used by several goroutines at once.
type Transaction struct {
	ID          []byte // transactionID, 16 bytes
	SenderNonce []byte // of the last request
	RecipNonce  []byte // senderNonce of the last answer, echoed as recipNonce
	FirstNonce  []byte // of the kur; nil before it
	NewKey      []byte // DER of the requested SubjectPublicKeyInfo; nil before the kur
}

// NewTransaction draws a transactionID of 16 bytes.
func NewTransaction(rand io.Reader) (*Transaction, error) {
	id, err := random(rand, transactionIDSize)
	if err != nil {
		return nil, err
	}
	return &Transaction{ID: id}, nil
}

func random(rand io.Reader, n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(rand, b); err != nil {
		return nil, fmt.Errorf("randomness: %w", err)
	}
	return b, nil
}

// Trust says who may sign answers. Certificates of a message help to build the chain and never become anchors.
type Trust struct {
	Anchors []*x509.Certificate
	Now     time.Time
}

// nullName is the directoryName NULL-DN (RFC 9483 §3.1).
var nullName = directoryName([]byte{0x30, 0x00})

// header draws the nonce of the next request.
func (t *Transaction) header(recipient []byte, rand io.Reader) (Header, error) {
	if len(t.ID) != transactionIDSize {
		return Header{}, fmt.Errorf("transactionID has %d bytes instead of %d", len(t.ID), transactionIDSize)
	}
	nonce, err := random(rand, nonceSize)
	if err != nil {
		return Header{}, err
	}
	h := Header{Version: cmp2000, Sender: nullName, Recipient: recipient, TransactionID: t.ID, SenderNonce: nonce}
	if len(t.RecipNonce) > 0 {
		h.RecipNonce = t.RecipNonce
	}
	return h, nil
}

// protected makes a request signed by old. A failure leaves the transaction unchanged.
func (t *Transaction) protected(body BodyType, content []byte, info []InfoTypeAndValue, old Credential, now time.Time,
	rand io.Reader) ([]byte, error) {
	h, err := t.header(directoryName(old.Certificate.RawIssuer), rand)
	if err != nil {
		return nil, err
	}
	h.MessageTime = []byte(now.UTC().Format(generalizedTime))
	h.GeneralInfo = info
	m := Message{Header: h, Body: body, Content: content}
	der, err := m.protect(old, rand)
	if err != nil {
		return nil, fmt.Errorf("%v: %w", body, err)
	}
	t.SenderNonce = h.SenderNonce
	return der, nil
}

// GeneralRequest makes a genm (RFC 9810 §5.3.19, RFC 9483 §4.3) without protection and without a sender's name, so that
// it needs no PIN. It ignores Campaign, which is part of the URL, and TransactionID, which is t's. It refuses a
// StandingOf that has not 32 bytes.
func (t *Transaction) GeneralRequest(q InformRequest, rand io.Reader) ([]byte, error) {
	content, err := q.genm()
	if err != nil {
		return nil, err
	}
	h, err := t.header(nullName, rand)
	if err != nil {
		return nil, err
	}
	m := Message{Header: h, Body: BodyGeneralMessage, Content: content}
	der, err := m.Marshal()
	if err != nil {
		return nil, err
	}
	t.SenderNonce = h.SenderNonce
	return der, nil
}

// GeneralResponse reads the genp, which must be protected. The field of an answer that the server did not give is nil.
// CACerts are information, never anchors. Errors are [ErrMalformed], [ErrUntrusted], [ErrMismatch] or a *[Refusal].
func (t *Transaction) GeneralResponse(der []byte, trust Trust) (*InformResponse, error) {
	m, err := t.open(der, trust, nil)
	if err != nil {
		return nil, err
	}
	if m.Body != BodyGeneralResponse {
		return nil, unexpected(m.Body, BodyGeneralMessage)
	}
	r := new(InformResponse)
	if err := r.parse(m.Content); err != nil {
		return nil, err
	}
	if t, err := time.Parse(generalizedTime, string(m.Header.MessageTime)); err == nil {
		r.Time = t // messageTime is optional (RFC 9810 §5.1.1)
	}
	return r, nil
}

// UpdateRequest makes a kur (RFC 9483 §4.1.3): the subject of old, the public key of newKey, oldCertID, proof of
// possession by newKey, protection by old; the ticket, at most 1024 bytes or nil, goes into generalInfo. Each key signs
// once. It refuses a second kur in one transaction: to repeat the request, send the same bytes.
func (t *Transaction) UpdateRequest(old Credential, newKey crypto.Signer, ticket []byte, now time.Time,
	rand io.Reader) ([]byte, error) {
	if t.FirstNonce != nil {
		return nil, errors.New("transaction already carries a kur")
	}
	if len(ticket) > maxTicket {
		return nil, fmt.Errorf("ticket of %d bytes", len(ticket))
	}
	spki, err := x509.MarshalPKIXPublicKey(newKey.Public())
	if err != nil {
		return nil, err
	}
	req, err := newCertReqMsg(old.Certificate, newKey, rand)
	if err != nil {
		return nil, fmt.Errorf("proof of possession: %w", err)
	}
	content, err := req.marshal()
	if err != nil {
		return nil, err
	}
	var info []InfoTypeAndValue
	if len(ticket) > 0 {
		info = []InfoTypeAndValue{{oidQueueTicket, octetString(ticket)}}
	}
	der, err := t.protected(BodyKeyUpdateRequest, content, info, old, now, rand)
	if err != nil {
		return nil, err
	}
	t.FirstNonce, t.NewKey = t.SenderNonce, spki
	return der, nil
}

// UpdateResponse reads the answer to a kur or a pollReq: a kup with the certificate, or a waiting time, which is one
// second for a kup with status waiting, since that has no field for it. The certificate is for the requested key
// ([ErrWrongKey] otherwise); the caller judges the rest of it. Errors are those of GeneralResponse and ErrWrongKey.
func (t *Transaction) UpdateResponse(der []byte, trust Trust) (*UpdateResponse, error) {
	// After polling the kup echoes the kur's nonce (RFC 9483 §3.1, §4.4) or the last pollReq's (RFC 9810 §5.1.1).
	m, err := t.open(der, trust, t.FirstNonce)
	if err != nil {
		return nil, err
	}
	switch m.Body {
	case BodyPollResponse:
		p, err := parsePollRep(m.Content)
		if err != nil {
			return nil, err
		}
		if p.certReqID != 0 {
			return nil, fmt.Errorf("%w: certReqId %d", ErrMismatch, p.certReqID)
		}
		return &UpdateResponse{CheckAfter: time.Duration(max(p.checkAfter, 1)) * time.Second}, nil
	case BodyKeyUpdateResponse:
		r, err := parseCertRep(m.Content)
		if err != nil {
			return nil, err
		}
		return t.updated(r, m.Header.GeneralInfo)
	}
	return nil, unexpected(m.Body, BodyKeyUpdateRequest)
}

func (t *Transaction) updated(r *certRep, info []InfoTypeAndValue) (*UpdateResponse, error) {
	if r.certReqID != 0 {
		return nil, fmt.Errorf("%w: certReqId %d", ErrMismatch, r.certReqID)
	}
	switch r.status.status {
	case statusRejection:
		return nil, r.status.refusal(codeIn(info))
	case statusWaiting:
		return &UpdateResponse{CheckAfter: time.Second}, nil
	case statusAccepted, statusGrantedWithMods:
	default:
		return nil, malformed(fmt.Sprintf("PKIStatus %d in a kup", r.status.status))
	}
	if r.certificate == nil {
		return nil, malformed("kup without certificate")
	}
	cert, err := holder.ParseCertificate(r.certificate)
	if err != nil {
		return nil, malformed("certificate in the kup")
	}
	key, err := x509.ParsePKIXPublicKey(t.NewKey)
	if err != nil {
		return nil, fmt.Errorf("key of the transaction: %w", err)
	}
	if !samePublicKey(key, cert.PublicKey) {
		return nil, ErrWrongKey
	}
	return &UpdateResponse{Certificate: cert}, nil
}

// PollRequest makes a pollReq (RFC 9810 §5.3.22), signed by old. UpdateResponse reads the answer.
func (t *Transaction) PollRequest(old Credential, now time.Time, rand io.Reader) ([]byte, error) {
	content, err := pollReq(0)
	if err != nil {
		return nil, err
	}
	return t.protected(BodyPollRequest, content, nil, old, now, rand)
}

// ConfirmRequest makes a certConf (RFC 9810 §5.3.18), signed by old: the certificate is in use, or, with accepted
// false, rejected for the reason. It sends no hashAlg, which pvno 2 does not have, and refuses a certificate whose hash
// pvno 2 cannot name. A certificate of an earlier transaction is confirmed in a new one.
func (t *Transaction) ConfirmRequest(old Credential, cert *x509.Certificate, accepted bool, reason string,
	now time.Time, rand io.Reader) ([]byte, error) {
	hash, err := CertificateHash(cert)
	if err != nil {
		return nil, err
	}
	c := certStatus{hash: hash, status: &statusInfo{status: statusAccepted}}
	if !accepted {
		c.status.status = statusRejection
		c.status.failInfo = failInfoBits(IncorrectData)
		if text := plainText(reason); text != "" {
			c.status.text = []string{text}
		}
	}
	content, err := c.marshal()
	if err != nil {
		return nil, err
	}
	return t.protected(BodyCertConfirm, content, nil, old, now, rand)
}

// ConfirmResponse reads the answer to a certConf: nil for pkiConf, a *[Refusal] for an error message, otherwise the
// errors of GeneralResponse.
func (t *Transaction) ConfirmResponse(der []byte, trust Trust) error {
	m, err := t.open(der, trust, nil)
	if err != nil {
		return err
	}
	if m.Body != BodyPKIConfirm {
		return unexpected(m.Body, BodyCertConfirm)
	}
	return parsePKIConfirm(m.Content)
}

func unexpected(got, asked BodyType) error {
	return fmt.Errorf("%w: %v after %v", ErrMismatch, got, asked)
}

// open parses an answer and checks its protection, its signer, its transactionID and its nonces (RFC 9483 §3.5), in
// this order. An error message is returned as a *[Refusal]. other, if not nil, is a second nonce that the answer may
// echo. Only an answer that passes the checks changes the transaction.
func (t *Transaction) open(der []byte, trust Trust, other []byte) (*Message, error) {
	m, err := ParseMessage(der)
	if err != nil {
		return nil, err
	}
	if err := trust.check(m); err != nil {
		return nil, err
	}
	h := m.Header
	if h.Version != cmp2000 {
		return nil, malformed(fmt.Sprintf("pvno %d", h.Version))
	}
	if len(t.SenderNonce) == 0 || subtle.ConstantTimeCompare(h.TransactionID, t.ID) != 1 {
		return nil, fmt.Errorf("%w: transactionID", ErrMismatch)
	}
	if !bytes.Equal(h.RecipNonce, t.SenderNonce) && (other == nil || !bytes.Equal(h.RecipNonce, other)) {
		return nil, fmt.Errorf("%w: recipNonce", ErrMismatch)
	}
	if n := len(h.SenderNonce); n > maxNonceSize {
		return nil, malformed("senderNonce")
	}
	if m.Body == BodyError {
		e, err := parseErrorMsg(m.Content)
		if err != nil {
			return nil, err
		}
		t.RecipNonce = h.SenderNonce
		return nil, e.status.refusal(e.details)
	}
	t.RecipNonce = h.SenderNonce
	return m, nil
}

// Extended key usages of certificates that answer for a CA or RA (RFC 9810 §4.5, RFC 6402 §2.10).
var authorityUsages = []string{"1.3.6.1.5.5.7.3.27", "1.3.6.1.5.5.7.3.28"} // id-kp-cmcCA, id-kp-cmcRA

// check verifies the protection and its signer: a chain to an anchor, digitalSignature in keyUsage if there is one
// (RFC 9483 §3.2), and id-kp-cmcCA or id-kp-cmcRA in extendedKeyUsage. Without the last check every holder of a
// certificate under the same root, with clientAuth or without an extendedKeyUsage, could answer for the service.
func (trust Trust) check(m *Message) error {
	cert, err := m.verifyProtection(x509.ParseCertificate, nil)
	if err != nil {
		return fmt.Errorf("%w: %w", ErrUntrusted, withoutRefusal(err))
	}
	if cert.KeyUsage != 0 && cert.KeyUsage&x509.KeyUsageDigitalSignature == 0 {
		return fmt.Errorf("%w: keyUsage of the signer", ErrUntrusted)
	}
	if !isAuthority(cert) {
		return fmt.Errorf("%w: extendedKeyUsage of the signer", ErrUntrusted)
	}
	opts := x509.VerifyOptions{
		Roots: x509.NewCertPool(), Intermediates: x509.NewCertPool(), CurrentTime: trust.Now,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	}
	for _, c := range trust.Anchors {
		opts.Roots.AddCert(c)
	}
	for _, c := range m.otherCertificates() {
		opts.Intermediates.AddCert(c)
	}
	if _, err := cert.Verify(opts); err != nil {
		return fmt.Errorf("%w: %w", ErrUntrusted, err)
	}
	return nil
}

func isAuthority(cert *x509.Certificate) bool {
	for _, usage := range cert.UnknownExtKeyUsage {
		for _, known := range authorityUsages {
			if usage.String() == known {
				return true
			}
		}
	}
	return false
}

// withoutRefusal hides a Refusal that this side made: errors.As must find only refusals of the server.
func withoutRefusal(err error) error {
	var r *Refusal
	if errors.As(err, &r) {
		return errors.New(string(r.Code))
	}
	return err
}
