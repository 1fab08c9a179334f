// SPDX-License-Identifier: EUPL-1.2

package cmp

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"math/big"
	"testing"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// suiteCase is one of the 23 messages that an independent suite of tests for RFC 9483 sent, and that were answered
// otherwise than the clause says.
type suiteCase struct {
	number int
	name   string
	clause string
	make   func(*forge) []byte
	body   BodyType
	want   *Refusal // nil: grantedWithMods
}

const suiteCases = 23

// template changes the template, proves possession again and makes the kur.
func template(field int, content []byte) func(*forge) []byte {
	return func(fg *forge) []byte {
		fg.req.template[field] = content
		fg.prove(pki().newEC)
		return fg.kur()
	}
}

func templateKey(spki []byte) func(*forge) []byte { return template(templatePublicKey, unwrap(spki)) }

// modulus is the SubjectPublicKeyInfo of an RSA key of that size without a private key.
func modulus(bits uint) []byte {
	n := new(big.Int).Lsh(big.NewInt(1), bits-1)
	spki, err := x509.MarshalPKIXPublicKey(&rsa.PublicKey{N: n.SetBit(n, 0, 1), E: 65537})
	if err != nil {
		panic(err)
	}
	return spki
}

// otherKey is the SubjectPublicKeyInfo of an algorithm whose parameters are the integers; the key is 8.
func otherKey(algorithm string, parameters ...int64) []byte {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			addOID(b, oid(algorithm))
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
				for _, p := range parameters {
					b.AddASN1Int64(p)
				}
			})
		})
		b.AddASN1BitString([]byte{0x02, 0x01, 0x08})
	})
	return b.BytesOrPanic()
}

// oldCertID sends that control.
func oldCertID(cert x509.Certificate) func(*forge) []byte {
	return func(fg *forge) []byte {
		fg.req.controls = []InfoTypeAndValue{controlOldCertID(&cert)}
		fg.prove(pki().newEC)
		return fg.kur()
	}
}

func suite(f *fixture) []suiteCase {
	const (
		proof  = "RFC 9483 §4.1.3 with §4.1.1: popo is required, its signature by the new key"
		key    = "RFC 9483 §4.1.3: the key is new; RFC 9481 §3: RSA or ECDSA"
		old    = "RFC 9483 §4.1.3: oldCertID names the certificate to be updated"
		one    = "RFC 9483 §4.1.1: one CertReqMsg, certReqId 0"
		size   = "RFC 9483 §3.6.4: badCertTemplate for a template that does not hold"
		name   = "RFC 9483 §4.1.1, §4.1.3: subject is required"
		mods   = "RFC 9810 §5.2.3: grantedWithMods, something like what was asked for"
		status = "RFC 9483 §4.1.1: no failInfo with a positive status"
	)
	foreign, other := *f.oldEC.Certificate, *f.oldEC.Certificate
	foreign.RawIssuer, other.SerialNumber = f.foreignCA.Certificate.RawSubject, big.NewInt(1)
	kup := BodyKeyUpdateResponse
	return []suiteCase{
		{1, "bad POP", proof, func(fg *forge) []byte { fg.req.popo.signature[9] ^= 1; return fg.kur() }, kup,
			refusalPOPO},
		{2, "no POP", proof, func(fg *forge) []byte { fg.req.popo = nil; return fg.kur() }, kup, refusalPOPO},
		{3, "mismatched POP", proof, func(fg *forge) []byte { fg.prove(f.spare); return fg.kur() }, kup, refusalPOPO},
		{4, "same key", key, func(fg *forge) []byte {
			fg.req.template[templatePublicKey] = unwrap(f.oldEC.Certificate.RawSubjectPublicKeyInfo)
			fg.prove(f.oldEC.Key)
			return fg.kur()
		}, kup, refusalSameKey},
		{5, "same key, RSA, without oldCertID", key, func(fg *forge) []byte {
			fg.old, fg.req.controls = f.old2048, nil
			fg.req.template[templateSubject] = f.old2048.Certificate.RawSubject
			fg.req.template[templatePublicKey] = unwrap(f.old2048.Certificate.RawSubjectPublicKeyInfo)
			fg.req.popo.algorithm = algorithm(oidSHA256WithRSA)
			fg.prove(f.old2048.Key)
			return fg.kur()
		}, kup, refusalSameKey},
		{6, "DH key", key, templateKey(otherKey("1.2.840.10046.2.1", 23, 4, 11)), kup, refusalTemplate},
		{7, "DSA key", key, templateKey(otherKey("1.2.840.10040.4.1", 23, 11, 4)), kup, refusalAlgorithm},
		{8, "oldCertID with another issuer", old, oldCertID(foreign), kup, refusalOldCertificate},
		{9, "oldCertID with another serial number", old, oldCertID(other), kup, refusalOldCertificate},
		{9, "oldCertID of another person's certificate", old, oldCertID(*f.other.Certificate), kup,
			refusalOldCertificate},
		{10, "two CertReqMsg", one, func(fg *forge) []byte {
			fg.message.Content = sequenceOf(bytes.Repeat(unwrap(fg.must(fg.req.marshal())), 2))
			return fg.must(fg.message.protect(fg.old, rand.Reader))
		}, kup, refusalRequest},
		{11, "certReqId -1", one, func(fg *forge) []byte { fg.req.certReqID = -1; fg.prove(f.newEC); return fg.kur() },
			kup, refusalRequest},
		{12, "certReqId 1", one, func(fg *forge) []byte { fg.req.certReqID = 1; fg.prove(f.newEC); return fg.kur() },
			kup, refusalRequest},
		{13, "raVerified", "RFC 9810 §5.2.8.1: raVerified is for an RA", func(fg *forge) []byte {
			fg.req.popo = &popo{choice: 0, other: []byte{}}
			return fg.kur()
		}, kup, refusalRAVerified},
		{14, "RSA 512", size, templateKey(modulus(512)), kup, refusalKeyTooShort},
		{14, "RSA 1023", size, templateKey(modulus(1023)), kup, refusalKeyTooShort},
		{15, "RSA 8193", size, templateKey(modulus(8193)), kup, refusalKeyTooLong},
		{15, "RSA 16384", size, templateKey(modulus(16384)), kup, refusalKeyTooLong},
		{16, "bad POP under another header", proof, func(fg *forge) []byte {
			fg.message.Header.FreeText = []string{"it"}
			fg.message.Header.MessageTime = []byte("20200525100000Z")
			fg.message.Header.GeneralInfo = []InfoTypeAndValue{{oid("1.3.6.1.5.5.7.4.13"), []byte{5, 0}}}
			fg.message.Header.Recipient = directoryName(f.legacyCA.Certificate.RawSubject)
			fg.prove(f.spare)
			return fg.kur()
		}, kup, refusalPOPO},
		{17, "certConf accepted with failInfo", status, certConfWithFailInfo(statusAccepted), BodyError,
			refusalRequest},
		{17, "certConf grantedWithMods with failInfo", status, certConfWithFailInfo(statusGrantedWithMods), BodyError,
			refusalRequest},
		{18, "no subject", name, template(templateSubject, nil), kup, refusalTemplate},
		{19, "NULL-DN as subject", name, template(templateSubject, sequenceOf(nil)), kup, refusalTemplate},
		{20, "no subject, subjectAltName", name, func(fg *forge) []byte {
			fg.req.template[templateExtension] = sequenceOf([]byte("\x06\x03\x55\x1D\x11\x04\x05\x30\x03\x82\x01x"))
			return template(templateSubject, nil)(fg)
		}, kup, refusalTemplate},
		{21, "extensions of a CA", mods, template(templateExtension,
			sequenceOf([]byte("\x06\x03\x55\x1D\x13\x04\x05\x30\x03\x01\x01\xFF"))), kup, nil},
		{21, "unknown extension", mods, template(templateExtension, sequenceOf([]byte("\x06\x01\x2A\x04\x00"))), kup,
			nil},
		{22, "validity of years", mods, template(templateValidity, []byte("\xA1\x11\x18\x0F20491231235959Z")), kup,
			nil},
		{23, "certConf with two CertStatus", "RFC 9483 §4.1.1: one CertStatus", func(fg *forge) []byte {
			one := unwrap(fg.must((&certStatus{hash: make([]byte, 32)}).marshal()))
			fg.message.Body, fg.message.Content = BodyCertConfirm, sequenceOf(bytes.Repeat(one, 2))
			return fg.must(fg.message.protect(fg.old, rand.Reader))
		}, BodyError, refusalRequest},
		{23, "genm with infoValue", "RFC 9483 §4.3.1: no infoValue in the request", func(fg *forge) []byte {
			fg.message.Body, fg.message.Content = BodyGeneralMessage, info(InfoTypeAndValue{oidCACerts, []byte{5, 0}})
			return fg.must(fg.message.Marshal())
		}, BodyError, refusalRequest},
	}
}

// TestIndependentSuite sends each message of the suite.
func TestIndependentSuite(t *testing.T) {
	numbers := make(map[int]bool)
	for _, c := range suite(pki()) {
		numbers[c.number] = true
		t.Run(c.name, func(t *testing.T) {
			a := new(authority)
			client, _ := serve(t, a)
			answer := post(t, client, c.make(newForge(t)), nil)
			if c.want != nil {
				body, got := refusalIn(t, answer)
				if body != c.body || got != *c.want {
					t.Errorf("%d: %v %+v, want %v %+v by %s", c.number, body, got, c.body, *c.want, c.clause)
				}
				if len(a.informs)+len(a.updates)+len(a.confirmed) != 0 {
					t.Errorf("%d reached the authority", c.number)
				}
				return
			}
			m, err := ParseMessage(answer)
			if err != nil || m.Body != c.body {
				t.Fatalf("%d: %+v, %v", c.number, m, err)
			}
			r, err := parseCertRep(m.Content)
			if err != nil || r.status.status != statusGrantedWithMods || r.certificate == nil {
				t.Errorf("%d: %+v, %v, want grantedWithMods by %s", c.number, r, err, c.clause)
			}
		})
	}
	for n := range suiteCases {
		if !numbers[n+1] {
			t.Errorf("no case %d", n+1)
		}
	}
	if len(numbers) != suiteCases {
		t.Errorf("%d numbers, want %d", len(numbers), suiteCases)
	}
}
