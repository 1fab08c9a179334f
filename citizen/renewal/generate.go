// SPDX-License-Identifier: EUPL-1.2

package renewal

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"slices"

	"rinnova.example/go/card/cns"
	"rinnova.example/go/failure"
	"rinnova.example/go/holder"
)

// generate leaves a key in the slot whose public key is known. It makes a key only where no source knows one. It
// skips slots whose key reference belongs to another application.
func (n *run) generate(ctx context.Context) error {
	for {
		n.rec.Slot, n.rec.Campaign = n.slot.Number, n.campaign
		n.save()
		err := n.card(ctx, n.generateIn)
		if !errors.Is(err, errTaken) {
			return err
		}
		next := n.slot.Number + 1
		for ; next < len(n.s.Contents.Slots); next++ {
			if s := n.s.Contents.Slots[next].Certificate.State; s == cns.FileAbsent || s == cns.FileEmpty ||
				s == cns.FilePartial {
				break
			}
		}
		if next == len(n.s.Contents.Slots) {
			return fail(failure.NoRoom, err)
		}
		n.slot = n.s.Contents.Slots[next]
	}
}

func (n *run) generateIn(b *cns.Block) error {
	p := n.slot.Location
	stored, temporary, err := b.PublicKeys(p)
	if err != nil {
		return err
	}
	for _, k := range n.claims(stored, temporary) {
		ok, err := b.KeyMatches(p.Key, k)
		if err != nil {
			return err
		}
		if chooseKeyAction(keyFacts{Claimed: ok}) == keepKey {
			return n.keep(b, k, stored)
		}
	}
	if n.s.Model.NewEnvironment.Value {
		if err := b.PutEnvironment(p); err != nil {
			return err
		}
	}
	facts := keyFacts{Asked: n.standing != nil}
	switch err := b.PutKeyObjects(p); {
	case errors.Is(err, cns.ErrKeyTaken):
		facts.Taken = true
		if err := n.probe(b, &facts); err != nil {
			return err
		}
	case err != nil:
		return err
	}
	if chooseKeyAction(facts) == nextPlace {
		return errTaken
	}
	if err := b.BlankCertificate(p); err != nil { // it would not match the new key
		return err
	}
	k, err := b.Generate(p)
	if err != nil {
		return err
	}
	// The next step proves that the new key is the one reported: it checks the signature with it.
	return n.keep(b, k, nil)
}

// claims lists the public keys that journal, card and service give for the slot's key.
func (n *run) claims(stored, temporary *rsa.PublicKey) []*rsa.PublicKey {
	var list []*rsa.PublicKey
	add := func(k any) {
		if k, ok := k.(*rsa.PublicKey); ok && k != nil && k.N.BitLen() == n.s.Model.NewKeyBits.Value {
			if same := func(have *rsa.PublicKey) bool { return have.Equal(k) }; !slices.ContainsFunc(list, same) &&
				!slices.ContainsFunc(n.spent, same) {
				list = append(list, k)
			}
		}
	}
	add(stored)
	add(temporary)
	if n.rec.Slot == n.slot.Number {
		if k, err := x509.ParsePKIXPublicKey(n.rec.PublicKey); err == nil {
			add(k)
		}
	}
	for _, der := range n.kept() {
		if c, err := holder.ParseCertificate(der); err == nil {
			add(c.PublicKey)
		}
	}
	return list
}

// keep records a proven public key in the journal and in the slot's own file; only then it deletes the temporary
// file.
func (n *run) keep(b *cns.Block, k, stored *rsa.PublicKey) error {
	spki, err := x509.MarshalPKIXPublicKey(k)
	if err != nil {
		return err
	}
	n.rec.PublicKey = spki
	n.save()
	if stored == nil || !stored.Equal(k) {
		if err := b.WritePublicKey(n.slot.Location, k); err != nil {
			return err
		}
	}
	if err := b.DeleteTemporary(n.slot.Location); err != nil {
		return err
	}
	n.public = k
	return nil
}

// probe fills in the facts about a key reference that was in use before this run.
func (n *run) probe(b *cns.Block, f *keyFacts) error {
	var err error
	if f.State, err = b.ProbeKey(n.slot.Location.Key); err != nil {
		return err
	}
	if f.State != cns.KeyUsable {
		return nil
	}
	for _, p := range n.s.Contents.Slots {
		if p.Certificate.State != cns.FileReadable {
			continue
		}
		k, ok := p.Certificate.Certificate.PublicKey.(*rsa.PublicKey)
		if !ok || k.N.BitLen() != n.s.Model.NewKeyBits.Value {
			continue
		}
		if f.Belongs, err = b.KeyMatches(n.slot.Location.Key, k); err != nil || f.Belongs {
			return err
		}
	}
	return nil
}
