// SPDX-License-Identifier: EUPL-1.2

package holder

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// Codes and their check characters: docs/DOMAIN.md §1.2 and §5.1.
func TestParseCodiceFiscale(t *testing.T) {
	good := []string{"RSSMRA80A01H501U", "RSSMRA45D25F205N", "CLLDAA51A71H501O", "PRVLEO64B29F205Z", "SMPBNL78R47D612H",
		"FNTTLI89T01L378B", "CMPXNE92E55A952S", "DMEZOX02C03B354U", "SGGMCL70M60Z110A", "TSTNCL00H30F839P",
		"CLLDAA51A71H50MG", "CLLDAA51A71H5LMR", "CLLDAA51A71HRLMM", "CLLDAA51A7MHRLME", "CLLDAA51ATMHRLMQ",
		"CLLDAA5MATMHRLMB", "CLLDAARMATMHRLMW"}
	for _, s := range good {
		c, err := ParseCodiceFiscale(s)
		if err != nil || string(c) != s {
			t.Errorf("%s: %v", s, err)
		}
		for _, bad := range []string{strings.ToLower(s), s[:15], s + "A", s[:15] + string('A'+(s[15]-'A'+1)%26),
			"1" + s[1:], s[:8] + "F" + s[9:], s[:6] + "A" + s[7:], ""} {
			if _, err := ParseCodiceFiscale(bad); !errors.Is(err, ErrCodiceFiscale) {
				t.Errorf("%s: accepted", bad)
			} else if bad != "" && strings.Contains(err.Error(), bad) {
				t.Errorf("the error repeats the code: %v", err)
			}
		}
	}
	if m := CodiceFiscale("SMPBNL78R47D612H").Masked(); m != "SMPBNL…2H" {
		t.Errorf("masked: %s", m)
	}
}

func TestParseCN(t *testing.T) {
	const s = "SMPBNL78R47D612H/6090900000003001.3SsHNs8uNFgeYKY73uk31/nMtfI="
	cn, err := ParseCN(s)
	if err != nil || cn.String() != s || len(s) != 62 || cn.Card != "6090900000003001" || !cn.Card.Health() {
		t.Fatal(cn, err)
	}
	for _, bad := range []string{"", "SMPBNL78R47D612H", strings.Replace(s, ".", "", 1),
		strings.Replace(s, "/", "//", 1),
		strings.Replace(s, "6090900000003001", "609090000000300", 1), strings.ToLower(s), s + "=", s[:61],
		strings.Replace(s, "612H", "612I", 1), strings.Replace(s, "tfI=", "tfJ=", 1)} {
		if _, err := ParseCN(bad); !errors.Is(err, ErrCN) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if m := IDCarta("6090900000003001").Masked(); m != "6090…001" {
		t.Errorf("masked: %s", m)
	}
}

// The two files of docs/DOMAIN.md §5.1 and docs/CARDS.md §7, with their hashes.
var files = []struct{ file, hash, padded, surname, name, expiry string }{
	{"0000640460900815062014083006202007ESEMPIO08BRUNILDE080710197801F0010SMPBNL78R47D612H0004D612000004D6120000",
		"3SsHNs8uNFgeYKY73uk31/nMtfI=", "JfPrQjPb2+efooVkK7Z4/2ktd1o=", "ESEMPIO", "BRUNILDE", "30062020"},
	{"00005F0461600801012020083112203005ROSSI05MARIO081503198001M0010RSSMRA80C15L736M0004L736000004L7360000",
		"LPQsB+ubZH4bVq86lsL1ATM3hR8=", "XM1K0Guoj1qcDoYpslSHjIRL2Dw=", "ROSSI", "MARIO", "31122030"},
}

func TestPersonalData(t *testing.T) {
	for _, f := range files {
		padded := append([]byte(f.file), make([]byte, 400-len(f.file))...)
		p, err := ParsePersonalData(padded)
		if err != nil || p.Surname != f.surname || p.Name != f.name || p.ExpiryDate != f.expiry {
			t.Fatalf("%+v %v", p, err)
		}
		if b, err := p.Encode(); err != nil || string(b) != f.file {
			t.Fatalf("%s %v", b, err)
		}
		if h := HashPersonalData([]byte(f.file)); h != f.hash {
			t.Errorf("digest %s", h)
		}
		if h := HashPersonalData(padded); h != f.padded {
			t.Errorf("digest of the padded file %s", h)
		}
		for n := range len(f.file) {
			if _, err := ParsePersonalData([]byte(f.file)[:n]); !errors.Is(err, ErrPersonalData) {
				t.Errorf("cut at %d: %v", n, err)
			}
		}
	}
	for _, bad := range []string{"00000201", "0000040112", "0000G0", "-00001", "00000401ZZ", "00000404AB",
		"000022" + strings.Repeat("00", 17)} {
		if _, err := ParsePersonalData([]byte(bad)); !errors.Is(err, ErrPersonalData) {
			t.Errorf("%q: %v", bad, err)
		}
	}
	if _, err := (PersonalData{Surname: "ŽIŽEK"}).Encode(); !errors.Is(err, ErrPersonalData) {
		t.Errorf("a letter outside Latin-1: %v", err)
	}
	p, err := ParsePersonalData([]byte("00000A00000002\xC8\xC9")) // three empty fields, then two letters of Latin-1
	if err != nil || p.Surname != "ÈÉ" {
		t.Errorf("Latin-1: %+v, %v", p, err)
	}
}

func FuzzPersonalData(f *testing.F) {
	for _, s := range files {
		f.Add([]byte(s.file))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := ParsePersonalData(b)
		if err != nil {
			return
		}
		e, err := p.Encode()
		if err != nil {
			t.Fatal(err)
		}
		again, err := ParsePersonalData(e)
		if err != nil || again != p {
			t.Fatalf("%+v %+v %v", p, again, err)
		}
		if n, _ := PersonalDataLength(b); len(e) == n && !bytes.EqualFold(e, b[:n]) {
			t.Fatalf("%q %q", e, b[:n])
		}
	})
}

func FuzzCN(f *testing.F) {
	f.Add("SMPBNL78R47D612H/6090900000003001.3SsHNs8uNFgeYKY73uk31/nMtfI=")
	f.Fuzz(func(t *testing.T, s string) {
		if cn, err := ParseCN(s); err == nil && cn.String() != s {
			t.Fatal(cn)
		}
	})
}
