// SPDX-License-Identifier: EUPL-1.2

// Package pinpad is the keypad of a card reader (PC/SC part 10 v2.02.09, "IFDs with Secure PIN Entry Capabilities"): a
// person types a code there, the reader puts it into a command for the card, and no program sees it.
package pinpad

import (
	"errors"
	"fmt"
	"time"

	"rinnova.example/go/card/iso7816"
)

// Patience is the time that a reader gives a person for one code, before the first key and after it.
const Patience = 60 * time.Second

// The answers of a reader that sent nothing to the card: no try was spent (part 10, VERIFY_PIN_DIRECT and
// MODIFY_PIN_DIRECT).
var (
	// ErrTimeout says that the person did not type in time (6400).
	ErrTimeout = errors.New("no code was typed at the reader in time")
	// ErrCancelled says that the person pressed the reader's cancel key (6401).
	ErrCancelled = errors.New("the person cancelled at the reader")
	// ErrDifferent says that the new PIN was not typed twice alike (6402).
	ErrDifferent = errors.New("the new PIN was not typed twice alike at the reader")
	// ErrLength says that the code had fewer or more digits than the reader was told (6403).
	ErrLength = errors.New("the code typed at the reader has a wrong length")
	// ErrStructure says that the reader does not take the description of the code (6B80).
	ErrStructure = errors.New("the reader does not take the description of the code")
)

// Unsent reports whether an error of Verify or Modify is one after which the card has seen no code.
func Unsent(err error) bool {
	for _, answer := range answers {
		if errors.Is(err, answer) {
			return true
		}
	}
	return false
}

// answers are the status words by which a reader, not the card, answers.
var answers = map[iso7816.SW]error{
	0x6400: ErrTimeout, 0x6401: ErrCancelled, 0x6402: ErrDifferent, 0x6403: ErrLength, 0x6B80: ErrStructure,
}

// Pinpad is the keypad of one reader, with a card in it.
type Pinpad struct {
	control        func(code uint32, in []byte) ([]byte, error)
	verify, modify uint32 // control codes; 0 where the reader has not the feature
	limits         Limits
}

// New returns the keypad of a reader that answered to GET_FEATURE_REQUEST with features, and nil for a reader without
// one. control calls the reader's driver with a control code; New asks it for the limits of the keypad. An error of the
// features is ErrFeatures.
func New(features []byte, control func(code uint32, in []byte) ([]byte, error)) (*Pinpad, error) {
	list, err := ParseFeatures(features)
	if err != nil {
		return nil, err
	}
	p := &Pinpad{control: control, verify: list[FeatureVerifyPINDirect], modify: list[FeatureModifyPINDirect]}
	if p.verify == 0 && p.modify == 0 {
		return nil, nil
	}
	if code := list[FeatureGetTLVProperties]; code != 0 {
		// A driver that does not tell its limits has none that are known.
		if b, err := control(code, nil); err == nil {
			p.limits = ParseLimits(b)
		}
	}
	return p, nil
}

// Verifies reports whether codes of this form can be typed at the reader for VERIFY.
func (p *Pinpad) Verifies(e Entry) bool { return p != nil && p.verify != 0 && p.limits.allow(e) }

// Modifies reports whether codes of this form can be typed at the reader for a command with two of them.
func (p *Pinpad) Modifies(e Entry) bool { return p != nil && p.modify != 0 && p.limits.allow(e) }

// Verify has the person type a code, and the reader send it in the command, which holds the padding of e.Stored bytes
// in the code's place. It waits for the person. It returns nil on 9000, one of this package's errors, an iso7816.SW of
// the card, or the transport's error, after which the command's effect is unknown.
func (p *Pinpad) Verify(command iso7816.Command, e Entry) error {
	b, err := command.Bytes()
	if err != nil {
		return err
	}
	return p.enter(p.verify, VerifyStructure(b, e))
}

// Modify has the person type a code and then a new one twice, and the reader send both in the command, which holds the
// padding of e.Stored bytes in the place of each. It waits and fails as Verify does.
func (p *Pinpad) Modify(command iso7816.Command, e Entry) error {
	b, err := command.Bytes()
	if err != nil {
		return err
	}
	return p.enter(p.modify, ModifyStructure(b, e))
}

func (p *Pinpad) enter(code uint32, in []byte) error {
	answer, err := p.control(code, in)
	if err != nil {
		return err
	}
	_, sw, err := iso7816.SplitResponse(answer)
	switch {
	case err != nil:
		return fmt.Errorf("answer of the reader's keypad: %w", err)
	case sw == iso7816.SWOK:
		return nil
	case answers[sw] != nil:
		return answers[sw]
	}
	return sw
}
