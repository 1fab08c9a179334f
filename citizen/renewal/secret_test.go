// SPDX-License-Identifier: EUPL-1.2

package renewal_test

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"rinnova.example/go/card/emulator"
	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/transcript"
	"rinnova.example/go/citizen/renewal"
)

// The canaries are codes of eight digits that do not occur by chance.
const (
	canaryPIN = "70913582"
	canaryPUK = rightPUK
	wrongPIN  = "60718293"
	wrongPUK  = "50617284"
	noPIN     = "4142a434"
)

var canaries = []string{canaryPIN, canaryPUK, wrongPIN, wrongPUK, noPIN}

// forms returns the forms in which a code may occur in bytes: as typed, in hexadecimal, as Go prints a slice, as a
// register or a word of a stack is printed, in base64 at each of its three alignments.
func forms(code string) []string {
	b := []byte(code)
	list := []string{code, hex.EncodeToString(b), strings.ToUpper(hex.EncodeToString(b)),
		fmt.Sprintf("%016x", binary.LittleEndian.Uint64(b)),
		strings.Trim(fmt.Sprint(b), "[]"), strings.Trim(fmt.Sprintf("%#v", b), "[]byte{}"),
		strings.Trim(fmt.Sprintf("% X", b), " ")}
	for i := range 3 {
		s := base64.RawStdEncoding.EncodeToString(append(make([]byte, i), b...))
		list = append(list, s[(8*i+5)/6:len(s)-1])
	}
	return list
}

// leak returns the number of the canary found in b, and its form; 0 for none. It does not return the canary, so that
// the test's output does not contain it.
func leak(b []byte) (canary int, form int) {
	for i, c := range canaries {
		for j, f := range forms(c) {
			if bytes.Contains(b, []byte(f)) {
				return i + 1, j + 1
			}
		}
	}
	return 0, 0
}

func clean(t *testing.T, where string, b []byte) {
	t.Helper()
	if canary, form := leak(b); canary > 0 {
		t.Errorf("%s holds code %d in form %d", where, canary, form)
	}
}

func TestForms(t *testing.T) {
	for _, c := range canaries {
		for _, planted := range []string{"PIN " + c + ".", fmt.Sprintf("0020001008%X", c), fmt.Sprintf("%x", c),
			fmt.Sprintf("%v", []byte("x"+c)), fmt.Sprintf("%#v", []byte("x"+c)),
			fmt.Sprintf("rax    0x%x", binary.LittleEndian.Uint64([]byte(c))),
			base64.StdEncoding.EncodeToString([]byte("a" + c + "bcd")),
			base64.StdEncoding.EncodeToString([]byte("ab" + c + "b")),
			base64.StdEncoding.EncodeToString([]byte(c + "\xFF"))} {
			if n, _ := leak([]byte(planted)); n == 0 || canaries[n-1] != c {
				t.Errorf("%q is not found", planted)
			}
		}
	}
	if n, _ := leak([]byte("70913583 3133353739323437")); n != 0 {
		t.Error("found what is not there")
	}
}

// canaryCard is a card whose codes are canaries.
func canaryCard(t *testing.T, s *service, series string, number int) *emulator.Card {
	t.Helper()
	card := s.card(series, number, inWindow)
	change := iso7816.Command{INS: 0x24, P2: 0x10, Data: []byte(rightPIN + "\xFF\xFF\xFF" + canaryPIN)}
	if _, err := iso7816.Do(card, change); err != nil {
		t.Fatal(err)
	}
	card.Reset()
	return card
}

// TestSecrets searches everything that runs leave for the codes that were typed: transcripts of both kinds, the
// journal sealed and unsealed, events, and every failure with all errors that it wraps.
func TestSecrets(t *testing.T) {
	ended := map[string]bool{}
	for i, c := range []struct {
		name  string
		pins  []string
		puks  []string
		fault func(n int, command []byte) emulator.Fault
	}{
		{name: "renewed", pins: []string{canaryPIN}, puks: []string{canaryPUK}},
		{name: "wrong PIN", pins: []string{wrongPIN, wrongPIN, canaryPIN}},
		{name: "malformed PIN", pins: []string{noPIN}},
		{name: "malformed PUK", pins: []string{canaryPIN}, puks: []string{noPIN}},
		{name: "wrong PUK", pins: []string{canaryPIN}, puks: []string{wrongPUK}},
		{name: "blocked", pins: []string{wrongPIN}, fault: lying(0x20, emulator.Fault{SW: 0x6983})},
		{name: "odd answer to VERIFY", pins: []string{canaryPIN}, fault: lying(0x20, emulator.Fault{SW: 0x6F00})},
		{name: "wrong length of VERIFY", pins: []string{canaryPIN}, fault: lying(0x20, emulator.Fault{SW: 0x6700})},
		{name: "pulled in VERIFY", pins: []string{canaryPIN},
			fault: lying(0x20, emulator.Fault{Cut: emulator.CutAfter})},
		{name: "pulled in CREATE", pins: []string{canaryPIN}, puks: []string{canaryPUK},
			fault: lying(0xE0, emulator.Fault{Cut: emulator.CutBefore})},
		{name: "CREATE refused", pins: []string{canaryPIN}, puks: []string{canaryPUK},
			fault: lying(0xE0, emulator.Fault{SW: 0x6A84})},
		{name: "wrong signature", pins: []string{canaryPIN}, fault: lying(0x2A, emulator.Fault{SW: 0x9000})},
		{name: "write lost", pins: []string{canaryPIN}, puks: []string{canaryPUK},
			fault: lying(0xD6, emulator.Fault{DropWrite: true})},
	} {
		for j, withhold := range []transcript.Withhold{transcript.Secrets, transcript.Files} {
			name := fmt.Sprintf("%s, transcript %d", c.name, j)
			s := newService(t)
			card := canaryCard(t, s, "AC2014", i)
			card.SetFault(c.fault)
			var record bytes.Buffer
			rec, err := transcript.NewRecorder(card, &record, withhold)
			if err != nil {
				t.Fatal(err)
			}
			journal, disk := memory()
			who := &person{pins: c.pins, puks: c.puks}
			r := s.run(rec, who, journal)
			r.Campaign = "prova"
			r.Events = func(e renewal.Event) {
				rec.Note(e.Step + " " + e.State)
				clean(t, name+", an event", fmt.Appendf(nil, "%v %+v %#v", e, e, e))
			}
			out, err := r.Run(t.Context())
			if who.typed == 0 {
				t.Fatal(name, err)
			}
			ended[code(err)] = true
			if err == nil {
				out.Session.ForgetPIN()
				clean(t, name+", the outcome", fmt.Appendf(nil, "%+v %#v %+v %#v", out, out, out.Session, out.Session))
			}
			for _, e := range unwrapped(err) {
				clean(t, fmt.Sprintf("%s, error %T", name, e), fmt.Appendf(nil, "%v %+v %#v %s %q", e, e, e, e, e))
			}
			if sent := bytes.Contains(record.Bytes(), []byte("> 0020001008[8]")); sent != (c.name != "malformed PIN") {
				t.Errorf("%s: VERIFY in the transcript: %v", name, sent)
			}
			clean(t, name+", the transcript", record.Bytes())
			clean(t, name+", the service's log", s.log.Bytes())
			for file, b := range disk.All() {
				clean(t, name+", journal file "+file, b)
			}
			id, _ := card.File("1000/1003")
			for kind, plain := range unsealed(t, disk.All(), string(id)) {
				clean(t, name+", "+kind+" unsealed", plain)
			}
		}
	}
	for _, want := range []string{"", "pin-wrong", "pin-format", "puk-format", "puk-wrong", "pin-blocked", "card-error",
		"card-removed", "no-room", "card-wrong-key", "card-write"} {
		if !ended[want] {
			t.Errorf("no run ended with %q", want)
		}
	}
}

// lying returns a fault for each command with one instruction.
func lying(ins byte, f emulator.Fault) func(int, []byte) emulator.Fault {
	return func(_ int, command []byte) emulator.Fault {
		if command[1] == ins {
			return f
		}
		return emulator.Fault{}
	}
}

// unwrapped returns an error and all errors that it wraps.
func unwrapped(err error) []error {
	if err == nil {
		return nil
	}
	list := []error{err}
	switch x := err.(type) {
	case interface{ Unwrap() error }:
		list = append(list, unwrapped(x.Unwrap())...)
	case interface{ Unwrap() []error }:
		for _, e := range x.Unwrap() {
			list = append(list, unwrapped(e)...)
		}
	}
	return list
}

// unsealed opens the files about a card by the description in cardfile.go, by their kinds.
func unsealed(t *testing.T, files map[string][]byte, id string) map[string][]byte {
	t.Helper()
	mac := func(purpose string) []byte {
		h := hmac.New(sha256.New, files["key"])
		h.Write([]byte(purpose + "|" + id))
		return h.Sum(nil)
	}
	aead := must(cipher.NewGCMWithRandomNonce(must(aes.NewCipher(mac("seal")))))
	opened := map[string][]byte{}
	for name, sealed := range files {
		kind, ok := strings.CutPrefix(name, hex.EncodeToString(mac("name")[:16])+".")
		switch {
		case ok:
			plain, err := aead.Open(nil, nil, sealed, nil)
			if err != nil || kind == "journal" && !bytes.Contains(plain, []byte(`"old":`)) {
				t.Fatalf("the %s file does not open: %v", kind, err)
			}
			opened[kind] = plain
		case name != "key" && name != "lock":
			t.Fatalf("the file %s is not the card's", name)
		}
	}
	return opened
}
