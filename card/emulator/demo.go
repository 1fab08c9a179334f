// SPDX-License-Identifier: EUPL-1.2

package emulator

import (
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"fmt"
	"io"
	"math/big"
	"time"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/holder"
)

// Codes of a demonstration card.
const (
	DemoPIN = "12345"
	DemoPUK = "12345678"
)

// demoHolder is the invented person of docs/DOMAIN.md §5.1.
var demoHolder = holder.PersonalData{Issuer: "6090", IssueDate: "15062014", ExpiryDate: "30062020",
	Surname: "ESEMPIO", Name: "BRUNILDE", BirthDate: "07101978", Sex: "F", CodiceFiscale: "SMPBNL78R47D612H",
	BirthMunicipality: "D612", ResidenceMunicipality: "D612"}

// Demo makes a blank card of a series: an invented holder, a card number drawn at random, an old
// certificate that the card signed itself, whose dates are those of a card of 2014 that expired on
// 30/06/2020, PIN 12345 and PUK 12345678. A nil rand is crypto/rand.
func Demo(series string, random io.Reader) (*Card, error) {
	model, _, ok := cardmodel.BySeries(series)
	if !ok {
		return nil, fmt.Errorf("%w %q", ErrSeries, series)
	}
	random = source(random)
	key, err := rsa.GenerateKey(random, model.IssuedKeyBits.Value)
	if err != nil {
		return nil, fmt.Errorf("generating the old key: %w", err)
	}
	return demo(series, random, key)
}

func demo(series string, random io.Reader, key *rsa.PrivateKey) (*Card, error) {
	var b [8]byte
	if _, err := io.ReadFull(random, b[:]); err != nil {
		return nil, fmt.Errorf("drawing a card number: %w", err)
	}
	n := new(big.Int).SetBytes(b[:])
	// 6 and the issuer's code, then 9 for an invented card (docs/DOMAIN.md §5.1).
	id := fmt.Sprintf("60909%011d", n.Mod(n, big.NewInt(1e11)))
	data, err := demoHolder.Encode()
	if err != nil {
		return nil, fmt.Errorf("encoding the holder's data: %w", err)
	}
	der, err := demoCertificate(id, holder.HashPersonalData(data), key, random)
	if err != nil {
		return nil, fmt.Errorf("making the old certificate: %w", err)
	}
	return Issue(series, Personalization{IDCarta: id, PersonalData: data, Certificate: der, Key: key, PIN: DemoPIN,
		PUK: DemoPUK, Rand: random})
}

// demoCertificate has as much of the profile (docs/DOMAIN.md §2.1) as a program needs to take it for a CNS
// certificate.
func demoCertificate(id, hash string, key *rsa.PrivateKey, random io.Reader) ([]byte, error) {
	policy, err := x509.OIDFromInts([]uint64{1, 3, 76, 16, 2, 1})
	if err != nil {
		return nil, err
	}
	cn := holder.CN{CodiceFiscale: holder.CodiceFiscale(demoHolder.CodiceFiscale), Card: holder.IDCarta(id), Hash: hash}
	serial, _ := new(big.Int).SetString(id, 10)
	t := &x509.Certificate{
		SerialNumber: serial,
		Subject: pkix.Name{Country: []string{"IT"}, Organization: []string{"Rinnova - carte dimostrative"},
			ExtraNames: []pkix.AttributeTypeAndValue{
				{Type: asn1.ObjectIdentifier{2, 5, 4, 4}, Value: demoHolder.Surname},
				{Type: asn1.ObjectIdentifier{2, 5, 4, 42}, Value: demoHolder.Name},
				{Type: asn1.ObjectIdentifier{2, 5, 4, 3}, Value: cn.String()},
			}},
		NotBefore:   time.Date(2014, 6, 15, 0, 0, 0, 0, time.UTC),
		NotAfter:    time.Date(2020, 6, 30, 21, 59, 59, 0, time.UTC), // end of the day in Rome
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
		Policies:    []x509.OID{policy},
	}
	return x509.CreateCertificate(random, t, t, key.Public(), key)
}
