// SPDX-License-Identifier: EUPL-1.2

package cmp

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"fmt"
	"math"
	"time"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// certStatus is the single CertStatus of a certConf (RFC 9810 §5.3.18).
//
//	CertStatus ::= SEQUENCE { certHash OCTET STRING, certReqId INTEGER,
//	                 statusInfo PKIStatusInfo OPTIONAL, hashAlg [0] AlgorithmIdentifier OPTIONAL }
type certStatus struct {
	hash      []byte
	certReqID int64
	status    *statusInfo // nil means accepted
	hashAlg   []byte      // DER with its tag, nil when absent
}

func parseCertConfirm(der []byte) (*certStatus, error) {
	var (
		outer   = cryptobyte.String(der)
		list, s cryptobyte.String
		c       = new(certStatus)
	)
	if !outer.ReadASN1(&list, asn1.SEQUENCE) || !outer.Empty() || !list.ReadASN1(&s, asn1.SEQUENCE) {
		return nil, malformed("no CertStatus")
	}
	if !list.Empty() {
		return nil, errSeveral
	}
	if !s.ReadASN1Bytes(&c.hash, asn1.OCTET_STRING) || !s.ReadASN1Integer(&c.certReqID) {
		return nil, malformed("certHash or certReqId")
	}
	if s.PeekASN1Tag(asn1.SEQUENCE) {
		c.status = new(statusInfo)
		if !c.status.read(&s) {
			return nil, malformed("statusInfo")
		}
	}
	if !s.Empty() && (!s.ReadASN1Element((*cryptobyte.String)(&c.hashAlg), explicit(0)) || !s.Empty()) {
		return nil, malformed("hashAlg")
	}
	return c, nil
}

func (c *certStatus) marshal() ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1OctetString(c.hash)
			b.AddASN1Int64(c.certReqID)
			if c.status != nil {
				c.status.build(b)
			}
			b.AddBytes(c.hashAlg)
		})
	})
	return b.Bytes()
}

// CertificateHash returns the certHash of a certConf (RFC 9810 §5.3.18): the digest of the certificate's DER by the
// hash of its own signature algorithm, SHA-256, SHA-384 or SHA-512 (32, 48 or 64 bytes). It refuses others, which pvno
// 2 cannot name.
func CertificateHash(cert *x509.Certificate) ([]byte, error) {
	var hash crypto.Hash
	switch cert.SignatureAlgorithm {
	case x509.SHA256WithRSA, x509.ECDSAWithSHA256, x509.SHA256WithRSAPSS:
		hash = crypto.SHA256
	case x509.SHA384WithRSA, x509.ECDSAWithSHA384, x509.SHA384WithRSAPSS:
		hash = crypto.SHA384
	case x509.SHA512WithRSA, x509.ECDSAWithSHA512, x509.SHA512WithRSAPSS:
		hash = crypto.SHA512
	default:
		return nil, fmt.Errorf("no certHash under pvno 2 for a certificate signed with %v", cert.SignatureAlgorithm)
	}
	h := hash.New()
	h.Write(cert.Raw)
	return h.Sum(nil), nil
}

// digests are the hash functions of hashAlg (RFC 9481 §2) that certHash may have.
var digests = map[string]crypto.Hash{oidSHA256: crypto.SHA256, oidSHA384: crypto.SHA384, oidSHA512: crypto.SHA512}

// hashOf reads hashAlg. Errors: refusalAlgorithm, or an [ErrMalformed].
func (c *certStatus) hashOf() (crypto.Hash, error) {
	var (
		outer                = cryptobyte.String(c.hashAlg)
		tagged, s, parameter cryptobyte.String
		id                   string
	)
	if !outer.ReadASN1(&tagged, explicit(0)) || !tagged.ReadASN1(&s, asn1.SEQUENCE) || !tagged.Empty() ||
		!readOID(&s, &id) {
		return 0, malformed("hashAlg")
	}
	hash, known := digests[id]
	if !known {
		return 0, refusalAlgorithm
	}
	// RFC 5754 §2: the parameters are absent, and NULL is accepted.
	if s.ReadASN1(&parameter, asn1.NULL) && !parameter.Empty() || !s.Empty() {
		return 0, malformed("parameters of hashAlg")
	}
	return hash, nil
}

// Names reports whether the client confirms this certificate: whether CertificateHash is its hash.
func (c ConfirmRequest) Names(cert *x509.Certificate) bool {
	if c.Hash == 0 {
		hash, err := CertificateHash(cert)
		return err == nil && bytes.Equal(hash, c.CertificateHash)
	}
	h := c.Hash.New()
	h.Write(cert.Raw)
	return bytes.Equal(h.Sum(nil), c.CertificateHash)
}

// confirmWaitTime is the generalInfo of a kup with a certificate: it tells until when the certConf is accepted (RFC
// 9810 §5.1.1.2), as long as the certificate is valid. No timer revokes anything.
func confirmWaitTime(cert *x509.Certificate) []InfoTypeAndValue {
	var b cryptobyte.Builder
	b.AddASN1GeneralizedTime(cert.NotAfter.UTC())
	return []InfoTypeAndValue{{oidConfirmWaitTime, b.BytesOrPanic()}}
}

// pkiConfirm is PKIConfirmContent ::= NULL (RFC 9810 §5.3.17).
var pkiConfirm = []byte{0x05, 0x00}

func parsePKIConfirm(der []byte) error {
	if !bytes.Equal(der, pkiConfirm) {
		return malformed("PKIConfirmContent")
	}
	return nil
}

// parsePollReq reads PollReqContent with one certReqId (RFC 9810 §5.3.22).
func parsePollReq(der []byte) (certReqID int64, err error) {
	var (
		outer   = cryptobyte.String(der)
		list, s cryptobyte.String
	)
	if !outer.ReadASN1(&list, asn1.SEQUENCE) || !outer.Empty() || !list.ReadASN1(&s, asn1.SEQUENCE) {
		return 0, malformed("PollReqContent")
	}
	if !list.Empty() {
		return 0, errSeveral
	}
	if !s.ReadASN1Integer(&certReqID) || !s.Empty() {
		return 0, malformed("certReqId")
	}
	return certReqID, nil
}

func pollReq(certReqID int64) ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) { b.AddASN1Int64(certReqID) })
	})
	return b.Bytes()
}

// pollRep is the single item of a PollRepContent (RFC 9810 §5.3.22); checkAfter is in seconds.
type pollRep struct {
	certReqID  int64
	checkAfter int64
	reason     []string // PKIFreeText, nil when absent
}

func parsePollRep(der []byte) (*pollRep, error) {
	var (
		outer   = cryptobyte.String(der)
		list, s cryptobyte.String
		p       = new(pollRep)
	)
	if !outer.ReadASN1(&list, asn1.SEQUENCE) || !outer.Empty() || !list.ReadASN1(&s, asn1.SEQUENCE) || !list.Empty() ||
		!s.ReadASN1Integer(&p.certReqID) || !s.ReadASN1Integer(&p.checkAfter) {
		return nil, malformed("PollRepContent")
	}
	if p.checkAfter < 0 || p.checkAfter > maxWait {
		return nil, malformed("checkAfter")
	}
	if !s.Empty() && (!readFreeText(&s, &p.reason) || !s.Empty()) {
		return nil, malformed("reason of PollRepContent")
	}
	return p, nil
}

func (p *pollRep) marshal() ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1Int64(p.certReqID)
			b.AddASN1Int64(p.checkAfter)
			if p.reason != nil {
				addFreeText(b, p.reason)
			}
		})
	})
	return b.Bytes()
}

// maxWait bounds a waiting time on the wire, in seconds: ten days.
const maxWait = 864_000

// wholeSeconds rounds a waiting time up, to at least one second and at most maxWait.
func wholeSeconds(d time.Duration) int64 {
	return min(max(int64(math.Ceil(d.Seconds())), 1), maxWait)
}
