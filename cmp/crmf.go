// SPDX-License-Identifier: EUPL-1.2

package cmp

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"io"
	"math/big"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// certReqMsg is the single CertReqMsg of a kur (RFC 4211 §3; RFC 9483 §4.1.3 allows one).
//
//	CertReqMsg  ::= SEQUENCE { certReq CertRequest, popo ProofOfPossession OPTIONAL, regInfo … OPTIONAL }
//	CertRequest ::= SEQUENCE { certReqId INTEGER, certTemplate CertTemplate, controls Controls OPTIONAL }
type certReqMsg struct {
	certReqID int64
	template  certTemplate
	controls  []InfoTypeAndValue // AttributeTypeAndValue: the same shape with a value always there
	popo      *popo
	regInfo   []byte // DER, ignored

	certReq []byte // DER of the received CertRequest: the POPO signs it
}

// certTemplate holds the content of each field of a CertTemplate by its tag (RFC 4211 §5); nil is absent.
type certTemplate [10][]byte

const (
	templateValidity  = 4
	templateSubject   = 5 // EXPLICIT, since Name is a CHOICE
	templatePublicKey = 6 // IMPLICIT SubjectPublicKeyInfo
	templateExtension = 9
)

// templatePrimitive marks the fields with a primitive encoding: version, serialNumber and the unique ids.
var templatePrimitive = [10]bool{0: true, 1: true, 7: true, 8: true}

// popo is a ProofOfPossession (RFC 4211 §4): raVerified [0], signature [1], keyEncipherment [2],
// keyAgreement [3]. Only the signature is parsed.
type popo struct {
	choice uint8
	other  []byte // content of a choice other than signature

	algorithm []byte // DER of the AlgorithmIdentifier
	signature []byte
	keyInput  []byte // DER of poposkInput [0]; verifyPOPO refuses it, since the template names subject and key
}

// certID names a certificate (RFC 4211 §6.5, CertId); issuer is the DER of its Name.
type certID struct {
	issuer []byte
	serial *big.Int
}

func parseCertReqMessages(der []byte) (*certReqMsg, error) {
	var (
		outer               = cryptobyte.String(der)
		list, s, req, field cryptobyte.String
		m                   = new(certReqMsg)
	)
	if !outer.ReadASN1(&list, asn1.SEQUENCE) || !outer.Empty() || !list.ReadASN1(&s, asn1.SEQUENCE) {
		return nil, malformed("no CertReqMsg")
	}
	if !list.Empty() {
		return nil, errSeveral
	}
	if !s.ReadASN1Element((*cryptobyte.String)(&m.certReq), asn1.SEQUENCE) {
		return nil, malformed("certReq")
	}
	certReq := cryptobyte.String(m.certReq)
	if !certReq.ReadASN1(&req, asn1.SEQUENCE) || !req.ReadASN1Integer(&m.certReqID) ||
		!req.ReadASN1(&field, asn1.SEQUENCE) {
		return nil, malformed("certReqId or certTemplate")
	}
	if err := m.template.parse(field); err != nil {
		return nil, err
	}
	if !req.Empty() {
		var err error
		if m.controls, err = parseControls(req); err != nil {
			return nil, err
		}
	}
	if !s.Empty() && !s.PeekASN1Tag(asn1.SEQUENCE) {
		var err error
		if m.popo, err = readPOPO(&s); err != nil {
			return nil, err
		}
	}
	if !s.Empty() && (!s.ReadASN1Element((*cryptobyte.String)(&m.regInfo), asn1.SEQUENCE) || !s.Empty()) {
		return nil, malformed("bytes after popo")
	}
	return m, nil
}

func parseControls(s cryptobyte.String) ([]InfoTypeAndValue, error) {
	list, err := parseInfo(s)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, malformed("empty controls")
	}
	for _, c := range list {
		if c.Value == nil {
			return nil, malformed("control without value")
		}
	}
	return list, nil
}

func (t *certTemplate) parse(s cryptobyte.String) error {
	next := 0
	for !s.Empty() {
		var content cryptobyte.String
		var tag asn1.Tag
		if !s.ReadAnyASN1(&content, &tag) {
			return malformed("certTemplate")
		}
		n := int(tag & 0x1F)
		if n < next || n >= len(t) || tag != templateTag(n) {
			return malformed("field of certTemplate")
		}
		t[n], next = content, n+1
	}
	return nil
}

// asksMore reports whether the template asks for a validity or for extensions, which the service decides by itself. An
// issuer does not count: OpenSSL always sends it.
func (t *certTemplate) asksMore() bool {
	return len(t[templateValidity]) > 0 || len(t[templateExtension]) > 0
}

func templateTag(n int) asn1.Tag {
	if templatePrimitive[n] {
		return implicit(uint8(n))
	}
	return explicit(uint8(n))
}

func readPOPO(s *cryptobyte.String) (*popo, error) {
	var content cryptobyte.String
	var tag asn1.Tag
	if !s.ReadAnyASN1(&content, &tag) {
		return nil, malformed("popo")
	}
	p := &popo{choice: uint8(tag & 0x1F)}
	switch tag {
	case explicit(1):
		if content.PeekASN1Tag(explicit(0)) &&
			!content.ReadASN1Element((*cryptobyte.String)(&p.keyInput), explicit(0)) ||
			!content.ReadASN1Element((*cryptobyte.String)(&p.algorithm), asn1.SEQUENCE) ||
			!content.ReadASN1BitStringAsBytes(&p.signature) || !content.Empty() {
			return nil, malformed("POPOSigningKey")
		}
	case implicit(0), explicit(2), explicit(3):
		p.other = content
	default:
		return nil, malformed("choice of popo")
	}
	return p, nil
}

func (m *certReqMsg) marshal() ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.SEQUENCE, m.buildCertReq)
			if m.popo != nil {
				m.popo.build(b)
			}
			b.AddBytes(m.regInfo)
		})
	})
	return b.Bytes()
}

func (m *certReqMsg) buildCertReq(b *cryptobyte.Builder) {
	b.AddASN1Int64(m.certReqID)
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		for n, content := range m.template {
			if content != nil {
				b.AddASN1(templateTag(n), func(b *cryptobyte.Builder) { b.AddBytes(content) })
			}
		}
	})
	if m.controls != nil {
		addInfo(b, m.controls)
	}
}

func (p *popo) build(b *cryptobyte.Builder) {
	tag := explicit(p.choice)
	if p.choice == 0 {
		tag = implicit(0)
	}
	b.AddASN1(tag, func(b *cryptobyte.Builder) {
		if p.choice != 1 {
			b.AddBytes(p.other)
			return
		}
		b.AddBytes(p.keyInput)
		b.AddBytes(p.algorithm)
		b.AddASN1BitString(p.signature)
	})
}

// named reports whether the template has a subject (RFC 9483 §4.1.1, §4.1.3), which the NULL-DN is not.
func (t *certTemplate) named() bool {
	return t[templateSubject] != nil && !bytes.Equal(t[templateSubject], sequenceOf(nil))
}

// publicKey reads the template's key; spki is the DER of the SubjectPublicKeyInfo.
func (t *certTemplate) publicKey() (key crypto.PublicKey, spki []byte, err error) {
	if t[templatePublicKey] == nil {
		return nil, nil, malformed("certTemplate without publicKey")
	}
	spki = sequenceOf(t[templatePublicKey])
	key, err = x509.ParsePKIXPublicKey(spki)
	if err != nil {
		return nil, nil, malformed("publicKey of certTemplate")
	}
	return key, spki, nil
}

// verifyPOPO checks possession of the template's key (RFC 4211 §4.1, RFC 9810 §5.2.8.2): choice 1, signed
// over the DER of certReq, without poposkInput.
func (m *certReqMsg) verifyPOPO(key crypto.PublicKey) error {
	if m.popo != nil && m.popo.choice == 0 {
		return refusalRAVerified
	}
	if m.popo == nil || m.popo.choice != 1 || m.popo.keyInput != nil {
		return refusalPOPO
	}
	switch err := verifySignature(key, m.popo.algorithm, m.certReq, m.popo.signature); err {
	case nil, refusalSHA1, refusalAlgorithm:
		return err
	default:
		return refusalPOPO
	}
}

// oldCertID returns the control of that name, nil when it is absent.
func (m *certReqMsg) oldCertID() (*certID, error) {
	var found *certID
	for _, c := range m.controls {
		if c.Type != oidOldCertID {
			continue
		}
		var (
			value            = cryptobyte.String(c.Value)
			s, general, name cryptobyte.String
			id               = certID{serial: new(big.Int)}
		)
		if found != nil || !value.ReadASN1(&s, asn1.SEQUENCE) || !s.ReadASN1(&general, explicit(4)) ||
			!general.ReadASN1Element(&name, asn1.SEQUENCE) || !general.Empty() || !s.ReadASN1Integer(id.serial) ||
			!s.Empty() {
			return nil, malformed("oldCertID")
		}
		id.issuer, found = name, &id
	}
	return found, nil
}

func (c *certID) matches(cert *x509.Certificate) bool {
	return bytes.Equal(c.issuer, cert.RawIssuer) && c.serial.Cmp(cert.SerialNumber) == 0
}

func controlOldCertID(cert *x509.Certificate) InfoTypeAndValue {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddBytes(directoryName(cert.RawIssuer))
		b.AddASN1BigInt(cert.SerialNumber)
	})
	return InfoTypeAndValue{oidOldCertID, b.BytesOrPanic()}
}

// newCertReqMsg requests a certificate for newKey with the subject of old: certReqId 0 (RFC 9483 §4.1.3), POPO by the
// new key.
func newCertReqMsg(old *x509.Certificate, newKey crypto.Signer, rand io.Reader) (*certReqMsg, error) {
	spki, err := x509.MarshalPKIXPublicKey(newKey.Public())
	if err != nil {
		return nil, err
	}
	m := &certReqMsg{controls: []InfoTypeAndValue{controlOldCertID(old)}}
	m.template[templateSubject] = old.RawSubject
	s := cryptobyte.String(spki)
	if !s.ReadASN1((*cryptobyte.String)(&m.template[templatePublicKey]), asn1.SEQUENCE) {
		return nil, malformed("SubjectPublicKeyInfo of the new key")
	}
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, m.buildCertReq)
	if m.certReq, err = b.Bytes(); err != nil {
		return nil, err
	}
	m.popo = &popo{choice: 1}
	if m.popo.algorithm, err = algorithmOf(newKey.Public()); err != nil {
		return nil, err
	}
	m.popo.signature, err = sign(newKey, m.certReq, rand)
	return m, err
}
