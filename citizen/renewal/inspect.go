// SPDX-License-Identifier: EUPL-1.2

package renewal

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/semver"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/cns"
	"rinnova.example/go/cmp"
	"rinnova.example/go/failure"
)

// inspect makes every check that needs no PIN: the model, the service's standing and campaign, the series, the slot
// for the new pair and the memory for it.
func (n *run) inspect(ctx context.Context) error {
	if code := n.s.Model.NotRenewable.Value; code != "" {
		return fail(code, nil)
	}
	held := candidates(n.s)
	if len(held) == 0 {
		switch n.s.Contents.Slots[0].Certificate.State {
		case cns.FileMalformed, cns.FileCompressed:
			return fail(failure.CertificateUnreadable, nil)
		}
		return fail(failure.NoCertificate, nil)
	}
	if err := n.standings(ctx, held); err != nil {
		return err
	}
	if err := n.recent(); err != nil {
		return err
	}
	if !bytes.Equal(n.rec.Old, hash(n.base.Certificate.Certificate)) {
		n.rec = record{Old: hash(n.base.Certificate.Certificate)} // the journal's is of another renewal of this card
	}
	if err := n.decide(ctx); err != nil {
		return err
	}
	if err := n.series(ctx); err != nil {
		return err
	}
	if err := n.chooseSlot(); err != nil {
		return err
	}
	n.inspected, n.prepared = true, len(n.s.Model.NeededDFs.Value) == 0
	return nil
}

// recent refuses a program that is older than the service's minimum, in the order of Semantic Versioning 2.0.0 §11: a
// development version 0.2.0-dev comes before 0.2.0. A malformed version, of the service or of this program, cannot be
// compared and refuses no program. The service's signature protects the minimum.
func (n *run) recent() error {
	own, minimum := "v"+n.Version, "v"+n.service.MinimumVersion
	switch {
	case n.service.MinimumVersion == "" || n.Version == "":
	case len(minimum) > maxVersion || !semver.IsValid(minimum):
		n.tell(Event{Step: "inspect", State: Noted, Code: "minimum-version-malformed"})
	case semver.IsValid(own) && semver.Compare(own, minimum) < 0:
		f := fail(failure.ProgramTooOld, nil)
		f.Text = n.service.MinimumVersion
		return f
	}
	return nil
}

// maxVersion is the longest version that is shown to a person, in bytes.
const maxVersion = 64

// decide applies the service's decision and chooses the campaign. Without a standing, the answer to the kur decides.
func (n *run) decide(ctx context.Context) error {
	for {
		if n.standing == nil {
			n.campaign = n.Campaign
			return nil
		}
		switch judge(n.witnesses()) {
		case waitTurn:
			if n.Prompter == nil {
				return n.chooseCampaign() // a look does not wait in the queue
			}
		case refusedByService:
			return fail(failure.FromService(n.standing.Reason), nil)
		case hasRenewed:
			return fail(failure.AlreadyRenewed, nil)
		case notKnown:
			return fail(failure.NotInRegistry, nil)
		default:
			return n.chooseCampaign()
		}
		after := max(n.standing.CheckAfter, time.Second)
		n.tell(Event{Step: "inspect", State: Waiting, Position: n.standing.Position, For: after})
		if err := n.Wait(ctx, after); err != nil {
			return err
		}
		var res *cmp.InformResponse
		if err := n.persist(ctx, func(ctx context.Context) (err error) {
			res, err = n.ask(ctx, cmp.InformRequest{StandingOf: n.rec.Old})
			return err
		}); err != nil {
			return err
		}
		n.standing = res.Standing
	}
}

// witnesses returns what card, journal and service say of the certificate that was issued, if there is one.
func (n *run) witnesses() witnesses {
	issued := n.standing.Issued
	return witnesses{
		Standing: n.standing.Decision,
		Issued:   len(issued) > 0,
		OnCard: slices.ContainsFunc(n.s.Contents.Slots, func(p cns.Slot) bool {
			return p.Number > 0 && p.Certificate.State == cns.FileReadable &&
				bytes.Equal(p.Certificate.Certificate.Raw, issued)
		}),
		Journal: n.rec.Certificate != nil && !n.rec.Confirmed && bytes.Equal(n.rec.Certificate, issued),
	}
}

// chooseCampaign chooses the campaign asked for, else that of the renewal begun before, else the only one.
func (n *run) chooseCampaign() error {
	st := n.standing
	switch {
	case n.Campaign != "":
		n.campaign = n.Campaign
		if len(st.Campaigns) > 0 && !slices.Contains(st.Campaigns, n.Campaign) {
			return fail(n.refusedBy(n.Campaign), nil)
		}
	case slices.Contains(st.Campaigns, n.rec.Campaign):
		n.campaign = n.rec.Campaign
	case len(st.Campaigns) == 1:
		n.campaign = st.Campaigns[0]
	case len(st.Campaigns) > 1:
		f := fail(failure.CampaignAmbiguous, nil)
		f.Text = strings.Join(st.Campaigns, ", ")
		return f
	}
	return nil
}

// refusedBy returns the reason why a campaign that was asked for by name does not accept the certificate.
func (n *run) refusedBy(id string) failure.Code {
	if slices.ContainsFunc(n.open, func(c cmp.Campaign) bool { return c.ID == id }) {
		return failure.NotInWindow
	}
	return failure.CampaignClosed
}

// series asks the citizen for the sigla only if the chip may carry several siglas and the campaign accepts some of
// them only.
func (n *run) series(ctx context.Context) error {
	sigle := n.s.Model.Sigle()
	if n.Series != "" {
		if !slices.Contains(sigle, n.Series) {
			return fail(failure.SeriesNotInCampaign, nil)
		}
		sigle = []string{n.Series}
	}
	i := slices.IndexFunc(n.open, func(c cmp.Campaign) bool { return c.ID == n.campaign })
	if i < 0 || len(n.open[i].Series) == 0 {
		return nil
	}
	accepted := func(s string) bool { return slices.Contains(n.open[i].Series, s) }
	if !slices.ContainsFunc(sigle, accepted) {
		return fail(failure.SeriesNotInCampaign, nil)
	}
	if !slices.ContainsFunc(sigle, func(s string) bool { return !accepted(s) }) {
		return nil
	}
	if n.Prompter == nil {
		n.asksSeries = true // a look only notes that the renewal will ask
		return nil
	}
	s, err := n.Prompter.Consent(ctx, Question{Kind: AskSeries, Options: sigle})
	if err != nil {
		if f := Classify(err); f.Code == failure.InputMissing {
			return fail(failure.SeriesNeeded, err)
		}
		return err
	}
	if !slices.Contains(sigle, s) || !accepted(s) {
		return fail(failure.SeriesNotInCampaign, nil)
	}
	return nil
}

// chooseSlot chooses the slot that holds the certificate issued for this one, else the slot in the journal, else the
// first without a certificate. It then checks the memory with room.
func (n *run) chooseSlot() error {
	free := func(p cns.Slot) bool {
		s := p.Certificate.State
		return p.Number > 0 && (s == cns.FileAbsent || s == cns.FileEmpty || s == cns.FilePartial)
	}
	slots := n.s.Contents.Slots
	i := slices.IndexFunc(slots, func(p cns.Slot) bool { return p.Number > 0 && n.unfinished(p.Certificate) })
	if i < 0 {
		i = slices.IndexFunc(slots, func(p cns.Slot) bool { return free(p) && p.Number == n.rec.Slot })
	}
	if i < 0 {
		i = slices.IndexFunc(slots, free)
	}
	if i < 0 {
		return fail(failure.NoRoom, nil)
	}
	n.slot = slots[i]
	return n.room()
}

// room refuses a slot without any part of a new pair if its DFs lack the memory for one. The free memory of the
// certificates' DF was read with the card. That of a separate DF of the keys is read only when a renewal begins, not
// for a look.
func (n *run) room() error {
	m, w := n.s.Model, n.slot.Location
	if n.slot.Certificate.State != cns.FileAbsent || n.rec.Slot == n.slot.Number {
		return nil
	}
	root := w.Certificate.Parent()
	inRoot := func(p cardmodel.Path) bool { return len(p) >= len(root) && slices.Equal(root, p[:len(root)]) }
	need := m.CertificateSize.Value
	if inRoot(w.PublicKey) {
		need += m.PublicKeySize.Value
	}
	// A key object stores two components of the size of the modulus, and their headers.
	key := m.TemporarySize.Value + 3*m.NewKeyBits.Value/8
	if inRoot(w.Key.DF) {
		need, key = need+key, 0
	}
	short := n.s.Contents.FreeBytes >= 0 && n.s.Contents.FreeBytes < need
	if !short && key > 0 && n.Prompter != nil {
		free, err := n.s.FreeBytes(w.Key.DF)
		if err != nil {
			return err
		}
		short = free >= 0 && free < key
	}
	if !short {
		return nil
	}
	begun, err := n.s.HasPartialPair(w)
	if err == nil && !begun {
		err = fail(failure.NoRoom, nil)
	}
	return err
}

// unfinished reports whether a certificate on the card is the result of the renewal that continues.
func (n *run) unfinished(f cns.CertificateFile) bool {
	if f.State != cns.FileReadable {
		return false
	}
	return n.standing != nil && bytes.Equal(f.Certificate.Raw, n.standing.Issued) ||
		bytes.Equal(f.Certificate.Raw, n.rec.Certificate)
}
