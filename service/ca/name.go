// SPDX-License-Identifier: EUPL-1.2

package ca

import (
	"encoding/asn1"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"rinnova.example/go/holder"
)

var (
	oidCommonName         = asn1.ObjectIdentifier{2, 5, 4, 3}
	oidSurname            = asn1.ObjectIdentifier{2, 5, 4, 4}
	oidCountry            = asn1.ObjectIdentifier{2, 5, 4, 6}
	oidOrganization       = asn1.ObjectIdentifier{2, 5, 4, 10}
	oidOrganizationalUnit = asn1.ObjectIdentifier{2, 5, 4, 11}
	oidGivenName          = asn1.ObjectIdentifier{2, 5, 4, 42}
)

// Name is the distinguished name of one of our own certificates. The country is always IT.
type Name struct {
	Organization       string
	OrganizationalUnit string
	CommonName         string
}

func (n Name) encode() ([]byte, error) {
	return encodeName([]attribute{
		{oidOrganization, n.Organization},
		{oidOrganizationalUnit, n.OrganizationalUnit},
		{oidCommonName, n.CommonName},
	})
}

type attribute struct {
	oid   asn1.ObjectIdentifier
	value string
}

type attributeTypeAndValue struct {
	Type  asn1.ObjectIdentifier
	Value asn1.RawValue
}

type relativeDistinguishedNameSET []attributeTypeAndValue

// encodeName encodes C=IT and the attributes, one to a relative distinguished name. RFC 5280 §4.1.2.4 prescribes
// PrintableString for the country and UTF8String elsewhere; encoding/asn1 would choose by content.
func encodeName(attributes []attribute) ([]byte, error) {
	name := []relativeDistinguishedNameSET{{{oidCountry,
		asn1.RawValue{Tag: asn1.TagPrintableString, Bytes: []byte("IT")}}}}
	for _, a := range attributes {
		// ub-common-name, ub-organization-name and ub-organizational-unit-name are 64 (RFC 5280 appendix A.1);
		// ub-name, for surname and given name, is larger, but no card holds more.
		if n := utf8.RuneCountInString(a.value); n == 0 || n > 64 || !utf8.ValidString(a.value) {
			return nil, fmt.Errorf("attribute %v: %d characters of UTF-8, want 1 to 64", a.oid, n)
		}
		if strings.TrimSpace(a.value) != a.value || strings.ContainsFunc(a.value, isControl) {
			return nil, fmt.Errorf("attribute %v: blank at an end, or control character", a.oid)
		}
		name = append(name,
			relativeDistinguishedNameSET{{a.oid, asn1.RawValue{Tag: asn1.TagUTF8String, Bytes: []byte(a.value)}}})
	}
	return asn1.Marshal(name)
}

func isControl(r rune) bool { return r < 0x20 || r >= 0x7f && r < 0xa0 }

// stringTypes are the string types that a name may have.
var stringTypes = []int{asn1.TagUTF8String, asn1.TagPrintableString, asn1.TagT61String, asn1.TagBMPString,
	asn1.TagIA5String, holder.TagUniversalString}

func latin1(b []byte) string {
	runes := make([]rune, len(b))
	for i, c := range b {
		runes[i] = rune(c)
	}
	return string(runes)
}

var errName = errors.New("malformed distinguished name")

// decodeName lists the attributes of a name that a CNS certificate may have: one to a relative distinguished
// name, each a string of RFC 5280's DirectoryString or an IA5String. It takes the strings as they stand; those of a
// TeletexString are taken for Latin-1, as crypto/x509 does.
func decodeName(der []byte) ([]attribute, error) {
	var name []relativeDistinguishedNameSET
	if rest, err := asn1.Unmarshal(der, &name); err != nil || len(rest) > 0 {
		return nil, errName
	}
	var attributes []attribute
	for _, rdn := range name {
		if len(rdn) != 1 {
			return nil, fmt.Errorf("%w: %d attributes in one relative distinguished name", errName, len(rdn))
		}
		v := rdn[0].Value
		if v.Class != asn1.ClassUniversal || v.IsCompound || !slices.Contains(stringTypes, v.Tag) {
			return nil, fmt.Errorf("%w: string type of %v", errName, rdn[0].Type)
		}
		var text string // its characters are those of its type (X.680 §41)
		ok := true
		switch v.Tag {
		case asn1.TagT61String:
			text = latin1(v.Bytes)
		case holder.TagUniversalString:
			text, ok = holder.DecodeUniversal(v.Bytes)
		default:
			_, err := asn1.Unmarshal(v.FullBytes, &text)
			ok = err == nil
		}
		if !ok || strings.ContainsFunc(text, isControl) {
			return nil, fmt.Errorf("%w: characters of %v", errName, rdn[0].Type)
		}
		attributes = append(attributes, attribute{rdn[0].Type, text})
	}
	return attributes, nil
}
