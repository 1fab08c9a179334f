// SPDX-License-Identifier: EUPL-1.2

package holder

import (
	"bytes"
	"crypto/x509"
	"crypto/x509/pkix"
	stdasn1 "encoding/asn1"
	"encoding/binary"
	"iter"
	"math/big"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// ParseCertificate parses a certificate as a card holds it. crypto/x509 refuses some that other libraries read and that
// cards hold: a negative serial number, a UniversalString, and names with characters that their string type does not
// have. These are read all the same; the last are taken for Latin-1. SerialNumber and every Raw field are those of the
// card, so the signature holds or not as it does with other libraries. Its error is that of crypto/x509.
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
	retag(outline.issuer)
	retag(outline.subject)
	c, again := x509.ParseCertificate(readable)
	if again != nil {
		return nil, err
	}
	own, _ := outlineOf(bytes.Clone(der)) // of the same structure: only values differ
	c.Raw, c.RawTBSCertificate, c.RawIssuer, c.RawSubject = own.whole, own.tbs, own.issuer, own.subject
	decodeUniversal(&c.Issuer, own.issuer)
	decodeUniversal(&c.Subject, own.subject)
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

// retag marks as T61String, in place, every string of a name that crypto/x509 refuses for its type or its characters;
// crypto/x509 takes those for Latin-1.
func retag(name []byte) {
	for element := range values(name) {
		if tag := asn1.Tag(element[0]); isUniversal(element) || !hasItsCharacters(element, tag) {
			element[0] = byte(asn1.T61String)
		}
	}
}

// decodeUniversal writes into the name its UniversalStrings, which crypto/x509 read as T61String.
func decodeUniversal(name *pkix.Name, der []byte) {
	found := false
	i := 0
	for element := range values(der) {
		if i < len(name.Names) && isUniversal(element) {
			name.Names[i].Value, _ = DecodeUniversal(body(element))
			found = true
		}
		i++
	}
	if found {
		read := pkix.RDNSequence{name.Names}
		*name = pkix.Name{}
		name.FillFromRDNSequence(&read)
	}
}

// values yields the values of a name's attributes, each a piece of der with its tag and length, up to the first
// structure that is no attribute.
func values(der []byte) iter.Seq[cryptobyte.String] {
	return func(yield func(cryptobyte.String) bool) {
		name := cryptobyte.String(der)
		var rdns, rdn, pair, element cryptobyte.String
		if !name.ReadASN1(&rdns, asn1.SEQUENCE) {
			return
		}
		for rdns.ReadASN1(&rdn, asn1.SET) {
			for !rdn.Empty() {
				var tag asn1.Tag
				if !rdn.ReadASN1(&pair, asn1.SEQUENCE) || !pair.SkipASN1(asn1.OBJECT_IDENTIFIER) ||
					!pair.ReadAnyASN1Element(&element, &tag) || !yield(element) {
					return
				}
			}
		}
	}
}

// TagUniversalString is the tag of a UniversalString (X.680 §41), which encoding/asn1 does not name.
const TagUniversalString = 28

func isUniversal(element cryptobyte.String) bool {
	if element[0] != TagUniversalString {
		return false
	}
	_, ok := DecodeUniversal(body(element))
	return ok
}

func body(element cryptobyte.String) []byte {
	var value cryptobyte.String
	var tag asn1.Tag
	element.ReadAnyASN1(&value, &tag)
	return value
}

// DecodeUniversal returns the characters of a UniversalString's value: four bytes each, the highest first (X.690
// §8.23.7). It reports false for any value with a part that is no Unicode character.
func DecodeUniversal(value []byte) (string, bool) {
	if len(value)%4 != 0 {
		return "", false
	}
	var text []rune
	for ; len(value) > 0; value = value[4:] {
		c := binary.BigEndian.Uint32(value)
		if c > unicode.MaxRune || !utf8.ValidRune(rune(c)) {
			return "", false
		}
		text = append(text, rune(c))
	}
	return string(text), true
}

// hasItsCharacters reports whether a string has the characters of its type (X.680 §41). It accepts types with several
// bytes a character unseen.
func hasItsCharacters(element cryptobyte.String, tag asn1.Tag) bool {
	switch tag {
	case asn1.UTF8String:
		return utf8.Valid(body(element))
	case asn1.PrintableString, asn1.IA5String, asn1.Tag(stdasn1.TagNumericString):
		var text string
		_, err := stdasn1.Unmarshal(element, &text)
		return err == nil
	}
	return true
}
