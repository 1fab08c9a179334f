// SPDX-License-Identifier: EUPL-1.2

// Package newpin refuses a new PIN that another person guesses: one made of its pattern alone, or of what the card and
// its holder's documents show.
package newpin

import (
	"bytes"

	"rinnova.example/go/failure"
	"rinnova.example/go/holder"
)

// Weakness returns the code of the reason why a PIN of digits is easy to guess, "" where it is not. It finds runs up or
// down (9 is followed by 0), repetitions of one digit or of a group of digits, the birth date, and parts of the digits
// of the codice fiscale and of the card's number. It keeps no copy of the PIN.
func Weakness(pin []byte, person holder.PersonalData, card holder.IDCarta) failure.Code {
	switch {
	case runs(pin, 1) || runs(pin, 9):
		return failure.PINSequence
	case repeats(pin):
		return failure.PINRepetition
	case fromDate(pin, person.BirthDate):
		return failure.PINBirthDate
	case partOf(pin, person.CodiceFiscale), partOf(pin, string(card)):
		return failure.PINPersonal
	}
	return ""
}

// runs reports whether each digit is the one before it plus step, modulo 10.
func runs(pin []byte, step byte) bool {
	for i := 1; i < len(pin); i++ {
		if (pin[i-1]-'0'+step)%10 != pin[i]-'0' {
			return false
		}
	}
	return true
}

// repeats reports whether the PIN is a group of digits twice or more, with a part of it at the end or not.
func repeats(pin []byte) bool {
	for period := 1; 2*period <= len(pin); period++ {
		if bytes.Equal(pin[period:], pin[:len(pin)-period]) {
			return true
		}
	}
	return false
}

// fromDate reports whether the PIN is a part of a date DDMMYYYY in one of the orders in which people write it, or
// contains the date with two digits of the year.
func fromDate(pin []byte, date string) bool {
	if len(date) != 8 {
		return false
	}
	day, month, year := date[:2], date[2:4], date[4:]
	for _, written := range []string{day + month + year, year + month + day, month + day + year} {
		if partOf(pin, written) {
			return true
		}
	}
	short := year[2:]
	for _, written := range []string{day + month + short, short + month + day, month + day + short} {
		if partOf(pin, written) || bytes.Contains(pin, []byte(written)) {
			return true
		}
	}
	return false
}

// partOf reports whether the PIN is a part of the digits of a text.
func partOf(pin []byte, text string) bool {
	digits := bytes.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, []byte(text))
	return bytes.Contains(digits, pin)
}
