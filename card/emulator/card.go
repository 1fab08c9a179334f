// SPDX-License-Identifier: EUPL-1.2

// Package emulator is a CNS card in memory, made from a card model: operating system, file system,
// security objects, keys, a state that outlives power, and faults. It answers what the project's card
// facts (docs/CARDS.md) describe, decodes every command by itself, and refuses every form that is not
// described there. It proves nothing about real chips where those facts are assumptions, which are
// marked "assumed:" beside the code.
package emulator

import (
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/iso7816"
)

// Card is an emulated card. It is an iso7816.Card with transactions; its methods may be called from
// several goroutines. The zero value is no card: see Issue, Demo, Open.
type Card struct {
	mu     sync.Mutex
	series string
	model  *cardmodel.Model
	atr    []byte
	root   *file
	rand   io.Reader
	keys   func(bits int) (*rsa.PrivateKey, error)
	crt    *factors
	store  *store // the file behind the card, or nil

	// Dropped without power.
	df, ef      *file
	verified    map[*object]int // uses left, 0 for any number
	environment *environment    // the current one, a copy
	hidden      bool            // the files are not seen before the model's application is selected
	pending     []byte          // for GET RESPONSE
	chain       *iso7816.Command

	gone        bool
	transaction bool

	hook    func(int, []byte) Fault
	index   int
	fault   Fault // of the command being worked on
	pages   int
	torn    bool
	flipped bool
	dirty   bool
}

// ErrTransaction says that Begin was called within a transaction, or End outside of one.
var ErrTransaction = errors.New("transaction out of order")

// ATR returns the answer to reset.
func (c *Card) ATR() []byte { return slices.Clone(c.atr) }

// Series returns the sigla printed on the card.
func (c *Card) Series() string { return c.series }

// Reset resets the card: security status, current file, security environment and the parts of a chain are lost. A
// card whose power was cut by a fault answers again, a closed one does not.
func (c *Card) Reset() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drop()
	c.gone = c.store != nil && c.store.closed
}

// Reinsert takes the card out and puts it back: a Reset that also ends a transaction.
func (c *Card) Reinsert() {
	c.Reset()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.transaction = false
}

// PowerOff removes the power as a reader does. The next command reaches a card after reset.
func (c *Card) PowerOff() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drop()
}

// drop clears the state that is lost without power.
func (c *Card) drop() {
	c.df, c.ef = c.root, nil
	c.hidden = len(c.model.Application.Value) > 0
	clear(c.verified)
	c.environment, c.pending, c.chain = nil, nil, nil
}

// Begin starts a transaction as PC/SC does. One card in memory is one connection, so that a second Begin
// without an End is an error of the caller, ErrTransaction. It fails with iso7816.ErrCardGone after a cut.
func (c *Card) Begin() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gone {
		return errGone
	}
	if c.transaction {
		return ErrTransaction
	}
	c.transaction = true
	return nil
}

// End ends a transaction, with a reset if asked for. After a cut it fails with iso7816.ErrCardGone.
func (c *Card) End(reset bool) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	open := c.transaction
	c.transaction = false
	if c.gone {
		return errGone
	}
	if !open {
		return ErrTransaction
	}
	if reset {
		c.drop()
	}
	return nil
}

var errGone = fmt.Errorf("emulated card: %w", iso7816.ErrCardGone)

// SetKeys sets the source of keys for GENERATE KEY PAIR, by their size in bits; the public exponent must be 65537.
// Without a source the card generates keys.
func (c *Card) SetKeys(f func(bits int) (*rsa.PrivateKey, error)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keys = f
}

func (c *Card) generateKey(bits int) (*rsa.PrivateKey, error) {
	if c.keys != nil {
		return c.keys(bits)
	}
	return rsa.GenerateKey(c.rand, bits)
}

// Clone returns a card in the same state, volatile state included, without file, fault and transaction.
// The two share nothing that changes, except the source of randomness and that of keys.
func (c *Card) Clone() *Card {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := &Card{series: c.series, model: c.model, atr: c.atr, rand: c.rand, keys: c.keys, crt: c.crt, gone: c.gone,
		hidden: c.hidden, pending: c.pending, verified: make(map[*object]int, len(c.verified))}
	if c.environment != nil {
		e := *c.environment
		n.environment = &e
	}
	if c.chain != nil {
		ch := *c.chain
		ch.Data = slices.Clone(ch.Data)
		n.chain = &ch
	}
	n.root = n.copy(c, c.root, nil)
	return n
}

// copy copies a file of old into the card, with its contents and state.
func (c *Card) copy(old *Card, f, parent *file) *file {
	g := new(file)
	*g = *f
	g.parent = parent
	if f == old.df {
		c.df = g
	}
	if f == old.ef {
		c.ef = g
	}
	g.Files = make([]*file, len(f.Files))
	for i, x := range f.Files {
		g.Files[i] = c.copy(old, x, g)
	}
	g.Objects = make([]*object, len(f.Objects))
	for i, x := range f.Objects {
		o := new(object)
		*o = *x
		o.in = g
		g.Objects[i] = o
		if uses, ok := old.verified[x]; ok {
			c.verified[o] = uses
		}
	}
	g.Environments = make([]*environment, len(f.Environments))
	for i, x := range f.Environments {
		e := *x
		g.Environments[i] = &e
	}
	g.Records = slices.Clone(f.Records)
	return g
}

// at finds a file by identifiers below the MF, written 1400/9010; "MF" is the MF.
func (c *Card) at(path string) *file {
	f := c.root
	if path == "MF" {
		return f
	}
	for part := range strings.SplitSeq(path, "/") {
		fid, err := strconv.ParseUint(part, 16, 16)
		if err != nil || f == nil {
			return nil
		}
		f = f.child(uint16(fid))
	}
	return f
}

// File returns the content of an EF, such as "1400/9010", without regard to access conditions; of a file of records
// it returns the records one after the other. The second value reports whether the EF exists.
func (c *Card) File(path string) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f := c.at(path)
	if f == nil || f.isDF() {
		return nil, false
	}
	if f.Type[0] == typeTLV {
		return slices.Concat(f.Records...), true
	}
	return slices.Clone(f.Data), true
}

// Tries returns the number of wrong presentations that a code of the MF still allows, -1 if there is no such code.
func (c *Card) Tries(reference byte) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	o := c.root.object(classTest, reference)
	if o == nil || o.Algorithm != algPIN {
		return -1
	}
	return int(o.Left)
}

// Keys lists the private keys, each as its DF and its id ("MF/01", "1400/8110/10"), generated or not.
func (c *Card) Keys() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []string
	c.root.walk(func(f *file) {
		for _, o := range f.Objects {
			if o.Class == classExponent {
				list = append(list, fmt.Sprintf("%s/%02X", f.path(), o.ID))
			}
		}
	})
	slices.Sort(list)
	return list
}

func (f *file) path() cardmodel.Path {
	var p cardmodel.Path
	for ; f.parent != nil; f = f.parent {
		p = append(p, f.FID)
	}
	slices.Reverse(p)
	return p
}

func source(r io.Reader) io.Reader {
	if r == nil {
		return rand.Reader
	}
	return r
}
