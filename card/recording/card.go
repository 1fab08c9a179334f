// SPDX-License-Identifier: EUPL-1.2

package recording

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/transcript"
)

// ErrNotRecorded is the error for a command whose answer a recording does not have.
var ErrNotRecorded = errors.New("the recording has no answer to the command")

// Played is a card that answers as a recording says, in whatever order it is asked: so a recording stays of use where
// a program's commands change. A command that was recorded several times in one place gets the answers in their order,
// and then the last one again. A read of other bytes than those asked for then is answered from all that was read.
type Played struct {
	iso7816.Unshared
	atr     []byte
	at      place
	answers map[string][][]byte
	files   map[place][]byte
}

// NewCard returns a recording as a card just reset.
func NewCard(t *transcript.Transcript) *Played {
	list := exchanges(t)
	p := &Played{atr: slices.Clone(t.ATR), answers: map[string][][]byte{}, files: contents(list)}
	for _, x := range list {
		if x.known {
			k := x.at.key(x.raw, x.command)
			p.answers[k] = append(p.answers[k], append(slices.Clone(x.data), byte(x.sw>>8), byte(x.sw)))
		}
	}
	return p
}

// key names a command in its place. The current file makes no difference to a selection.
func (p place) key(raw []byte, c iso7816.Command) string {
	if c.INS == iso7816.INSSelect {
		p.file = ""
	}
	return p.application + "|" + p.file + "|" + string(raw)
}

// ATR returns the recorded answer to reset.
func (p *Played) ATR() []byte { return slices.Clone(p.atr) }

// End forgets, with reset, the selected application and file.
func (p *Played) End(reset bool) error {
	if reset {
		p.at = place{}
	}
	return nil
}

// Transmit returns the recorded answer, or ErrNotRecorded.
func (p *Played) Transmit(command []byte) ([]byte, error) {
	c, err := iso7816.ParseCommand(command)
	if err != nil {
		return nil, err
	}
	response, err := p.answer(command, c)
	if err != nil {
		return nil, err
	}
	_, sw, err := iso7816.SplitResponse(response)
	p.at = p.at.after(c, sw)
	return response, err
}

func (p *Played) answer(command []byte, c iso7816.Command) ([]byte, error) {
	k := p.at.key(command, c)
	if list := p.answers[k]; len(list) > 0 {
		if len(list) > 1 {
			p.answers[k] = list[1:]
		}
		return slices.Clone(list[0]), nil
	}
	x := exchange{at: p.at, command: c}
	if from, read := x.offset(); read && c.Ne > 0 && from+c.Ne <= len(p.files[p.at]) {
		return append(slices.Clone(p.files[p.at][from:from+c.Ne]), 0x90, 0x00), nil
	}
	return nil, fmt.Errorf("%w: %s", ErrNotRecorded, strings.ToUpper(hex.EncodeToString(command)))
}
