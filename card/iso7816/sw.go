// SPDX-License-Identifier: EUPL-1.2

package iso7816

import "fmt"

// SW is the status word SW1 SW2 of a response (ISO/IEC 7816-4 §5.6). As an error it is a status word other than 9000.
type SW uint16

// Status words that callers branch on; texts for all of ISO/IEC 7816-4 tables 5 and 6 that occur
// on CNS cards are in swText.
const (
	SWOK             SW = 0x9000
	SWEndOfFile      SW = 0x6282
	SWDeactivated    SW = 0x6283
	SWAuthFailed     SW = 0x6300
	SWMemoryFailure  SW = 0x6581
	SWWrongLength    SW = 0x6700
	SWLastExpected   SW = 0x6883
	SWChaining       SW = 0x6884
	SWFileType       SW = 0x6981
	SWSecurity       SW = 0x6982
	SWBlocked        SW = 0x6983
	SWUnusable       SW = 0x6984
	SWConditions     SW = 0x6985
	SWNoCurrentEF    SW = 0x6986
	SWWrongData      SW = 0x6A80
	SWNotSupported   SW = 0x6A81
	SWFileNotFound   SW = 0x6A82
	SWRecordNotFound SW = 0x6A83
	SWNoMemory       SW = 0x6A84
	SWWrongP1P2      SW = 0x6A86
	SWWrongLc        SW = 0x6A87
	SWObjectNotFound SW = 0x6A88
	SWExists         SW = 0x6A89
	SWOffset         SW = 0x6B00
	SWInstruction    SW = 0x6D00
	SWClass          SW = 0x6E00
)

var swText = map[SW]string{
	0x6281: "data may be corrupted", SWEndOfFile: "end of file reached", SWDeactivated: "file deactivated",
	0x6284: "FCI badly formed", SWAuthFailed: "verification failed", SWMemoryFailure: "memory failure",
	SWWrongLength: "wrong length", 0x6881: "logical channel not supported", 0x6882: "secure messaging not supported",
	SWLastExpected: "last command of the chain expected", SWChaining: "command chaining not supported",
	SWFileType: "command incompatible with the file", SWSecurity: "security status not satisfied",
	SWBlocked: "code blocked", SWUnusable: "reference data not usable", SWConditions: "conditions of use not satisfied",
	SWNoCurrentEF: "no current file", 0x6987: "secure messaging object missing",
	0x6988:      "secure messaging object wrong",
	SWWrongData: "wrong data", SWNotSupported: "function not supported", SWFileNotFound: "file not found",
	SWRecordNotFound: "record not found", SWNoMemory: "not enough memory", 0x6A85: "Lc inconsistent with TLV",
	SWWrongP1P2: "wrong P1 P2", SWWrongLc: "Lc inconsistent with P1 P2", SWObjectNotFound: "object not found",
	SWExists: "already exists", SWOffset: "wrong offset", SWInstruction: "instruction not supported",
	SWClass: "class not supported", 0x6F00: "no precise diagnosis",
}

func (s SW) Error() string {
	if n, ok := s.Tries(); ok {
		return fmt.Sprintf("status %04X: verification failed, %d tries left", uint16(s), n)
	}
	if t := swText[s]; t != "" {
		return fmt.Sprintf("status %04X: %s", uint16(s), t)
	}
	return fmt.Sprintf("status %04X", uint16(s))
}

// Tries returns the counter of a 63Cx status, and whether the word is one (ISO/IEC 7816-4 table 6).
func (s SW) Tries() (int, bool) { return int(s & 0x0F), s&0xFFF0 == 0x63C0 }
