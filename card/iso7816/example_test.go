// SPDX-License-Identifier: EUPL-1.2

package iso7816_test

import (
	"errors"
	"fmt"

	"rinnova.example/go/card/iso7816"
)

// card answers READ BINARY with four bytes and counts PIN tries.
type card struct {
	iso7816.Unshared
	tries byte
}

func (c *card) ATR() []byte { return nil }

func (c *card) Transmit(command []byte) ([]byte, error) {
	if command[1] == iso7816.INSVerify {
		c.tries--
		return []byte{0x63, 0xC0 | c.tries}, nil
	}
	return []byte{0x80, 0x02, 0x01, 0x90, 0x90, 0x00}, nil
}

// Do sends a command and turns every status word but 9000 into an error.
func ExampleDo() {
	c := &card{tries: 3}
	data, err := iso7816.Do(c, iso7816.Command{INS: iso7816.INSReadBinary, Ne: 4})
	fmt.Printf("%X %v\n", data, err)

	_, err = iso7816.Do(c, iso7816.Command{INS: iso7816.INSVerify, P2: 0x10, Data: []byte("12345\xFF\xFF\xFF")})
	var sw iso7816.SW
	if errors.As(err, &sw) {
		tries, counted := sw.Tries()
		fmt.Println(err, tries, counted)
	}
	// Output:
	// 80020190 <nil>
	// status 63C2: verification failed, 2 tries left 2 true
}

func ExampleParseTLV() {
	fci := []byte{0x6F, 0x07, 0x80, 0x02, 0x01, 0x90, 0x8A, 0x01, 0x05}
	list, err := iso7816.ParseTLV(fci)
	if err != nil {
		fmt.Println(err)
		return
	}
	inner, err := iso7816.ParseTLV(list[0].Value)
	if err != nil {
		fmt.Println(err)
		return
	}
	size, ok := iso7816.Find(inner, 0x80)
	fmt.Printf("template %X, size of the file %X %t\n", list[0].Tag, size, ok)
	// Output: template 6F, size of the file 0190 true
}
