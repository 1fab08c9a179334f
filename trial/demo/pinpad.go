// SPDX-License-Identifier: EUPL-1.2

package demo

import (
	"encoding/binary"
	"time"

	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/pinpad"
	"rinnova.example/go/trial"
)

// newPIN is what the demonstration's person chooses at the reader.
const newPIN = "71935"

// late is how long the reader waits in vain, and typing how long the person takes for the codes of one command.
const (
	late   = 12 * time.Second
	typing = 3 * time.Second
)

// pinpad returns the keypad of a reader, at which a person lets the time of the first entry run out, and then types the
// codes of trial cards.
func (c *pacedCard) pinpad() (*pinpad.Pinpad, error) {
	first := true
	return pinpad.New([]byte{0x06, 4, 0, 0, 0, 6, 0x07, 4, 0, 0, 0, 7},
		func(code uint32, structure []byte) ([]byte, error) {
			if first {
				first = false
				return []byte{0x64, 0x00}, c.within(late)
			}
			if err := c.within(typing); err != nil {
				return nil, err
			}
			head := map[uint32]int{6: 19, 7: 24}[code] // bytes before the command
			command := structure[head:][:binary.LittleEndian.Uint32(structure[head-4:])]
			known := trial.PIN
			if command[1] == iso7816.INSResetRetryCounter || command[3]&0x7F == 0x11 {
				known = trial.PUK
			}
			copy(command[5:], known)
			if code == 7 {
				copy(command[13:], newPIN)
			}
			return c.Transmit(command)
		})
}
