// SPDX-License-Identifier: EUPL-1.2

package renewal

import (
	"crypto/x509"
	"testing"
	"time"

	"rinnova.example/go/card/cns"
)

func TestNewest(t *testing.T) {
	now := time.Date(2020, 5, 25, 10, 0, 0, 0, time.UTC)
	slot := func(number, days int) cns.Slot {
		return cns.Slot{Number: number, Certificate: cns.CertificateFile{State: cns.FileReadable,
			Certificate: &x509.Certificate{NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(0, 0, days)}}}
	}
	for name, row := range map[string]struct {
		held []cns.Slot // the one that ends last first, as candidates returns them
		want int
	}{
		"one":                        {[]cns.Slot{slot(0, 10)}, 0},
		"the one that ends last":     {[]cns.Slot{slot(1, 300), slot(0, 10)}, 1},
		"an abandoned one beside it": {[]cns.Slot{slot(1, 300), slot(2, 300), slot(0, 10)}, 2},
		"in the other order":         {[]cns.Slot{slot(2, 300), slot(1, 300)}, 2},
		"all have ended":             {[]cns.Slot{slot(1, -1), slot(0, -9)}, 1},
	} {
		if got := newest(row.held, now); got.Number != row.want {
			t.Errorf("%s: slot %d, want %d", name, got.Number, row.want)
		}
	}
}
