// SPDX-License-Identifier: EUPL-1.2

package cns_test

import (
	"crypto/rand"
	"errors"
	"fmt"

	"rinnova.example/go/card/cns"
	"rinnova.example/go/card/emulator"
)

// A session identifies a card and tells what it holds, without a PIN.
func ExampleOpen() {
	card, err := emulator.Demo("AC2014", rand.Reader)
	if err != nil {
		fmt.Println(err)
		return
	}
	session, err := cns.Open(card)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(session.Model.ID, session.Personal.Name)
	issued := session.Contents.Slots[0]
	fmt.Println(issued.Certificate.State, session.Model.NeedsPUK())
	// Output:
	// athena BRUNILDE
	// readable true
}

// A PIN that the card refuses is an error that says how many tries are left.
func ExampleSession_UnlockInBlock() {
	card, err := emulator.Demo("OT2016", rand.Reader)
	if err != nil {
		fmt.Println(err)
		return
	}
	session, err := cns.Open(card)
	if err != nil {
		fmt.Println(err)
		return
	}
	var refused *cns.CodeError
	if err := session.UnlockInBlock([]byte("99999"), nil); errors.As(err, &refused) {
		fmt.Println(refused.Code, refused.Tries)
	}
	fmt.Println(session.UnlockInBlock([]byte(emulator.DemoPIN), nil), session.HasPIN())
	session.ForgetPIN()
	fmt.Println(session.HasPIN())
	// Output:
	// PIN 2
	// <nil> true
	// false
}
