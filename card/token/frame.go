// SPDX-License-Identifier: EUPL-1.2

package token

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// The wire between the library in the host's process and the helper. Numbers are little-endian.
//
//	frame     length of the rest in 4 bytes (4 to MaxFrame), then
//	request   version 1, size of CK_ULONG 1, function 2, then the function's arguments
//	response  CK_RV 8, then the function's results
//
// A number is 8 bytes, Unavailable included. Bytes are their length in 8 bytes, Unavailable for a null pointer, and the
// bytes. A list is its length in 8 bytes and its elements. There is one response for each request, in order. The
// helper ends when the host closes the connection, and at any frame that is not of this form.
const (
	Version  = 1
	MaxFrame = 1 << 16 // bytes
)

// The functions, as the library numbers them.
const (
	fnSlots = iota + 1
	fnSlotInfo
	fnTokenInfo
	fnSlotEvent
	fnMechanisms
	fnMechanismInfo
	fnOpenSession
	fnCloseSession
	fnCloseAllSessions
	fnSessionInfo
	fnLogin
	fnLogout
	fnFindObjectsInit
	fnFindObjects
	fnFindObjectsFinal
	fnAttributes
	fnObjectSize
	fnSignInit
	fnSign
	fnSignUpdate
	fnSignFinal
	fnDecryptInit
	fnDecrypt
	fnDecryptUpdate
	fnDecryptFinal
	fnSessionCancel
)

// ErrFrame is the error for a frame that is not of the wire's form.
var ErrFrame = errors.New("malformed frame")

// Serve answers the requests of one host until it closes the connection. It wipes what it read: a request may hold the
// PIN.
func Serve(conn io.ReadWriter, c Config) error {
	var m *Module
	defer func() {
		if m != nil {
			m.Close()
		}
	}()
	buffer := make([]byte, MaxFrame)
	for {
		var head [4]byte
		if _, err := io.ReadFull(conn, head[:]); err != nil {
			if err == io.EOF {
				return nil
			}
			return err
		}
		n := binary.LittleEndian.Uint32(head[:])
		if n < 4 || n > MaxFrame {
			return fmt.Errorf("%w: %d bytes", ErrFrame, n)
		}
		request := buffer[:n]
		if _, err := io.ReadFull(conn, request); err != nil {
			return err
		}
		if request[0] != Version {
			return fmt.Errorf("%w: version %d of the library, %d of the helper", ErrFrame, request[0], Version)
		}
		if m == nil {
			ulong := int(request[1])
			if ulong != 4 && ulong != 8 {
				return fmt.Errorf("%w: CK_ULONG of %d bytes", ErrFrame, ulong)
			}
			m = New(c, ulong)
		}
		m.mu.Lock()
		response, err := m.answer(int(binary.LittleEndian.Uint16(request[2:])), &arguments{rest: request[4:]})
		m.mu.Unlock()
		clear(request)
		if err != nil {
			return err
		}
		_, err = conn.Write(response)
		clear(response)
		if err != nil {
			return err
		}
	}
}

// arguments are those of a request that are left to read.
type arguments struct {
	rest []byte
	bad  bool
}

func (a *arguments) number() uint64 {
	if len(a.rest) < 8 {
		a.bad, a.rest = true, nil
		return 0
	}
	n := binary.LittleEndian.Uint64(a.rest)
	a.rest = a.rest[8:]
	return n
}

// bytes returns a piece of the request, nil for a null pointer.
func (a *arguments) bytes() []byte {
	n := a.number()
	if n == Unavailable {
		return nil
	}
	if n > uint64(len(a.rest)) {
		a.bad, a.rest = true, nil
		return nil
	}
	b := a.rest[:n:n]
	a.rest = a.rest[n:]
	return b
}

// count reads the length of a list with elements of at least size bytes.
func (a *arguments) count(size int) int {
	n := a.number()
	if n > uint64(len(a.rest)/size) {
		a.bad, a.rest = true, nil
		return 0
	}
	return int(n)
}

func (a *arguments) mechanism() Mechanism {
	return Mechanism{Number: a.number(), HasPSS: a.number() != 0, Hash: a.number(), MGF: a.number(), Len: a.number()}
}

// results are those of a response.
type results []byte

func (r *results) number(n uint64) { *r = binary.LittleEndian.AppendUint64(*r, n) }

func (r *results) bytes(b []byte) {
	r.number(uint64(len(b)))
	*r = append(*r, b...)
}

func (r *results) list(list []uint64) {
	r.number(uint64(len(list)))
	for _, n := range list {
		r.number(n)
	}
}

// answer calls the function and returns the response with its length. An error is that of a malformed request.
func (m *Module) answer(function int, a *arguments) ([]byte, error) {
	var r results
	err := m.call(function, a, &r)
	if a.bad || len(a.rest) > 0 {
		return nil, fmt.Errorf("%w: arguments of function %d", ErrFrame, function)
	}
	response := make([]byte, 4, 12+len(r))
	response = binary.LittleEndian.AppendUint64(response, uint64(rvOf(err)))
	response = append(response, r...)
	if len(response)-4 > MaxFrame {
		return nil, fmt.Errorf("%w: response of %d bytes", ErrFrame, len(response))
	}
	binary.LittleEndian.PutUint32(response, uint32(len(response)-4))
	return response, nil
}

func (m *Module) call(function int, a *arguments, r *results) error {
	switch function {
	case fnSlots:
		withCard := a.number() != 0
		if !a.bad {
			r.list(m.Slots(withCard))
		}
	case fnSlotInfo:
		name, flags, err := m.SlotInfo(a.number())
		r.bytes([]byte(name))
		r.number(flags)
		return err
	case fnTokenInfo:
		info, err := m.TokenInfo(a.number())
		for _, text := range []string{info.Label, info.Model, info.Serial} {
			r.bytes([]byte(text))
		}
		for _, n := range []uint64{info.Flags, info.MinPIN, info.MaxPIN} {
			r.number(n)
		}
		return err
	case fnSlotEvent:
		n, err := m.SlotEvent()
		r.number(n)
		return err
	case fnMechanisms:
		list, err := m.Mechanisms(a.number())
		r.list(list)
		return err
	case fnMechanismInfo:
		slot, number := a.number(), a.number()
		least, most, flags, err := m.MechanismInfo(slot, number)
		r.number(least)
		r.number(most)
		r.number(flags)
		return err
	case fnOpenSession:
		slot, flags := a.number(), a.number()
		n, err := m.OpenSession(slot, flags)
		r.number(n)
		return err
	case fnCloseSession:
		return m.CloseSession(a.number())
	case fnCloseAllSessions:
		return m.CloseAllSessions(a.number())
	case fnSessionCancel:
		return m.SessionCancel(a.number(), a.number())
	case fnSessionInfo:
		slot, state, flags, err := m.SessionInfo(a.number())
		r.number(slot)
		r.number(state)
		r.number(flags)
		return err
	case fnLogin:
		handle, user, pin := a.number(), a.number(), a.bytes()
		if a.bad {
			return nil
		}
		return m.Login(handle, user, pin)
	case fnLogout:
		return m.Logout(a.number())
	case fnFindObjectsInit, fnFindObjects, fnFindObjectsFinal, fnAttributes, fnObjectSize:
		return m.callObjects(function, a, r)
	default:
		return m.callOperation(function, a, r)
	}
	return nil
}

func (m *Module) callObjects(function int, a *arguments, r *results) error {
	handle := a.number()
	switch function {
	case fnFindObjectsInit:
		var template []Attribute
		for range a.count(16) {
			template = append(template, Attribute{a.number(), a.bytes()})
		}
		if a.bad {
			return nil
		}
		return m.FindObjectsInit(handle, template)
	case fnFindObjects:
		list, err := m.FindObjects(handle, min(a.number(), 1024))
		r.list(list)
		return err
	case fnFindObjectsFinal:
		return m.FindObjectsFinal(handle)
	case fnAttributes:
		object := a.number()
		var wanted []Wanted
		for range a.count(16) {
			wanted = append(wanted, Wanted{a.number(), a.number()})
		}
		list, err := m.Attributes(handle, object, wanted)
		r.number(uint64(len(list)))
		for _, f := range list {
			r.number(f.Length)
			r.bytes(f.Value)
		}
		return err
	default:
		n, err := m.ObjectSize(handle, a.number())
		r.number(n)
		return err
	}
}

func (m *Module) callOperation(function int, a *arguments, r *results) error {
	handle := a.number()
	decrypt := function >= fnDecryptInit
	switch function {
	case fnSignInit, fnDecryptInit:
		key, mechanism := a.number(), a.mechanism()
		if a.bad {
			return nil
		}
		if decrypt {
			return m.DecryptInit(handle, key, mechanism)
		}
		return m.SignInit(handle, key, mechanism)
	case fnSign, fnDecrypt, fnSignUpdate, fnDecryptUpdate, fnSignFinal, fnDecryptFinal:
		calls := map[int]Call{fnSign: Whole, fnDecrypt: Whole, fnSignFinal: End, fnDecryptFinal: End}
		call, ok := calls[function]
		if !ok {
			call = Part
		}
		data, room := a.bytes(), a.number()
		if a.bad {
			return nil
		}
		length, out, err := m.Operate(handle, decrypt, call, data, room)
		r.number(length)
		r.bytes(out)
		return err
	}
	a.bad = true // no function of this wire
	return nil
}
