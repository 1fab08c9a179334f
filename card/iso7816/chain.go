// SPDX-License-Identifier: EUPL-1.2

package iso7816

import "errors"

// ErrEndless says that a card went on announcing more response data than an APDU can carry.
var ErrEndless = errors.New("the card announces response data without end")

// Chain returns the card with the transport rules of ISO/IEC 7816-4 §5.3 applied: a command too long
// for a short APDU goes as an extended one if extended is set, and as a chain of short ones (CLA bit 5)
// otherwise or once the card has refused extended length; a 61xx answer is completed with GET RESPONSE
// and a 6Cxx one repeated with the length asked for. A command that the card may have acted on is
// never sent twice: 6Cxx and 6700 mean that it did not act.
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
	if c.extended {
		r, err := c.Card.Transmit(b)
		if err != nil {
			return nil, err
		}
		_, sw, err := SplitResponse(r)
		if err != nil {
			return nil, err
		}
		if sw != SWWrongLength && sw != SWLastExpected && sw != SWChaining {
			return c.more(cmd, r)
		}
		c.extended = false
	}
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
