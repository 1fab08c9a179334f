// SPDX-License-Identifier: EUPL-1.2

package cmp

import (
	"crypto/x509"

	"golang.org/x/crypto/cryptobyte"
	"golang.org/x/crypto/cryptobyte/asn1"
)

// Object identifiers are content octets: ours have a second arc of 128 bits (ITU-T X.667 §6.3), too large for
// encoding/asn1.
var (
	oidCACerts         = oid("1.3.6.1.5.5.7.4.17") // id-it-caCerts, RFC 9810 §5.3.19.14
	oidCertReqTemplate = oid("1.3.6.1.5.5.7.4.19") // id-it-certReqTemplate, RFC 9810 §5.3.19.16
	oidConfirmWaitTime = oid("1.3.6.1.5.5.7.4.14") // id-it-confirmWaitTime, RFC 9810 §5.1.1.2

	oidOldCertID = oid("1.3.6.1.5.5.7.5.1.5")  // id-regCtrl-oldCertID, RFC 4211 §6.5
	oidRSAKeyLen = oid("1.3.6.1.5.5.7.5.1.12") // id-regCtrl-rsaKeyLen, RFC 9810 §5.3.19.16

	oidSHA256 = oid("2.16.840.1.101.3.4.2.1") // RFC 9481 §2
	oidSHA384 = oid("2.16.840.1.101.3.4.2.2")
	oidSHA512 = oid("2.16.840.1.101.3.4.2.3")

	oidSHA1WithRSA   = oid("1.2.840.113549.1.1.5")
	oidSHA256WithRSA = oid("1.2.840.113549.1.1.11")
	oidSHA384WithRSA = oid("1.2.840.113549.1.1.12")
	oidSHA512WithRSA = oid("1.2.840.113549.1.1.13")

	oidECDSAWithSHA1   = oid("1.2.840.10045.4.1")
	oidECDSAWithSHA256 = oid("1.2.840.10045.4.3.2")
	oidECDSAWithSHA384 = oid("1.2.840.10045.4.3.3")
	oidECDSAWithSHA512 = oid("1.2.840.10045.4.3.4")

	oidPasswordBasedMAC = oid("1.2.840.113533.7.66.13") // RFC 9810 §5.1.3.1
	oidDHBasedMAC       = oid("1.2.840.113533.7.66.30") // RFC 9810 §5.1.3.2
	oidPBMAC1           = oid("1.2.840.113549.1.5.14")  // RFC 9481 §6.1.2
	oidKEMBasedMAC      = oid("1.2.840.113533.7.66.16") // RFC 9810 §5.1.3.4

	// Ours, under the UUID 106a1eb9-32e1-4701-abef-efdd3d1c3f59.
	oidStanding     = oid("2.25.21818654544808114503437276451031498585.1")
	oidCampaigns    = oid("2.25.21818654544808114503437276451031498585.2")
	oidServiceFacts = oid("2.25.21818654544808114503437276451031498585.3")
	oidQueueTicket  = oid("2.25.21818654544808114503437276451031498585.4")
	oidFailureCode  = oid("2.25.21818654544808114503437276451031498585.5")
)

func oid(dotted string) string {
	o, err := x509.ParseOID(dotted)
	if err != nil {
		panic("cmp: " + dotted + ": " + err.Error())
	}
	content, err := o.MarshalBinary()
	if err != nil {
		panic("cmp: " + dotted + ": " + err.Error())
	}
	return string(content)
}

// readOID reads an OBJECT IDENTIFIER. It refuses a subidentifier that is cut or begins with padding (X.690 §8.19.2).
func readOID(s *cryptobyte.String, out *string) bool {
	var content cryptobyte.String
	if !s.ReadASN1(&content, asn1.OBJECT_IDENTIFIER) || len(content) == 0 {
		return false
	}
	start := true
	for _, b := range content {
		if start && b == 0x80 {
			return false
		}
		start = b&0x80 == 0
	}
	*out = string(content)
	return start
}

func addOID(b *cryptobyte.Builder, content string) {
	b.AddASN1(asn1.OBJECT_IDENTIFIER, func(b *cryptobyte.Builder) { b.AddBytes([]byte(content)) })
}
