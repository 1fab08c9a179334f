// SPDX-License-Identifier: EUPL-1.2

package pcsc

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/pinpad"
)

// patience is the time that Open and Begin wait for another program's transaction.
const patience = 30 * time.Second

// Connection is a card in a reader, shared with other programs: an iso7816.Card with transactions.
// Calls follow one another; one made during another waits for it, at most 30 seconds, and then returns
// ErrBusy. After an error that wraps iso7816.ErrCardGone the reader is released already, and every
// further call returns that error, also when a card is inserted again.
type Connection struct {
	context, card handle
	protocol      dword
	reader        string
	patience      time.Duration
	state         uint32 // of the reader when connected; its counter tells one insertion from another
	atr           []byte
	features      []byte // of the reader, as its driver lists them; empty where it lists none
	response      []byte
	ownReset      bool          // this connection reset the card itself and is to reconnect
	dead          error         // why there is nothing to talk to any more
	turn          chan struct{} // the goroutine that takes the one element may use the fields above
}

// Open connects, shared and with T=0 or T=1, to the card in a reader, which is meant by its exact name
// or by the zero-based number that Readers gives it. While another program holds a transaction it
// waits, at most 30 seconds. Its errors wrap ErrNoService, ErrNoReader, ErrNoCard, ErrMute or ErrBusy.
func Open(reader string) (*Connection, error) { return open(reader, patience) }

func open(reader string, wait time.Duration) (*Connection, error) {
	ctx, err := establish()
	if err != nil {
		return nil, err
	}
	c := &Connection{context: ctx, patience: wait, turn: make(chan struct{}, 1)}
	names, rv := listReaders(ctx)
	if rv != success {
		releaseContext(ctx)
		return nil, fault(rv)
	}
	if c.reader, err = find(names, reader); err != nil {
		releaseContext(ctx)
		return nil, err
	}
	rv, late := bounded(wait, c.connect, func(rv code) {
		if rv == success {
			disconnect(c.card)
		}
		releaseContext(ctx)
	})
	switch {
	case late:
		err = ErrBusy
	case rv != success:
		releaseContext(ctx)
		err = fault(rv)
	default:
		c.turn <- struct{}{}
		return c, nil
	}
	return nil, fmt.Errorf("reader %q: %w", c.reader, err)
}

// connect waits without end while another program holds a transaction (SCardConnect does in pcscd).
func (c *Connection) connect() code {
	card, protocol, rv := connect(c.context, c.reader)
	if rv != success {
		return rv
	}
	s, rv := c.look(0, 0)
	if rv != success {
		disconnect(card)
		return rv
	}
	c.card, c.protocol, c.state, c.atr = card, protocol, s.event, s.atr
	if features, rv := control(card, controlCode(pinpad.GetFeatureRequest), nil); rv == success {
		c.features = features
	}
	if !isShort(c.reader) && saysShort(card, c.features) {
		setShort(c.reader)
	}
	return success
}

// bounded runs a call that the library cannot cancel. If the call takes longer than wait, bounded returns true, and
// late runs when the call ends.
func bounded(wait time.Duration, f func() code, late func(code)) (code, bool) {
	done, left := make(chan code), make(chan struct{})
	go func() {
		rv := f()
		select {
		case done <- rv:
		case <-left:
			late(rv)
		}
	}()
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case rv := <-done:
		return rv, false
	case <-timer.C:
		close(left)
		return 0, true
	}
}

// look waits until the reader leaves the given state (0: any), and returns the state and the card's ATR. It does not
// use the card.
func (c *Connection) look(current uint32, wait time.Duration) (readerState, code) {
	s := []readerState{{name: c.reader, current: current}}
	rv := getStatusChange(c.context, wait, s)
	return s[0], rv
}

// same reports whether the card in the reader is still the one that was there when it was opened.
func (c *Connection) same(s readerState) bool {
	return s.event&statePresent != 0 && s.event&stateCounter == c.state&stateCounter
}

// ATR returns the answer to reset.
func (c *Connection) ATR() []byte { return bytes.Clone(c.atr) }

// Reader returns the name of the reader.
func (c *Connection) Reader() string { return c.reader }

func (c *Connection) take(wait time.Duration) error {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-c.turn:
	case <-timer.C:
		return fmt.Errorf("reader %q: %w", c.reader, ErrBusy)
	}
	if c.dead != nil {
		c.give()
		return c.dead
	}
	return nil
}

func (c *Connection) give() { c.turn <- struct{}{} }

// Transmit sends one command APDU and returns the response, at most 65538 bytes. Inside a transaction
// of this connection no other program comes between. A command of extended length is refused with
// iso7816.ErrExtendedLength, and not sent, where the reader's driver says that it carries none, and after the reader
// failed at one in this process. An error wraps iso7816.ErrCardGone when card,
// reader or service went away, and ErrReset when the card was reset, as then every command does until
// Begin. Outside a transaction it waits for as long as another program holds one.
func (c *Connection) Transmit(command []byte) ([]byte, error) {
	if len(command) < 4 || len(command) > 4+3+iso7816.MaxExtended+2 {
		return nil, fmt.Errorf("%w: %d bytes", iso7816.ErrCommand, len(command))
	}
	long := len(command) > longest
	if long && isShort(c.reader) {
		return nil, iso7816.ErrExtendedLength
	}
	if err := c.take(c.patience); err != nil {
		return nil, err
	}
	defer c.give()
	if c.ownReset {
		if rv := c.reconnect(); rv != success {
			return nil, c.failed(rv)
		}
	}
	if c.protocol == protocolT0 {
		command = tpdu(command)
	}
	if c.response == nil {
		c.response = make([]byte, maxResponse)
	}
	n, rv := transmit(c.card, c.protocol, command, c.response)
	if rv == success && n < 2 {
		rv = fCommError // some drivers answer a command, during which the card was pulled, with nothing
	}
	if rv != success {
		err := c.failed(rv)
		if long && errors.Is(err, iso7816.ErrReader) && !errors.Is(err, iso7816.ErrCardGone) {
			setShort(c.reader)
		}
		return nil, err
	}
	r := bytes.Clone(c.response[:n])
	clear(c.response[:n])
	return r, nil
}

// tpdu gives a short command the form it has over T=0 (ISO/IEC 7816-3 §12.2.2 and §12.2.5): a case 1
// command gets P3 = 00, a case 4 command loses its Le, and the card offers the response by 61xx.
func tpdu(command []byte) []byte {
	if len(command) == 4 {
		return append(command[:4:4], 0)
	}
	if lc := int(command[4]); lc > 0 && len(command) == 5+lc+1 {
		return command[:5+lc]
	}
	return command
}

// Begin starts a transaction. While another program holds one it waits, at most 30 seconds, and then
// returns an error that wraps ErrBusy. If the card was reset since it was last talked to, it is
// connected again, without another reset: the caller must think every code unverified and no file
// selected. An error wraps iso7816.ErrCardGone when card, reader or service went away, also when
// another card has taken the place of the one that was opened.
func (c *Connection) Begin() error {
	start := time.Now()
	if err := c.take(c.patience); err != nil {
		return err
	}
	rv, late := bounded(c.patience-time.Since(start), c.begin, func(rv code) {
		if rv == success {
			endTransaction(c.card, leaveCard)
		}
		c.give()
	})
	if late {
		return fmt.Errorf("reader %q: %w", c.reader, ErrBusy)
	}
	defer c.give()
	if rv != success {
		return c.failed(rv)
	}
	c.ownReset = false
	return nil
}

func (c *Connection) begin() code {
	for {
		rv := beginTransaction(c.card)
		if rv != wResetCard {
			return rv
		}
		if rv := c.reconnect(); rv != success {
			return rv
		}
	}
}

// reconnect takes note of a reset. In pcscd a reset overwrites the note that the card was removed
// before it, so the card is compared. Some cards answer a warm reset otherwise than the cold one (ISO/IEC 7816-3 §8.1):
// after a reset of this connection, or where the system counts insertions, another answer is not another card. The
// answer of the first connection stays.
func (c *Connection) reconnect() code {
	protocol, rv := reconnect(c.card)
	if rv != success {
		return rv
	}
	s, rv := c.look(0, 0)
	if rv != success {
		return rv
	}
	counted := c.state&stateCounter != 0
	if !c.same(s) || !c.ownReset && !counted && !bytes.Equal(s.atr, c.atr) {
		return wRemovedCard
	}
	c.protocol, c.ownReset = protocol, false
	return success
}

// End ends the transaction, and with reset it resets the card, which then forgets verified codes and the current
// file. A card that the system has reset in between counts as reset. After its own reset the connection can be used
// at once, also without a transaction.
func (c *Connection) End(reset bool) error {
	if err := c.take(c.patience); err != nil {
		return err
	}
	defer c.give()
	disposition := uintptr(leaveCard)
	if reset {
		disposition = resetCard
	}
	rv := endTransaction(c.card, disposition)
	if rv != success && !(reset && rv == wResetCard) {
		return c.failed(rv)
	}
	c.ownReset = reset // pcscd reports the reset to the program that asked for it, too; Windows does not
	return nil
}

// Pinpad returns the keypad of the reader, nil where the driver lists none. Its codes go to the card of this connection
// in the transaction that Begin started.
func (c *Connection) Pinpad() *pinpad.Pinpad {
	p, err := pinpad.New(c.features, c.control)
	if err != nil {
		return nil // a driver that cannot list its features is not to be trusted with a code
	}
	return p
}

// control calls the reader's driver, and waits as long as the driver does.
func (c *Connection) control(number uint32, in []byte) ([]byte, error) {
	if err := c.take(c.patience); err != nil {
		return nil, err
	}
	defer c.give()
	out, rv := control(c.card, uintptr(number), in)
	switch rv {
	case success:
		return out, nil
	case wCancelledByUser:
		return nil, fmt.Errorf("%w (PC/SC 0x%08X)", pinpad.ErrCancelled, uint32(rv))
	}
	return nil, c.failed(rv)
}

// failed returns the error of a call on the card. It releases the reader if card, reader or service went away: the
// handle cannot be used again, not even for the same card inserted again.
func (c *Connection) failed(rv code) error {
	err := fault(rv)
	if !isGone(rv) && (errors.Is(err, ErrReset) || errors.Is(err, ErrBusy) || !c.pulled()) {
		return err
	}
	c.release(fmt.Errorf("%w: %w", iso7816.ErrCardGone, err))
	return c.dead
}

// pulled reports whether card, reader or service are away. A card pulled during a command shows as a
// failed transmission up to half a second before the reader is reported empty.
func (c *Connection) pulled() bool {
	for end := time.Now().Add(time.Second); ; time.Sleep(50 * time.Millisecond) {
		wait := max(0, time.Until(end))
		s, rv := c.look(c.state&^stateChanged, wait)
		if rv == eTimeout || rv == success && c.same(s) && wait == 0 {
			return false
		}
		if rv != success || !c.same(s) {
			return true
		}
	}
}

func (c *Connection) release(why error) {
	c.dead = why
	disconnect(c.card)
	releaseContext(c.context)
}

var errClosed = errors.New("the connection to the card is closed")

// Close ends the connection, and its transaction, and leaves the card as it is. It does not wait for a call that
// runs: the end of that call closes the connection.
func (c *Connection) Close() error {
	closing := func() {
		if c.dead == nil {
			c.release(errClosed)
		}
		c.give()
	}
	select {
	case <-c.turn:
		closing()
	default:
		go func() {
			<-c.turn
			closing()
		}()
	}
	return nil
}
