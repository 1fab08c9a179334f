// SPDX-License-Identifier: EUPL-1.2

package ca

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"strings"
	"testing"
	"time"
)

// crafted is a certificate of a legacy authority with one change.
type crafted struct {
	template *x509.Certificate
	key      crypto.PublicKey
	parent   *x509.Certificate
	signer   crypto.Signer
}

func craft(t testing.TB, issuer *Issuer, change func(*crafted)) *x509.Certificate {
	t.Helper()
	r := oldRequest(t, 1024, x509.SHA1WithRSA)
	template, err := cnsTemplate(r.PublicKey, publicURL, oidPolicyLegacy, LegacyCRLPath)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(0x073325) // of the three octets of 2011
	template.RawSubject = subject(t, "Regione Esempio", brunilde)
	template.NotBefore, template.NotAfter = r.NotBefore, r.NotAfter
	template.SignatureAlgorithm = x509.SHA1WithRSA
	c := &crafted{template, r.PublicKey, issuer.certificate, issuer.key}
	change(c)
	der, err := x509.CreateCertificate(rand.Reader, c.template, c.parent, c.key, c.signer)
	if err != nil {
		t.Fatal(err)
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return certificate
}

// subject encodes administration and common names, unchecked.
func subject(t testing.TB, administration string, commonNames ...string) []byte {
	t.Helper()
	name := []relativeDistinguishedNameSET{{{oidCountry,
		asn1.RawValue{Tag: asn1.TagPrintableString, Bytes: []byte("IT")}}}}
	if administration != "" {
		name = append(name,
			relativeDistinguishedNameSET{{oidOrganizationalUnit,
				asn1.RawValue{Tag: asn1.TagUTF8String, Bytes: []byte(administration)}}})
	}
	for _, cn := range commonNames {
		name = append(name,
			relativeDistinguishedNameSET{{oidCommonName, asn1.RawValue{Tag: asn1.TagUTF8String, Bytes: []byte(cn)}}})
	}
	return rawName(t, name)
}

func rawName(t testing.TB, name []relativeDistinguishedNameSET) []byte {
	t.Helper()
	der, err := asn1.Marshal(name)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// oldRoots are authorities of old certificates, those that only bear the name of one, and a verifier that trusts the
// right ones.
type oldRoots struct {
	legacy, current, ended, twin, sameName, currentSameName, other *Issuer
	renewed                                                        *x509.Certificate // by current
	verifier                                                       *Verifier
}

func newOldRoots(t *testing.T) *oldRoots {
	t.Helper()
	legacy := newLegacy(t, x509.SHA1WithRSA)
	current := newCurrent(t, P256)
	ended, err := NewRoot(RootRequest{Name: Name{"Rinnova Prova", "Servizi", "CA finita (PROVA)"},
		Key: rsaKey(t, "ended", 2048), Signature: x509.SHA1WithRSA,
		NotBefore: date(2009, time.January, 1), NotAfter: date(2019, time.January, 1)})
	if err != nil {
		t.Fatal(err)
	}
	// Another root of the legacy root's name, trusted too: the signature finds the right one.
	twin, err := NewRoot(RootRequest{Name: legacyName, Key: rsaKey(t, "twin", 2048),
		NotBefore: date(2012, time.January, 1), NotAfter: date(2032, time.January, 1)})
	if err != nil {
		t.Fatal(err)
	}
	sameName, err := NewRoot(RootRequest{Name: legacyName, Key: rsaKey(t, "impostor", 2048),
		NotBefore: date(2012, time.January, 1), NotAfter: date(2032, time.January, 1)})
	if err != nil {
		t.Fatal(err)
	}
	currentSameName,
		err := NewRoot(RootRequest{Name: currentName, Key: rsaKey(t, "impostor", 2048),
		NotBefore: date(2012, time.January, 1), NotAfter: date(2032, time.January, 1)})
	if err != nil {
		t.Fatal(err)
	}
	other, err := NewRoot(RootRequest{Name: Name{"Altra", "Servizi", "Altra CA (PROVA)"},
		Key: rsaKey(t, "impostor", 2048), NotBefore: date(2012, time.January, 1),
		NotAfter: date(2032, time.January, 1)})
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := NewVerifier([]*x509.Certificate{twin.certificate, legacy.certificate, ended.certificate},
		[]*x509.Certificate{current.certificate})
	if err != nil {
		t.Fatal(err)
	}
	renewed, err := prepare(t, current, request(t)).Sign()
	if err != nil {
		t.Fatal(err)
	}
	return &oldRoots{legacy, current, ended, twin, sameName, currentSameName, other, renewed, verifier}
}

// from crafts a certificate by an issuer.
func from(t *testing.T, issuer *Issuer, change func(*x509.Certificate)) *x509.Certificate {
	t.Helper()
	return craft(t, issuer, func(c *crafted) { change(c.template) })
}

func unchanged(*x509.Certificate) {}

// oldRow is an old certificate, and why it is refused; nil for accepted.
type oldRow struct {
	name        string
	certificate *x509.Certificate
	want        error
}

func (o *oldRoots) rows(t *testing.T) []oldRow {
	t.Helper()
	named := func(cn ...string) *x509.Certificate {
		return from(t, o.legacy, func(c *x509.Certificate) { c.RawSubject = subject(t, "Regione Esempio", cn...) })
	}
	value := func(tag int, s string) asn1.RawValue { return asn1.RawValue{Tag: tag, Bytes: []byte(s)} }
	nameOf := func(rdns ...relativeDistinguishedNameSET) *x509.Certificate {
		return from(t, o.legacy, func(c *x509.Certificate) { c.RawSubject = rawName(t, rdns) })
	}
	unit := relativeDistinguishedNameSET{{oidOrganizationalUnit, value(asn1.TagUTF8String, "Regione Esempio")}}
	common := relativeDistinguishedNameSET{{oidCommonName, value(asn1.TagUTF8String, brunilde)}}
	signer,
		err := o.current.SignerCertificate(SignerRequest{Name: Name{"Rinnova Prova", "Servizi di rete",
		"Servizio CMP (PROVA)"},
		PublicKey: &rsaKey(t, "signer", 2048).PublicKey, NotBefore: date(2020, time.May, 1),
		NotAfter: date(2021, time.May, 1)})
	if err != nil {
		t.Fatal(err)
	}
	underCurrent := func(change func(*crafted)) *x509.Certificate {
		return craft(t, o.current, func(c *crafted) {
			c.template.SignatureAlgorithm, c.key = x509.ECDSAWithSHA256, &rsaKey(t, "old", 2048).PublicKey
			change(c)
		})
	}
	return []oldRow{
		{"RSA 1024, SHA-1, ended", from(t, o.legacy, unchanged), nil},
		{"RSA 1024, SHA-256",
			from(t, o.legacy, func(c *x509.Certificate) { c.SignatureAlgorithm = x509.SHA256WithRSA }),
			nil},
		{"as IssueOld makes it", issueOld(t, o.legacy, oldRequest(t, 2048, x509.SHA256WithRSA)), nil},
		{"root ended", from(t, o.ended, unchanged), nil},
		{"root of the same name, trusted too", from(t, o.twin, unchanged), nil},
		{"renewed before", o.renewed, nil},
		{"keyUsage with keyEncipherment",
			from(t, o.legacy, func(c *x509.Certificate) { c.KeyUsage |= x509.KeyUsageKeyEncipherment }), nil},
		{"extKeyUsage with more",
			from(t, o.legacy, func(c *x509.Certificate) {
				c.ExtKeyUsage = append(c.ExtKeyUsage,
					x509.ExtKeyUsageEmailProtection)
			}), nil},
		{"basicConstraints with CA false",
			from(t, o.legacy, func(c *x509.Certificate) { c.BasicConstraintsValid = true }),
			nil},
		{"begins now",
			from(t, o.legacy, func(c *x509.Certificate) {
				c.NotBefore, c.NotAfter = issueTime,
					issueTime.AddDate(1, 0, 0)
			}),
			nil},
		{"common name as PrintableString",
			nameOf(unit, relativeDistinguishedNameSET{{oidCommonName, value(asn1.TagPrintableString, brunilde)}}), nil},
		{"codice fiscale with omocodia", named("CLLDAA51A71H50MG/6120900000001001.3SsHNs8uNFgeYKY73uk31/nMtfI="), nil},

		{"other authority", from(t, o.other, unchanged), UntrustedIssuer},
		{"authority of the same name with another key", from(t, o.sameName, unchanged), UntrustedIssuer},
		{"authority of the current root's name with another key", craft(t, o.currentSameName, func(c *crafted) {
			c.template.SignatureAlgorithm = x509.SHA256WithRSA
		}), UntrustedIssuer},
		{"self-signed with the issuer's name", craft(t, o.legacy, func(c *crafted) {
			own := rsaKey(t, "old", 2048)
			c.parent, c.key, c.signer = &x509.Certificate{RawSubject: o.legacy.certificate.RawSubject}, &own.PublicKey,
				own
		}), UntrustedIssuer},
		{"self-signed", craft(t, o.legacy, func(c *crafted) {
			own := rsaKey(t, "old", 2048)
			c.parent, c.key, c.signer = &x509.Certificate{RawSubject: c.template.RawSubject}, &own.PublicKey, own
		}), UntrustedIssuer},
		{"under an end entity", craft(t, o.legacy, func(c *crafted) {
			holder := issueOld(t, o.legacy, oldRequest(t, 2048, x509.SHA256WithRSA))
			c.parent, c.signer = holder, rsaKey(t, "old", 2048)
		}), UntrustedIssuer},
		{"the intent of a renewal", func() *x509.Certificate { return prepare(t, o.current, request(t)).intent }(),
			UntrustedIssuer},
		{"the root itself", o.legacy.certificate, WrongUsage},

		{"SHA-512", from(t, o.legacy, func(c *x509.Certificate) { c.SignatureAlgorithm = x509.SHA512WithRSA }),
			WeakSignature},
		{"PSS", from(t, o.legacy, func(c *x509.Certificate) { c.SignatureAlgorithm = x509.SHA256WithRSAPSS }),
			WeakSignature},

		{"RSA 768", craft(t, o.legacy, func(c *crafted) {
			c.key = &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 767, 1), E: 65537}
		}), WrongKey},
		{"RSA 4097", craft(t, o.legacy, func(c *crafted) {
			c.key = &rsa.PublicKey{N: new(big.Int).SetBit(big.NewInt(1), 4096, 1), E: 65537}
		}), WrongKey},
		{"P-256", craft(t, o.legacy, func(c *crafted) { c.key = ownKey(t, "", P256).Public() }), WrongKey},
		{"RSA 1024 under the current root",
			underCurrent(func(c *crafted) { c.key = &rsaKey(t, "old", 1024).PublicKey }), WrongKey},
		{"RSA 2048 under the current root", underCurrent(func(c *crafted) {}), nil},
		{"SHA-384 under the current root",
			underCurrent(func(c *crafted) { c.template.SignatureAlgorithm = x509.ECDSAWithSHA384 }), WeakSignature},

		{"policy missing", from(t, o.legacy, func(c *x509.Certificate) { c.ExtraExtensions = nil }), WrongPolicy},
		{"policy of the authority alone", from(t, o.legacy, func(c *x509.Certificate) {
			c.ExtraExtensions, c.Policies = nil, []x509.OID{oid(t, "2.999.1.1")}
		}), WrongPolicy},
		{"CIE", from(t, o.legacy, func(c *x509.Certificate) {
			c.ExtraExtensions, c.Policies = nil, []x509.OID{oid(t, "1.3.76.47.4")}
		}), WrongPolicy},
		{"longer policy", from(t, o.legacy, func(c *x509.Certificate) {
			c.ExtraExtensions, c.Policies = nil, []x509.OID{oid(t, "1.3.76.16.2.1.1")}
		}), WrongPolicy},
		{"policy last of several, one too long for an int", from(t, o.legacy, func(c *x509.Certificate) {
			c.ExtraExtensions, c.Policies = nil,
				[]x509.OID{oid(t, "2.25.329800735698586629295641978511506172918"), oid(t, "1.3.76.16.2.1")}
		}), nil},

		{"nonRepudiation",
			from(t, o.legacy, func(c *x509.Certificate) { c.KeyUsage |= x509.KeyUsageContentCommitment }),
			WrongUsage},
		{"nonRepudiation alone",
			from(t, o.legacy, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageContentCommitment }), WrongUsage},
		{"keyCertSign", from(t, o.legacy, func(c *x509.Certificate) { c.KeyUsage |= x509.KeyUsageCertSign }),
			WrongUsage},
		{"keyEncipherment alone",
			from(t, o.legacy, func(c *x509.Certificate) { c.KeyUsage = x509.KeyUsageKeyEncipherment }),
			WrongUsage},
		{"keyUsage missing", from(t, o.legacy, func(c *x509.Certificate) { c.KeyUsage = 0 }), WrongUsage},
		{"CA bit", from(t, o.legacy, func(c *x509.Certificate) { c.BasicConstraintsValid, c.IsCA = true, true }),
			WrongUsage},
		{"extKeyUsage missing", from(t, o.legacy, func(c *x509.Certificate) { c.ExtKeyUsage = nil }), WrongUsage},
		{"serverAuth",
			from(t, o.legacy,
				func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth} }),
			WrongUsage},
		{"anyExtendedKeyUsage",
			from(t, o.legacy, func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageAny} }),
			WrongUsage},
		{"CMP signer", signer, WrongUsage},

		{"unknown critical extension", from(t, o.legacy, func(c *x509.Certificate) {
			c.ExtraExtensions = append(c.ExtraExtensions,
				pkix.Extension{Id: asn1.ObjectIdentifier{2, 999, 9}, Critical: true, Value: []byte{5, 0}})
		}), UnknownExtension},

		{"wrong check character", named(strings.Replace(brunilde, "D612H", "D612A", 1)), MalformedSubject},
		{"lower case", named(strings.ToLower(brunilde[:16]) + brunilde[16:]), MalformedSubject},
		{"no full stop", named(strings.Replace(brunilde, ".", "", 1)), MalformedSubject},
		{"two slashes before the full stop", named(strings.Replace(brunilde, "/", "//", 1)), MalformedSubject},
		{"card number of 15 digits", named(strings.Replace(brunilde, "3001.", "301.", 1)), MalformedSubject},
		{"hash cut short", named(brunilde[:61]), MalformedSubject},
		{"blank at the end", named(brunilde + " "), MalformedSubject},
		{"embedded NUL", named(brunilde + "\x00"), MalformedSubject},
		{"look-alike letter", named("\u0405" + brunilde[1:]), MalformedSubject}, // Cyrillic dze for S
		{"no common name", named(), MalformedSubject},
		{"two common names", named(brunilde, brunilde), MalformedSubject},
		{"two names in one relative distinguished name", nameOf(relativeDistinguishedNameSET{unit[0], common[0]}),
			MalformedSubject},
		{"common name and more in one relative distinguished name",
			nameOf(unit, relativeDistinguishedNameSET{common[0],
				{oidGivenName, value(asn1.TagUTF8String, strings.Repeat("n", 80))}}), MalformedSubject},
		{"common name as T61String",
			nameOf(unit, relativeDistinguishedNameSET{{oidCommonName, value(asn1.TagT61String, brunilde)}}),
			nil},
		{"common name as BMPString of bytes that are none",
			nameOf(unit, relativeDistinguishedNameSET{{oidCommonName, value(asn1.TagBMPString, brunilde)}}),
			MalformedSubject},
		{"empty administration",
			nameOf(relativeDistinguishedNameSET{{oidOrganizationalUnit, value(asn1.TagUTF8String, "")}}, common),
			MalformedSubject},
		{"no administration", from(t, o.legacy, func(c *x509.Certificate) { c.RawSubject = subject(t, "", brunilde) }),
			MalformedSubject},

		{"card of a chamber of commerce", named(strings.Replace(brunilde, "/6090", "/7430", 1)), NotHealthCard},

		{"begins in a second", from(t, o.legacy, func(c *x509.Certificate) {
			c.NotBefore, c.NotAfter = issueTime.Add(time.Second), issueTime.AddDate(1, 0, 0)
		}), NotYetValid},
	}
}

func TestVerifyOld(t *testing.T) {
	o := newOldRoots(t)
	seen := map[error]bool{}
	for _, row := range o.rows(t) {
		t.Run(row.name, func(t *testing.T) {
			seen[row.want] = true
			got, err := o.verifier.VerifyOld(row.certificate, issueTime)
			if row.want == nil {
				if err != nil {
					t.Fatal(err)
				}
				if got.Certificate != row.certificate || got.CN.String() != row.certificate.Subject.CommonName ||
					got.Administration != "Regione Esempio" {
					t.Errorf("got %+v", got)
				}
				return
			}
			var reason Reason
			if !errors.As(err, &reason) || reason != row.want {
				t.Fatalf("got %v, want %v", err, row.want)
			}
			if got != nil {
				t.Error("a result with an error")
			}
			for _, secret := range []string{"SMPBNL", "6090", "7430", "3SsHN"} {
				if strings.Contains(err.Error(), secret) {
					t.Errorf("%q tells %q", err, secret)
				}
			}
		})
	}
	for _, reason := range []Reason{UntrustedIssuer, WeakSignature, WrongKey, WrongPolicy, WrongUsage, UnknownExtension,
		MalformedSubject, NotHealthCard, NotYetValid} {
		if !seen[reason] {
			t.Errorf("no row with reason %s", reason)
		}
	}
}

// TestVerifyOldAnswer is on what an accepted certificate answers, and on what no row shows.
func TestVerifyOldAnswer(t *testing.T) {
	o := newOldRoots(t)
	t.Run("who issued it", func(t *testing.T) {
		for _, row := range []struct {
			certificate, issuer *x509.Certificate
			legacy              bool
		}{
			{from(t, o.legacy, unchanged), o.legacy.certificate, true},
			{from(t, o.twin, unchanged), o.twin.certificate, true},
			{o.renewed, o.current.certificate, false},
		} {
			got, err := o.verifier.VerifyOld(row.certificate, issueTime)
			if err != nil {
				t.Fatal(err)
			}
			if got.Issuer != row.issuer || got.Legacy != row.legacy {
				t.Errorf("issuer %v, legacy %v", got.Issuer.Subject, got.Legacy)
			}
		}
		got, err := o.verifier.VerifyOld(o.renewed, issueTime)
		if err != nil {
			t.Fatal(err)
		}
		if got.GivenName != "Brunilde" || got.Surname != "Esempio" {
			t.Errorf("name %q %q", got.GivenName, got.Surname)
		}
	})

	// SHA-1 is for legacy roots: the same certificate under a current root is refused.
	t.Run("SHA-1 under the current root", func(t *testing.T) {
		strict, err := NewVerifier(nil, []*x509.Certificate{o.legacy.certificate})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := strict.VerifyOld(from(t, o.legacy, unchanged), issueTime); !errors.Is(err, WeakSignature) {
			t.Errorf("got %v", err)
		}
	})

	t.Run("every octet of the signed part counts", func(t *testing.T) {
		good := from(t, o.legacy, unchanged)
		for i := range good.RawTBSCertificate {
			bad := *good
			bad.RawTBSCertificate = bytes.Clone(good.RawTBSCertificate)
			bad.RawTBSCertificate[i] ^= 0x10
			if _, err := o.verifier.VerifyOld(&bad, issueTime); !errors.Is(err, UntrustedIssuer) {
				t.Fatalf("octet %d changed: %v", i, err)
			}
		}
	})
}

func oid(t testing.TB, s string) x509.OID {
	t.Helper()
	o, err := x509.ParseOID(s)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestNewVerifierRefuses(t *testing.T) {
	legacy, current := newLegacy(t, x509.SHA1WithRSA), newCurrent(t, P256)
	rows := []struct {
		name            string
		legacy, current []*x509.Certificate
	}{
		{"end entity", []*x509.Certificate{issueOld(t, legacy, oldRequest(t, 1024, x509.SHA1WithRSA))}, nil},
		{"end entity with the CA bit",
			[]*x509.Certificate{craft(t, legacy,
				func(c *crafted) { c.template.BasicConstraintsValid, c.template.IsCA = true, true })}, nil},
		{"keyCertSign without the CA bit",
			[]*x509.Certificate{craft(t, legacy, func(c *crafted) { c.template.KeyUsage = x509.KeyUsageCertSign })},
			nil},
		{"root with RSA 1024", []*x509.Certificate{craft(t, legacy, func(c *crafted) {
			c.template.BasicConstraintsValid, c.template.IsCA, c.template.KeyUsage = true, true, x509.KeyUsageCertSign
		})}, nil},
		{"one root in both lists", []*x509.Certificate{legacy.certificate, current.certificate},
			[]*x509.Certificate{current.certificate}},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			if _, err := NewVerifier(row.legacy, row.current); err == nil {
				t.Error("accepted")
			}
		})
	}
}

// FuzzDecodeName: crypto/x509/pkix reads a name that decodeName accepts in the same way.
func FuzzDecodeName(f *testing.F) {
	for _, s := range [][]byte{
		subject(f, "Regione Esempio", brunilde),
		subject(f, ""),
		rawName(f,
			[]relativeDistinguishedNameSET{{{oidCommonName,
				asn1.RawValue{Tag: asn1.TagBMPString, Bytes: []byte{0, 'a'}}}}}),
		rawName(f,
			[]relativeDistinguishedNameSET{{{oidCommonName,
				asn1.RawValue{Tag: 28, Bytes: []byte{0, 0, 0, 'a'}}}}}),
		rawName(f, []relativeDistinguishedNameSET{{}}),
		{0x30, 0x80, 0, 0},
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, der []byte) {
		attributes, err := decodeName(der)
		if err != nil {
			return
		}
		var name pkix.RDNSequence
		if rest, err := asn1.Unmarshal(der, &name); err != nil || len(rest) > 0 {
			t.Fatalf("pkix refuses it: %v", err)
		}
		if len(name) != len(attributes) {
			t.Fatalf("%d attributes, pkix %d", len(attributes), len(name))
		}
		for i, a := range attributes {
			value := name[i][0].Value // nil for a type that pkix does not know
			if len(name[i]) != 1 || !name[i][0].Type.Equal(a.oid) || value != nil && value != a.value {
				t.Fatalf("attribute %d: %v, pkix %v", i, a, name[i])
			}
		}
	})
}
