// SPDX-License-Identifier: EUPL-1.2

package iso7816

import (
	"errors"
	"fmt"
	"slices"
)

var (
	// ErrEndless is the error for a card that announces more response data than an APDU can have.
	ErrEndless = errors.New("the card announces response data without end")
	// ErrRepeat says that the reader failed at a command of extended length, and that the caller may give it again: it
	// goes as a chain of short ones then. Whether the card got the command is not known, and what it knew of codes,
	// files and environments may be lost.
	ErrRepeat = errors.New("the reader failed at a command of extended length")
)

// Chain returns the card with the transport rules of ISO/IEC 7816-4 §5.3 applied: a command too long
// for a short APDU goes as an extended one if extended is set, and as a chain of short ones (CLA bit 5)
// otherwise or once card or reader has refused extended length; a 61xx answer is completed with GET RESPONSE
// and a 6Cxx one repeated with the length asked for. A command that the card may have acted on is
// never sent twice: 6Cxx and 6700 mean that it did not act, and so does ErrExtendedLength. The exception are the
// commands of repeatable, which have the same effect when they come again: a status word that may mean the length
// has them sent once more, and where the reader fails at one of extended length the error wraps ErrRepeat.
func Chain(card Card, extended bool) Card { return &chain{Card: card, extended: extended} }

type chain struct {
	Card
	extended bool
}

func (c *chain) Transmit(b []byte) ([]byte, error) {
	cmd, err := ParseCommand(b)
	if err != nil {
		return nil, err
	}
	if !cmd.Extended() {
		return c.complete(cmd)
	}
	if !c.extended {
		return c.short(cmd)
	}
	r, err := c.Card.Transmit(b)
	again := slices.Contains(repeatable, cmd.INS)
	switch {
	case errors.Is(err, ErrExtendedLength):
		c.extended = false
		return c.short(cmd)
	case errors.Is(err, ErrReader) && !errors.Is(err, ErrCardGone) && again:
		c.extended = false
		return nil, fmt.Errorf("%w: %w", ErrRepeat, err)
	case err != nil:
		return nil, err
	}
	_, sw, err := SplitResponse(r)
	switch {
	case err != nil:
		return nil, err
	case sw == SWWrongLength, sw == SWLastExpected, sw == SWChaining:
		c.extended = false
		return c.short(cmd)
	case again && slices.Contains(extendedRefusals, sw):
		// The status word may mean the length, or the content of the command: short commands show it.
		short, err := c.short(cmd)
		if err != nil {
			return nil, err
		}
		if _, second, err := SplitResponse(short); err == nil && second == SWOK {
			c.extended = false
			return short, nil
		}
	}
	return c.more(cmd, r)
}

// repeatable are the instructions that have the same effect when a command is repeated. They present no code, and
// create nothing.
var repeatable = []byte{INSReadBinary, INSUpdateBinary, INSPerformSecurityOperation, INSPutData}

// extendedRefusals are status words with which cards that know no extended length answer it, beside 6700.
var extendedRefusals = []SW{0x6C00, SWInstruction, SWClass, SWWrongData}

// short sends a command as a chain of short ones.
func (c *chain) short(cmd Command) ([]byte, error) {
	data := cmd.Data
	for len(data) > MaxShort {
		part := Command{CLA: cmd.CLA | 0x10, INS: cmd.INS, P1: cmd.P1, P2: cmd.P2, Data: data[:MaxShort]}
		r, err := c.send(part)
		if err != nil {
			return nil, err
		}
		if _, sw, err := SplitResponse(r); err != nil || sw != SWOK {
			return r, err
		}
		data = data[MaxShort:]
	}
	return c.complete(Command{CLA: cmd.CLA, INS: cmd.INS, P1: cmd.P1, P2: cmd.P2, Data: data, Ne: min(cmd.Ne, NeShort)})
}

func (c *chain) send(cmd Command) ([]byte, error) {
	b, err := cmd.Bytes()
	if err != nil {
		return nil, err
	}
	defer clear(b)
	return c.Card.Transmit(b)
}

func (c *chain) complete(cmd Command) ([]byte, error) {
	r, err := c.send(cmd)
	if err != nil {
		return nil, err
	}
	if len(r) == 2 && r[0] == 0x6C && cmd.Ne > 0 {
		cmd.Ne = int(r[1])
		if cmd.Ne == 0 {
			cmd.Ne = NeShort
		}
		if r, err = c.send(cmd); err != nil {
			return nil, err
		}
	}
	return c.more(cmd, r)
}

func (c *chain) more(cmd Command, r []byte) ([]byte, error) {
	var all []byte
	for len(r) >= 2 && r[len(r)-2] == 0x61 {
		all = append(all, r[:len(r)-2]...)
		if len(all) > NeExtended {
			return nil, ErrEndless
		}
		ne := int(r[len(r)-1])
		if ne == 0 {
			ne = NeShort
		}
		next, err := c.send(Command{CLA: cmd.CLA, INS: INSGetResponse, Ne: ne})
		if err != nil {
			return nil, err
		}
		if len(next) == 2 && next[0] == 0x61 {
			return nil, ErrEndless // no progress
		}
		r = next
	}
	return append(all, r...), nil
}
