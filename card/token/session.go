// SPDX-License-Identifier: EUPL-1.2

package token

import "bytes"

// session is a session of the host's process on a token.
type session struct {
	slot      int
	readWrite bool
	found     []uint64 // objects that FindObjects has still to return
	finding   bool
	sign      *operation
	decrypt   *operation
}

func (s *session) clear() {
	s.sign.wipe()
	s.decrypt.wipe()
	s.found, s.finding, s.sign, s.decrypt = nil, false, nil, nil
}

// OpenSession opens a session on the card in a slot.
func (m *Module) OpenSession(slot, flags uint64) (uint64, error) {
	if flags&sessionSerial == 0 {
		return 0, SessionParallelNotSupport
	}
	if _, err := m.token(slot); err != nil {
		return 0, err
	}
	m.last++
	m.sessions[m.last] = &session{slot: int(slot), readWrite: flags&sessionReadWrite != 0}
	return m.last, nil
}

// CloseSession closes a session. With the last one on a token the login ends (PKCS #11 v3.0 §5.6.2).
func (m *Module) CloseSession(handle uint64) error {
	s, t, err := m.session(handle)
	if err != nil {
		return err
	}
	s.clear()
	delete(m.sessions, handle)
	for _, other := range m.sessions {
		if other.slot == s.slot {
			return nil
		}
	}
	t.logout()
	return nil
}

// The operations that SessionCancel ends (PKCS #11 v3.0 §5.6.8): the flags of their mechanisms.
const (
	cancelFindObjects = 0x40
	cancelDecrypt     = 0x200
	cancelSign        = 0x800
)

// SessionCancel ends a session's active operations of some kinds. Others are not active.
func (m *Module) SessionCancel(handle, flags uint64) error {
	s, _, err := m.session(handle)
	if err != nil {
		return err
	}
	if flags&cancelFindObjects != 0 {
		s.finding, s.found = false, nil
	}
	if flags&cancelDecrypt != 0 {
		s.decrypt.wipe()
		s.decrypt = nil
	}
	if flags&cancelSign != 0 {
		s.sign.wipe()
		s.sign = nil
	}
	return nil
}

// CloseAllSessions closes the sessions on a slot.
func (m *Module) CloseAllSessions(slot uint64) error {
	s, err := m.slot(slot)
	if err != nil {
		return err
	}
	for handle, session := range m.sessions {
		if session.slot == int(slot) {
			session.clear()
			delete(m.sessions, handle)
		}
	}
	if s.token != nil {
		s.token.logout()
	}
	return nil
}

// session returns a session and its token. A session ends when its card is taken out, or changed by a program of ours.
func (m *Module) session(handle uint64) (*session, *token, error) {
	if _, ok := m.sessions[handle]; !ok {
		return nil, nil, SessionHandleInvalid
	}
	m.refresh()
	s, ok := m.sessions[handle]
	if !ok {
		return nil, nil, DeviceRemoved
	}
	return s, m.slots[s.slot].token, nil
}

// SessionInfo returns slot, state and flags of a session.
func (m *Module) SessionInfo(handle uint64) (slot, state, flags uint64, err error) {
	s, t, err := m.session(handle)
	if err != nil {
		return 0, 0, 0, err
	}
	flags = sessionSerial
	switch {
	case s.readWrite && t.loggedIn:
		state = stateReadWriteUser
	case s.readWrite:
		state = stateReadWritePublic
	case t.loggedIn:
		state = stateReadOnlyUser
	default:
		state = stateReadOnlyPublic
	}
	if s.readWrite {
		flags |= sessionReadWrite
	}
	return uint64(s.slot), state, flags, nil
}

// Login presents the PIN for all sessions on the token. A nil PIN is typed at the reader's keypad; [ArgumentsBad] for a
// reader without one.
func (m *Module) Login(handle, user uint64, pin []byte) error {
	s, t, err := m.session(handle)
	switch {
	case err != nil:
		return err
	case user != userNormal:
		return UserTypeInvalid
	case pin == nil:
		return m.failed(s, t.loginAtReader())
	}
	return m.failed(s, t.login(pin))
}

// Logout wipes the PIN.
func (m *Module) Logout(handle uint64) error {
	_, t, err := m.session(handle)
	if err != nil {
		return err
	}
	if !t.loggedIn {
		return UserNotLoggedIn
	}
	t.logout()
	return nil
}

// failed returns the error of a use of the card. The sessions end if the card is gone, or was changed by another
// program of ours: the host finds the objects again.
func (m *Module) failed(s *session, err error) error {
	if rv := rvOf(err); rv != OK {
		if rv == DeviceRemoved {
			m.drop(s.slot)
		}
		return rv
	}
	return nil
}

// Attribute is a type and a value of a template.
type Attribute struct {
	Type  uint64
	Value []byte
}

// FindObjectsInit begins a search for the objects that have all attributes of the template.
func (m *Module) FindObjectsInit(handle uint64, template []Attribute) error {
	s, t, err := m.session(handle)
	switch {
	case err != nil:
		return err
	case s.finding:
		return OperationActive
	}
	s.finding, s.found = true, nil
	for i, o := range t.objects {
		if o.private() && !t.loggedIn {
			continue
		}
		matches := true
		for _, a := range template {
			v, ok := o.attributes[a.Type]
			matches = matches && ok && bytes.Equal(encode(v, m.ulong), a.Value)
		}
		if matches {
			s.found = append(s.found, uint64(i)+1)
		}
	}
	return nil
}

// FindObjects returns the next objects of the search, at most max.
func (m *Module) FindObjects(handle, most uint64) ([]uint64, error) {
	s, _, err := m.session(handle)
	if err != nil {
		return nil, err
	}
	if !s.finding {
		return nil, OperationNotInitialized
	}
	n := min(most, uint64(len(s.found)))
	list := s.found[:n]
	s.found = s.found[n:]
	return list, nil
}

// FindObjectsFinal ends the search.
func (m *Module) FindObjectsFinal(handle uint64) error {
	s, _, err := m.session(handle)
	if err != nil {
		return err
	}
	if !s.finding {
		return OperationNotInitialized
	}
	s.finding, s.found = false, nil
	return nil
}

func (m *Module) object(handle, number uint64) (*session, *token, *object, error) {
	s, t, err := m.session(handle)
	if err != nil {
		return nil, nil, nil, err
	}
	if number == 0 || number > uint64(len(t.objects)) || t.objects[number-1].private() && !t.loggedIn {
		return nil, nil, nil, ObjectHandleInvalid
	}
	return s, t, &t.objects[number-1], nil
}

// Wanted is an attribute that a host asks for, with the room that it has for the value, in bytes.
type Wanted struct{ Type, Room uint64 }

// Unavailable is CK_UNAVAILABLE_INFORMATION.
const Unavailable = ^uint64(0)

// Found is the answer to a Wanted: the length, [Unavailable] if there is no value to give, and the value if it fits.
type Found struct {
	Length uint64
	Value  []byte
}

// Attributes answers for each attribute; a failure of one does not stop the others (PKCS #11 v3.0 §5.7.5). Errors:
// [AttributeSensitive], [AttributeTypeInvalid], [BufferTooSmall], with the answers to all.
func (m *Module) Attributes(handle, number uint64, wanted []Wanted) ([]Found, error) {
	_, _, o, err := m.object(handle, number)
	if err != nil {
		return nil, err
	}
	list := make([]Found, 0, len(wanted))
	for _, w := range wanted {
		v, ok := o.attributes[w.Type]
		value := encode(v, m.ulong)
		f := Found{Length: Unavailable}
		switch {
		case o.sensitive(w.Type):
			err = AttributeSensitive
		case !ok:
			err = AttributeTypeInvalid
		case w.Room == Unavailable: // the host asks for the length
			f.Length = uint64(len(value))
		case w.Room < uint64(len(value)):
			err = BufferTooSmall
		default:
			f = Found{uint64(len(value)), value}
		}
		list = append(list, f)
	}
	return list, err
}

// ObjectSize returns the bytes of an object's attribute values.
func (m *Module) ObjectSize(handle, number uint64) (uint64, error) {
	_, _, o, err := m.object(handle, number)
	if err != nil {
		return 0, err
	}
	n := 0
	for _, v := range o.attributes {
		n += len(encode(v, m.ulong))
	}
	return uint64(n), nil
}
