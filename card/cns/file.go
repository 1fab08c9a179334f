// SPDX-License-Identifier: EUPL-1.2

package cns

import (
	"bytes"
	"errors"
	"fmt"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/iso7816"
)

// maxRead is the most that OpenSC ever asks of these cards with one READ BINARY.
const maxRead = 255

// ErrReadBack: a file does not hold what was written to it.
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

// exists selects a file and says whether it is there.
func (s *Session) exists(p cardmodel.Path) (bool, error) {
	err := s.selectFile(p)
	if errors.Is(err, iso7816.SWFileNotFound) {
		return false, nil
	}
	return err == nil, err
}

// freeMemory reads tag 81 of a DF's FCI: bytes. Without the tag it returns -1, not known.
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

// readBinary reads up to n ≤ 255 bytes of the selected file. End of file gives what there is.
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

// readRest completes head, the first bytes of the selected file, to n bytes; less where the file ends.
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

// readHead reads the beginning of a selected file, up to maxRead bytes. Where it gets less than a head it selects the
// file and reads again, once, as readWhole does.
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

// readWhole reads n bytes of a file that announces as many, and is selected; head is what was read of it. A file that
// seems to end before is selected and read again, once: an end of file in the middle can be a fault of card or reader.
// It returns fewer bytes where the file ends there again.
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

// readAnnounced is readWhole of a file that is whole when its head is there, since the head is written last: an
// earlier end is iso7816.ErrReader, and never a file that was half written.
func (s *Session) readAnnounced(p cardmodel.Path, head []byte, n int) ([]byte, error) {
	b, err := s.readWhole(p, head, n)
	if err == nil && len(b) < n {
		err = fmt.Errorf("%w: %v ends after %d of %d bytes", iso7816.ErrReader, p, len(b), n)
	}
	return b, err
}

// headSize is how many bytes of a file are written last, so that a file cut short does not parse: it
// holds the outer tag and length.
const headSize = 8

// update writes data to the selected file so that a write cut short parses as nothing: a head that is not
// blank is blanked first, then the body is written, then the head. A file that was just created is not
// read before; of another, what is there already is not written again. With readBack every byte is read
// back, the body before the head makes it a file for other programs.
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

// blank says whether bytes are all 00 or all FF, as unwritten memory is.
func blank(b []byte) bool {
	return len(bytes.Trim(b, "\x00")) == 0 || len(bytes.Trim(b, "\xFF")) == 0
}

// create makes a file below the parent, which it selects first (CREATE FILE, docs/CARDS.md §4.1, §6.1). A
// file of that identifier that is there already is left as it is.
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

// remove deletes a file below the parent; one that is not there is no error.
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
