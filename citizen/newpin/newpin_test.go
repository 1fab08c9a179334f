// SPDX-License-Identifier: EUPL-1.2

package newpin_test

import (
	"testing"

	"rinnova.example/go/citizen/newpin"
	"rinnova.example/go/failure"
	"rinnova.example/go/holder"
)

// TestWeakness: an invented person, born on 7 March 1984, with an invented card (docs/DOMAIN.md §5.1).
func TestWeakness(t *testing.T) {
	person := holder.PersonalData{BirthDate: "07031984", CodiceFiscale: "SMPBNL84C47H501X"}
	const card holder.IDCarta = "6090123456780001"
	for pin, want := range map[string]failure.Code{
		"12345": failure.PINSequence, "56789012": failure.PINSequence, "98765": failure.PINSequence,
		"10987": failure.PINSequence, "11111": failure.PINRepetition, "121212": failure.PINRepetition,
		"12121": failure.PINRepetition, "47134713": failure.PINRepetition, "07031984": failure.PINBirthDate,
		"19840307": failure.PINBirthDate, "03071984": failure.PINBirthDate, "070384": failure.PINBirthDate,
		"840307": failure.PINBirthDate, "31984": failure.PINBirthDate, "71984": failure.PINBirthDate,
		"9070384": failure.PINBirthDate,
		"84475":   failure.PINPersonal, "8447501": failure.PINPersonal, "60901": failure.PINPersonal,
		"780001": failure.PINPersonal,
		"80357":  "", "13579": "", "112358": "", "81984": "", "36925814": "", "99099": "",
	} {
		if got := newpin.Weakness([]byte(pin), person, card); got != want {
			t.Errorf("%s: %q, want %q", pin, got, want)
		}
	}
	if got := newpin.Weakness([]byte("07031"), holder.PersonalData{}, card); got != "" {
		t.Errorf("nothing is known of the holder: %q", got)
	}
}
