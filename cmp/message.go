// SPDX-License-Identifier: EUPL-1.2

// Package cmp implements the part of the Certificate Management Protocol (RFC 9810, with the CRMF of RFC 4211) that the
// Lightweight CMP Profile (RFC 9483) uses to update a key over HTTP (RFC 9811): genm/genp, kur/kup, pollReq/pollRep,
// certConf/pkiConf and error, protected by signatures.
//
// The client half is [Transaction], which builds requests and judges answers without using a network, and [Client],
// which carries bytes. The server half is [Handler], which asks an [Authority].
//
// The parser is strict: DER only, no trailing bytes at any level, every size bounded, nothing recursive. MAC
// protection, SHA-1, RSASSA-PSS, nested messages and central key generation are refused.
package cmp

import (
	"errors"
	"fmt"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Bounds on messages, in bytes. OpenSSL's client accepts answers up to MaxAnswer.
const (
	MaxRequest = 64 << 10
	MaxAnswer  = 100 << 10
)

// Bounds within a message. A name has less than ten attributes of at most 256 bytes (RFC 5280 appendix A.1), and a
// path from a card or a signer to its root has a few certificates.
const (
	maxName         = 2 << 10 // bytes of sender, and of recipient
	maxCertificates = 16      // in extraCerts
)

// The supported values of pvno (RFC 9810 §7, RFC 9483 §3.1). The client half uses cmp2000.
const (
	cmp2000 = 2
	cmp2021 = 3
)

// ErrMalformed is the error for bytes that are not the ASN.1 structure named in the error's text.
var ErrMalformed = errors.New("malformed CMP message")

// errSeveral is the error for a second CertReqMsg, CertStatus or item of a pollReq, of which RFC 9483 §4.1.1 and §4.4
// allow one.
var errSeveral = malformed("several items instead of one")

func malformed(what string) error { return fmt.Errorf("%w: %s", ErrMalformed, what) }

// BodyType is the choice of a PKIBody (RFC 9810 §5.1.2).
type BodyType int

const (
	BodyKeyUpdateRequest  BodyType = 7
	BodyKeyUpdateResponse BodyType = 8
	BodyPKIConfirm        BodyType = 19 // pkiconf
	BodyGeneralMessage    BodyType = 21
	BodyGeneralResponse   BodyType = 22
	BodyError             BodyType = 23
	BodyCertConfirm       BodyType = 24
	BodyPollRequest       BodyType = 25
	BodyPollResponse      BodyType = 26
)

var bodyNames = [...]string{
	"ir", "ip", "cr", "cp", "p10cr", "popdecc", "popdecr", "kur", "kup", "krr", "krp", "rr", "rp", "ccr", "ccp",
	"ckuann", "cann", "rann", "crlann", "pkiconf", "nested", "genm", "genp", "error", "certConf", "pollReq", "pollRep",
}

// String returns the name of the choice in the ASN.1 module, as "kur".
func (b BodyType) String() string {
	if b < 0 || int(b) >= len(bodyNames) {
		return fmt.Sprintf("body %d", int(b))
	}
	return bodyNames[b]
}

// Message is a PKIMessage (RFC 9810 §5.1) with a parsed header and a body in DER.
//
//	PKIMessage ::= SEQUENCE {
//	    header PKIHeader, body PKIBody,
//	    protection [0] BIT STRING OPTIONAL,
//	    extraCerts [1] SEQUENCE SIZE (1..MAX) OF CMPCertificate OPTIONAL }
type Message struct {
	Header     Header
	Body       BodyType
	Content    []byte   // DER of the body, without the tag of the choice
	Protection []byte   // nil when the message is not protected
	ExtraCerts [][]byte // DER of each certificate

	protected []byte // received bytes of header and body
}

// Header is a PKIHeader (RFC 9810 §5.1.1). A nil field is absent.
type Header struct {
	Version       int
	Sender        []byte // DER of a GeneralName
	Recipient     []byte // DER of a GeneralName
	MessageTime   []byte // characters of the GeneralizedTime; a Handler checks their form only
	ProtectionAlg []byte // DER of an AlgorithmIdentifier
	SenderKID     []byte
	RecipKID      []byte
	TransactionID []byte
	SenderNonce   []byte
	RecipNonce    []byte
	FreeText      []string
	GeneralInfo   []InfoTypeAndValue
}

// InfoTypeAndValue is one item of a generalInfo, genm or genp (RFC 9810 §5.1.1, §5.3.19).
type InfoTypeAndValue struct {
	Type  string // content octets of the OBJECT IDENTIFIER
	Value []byte // DER, nil when absent
}

// ParseMessage reads a PKIMessage of at most [MaxAnswer] bytes. A message that was parsed encodes to the same bytes.
// The body's content is one DER element, which is not parsed. Every error is an [ErrMalformed].
func ParseMessage(der []byte) (*Message, error) {
	if len(der) > MaxAnswer {
		return nil, malformed("over 102400 bytes")
	}
	var (
		outer   = cryptobyte.String(der)
		s, h, b cryptobyte.String
		tag     asn1.Tag
		m       = new(Message)
	)
	if !outer.ReadASN1(&s, asn1.SEQUENCE) || !outer.Empty() {
		return nil, malformed("not one PKIMessage")
	}
	protected := s
	if !s.ReadASN1(&h, asn1.SEQUENCE) {
		return nil, malformed("no PKIHeader")
	}
	if err := m.Header.parse(h); err != nil {
		return nil, err
	}
	if !s.ReadAnyASN1(&b, &tag) || tag&^0x1F != contextConstructed || tag&0x1F > asn1.Tag(BodyPollResponse) {
		return nil, malformed("PKIBody")
	}
	m.Body, m.Content = BodyType(tag&0x1F), b
	if !oneElement(b) {
		return nil, malformed("PKIBody is not one element")
	}
	m.protected = protected[:len(protected)-len(s)]
	var p cryptobyte.String
	var present bool
	if !s.ReadOptionalASN1(&p, &present, explicit(0)) ||
		present && (!p.ReadASN1BitStringAsBytes(&m.Protection) || !p.Empty()) {
		return nil, malformed("protection")
	}
	var err error
	if m.ExtraCerts, err = readCertificates(&s, explicit(1)); err != nil {
		return nil, err
	}
	if len(m.ExtraCerts) > maxCertificates {
		return nil, malformed("more than 16 extraCerts")
	}
	if !s.Empty() {
		return nil, malformed("bytes after PKIMessage")
	}
	return m, nil
}

func (h *Header) parse(s cryptobyte.String) error {
	if !s.ReadASN1Integer(&h.Version) {
		return malformed("pvno")
	}
	if !readGeneralName(&s, &h.Sender) || !readGeneralName(&s, &h.Recipient) ||
		len(h.Sender) > maxName || len(h.Recipient) > maxName {
		return malformed("sender or recipient")
	}
	var t cryptobyte.String
	var present bool
	if !s.ReadOptionalASN1(&t, &present, explicit(0)) ||
		present && (!t.ReadASN1Bytes(&h.MessageTime, asn1.GeneralizedTime) || !t.Empty()) {
		return malformed("messageTime")
	}
	if !s.ReadOptionalASN1(&t, &present, explicit(1)) ||
		present && (!t.ReadASN1Element((*cryptobyte.String)(&h.ProtectionAlg), asn1.SEQUENCE) || !t.Empty()) {
		return malformed("protectionAlg")
	}
	for _, f := range h.octets() {
		if !s.ReadOptionalASN1OctetString(f.value, &present, explicit(f.tag)) {
			return malformed(f.name)
		}
		if !present {
			*f.value = nil
		}
	}
	if !s.ReadOptionalASN1(&t, &present, explicit(7)) || present && (!readFreeText(&t, &h.FreeText) || !t.Empty()) {
		return malformed("freeText")
	}
	if !s.ReadOptionalASN1(&t, &present, explicit(8)) {
		return malformed("generalInfo")
	}
	if present {
		list, err := parseInfo(t)
		if err != nil {
			return err
		}
		if len(list) == 0 {
			return malformed("empty generalInfo")
		}
		h.GeneralInfo = list
	}
	if !s.Empty() {
		return malformed("bytes after PKIHeader")
	}
	return nil
}

type octetField struct {
	tag   uint8
	name  string
	value *[]byte
}

func (h *Header) octets() []octetField {
	return []octetField{
		{2, "senderKID", &h.SenderKID}, {3, "recipKID", &h.RecipKID}, {4, "transactionID", &h.TransactionID},
		{5, "senderNonce", &h.SenderNonce}, {6, "recipNonce", &h.RecipNonce},
	}
}

// Marshal encodes the message. It does not renew the protection: that of a message which was changed after parsing no
// longer verifies.
func (m *Message) Marshal() ([]byte, error) {
	protected, err := m.protectedPart()
	if err != nil {
		return nil, err
	}
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(protected)
		if m.Protection != nil {
			b.AddASN1(explicit(0), func(b *cryptobyte.Builder) { b.AddASN1BitString(m.Protection) })
		}
		if m.ExtraCerts != nil {
			b.AddASN1(explicit(1), func(b *cryptobyte.Builder) { addSequence(b, m.ExtraCerts) })
		}
	})
	return b.Bytes()
}

// protectedPart encodes header and body, without the SEQUENCE around them.
func (m *Message) protectedPart() ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, m.Header.build)
	b.AddASN1(explicit(uint8(m.Body)), func(b *cryptobyte.Builder) { b.AddBytes(m.Content) })
	return b.Bytes()
}

func (h *Header) build(b *cryptobyte.Builder) {
	b.AddASN1Int64(int64(h.Version))
	b.AddBytes(h.Sender)
	b.AddBytes(h.Recipient)
	if h.MessageTime != nil {
		b.AddASN1(explicit(0), func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.GeneralizedTime, func(b *cryptobyte.Builder) { b.AddBytes(h.MessageTime) })
		})
	}
	if h.ProtectionAlg != nil {
		b.AddASN1(explicit(1), func(b *cryptobyte.Builder) { b.AddBytes(h.ProtectionAlg) })
	}
	for _, f := range h.octets() {
		if *f.value != nil {
			b.AddASN1(explicit(f.tag), func(b *cryptobyte.Builder) { b.AddASN1OctetString(*f.value) })
		}
	}
	if h.FreeText != nil {
		b.AddASN1(explicit(7), func(b *cryptobyte.Builder) { addFreeText(b, h.FreeText) })
	}
	if h.GeneralInfo != nil {
		b.AddASN1(explicit(8), func(b *cryptobyte.Builder) { addInfo(b, h.GeneralInfo) })
	}
}

// contextConstructed is the identifier octet of [0] EXPLICIT (X.690 §8.1.2).
const contextConstructed asn1.Tag = 0xA0

func explicit(n uint8) asn1.Tag { return contextConstructed | asn1.Tag(n) }

func implicit(n uint8) asn1.Tag { return asn1.Tag(n).ContextSpecific() }

func oneElement(s cryptobyte.String) bool {
	var e cryptobyte.String
	return s.ReadAnyASN1Element(&e, new(asn1.Tag)) && s.Empty()
}

// readGeneralName reads the DER of one of the nine choices of GeneralName (RFC 5280 §4.2.1.6).
func readGeneralName(s *cryptobyte.String, out *[]byte) bool {
	var tag asn1.Tag
	return s.ReadAnyASN1Element((*cryptobyte.String)(out), &tag) && tag&0xC0 == 0x80 && tag&0x1F <= 8
}

// directoryName is the GeneralName that holds a Name (DER).
func directoryName(name []byte) []byte {
	var b cryptobyte.Builder
	b.AddASN1(explicit(4), func(b *cryptobyte.Builder) { b.AddBytes(name) })
	return b.BytesOrPanic()
}

// readFreeText reads PKIFreeText ::= SEQUENCE SIZE (1..MAX) OF UTF8String (RFC 9810 §5.1.1).
func readFreeText(s *cryptobyte.String, out *[]string) bool {
	var list, text cryptobyte.String
	if !s.ReadASN1(&list, asn1.SEQUENCE) || list.Empty() {
		return false
	}
	for !list.Empty() {
		if !list.ReadASN1(&text, asn1.UTF8String) || !utf8.Valid(text) {
			return false
		}
		*out = append(*out, string(text))
	}
	return true
}

func addFreeText(b *cryptobyte.Builder, list []string) {
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, text := range list {
			b.AddASN1(asn1.UTF8String, func(b *cryptobyte.Builder) { b.AddBytes([]byte(text)) })
		}
	})
}

// readCertificates reads an optional [n] SEQUENCE SIZE (1..MAX) OF CMPCertificate. It does not parse the certificates:
// a message may carry one that crypto/x509 refuses and that is not needed.
func readCertificates(s *cryptobyte.String, tag asn1.Tag) ([][]byte, error) {
	var outer, list, e cryptobyte.String
	var present bool
	if !s.ReadOptionalASN1(&outer, &present, tag) {
		return nil, malformed("certificates")
	}
	if !present {
		return nil, nil
	}
	if !outer.ReadASN1(&list, asn1.SEQUENCE) || !outer.Empty() || list.Empty() {
		return nil, malformed("certificates")
	}
	var certs [][]byte
	for !list.Empty() {
		if !list.ReadASN1Element(&e, asn1.SEQUENCE) {
			return nil, malformed("certificate")
		}
		certs = append(certs, e)
	}
	return certs, nil
}

func addSequence(b *cryptobyte.Builder, elements [][]byte) {
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, e := range elements {
			b.AddBytes(e)
		}
	})
}

// parseInfo reads SEQUENCE OF InfoTypeAndValue, which may be empty in a genm.
func parseInfo(s cryptobyte.String) ([]InfoTypeAndValue, error) {
	var list, item, value cryptobyte.String
	if !s.ReadASN1(&list, asn1.SEQUENCE) || !s.Empty() {
		return nil, malformed("InfoTypeAndValue list")
	}
	var out []InfoTypeAndValue
	for !list.Empty() {
		var i InfoTypeAndValue
		if !list.ReadASN1(&item, asn1.SEQUENCE) || !readOID(&item, &i.Type) {
			return nil, malformed("InfoTypeAndValue")
		}
		if !item.Empty() {
			if !item.ReadAnyASN1Element(&value, new(asn1.Tag)) || !item.Empty() {
				return nil, malformed("infoValue")
			}
			i.Value = value
		}
		out = append(out, i)
	}
	return out, nil
}

func addInfo(b *cryptobyte.Builder, list []InfoTypeAndValue) {
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for _, i := range list {
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
				addOID(b, i.Type)
				b.AddBytes(i.Value)
			})
		}
	})
}
