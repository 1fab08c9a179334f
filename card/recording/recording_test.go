// SPDX-License-Identifier: EUPL-1.2

package recording

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"math/big"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/cns"
	"rinnova.example/go/card/emulator"
	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/transcript"
	"rinnova.example/go/holder"
)

// secrets are texts in the certificate of personal, and in the demonstration card's files.
var secrets = []string{"ESEMPIO", "BRUNILDE", "SMPBNL78R47D612H", "07101978", "15062014", "3412785690341278",
	"brunilde", "esempio", "Comune di Prova", "0615123456", "0630215959"}

// personal is a certificate full of a person: names, an address, a serial number, dates.
func personal(t testing.TB) []byte {
	t.Helper()
	serial, _ := new(big.Int).SetString("3412785690341278", 10)
	name := pkix.Name{Country: []string{"IT"}, Organization: []string{"Comune di Prova"},
		SerialNumber: "3412785690341278",
		ExtraNames: []pkix.AttributeTypeAndValue{
			{Type: asn1.ObjectIdentifier{2, 5, 4, 4}, Value: "ESEMPIO"},
			{Type: asn1.ObjectIdentifier{2, 5, 4, 42}, Value: "BRUNILDE"},
			{Type: asn1.ObjectIdentifier{2, 5, 4, 3},
				Value: "SMPBNL78R47D612H/3412785690341278.Q2FuYXJ5Q2FuYXJ5Q2FuYXJ5Q2E="}}}
	policy, err := x509.OIDFromInts([]uint64{1, 3, 76, 16, 2, 1})
	if err != nil {
		t.Fatal(err)
	}
	address, err := url.Parse("https://brunilde.example/esempio")
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{SerialNumber: serial, Subject: name,
		NotBefore: time.Date(2014, 6, 15, 12, 34, 56, 0, time.UTC), NotAfter: time.Date(2052, 6, 30, 21, 59, 59, 0,
			time.UTC),
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		Policies: []x509.OID{policy}, EmailAddresses: []string{"brunilde@esempio.example"}, URIs: []*url.URL{address},
		SubjectKeyId:          []byte("canary-of-a-key-name"),
		CRLDistributionPoints: []string{"http://crl.example/brunilde.crl"}}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key().Public(), key())
	if err != nil {
		t.Fatal(err)
	}
	return der
}

// counted is a card that keeps the commands it gets.
type counted struct {
	iso7816.Card
	sent [][]byte
}

func (c *counted) Transmit(b []byte) ([]byte, error) {
	c.sent = append(c.sent, bytes.Clone(b))
	return c.Card.Transmit(b)
}

// TestTake records an emulated card of each series: only SELECT and READ BINARY reach the card, the card's state is
// the same to the byte, and the recording passes its own check.
func TestTake(t *testing.T) {
	for _, m := range cardmodel.Models() {
		for _, series := range m.Sigle() {
			card := demo(t, series)
			state := func() []byte {
				file := filepath.Join(t.TempDir(), "card.json")
				if err := card.Clone().Save(file); err != nil {
					t.Fatal(err)
				}
				b, err := os.ReadFile(file)
				if err != nil {
					t.Fatal(err)
				}
				return b
			}
			before := state()
			c := &counted{Card: card}
			r, err := Take(c, series, Emulator, "1.2.3-dev")
			if err != nil {
				t.Fatal(err)
			}
			for _, b := range c.sent {
				if b[0] != 0x00 || b[1] != 0xA4 && b[1] != 0xB0 {
					t.Errorf("%s: sent %X", series, b)
				}
			}
			if !bytes.Equal(before, state()) {
				t.Errorf("%s: the card has changed", series)
			}
			if found := Check(r); len(found) > 0 {
				t.Errorf("%s: %v", series, found)
			}
			if Series(r) != series || MadeFrom(r) != Emulator || !bytes.Equal(r.ATR, card.ATR()) {
				t.Errorf("%s: %v %X", series, r.Header, r.ATR)
			}
			if wrong := slices.Concat(wrongSession(r), wrongEmulator(r)); len(wrong) > 0 {
				t.Errorf("%s: %v", series, wrong)
			}
		}
	}
	for _, bad := range [][2]string{{"ROSSI", "1.0.0"}, {"", "1.0.0"}, {"AC2014", "mine"}, {"ac2014", "1.0.0"}} {
		if _, err := Take(demo(t, "AC2014"), bad[0], Card, bad[1]); !errors.Is(err, ErrHeader) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// unknown is a card that no model has, and that refuses everything.
type unknown struct{ iso7816.Unshared }

func (unknown) ATR() []byte                     { return []byte{0x3B, 0x02, 0x14, 0x50} }
func (unknown) Transmit([]byte) ([]byte, error) { return []byte{0x6D, 0x00}, nil }

// gone is a card that is taken out at a command.
type gone struct {
	*emulator.Card
	left int
}

func (g *gone) Transmit(b []byte) ([]byte, error) {
	if g.left--; g.left < 0 {
		return nil, iso7816.ErrCardGone
	}
	return g.Card.Transmit(b)
}

func TestTakeFromOtherCards(t *testing.T) {
	r, err := Take(unknown{}, UnknownSeries, Card, "1.2.3")
	if err != nil || len(Check(r)) > 0 {
		t.Fatalf("a card that no model has: %v, %v", err, Check(r))
	}
	if n := len(exchanges(r)); n != len(Places()) {
		t.Errorf("%d commands to a card that no model has, want one for each of %d places", n, len(Places()))
	}
	card := demo(t, "ACe2025")
	whole := &counted{Card: card}
	if _, err := Take(whole, "ACe2025", Card, "1.2.3"); err != nil {
		t.Fatal(err)
	}
	for n := range whole.sent {
		card.Reset()
		if _, err := Take(&gone{card, n}, "ACe2025", Card, "1.2.3"); !errors.Is(err, iso7816.ErrCardGone) {
			t.Errorf("gone after %d of %d commands: %v", n, len(whole.sent), err)
		}
	}
}

// TestEdge gives the edge every class and instruction in several forms. Those that pass are listed here, by ISO/IEC
// 7816-4 §11.1.1, §11.2.3 and §7.6.1.
func TestEdge(t *testing.T) {
	pass := map[string]bool{"00A40000023F00": true, "00A40000023F0000": true, "00A4000C023F00": true,
		"00A40800021400": true, "00A4080C021400": true, "00A4080002140000": true, "00A408000614008108801000": true,
		"00A404000CA000000530000B104001021A00": true, "00B0000010": true, "00B07FFF00": true, "00B0000000": true,
		"00B0001000": true,
		"00C0000010": true, "00C0000000": true}
	forms := []string{"0000", "000000", "00000000", "0000023F00", "0000023F0000", "000C023F00", "0800021400",
		"080C021400",
		"080002140000", "08000614008108801000", "04000CA000000530000B104001021A00", "040007524F53534920410A",
		"000010",
		"7FFF00", "800010", "0010", "00100831323334FFFFFFFF", "0000021400", "03000000", "0800", "08000100",
		"0800031400FF",
		"08000A14001400140014001400", "0000000010", "0000000002140000", "000002140000", "0010", "001000", "9F17",
		"CB3FFF"}
	passed := 0
	for cla := range 256 {
		for ins := range 256 {
			for _, form := range forms {
				text := strings.ToUpper(strings.Join([]string{hexByte(cla), hexByte(ins), form}, ""))
				command := unhex(t, text)
				c := &counted{Card: unknown{}}
				_, err := (&readOnly{Card: c}).Transmit(command)
				if want := pass[text]; want != (err == nil) || want != (len(c.sent) == 1) ||
					!want && !errors.Is(err, ErrNotReading) {
					t.Fatalf("%s: %v, %d sent", text, err, len(c.sent))
				}
				if err == nil {
					passed++
				}
			}
		}
	}
	if passed < len(pass) {
		t.Errorf("%d forms passed, want %d", passed, len(pass))
	}
}

// raw records a renewed card as it is, with nothing redacted.
func raw(t testing.TB, series string, der []byte) *transcript.Transcript {
	t.Helper()
	card, err := emulator.Demo(series, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	if err := renew(card, der); err != nil {
		t.Fatal(err)
	}
	card.Reset()
	r, err := read(card, series, Emulator, "1.0.0")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// TestNothingOfThePersonStays searches a redacted recording for every five bytes of what tells a person or a card.
func TestNothingOfThePersonStays(t *testing.T) {
	der := personal(t)
	for _, series := range []string{"AC2014", "ID2019", "OT2015"} {
		before := raw(t, series, der)
		after := Redact(before)
		c, old := parsed(t, der), parsed(t, contents(exchanges(before))[place{"", "1100/1101"}])
		words := [][]byte{c.Signature, c.SerialNumber.Bytes(), c.PublicKey.(*rsa.PublicKey).N.Bytes(),
			c.SubjectKeyId, []byte("Q2FuYXJ5Q2FuYXJ5Q2FuYXJ5Q2E="), old.Signature,
			old.PublicKey.(*rsa.PublicKey).N.Bytes(),
			old.SerialNumber.Bytes()}
		for _, s := range secrets {
			words = append(words, []byte(s))
		}
		for _, s := range words {
			if !holds(before, s) {
				t.Errorf("%s: %q is not in the raw recording: the search looks for nothing", series, s)
			}
			if holds(after, s) {
				t.Errorf("%s: a part of %q stays", series, s)
			}
		}
		if found := Check(after); len(found) > 0 {
			t.Errorf("%s: %v", series, found)
		}
		if found := Check(before); len(found) == 0 {
			t.Errorf("%s: the check lets the raw recording pass", series)
		}
		if again := Redact(after); !bytes.Equal(again.Encode(), after.Encode()) {
			t.Errorf("%s: redacting twice differs", series)
		}
		if len(before.Encode()) != len(after.Encode()) {
			t.Errorf("%s: %d bytes became %d", series, len(before.Encode()), len(after.Encode()))
		}
	}
}

// holds reports whether any five bytes of s, zeros aside, occur in what a transcript's file reads answered.
func holds(t *transcript.Transcript, s []byte) bool {
	var all []byte
	for _, b := range contents(exchanges(t)) {
		all = append(all, b...)
	}
	for _, e := range t.Entries {
		all = append(append(all, e.Response.Head...), e.Response.Tail...)
	}
	for i := range len(s) - 4 {
		part := s[i : i+5]
		if len(bytes.Trim(part, "\x000")) > 1 && bytes.Contains(all, part) {
			return true
		}
	}
	return false
}

// TestOtherCertificateFiles: a session finds in the recording the same kind of file as on the card, whatever it holds.
func TestOtherCertificateFiles(t *testing.T) {
	der := personal(t)
	long := append([]byte{0x30, 0x82, 0x40, 0x00}, bytes.Repeat([]byte("ROSSI"), 100)...)
	for name, test := range map[string]struct {
		file []byte
		want cns.FileState // "" for a session that fails
	}{
		"none":                 {nil, cns.FileAbsent},
		"zeros":                {make([]byte, 100), cns.FileEmpty},
		"a write cut short":    {append(make([]byte, 20), "ROSSI MARIO"...), cns.FilePartial},
		"compressed":           {append([]byte{0x5A, 0x82}, der...), cns.FileCompressed},
		"compressed otherwise": {append([]byte{0x7A, 0x82}, der...), cns.FileCompressed},
		"a text":               {[]byte("ROSSI MARIO, nato il 07/10/1978"), cns.FileUnreadable},
		"with a header": {append([]byte{0x01, byte(len(der) >> 8), byte(len(der)), 0, 0}, der...),
			cns.FileReadable},
		"DER, no certificate":  {append([]byte{0x30, 0x0D, 0x0C, 0x0B}, "ROSSI MARIO"...), cns.FileMalformed},
		"a length, and no DER": {append([]byte{0x30, 0x0B}, "ROSSI MARIO"...), cns.FileMalformed},
		"longer than its file": {long, ""},
		"bytes without text":   {bytes.Repeat([]byte{0xE1, 0xB7, 0x93, 0xFE, 0xA2}, 60), cns.FileUnreadable},
		"something behind":     {append(bytes.Clone(der), "ROSSI MARIO"...), cns.FileReadable},
	} {
		card, err := emulator.Issue("AC2014", emulator.Personalization{IDCarta: "6090912345678901",
			PersonalData: holderData(t), Certificate: test.file, Key: key(), PIN: "12345", PUK: "12345678"})
		if err != nil {
			t.Fatal(err)
		}
		r, err := Take(card, "AC2014", Emulator, "1.0.0")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if found := Check(r); len(found) > 0 || holds(r, []byte("ROSSI")) || holds(r, []byte("07/10")) ||
			holds(r, []byte{0xE1, 0xB7, 0x93, 0xFE, 0xA2}) {
			t.Errorf("%s: %v", name, found)
		}
		s, err := Session(r)
		if test.want == "" {
			if !errors.Is(err, iso7816.ErrReader) {
				t.Errorf("%s: %v", name, err)
			}
			continue
		}
		if err != nil || s.Contents.Slots[0].Certificate.State != test.want {
			t.Errorf("%s: %v, %+v, want %s", name, err, s, test.want)
		}
		if wrong := slices.Concat(wrongEmulator(r), wrongSession(r)); len(wrong) > 0 {
			t.Errorf("%s: %v", name, wrong)
		}
	}
}

func holderData(t *testing.T) []byte {
	t.Helper()
	b, err := holder.PersonalData{Surname: "ROSSI", Name: "MARIO", CodiceFiscale: "SMPBNL78R47D612H"}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func parsed(t *testing.T, der []byte) *x509.Certificate {
	t.Helper()
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func hexByte(b int) string { return hex.EncodeToString([]byte{byte(b)}) }

// TestWhatStays compares the redacted certificate with the one that was recorded: the same structure, key size,
// extensions and years.
func TestWhatStays(t *testing.T) {
	der := personal(t)
	r := Redact(raw(t, "ID2019", der))
	before := parsed(t, der)
	after := parsed(t, contents(exchanges(r))[place{"", "1400/9001/2002"}])
	if len(after.Raw) != len(before.Raw) || after.PublicKey.(*rsa.PublicKey).N.BitLen() != 2048 ||
		after.PublicKey.(*rsa.PublicKey).E != 65537 || after.KeyUsage != before.KeyUsage ||
		!slices.Equal(after.ExtKeyUsage, before.ExtKeyUsage) ||
		after.SignatureAlgorithm != before.SignatureAlgorithm ||
		len(after.Policies) != 1 || !after.Policies[0].Equal(before.Policies[0]) {
		t.Errorf("%+v", after)
	}
	if got := after.NotBefore.Format(time.DateTime) + " " + after.NotAfter.Format(time.DateTime); got !=
		"2014-01-01 00:00:00 2052-01-01 00:00:00" {
		t.Errorf("dates %s", got)
	}
	if after.Subject.CommonName != "XXXXXX00X00X000X/0000000000000000.X0XXXXX0X0XXXXX0X0XXXXX0X0X=" ||
		after.Subject.Country[0] != "IT" {
		t.Errorf("subject %s", after.Subject)
	}
	s, err := Session(r)
	if err != nil {
		t.Fatal(err)
	}
	if s.IDCarta != "6000000000000000" || s.Personal.Surname != "XXXXXXX" || s.Personal.BirthDate != "00000000" {
		t.Errorf("number %s, holder %+v", s.IDCarta, s.Personal)
	}
}

// TestTranscriptsElsewhere: every transcript of the repository is a recording, or is in one of these folders, whose
// holder is invented.
func TestTranscriptsElsewhere(t *testing.T) {
	const root, invented = "../..", "SMPBNL78R47D612H" // docs/DOMAIN.md §5.1
	folders := map[string]int{"card/transcript/testdata": 0, "cmd/rinnova/testdata/transcripts": 0}
	recordings := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			if d != nil && (d.Name() == "node_modules" || d.Name() == ".git") {
				return filepath.SkipDir
			}
			return err
		}
		if !d.Type().IsRegular() || !begins(path, "# transcript: 1\n") {
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		r := parse(t, string(text))
		if dir := filepath.ToSlash(filepath.Dir(name)); len(Check(r)) == 0 {
			recordings++
		} else if _, there := folders[dir]; there {
			folders[dir]++
			if b, read := contents(exchanges(r))[place{"", "1100/1102"}]; read && !bytes.Contains(b,
				[]byte(invented)) {
				t.Errorf("%s: the holder is not the invented one", name)
			}
		} else {
			t.Errorf("%s is no recording, and in no folder of other transcripts", name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for dir, n := range folders {
		if n == 0 {
			t.Errorf("%s has no transcript", dir)
		}
	}
	if recordings == 0 {
		t.Error("the walk finds no recording")
	}
}

// begins reports whether a file begins with a text.
func begins(path, text string) bool {
	f, err := os.Open(path)
	if err != nil {
		return false
	}
	defer f.Close()
	head := make([]byte, len(text))
	_, err = io.ReadFull(f, head)
	return err == nil && string(head) == text
}
