// SPDX-License-Identifier: EUPL-1.2

package cns_test

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"testing"

	"rinnova.example/go/card/cns"
	"rinnova.example/go/card/emulator"
	"rinnova.example/go/holder"
)

// TestCertificateFileStates: only zeros, or only FF, at the beginning are a file that a renewal may write. Bytes that
// are no UTF-8 are another application's, and stay.
func TestCertificateFileStates(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	person, err := holder.PersonalData{Surname: "ESEMPIO", Name: "BRUNILDE"}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		file []byte
		want cns.FileState
	}{
		"zeros":                 {make([]byte, 2048), cns.FileEmpty},
		"FF":                    {bytes.Repeat([]byte{0xFF}, 2048), cns.FileEmpty},
		"zeros, then something": {append(make([]byte, 8), 0xC5, 0x01), cns.FilePartial},
		"FF, then something":    {append(bytes.Repeat([]byte{0xFF}, 8), 0x30), cns.FilePartial},
		"seven zeros":           {append(make([]byte, 7), 0x30), cns.FileUnreadable},
		"no UTF-8":              {bytes.Repeat([]byte{0xC5}, 2048), cns.FileUnreadable},
		"no UTF-8 at its start": {append(bytes.Repeat([]byte{0x80, 0xFE}, 100), "text"...), cns.FileUnreadable},
		"FF and another byte":   {append([]byte{0xFE}, bytes.Repeat([]byte{0xFF}, 2047)...), cns.FileUnreadable},
		"zeros and FF":          {bytes.Repeat([]byte{0x00, 0xFF}, 1024), cns.FileUnreadable},
		"a compressed certificate": {append([]byte{0x5A, 0x82}, bytes.Repeat([]byte{0xC5}, 100)...),
			cns.FileCompressed},
	} {
		card, err := emulator.Issue("AC2014", emulator.Personalization{IDCarta: "6090912345678901",
			PersonalData: person,
			Certificate:  test.file, Key: key, PIN: emulator.DemoPIN, PUK: emulator.DemoPUK})
		if err != nil {
			t.Fatal(err)
		}
		s, err := cns.Open(card)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got := s.Contents.Slots[0].Certificate.State; got != test.want {
			t.Errorf("%s: %s, want %s", name, got, test.want)
		}
	}
}
