// SPDX-License-Identifier: EUPL-1.2

package emulator

import (
	"encoding/binary"
	"slices"

	"rinnova.example/go/card/iso7816"
)

// generate is GENERATE KEY PAIR (docs/CARDS.md §6.3): 00 46 00 P2 with 20, key id, identifier of the EF that gets
// the public key, number of tests 00, difference of the primes 10 or 00, bits of the exponent (0 for 24).
// The key's objects and that EF are in the current DF; GENKEYPAIR of the modulus and APPEND of the EF
// open it. Up to 1024 bits the EF holds TLV records, and gets 10 and 11 in the form of Incrypto34, the
// length and the one inside it single bytes; above, it is transparent and gets 7F49 { 81 modulus,
// 82 exponent }.
//
// assumed: P2 is the key id or 00; the EF's earlier content is replaced; the exponent is 65537 in as many
// bytes as asked for, so that fewer than 17 bits get 6A80. The modulus is written first, then the private
// exponent, then the EF.
func (c *Card) generate(cmd iso7816.Command) ([]byte, iso7816.SW) {
	if cmd.P1 != 0 {
		return nil, iso7816.SWWrongP1P2
	}
	if len(cmd.Data) != 8 {
		return nil, iso7816.SWWrongLength
	}
	d := cmd.Data
	id, fid, bits := d[1], binary.BigEndian.Uint16(d[2:]), int(binary.BigEndian.Uint16(d[6:]))
	if cmd.P2 != 0 && cmd.P2 != id {
		return nil, iso7816.SWWrongP1P2
	}
	if bits == 0 {
		bits = 24
	}
	if d[0] != 0x20 || d[4] != 0x00 || d[5] != 0x10 && d[5] != 0x00 || bits < 17 || bits > 64 {
		return nil, iso7816.SWWrongData
	}
	modulus, exponent := c.df.object(classModulus, id), c.df.object(classExponent, id)
	if modulus == nil || exponent == nil || len(modulus.Value) != len(exponent.Value) {
		return nil, iso7816.SWObjectNotFound
	}
	if !c.allowed(c.df, modulus.access(acGenerate)) {
		return nil, iso7816.SWSecurity
	}
	ef := c.df.child(fid)
	if ef == nil || ef.isDF() {
		return nil, iso7816.SWFileNotFound
	}
	if !c.allowed(c.df, ef.Access[acAppend]) {
		return nil, iso7816.SWSecurity
	}
	size := len(modulus.Value)
	form := byte(typeTransparent)
	if size <= 128 {
		form = typeTLV
	}
	if ef.Type[0] != form {
		return nil, iso7816.SWFileType
	}
	public := binary.BigEndian.AppendUint64(nil, 65537)[8-(bits+7)/8:]
	result := func(n []byte) [][]byte {
		if form == typeTLV {
			return [][]byte{record(0x10, n), record(0x11, public)}
		}
		body := iso7816.AppendTLV(iso7816.AppendTLV(nil, 0x81, n), 0x82, public)
		return [][]byte{iso7816.AppendTLV(nil, 0x7F49, body)}
	}
	if recordBytes(result(modulus.Value)) > ef.Size {
		return nil, iso7816.SWNoMemory
	}
	key, err := c.generateKey(8 * size)
	if err != nil || key.N.BitLen() != 8*size || key.E != 65537 {
		return nil, swNoDiagnosis
	}
	n, e := c.crt.keep(key)
	kept := n
	if c.fault.ReportOtherKey {
		if key, err = c.generateKey(8 * size); err != nil || key.N.BitLen() != 8*size {
			return nil, swNoDiagnosis
		}
		kept, e = c.crt.keep(key)
	}
	modulus.Value = c.program(modulus.Value, 0, kept)
	exponent.Value = c.program(exponent.Value, 0, e)
	if form == typeTransparent {
		ef.Data = c.program(ef.Data, 0, slices.Concat(result(n)...))
		return nil, iso7816.SWOK
	}
	c.commit(func() { ef.Records = nil })
	for _, r := range result(n) {
		c.commit(func() { ef.Records = append(ef.Records, r) })
	}
	return nil, iso7816.SWOK
}

// record is a record of a public key: tag, n+2, n+1, 00 and n bytes, the lengths single bytes.
func record(tag byte, v []byte) []byte {
	return append([]byte{tag, byte(len(v) + 2), byte(len(v) + 1), 0x00}, v...)
}
