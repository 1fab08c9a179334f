// SPDX-License-Identifier: EUPL-1.2

package emulator

import (
	"testing"

	"rinnova.example/go/card/cardmodel"
)

// A cut test makes a clone and writes to it millions of times.
func BenchmarkCloneAndWrite(b *testing.B) {
	made := prepared(b, "OT2015")
	must(b, made, "0020001008"+pin, path(cardmodel.Path{0x1400, 0x9010}))
	for b.Loop() {
		must(b, made.Clone(), "00D6000002AABB")
	}
}

func BenchmarkSign2048(b *testing.B) {
	c := prepared(b, "OT2015")
	must(b, c, "0020001008"+pin, path(cardmodel.Path{0x1400, 0x8110}), "0022F303", "0022F1B803830110")
	list := apdu("002A8086", append([]byte{0}, plain(256)...))
	list[1] += "00"
	for b.Loop() {
		must(b, c, list...)
	}
}
