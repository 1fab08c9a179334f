// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/emulator"
	"rinnova.example/go/failure"
	"rinnova.example/go/holder"
	"rinnova.example/go/service/ca"
	"rinnova.example/go/service/campaign"
	"rinnova.example/go/service/store"
)

type cardIssue struct {
	serviceDir
	Series        string `required:"" placeholder:"SIGLA" help:"Sigla della tessera, per esempio AC2014."`
	Out           string `required:"" type:"path" placeholder:"FILE" help:"File della tessera emulata, da creare."`
	PIN           string `name:"pin" default:"12345" help:"PIN."`
	PUK           string `name:"puk" default:"12345678" help:"PUK."`
	Surname       string `default:"ESEMPIO" help:"Cognome del titolare, fittizio."`
	Name          string `default:"BRUNILDE" help:"Nome del titolare, fittizio."`
	CodiceFiscale string `name:"codice-fiscale" default:"SMPBNL78R47D612H" help:"Codice fiscale del titolare."`
	NotAfter      string `name:"not-after" placeholder:"DATA" help:"Scadenza: AAAA-MM-GG (fine del giorno, ora italiana) o RFC 3339; senza, fra 30 giorni."`
	KeyBits       int    `name:"key-bits" enum:"0,1024,2048" default:"0" placeholder:"1024|2048" help:"Lunghezza della vecchia chiave; senza, quella della serie."`
	Signature     string `enum:"sha1,sha256" default:"sha256" placeholder:"sha1|sha256" help:"Firma del vecchio certificato: sha1 come nel 2011, o sha256."`
	PEM           string `name:"pem" type:"path" placeholder:"DIR" help:"Cartella in cui scrivere anche old.pem e old.key."`
}

// Run issues an emulated card with an old certificate of the legacy root, and adds the certificate to the registry.
// Card number, serial number and key are drawn for each card.
func (c *cardIssue) Run(p *program) error {
	clock, err := c.clock()
	if err != nil {
		return err
	}
	now := clock().UTC().Truncate(time.Second)
	notAfter, err := c.notAfter(now)
	if err != nil {
		return err
	}
	model, _, ok := cardmodel.BySeries(c.Series)
	if !ok {
		return fmt.Errorf("%w %q", emulator.ErrSeries, c.Series)
	}
	codiceFiscale, err := holder.ParseCodiceFiscale(strings.ToUpper(c.CodiceFiscale))
	if err != nil {
		return ended(failure.CodiceFiscale, nil)
	}
	legacy, err := c.issuer(legacyName)
	if err != nil {
		return err
	}
	db, err := c.open(p.ctx, now)
	if err != nil {
		return err
	}
	defer db.Close()

	// A card and its certificate are valid for six years.
	notBefore := notAfter.AddDate(-6, 0, 0)
	if !notBefore.Before(now) {
		notBefore = now.AddDate(0, 0, -1)
	}
	person := holder.PersonalData{
		Issuer: regionCode, IssueDate: cardDate(notBefore), ExpiryDate: cardDate(notAfter),
		Surname: strings.ToUpper(c.Surname), Name: strings.ToUpper(c.Name), CodiceFiscale: string(codiceFiscale),
		ResidenceMunicipality: "D612",
	}
	person.BirthDate, person.Sex, person.BirthMunicipality, person.BirthCountry = birth(codiceFiscale, now)
	data, err := person.Encode()
	if err != nil {
		return ended(failure.CardData, nil)
	}
	number, err := drawNumber()
	if err != nil {
		return err
	}
	bits := c.KeyBits
	if bits == 0 {
		bits = model.IssuedKeyBits.Value
	}
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		return err
	}
	publicURL, err := db.PublicURL(p.ctx)
	if errors.Is(err, store.ErrNotFound) {
		publicURL, err = "http://localhost", nil // the service has never run
	}
	if err != nil {
		return err
	}
	signature := x509.SHA256WithRSA
	if c.Signature == "sha1" {
		signature = x509.SHA1WithRSA
	}
	certificate, err := legacy.IssueOld(ca.OldRequest{
		Administration: "Regione Esempio", GivenName: person.Name, Surname: person.Surname,
		CN:        holder.CN{CodiceFiscale: codiceFiscale, Card: number, Hash: holder.HashPersonalData(data)},
		PublicKey: &key.PublicKey, Signature: signature, NotBefore: notBefore, NotAfter: notAfter, PublicURL: publicURL,
	})
	if err != nil {
		return err
	}
	card, err := emulator.Issue(c.Series, emulator.Personalization{
		IDCarta: string(number), PersonalData: data, Certificate: certificate.Raw, Key: key, PIN: c.PIN, PUK: c.PUK,
	})
	if err != nil {
		return err
	}
	// The registry comes first: it could not renew a card that it does not know, and a row without a card does no harm.
	current, err := c.issuer(currentName)
	if err != nil {
		return err
	}
	verifier, err := verifierOf(legacy, current)
	if err != nil {
		return err
	}
	verdict, err := current.Judge(verifier, certificate)
	if err != nil {
		return err
	}
	if err := db.Register(p.ctx, certificate, failure.Code(verdict), now); err != nil {
		return err
	}
	if err := card.Save(c.Out); err != nil {
		return err
	}
	if c.PEM != "" {
		keyPEM, err := ca.EncodeKey(key)
		if err != nil {
			return err
		}
		if err := os.MkdirAll(c.PEM, 0o755); err != nil {
			return err
		}
		if err := createFile(filepath.Join(c.PEM, "old.key"), keyPEM, 0o600); err != nil {
			return err
		}
		if err := createFile(filepath.Join(c.PEM, "old.pem"), ca.EncodeCertificate(certificate), 0o644); err != nil {
			return err
		}
	}
	fmt.Fprintf(p.out, "Tessera %s n. %s in %s, certificato valido fino al %s, SHA-256 %s.\n",
		c.Series, number.Masked(), c.Out, notAfter.In(campaign.Rome).Format("02/01/2006 15:04:05"),
		store.Sum(certificate.Raw))
	return nil
}

// notAfter reads --not-after. A day ends in Rome.
func (c *cardIssue) notAfter(now time.Time) (time.Time, error) {
	if c.NotAfter == "" {
		return now.AddDate(0, 0, 30), nil
	}
	if t, err := time.Parse(time.RFC3339, c.NotAfter); err == nil {
		return t.UTC(), nil
	}
	t, err := time.ParseInLocation(time.DateOnly, c.NotAfter, campaign.Rome)
	if err != nil {
		return time.Time{}, misused("--not-after vuole una data AAAA-MM-GG o un'ora RFC 3339", nil)
	}
	return time.Date(t.Year(), t.Month(), t.Day(), 23, 59, 59, 0, campaign.Rome).UTC(), nil
}

// regionCode is the issuer in personal data and card numbers: 6 for a health card, and a region.
const regionCode = "6090"

// drawNumber draws a card number: the issuer, 9 for an invented card, and eleven digits.
func drawNumber() (holder.IDCarta, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(1e11))
	if err != nil {
		return "", err
	}
	return holder.ParseIDCarta(fmt.Sprintf("%s9%011d", regionCode, n))
}

func cardDate(t time.Time) string { return t.In(campaign.Rome).Format("02012006") }

// birth reads date, sex and place of birth from an invented person's codice fiscale (DM 23/12/1976), letters of
// omocodia included. It takes the latest century that is not in the future.
func birth(c holder.CodiceFiscale, now time.Time) (date, sex, municipality, country string) {
	digit := func(i int) string {
		if at := strings.IndexByte("LMNPQRSTUV", c[i]); at >= 0 {
			return strconv.Itoa(at)
		}
		return string(c[i])
	}
	number := func(i int) int {
		n, _ := strconv.Atoi(digit(i) + digit(i+1)) // ParseCodiceFiscale has checked the digits
		return n
	}
	year, month, day, sex := number(6), 1+strings.IndexByte("ABCDEHLMPRST", c[8]), number(9), "M"
	if day > 40 {
		day, sex = day-40, "F"
	}
	if year += now.Year() / 100 * 100; year > now.Year() {
		year -= 100
	}
	place := string(c[11]) + digit(12) + digit(13) + digit(14)
	if c[11] == 'Z' {
		return fmt.Sprintf("%02d%02d%04d", day, month, year), sex, "", place
	}
	return fmt.Sprintf("%02d%02d%04d", day, month, year), sex, place, ""
}
