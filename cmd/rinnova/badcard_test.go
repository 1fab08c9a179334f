// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/hex"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"rinnova.example/go/card/emulator"
	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/pcsc"
	"rinnova.example/go/catalogue"
	"rinnova.example/go/citizen/reader"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/failure"
	"rinnova.example/go/holder"
)

// issued makes an emulated card in a file, with a certificate that the service knows.
func issued(t *testing.T, s *running, series string, args ...string) (file string) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "card.json")
	line := append([]string{"card", "issue", "--dir", s.dir, "--series", series, "--out", file, "--pin", "24680",
		"--puk", "13579246"}, args...)
	if out, err := exec.Command(filepath.Join(programs, "rinnovad"), line...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return file
}

// citizenCard is a card as the service issued it, with the data it was made from.
func citizenCard(t *testing.T, s *running, series string) (*emulator.Card, emulator.Personalization) {
	t.Helper()
	c, err := emulator.Open(issued(t, s, series, "--key-bits", "1024"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	read := func(path string) []byte {
		b, ok := c.File(path)
		if !ok {
			t.Fatalf("%s is absent", path)
		}
		return b
	}
	key, err := rsa.GenerateKey(rand.Reader, 1024) // the certificate's own stays in c: none of these cards gets to sign
	if err != nil {
		t.Fatal(err)
	}
	return c, emulator.Personalization{IDCarta: string(read("1000/1003")), PersonalData: read("1100/1102"),
		Certificate: read("1100/1101"),
		Key:         key, PIN: "24680", PUK: "13579246"}
}

// tapped stands between program and card.
type tapped struct {
	iso7816.Card
	answer func(command, response []byte) []byte
	sent   [][]byte
}

func (w *tapped) Transmit(b []byte) ([]byte, error) {
	command := bytes.Clone(b)
	w.sent = append(w.sent, command)
	r, err := w.Card.Transmit(b)
	if err == nil && w.answer != nil {
		r = w.answer(command, r)
	}
	return r, err
}

// onlyReads reports whether the card got no command but SELECT, READ BINARY and GET RESPONSE.
func (w *tapped) onlyReads() bool {
	return !slices.ContainsFunc(w.sent, func(b []byte) bool { return b[1] != 0xA4 && b[1] != 0xB0 && b[1] != 0xC0 })
}

// typist gives one PIN and counts how often it was asked anything.
type typist struct {
	pin   string
	asked int
}

func (p *typist) PIN(context.Context, renewal.CodeRequest) ([]byte, error) {
	if p.asked++; p.asked > 1 || p.pin == "" {
		return nil, renewal.ErrNoInput
	}
	return []byte(p.pin), nil
}

func (p *typist) PUK(context.Context, renewal.CodeRequest) ([]byte, error) {
	p.asked++
	return nil, renewal.ErrNoInput
}

func (p *typist) Consent(context.Context, renewal.Question) (string, error) {
	p.asked++
	return "", renewal.ErrNoInput
}

// citizenProgram returns the program with the flags for a service, in this process.
func citizenProgram(t *testing.T, s *running) (p *program, out, errOut *bytes.Buffer) {
	out, errOut = new(bytes.Buffer), new(bytes.Buffer)
	return &program{commands: &commands{Service: s.addresses["cmp"], CA: filepath.Join(s.dir, "ca.pem"),
		TLSCA:   filepath.Join(s.dir, "tls.pem"),
		Journal: filepath.Join(t.TempDir(), "journal")}, ctx: t.Context(), out: out, err: errOut}, out, errOut
}

// renewed runs a renewal on a card and returns the exit code and the output for the citizen.
func renewed(t *testing.T, s *running, card iso7816.Card, who renewal.Prompter) (int, string) {
	t.Helper()
	p, _, errOut := citizenProgram(t, s)
	o := &opened{Card: card}
	defer o.Close()
	r, err := p.renewal(o)
	if err != nil {
		t.Fatal(err)
	}
	r.Prompter = who
	if _, err = r.Run(t.Context()); err == nil {
		return 0, ""
	}
	exit := p.fail(err)
	return exit, errOut.String()
}

// stateOf is everything that a card keeps, counters included.
func stateOf(t *testing.T, c *emulator.Card) []byte {
	t.Helper()
	file := filepath.Join(t.TempDir(), "state.json")
	if err := c.Save(file); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func fromHex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// withCheck appends the check byte TCK (ISO/IEC 7816-3 §8.2.5).
func withCheck(atr []byte) []byte {
	var x byte
	for _, b := range atr[1:] {
		x ^= b
	}
	return append(atr, x)
}

// foreign are the failures of cards that may not be ours: their texts do not mention a certificate.
var foreign = map[failure.Code]bool{failure.CardNotCNS: true, failure.CardCIE: true, failure.CardForeign: true,
	failure.CardNotHealth:   true,
	failure.CardContactless: true, failure.CardModelUnknown: true, failure.CardMalformed: true,
	failure.CardNotActivated: true,
	failure.NoCertificate:    true, failure.CertificateUnreadable: true}

// badCard is a card that cannot be renewed, with the citizen's text about it.
type badCard struct {
	name   string
	card   func() *emulator.Card
	answer func(command, response []byte) []byte
	pin    string
	exit   int
	code   string
	text   string // is part of the message to the citizen
}

// badCards are made from a good one.
func badCards(t *testing.T, good emulator.Personalization) []badCard {
	made := func(change func(*emulator.Personalization)) *emulator.Card {
		p := good
		change(&p)
		c, err := emulator.Issue("OT2016", p)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	atr := func(s string) func() *emulator.Card {
		return func() *emulator.Card { return made(func(p *emulator.Personalization) { p.ATR = fromHex(t, s) }) }
	}
	certificate := func(b []byte) func() *emulator.Card {
		return func() *emulator.Card { return made(func(p *emulator.Personalization) { p.Certificate = b }) }
	}
	whole := func() *emulator.Card { return made(func(*emulator.Personalization) {}) }
	selects := func(sw string) func(c, r []byte) []byte {
		return func(c, r []byte) []byte {
			if c[1] == 0xA4 && c[2] != 0x00 { // every file but the MF
				return fromHex(t, sw)
			}
			return r
		}
	}
	broken, forged := bytes.Clone(good.Certificate), bytes.Clone(good.Certificate)
	broken[5] ^= 0xFF // the tag of the signed part
	forged[len(bytes.TrimRight(forged, "\x00"))-1] ^= 0xFF
	return []badCard{
		{"payment card", atr("3B6E000080318066B0840C016E0183009000"), nil, "", 3, "card-not-cns", "carta di pagamento"},
		{"development card without the marker", atr("3BFF1800FF8131FE55006B0209020001010144534410318092"), nil, "", 3,
			"card-not-cns", "non è una TS-CNS"},
		{"Spanish card whose ATR is known", atr("3BFF1800008131FE45006B11050700012101434E531031804A"), nil, "", 3,
			"card-not-cns", "non è una TS-CNS"},
		{"CNS on an unknown chip", func() *emulator.Card {
			return made(func(p *emulator.Personalization) {
				p.ATR = withCheck(fromHex(t, "3BFF1800008131FE45006B13060700012101434E53103180"))
			})
		}, nil, "", 3, "card-model-unknown", "non è ancora conosciuto"},
		{"identity card, first version", atr("3BF41800FF8131805500318000C7"), nil, "", 3, "card-cie",
			"carta d’identità elettronica"},
		{"identity card, second version", func() *emulator.Card {
			return made(func(p *emulator.Personalization) {
				p.ATR = withCheck(fromHex(t, "3BFF1800FF8131FE55"+"006B05080700"+"024954494420203180"))
			})
		}, nil, "", 3, "card-cie", "carta d’identità elettronica"},
		{"contactless", atr("3B8B80010031C16408923354009000F3"), nil, "", 3, "card-contactless",
			"a fondo nella fessura"},
		{"contactless, shortest", atr("3B80800101"), nil, "", 3, "card-contactless", "senza contatto"},
		{"chamber of commerce", func() *emulator.Card {
			return made(func(p *emulator.Personalization) { p.IDCarta = "7430012345678901" })
		}, nil, "", 3, "card-not-health", "camera di commercio"},
		{"Spanish card with an Italian ATR", whole, selects("6A82"), "", 3, "card-foreign", "non ne ha il contenuto"},
		{"card that knows no selection by path", whole, selects("6A86"), "", 3, "card-foreign",
			"non ne ha il contenuto"},
		{"card of other commands", whole, selects("6D00"), "", 3, "card-foreign", "non ne ha il contenuto"},
		{"chip that fails", whole, selects("6F00"), "", 1, "card-error", "ha rifiutato un comando"},
		{"answers without status word", whole, func(_, _ []byte) []byte { return nil }, "", 3, "card-malformed",
			"forma prevista"},

		{"not activated: no certificate", certificate(nil), nil, "", 3, "no-certificate", "mai stata attivata"},
		{"not activated: its data are not in use", whole, func(c, r []byte) []byte {
			switch {
			case bytes.Contains(c, []byte{0x11, 0x00, 0x11, 0x02}):
				return []byte{0x62, 0x83}
			case c[1] == 0xB0 && len(r) > 100:
				return []byte{0x69, 0x85}
			}
			return r
		}, "", 3, "card-not-activated", "sportello che attiva"},
		{"certificate file of zeros", certificate(make([]byte, 2048)), nil, "", 3, "no-certificate",
			"non c’è un certificato"},
		{"certificate file of FF", certificate(bytes.Repeat([]byte{0xFF}, 2048)), nil, "", 3, "no-certificate",
			"non c’è un certificato"},
		{"certificate file of nonsense", certificate([]byte("Carta Nazionale dei Servizi")), nil, "", 3,
			"no-certificate", "non c’è un certificato"},
		{"certificate cut short", certificate(good.Certificate[:300]), nil, "", 3, "certificate-unreadable",
			"un certificato che il programma non sa leggere"},
		{"certificate broken", certificate(broken), nil, "", 3, "certificate-unreadable",
			"un certificato che il programma non sa leggere"},
		{"certificate compressed", certificate([]byte{0x5A, 0x82, 1, 2, 3, 4, 5, 6}), nil, "", 3,
			"certificate-unreadable", "un certificato che il programma non sa leggere"},
		{"certificate of a wrong signature", certificate(forged), nil, "", 6, "not-in-registry",
			"non conosce il certificato"},
		{"certificate of another card", func() *emulator.Card {
			return made(func(p *emulator.Personalization) { p.IDCarta = "6120900000000017" })
		}, nil, "", 3, "no-certificate", "non c’è un certificato"},
		{"personal data empty",
			func() *emulator.Card { return made(func(p *emulator.Personalization) { p.PersonalData = nil }) }, nil, "",
			3, "card-malformed", "forma prevista"},
		{"personal data lying about its length", func() *emulator.Card {
			return made(func(p *emulator.Personalization) {
				p.PersonalData = append([]byte("FFFFFF"),
					p.PersonalData[6:]...)
			})
		}, nil, "", 3, "card-malformed", "forma prevista"},

		{"PIN too short", whole, nil, "1234", 5, "pin-format", "Il PIN ha 5–8 cifre"},
		{"PIN with letters", whole, nil, "1234a", 5, "pin-format", "non è stato inviato"},
		{"not activated: no PIN set", whole, func(c, r []byte) []byte {
			if c[1] == 0x20 {
				return []byte{0x69, 0x84}
			}
			return r
		}, "24680", 3, "card-not-activated", "non è attiva"},
	}
}

// TestBadCards: each card that cannot be renewed has a sentence and a code of its own. The PIN is asked only if the
// fault shows no earlier, and nothing on the card changes.
func TestBadCards(t *testing.T) {
	s, err := startService(filepath.Join(t.TempDir(), "service"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	_, good := citizenCard(t, s, "OT2016")
	for _, c := range badCards(t, good) {
		t.Run(c.name, func(t *testing.T) {
			card := c.card()
			before := stateOf(t, card)
			w := &tapped{Card: card, answer: c.answer}
			who := &typist{pin: c.pin}
			exit, text := renewed(t, s, w, who)
			if exit != c.exit || !strings.Contains(text,
				fmt.Sprintf("Codice: %s (%d)\n", c.code, failure.Code(c.code).Number())) ||
				!strings.Contains(text, c.text) {
				t.Errorf("exit %d, want %d %s:\n%s", exit, c.exit, c.code, text)
			}
			state := "La tessera è integra: il certificato attuale è al suo posto e nulla è stato cambiato."
			if foreign[failure.Code(c.code)] {
				state = "La tessera non è stata cambiata."
			}
			if !strings.Contains(text, state) {
				t.Errorf("the text does not say %q:\n%s", state, text)
			}
			if c.pin == "" && (who.asked != 0 || !w.onlyReads()) {
				t.Errorf("%d questions, commands %X", who.asked, w.sent)
			}
			if !bytes.Equal(stateOf(t, card), before) {
				t.Error("the card was changed")
			}
		})
	}
	t.Run("mute", func(t *testing.T) {
		p, _, errOut := citizenProgram(t, s)
		if exit := p.fail(reader.Failure(fmt.Errorf("reader: %w", pcsc.ErrMute))); exit != 4 ||
			!strings.Contains(errOut.String(), "Codice: card-mute") {
			t.Errorf("%d %s", exit, errOut)
		}
	})
}

// TestSituationsHaveTheirOwnSentences: one message for each of the situations of a card or a reader.
func TestSituationsHaveTheirOwnSentences(t *testing.T) {
	seen := map[string]string{}
	for _, code := range []string{"no-smartcard-service", "no-reader", "no-card", "card-mute", "card-contactless",
		"card-not-cns", "card-cie", "card-foreign",
		"card-not-health", "card-model-unknown", "card-not-activated", "no-certificate", "certificate-unreadable",
		"card-malformed", "card-busy",
		"card-reset", "reader-failed",
		"card-removed", "other-card", "no-room"} {
		e, ok := catalogue.Explain(catalogue.Italian, catalogue.CommandLine, failure.Code(code), false)
		if other := seen[e.What]; !ok || other != "" {
			t.Errorf("%s has the sentence of %q", code, other)
		}
		seen[e.What] = code
	}
}

// TestNoRoom fills a card until a new pair does not fit: the failure comes before the prompt for the PIN.
func TestNoRoom(t *testing.T) {
	s, err := startService(filepath.Join(t.TempDir(), "service"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	for _, c := range []struct {
		series, where string
		sizes         []string // of the files that fill it
	}{
		{"OT2015", "1400", []string{"1380"}},             // 4992 of 8192 bytes
		{"ID2019", "14009001", []string{"0F00", "0B00"}}, // 6656 of 8192, in the DF of certificates
		{"ID2019", "14009002", []string{"0F00", "0D00"}}, // 7168 of 8192, in the DF of keys
	} {
		t.Run(c.series+" "+c.where, func(t *testing.T) {
			file := issued(t, s, c.series)
			card, err := emulator.Open(file)
			if err != nil {
				t.Fatal(err)
			}
			path := fromHex(t, c.where)
			must := func(b []byte) {
				t.Helper()
				if r, err := card.Transmit(b); err != nil || !bytes.Equal(r[len(r)-2:], []byte{0x90, 0x00}) {
					t.Fatalf("%X: %X %v", b, r, err)
				}
			}
			must(fromHex(t, "00200010083234363830FFFFFF"))
			for i, size := range c.sizes {
				must(append([]byte{0x00, 0xA4, 0x08, 0x0C, byte(len(path))}, path...))
				must(fromHex(t, "00E000001F6F1D8002"+size+"820301000083024E0"+fmt.Sprint(i)+"8503010000"+
					"8609000000000000000000"))
			}
			card.Close()
			before, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			var out, errOut bytes.Buffer
			exit := run([]string{"renew", "--card", "emulated:" + file, "--service", s.addresses["cmp"], "--ca",
				filepath.Join(s.dir, "ca.pem"),
				"--tls-ca", filepath.Join(s.dir, "tls.pem"), "--journal", t.TempDir(), "--pin-from", "env:MISSING"},
				&out, &errOut)
			if exit != failure.ExitFailure || !strings.Contains(errOut.String(), "Codice: no-room") ||
				!strings.Contains(errOut.String(), "SPID") {
				t.Errorf("%d %s", exit, &errOut)
			}
			if after, err := os.ReadFile(file); err != nil || !bytes.Equal(after, before) {
				t.Error("the card was changed", err)
			}
		})
	}
}

// refusals are the codes that a card whose answers are damaged may end with.
var refusals = []string{"card-malformed", "card-foreign", "card-not-health", "card-not-activated", "card-error",
	"no-certificate", "certificate-unreadable", "reader-failed", "service-not-given", "no-room"}

// TestDamagedAnswers changes each answer that the look at a card rests on: cut at every length, with and
// without its status word, every byte inverted, and every status word that a card knows in the place of
// its own; once, and from there on for good. Nothing but reading follows, and the end has a stable code.
func TestDamagedAnswers(t *testing.T) {
	for _, series := range []string{"AC2014", "ID2019"} {
		t.Run(series, func(t *testing.T) {
			card, err := emulator.Demo(series, nil)
			if err != nil {
				t.Fatal(err)
			}
			before := stateOf(t, card)
			look := func(answer func(i int, r []byte) []byte) (*renewal.View, *tapped, string) {
				i := -1
				w := &tapped{Card: card}
				w.answer = func(_, r []byte) []byte {
					i++
					return answer(i, r)
				}
				card.Reinsert()
				v, err := (&renewal.Renewal{Card: w}).Look(t.Context())
				if err != nil {
					return v, w, string(renewal.Classify(err).Code)
				}
				if len(v.Candidates) == 0 {
					return v, w, "no-certificate"
				}
				return v, w, string(v.Refusal.Code)
			}
			var answers [][]byte
			want, _, _ := look(func(_ int, r []byte) []byte { answers = append(answers, bytes.Clone(r)); return r })
			if want == nil || len(want.Candidates) != 1 || len(answers) < 8 {
				t.Fatal(want, len(answers))
			}
			n, codes := 0, map[string]int{}
			try := func(at int, forGood bool, damaged []byte, what string) *renewal.View {
				n++
				v, w, code := look(func(i int, r []byte) []byte {
					if i == at || forGood && i > at && len(r) >= len(damaged) {
						return bytes.Clone(damaged)
					}
					return r
				})
				codes[code]++
				if !w.onlyReads() || len(w.sent) > 300 {
					t.Fatalf("answer %d %s: %d commands, among them others than reads", at, what, len(w.sent))
				}
				if !slices.Contains(refusals, code) || !failure.Code(code).Known() {
					t.Fatalf("answer %d %s: %s", at, what, code)
				}
				return v
			}
			for at, a := range answers {
				for length := range len(a) {
					whole := try(at, false, a[:length], fmt.Sprintf("cut to %d bytes", length))
					// A card that is let through was read as it is.
					short := try(at, false, slices.Concat(a[:min(length, len(a)-2)], []byte{0x90, 0x00}),
						fmt.Sprintf("of %d bytes", length))
					for _, v := range []*renewal.View{whole, short} {
						if v != nil && len(v.Candidates) > 0 &&
							(v.Session.IDCarta != want.Session.IDCarta ||
								!v.Candidates[0].Certificate.Certificate.Equal(
									want.Candidates[0].Certificate.Certificate)) {
							t.Errorf("answer %d cut to %d bytes: another card was seen", at, length)
						}
					}
					changed := bytes.Clone(a)
					changed[length] ^= 0xFF
					try(at, false, changed, fmt.Sprintf("byte %d inverted", length))
				}
				try(at, true, a[:len(a)-2], "without status word, for good")
				for _, sw := range []string{"6281", "6282", "6283", "6300", "63C0", "63C2", "6581", "6700", "6883",
					"6884", "6981", "6982", "6983", "6984", "6985", "6986",
					"6A80", "6A81", "6A82", "6A83", "6A84", "6A86", "6A87", "6A88", "6A89", "6B00", "6C00", "6C10",
					"6CFF", "6100", "6110", "61FF", "6D00", "6E00", "6F00", "0000", "9001", "FFFF"} {
					try(at, false, fromHex(t, sw), sw)
					try(at, true, fromHex(t, sw), sw+" for good")
					try(at, false, append(bytes.Clone(a[:len(a)-2]), fromHex(t, sw)...), "with "+sw)
				}
				try(at, true, bytes.Repeat([]byte{0x90, 0x00}, 128), "9000 all over, for good")
				try(at, true, append(bytes.Repeat([]byte{0x30, 0x82, 0xFF, 0xFF}, 63), 0x61, 0xFF), "without end")
			}
			if !bytes.Equal(stateOf(t, card), before) {
				t.Error("the card was changed")
			}
			if n < 4000 || codes["card-malformed"] == 0 || codes["card-foreign"] == 0 || codes["no-certificate"] == 0 {
				t.Errorf("%d answers: %v", n, codes)
			}
			t.Logf("%d damaged answers: %v", n, codes)
		})
	}
}

// TestFilesCutShort cuts certificate and personal data on the card itself at every length.
func TestFilesCutShort(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	demo, err := emulator.Demo("AC2014", nil)
	if err != nil {
		t.Fatal(err)
	}
	file := func(path string) []byte { b, _ := demo.File(path); return b }
	p := emulator.Personalization{IDCarta: string(file("1000/1003")), PersonalData: file("1100/1102"),
		Certificate: file("1100/1101"), Key: key, PIN: "12345", PUK: "12345678"}
	look := func(p emulator.Personalization) (*renewal.View, error) {
		c, err := emulator.Issue("AC2014", p)
		if err != nil {
			t.Fatal(err)
		}
		w := &tapped{Card: c}
		v, err := (&renewal.Renewal{Card: w}).Look(t.Context())
		if !w.onlyReads() {
			t.Fatalf("%X", w.sent)
		}
		return v, err
	}
	der := 4 + int(p.Certificate[2])<<8 + int(p.Certificate[3])
	if _, err := x509.ParseCertificate(p.Certificate[:der]); err != nil {
		t.Fatal(err)
	}
	for n := range der {
		cut := p
		cut.Certificate = p.Certificate[:n]
		v, err := look(cut)
		if err != nil {
			t.Fatalf("certificate of %d bytes: %v", n, err)
		}
		// A cut signature cannot be told without the issuer: the service knows the hash.
		if len(v.Candidates) != 0 && n < der-129 {
			t.Errorf("certificate of %d bytes of %d: taken for one", n, der)
		}
	}
	data, err := holder.PersonalDataLength(p.PersonalData)
	if err != nil {
		t.Fatal(err)
	}
	for n := range data {
		cut := p
		cut.PersonalData = p.PersonalData[:n]
		v, err := look(cut)
		if err == nil && (v.Session.Personal == holder.PersonalData{}) {
			t.Errorf("personal data of %d bytes: read as nothing", n)
		}
		if err != nil && renewal.Classify(err).Code != "card-malformed" {
			t.Errorf("personal data of %d bytes: %v", n, err)
		}
	}
}
