// SPDX-License-Identifier: EUPL-1.2

package renewal

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"errors"

	"rinnova/cns"
)

func (n *run) keyKnown() bool { return n.public != nil }

// generate sees to it that the place holds a key whose public key is known, and makes one only where
// nobody knows of any. Places whose key reference is somebody else's are passed over.
func (n *run) generate(context.Context) error {
	for {
		n.rec.Place, n.rec.Campaign = n.place.Number, n.campaign
		n.save()
		err := n.s.Block(n.generateIn)
		if !errors.Is(err, errTaken) {
			return err
		}
		next := n.place.Number + 1
		for ; next < len(n.s.Contents.Places); next++ {
			if s := n.s.Contents.Places[next].Certificate.State; s == cns.Absent || s == cns.Empty || s == cns.Partial {
				break
			}
		}
		if next == len(n.s.Contents.Places) {
			return fail("no-room", err)
		}
		n.place = n.s.Contents.Places[next]
	}
}

func (n *run) generateIn(b *cns.Block) error {
	p := n.place.Where
	stored, temporary, err := b.PublicKeys(p)
	if err != nil {
		return err
	}
	for _, k := range n.claims(stored, temporary) {
		ok, err := b.Holds(p.Key, k)
		if err != nil {
			return err
		}
		if ok {
			return n.keep(b, k, stored)
		}
	}
	if n.s.Model.NewEnvironment.Value {
		if err := b.PutEnvironment(p); err != nil {
			return err
		}
	}
	switch err := b.PutKeyObjects(p); {
	case errors.Is(err, cns.ErrKeyTaken):
		if err := n.replaceable(b); err != nil {
			return err
		}
	case err != nil:
		return err
	}
	if err := b.BlankCertificate(p); err != nil { // it is of a key that is about to go, if of any
		return err
	}
	k, err := b.Generate(p)
	if err != nil {
		return err
	}
	// That the key is the one reported shows in the next step: its signature is checked with it.
	return n.keep(b, k, nil)
}

// claims lists the public keys that somebody names for the place's key: journal, card, service.
func (n *run) claims(stored, temporary *rsa.PublicKey) []*rsa.PublicKey {
	var list []*rsa.PublicKey
	add := func(k any) {
		if k, ok := k.(*rsa.PublicKey); ok && k != nil && k.N.BitLen() == n.s.Model.NewKeyBits.Value {
			for _, have := range list {
				if have.Equal(k) {
					return
				}
			}
			list = append(list, k)
		}
	}
	add(stored)
	add(temporary)
	if n.rec.Place == n.place.Number {
		if k, err := x509.ParsePKIXPublicKey(n.rec.PublicKey); err == nil {
			add(k)
		}
	}
	for _, der := range n.kept() {
		if c, err := x509.ParseCertificate(der); err == nil {
			add(c.PublicKey)
		}
	}
	return list
}

// keep records a proven public key in the journal and in the place's own file, and only then lets the
// temporary file go.
func (n *run) keep(b *cns.Block, k, stored *rsa.PublicKey) error {
	spki, err := x509.MarshalPKIXPublicKey(k)
	if err != nil {
		return err
	}
	n.rec.PublicKey = spki
	n.save()
	if stored == nil || !stored.Equal(k) {
		if err := b.WritePublicKey(n.place.Where, k); err != nil {
			return err
		}
	}
	if err := b.DeleteTemporary(n.place.Where); err != nil {
		return err
	}
	n.public = k
	return nil
}

// replaceable says whether a key that nobody can name may be generated anew in its place: the PIN opens it
// or it is an empty object, no certificate on the card belongs to it, and the service, which was asked,
// issued nothing for this old certificate, or for a key that the test signature has refuted.
func (n *run) replaceable(b *cns.Block) error {
	state, err := b.Probe(n.place.Where.Key)
	if err != nil || state == cns.KeyUnusable {
		return err
	}
	if state == cns.KeyForeign || n.standing == nil {
		return errTaken
	}
	for _, p := range n.s.Contents.Places {
		if p.Certificate.State != cns.Readable {
			continue
		}
		if k, ok := p.Certificate.Certificate.PublicKey.(*rsa.PublicKey); ok && k.N.BitLen() == n.s.Model.NewKeyBits.Value {
			if ok, err := b.Holds(n.place.Where.Key, k); err != nil || ok {
				if err == nil {
					err = errTaken
				}
				return err
			}
		}
	}
	return nil
}
