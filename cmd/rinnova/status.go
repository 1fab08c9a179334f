// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"fmt"
	"strings"
	"time"

	"rinnova.example/go/card/cns"
	"rinnova.example/go/catalogue/usage"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/citizen/terminal"
	"rinnova.example/go/failure"
	"rinnova.example/go/plaintext"
)

type statusCommand struct{}

// statusJSON is the answer of status --json.
type statusJSON struct {
	Reader       string            `json:"reader"`
	ATR          string            `json:"atr"`
	Model        string            `json:"model"`
	Series       []string          `json:"series"`
	IDCarta      string            `json:"idCarta"`
	Certificates []certificateJSON `json:"certificates"`
	Renewable    bool              `json:"renewable"`
	Reason       failure.Code      `json:"reason"`
	Campaign     string            `json:"campaign,omitempty"`
}

type certificateJSON struct {
	Slot      int       `json:"slot"`
	Serial    string    `json:"serial"`
	NotBefore time.Time `json:"notBefore"`
	NotAfter  time.Time `json:"notAfter"`
	KeyBits   int       `json:"keyBits"`
	Renewed   bool      `json:"renewed"`
}

// Run shows the card. It succeeds if the card was read, renewable or not.
func (statusCommand) Run(p *program) error {
	o, r, err := p.begin()
	if err != nil {
		return err
	}
	defer o.Close()
	v, err := r.Look(p.ctx)
	if err != nil {
		return err
	}
	s := statusJSON{Reader: o.reader, ATR: fmt.Sprintf("%X", o.ATR()), Model: v.Session.Model.ID,
		Series:  v.Session.Model.Sigle(),
		IDCarta: v.Session.IDCarta.Masked(), Certificates: []certificateJSON{}, Campaign: v.Campaign,
		Renewable: v.Refusal == nil}
	if s.Reader == "" {
		s.Reader = p.Card
	}
	if v.Refusal != nil {
		s.Reason = v.Refusal.Code
	}
	for _, h := range v.Candidates {
		s.Certificates = append(s.Certificates, describe(h))
	}
	if p.JSON {
		p.event(s)
		return nil
	}
	p.printStatus(v, s)
	return nil
}

func describe(h cns.Slot) certificateJSON {
	c := h.Certificate.Certificate
	bits := 0
	if k, ok := c.PublicKey.(interface{ Size() int }); ok {
		bits = 8 * k.Size()
	}
	return certificateJSON{h.Number, fmt.Sprintf("%X", c.SerialNumber), c.NotBefore, c.NotAfter, bits, h.Number > 0}
}

func (p *program) printStatus(v *renewal.View, s statusJSON) {
	fmt.Fprintf(p.out, "Titolare:     %s %s\n", plaintext.Line(v.Session.Personal.Name),
		plaintext.Line(v.Session.Personal.Surname))
	fmt.Fprintf(p.out, "Tessera:      %s\n", s.IDCarta)
	fmt.Fprintf(p.out, "Modello:      %s (sigle: %s)\n", v.Session.Model.Name, strings.Join(s.Series, ", "))
	now, paper := time.Now(), terminal.NewPaper(p.out)
	if clock, err := p.clock(); err == nil {
		now = clock()
	}
	for _, c := range s.Certificates {
		kind := "di emissione"
		if c.Renewed {
			kind = "rinnovato"
		}
		if now.After(c.NotAfter) {
			kind += ", SCADUTO"
		}
		fmt.Fprintf(p.out, "Certificato:  %s, valido dal %s al %s, chiave di %d bit\n", kind,
			terminal.Date(c.NotBefore), terminal.Date(c.NotAfter), c.KeyBits)
	}
	fmt.Fprintln(p.out)
	renew := usage.Again(p.line, "rinnova renew")
	switch {
	case s.Renewable && v.Begun:
		paper.Line("Un rinnovo è cominciato e non è finito: esegui `" + renew + "`, che riprende da dove si è fermato.")
	case s.Renewable:
		paper.Line(fmt.Sprintf("Il certificato è rinnovabile (campagna %s): esegui `%s`.", s.Campaign, renew))
		if v.Session.Model.NeedsPUK() && !v.Session.Contents.HasSignatureDF {
			paper.Line("Per questa tessera servono il PIN e il PUK.")
		}
	case v.Refusal.Exit() == failure.ExitNothing, v.Refusal.Exit() == failure.ExitRefused &&
		v.Refusal.Code.SaidByService():
		e := p.explain(v.Refusal)
		for _, line := range []string{fmt.Sprintf(textNothing, s.IDCarta), e.What, e.Do} {
			paper.Line(line)
		}
	default:
		e := p.explain(v.Refusal)
		for _, line := range []string{"Non è stato possibile sapere se il certificato è rinnovabile.", e.What, e.Do,
			"Codice: " + string(s.Reason)} {
			paper.Line(line)
		}
	}
}
