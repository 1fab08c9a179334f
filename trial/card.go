// SPDX-License-Identifier: EUPL-1.2

package trial

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"fmt"
	"math/big"
	"slices"
	"time"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/emulator"
	"rinnova.example/go/holder"
	"rinnova.example/go/service/ca"
	"rinnova.example/go/service/campaign"
)

// Codes of a card where CardRequest says none.
const (
	PIN = emulator.DemoPIN
	PUK = emulator.DemoPUK
)

// Holder is the invented person whose data a card holds where CardRequest names no other.
var Holder = holder.PersonalData{Issuer: "6090", Surname: "ESEMPIO", Name: "BRUNILDE", BirthDate: "07101978", Sex: "F",
	CodiceFiscale: "SMPBNL78R47D612H", BirthMunicipality: "D612", ResidenceMunicipality: "D612"}

// CardRequest describes the card to issue. Only Series and the dates are required.
type CardRequest struct {
	Series string
	// of the card, 16 digits; "": drawn at random, for an invented card of 6090
	Number    string
	Holder    holder.PersonalData                // zero: Holder; the dates of the card are its certificate's
	Key       string                             // name in Keys of the old key; "": the card's number
	Generator func(int) (*rsa.PrivateKey, error) // of new keys; nil: the emulator's own
	PIN, PUK  string                             // "": PIN and PUK

	NotBefore, NotAfter time.Time // of the old certificate
	WithoutCertificate  bool
	Unreadable          bool // the certificate on the card is broken
	Unregistered        bool // the service does not know the certificate
}

// Card is an issued card and what the registry knows of it.
type Card struct {
	*emulator.Card
	Number      string
	Key         *rsa.PrivateKey   // the old one
	Certificate *x509.Certificate // the old one, nil where there is none
}

// Series lists every series of the card models, in order.
func Series() []string {
	var list []string
	for _, m := range cardmodel.Models() {
		list = append(list, m.Sigle()...)
	}
	slices.Sort(list)
	return list
}

// Issue makes a card with a key, an old certificate of the legacy root, and a row in the registry.
func (s *Service) Issue(ctx context.Context, r CardRequest) (*Card, error) {
	c, err := s.Personalize(r)
	if err == nil && c.Certificate != nil && !r.Unregistered {
		err = s.Authority.Register(ctx, c.Certificate)
	}
	if err != nil {
		return nil, err
	}
	return c, nil
}

// Personalize makes a card as Issue does, and registers nothing.
func (s *Service) Personalize(r CardRequest) (*Card, error) {
	model, _, ok := cardmodel.BySeries(r.Series)
	if !ok {
		return nil, fmt.Errorf("%w %q", emulator.ErrSeries, r.Series)
	}
	r, err := s.complete(r)
	if err != nil {
		return nil, err
	}
	data, err := r.Holder.Encode()
	if err != nil {
		return nil, err
	}
	c := &Card{Number: r.Number}
	if c.Key, err = s.Keys.Key(r.Key, model.IssuedKeyBits.Value); err != nil {
		return nil, err
	}
	personal := emulator.Personalization{IDCarta: r.Number, PersonalData: data, Key: c.Key, PIN: r.PIN, PUK: r.PUK,
		Rand: s.Random}
	if !r.WithoutCertificate {
		c.Certificate, err = s.Legacy.IssueOld(ca.OldRequest{Administration: "Regione Esempio",
			GivenName: Holder.Name, Surname: Holder.Surname,
			CN: holder.CN{CodiceFiscale: holder.CodiceFiscale(r.Holder.CodiceFiscale), Card: holder.IDCarta(r.Number),
				Hash: holder.HashPersonalData(data)},
			PublicKey: &c.Key.PublicKey, Signature: x509.SHA256WithRSA,
			NotBefore: r.NotBefore, NotAfter: r.NotAfter, PublicURL: s.PublicURL})
		if err != nil {
			return nil, err
		}
		personal.Certificate = c.Certificate.Raw
		if r.Unreadable {
			personal.Certificate = bytes.Clone(c.Certificate.Raw)
			personal.Certificate[5] ^= 0xFF // the tag of TBSCertificate
		}
	}
	if c.Card, err = emulator.Issue(r.Series, personal); err != nil {
		return nil, err
	}
	if r.Generator != nil {
		c.Card.SetKeys(r.Generator)
	}
	return c, nil
}

// complete fills in what a request leaves open.
func (s *Service) complete(r CardRequest) (CardRequest, error) {
	if r.Number == "" {
		n, err := rand.Int(s.Random, big.NewInt(1e11))
		if err != nil {
			return r, err
		}
		r.Number = fmt.Sprintf("60909%011d", n) // 9 after the issuer's code: an invented card
	}
	if r.Holder == (holder.PersonalData{}) {
		r.Holder = Holder
	}
	day := func(t time.Time) string { return t.In(campaign.Rome).Format("02012006") }
	r.Holder.IssueDate, r.Holder.ExpiryDate = day(r.NotBefore), day(r.NotAfter)
	if r.Key == "" {
		r.Key = r.Number
	}
	if r.PIN == "" {
		r.PIN = PIN
	}
	if r.PUK == "" {
		r.PUK = PUK
	}
	return r, nil
}
