// SPDX-License-Identifier: EUPL-1.2

package transcript

import (
	"bytes"

	"rinnova.example/go/card/iso7816"
)

// Withhold selects the bytes that a Recorder leaves out.
type Withhold int

const (
	// Secrets withholds codes and keys. Every Recorder withholds these.
	Secrets Withhold = iota
	// Files withholds the contents of files and data objects as well, read and written, because they
	// are the holder's name, codice fiscale, card number and certificates: for what leaves the computer.
	Files
)

// screen decides for each command which bytes are withheld. It keeps the state that chained commands and GET RESPONSE
// need.
type screen struct {
	withhold Withhold
	chained  bool // the last command was not the end of its chain
	answer   bool // the response to the last command is withheld
}

// command returns a command without its withheld bytes.
func (s *screen) command(b []byte) Bytes {
	if len(b) < 4 {
		s.chained, s.answer = false, true
		return Bytes{Withheld: len(b)}
	}
	head, tail := 4, 0 // of what is no command APDU nothing but the first four bytes can be placed
	if c, err := iso7816.ParseCommand(b); err == nil {
		if head = len(b); len(c.Data) > 0 {
			head = 5
			if b[4] == 0 {
				head = 7
			}
		}
		tail = len(b) - head - len(c.Data)
	}
	data := b[head : len(b)-tail]
	// CLA bit 5 is chaining in the interindustry classes (ISO/IEC 7816-4 §5.4.1); elsewhere it means
	// that more is withheld than need be.
	chained := b[0]&0x10 != 0
	secret := isSecret(b[1], data, chained || s.chained)
	s.chained = chained
	written, read := isFile(b[1])
	hide := secret || written && s.withhold == Files
	if b[1] != 0xC0 { // GET RESPONSE continues the response before it
		s.answer = secret || read && s.withhold == Files
	}
	if !hide || len(data) == 0 {
		return Bytes{Head: bytes.Clone(b)}
	}
	return Bytes{Head: bytes.Clone(b[:head]), Withheld: len(data), Tail: bytes.Clone(b[head+len(data):])}
}

// response returns the response to the last command without its withheld bytes. It never withholds the status word.
func (s *screen) response(b []byte) Bytes {
	if n := len(b) - 2; s.answer && n > 0 {
		return Bytes{Withheld: n, Tail: bytes.Clone(b[n:])}
	}
	return Bytes{Head: bytes.Clone(b)}
}

// isSecret reports whether a data field may have a code or a key. The odd instruction codes are the same commands
// with BER-TLV data (ISO/IEC 7816-4 §5.4.2).
func isSecret(ins byte, data []byte, chained bool) bool {
	switch ins &^ 1 {
	case iso7816.INSVerify, iso7816.INSChangeReferenceData, iso7816.INSResetRetryCounter,
		iso7816.INSEnvelope: // any of them may be inside
		return true
	case iso7816.INSPutData: // tag 8F holds the code or key of a new object; in a chain it may stand in another part
		return chained || bytes.IndexByte(data, 0x8F) >= 0
	}
	return false
}

// isFile reports whether a command's data field, or its response, is the content of a file or data object.
func isFile(ins byte) (written, read bool) {
	switch ins &^ 1 {
	case iso7816.INSWriteBinary, iso7816.INSWriteRecord, iso7816.INSUpdateBinary, iso7816.INSUpdateRecord,
		iso7816.INSAppendRecord, iso7816.INSPutData:
		return true, false
	case iso7816.INSReadBinary, iso7816.INSReadRecord, iso7816.INSGetData:
		return false, true
	case iso7816.INSSearchBinary, iso7816.INSSearchRecord:
		return true, true
	}
	return false, false
}
