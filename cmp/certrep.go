// SPDX-License-Identifier: EUPL-1.2

package cmp

import (
	"strings"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"

	"rinnova.example/go/failure"
	"rinnova.example/go/plaintext"
)

// PKIStatus values that are sent or understood (RFC 9810 §5.2.3).
const (
	statusAccepted        = 0
	statusGrantedWithMods = 1
	statusRejection       = 2
	statusWaiting         = 3
)

// statusInfo is a PKIStatusInfo (RFC 9810 §5.2.3).
type statusInfo struct {
	status   int64
	text     []string // PKIFreeText, nil when absent
	failInfo []byte   // content octets of the BIT STRING, nil when absent
}

func (p *statusInfo) read(s *cryptobyte.String) bool {
	var seq cryptobyte.String
	if !s.ReadASN1(&seq, asn1.SEQUENCE) || !seq.ReadASN1Integer(&p.status) {
		return false
	}
	if seq.PeekASN1Tag(asn1.SEQUENCE) && !readFreeText(&seq, &p.text) {
		return false
	}
	if seq.Empty() {
		return true
	}
	if !seq.ReadASN1Bytes(&p.failInfo, asn1.BIT_STRING) || !seq.Empty() {
		return false
	}
	n := len(p.failInfo)
	// X.690 §8.6.2 and §11.2.1: up to seven unused bits, which are zero. Trailing zero bits of the named list are
	// accepted, although DER cuts them (§11.2.2).
	return n > 0 && p.failInfo[0] < 8 && (p.failInfo[0] == 0 || n > 1 && p.failInfo[n-1]&(1<<p.failInfo[0]-1) == 0)
}

func (p *statusInfo) build(b *cryptobyte.Builder) {
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		b.AddASN1Int64(p.status)
		if p.text != nil {
			addFreeText(b, p.text)
		}
		if p.failInfo != nil {
			b.AddASN1(asn1.BIT_STRING, func(b *cryptobyte.Builder) { b.AddBytes(p.failInfo) })
		}
	})
}

// failInfoBits returns the content of a PKIFailureInfo with one bit, without trailing zero bits (X.690 §11.2.2).
func failInfoBits(f FailureInfo) []byte {
	if f < 0 {
		return nil
	}
	bits := make([]byte, 2+f/8)
	bits[0] = byte(7 - f%8)
	bits[1+f/8] = 0x80 >> (f % 8)
	return bits
}

// refusal returns the refusal that a PKIStatusInfo stands for; details are errorDetails, or the code words of a kup.
func (p *statusInfo) refusal(details []string) *Refusal {
	r := &Refusal{Info: NoFailureInfo, Code: CodeUnspecified, Text: plainText(strings.Join(p.text, " "))}
	if p.failInfo != nil {
		for n := range (len(p.failInfo) - 1) * 8 {
			if p.failInfo[1+n/8]&(0x80>>(n%8)) != 0 {
				r.Info = FailureInfo(n)
				break
			}
		}
	}
	if len(details) > 0 && isCodeWord(details[0]) {
		r.Code = failure.Code(details[0])
	}
	return r
}

// isCodeWord tells our code words (as "not-in-registry") from the errorDetails of other servers.
func isCodeWord(s string) bool {
	return s != "" && len(s) <= 64 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == ""
}

// maxText bounds a text for a person, in bytes: OpenSSL 3.0 prints nothing of an error that reaches 1 KB.
const maxText = 499

// plainText returns a line of at most maxText bytes (OpenSSL cuts at NUL, a terminal obeys the other control
// characters).
func plainText(s string) string { return plaintext.Cut(plaintext.Line(s), maxText) }

// certRep is the CertRepMessage of a kup with its single CertResponse (RFC 9810 §5.3.4, §5.3.6).
//
//	CertRepMessage   ::= SEQUENCE { caPubs [1] … OPTIONAL, response SEQUENCE OF CertResponse }
//	CertResponse     ::= SEQUENCE { certReqId INTEGER, status PKIStatusInfo,
//	                       certifiedKeyPair CertifiedKeyPair OPTIONAL, rspInfo OCTET STRING OPTIONAL }
//	CertifiedKeyPair ::= SEQUENCE { certOrEncCert CertOrEncCert, privateKey [0] …, publicationInfo [1] … }
//
// An encrypted certificate and a private key (central key generation) are refused; caPubs, rspInfo and
// publicationInfo are kept and not used.
type certRep struct {
	certReqID   int64
	status      statusInfo
	certificate []byte // DER, nil when absent

	caPubs          [][]byte
	publicationInfo []byte // DER with its tag
	rspInfo         []byte // DER with its tag
}

func parseCertRep(der []byte) (*certRep, error) {
	var (
		outer                      = cryptobyte.String(der)
		s, list, rsp, pair, choice cryptobyte.String
		r                          = new(certRep)
		err                        error
	)
	if !outer.ReadASN1(&s, asn1.SEQUENCE) || !outer.Empty() {
		return nil, malformed("CertRepMessage")
	}
	if r.caPubs, err = readCertificates(&s, explicit(1)); err != nil {
		return nil, err
	}
	if !s.ReadASN1(&list, asn1.SEQUENCE) || !s.Empty() || !list.ReadASN1(&rsp, asn1.SEQUENCE) || !list.Empty() {
		return nil, malformed("not one CertResponse")
	}
	if !rsp.ReadASN1Integer(&r.certReqID) || !r.status.read(&rsp) {
		return nil, malformed("CertResponse")
	}
	if rsp.PeekASN1Tag(asn1.SEQUENCE) {
		if !rsp.ReadASN1(&pair, asn1.SEQUENCE) || !pair.ReadASN1(&choice, explicit(0)) ||
			!choice.ReadASN1Element((*cryptobyte.String)(&r.certificate), asn1.SEQUENCE) || !choice.Empty() {
			return nil, malformed("certifiedKeyPair")
		}
		if !pair.Empty() && (!pair.ReadASN1Element((*cryptobyte.String)(&r.publicationInfo), explicit(1)) ||
			!pair.Empty()) {
			return nil, malformed("certifiedKeyPair")
		}
	}
	if !rsp.Empty() && (!rsp.ReadASN1Element((*cryptobyte.String)(&r.rspInfo), asn1.OCTET_STRING) || !rsp.Empty()) {
		return nil, malformed("rspInfo")
	}
	return r, nil
}

func (r *certRep) marshal() ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		if r.caPubs != nil {
			b.AddASN1(explicit(1), func(b *cryptobyte.Builder) { addSequence(b, r.caPubs) })
		}
		b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
			b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
				b.AddASN1Int64(r.certReqID)
				r.status.build(b)
				if r.certificate != nil {
					b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
						b.AddASN1(explicit(0), func(b *cryptobyte.Builder) { b.AddBytes(r.certificate) })
						b.AddBytes(r.publicationInfo)
					})
				}
				b.AddBytes(r.rspInfo)
			})
		})
	})
	return b.Bytes()
}

// errorMsg is an ErrorMsgContent (RFC 9810 §5.3.21).
type errorMsg struct {
	status    statusInfo
	errorCode []byte   // DER of the INTEGER, nil when absent; OpenSSL's is a number of its own
	details   []string // errorDetails, nil when absent; ours is one code word
}

func parseErrorMsg(der []byte) (*errorMsg, error) {
	var (
		outer = cryptobyte.String(der)
		s     cryptobyte.String
		e     = new(errorMsg)
	)
	if !outer.ReadASN1(&s, asn1.SEQUENCE) || !outer.Empty() || !e.status.read(&s) {
		return nil, malformed("ErrorMsgContent")
	}
	if s.PeekASN1Tag(asn1.INTEGER) && !s.ReadASN1Element((*cryptobyte.String)(&e.errorCode), asn1.INTEGER) {
		return nil, malformed("errorCode")
	}
	if !s.Empty() && (!readFreeText(&s, &e.details) || !s.Empty()) {
		return nil, malformed("errorDetails")
	}
	return e, nil
}

func (e *errorMsg) marshal() ([]byte, error) {
	var b cryptobyte.Builder
	b.AddASN1(asn1.SEQUENCE, func(b *cryptobyte.Builder) {
		e.status.build(b)
		b.AddBytes(e.errorCode)
		if e.details != nil {
			addFreeText(b, e.details)
		}
	})
	return b.Bytes()
}

// rejectionOf encodes bit and text of a refusal, with status rejection.
func rejectionOf(r *Refusal) statusInfo {
	p := statusInfo{status: statusRejection, failInfo: failInfoBits(r.Info)}
	if text := plainText(r.Text); text != "" {
		p.text = []string{text}
	}
	return p
}

// errorMsgOf encodes a refusal as an error message, with the code word in errorDetails.
func errorMsgOf(r *Refusal) *errorMsg {
	e := &errorMsg{status: rejectionOf(r)}
	if isCodeWord(string(r.Code)) {
		e.details = []string{string(r.Code)}
	}
	return e
}

// codeInfo returns the items of a kup's generalInfo that carry the code word of a refusal: a kup has no errorDetails.
func codeInfo(r *Refusal) []InfoTypeAndValue {
	if !isCodeWord(string(r.Code)) {
		return nil
	}
	var b cryptobyte.Builder
	b.AddASN1(asn1.UTF8String, func(b *cryptobyte.Builder) { b.AddBytes([]byte(r.Code)) })
	return []InfoTypeAndValue{{oidFailureCode, b.BytesOrPanic()}}
}

// codeIn returns the code words in a generalInfo.
func codeIn(info []InfoTypeAndValue) []string {
	var words []string
	for _, i := range info {
		var word cryptobyte.String
		s := cryptobyte.String(i.Value)
		if i.Type == oidFailureCode && s.ReadASN1(&word, asn1.UTF8String) && s.Empty() {
			words = append(words, string(word))
		}
	}
	return words
}
