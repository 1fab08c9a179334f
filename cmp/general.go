// SPDX-License-Identifier: EUPL-1.2

package cmp

import (
	"bytes"
	"crypto/x509"
	"fmt"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// tagLook is the tag of the hash in a question that takes no place in the waiting room:
//
//	StandingOf ::= CHOICE { place OCTET STRING (SIZE (32)), look [0] IMPLICIT OCTET STRING (SIZE (32)) }
var tagLook = implicit(0)

// genm encodes the content of a general message (RFC 9810 §5.3.19): an infoType for each question.
func (q InformRequest) genm() ([]byte, error) {
	var list []InfoTypeAndValue
	for _, i := range []struct {
		asked bool
		oid   string
	}{{q.CACerts, oidCACerts}, {q.Template, oidCertReqTemplate}, {q.Campaigns, oidCampaigns},
		{q.ServiceFacts, oidServiceFacts}} {
		if i.asked {
			list = append(list, InfoTypeAndValue{Type: i.oid})
		}
	}
	if q.StandingOf != nil {
		if len(q.StandingOf) != sha256Size {
			return nil, fmt.Errorf("hash of the old certificate has %d bytes instead of 32", len(q.StandingOf))
		}
		value := octetString(q.StandingOf)
		if q.Look {
			value[0] = byte(tagLook)
		}
		list = append(list, InfoTypeAndValue{oidStanding, value})
	}
	var b cryptobyte.Builder
	addInfo(&b, list)
	return b.Bytes()
}

// parse reads the content of a genm. It refuses an unexpected value, an infoType that occurs twice, and, with
// refusalInfoType, a message whose every infoType is unknown here.
func (q *InformRequest) parse(der []byte) error {
	list, err := parseInfo(der)
	if err != nil {
		return err
	}
	seen := make(map[string]bool)
	known := len(list) == 0 // an empty genm leaves the choice to the server (RFC 9810 §5.3.19)
	for _, i := range list {
		if seen[i.Type] {
			return malformed("infoType twice")
		}
		seen[i.Type] = true
		switch i.Type {
		case oidCACerts:
			q.CACerts = true
		case oidCertReqTemplate:
			q.Template = true
		case oidCampaigns:
			q.Campaigns = true
		case oidServiceFacts:
			q.ServiceFacts = true
		case oidStanding:
			value := bytes.Clone(i.Value)
			if q.Look = len(value) > 0 && value[0] == byte(tagLook); q.Look {
				value[0] = byte(asn1.OCTET_STRING)
			}
			if q.StandingOf, err = readOctetString(value); err != nil || len(q.StandingOf) != sha256Size {
				return malformed("hash of the old certificate")
			}
			known = true
			continue
		default:
			continue
		}
		known = true
		if i.Value != nil {
			return refusalRequest // RFC 9483 §4.3: infoValue is absent in the request
		}
	}
	if !known {
		return refusalInfoType
	}
	return nil
}

// genp encodes the content of a general response (RFC 9810 §5.3.20).
func (r *InformResponse) genp() ([]byte, error) {
	var list []InfoTypeAndValue
	if r.CACerts != nil {
		i := InfoTypeAndValue{Type: oidCACerts}
		if len(r.CACerts) > 0 { // SIZE (1..MAX); without certificates the value is absent (RFC 9483 §4.3.1)
			var ders [][]byte
			for _, c := range r.CACerts {
				ders = append(ders, c.Raw)
			}
			var b cryptobyte.Builder
			addSequence(&b, ders)
			i.Value = b.BytesOrPanic()
		}
		list = append(list, i)
	}
	for _, part := range []struct {
		present bool
		oid     string
		value   func() ([]byte, error)
	}{
		{r.Template != nil, oidCertReqTemplate, func() ([]byte, error) { return r.Template.marshal() }},
		{r.Campaigns != nil, oidCampaigns, func() ([]byte, error) { return marshalCampaigns(r.Campaigns) }},
		{r.Standing != nil, oidStanding, func() ([]byte, error) { return r.Standing.marshal() }},
		{r.Service != nil, oidServiceFacts, func() ([]byte, error) { return r.Service.marshal() }},
	} {
		if !part.present {
			continue
		}
		value, err := part.value()
		if err != nil {
			return nil, err
		}
		list = append(list, InfoTypeAndValue{part.oid, value})
	}
	var b cryptobyte.Builder
	addInfo(&b, list)
	return b.Bytes()
}

// parse reads the content of a genp and skips unknown infoTypes.
func (r *InformResponse) parse(der []byte) error {
	list, err := parseInfo(der)
	if err != nil {
		return err
	}
	seen := make(map[string]bool)
	for _, i := range list {
		if seen[i.Type] {
			return malformed("infoType twice")
		}
		seen[i.Type] = true
		if i.Value == nil {
			continue
		}
		switch i.Type {
		case oidCACerts:
			r.CACerts, err = parseCACerts(i.Value)
		case oidCertReqTemplate:
			r.Template = new(Template)
			err = r.Template.parse(i.Value)
		case oidCampaigns:
			r.Campaigns, err = parseCampaigns(i.Value)
		case oidStanding:
			if _, err := readOctetString(i.Value); err == nil {
				continue // OpenSSL's mock server returns an unknown question unchanged
			}
			r.Standing = new(Standing)
			err = r.Standing.parse(i.Value)
		case oidServiceFacts:
			r.Service = new(ServiceFacts)
			err = r.Service.parse(i.Value)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func parseCACerts(der []byte) ([]*x509.Certificate, error) {
	var list, e cryptobyte.String
	s := cryptobyte.String(der)
	if !s.ReadASN1(&list, asn1.SEQUENCE) || !s.Empty() || list.Empty() {
		return nil, malformed("caCerts")
	}
	var certs []*x509.Certificate
	for !list.Empty() {
		if !list.ReadASN1Element(&e, asn1.SEQUENCE) {
			return nil, malformed("caCerts")
		}
		cert, err := x509.ParseCertificate(e)
		if err != nil {
			return nil, malformed("certificate in caCerts")
		}
		certs = append(certs, cert)
	}
	return certs, nil
}

// marshal encodes CertReqTemplateContent (RFC 9810 §5.3.19.16) with an empty certTemplate and, as keySpec,
// id-regCtrl-rsaKeyLen. It refuses algorithms other than RSA.
//
//	CertReqTemplateContent ::= SEQUENCE { certTemplate CertTemplate, keySpec Controls OPTIONAL }
//	RsaKeyLenCtrl          ::= INTEGER (1..MAX)
func (t *Template) marshal() ([]byte, error) {
	if t.KeyAlgorithm != "RSA" || t.KeyBits < minRSABits || t.KeyBits > maxRSABits {
		return nil, fmt.Errorf("no certificate request template for %s %d", t.KeyAlgorithm, t.KeyBits)
	}
	var length, b cryptobyte.Builder
	length.AddASN1Int64(int64(t.KeyBits))
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(*cryptobyte.Builder) {})
		addInfo(b, []InfoTypeAndValue{{oidRSAKeyLen, length.BytesOrPanic()}})
	})
	return b.Bytes()
}

// parse leaves the fields zero when the server names no RSA key length.
func (t *Template) parse(der []byte) error {
	var (
		outer      = cryptobyte.String(der)
		s, content cryptobyte.String
		fields     certTemplate
	)
	if !outer.ReadASN1(&s, asn1.SEQUENCE) || !outer.Empty() || !s.ReadASN1(&content, asn1.SEQUENCE) {
		return malformed("CertReqTemplateContent")
	}
	if err := fields.parse(content); err != nil {
		return err
	}
	if s.Empty() {
		return nil
	}
	controls, err := parseControls(s)
	if err != nil {
		return err
	}
	for _, c := range controls {
		if c.Type != oidRSAKeyLen {
			continue
		}
		value := cryptobyte.String(c.Value)
		if !value.ReadASN1Integer(&t.KeyBits) || !value.Empty() || t.KeyBits < minRSABits || t.KeyBits > maxRSABits {
			return malformed("id-regCtrl-rsaKeyLen")
		}
		t.KeyAlgorithm = "RSA"
		return nil // the server prefers the first of several
	}
	return nil
}
