// SPDX-License-Identifier: EUPL-1.2

package store_test

import (
	"math/big"
	"testing"

	"rinnova.example/go/service/store"
)

func TestSerial(t *testing.T) {
	if got := store.SerialOf(big.NewInt(0x1abc)); got != "1abc" || got.Int().Int64() != 0x1abc {
		t.Errorf("serial number 1abc is written %q and read as %v", got, got.Int())
	}
	for text, want := range map[string]store.Serial{
		"1abc": "1abc", "1ABC": "1abc", "1a:bc": "1abc", "00:1A:BC": "1abc", "1A BC": "1abc", "0": "0", "-1f": "-1f",
		"": "", "1g": "", "0x1a": "",
	} {
		if got, ok := store.ParseSerial(text); got != want || ok != (want != "") {
			t.Errorf("ParseSerial(%q) is %q, %v; want %q", text, got, ok, want)
		}
	}
	if n := store.Serial("?").Int(); n != nil {
		t.Errorf("a text that is no number is read as %v", n)
	}
}
