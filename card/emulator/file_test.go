// SPDX-License-Identifier: EUPL-1.2

package emulator

import (
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"testing"

	"rinnova.example/go/card/cardmodel"
)

// The FCI of real cards in docs/CARDS.md §2.5, and those of an issued card that must look like them.
func TestFCI(t *testing.T) {
	never := strings.Repeat("FF", 24)
	c := issued(t, "ID2019")
	for _, x := range []struct{ command, want string }{
		{"00A40800 04 11001102 00", "6F3880020190820301000083021102850101860900FFFFFFFFFFFFFFFF8A0105CB18" + never},
		{"00A40800 04 14009002 00", "6F38810220008203380000830290028501018609FF1010FFFFFFFF10FF8A0105CB18" + never},
		{"00A40800 04 14009001 00", "6F38810220008203380000830290018501018609FF0000FFFF00FF00FF8A0105CB18" + never},
		// 28716 bytes are free in the MF: 702Ch.
		{"00A40000 02 3F00 00", "6F388102702C820338000083023F008501018609FFFFFFFFFFFFFFFFFF8A0105CB18" + never},
	} {
		if got := fmt.Sprintf("%X", must(t, c, x.command)); got != x.want {
			t.Errorf("%s:\n%s, want\n%s", x.command, got, x.want)
		}
	}
	if got := must(t, c, "00A40800041100110240"); len(got) != 58 {
		t.Errorf("%d bytes", len(got))
	}
	if data, sw := send(t, c, "00A408000411001102"); sw != "613A" || len(data) != 0 {
		t.Errorf("without Le: %X %s", data, sw)
	}
	if got := must(t, c, "00C000003A"); len(got) != 58 {
		t.Errorf("%d bytes", len(got))
	}
}

// docs/CARDS.md §4.1: template 6F or 62, tags in any order, either size tag, INC's and CardOS's forms of 85.
func TestCreateForms(t *testing.T) {
	made := prepared(t, "AC2014")
	for _, x := range []struct{ name, fcp, path, fci string }{
		{"Incrypto34 DF", "6F 81020800 8203380000 83021410 8503010800 8609FF1010FFFFFFFF10FF", "1410",
			"38000083021410"},
		{"Incrypto34 record file", "6F 8302FD01 850301FFFF 81020064 820305FFFF 860900FFFFFFFFFFFFFFFF", "FD01",
			"05FFFF8302FD01"},
		{"Incrypto34 EF.ATR", "62 8002001E 820301FFFF 83022F05 850101 8609000000000000000000", "2F05",
			"01FFFF83022F05"},
		{"CardOS DF with AID", "62 81020100 8203380000 83025015 8406A00000006301 8500 860900FFFFFFFFFFFFFFFF", "5015",
			"8406A0000000630183025015"},
		{"with CB", "62 80020010 8203010000 83022F06 850101 8A0105 860100 CB18" + strings.Repeat("FF", 24), "2F06",
			"00FFFFFFFFFFFFFFFF8A0105"},
	} {
		c := made.Clone()
		must(t, c, "0020001108"+puk)
		template, body, _ := strings.Cut(x.fcp, " ")
		body = strings.ReplaceAll(body, " ", "")
		must(t, c, fmt.Sprintf("00E00000%02X%s%02X%s", len(body)/2+2, template, len(body)/2, body))
		got := fmt.Sprintf("%X", must(t, c, "00A4080002"+x.path+"00"))
		if !strings.Contains(got, x.fci) {
			t.Errorf("%s: %s", x.name, got)
		}
	}
	c := made.Clone()
	must(t, c, "0020001108"+puk, "00E0000017 6215 81020100 8203380000 83025015 8406A00000006301")
	must(t, c, "00A4040C06A00000006301")
	if _, sw := send(t, c, "00A4040C05A000000063"); sw != "6A82" {
		t.Errorf("half an AID: %s", sw)
	}
}

// A new file is the current one. Free memory shrinks by each file and grows again by its removal. 6A84 comes before
// the DF's limit is exceeded.
func TestMemory(t *testing.T) {
	c := prepared(t, "OT2015")
	must(t, c, "0020001008"+pin, path(cardmodel.Path{0x1400}))
	df := c.at("1400")
	free := df.free()
	must(t, c, fcp("010000", 100, 0x9999, c.model.ObjectAccess.Value), "00D6000002AABB")
	if b, _ := c.File("1400/9999"); len(b) != 100 || b[1] != 0xBB {
		t.Errorf("%X", b)
	}
	if got := df.free(); got != free-100-header {
		t.Errorf("%d bytes free, %d before", got, free)
	}
	if _, sw := send(t, c, fcp("010000", df.free()-header+1, 0x9998, cardmodel.Access{})); sw != "6A84" {
		t.Errorf("a file too large: %s", sw)
	}
	must(t, c, fcp("010000", df.free()-header, 0x9998, cardmodel.Access{}))
	if df.free() != 0 {
		t.Errorf("%d bytes free", df.free())
	}
	must(t, c, path(cardmodel.Path{0x1400, 0x8110}))
	if _, sw := send(t, c, apdu("00DA016E", oci(0x20, 0x1E, 128, "1010FF"))[0]); sw != "6A84" {
		t.Errorf("an object in a full DF: %s", sw)
	}
	must(t, c, path(cardmodel.Path{0x1400}), "00E40000029998", "00E40000029999")
	if got := df.free(); got != free {
		t.Errorf("%d bytes free, %d before", got, free)
	}
}

// A deactivated file answers 6283 to SELECT and cannot be read until it is activated (docs/CARDS.md §4.1).
func TestDeactivate(t *testing.T) {
	c := prepared(t, "OT2015")
	must(t, c, "0020001008"+pin, path(cardmodel.Path{0x1400}), fcp("010000", 16, 0x9999, cardmodel.Access{}),
		"00040000")
	if _, sw := send(t, c, "00A4020C029999"); sw != "6283" {
		t.Errorf("SELECT: %s", sw)
	}
	if _, sw := send(t, c, "00B0000001"); sw != "6985" {
		t.Errorf("READ BINARY: %s", sw)
	}
	must(t, c, "00440000", "00A4020C029999", "00B0000001")
}

// Access by a logic expression: PIN and PUK, PIN or PUK (docs/CARDS.md §2.3), and codes of a DF's own: their
// status is dropped when the DF is left, and after as many uses as their validity says.
func TestConditions(t *testing.T) {
	made := prepared(t, "OT2015")
	for _, x := range []struct{ op, none, one, both string }{{"00", "6982", "6982", "9000"},
		{"FF", "6982", "9000", "9000"}} {
		c := made.Clone()
		at := path(cardmodel.Path{0x1400})
		must(t, c, "0020001008"+pin, at, "00DA016E18 83020005 850802007F00FF000000 8603000000 8F031011"+x.op)
		must(t, c, fcp("010000", 16, 0x9999, cardmodel.Access{0x05}))
		for i, codes := range [][]string{nil, {"0020001008" + pin}, {"0020001108" + puk},
			{"0020001008" + pin, "0020001108" + puk}} {
			c.Reset()
			must(t, c, codes...)
			must(t, c, path(cardmodel.Path{0x1400, 0x9999}))
			want := []string{x.none, x.one, x.one, x.both}[i]
			if _, sw := send(t, c, "00B0000001"); sw != want {
				t.Errorf("operator %s, %d codes: %s, want %s", x.op, len(codes), sw, want)
			}
		}
	}
	c := made.Clone()
	at := path(cardmodel.Path{0x1400, 0x8110})
	// A code 1A of the DF's own, two uses.
	must(t, c, "0020001008"+pin, at, "00DA016E1D 8302001A 850802038703FF000205 860300FFFF 8F083132333435FFFFFF")
	must(t, c, fcp("010000", 16, 0x9999, cardmodel.Access{0x1A}))
	verify, read := "0020001A08"+pin, "00B0000001"
	must(t, c, verify, read, read)
	if _, sw := send(t, c, read); sw != "6982" {
		t.Errorf("a third use: %s", sw)
	}
	must(t, c, verify, path(cardmodel.Path{0x1400}), path(cardmodel.Path{0x1400, 0x8110, 0x9999}))
	if _, sw := send(t, c, read); sw != "6982" {
		t.Errorf("after the DF was left: %s", sw)
	}
	// The PIN of the MF stays (docs/CARDS.md §9 row 14), and a wrong one drops it.
	must(t, c, at, "00DA016F07 8405A000000001")
	if _, sw := send(t, c, "0020001008"+wrongPIN); sw != "63C2" {
		t.Errorf("a wrong PIN got %s", sw)
	}
	if _, sw := send(t, c, "00DA016F07 8405A000000001"); sw != "6982" {
		t.Errorf("after a wrong PIN: %s", sw)
	}
}

// Personalizations that Issue refuses, with no code or personal datum in the error.
func TestIssue(t *testing.T) {
	good := Personalization{IDCarta: "6090900000003001", PersonalData: []byte("00000000"), Certificate: []byte{0x30},
		Key: testKey(t, 1024, 0), PIN: "12345", PUK: "87654321"}
	if _, err := Issue("AC2014", good); err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(*Personalization){
		"card number":    func(p *Personalization) { p.IDCarta = "609090000000300X" },
		"personal data":  func(p *Personalization) { p.PersonalData = make([]byte, 401) },
		"certificate":    func(p *Personalization) { p.Certificate = make([]byte, 2049) },
		"no key":         func(p *Personalization) { p.Key = nil },
		"short PIN":      func(p *Personalization) { p.PIN = "9876" },
		"PIN of letters": func(p *Personalization) { p.PIN = "98765X" },
		"long PUK":       func(p *Personalization) { p.PUK = "987654321" },
		"ATR":            func(p *Personalization) { p.ATR = []byte{0x3B} },
	} {
		p := good
		change(&p)
		_, err := Issue("AC2014", p)
		if !errors.Is(err, ErrPersonalization) {
			t.Errorf("%s: %v", name, err)
		} else if strings.Contains(err.Error(), "9876") || strings.Contains(err.Error(), "60909") {
			t.Errorf("%s: the error tells too much: %v", name, err)
		}
	}
	if _, err := Issue("XX1999", good); !errors.Is(err, ErrSeries) {
		t.Errorf("an unknown series: %v", err)
	}
	p := good
	p.Certificate, p.ATR = nil, mustHex(t, "3BDF18008131FE7D006B040C0184011101434E53103180FC")
	c, err := Issue("AC2014", p)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := c.File("1100/1101"); ok ||
		fmt.Sprintf("%X", c.ATR()) != "3BDF18008131FE7D006B040C0184011101434E53103180FC" {
		t.Error("no certificate was given, or another answer to reset")
	}
	if b, _ := c.File("2F02"); fmt.Sprintf("%X", b) != "5A086090900000003001" {
		t.Errorf("GDO %X", b)
	}
}

// TestApplication selects the application of OpenSC issue 3804, which alone shows the files, until the next reset.
func TestApplication(t *testing.T) {
	c := issued(t, "ACe2025")
	for range 2 {
		for _, path := range []string{"00A4000C023F00", "00A4080C0410001003", "00A4080C0411001102", "00A4010C021100"} {
			if _, sw := send(t, c, path); sw != "6A82" {
				t.Errorf("%s before the application: %s", path, sw)
			}
		}
		if _, sw := send(t, c, "00A404000CA0000005300000000000000000"); sw != "6A82" {
			t.Errorf("another application: %s", sw)
		}
		fci := hex.EncodeToString(must(t, c, "00A404000CA000000530000B104001021A00"))
		for _, want := range []string{"8203380000", "840ca000000530000b104001021a", "83023f00"} {
			if !strings.Contains(fci, want) {
				t.Errorf("no %s in %s", want, fci)
			}
		}
		must(t, c, "00A4080C0410001003", "00A4080C0411001102", "00A4000C023F00")
		c.Reset()
	}
}
