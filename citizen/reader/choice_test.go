// SPDX-License-Identifier: EUPL-1.2

package reader_test

import (
	"encoding/hex"
	"errors"
	"testing"

	"rinnova.example/go/card/pcsc"
	"rinnova.example/go/citizen/reader"
)

// holding returns a reader whose card has this answer to reset, in hexadecimal; "-" for a card that does not answer.
func holding(t *testing.T, name, atr string) pcsc.Reader {
	t.Helper()
	r := pcsc.Reader{Name: name, Present: atr != "", Mute: atr == "-"}
	if r.Present && !r.Mute {
		var err error
		if r.ATR, err = hex.DecodeString(atr); err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// TestMeant takes answers to reset from docs/CARDS.md §1.2 and §1.3.
func TestMeant(t *testing.T) {
	const health, other, antenna = "3BFF1800008131FE45006B04050100012101434E5310318059",
		"3B02145011", "3B80800101"
	for _, row := range []struct {
		atrs []string // of readers A, B, C
		want string
		err  error
	}{
		{nil, "", pcsc.ErrNoReader},
		{[]string{"", ""}, "", pcsc.ErrNoCard},
		{[]string{"", health}, "B", nil},
		{[]string{antenna, health}, "B", nil},
		{[]string{other, "-", health}, "C", nil},
		{[]string{antenna, "-"}, "B", nil},
		{[]string{antenna, other}, "A", nil},
		{[]string{antenna}, "A", nil},
	} {
		var list []pcsc.Reader
		for i, atr := range row.atrs {
			list = append(list, holding(t, string(rune('A'+i)), atr))
		}
		if got, err := reader.Meant(list, nil); got != row.want || !errors.Is(err, row.err) {
			t.Errorf("%v: %q, %v, want %q, %v", row.atrs, got, err, row.want, row.err)
		}
	}
}
