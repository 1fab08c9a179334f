// SPDX-License-Identifier: EUPL-1.2

package cmp

import (
	"bytes"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// generate encodes an ASN.1 description with openssl (ASN1_generate_nconf(3)). The first line of the description is the
// value, the others are its sections. A semicolon ends a line.
func (d folder) generate(t *testing.T, description string) []byte {
	t.Helper()
	text := "asn1=" + strings.NewReplacer("; ", "\n", "[", "\n[").Replace(description) + "\n"
	if err := os.WriteFile(filepath.Join(string(d), "asn1.cnf"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := d.openssl(t, "asn1parse -noout -genconf asn1.cnf -out asn1.der"); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, text)
	}
	der, err := os.ReadFile(filepath.Join(string(d), "asn1.der"))
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func day(year int, month time.Month, day int) time.Time {
	return time.Date(year, month, day, 22, 59, 59, 0, time.UTC)
}

// TestInfoTypesOnTheWire compares our values with the encodings that openssl makes from the ASN.1 in infotypes.go.
func TestInfoTypesOnTheWire(t *testing.T) {
	dir := folder(t.TempDir())
	utf8 := "FORMAT:UTF8,"
	rome := time.FixedZone("CET", 3600)
	for _, c := range []struct {
		name string
		asn1 string
		info string
		want InformResponse
	}{
		{"standing, full",
			"SEQUENCE:s[s]; d=UTF8:waiting; r=IMP:0,UTF8:queue-full; c=IMP:1,SEQUENCE:c; n=IMP:2,INTEGER:3; " +
				"s=IMP:3,UTF8:issued; " +
				"i=IMP:4,FORMAT:HEX,OCT:3000; p=IMP:5,INTEGER:300; a=IMP:6,INTEGER:90; " +
				"t=IMP:7,FORMAT:HEX,OCT:00FF[c]; a=UTF8:2020; b=UTF8:prova",
			oidStanding, InformResponse{Standing: &Standing{
				Decision: "waiting", Reason: "queue-full", Campaigns: []string{"2020", "prova"}, AttemptsLeft: 3,
				State:  "issued",
				Issued: []byte{0x30, 0}, Position: 300, CheckAfter: 90 * time.Second, Ticket: []byte{0, 0xFF},
			}}},
		{"standing, unknown", "SEQUENCE:s[s]; d=UTF8:unknown", oidStanding,
			InformResponse{Standing: &Standing{Decision: "unknown"}}},
		{"campaign, full", "SEQUENCE:l[l]; c=SEQUENCE:c[c]; i=UTF8:2020; t=" + utf8 +
			"UTF8:Proroga è; l=UTF8:art. 1; " +
			"a=IMP:0,GENTIME:20200101225959Z; b=IMP:1,GENTIME:20200201225959Z; c=IMP:2,GENTIME:20200301225959Z; " +
			"d=IMP:3,GENTIME:20200401225959Z; " +
			"e=IMP:4,GENTIME:20200501225959Z; f=IMP:5,NULL; g=IMP:6,NULL; h=IMP:7,SEQUENCE:s[s]; a=UTF8:AC2014; " +
			"b=UTF8:ID2019",
			oidCampaigns, InformResponse{Campaigns: []Campaign{{
				ID: "2020", Title: "Proroga è", LegalBasis: "art. 1", ExpiryFrom: day(2020, 1, 1),
				ExpiryTo: day(2020, 2, 1), NewNotAfter: day(2020, 3, 1),
				OpenFrom: day(2020, 4, 1), OpenTo: day(2020, 5, 1), AcceptExpired: true, Last: true,
				Series: []string{"AC2014", "ID2019"},
			}}}},
		{"campaign, last only", "SEQUENCE:l[l]; c=SEQUENCE:c[c]; i=UTF8:prova; t=UTF8:; l=UTF8:; g=IMP:6,NULL",
			oidCampaigns, InformResponse{Campaigns: []Campaign{{ID: "prova", Last: true}}}},
		{"service facts", "SEQUENCE:s[s]; l=UTF8:https://a.example/; v=UTF8:1.0", oidServiceFacts,
			InformResponse{Service: &ServiceFacts{"https://a.example/", "1.0"}}},
		{"template, RSA 2048",
			"SEQUENCE:t[t]; c=SEQUENCE:e; k=SEQUENCE:k[e]; [k]; a=SEQUENCE:a[a]; o=OID:1.3.6.1.5.5.7.5.1.12; " +
				"n=INTEGER:2048",
			oidCertReqTemplate, InformResponse{Template: &Template{"RSA", 2048}}},
	} {
		value := dir.generate(t, c.asn1)
		wire := info(InfoTypeAndValue{c.info, value})
		got, err := c.want.genp()
		if err != nil || !bytes.Equal(got, wire) {
			t.Errorf("%s: %v\ngot  %x\nwant %x", c.name, err, got, wire)
		}
		var r InformResponse
		if err := r.parse(wire); err != nil || !reflect.DeepEqual(r, c.want) {
			t.Errorf("%s: parsed to %+v, %v", c.name, r, err)
		}
	}
	// A time of another zone is the same instant in UTC.
	local := InformResponse{Campaigns: []Campaign{{ID: "a", OpenTo: day(2020, 1, 1).In(rome)}}}
	utc := InformResponse{Campaigns: []Campaign{{ID: "a", OpenTo: day(2020, 1, 1)}}}
	a, err := local.genp()
	b, _ := utc.genp()
	if err != nil || !bytes.Equal(a, b) {
		t.Errorf("%x, %v instead of %x", a, err, b)
	}
}

func TestInfoTypesRefused(t *testing.T) {
	dir := folder(t.TempDir())
	const campaign = "SEQUENCE:l[l]; c=SEQUENCE:c[c]; i=UTF8:2020; t=UTF8:; l=UTF8:; "
	for _, c := range []struct{ name, asn1, info string }{
		{"time with a fraction", campaign + "a=IMP:0,FORMAT:ASCII,OCT:20200101000000.5Z", oidCampaigns},
		{"time with an offset", campaign + "a=IMP:0,FORMAT:ASCII,OCT:20200101000000+0100", oidCampaigns},
		{"time without zone", campaign + "a=IMP:0,FORMAT:ASCII,OCT:20200101000000", oidCampaigns},
		{"thirteenth month", campaign + "a=IMP:0,FORMAT:ASCII,OCT:20201301000000Z", oidCampaigns},
		{"empty time", campaign + "a=IMP:0,FORMAT:ASCII,OCT:", oidCampaigns},
		{"flag with content", campaign + "a=IMP:5,FORMAT:HEX,OCT:00", oidCampaigns},
		{"flags out of order", campaign + "a=IMP:6,NULL; b=IMP:5,NULL", oidCampaigns},
		{"no series in the list", campaign + "a=IMP:7,SEQUENCE:e[e]", oidCampaigns},
		{"field unknown", campaign + "a=IMP:8,NULL", oidCampaigns},
		{"id for another path", "SEQUENCE:l[l]; c=SEQUENCE:c[c]; i=UTF8:../x; t=UTF8:; l=UTF8:", oidCampaigns},
		{"title not UTF-8", "SEQUENCE:l[l]; c=SEQUENCE:c[c]; i=UTF8:2020; t=IMP:12U,FORMAT:HEX,OCT:FF; l=UTF8:",
			oidCampaigns},
		{"unknown decision", "SEQUENCE:s[s]; d=UTF8:maybe", oidStanding},
		{"unknown state", "SEQUENCE:s[s]; d=UTF8:renewed; s=IMP:3,UTF8:lost", oidStanding},
		{"reason that is no code word", "SEQUENCE:s[s]; d=UTF8:refused; s=IMP:0,UTF8:No!", oidStanding},
		{"zero attempts said", "SEQUENCE:s[s]; d=UTF8:refused; n=IMP:2,INTEGER:0", oidStanding},
		{"negative place", "SEQUENCE:s[s]; d=UTF8:waiting; n=IMP:5,INTEGER:-1", oidStanding},
		{"place over 31 bits", "SEQUENCE:s[s]; d=UTF8:waiting; n=IMP:5,INTEGER:2147483648", oidStanding},
		{"wait over ten days", "SEQUENCE:s[s]; d=UTF8:waiting; n=IMP:6,INTEGER:864001", oidStanding},
		{"empty ticket", "SEQUENCE:s[s]; d=UTF8:waiting; t=IMP:7,FORMAT:ASCII,OCT:", oidStanding},
		{"standing with more", "SEQUENCE:s[s]; d=UTF8:unknown; x=NULL", oidStanding},
		{"service facts with more", "SEQUENCE:s[s]; l=UTF8:a; v=UTF8:1; x=NULL", oidServiceFacts},
		{"key of 512 bits",
			"SEQUENCE:t[t]; c=SEQUENCE:e; k=SEQUENCE:k[e]; [k]; a=SEQUENCE:a[a]; o=OID:1.3.6.1.5.5.7.5.1.12; " +
				"n=INTEGER:512", oidCertReqTemplate},
		{"no certificate in caCerts", "SEQUENCE:e[e]", oidCACerts},
		{"caCerts that are none", "SEQUENCE:l[l]; c=SEQUENCE:e[e]", oidCACerts},
	} {
		var r InformResponse
		if err := r.parse(info(InfoTypeAndValue{c.info, dir.generate(t, c.asn1)})); err == nil {
			t.Errorf("%s: parsed to %+v", c.name, r)
		}
	}
	twice := InfoTypeAndValue{Type: oidCampaigns}
	if err := new(InformResponse).parse(info(twice, twice)); err == nil {
		t.Error("infoType twice: parsed")
	}
}
