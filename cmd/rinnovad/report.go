// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/cns"
	"rinnova.example/go/card/emulator"
	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/transcript"
	"rinnova.example/go/citizen/errorreport"
	"rinnova.example/go/failure"
	"rinnova.example/go/service/ca"
)

// deskName is the name of the assistance desk's certificate and key; the citizen's program encrypts reports to it.
const deskName = "desk"

// desk makes the key of a trial desk, with a self-signed certificate, which the program is configured with.
func (l serviceDir) desk(from, until time.Time) error {
	key, err := ca.GenerateKey(ca.RSA2048)
	if err != nil {
		return err
	}
	template := &x509.Certificate{
		Subject: pkix.Name{Country: []string{"IT"}, Organization: []string{"Rinnova (PROVA)"},
			CommonName: "Rinnova - assistenza (TEST)"},
		NotBefore: from, NotAfter: until, KeyUsage: x509.KeyUsageKeyEncipherment, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return err
	}
	certificate, err := x509.ParseCertificate(der)
	if err != nil {
		return err
	}
	keyPEM, err := ca.EncodeKey(key)
	if err != nil {
		return err
	}
	return l.write(deskName, certificate, keyPEM)
}

type reportOpen struct {
	File        string `arg:"" type:"path" placeholder:"FILE" help:"Segnalazione, come il cittadino l'ha data (ErrorLogs.zip.p7e)."`
	Key         string `required:"" type:"path" placeholder:"FILE" help:"Chiave dell'assistenza (PEM)."`
	Certificate string `type:"path" placeholder:"FILE" help:"Certificato dell'assistenza (PEM): distingue un file alterato da uno per un'altra chiave."`
	Replay      string `placeholder:"SIGLA" help:"Ripete gli scambi su una tessera emulata nuova di questa sigla e confronta le risposte."`
}

// Run prints a report for the desk.
func (c *reportOpen) Run(p *program) error {
	model, _, ok := cardmodel.BySeries(c.Replay)
	if c.Replay != "" && !ok {
		return fmt.Errorf("%w %q", emulator.ErrSeries, c.Replay)
	}
	key, certificate, err := c.credential()
	if err != nil {
		return err
	}
	info, err := os.Stat(c.File)
	if err == nil && info.Size() > errorreport.MaxMailed {
		return refusedReport(errorreport.ErrTooLarge)
	}
	file, err := os.ReadFile(c.File)
	if err != nil {
		return ended(failure.Unreadable, err)
	}
	report, exchanges, err := errorreport.Open(file, key, certificate)
	if err != nil {
		return refusedReport(err)
	}
	diagnosis, _ := report.Diagnose()
	for _, section := range []struct {
		title string
		lines []string
	}{
		{"Contenuto", report.Contents()},
		{"Cronologia", report.Timeline()},
		{"Causa probabile", []string{diagnosis.Cause}},
		{"Che cosa dire al cittadino", []string{diagnosis.Tell}},
	} {
		fmt.Fprintf(p.out, "%s\n  %s\n\n", section.title, strings.Join(section.lines, "\n  "))
	}
	if c.Replay == "" {
		return nil
	}
	if exchanges == nil {
		return ended(failure.NoTranscript, nil)
	}
	return c.replay(p, model, exchanges)
}

// credential reads the desk's key and, where given, its certificate.
func (c *reportOpen) credential() (crypto.Decrypter, *x509.Certificate, error) {
	b, err := os.ReadFile(c.Key)
	if err != nil {
		return nil, nil, ended(failure.Unreadable, err)
	}
	signer, err := ca.ParseKey(b)
	clear(b)
	if err != nil {
		return nil, nil, ended(failure.DeskKey, err)
	}
	key, ok := signer.(crypto.Decrypter)
	if !ok {
		return nil, nil, ended(failure.DeskKey, nil)
	}
	if c.Certificate == "" {
		return key, nil, nil
	}
	if b, err = os.ReadFile(c.Certificate); err != nil {
		return nil, nil, ended(failure.Unreadable, err)
	}
	list, err := errorreport.ParseRecipients(b)
	if err != nil || len(list) != 1 {
		return nil, nil, ended(failure.DeskCertificate, err)
	}
	return key, list[0], nil
}

// refusedReport maps an error of errorreport to a code word and a sentence.
func refusedReport(err error) error {
	for _, r := range []struct {
		reason error
		code   failure.Code
	}{
		{errorreport.ErrTooLarge, failure.ReportTooLarge},
		{errorreport.ErrTruncated, failure.ReportTruncated},
		{errorreport.ErrNotRecipient, failure.ReportOtherKey},
		{errorreport.ErrTampered, failure.ReportTampered},
		{errorreport.ErrNewer, failure.ReportNewer},
		{errorreport.ErrForeign, failure.ReportForeign},
	} {
		if errors.Is(err, r.reason) {
			return ended(r.code, nil)
		}
	}
	return err
}

// replay sends the exchanges to a new emulated card and prints the differing status words.
func (c *reportOpen) replay(p *program, model *cardmodel.Model, exchanges *transcript.Transcript) error {
	card, err := emulator.Demo(c.Replay, rand.Reader)
	if err != nil {
		return err
	}
	defer card.Close()
	objects, err := objectData(card.Clone(), model, exchanges)
	if err != nil {
		return err
	}
	n, differences := errorreport.Replay(exchanges, card, func(command transcript.Bytes, sw string) []byte {
		return withheld(model, objects, command, sw)
	})
	fmt.Fprintf(p.out, "Prova su una tessera emulata %s\n  %d risposte confrontate, %d diverse.\n", c.Replay, n,
		len(differences))
	for _, d := range differences {
		fmt.Fprintf(p.out, "  riga %d, fase %s, %s: tessera %s, emulata %s\n", d.Entry, d.Step, d.Command, d.Recorded,
			d.Played)
	}
	return nil
}

// withheld returns the data of a command that the report omits: the demonstration card's code if the citizen's was
// right, a wrong one of that length otherwise, and the data of the key objects.
func withheld(model *cardmodel.Model, objects map[string][][]byte, command transcript.Bytes, sw string) []byte {
	if command.Withheld == 0 || len(command.Head) < 5 {
		return nil
	}
	switch command.Head[1] {
	case iso7816.INSVerify:
		form, code := model.PIN.Value, emulator.DemoPIN
		if command.Head[3]&0x7F == model.PUK.Value.Reference {
			form, code = model.PUK.Value, emulator.DemoPUK
		}
		if sw != "9000" {
			code = strings.Repeat("0", len(code))
		}
		data := bytes.Repeat([]byte{form.Pad}, max(command.Withheld, len(code)))
		copy(data, code)
		return data
	case iso7816.INSPutData:
		k := string(command.Head)
		if list := objects[k]; len(list) > 0 {
			objects[k] = append(list[1:], list[0])
			return list[0]
		}
	}
	return nil
}

// objectData returns the data of the PUT DATA commands, by their headers, that this program sends to a card of the
// model for the key in the exchanges. It obtains them from a card that answers 9000 to each.
func objectData(card *emulator.Card, model *cardmodel.Model, exchanges *transcript.Transcript) (map[string][][]byte,
	error) {
	slot, ok := slotOf(model, exchanges)
	if !ok {
		return nil, nil
	}
	a := &acceptingCard{Card: card, data: map[string][][]byte{}}
	s, err := cns.Open(a)
	if err != nil {
		return nil, fmt.Errorf("the emulated card: %w", err)
	}
	defer s.ForgetPIN()
	err = s.UnlockInBlock([]byte(emulator.DemoPIN), func(b *cns.Block) error {
		a.accepting = true
		return errors.Join(b.PutEnvironment(slot), b.PutKeyObjects(slot))
	})
	return a.data, err
}

// slotOf finds the slot of the key that the exchanges generate, the first one if they generate none.
func slotOf(model *cardmodel.Model, exchanges *transcript.Transcript) (cardmodel.Slot, bool) {
	slots := model.NewSlots.Value
	for _, e := range exchanges.Entries {
		h := e.Command.Head
		// GENERATE KEY PAIR: class, key id, …
		if e.Kind != transcript.Exchange || len(h) < 7 || h[1] != iso7816.INSGenerateKeyPair {
			continue
		}
		for _, p := range slots {
			if p.Key.ID == h[6] {
				return p, true
			}
		}
	}
	if len(slots) == 0 {
		return cardmodel.Slot{}, false // a series that cannot be renewed
	}
	return slots[0], true
}

// acceptingCard is a card that answers 9000 to SELECT and PUT DATA once accepting is set, and keeps the data.
type acceptingCard struct {
	*emulator.Card
	accepting bool
	data      map[string][][]byte
}

func (a *acceptingCard) Transmit(b []byte) ([]byte, error) {
	if !a.accepting || b[1] != 0xA4 && b[1] != 0xDA {
		return a.Card.Transmit(b)
	}
	if b[1] == iso7816.INSPutData {
		head := 5
		if b[4] == 0 {
			head = 7 // extended Lc
		}
		k := string(b[:head])
		a.data[k] = append(a.data[k], bytes.Clone(b[head:]))
	}
	return []byte{0x90, 0x00}, nil
}
