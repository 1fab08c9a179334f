// SPDX-License-Identifier: EUPL-1.2

package holder

import (
	"bytes"
	"crypto/x509"
	stdasn1 "encoding/asn1"
	"math/big"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// ParseCertificate parses a certificate as a card holds it. crypto/x509 refuses some that other libraries read and that
// cards hold: a negative serial number, and names with characters that their string type does not have. These are read
// all the same; such a string is taken for Latin-1. SerialNumber and every Raw field are those of the card, so the
// signature holds or not as it does with other libraries. Its error is that of crypto/x509.
func ParseCertificate(der []byte) (*x509.Certificate, error) {
	c, err := x509.ParseCertificate(der)
	if err == nil {
		return c, nil
	}
	readable := bytes.Clone(der)
	outline, ok := outlineOf(readable)
	if !ok {
		return nil, err
	}
	if len(outline.serial) > 0 && outline.serial[0]&0x80 != 0 {
		outline.serial[0] = 0x7F
	}
	toLatin1(outline.issuer)
	toLatin1(outline.subject)
	c, again := x509.ParseCertificate(readable)
	if again != nil {
		return nil, err
	}
	own, _ := outlineOf(bytes.Clone(der)) // of the same structure: only values differ
	c.Raw, c.RawTBSCertificate, c.RawIssuer, c.RawSubject = own.whole, own.tbs, own.issuer, own.subject
	c.SerialNumber = new(big.Int).SetBytes(own.serial)
	if len(own.serial) > 0 && own.serial[0]&0x80 != 0 { // two's complement (X.690 §8.3.3)
		c.SerialNumber.Sub(c.SerialNumber, new(big.Int).Lsh(big.NewInt(1), uint(8*len(own.serial))))
	}
	return c, nil
}

// outline has the parts of a certificate that are read or changed. Each is a piece of the same bytes: serial without
// its tag and length, the others with theirs.
type outline struct{ whole, tbs, serial, issuer, subject []byte }

func outlineOf(der []byte) (o outline, ok bool) {
	input := cryptobyte.String(der)
	var whole, tbs, serial, issuer, subject, body cryptobyte.String
	if !input.ReadASN1Element(&whole, asn1.SEQUENCE) || !input.Empty() {
		return o, false
	}
	o.whole = whole
	if !whole.ReadASN1(&body, asn1.SEQUENCE) || !body.ReadASN1Element(&tbs, asn1.SEQUENCE) {
		return o, false
	}
	o.tbs = tbs
	ok = tbs.ReadASN1(&body, asn1.SEQUENCE) &&
		body.SkipOptionalASN1(asn1.Tag(0).Constructed().ContextSpecific()) && // version
		body.ReadASN1(&serial, asn1.INTEGER) &&
		body.SkipASN1(asn1.SEQUENCE) && // signature
		body.ReadASN1Element(&issuer, asn1.SEQUENCE) &&
		body.SkipASN1(asn1.SEQUENCE) && // validity
		body.ReadASN1Element(&subject, asn1.SEQUENCE)
	o.serial, o.issuer, o.subject = serial, issuer, subject
	return o, ok
}

// toLatin1 marks, in place, the strings of a name whose characters their type does not have as T61String, which
// crypto/x509 takes for Latin-1. It leaves any other structure as it is.
func toLatin1(der []byte) {
	name := cryptobyte.String(der)
	var rdns, rdn, pair, element cryptobyte.String
	if !name.ReadASN1(&rdns, asn1.SEQUENCE) {
		return
	}
	for !rdns.Empty() {
		if !rdns.ReadASN1(&rdn, asn1.SET) {
			return
		}
		for !rdn.Empty() {
			var tag asn1.Tag
			if !rdn.ReadASN1(&pair, asn1.SEQUENCE) || !pair.SkipASN1(asn1.OBJECT_IDENTIFIER) ||
				!pair.ReadAnyASN1Element(&element, &tag) {
				return
			}
			if !hasItsCharacters(element, tag) {
				element[0] = byte(asn1.T61String)
			}
		}
	}
}

// hasItsCharacters reports whether a string has the characters of its type (X.680 §41). It accepts types with several
// bytes a character unseen.
func hasItsCharacters(element cryptobyte.String, tag asn1.Tag) bool {
	var value cryptobyte.String
	whole := element
	if !element.ReadAnyASN1(&value, &tag) {
		return true
	}
	switch tag {
	case asn1.UTF8String:
		return utf8.Valid(value)
	case asn1.PrintableString, asn1.IA5String, asn1.Tag(stdasn1.TagNumericString):
		var text string
		_, err := stdasn1.Unmarshal(whole, &text)
		return err == nil
	}
	return true
}
