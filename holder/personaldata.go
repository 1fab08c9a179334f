// SPDX-License-Identifier: EUPL-1.2

package holder

import (
	"crypto/sha1"
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
)

// PersonalData is EF_DatiPersonali, 3F00/1100/1102: sixteen texts in the file's order. Dates are
// DDMMYYYY. Texts are UTF-8 here and Latin-1 on the card.
type PersonalData struct {
	Issuer, IssueDate, ExpiryDate, Surname, Name, BirthDate, Sex, Height string
	CodiceFiscale, Citizenship, BirthMunicipality, BirthCountry          string
	BirthAct, ResidenceMunicipality, ResidenceAddress, Expatriation      string
}

// ErrPersonalData says that bytes are no personal data file.
var ErrPersonalData = errors.New("malformed personal data file")

func (p *PersonalData) fields() []*string {
	return []*string{&p.Issuer, &p.IssueDate, &p.ExpiryDate, &p.Surname, &p.Name, &p.BirthDate, &p.Sex, &p.Height,
		&p.CodiceFiscale, &p.Citizenship, &p.BirthMunicipality, &p.BirthCountry,
		&p.BirthAct, &p.ResidenceMunicipality, &p.ResidenceAddress, &p.Expatriation}
}

// PersonalDataLength reads the length of the encoded file, header included, from its first six bytes,
// which are ASCII hexadecimal digits: 6 to 16777221.
func PersonalDataLength(b []byte) (int, error) {
	if len(b) < 6 {
		return 0, fmt.Errorf("%w: %d bytes", ErrPersonalData, len(b))
	}
	n, err := hexLength(b[:6])
	return 6 + n, err
}

// ParsePersonalData reads the file as it stands on the card, padding included. It stops at the announced
// length; fewer than sixteen fields are tolerated, a field over the end, more fields, a length that is
// not hexadecimal and a file shorter than announced are refused.
func ParsePersonalData(b []byte) (PersonalData, error) {
	n, err := PersonalDataLength(b)
	if err != nil {
		return PersonalData{}, err
	}
	if n > len(b) {
		return PersonalData{}, fmt.Errorf("%w: %d bytes announced, %d there", ErrPersonalData, n, len(b))
	}
	b = b[6:n]
	var p PersonalData
	for _, f := range p.fields() {
		if len(b) == 0 {
			return p, nil
		}
		if len(b) < 2 {
			return PersonalData{}, fmt.Errorf("%w: field length cut short", ErrPersonalData)
		}
		n, err := hexLength(b[:2])
		if err != nil {
			return PersonalData{}, err
		}
		if n > len(b)-2 {
			return PersonalData{}, fmt.Errorf("%w: field over the end", ErrPersonalData)
		}
		r := make([]rune, n)
		for i, c := range b[2 : 2+n] {
			r[i] = rune(c) // Latin-1 is the first 256 code points
		}
		*f, b = string(r), b[2+n:]
	}
	if len(b) != 0 {
		return PersonalData{}, fmt.Errorf("%w: more than sixteen fields", ErrPersonalData)
	}
	return p, nil
}

// Encode returns the file without padding. It refuses a text over 255 characters or outside Latin-1.
func (p PersonalData) Encode() ([]byte, error) {
	var body []byte
	for i, f := range p.fields() {
		var v []byte
		for _, r := range *f {
			if r > 0xFF {
				return nil, fmt.Errorf("%w: field %d is not Latin-1", ErrPersonalData, i+1)
			}
			v = append(v, byte(r))
		}
		if len(v) > 0xFF {
			return nil, fmt.Errorf("%w: field %d is too long", ErrPersonalData, i+1)
		}
		body = append(fmt.Appendf(body, "%02X", len(v)), v...)
	}
	return append(fmt.Appendf(nil, "%06X", len(body)), body...), nil
}

// HashPersonalData returns the Base64 of the SHA-1 of the bytes given: the last part of the common name.
// Whether a real issuer hashed the file with or without its padding is not public (docs/CARDS.md §9 row 12).
func HashPersonalData(b []byte) string {
	h := sha1.Sum(b)
	return base64.StdEncoding.EncodeToString(h[:])
}

func hexLength(b []byte) (int, error) {
	n, err := strconv.ParseUint(string(b), 16, 24)
	if err != nil {
		return 0, fmt.Errorf("%w: length is not hexadecimal", ErrPersonalData)
	}
	return int(n), nil
}
