// SPDX-License-Identifier: EUPL-1.2

package emulator_test

import (
	"crypto/rand"
	"fmt"

	"rinnova.example/go/card/emulator"
	"rinnova.example/go/card/iso7816"
)

// An emulated card of 2015 is read, and a wrong PIN costs a try.
func ExampleDemo() {
	card, err := emulator.Demo("OT2015", rand.Reader)
	if err != nil {
		fmt.Println(err)
		return
	}
	// SELECT of EF_IDCarta by its path, then READ BINARY (docs/CARDS.md).
	path := []byte{0x10, 0x00, 0x10, 0x03}
	if _, err := iso7816.Do(card, iso7816.Command{INS: iso7816.INSSelect, P1: 0x08, P2: 0x0C, Data: path}); err != nil {
		fmt.Println(err)
		return
	}
	number, err := iso7816.Do(card, iso7816.Command{INS: iso7816.INSReadBinary, Ne: 16})
	fmt.Println(len(number), err)

	if _, err := iso7816.Do(card, iso7816.Command{INS: iso7816.INSSelect, P2: 0x0C,
		Data: []byte{0x3F, 0x00}}); err != nil {
		fmt.Println(err) // the PIN is the MF's
		return
	}
	_, err = iso7816.Do(card, iso7816.Command{INS: iso7816.INSVerify, P2: 0x10, Data: []byte("99999\xFF\xFF\xFF")})
	fmt.Println(err, card.Tries(0x10))
	// Output:
	// 16 <nil>
	// status 63C2: verification failed, 2 tries left 2
}
