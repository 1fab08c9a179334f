// SPDX-License-Identifier: EUPL-1.2

package ra_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"testing"

	"rinnova.example/go/cmp"
	"rinnova.example/go/holder"
	"rinnova.example/go/service/ca"
)

var (
	oidOU           = asn1.ObjectIdentifier{2, 5, 4, 11}
	oidCN           = asn1.ObjectIdentifier{2, 5, 4, 3}
	oidSerialNumber = asn1.ObjectIdentifier{2, 5, 4, 5}
)

// attribute is one of a subject, with its string type.
type attribute struct {
	oid   asn1.ObjectIdentifier
	tag   int
	value string
}

func subject(t *testing.T, list ...attribute) []byte {
	t.Helper()
	type pair struct {
		Type  asn1.ObjectIdentifier
		Value asn1.RawValue
	}
	type rdnSET []pair
	sequence := []rdnSET{{{asn1.ObjectIdentifier{2, 5, 4, 6},
		asn1.RawValue{Tag: asn1.TagPrintableString, Bytes: []byte("IT")}}}}
	for _, a := range list {
		sequence = append(sequence, rdnSET{{a.oid, asn1.RawValue{Tag: a.tag, Bytes: []byte(a.value)}}})
	}
	der, err := asn1.Marshal(sequence)
	check(t, err)
	return der
}

// odd is an old certificate outside the profile of this service, as real ones are: change edits the template that the
// legacy root signs.
func (s *service) odd(t *testing.T, change func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	usual := s.card(0, nil)
	template := &x509.Certificate{SerialNumber: big.NewInt(0x5EED), RawSubject: usual.RawSubject,
		NotBefore: usual.NotBefore,
		NotAfter:  usual.NotAfter, KeyUsage: usual.KeyUsage, ExtKeyUsage: usual.ExtKeyUsage, Policies: usual.Policies,
		SignatureAlgorithm: x509.SHA256WithRSA}
	change(template)
	der, err := x509.CreateCertificate(rand.Reader, template, s.legacy.Certificate(), usual.PublicKey,
		key(t, "legacy", 2048))
	check(t, err)
	cert, err := holder.ParseCertificate(der)
	check(t, err)
	return cert
}

// TestVerdict registers certificates as cards hold them. One that cannot be renewed is refused when the program
// asks how it stands, before a PIN; the others are renewed with their subject byte for byte.
func TestVerdict(t *testing.T) {
	cn := attribute{oidCN, asn1.TagPrintableString, people[0]}
	unit := attribute{oidOU, asn1.TagUTF8String, "Regione Esempio"}
	named := func(list ...attribute) func(*x509.Certificate) {
		return func(c *x509.Certificate) { c.RawSubject = subject(t, list...) }
	}
	other, err := x509.OIDFromInts([]uint64{1, 3, 76, 16, 9})
	check(t, err)
	for name, row := range map[string]struct {
		change func(*x509.Certificate)
		reason string
	}{
		"as usual": {func(*x509.Certificate) {}, ""},
		"unit as T61String": {named(attribute{oidOU, asn1.TagT61String, "Provincia di Bolzano - S\xfcdtirol"}, cn),
			""},
		"unit as BMPString":       {named(attribute{oidOU, asn1.TagBMPString, "\x00R\x00\xfc"}, cn), ""},
		"unit as UniversalString": {named(attribute{oidOU, 28, "\x00\x00\x00R\x00\x00\x00\xfc"}, cn), ""},
		"unit as IA5String":       {named(attribute{oidOU, asn1.TagIA5String, "ASL_1"}, cn), ""},
		"serialNumber as UTF8String": {named(unit,
			attribute{oidSerialNumber, asn1.TagUTF8String, "TINIT-" + people[0][:16]}, cn), ""},
		"no extKeyUsage": {func(c *x509.Certificate) { c.ExtKeyUsage = nil }, "wrong-usage"},
		"another policy": {func(c *x509.Certificate) { c.Policies = []x509.OID{other} }, "wrong-policy"},
		"no policy":      {func(c *x509.Certificate) { c.Policies = nil }, "wrong-policy"},
		"no unit":        {named(cn), "malformed-subject"},
		"critical extension": {func(c *x509.Certificate) {
			c.ExtraExtensions = []pkix.Extension{{Id: asn1.ObjectIdentifier{1, 2, 3}, Critical: true,
				Value: []byte{5, 0}}}
		}, "unknown-extension"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newService(t)
			old := s.odd(t, row.change)
			check(t, s.Register(t.Context(), old))
			st := s.standing(old, "")
			if row.reason != "" {
				if st.Decision != cmp.Refused || string(st.Reason) != row.reason || len(st.Campaigns) != 0 {
					t.Errorf("standing %+v", st)
				}
				_, err := s.Update(t.Context(), s.request(old, "new"))
				refused(t, err, row.reason)
				return
			}
			if st.Decision != cmp.Renewable {
				t.Fatalf("standing %+v", st)
			}
			if issued := s.renew(s.request(old, "new")); !bytes.Equal(issued.RawSubject, old.RawSubject) {
				t.Errorf("subject %X, want %X", issued.RawSubject, old.RawSubject)
			}
		})
	}
}

// TestNotJudged refuses with the reason, and not with an error of the service, a certificate that entered the
// registry before verdicts were kept.
func TestNotJudged(t *testing.T) {
	s := newService(t)
	old := s.odd(t, func(c *x509.Certificate) { c.ExtKeyUsage = nil })
	check(t, s.store.Register(t.Context(), old, "", s.now))
	if st := s.standing(old, ""); st.Decision != cmp.Renewable {
		t.Errorf("standing %+v", st)
	}
	_, err := s.Update(t.Context(), s.request(old, "new"))
	refused(t, err, "wrong-usage")
	check(t, s.Register(t.Context(), old)) // again, and judged
	if st := s.standing(old, ""); st.Reason != "wrong-usage" {
		t.Errorf("standing %+v", st)
	}
}

// TestNegativeSerialNumber renews a certificate that crypto/x509 does not read.
func TestNegativeSerialNumber(t *testing.T) {
	s := newService(t)
	usual := s.card(0, func(r *ca.OldRequest) { r.Signature = x509.SHA256WithRSA })
	tbs := bytes.Clone(usual.RawTBSCertificate)
	number := usual.SerialNumber.Bytes()
	tbs[bytes.Index(tbs, number)] |= 0x80
	digest := sha256.Sum256(tbs)
	signature, err := rsa.SignPKCS1v15(nil, key(t, "legacy", 2048), crypto.SHA256, digest[:])
	check(t, err)
	der, err := asn1.Marshal(struct {
		TBS       asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature asn1.BitString
	}{asn1.RawValue{FullBytes: tbs},
		pkix.AlgorithmIdentifier{Algorithm: asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11},
			Parameters: asn1.NullRawValue},
		asn1.BitString{Bytes: signature, BitLength: 8 * len(signature)}})
	check(t, err)
	if _, err := x509.ParseCertificate(der); err == nil {
		t.Fatal("crypto/x509 reads it: this test shows nothing")
	}
	old, err := holder.ParseCertificate(der)
	check(t, err)
	if old.SerialNumber.Sign() >= 0 {
		t.Fatalf("serial number %v", old.SerialNumber)
	}
	check(t, s.Register(t.Context(), old))
	if st := s.standing(old, ""); st.Decision != cmp.Renewable {
		t.Fatalf("standing %+v", st)
	}
	if issued := s.renew(s.request(old, "new")); !bytes.Equal(issued.RawSubject, old.RawSubject) {
		t.Error("another subject")
	}
}
