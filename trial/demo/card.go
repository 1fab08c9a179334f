// SPDX-License-Identifier: EUPL-1.2

package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"rinnova.example/go/card/cns"
	"rinnova.example/go/card/emulator"
	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/trial"
)

// pacedCard takes the time of a reader's link, and is gone once the card was taken out.
type pacedCard struct {
	iso7816.Card
	bench     *Bench
	slot      int
	number    int
	first     time.Duration // before the first command
	exchanged atomic.Int64
	pull      atomic.Bool // at the next command of cutAt
	slow      atomic.Bool // the next command takes a minute
}

func (c *pacedCard) count() int { return int(c.exchanged.Load()) }

func (c *pacedCard) Transmit(command []byte) ([]byte, error) {
	if c.exchanged.Add(1) == 1 && c.first > 0 {
		if err := renewal.Wait(c.bench.ctx, c.first); err != nil {
			return nil, err
		}
	}
	began := time.Now()
	c.bench.mu.Lock()
	s := c.bench.slots[c.slot]
	c.bench.mu.Unlock()
	if !s.in || s.number != c.number {
		return nil, iso7816.ErrCardGone
	}
	if c.slow.Swap(false) ||
		s.fault == "slow-key" && len(command) > 1 && command[1] == iso7816.INSGenerateKeyPair {
		if err := c.within(time.Minute); err != nil {
			return nil, err
		}
	}
	answer, err := c.Card.Transmit(command)
	if c.pull.Load() && err == nil {
		if ins, ok := cutAt[strings.TrimPrefix(s.fault, "cut-")]; !ok || ins == command[1] {
			err = iso7816.ErrCardGone
		}
	}
	if s.fault == "pin-lost" && err == nil &&
		(command[1] == iso7816.INSChangeReferenceData || command[1] == iso7816.INSResetRetryCounter) {
		err = iso7816.ErrCardGone
	}
	if !c.bench.Fast {
		wire, chip := trial.ModelledLink.Exchange(command, answer)
		if err := renewal.Wait(c.bench.ctx, wire+chip-time.Since(began)); err != nil {
			return nil, err
		}
	}
	if errors.Is(err, iso7816.ErrCardGone) {
		c.bench.remove(c.slot)
		return nil, err
	}
	return answer, err
}

// within waits while the card is in the reader.
func (c *pacedCard) within(d time.Duration) error {
	for range d / (100 * time.Millisecond) {
		if err := renewal.Wait(c.bench.ctx, 100*time.Millisecond); err != nil {
			return err
		}
		c.bench.mu.Lock()
		gone := !c.bench.slots[c.slot].in
		c.bench.mu.Unlock()
		if gone {
			return iso7816.ErrCardGone
		}
	}
	return nil
}

// Faults are the scripts that a card can be put in with. A cut- takes the card away within a step of the
// renewal, after the card acted; there is one for each step that uses the card. At pin-lost it leaves after it took a
// new PIN. At pinpad the reader has a keypad, and the time of the first entry there runs out.
var Faults = []string{"", "begun", "renewed", "pin-last", "pin-blocked", "pin-lost", "puk-last",
	"cut-identify", "cut-unlock",
	"cut-prepare", "cut-generate",
	"cut-request", "cut-install", "cut-prove", "cut-confirm", "lost-request", "lost-confirm", "unregistered", "empty",
	"unreadable", "full", "not-activated", "mute",
	"contactless", "not-cns", "cie", "foreign", "other-cns", "unknown-model", "busy", "slow-card", "slow-key",
	"slow-install", "slow-service", "hostile", "too-old", "pinpad"}

// cutAt is the instruction of a step at which the card is taken away; the first command where none is named.
var cutAt = map[string]byte{"unlock": iso7816.INSVerify, "prepare": iso7816.INSCreateFile,
	"generate": iso7816.INSGenerateKeyPair, "request": iso7816.INSPerformSecurityOperation,
	"install": iso7816.INSUpdateBinary, "prove": iso7816.INSPerformSecurityOperation,
	"confirm": iso7816.INSPerformSecurityOperation}

// fixed is a card that has an answer to reset and nothing else.
type fixed struct {
	iso7816.Unshared
	atr []byte
}

func (f fixed) ATR() []byte                     { return f.atr }
func (f fixed) Transmit([]byte) ([]byte, error) { return []byte{0x6D, 0x00}, nil }

// Answers to reset of cards that are none of ours: a bank's, an identity card's of the first version, one
// over the air (PC/SC part 3 §3.1.3.2.3), and a CNS with a mask that no model has.
var (
	cieATR         = []byte{0x3B, 0xF4, 0x18, 0x00, 0xFF, 0x81, 0x31, 0x80, 0x55, 0x00, 0x31, 0x80, 0x00, 0xC7}
	bankATR        = []byte{0x3B, 0x67, 0x00, 0x00, 0x29, 0x20, 0x00, 0x6F, 0x78, 0x90, 0x00}
	contactlessATR = []byte{0x3B, 0x80, 0x80, 0x01, 0x01}
	unknownCNSATR  = []byte{0x3B, 0xFF, 0x18, 0x00, 0x00, 0x81, 0x31, 0xFE, 0x45, 0x00, 0x6B, 0x7E, 0x7E, 0x7E, 0x00,
		0x01, 0x21, 0x01, 0x43, 0x4E, 0x53, 0x10, 0x31, 0x80, 0x27}
)

// make makes a card of a series and scripts what will go wrong with it.
func (b *Bench) make(ctx context.Context, series, fault string) (slot, error) {
	if !slices.Contains(Faults, fault) {
		return slot{}, fmt.Errorf("no fault %q", fault)
	}
	s := slot{series: series, fault: fault}
	for _, x := range []*network{b.open, b.closed} {
		x.slow.Store(0)
		x.failAt.Store(0)
	}
	switch fault {
	case "contactless":
		s.card = fixed{atr: contactlessATR}
		return s, nil
	case "not-cns":
		s.card = fixed{atr: bankATR}
		return s, nil
	case "cie":
		s.card = fixed{atr: cieATR}
		return s, nil
	case "unknown-model":
		s.card = fixed{atr: unknownCNSATR}
		return s, nil
	}
	issued, err := b.service().Issue(ctx, b.cardRequest(series, fault))
	if err != nil {
		return slot{}, err
	}
	c := issued.Card
	s.chip, s.card = c, c
	switch fault {
	case "mute":
		s.mute = true
	case "busy":
		s.busy = true
	case "begun", "renewed":
		if fault == "begun" {
			cutAfter(c, iso7816.INSUpdateBinary, 3)
		}
		_, err := b.elsewhere(c).Run(ctx)
		c.SetFault(nil)
		c.Reinsert()
		if (err == nil) != (fault == "renewed") {
			return slot{}, fmt.Errorf("preparing the card: %w", err)
		}
	case "pin-last", "pin-blocked", "puk-last":
		if err := wrongCodes(c, fault); err != nil {
			return slot{}, err
		}
	case "not-activated":
		answering(c, iso7816.SWUnusable, iso7816.INSVerify)
	case "foreign":
		answering(c, iso7816.SWFileNotFound, iso7816.INSSelect)
	case "full":
		answering(c, iso7816.SWNoMemory, iso7816.INSCreateFile, iso7816.INSPutData)
	case "slow-service":
		b.service().slow.Store(int64(time.Minute))
	case "lost-request", "lost-confirm":
		s := b.service()
		s.exchanges.Store(0)
		// The look asks once, the renewal once more, then come request and confirmation.
		s.failAt.Store(map[string]int64{"lost-request": 3, "lost-confirm": 4}[fault])
	}
	return s, nil
}

// answering has the card refuse some instructions with a status word.
func answering(c *emulator.Card, sw iso7816.SW, instructions ...byte) {
	c.SetFault(func(_ int, command []byte) emulator.Fault {
		if slices.Contains(instructions, command[1]) {
			return emulator.Fault{SW: sw}
		}
		return emulator.Fault{}
	})
}

// cutAfter takes the card away at the n-th command of an instruction, after it acted.
func cutAfter(c *emulator.Card, instruction byte, n int) {
	seen := 0
	c.SetFault(func(_ int, command []byte) emulator.Fault {
		if command[1] == instruction {
			if seen++; seen == n {
				return emulator.Fault{Cut: emulator.CutAfter}
			}
		}
		return emulator.Fault{}
	})
}

// elsewhere is a renewal on another computer: without this one's journal, by a person who knows the codes.
func (b *Bench) elsewhere(c *emulator.Card) *renewal.Renewal {
	r := b.renewal(c)
	r.Journal, r.Prompter = nil, knowing{c.Series()}
	return r
}

type knowing struct{ series string }

func (knowing) PIN(context.Context, renewal.CodeRequest) ([]byte, error) {
	return []byte(trial.PIN), nil
}
func (knowing) PUK(context.Context, renewal.CodeRequest) ([]byte, error) {
	return []byte(trial.PUK), nil
}
func (k knowing) Consent(context.Context, renewal.Question) (string, error) { return k.series, nil }

// wrongCodes spends tries as a person would who forgot the code.
func wrongCodes(c *emulator.Card, fault string) error {
	s, err := cns.Open(c)
	if err != nil {
		return err
	}
	defer s.ForgetPIN()
	if fault == "puk-last" {
		for range s.Model.PUK.Value.Tries - 1 {
			missing := s.DFToCreateWithPUK()
			if missing == nil {
				return nil
			}
			var refused *cns.CodeError
			if err := s.CreateWithPUK(*missing, []byte("00000000")); !errors.As(err, &refused) {
				return fmt.Errorf("a wrong PUK was not refused: %w", err)
			}
		}
		return nil
	}
	tries := s.Model.PIN.Value.Tries
	if fault == "pin-last" {
		tries--
	}
	for range tries {
		var refused *cns.CodeError
		if err := s.UnlockInBlock([]byte("00000"), nil); !errors.As(err, &refused) {
			return fmt.Errorf("a wrong PIN was not refused: %w", err)
		}
	}
	return nil
}

// cardRequest is a card whose certificate ends within the window of 2020 when the demonstration runs then.
func (b *Bench) cardRequest(series, fault string) trial.CardRequest {
	now := b.now().UTC().Truncate(time.Second)
	r := trial.CardRequest{Series: series, NotBefore: now.AddDate(-6, 0, 20), NotAfter: now.AddDate(0, 0, 20),
		WithoutCertificate: fault == "empty", Unreadable: fault == "unreadable", Unregistered: fault == "unregistered"}
	switch fault {
	case "hostile": // texts that try to break the page
		r.Holder = trial.Holder
		r.Holder.Name = "<img src=x onerror=alert(1)>\"'&\x07\u0085"
		r.Holder.Surname = "NOME-INTERMINABILE-SENZA-SPAZI-CHE-NON-STA-IN-NESSUNA-RIGA-" +
			"E-CONTINUA-ANCORA-PER-UN-BEL-POCO-OLTRE-OGNI-MISURA"
	case "other-cns":
		b.mu.Lock()
		r.Number = fmt.Sprintf("70909%011d", b.inserted+1) // 7: not a health card
		b.mu.Unlock()
	}
	return r
}
