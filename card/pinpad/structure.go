// SPDX-License-Identifier: EUPL-1.2

package pinpad

import "encoding/binary"

// Entry is the form of a code: Min to Max digits, sent as ASCII from the left of Stored bytes.
type Entry struct{ Min, Max, Stored int }

// Values of the structures' fields (part 10, PIN_VERIFY_STRUCTURE and PIN_MODIFY_STRUCTURE).
const (
	seconds        = byte(Patience / 1e9)
	asciiLeft      = 0x82   // bmFormatString: units are bytes, the code begins at byte 0 of the data, left, ASCII
	noLength       = 0x00   // bmPINLengthFormat: the length of the code is not sent
	whenConfirmed  = 0x02   // bEntryValidationCondition: the person presses the confirmation key
	confirmCurrent = 0x03   // bConfirmPIN: the new code is typed twice, and the current one is asked
	italian        = 0x0410 // wLangId: Italian (Italy)
)

// VerifyStructure returns PIN_VERIFY_STRUCTURE for a VERIFY command: packed, the least significant
// byte first.
func VerifyStructure(command []byte, e Entry) []byte {
	b := []byte{seconds, seconds, asciiLeft, byte(e.Stored), noLength, byte(e.Max), byte(e.Min), whenConfirmed,
		1} // one message, with the index 0
	b = binary.LittleEndian.AppendUint16(b, italian)
	b = append(b, 0, 0, 0, 0) // bMsgIndex, bTeoPrologue
	b = binary.LittleEndian.AppendUint32(b, uint32(len(command)))
	return append(b, command...)
}

// ModifyStructure returns PIN_MODIFY_STRUCTURE for a command with a code and a new one behind it, in e.Stored bytes
// each.
func ModifyStructure(command []byte, e Entry) []byte {
	b := []byte{seconds, seconds, asciiLeft, byte(e.Stored), noLength, 0, byte(e.Stored), byte(e.Max), byte(e.Min),
		confirmCurrent, whenConfirmed, 3} // three messages: the code, the new one, the new one again
	b = binary.LittleEndian.AppendUint16(b, italian)
	b = append(b, 0, 1, 2, 0, 0, 0) // bMsgIndex1 to 3, bTeoPrologue
	b = binary.LittleEndian.AppendUint32(b, uint32(len(command)))
	return append(b, command...)
}
