// SPDX-License-Identifier: EUPL-1.2

package recording

import (
	"crypto/rsa"
	"fmt"
	"slices"
	"strings"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/transcript"
	"rinnova.example/go/holder"
)

// Evidence is a fact of a card's model beside what a recording shows of it.
type Evidence struct {
	Fact     string `json:"fact"` // the field of cardmodel.Model, or "ATR of" and a sigla
	Model    string `json:"model"`
	Assumed  bool   `json:"assumed"` // no public source states the model's value
	Recorded string `json:"recorded"`
	Agrees   bool   `json:"agrees"`
}

// Judge returns what a recording shows about the facts of the model that its answer to reset belongs to. It leaves out
// a fact that this recording cannot settle: some need a card that was never renewed, others one that was. Errors are
// those of cardmodel.Match. Evidence from an Emulator says nothing about real cards.
func Judge(t *transcript.Transcript) ([]Evidence, error) {
	m, err := cardmodel.Match(t.ATR)
	if err != nil {
		return nil, err
	}
	j := &judgement{model: m, list: exchanges(t)}
	if named, s, known := cardmodel.BySeries(Series(t)); Series(t) != UnknownSeries {
		j.say("Series", m.Series.Assumed(), strings.Join(m.Sigle(), ", "), Series(t), known && named == m)
		if known && named == m {
			j.bytes("ATR of "+s.Sigla, s.ATR.Assumed(), s.ATR.Value, t.ATR)
		}
	}
	if name := m.Application; len(name.Value) > 0 {
		if x, ok := j.find("", cardmodel.Path{0x1000, 0x1003}); ok {
			j.say("Application", name.Assumed(), word(iso7816.SWFileNotFound), word(x.sw),
				x.sw == iso7816.SWFileNotFound)
		}
	}
	if m.NotRenewable.Value != "" {
		return j.found, nil
	}
	if mf, ok := j.selected(nil); ok {
		j.bytes("MFCreate", m.MFCreate.Assumed(), []byte{m.MFCreate.Value}, byteOf(mf, 0x86, 7))
		if !j.renewed() {
			free, _ := iso7816.Find(mf, 0x81)
			j.bytes("Memory", m.Memory.Assumed(), size(m.Memory.Value), free)
		}
	}
	if j.renewed() {
		j.afterRenewal()
	} else {
		j.directories("DFsAtIssue", m.DFsAtIssue)
	}
	return j.found, nil
}

type judgement struct {
	model *cardmodel.Model
	list  []exchange
	found []Evidence
}

func (j *judgement) say(fact string, assumed bool, model, recorded string, agrees bool) {
	j.found = append(j.found, Evidence{fact, model, assumed, recorded, agrees})
}

func (j *judgement) bytes(fact string, assumed bool, model, recorded []byte) {
	if recorded != nil {
		j.say(fact, assumed, fmt.Sprintf("%X", model), fmt.Sprintf("%X", recorded), slices.Equal(model, recorded))
	}
}

// find returns the last selection, with file control information, of a file in an application.
func (j *judgement) find(application string, p cardmodel.Path) (found exchange, ok bool) {
	for _, x := range j.list {
		c := x.command
		selects := c.INS == iso7816.INSSelect && x.known && c.P2 == 0x00 && x.at.application == application
		if selects && (c.P1 == 0x08 && path(c.Data).String() == p.String() || c.P1 == 0x00 && len(p) == 0) {
			found, ok = x, true
		}
	}
	return found, ok
}

// selected returns the file control parameters of a file; false where the card does not have it, or did not say.
func (j *judgement) selected(p cardmodel.Path) ([]iso7816.TLV, bool) {
	x, ok := j.find(string(j.model.Application.Value), p)
	if !ok || x.sw != iso7816.SWOK && x.sw != iso7816.SWDeactivated {
		return nil, false
	}
	return fci(x.data), true
}

// renewed reports whether the card has a file of a new pair, of this model's or of another's.
func (j *judgement) renewed() bool { return len(j.newFiles()) > 0 }

// newFiles lists the files of pairs below the signature file system.
func (j *judgement) newFiles() (there []string) {
	for _, p := range Places() {
		if list, ok := j.selected(p); ok && len(p) > 1 && p[0] == 0x1400 {
			if _, isEF := iso7816.Find(list, 0x80); isEF {
				there = append(there, p.String())
			}
		}
	}
	return there
}

// directories compares the DFs that the card has, with their access bytes, with those of a fact.
func (j *judgement) directories(name string, fact cardmodel.Fact[[]cardmodel.DF]) {
	want := map[string]string{}
	for _, d := range fact.Value {
		want[d.Path.String()] = fmt.Sprintf("%X", d.Access[:])
	}
	var model, recorded []string
	agrees := true
	for _, p := range Places() {
		key := p.String()
		if p == nil || p[0] != 0x1400 {
			continue
		}
		list, there := j.selected(p)
		_, isDF := iso7816.Find(list, 0x81)
		access, _ := iso7816.Find(list, 0x86)
		got := fmt.Sprintf("%X", access)
		expected, inModel := want[key]
		if inModel {
			model = append(model, key+" "+expected)
		}
		if there && isDF {
			recorded = append(recorded, key+" "+got)
		}
		agrees = agrees && inModel == (there && isDF) && (!inModel || got == expected)
	}
	j.say(name, fact.Assumed(), listed(model), listed(recorded), agrees)
}

func listed(s []string) string {
	if len(s) == 0 {
		return "-"
	}
	return strings.Join(s, ", ")
}

// afterRenewal judges the facts that only a renewed card shows, by its first new slot.
func (j *judgement) afterRenewal() {
	m := j.model
	if len(m.NeededDFs.Value) > 0 {
		j.directories("NeededDFs", m.NeededDFs)
	}
	slot := m.NewSlots.Value[0]
	file, ok := j.selected(slot.Certificate)
	j.say("NewSlots", m.NewSlots.Assumed(), slot.Certificate.String(), listed(j.newFiles()), ok)
	if !ok {
		return
	}
	access, _ := iso7816.Find(file, 0x86)
	want := m.ObjectAccess.Value
	j.bytes("ObjectAccess", m.ObjectAccess.Assumed(), want[:], access)
	length, _ := iso7816.Find(file, 0x80)
	j.bytes("CertificateSize", m.CertificateSize.Assumed(), size(m.CertificateSize.Value), length)
	if public, ok := j.selected(slot.PublicKey); ok {
		length, _ := iso7816.Find(public, 0x80)
		j.bytes("PublicKeySize", m.PublicKeySize.Assumed(), size(m.PublicKeySize.Value), length)
	}
	if bits := j.bits(slot.Certificate); bits > 0 {
		j.say("NewKeyBits", m.NewKeyBits.Assumed(), fmt.Sprint(m.NewKeyBits.Value), fmt.Sprint(bits),
			bits == m.NewKeyBits.Value)
	}
}

// bits is the length of the RSA key in a certificate file, 0 where none can be read.
func (j *judgement) bits(p cardmodel.Path) int {
	b := contents(j.list)[place{string(j.model.Application.Value), p.String()}]
	_, rest, err := iso7816.CutTLV(b)
	if err != nil {
		return 0
	}
	c, err := holder.ParseCertificate(b[:len(b)-len(rest)])
	if err != nil {
		return 0
	}
	k, ok := c.PublicKey.(*rsa.PublicKey)
	if !ok {
		return 0
	}
	return k.N.BitLen()
}

// size is a number of bytes as tags 80 and 81 have it.
func size(n int) []byte { return []byte{byte(n >> 8), byte(n)} }

// byteOf returns one byte of a parameter, nil where it is not there.
func byteOf(list []iso7816.TLV, tag uint32, i int) []byte {
	v, ok := iso7816.Find(list, tag)
	if !ok || i >= len(v) {
		return nil
	}
	return v[i : i+1]
}
