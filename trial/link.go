// SPDX-License-Identifier: EUPL-1.2

package trial

import (
	"time"

	"rinnova.example/go/card/iso7816"
)

// Link models the time that a card and its contact interface (ISO/IEC 7816-3) take. The chip's own times are assumed:
// no public source has them, and they differ between cards.
type Link struct {
	ClockHz    int
	ClocksBit  int
	BitsByte   int
	Turnaround time.Duration // of each command
	Generate   time.Duration // a key of 2048 bits
	Private    time.Duration // an operation with a private key
	Write      time.Duration // 64 bytes of EEPROM
	Message    time.Duration // to the service and back
}

// ModelledLink is the model that the window's bar, the demonstration and the figures rest on: TA1=18 is 372/12 = 31
// clocks a bit, at 4 MHz, 12 bits a byte.
var ModelledLink = Link{ClockHz: 4_000_000, ClocksBit: 31, BitsByte: 12, Turnaround: 3 * time.Millisecond,
	Generate: 12 * time.Second, Private: 500 * time.Millisecond, Write: 4 * time.Millisecond,
	Message: 100 * time.Millisecond}

// Exchange is the time of one command: on the wire, and of the chip at work.
func (l Link) Exchange(command, answer []byte) (wire, chip time.Duration) {
	bits := (len(command) + len(answer)) * l.BitsByte
	wire = l.Turnaround + time.Duration(bits)*time.Second*time.Duration(l.ClocksBit)/time.Duration(l.ClockHz)
	if len(command) < 2 {
		return wire, 0
	}
	switch command[1] {
	case iso7816.INSGenerateKeyPair:
		chip = l.Generate
	case iso7816.INSPerformSecurityOperation:
		if command[0]&0x10 == 0 { // not the first part of a chain
			chip = l.Private
		}
	case iso7816.INSUpdateBinary, iso7816.INSPutData, iso7816.INSCreateFile, iso7816.INSDeleteFile:
		chip = time.Duration((len(command)+63)/64) * l.Write
	}
	return wire, chip
}
