// SPDX-License-Identifier: EUPL-1.2

// Package vpcd puts a card into a reader of vsmartcard's virtual PC/SC driver (libifdvpcd): it speaks
// the card's end of the driver's TCP protocol. Every message is a 2-byte big-endian length and that
// many bytes; a message of one byte from the reader is a control, a longer one a command APDU.
package vpcd

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
)

// Controls (vsmartcard, virtualsmartcard/src/vpcd/vpcd.h).
const (
	powerOff = 0
	powerOn  = 1
	reset    = 2
	askATR   = 4
)

// Card is a card that can be switched. Reset is both the cold reset of power on and a warm one.
// ATR must have no effect: the driver asks for it again and again to see whether the card is there.
type Card interface {
	ATR() []byte
	Transmit(command []byte) ([]byte, error)
	PowerOff()
	Reset()
}

// Serve is the card in the reader at the other end of conn. It returns the context's error when ctx ends, which pulls
// the card out, and nil when the reader closes the connection. It closes conn. It also ends with an error for a
// malformed message, a response over 65535 bytes (the frame's limit) and an error of the card; the reader then sees
// the card pulled.
func Serve(ctx context.Context, conn net.Conn, card Card) error {
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer conn.Close()
	defer stop()
	err := serve(conn, card)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	// A reader that ends while a message is under way resets the connection.
	if err == io.EOF || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		return nil
	}
	return err
}

func serve(conn net.Conn, card Card) error {
	buf := make([]byte, 0xFFFF)
	for {
		quickAck(conn)
		var head [2]byte
		if _, err := io.ReadFull(conn, head[:]); err != nil {
			return err
		}
		m := buf[:binary.BigEndian.Uint16(head[:])]
		if _, err := io.ReadFull(conn, m); err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF
			}
			return fmt.Errorf("reading a message of the reader: %w", err)
		}
		var answer []byte
		switch {
		case len(m) == 0:
			return errors.New("empty message from the reader")
		case len(m) > 1:
			var err error
			answer, err = card.Transmit(m)
			clear(m) // it may have held a PIN
			if err != nil {
				return err
			}
			if len(answer) < 2 || len(answer) > 0xFFFF {
				return fmt.Errorf("a response of %d bytes does not fit a message", len(answer))
			}
		case m[0] == powerOff:
			card.PowerOff()
			continue
		case m[0] == powerOn, m[0] == reset:
			card.Reset()
			continue
		case m[0] == askATR:
			answer = card.ATR()
		default:
			return fmt.Errorf("unknown control %02X from the reader", m[0])
		}
		frame := binary.BigEndian.AppendUint16(make([]byte, 0, 2+len(answer)), uint16(len(answer)))
		if _, err := conn.Write(append(frame, answer...)); err != nil {
			return err
		}
	}
}
