// SPDX-License-Identifier: EUPL-1.2

package cns

import (
	"bytes"
	"errors"
	"fmt"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/iso7816"
)

// maxRead is the largest READ BINARY that OpenSC sends to these cards, in bytes.
const maxRead = 255

// ErrReadBack is the error for a file whose contents differ from those just written.
var ErrReadBack = errors.New("the card did not keep what was written")

// selectFile selects by path from the MF, without FCI unless the card refuses that (docs/CARDS.md §4.1).
func (s *Session) selectFile(p cardmodel.Path) error {
	_, err := s.selectFCI(p, s.withFCI)
	if errors.Is(err, iso7816.SWWrongP1P2) && !s.withFCI {
		s.withFCI = true
		_, err = s.selectFCI(p, true)
	}
	return err
}

func (s *Session) selectFCI(p cardmodel.Path, fci bool) ([]byte, error) {
	c := iso7816.Command{INS: iso7816.INSSelect, P1: 0x08, P2: 0x0C, Data: p.Bytes()}
	if len(p) == 0 {
		c.P1, c.Data = 0x00, []byte{0x3F, 0x00}
	}
	if fci {
		c.P2, c.Ne = 0x00, iso7816.NeShort
	}
	data, err := iso7816.Do(s.card, c)
	if s.asleep = errors.Is(err, iso7816.SWDeactivated); s.asleep {
		return data, nil // selected all the same (ISO/IEC 7816-4 table 6)
	}
	return data, err
}

// exists selects a file and reports whether the card has it.
func (s *Session) exists(p cardmodel.Path) (bool, error) {
	err := s.selectFile(p)
	if errors.Is(err, iso7816.SWFileNotFound) {
		return false, nil
	}
	return err == nil, err
}

// freeMemory returns tag 81 of a DF's FCI, in bytes, or -1 if the tag is absent.
func (s *Session) freeMemory(p cardmodel.Path) (int, error) {
	fci, err := s.selectFCI(p, true)
	if err != nil {
		return 0, err
	}
	t, _, err := iso7816.CutTLV(fci)
	if err != nil {
		return 0, err
	}
	list, err := iso7816.ParseTLV(t.Value)
	if err != nil {
		return 0, err
	}
	v, ok := iso7816.Find(list, 0x81)
	if !ok || len(v) != 2 {
		return -1, nil
	}
	return int(v[0])<<8 | int(v[1]), nil
}

// readBinary reads up to n ≤ 255 bytes of the selected file, and fewer at the end of the file.
func (s *Session) readBinary(offset, n int) ([]byte, error) {
	data, err := iso7816.Do(s.card, iso7816.Command{INS: iso7816.INSReadBinary, P1: byte(offset >> 8), P2: byte(offset),
		Ne: n})
	data = data[:min(n, len(data))] // 61xx may have announced more than was asked for
	if errors.Is(err, iso7816.SWEndOfFile) || errors.Is(err, iso7816.SWOffset) {
		return data, nil
	}
	if s.asleep && err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotActivated, err)
	}
	return data, err
}

// readRest reads the selected file from the end of head up to n bytes in all. It returns fewer at the end of the
// file.
func (s *Session) readRest(head []byte, n int) ([]byte, error) {
	if n <= len(head) {
		return head[:n], nil
	}
	for len(head) < n {
		part, err := s.readBinary(len(head), min(n-len(head), maxRead))
		if err != nil {
			return nil, err
		}
		if len(part) == 0 {
			break
		}
		head = append(head, part...)
	}
	return head, nil
}

// readHead reads the beginning of the selected file, up to maxRead bytes. If it gets less than a head it selects the
// file and reads again, once, like readWhole.
func (s *Session) readHead(p cardmodel.Path) ([]byte, error) {
	head, err := s.readBinary(0, maxRead)
	if err != nil || len(head) >= headSize {
		return head, err
	}
	if err := s.selectFile(p); err != nil {
		return nil, err
	}
	return s.readBinary(0, maxRead)
}

// readWhole reads the n bytes that a selected file announces; head has those read before. If the file seems to end
// earlier, readWhole selects it and reads again, once: an end of file in the middle can be a fault of card or reader.
// It returns fewer bytes if the file ends there again.
func (s *Session) readWhole(p cardmodel.Path, head []byte, n int) ([]byte, error) {
	b, err := s.readRest(head, n)
	if err != nil || len(b) >= n {
		return b, err
	}
	if err := s.selectFile(p); err != nil {
		return nil, err
	}
	return s.readRest(nil, n)
}

// readAnnounced is readWhole for a file whose head is written last, so that a head stands for a whole file. An
// earlier end is iso7816.ErrReader, not a file that was half written.
func (s *Session) readAnnounced(p cardmodel.Path, head []byte, n int) ([]byte, error) {
	b, err := s.readWhole(p, head, n)
	if err == nil && len(b) < n {
		err = fmt.Errorf("%w: %v ends after %d of %d bytes", iso7816.ErrReader, p, len(b), n)
	}
	return b, err
}

// headSize is the number of bytes of a file that are written last: the outer tag and length. Without them a file that
// was cut short does not parse.
const headSize = 8

// update writes data to the selected file, so that a write that was cut short leaves a file that does not parse. It
// writes zeros over the head if the file has one, then writes the body, then the head. It does not read a file that
// was just created; of another file it does not write bytes that are there already. With readBack it reads every byte
// back, the body before the head is written.
func (b *Block) update(data []byte, created, readBack bool) error {
	s := b.s
	n := min(headSize, len(data))
	var old []byte
	if !created {
		var err error
		if old, err = s.readRest(nil, len(data)); err != nil {
			return err
		}
		if bytes.Equal(old, data) {
			return nil
		}
	}
	chunk := s.Model.WriteChunk.Value
	write := func(offset int, part []byte) error {
		_, err := b.do(iso7816.Command{INS: iso7816.INSUpdateBinary, P1: byte(offset >> 8), P2: byte(offset),
			Data: part})
		return err
	}
	if len(old) >= n && !blank(old[:n]) {
		if err := write(0, make([]byte, n)); err != nil {
			return err
		}
	}
	for i := n; i < len(data); i += chunk {
		end := min(i+chunk, len(data))
		if end <= len(old) && bytes.Equal(old[i:end], data[i:end]) {
			continue
		}
		if err := write(i, data[i:end]); err != nil {
			return err
		}
	}
	if !readBack {
		return write(0, data[:n])
	}
	body, err := s.readRest(bytes.Clone(data[:n]), len(data))
	if err != nil {
		return err
	}
	if !bytes.Equal(body, data) {
		return ErrReadBack
	}
	if err := write(0, data[:n]); err != nil {
		return err
	}
	head, err := s.readBinary(0, n)
	if err != nil {
		return err
	}
	if !bytes.Equal(head, data[:n]) {
		return ErrReadBack
	}
	return nil
}

// blank reports whether all bytes are 00, or all are FF, as in unwritten memory.
func blank(b []byte) bool {
	// bytes.Trim takes FF for any byte that is no UTF-8.
	return bytes.Count(b, []byte{0x00}) == len(b) || bytes.Count(b, []byte{0xFF}) == len(b)
}

// create selects the parent and creates a file in it (CREATE FILE, docs/CARDS.md §4.1, §6.1). It leaves an existing
// file of that identifier as it is.
func (b *Block) create(p cardmodel.Path, df bool, size int, access cardmodel.Access) error {
	if err := b.s.selectFile(p.Parent()); err != nil {
		return err
	}
	_, err := b.do(createCommand(p.FID(), df, size, access))
	if errors.Is(err, iso7816.SWExists) {
		return nil
	}
	return err
}

func createCommand(fid uint16, df bool, size int, access cardmodel.Access) iso7816.Command {
	word := func(n int) []byte { return []byte{byte(n >> 8), byte(n)} }
	tag, kind, body := uint32(0x80), byte(0x01), []byte{0x01, 0x00, 0x00}
	if df {
		tag, kind, body = 0x81, 0x38, append([]byte{0x01}, word(size)...)
	}
	v := iso7816.AppendTLV(nil, tag, word(size))
	v = iso7816.AppendTLV(v, 0x82, []byte{kind, 0x00, 0x00})
	v = iso7816.AppendTLV(v, 0x83, word(int(fid)))
	v = iso7816.AppendTLV(v, 0x85, body)
	v = iso7816.AppendTLV(v, 0x86, access[:])
	return iso7816.Command{INS: iso7816.INSCreateFile, Data: iso7816.AppendTLV(nil, 0x6F, v)}
}

// remove deletes a file of the parent. An absent file is no error.
func (b *Block) remove(p cardmodel.Path) error {
	if err := b.s.selectFile(p.Parent()); err != nil {
		return err
	}
	_, err := b.do(iso7816.Command{INS: iso7816.INSDeleteFile, Data: []byte{byte(p.FID() >> 8), byte(p.FID())}})
	if errors.Is(err, iso7816.SWFileNotFound) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("delete %04X: %w", p.FID(), err)
	}
	return nil
}
