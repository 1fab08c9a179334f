// SPDX-License-Identifier: EUPL-1.2

package recording

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/cns"
	"rinnova.example/go/card/emulator"
	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/transcript"
)

var update = flag.Bool("update", false, "write the recordings of the emulator")

// Cards is the folder of the recordings, one folder for each series. The file list in it names each recording and its
// source.
const (
	folder = "testdata/cards"
	list   = "list"
)

// key is a key for the emulated cards: nothing that is read without the PIN depends on it.
var key = sync.OnceValue(func() *rsa.PrivateKey {
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return k
})

// TestCards holds the session and the emulator against every recording.
func TestCards(t *testing.T) {
	if *update {
		writeEmulated(t)
	}
	for _, p := range tree(folder, func(file string, recorded *transcript.Transcript) []string {
		return slices.Concat(wrongSession(recorded), wrongEmulator(recorded))
	}) {
		t.Errorf("%s", p)
	}
}

// tree checks the folder of recordings and each recording in it, and returns what is wrong.
func tree(folder string, hold func(string, *transcript.Transcript) []string) []string {
	var wrong []string
	say := func(format string, a ...any) { wrong = append(wrong, fmt.Sprintf(format, a...)) }
	listed := map[string]Source{}
	b, err := os.ReadFile(filepath.Join(folder, list))
	if err != nil {
		return []string{err.Error()}
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) == 2 && f[0] != "#" {
			listed[f[0]] = Source(f[1])
		} else if !strings.HasPrefix(line, "#") {
			say("%s: %q", list, line)
		}
	}
	entries, err := os.ReadDir(folder)
	if err != nil {
		return []string{err.Error()}
	}
	found, bodies := 0, map[string]Source{}
	for _, dir := range entries {
		if dir.Name() == list {
			continue
		}
		if _, s, ok := cardmodel.BySeries(dir.Name()); !dir.IsDir() || !ok || s.Sigla != dir.Name() {
			say("%s is no series", dir.Name())
			continue
		}
		files, err := os.ReadDir(filepath.Join(folder, dir.Name()))
		if err != nil || len(files) == 0 {
			say("%s is empty: %v", dir.Name(), err)
		}
		for _, f := range files {
			name := dir.Name() + "/" + f.Name()
			source, known := listed[name]
			if !known {
				say("%s is not in the list", name)
			}
			delete(listed, name)
			found++
			body, faults := one(filepath.Join(folder, name), dir.Name(), source, hold)
			for _, p := range faults {
				say("%s: %s", name, p)
			}
			if other, there := bodies[body]; there && other != source {
				say("%s: the same exchanges as a recording from %s", name, other)
			}
			bodies[body] = source
		}
	}
	for name := range listed {
		say("%s is in the list and not there", name)
	}
	if found == 0 {
		say("no recordings")
	}
	return wrong
}

// one checks a recording. It returns what stands below the header, and what is wrong.
func one(file, series string, source Source, hold func(string, *transcript.Transcript) []string) (body string,
	wrong []string) {
	text, err := os.ReadFile(file)
	if err != nil {
		return file, []string{err.Error()}
	}
	recorded, err := transcript.Parse(text)
	if err != nil {
		return file, []string{err.Error()}
	}
	for _, f := range Check(recorded) {
		wrong = append(wrong, fmt.Sprintf("entry %d: %s", f.Entry, f.Reason))
	}
	if Series(recorded) != series || MadeFrom(recorded) != source {
		wrong = append(wrong, fmt.Sprintf("a recording of %s from %s", Series(recorded), MadeFrom(recorded)))
	}
	wrong = append(wrong, hold(file, recorded)...)
	recorded.Header = nil
	body = string(recorded.Encode())
	return body, wrong
}

// wrongSession opens the recording as a card and compares what the session makes of it with what was recorded.
func wrongSession(t *transcript.Transcript) []string {
	var wrong []string
	say := func(format string, a ...any) { wrong = append(wrong, "session: "+fmt.Sprintf(format, a...)) }
	model, _, known := cardmodel.BySeries(Series(t))
	s, err := Session(t)
	if err != nil || !known {
		return []string{fmt.Sprintf("session: %v", err)}
	}
	if s.Model != model {
		say("model %s of a card of series %s", s.Model.ID, Series(t))
	}
	j := &judgement{model: model, list: exchanges(t)}
	app := string(model.Application.Value)
	files := contents(j.list)
	if id := files[place{app, "1000/1003"}]; string(id) != string(s.IDCarta) {
		say("number %s, recorded %s", s.IDCarta, id)
	}
	if cf := s.Personal.CodiceFiscale; cf != "XXXXXX00X00X000X" {
		say("codice fiscale %s", cf)
	}
	for _, slot := range s.Contents.Slots {
		p := slot.Location.Certificate
		_, there := j.selected(p)
		if there == (slot.Certificate.State == cns.FileAbsent) {
			say("%s: there %t, found %s", p, there, slot.Certificate.State)
		}
		if readable := holdsCertificate(files[place{app, p.String()}]); readable !=
			(slot.Certificate.State == cns.FileReadable) {
			say("%s: a certificate was recorded: %t; found %s", p, readable, slot.Certificate.State)
		}
	}
	if len(model.NewSlots.Value) == 0 {
		return wrong
	}
	df, there := j.selected(model.NewSlots.Value[0].Certificate.Parent())
	if there != s.Contents.HasSignatureDF {
		say("signature file system: there %t, found %t", there, s.Contents.HasSignatureDF)
	}
	if !there {
		df, _ = j.selected(nil)
	}
	if free, _ := iso7816.Find(df, 0x81); !bytes.Equal(free, size(s.Contents.FreeBytes)) {
		say("%d bytes free, recorded %X", s.Contents.FreeBytes, free)
	}
	return wrong
}

// holdsCertificate reports whether a file begins with a certificate, or has one behind the header of docs/CARDS.md
// §2.1.
func holdsCertificate(file []byte) bool {
	for _, at := range []int{0, 5} {
		if len(file) <= at {
			return false
		}
		if _, rest, err := iso7816.CutTLV(file[at:]); err == nil {
			if _, err := x509.ParseCertificate(file[at : len(file)-len(rest)]); err == nil {
				return true
			}
		}
	}
	return false
}

// wrongEmulator compares the answers of an emulated card, which holds what was recorded, with the recorded ones.
func wrongEmulator(t *transcript.Transcript) []string {
	card, err := emulated(t)
	if err != nil {
		return []string{fmt.Sprintf("emulator: %v", err)}
	}
	n, differences := Compare(t, card)
	if n == 0 {
		return []string{"emulator: nothing to compare"}
	}
	var wrong []string
	model, _, _ := cardmodel.BySeries(Series(t))
	if m, err := cardmodel.Match(t.ATR); err != nil || m != model {
		wrong = append(wrong, fmt.Sprintf("emulator: the answer to reset is not of series %s: %v", Series(t), err))
	}
	for _, d := range differences {
		wrong = append(wrong, fmt.Sprintf("emulator: entry %d: %s answers %s, recorded %s", d.Entry, d.Command,
			d.Played,
			d.Recorded))
	}
	return wrong
}

// emulated returns a card of the recording's series that holds what the recording read, as a renewal left it where
// the recording has a second certificate.
func emulated(t *transcript.Transcript) (*emulator.Card, error) {
	model, _, ok := cardmodel.BySeries(Series(t))
	if !ok {
		return nil, emulator.ErrSeries
	}
	files := contents(exchanges(t))
	at := func(p cardmodel.Path) []byte { return files[place{string(model.Application.Value), p.String()}] }
	card, err := emulator.Issue(Series(t), emulator.Personalization{IDCarta: string(at(cardmodel.Path{0x1000,
		0x1003})),
		PersonalData: at(cardmodel.Path{0x1100, 0x1102}), Certificate: at(model.IssuedSlot.Value.Certificate),
		Key: key(),
		PIN: emulator.DemoPIN, PUK: emulator.DemoPUK, ATR: t.ATR})
	if err != nil || len(model.NewSlots.Value) == 0 {
		return card, err
	}
	if der := at(model.NewSlots.Value[0].Certificate); len(der) > 0 {
		err = renew(card, der)
		card.Reset()
	}
	return card, err
}

// renew makes a key in the first new slot of a card and writes a certificate beside it, as a renewal does.
func renew(card *emulator.Card, der []byte) error {
	card.SetKeys(func(int) (*rsa.PrivateKey, error) { return key(), nil })
	s, err := cns.Open(card)
	if err != nil {
		return err
	}
	defer s.ForgetPIN()
	if d := s.DFToCreateWithPUK(); d != nil {
		if err := s.CreateWithPUK(*d, []byte(emulator.DemoPUK)); err != nil {
			return err
		}
	}
	slot := s.Model.NewSlots.Value[0]
	return s.UnlockInBlock([]byte(emulator.DemoPIN), func(b *cns.Block) error {
		for _, step := range []func() error{
			b.CreateDFs,
			func() error {
				if s.Model.NewEnvironment.Value {
					return b.PutEnvironment(slot)
				}
				return nil
			},
			func() error { return b.PutKeyObjects(slot) },
			func() error {
				k, err := b.Generate(slot)
				if err != nil {
					return err
				}
				return b.WritePublicKey(slot, k)
			},
			func() error { return b.DeleteTemporary(slot) },
			func() error { return b.WriteCertificate(slot, der) },
		} {
			if err := step(); err != nil {
				return err
			}
		}
		return nil
	})
}

// writeEmulated writes a recording of an emulated card of each series, and of a renewed one for each model that can
// be renewed.
func writeEmulated(t *testing.T) {
	text := "# Each recording below this folder, and what it was made from: card, a real one, or emulator.\n"
	write := func(name, series string, card *emulator.Card) {
		r, err := Take(card, series, Emulator, "0.1.0")
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Join(folder, series), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, series, name), r.Encode(), 0o644); err != nil {
			t.Fatal(err)
		}
		text += series + "/" + name + " emulator\n"
	}
	for _, m := range cardmodel.Models() {
		for i, s := range m.Sigle() {
			write("emulator.transcript", s, demo(t, s))
			if i == 0 && m.NotRenewable.Value == "" {
				card := demo(t, s)
				if err := renew(card, personal(t)); err != nil {
					t.Fatal(err)
				}
				card.Reset()
				write("emulator-renewed.transcript", s, card)
			}
		}
	}
	if err := os.WriteFile(filepath.Join(folder, list), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func demo(t *testing.T, series string) *emulator.Card {
	t.Helper()
	card, err := emulator.Demo(series, rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return card
}
