// SPDX-License-Identifier: EUPL-1.2

package emulator

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/hex"
	"fmt"
	"strings"
	"sync"
	"testing"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/iso7816"
)

func allSeries() []string {
	var list []string
	for _, m := range cardmodel.Models() {
		list = append(list, m.Sigle()...)
	}
	return list
}

// made keeps the keys that the tests share.
var made struct {
	sync.Mutex
	keys map[string]*rsa.PrivateKey
}

func testKey(t testing.TB, bits, nr int) *rsa.PrivateKey {
	t.Helper()
	made.Lock()
	defer made.Unlock()
	name := fmt.Sprint(bits, "/", nr)
	if k := made.keys[name]; k != nil {
		return k
	}
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	if made.keys == nil {
		made.keys = map[string]*rsa.PrivateKey{}
	}
	made.keys[name] = k
	return k
}

// issuedKey is the old key that a series has.
func issuedKey(t testing.TB, series string) *rsa.PrivateKey {
	t.Helper()
	m, _, ok := cardmodel.BySeries(series)
	if !ok {
		t.Fatalf("no series %s", series)
	}
	return testKey(t, m.IssuedKeyBits.Value, 0)
}

// The codes as VERIFY sends them, and wrong ones.
const (
	pin      = "3132333435FFFFFF"
	puk      = "3132333435363738"
	wrongPIN = "3535353535FFFFFF"
	wrongPUK = "3535353535353535"
)

// send sends a command written in hexadecimal and returns answer and status word.
func send(t testing.TB, c iso7816.Card, command string) ([]byte, string) {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(command, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	a, err := c.Transmit(b)
	if err != nil {
		t.Fatalf("%.40s: %v", command, err)
	}
	if len(a) < 2 {
		t.Fatalf("%.40s: an answer of %d bytes", command, len(a))
	}
	return a[:len(a)-2], fmt.Sprintf("%X", a[len(a)-2:])
}

// must sends commands that have to get 9000, and returns the last answer.
func must(t testing.TB, c iso7816.Card, commands ...string) []byte {
	t.Helper()
	var data []byte
	for _, x := range commands {
		var sw string
		if data, sw = send(t, c, x); sw != "9000" {
			t.Fatalf("%.60s: %s", x, sw)
		}
	}
	return data
}

// apdu is a short command, or a chain of them where the data are longer (docs/CARDS.md §4.4).
func apdu(header string, data []byte) []string {
	var list []string
	for len(data) > 255 {
		list = append(list, fmt.Sprintf("1%sFF%X", header[1:], data[:255]))
		data = data[255:]
	}
	return append(list, fmt.Sprintf("%s%02X%X", header, len(data), data))
}

func path(p cardmodel.Path) string { return fmt.Sprintf("00A4080C%02X%X", 2*len(p), p.Bytes()) }

// oci is the object of a key component as docs/CARDS.md §6.1, 4 writes it, filled with FF; the form of 256 bytes
// is the one assumed for docs/CARDS.md §9 row 7.
func oci(class, id byte, size int, access string) []byte {
	option := "22"
	if class == 0x21 {
		option = "02"
	}
	head := fmt.Sprintf("8302%02X%02X 8508%s000C0FFFFF0000 86%02X%s", class, id, option, len(access)/2, access)
	if size == 256 {
		head += "8F820104 82010100"
	} else {
		head += "8F82 8100"
	}
	b, err := hex.DecodeString(strings.ReplaceAll(head, " ", ""))
	if err != nil {
		panic(err)
	}
	return append(b, bytes.Repeat([]byte{0xFF}, size)...)
}

func fcp(kind string, size int, fid uint16, access cardmodel.Access) string {
	body := fmt.Sprintf("8102%04X8203%s8302%04X85010186%02X%X", size, kind, fid, len(access), access[:])
	return fmt.Sprintf("00E00000%02X6F%02X%s", len(body)/2+2, len(body)/2, body)
}

// prepared is a card of a renewable series, with the DFs, objects and key of its first slot made by commands, then
// switched off. Its key DF also has 0505, a file of records.
func prepared(t testing.TB, series string) *Card {
	t.Helper()
	c := issued(t, series)
	c.SetKeys(func(bits int) (*rsa.PrivateKey, error) { return testKey(t, bits, 1), nil })
	m := c.model
	if m.NeedsPUK() {
		must(t, c, "0020001108"+puk)
	} else {
		must(t, c, "0020001008"+pin)
	}
	for i, d := range m.NeededDFs.Value {
		if c.at(d.Path.String()) != nil {
			continue
		}
		if i > 0 {
			must(t, c, "0020001008"+pin, path(d.Path.Parent()))
		}
		must(t, c, fcp("380000", d.Size, d.Path.FID(), d.Access))
	}
	place := m.NewSlots.Value[0]
	must(t, c, "0020001008"+pin)
	for _, f := range []struct {
		path cardmodel.Path
		size int
	}{{place.Certificate, m.CertificateSize.Value}, {place.PublicKey, m.PublicKeySize.Value}} {
		must(t, c, path(f.path.Parent()), fcp("010000", f.size, f.path.FID(), m.ObjectAccess.Value))
	}
	must(t, c, path(place.Key.DF), "00DA016D0F 830103 86020000 8F06000000000000")
	for _, class := range []byte{0x20, 0x21} {
		must(t, c, apdu("00DA016E", oci(class, place.Key.ID, m.NewKeyBits.Value/8, "1010FFFFFFFF10"))...)
	}
	must(t, c, fcp("010000", m.TemporarySize.Value, m.TemporaryFile.Value, cardmodel.Access{}), path(place.Key.DF))
	must(t, c, fmt.Sprintf("0046000008 20%02X%04X00100020", place.Key.ID, m.TemporaryFile.Value))
	must(t, c, fcp("050000", 256, 0x0505, m.ObjectAccess.Value), "00E20000040102AABB")
	c.PowerOff()
	return c
}

// issued is a demonstration card with a key that the tests share.
func issued(t testing.TB, series string) *Card {
	t.Helper()
	c, err := demo(series, rand.Reader, issuedKey(t, series))
	if err != nil {
		t.Fatal(err)
	}
	return c
}
