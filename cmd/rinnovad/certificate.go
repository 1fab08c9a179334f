// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"rinnova.example/go/failure"
	"rinnova.example/go/service/store"
)

// certificateLine is a certificate in the output of list and revoke. Digests are lower-case hexadecimal.
type certificateLine struct {
	Serial    string    `json:"serial"`
	OldSHA256 string    `json:"oldSha256"` // of the certificate it renews; of itself for an old one
	State     string    `json:"state"`
	Valid     bool      `json:"valid"` // signed, in date, neither revoked nor suspended
	NotBefore time.Time `json:"notBefore"`
	NotAfter  time.Time `json:"notAfter"`
	Campaign  string    `json:"campaign"` // "" for an old one
}

func lineOf(c store.Certificate, now time.Time) certificateLine {
	return certificateLine{
		Serial: string(c.Serial), OldSHA256: c.Old.String(), State: string(c.State),
		Valid:     c.Status == store.Active && !now.Before(c.NotBefore) && !now.After(c.NotAfter),
		NotBefore: c.NotBefore, NotAfter: c.NotAfter, Campaign: c.Campaign,
	}
}

type certificateList struct{ serviceDir }

func (c *certificateList) Run(p *program) error {
	clock, err := c.clock()
	if err != nil {
		return err
	}
	s, err := c.open(p.ctx, clock())
	if err != nil {
		return err
	}
	defer s.Close()
	all, err := s.Certificates(p.ctx)
	if err != nil {
		return err
	}
	lines := []certificateLine{}
	for _, c := range all {
		lines = append(lines, lineOf(c, clock()))
	}
	return p.print(lines)
}

func (p *program) print(v any) error {
	e := json.NewEncoder(p.out)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

type certificateRevoke struct {
	serviceDir
	Certificate string `arg:"" name:"certificato" help:"Numero di serie, o SHA-256 del certificato, in esadecimale."`
}

// Run revokes a certificate, one that the service issued or an old one, and prints it.
func (c *certificateRevoke) Run(p *program) error {
	clock, err := c.clock()
	if err != nil {
		return err
	}
	now := clock()
	s, err := c.open(p.ctx, now)
	if err != nil {
		return err
	}
	defer s.Close()
	found, err := c.registered(p, s)
	if err != nil {
		return err
	}
	if err := s.SetStatus(p.ctx, found.Digest, store.Revoked, store.ReasonUnspecified, now); err != nil {
		return err
	}
	issued, err := s.WithDigest(p.ctx, found.Digest)
	if errors.Is(err, store.ErrNotFound) {
		return p.print(certificateLine{
			Serial: string(found.Serial), OldSHA256: found.Digest.String(), State: string(store.Revoked),
			NotBefore: found.NotBefore, NotAfter: found.NotAfter,
		})
	}
	if err != nil {
		return err
	}
	return p.print(lineOf(issued, now))
}

// registered finds the one certificate that has this digest or serial number.
func (c *certificateRevoke) registered(p *program, s *store.Store) (store.Registration, error) {
	word := strings.ToLower(strings.ReplaceAll(c.Certificate, ":", ""))
	if b, err := hex.DecodeString(word); err == nil && len(b) == len(store.Digest{}) {
		r, err := s.Registered(p.ctx, store.Digest(b))
		if errors.Is(err, store.ErrNotFound) {
			err = ended(failure.CertificateUnknown, nil)
		}
		return r, err
	}
	serial, ok := store.ParseSerial(c.Certificate)
	if !ok {
		return store.Registration{}, misused("il numero di serie, o lo SHA-256, va scritto in esadecimale", nil)
	}
	list, err := s.WithSerial(p.ctx, serial)
	switch {
	case err != nil:
		return store.Registration{}, err
	case len(list) == 0:
		return store.Registration{}, ended(failure.CertificateUnknown, nil)
	case len(list) > 1:
		return store.Registration{}, ended(failure.CertificateAmbiguous, nil)
	}
	return list[0], nil
}
