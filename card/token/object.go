// SPDX-License-Identifier: EUPL-1.2

package token

import (
	"crypto/sha1"
	"crypto/x509"
	"encoding/asn1"
	"encoding/binary"
	"math/big"
	"time"
)

// object is an object of a token, by attribute type. A CK_ULONG is an uint64, a CK_BBOOL a bool.
type object struct {
	attributes map[uint64]any
	pair       *pair // of a private key
}

func (o object) private() bool { return o.attributes[attrPrivate] == true }

// sensitive reports whether an attribute is one that a private key does not reveal.
func (o object) sensitive(kind uint64) bool {
	return o.attributes[attrClass] == uint64(classPrivateKey) && kind >= attrPrivateExponent && kind <= attrCoefficient
}

// makeObjects makes the objects of a card: the profile, and for each pair certificate, public key and private key.
func (t *token) makeObjects() []object {
	list := []object{{attributes: map[uint64]any{attrClass: uint64(classProfile), attrToken: true, attrPrivate: false,
		attrProfileID: uint64(profilePublicCertificates), attrModifiable: false, attrCopyable: false,
		attrDestroyable: false}}}
	for i := range t.pairs {
		p := &t.pairs[i]
		c := p.certificate
		id := keyIdentifier(c)
		label := []byte(labelOf(p))
		common := func(class uint64, private bool, more map[uint64]any) object {
			more[attrClass], more[attrToken], more[attrPrivate] = class, true, private
			more[attrModifiable], more[attrCopyable], more[attrDestroyable] = false, false, false
			more[attrLabel], more[attrID], more[attrSubject] = label, id, c.RawSubject
			return object{attributes: more}
		}
		key := func(more map[uint64]any) map[uint64]any {
			more[attrKeyType] = uint64(0) // CKK_RSA
			more[attrModulus] = p.public.N.Bytes()
			more[attrPublicExponent] = big.NewInt(int64(p.public.E)).Bytes()
			more[attrPublicKeyInfo] = c.RawSubjectPublicKeyInfo
			more[attrDerive], more[attrLocal] = false, true
			return more
		}
		list = append(list,
			common(classCertificate, false, map[uint64]any{
				attrCertificateType: uint64(0), // CKC_X_509
				attrCertificateKind: uint64(1), // the token's user
				attrTrusted:         false,
				attrValue:           c.Raw,
				attrIssuer:          c.RawIssuer,
				attrSerialNumber:    derInteger(c.SerialNumber),
				attrStartDate:       date(c.NotBefore),
				attrEndDate:         date(c.NotAfter),
			}),
			common(classPublicKey, false, key(map[uint64]any{
				attrModulusBits: uint64(p.public.N.BitLen()),
				attrTrusted:     false, attrEncrypt: false, attrWrap: false,
				attrVerify: false, attrVerifyRecover: false,
			})))
		if p.login && t.offersLogin() {
			private := common(classPrivateKey, true, key(map[uint64]any{
				attrSensitive: true, attrAlwaysSensitive: true, attrExtractable: false, attrNeverExtractable: true,
				attrSign: true, attrSignRecover: false, attrDecrypt: true, attrUnwrap: false,
				attrAlwaysAuthenticate: false,
			}))
			private.pair = p
			list = append(list, private)
		}
	}
	return list
}

// labelOf names a pair with its last day, since some programs show the label and no dates.
func labelOf(p *pair) string {
	use := "Autenticazione"
	if !p.login {
		use = "Firma"
	}
	return use + " CNS, scade " + day(p.certificate.NotAfter)
}

// keyIdentifier is the SHA-1 of the public key's bits (RFC 5280 §4.2.1.2, method 1).
func keyIdentifier(c *x509.Certificate) []byte {
	var info struct {
		Algorithm asn1.RawValue
		Key       asn1.BitString
	}
	if _, err := asn1.Unmarshal(c.RawSubjectPublicKeyInfo, &info); err != nil {
		info.Key.Bytes = c.RawSubjectPublicKeyInfo
	}
	h := sha1.Sum(info.Key.Bytes)
	return h[:]
}

func derInteger(n *big.Int) []byte {
	der, err := asn1.Marshal(n)
	if err != nil {
		return nil
	}
	return der
}

// date is a CK_DATE.
func date(t time.Time) []byte { return []byte(t.UTC().Format("20060102")) }

// encode returns an attribute's value as the host's memory has it; size is that of a CK_ULONG in bytes.
func encode(v any, size int) []byte {
	switch v := v.(type) {
	case bool:
		if v {
			return []byte{1}
		}
		return []byte{0}
	case uint64:
		return binary.NativeEndian.AppendUint64(nil, v)[:size] // little-endian on every system of the driver
	case []byte:
		return v
	}
	return nil
}
