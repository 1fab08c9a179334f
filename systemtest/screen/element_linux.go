// SPDX-License-Identifier: EUPL-1.2

package screen

import (
	"context"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
)

// Roles of AT-SPI 2 (atspi-constants.h).
const (
	ListItem     = 32
	PageTab      = 37
	PasswordText = 40
	Frame        = 23
	Button       = 43
	Heading      = 83
	Link         = 88
	DocumentWeb  = 95
)

// States of AT-SPI 2 (atspi-constants.h).
const (
	enabledState = 8
	focusedState = 12
	showingState = 25
	visibleState = 30
)

// dbusObject is a D-Bus object: for AT-SPI, something on the screen.
type dbusObject struct {
	Name string
	Path dbus.ObjectPath
}

// call calls a method; what has gone meanwhile, or does not answer, gives false.
func call(o dbusObject, bus *dbus.Conn, method string, args []any, into any) bool {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return bus.Object(o.Name, o.Path).CallWithContext(ctx, method, 0, args...).Store(into) == nil
}

// Element is something on the screen as a screen reader has it.
type Element struct {
	dbusObject
	Role uint32
	Name string // of what Shown yields

	s *Screen
}

func (s *Screen) element(o dbusObject) Element {
	e := Element{dbusObject: o, s: s}
	call(o, s.bus, "org.a11y.atspi.Accessible.GetRole", nil, &e.Role)
	return e
}

func (e Element) named() string { return e.text("Name") }

// description is what a screen reader reads after the name.
func (e Element) description() string { return e.text("Description") }

// text returns a property of the element that is a text, "" where it has none.
func (e Element) text(property string) string {
	var value dbus.Variant
	call(e.dbusObject, e.s.bus, "org.freedesktop.DBus.Properties.Get", []any{"org.a11y.atspi.Accessible", property},
		&value)
	s, _ := value.Value().(string)
	return s
}

// has reports whether an element has a state now.
func (e Element) has(state int) bool {
	var set []uint32
	return call(e.dbusObject, e.s.bus, "org.a11y.atspi.Accessible.GetState", nil, &set) && len(set) > state/32 &&
		set[state/32]>>(state%32)&1 == 1
}

func (e Element) children() []Element {
	var list []dbusObject
	call(e.dbusObject, e.s.bus, "org.a11y.atspi.Accessible.GetChildren", nil, &list)
	var all []Element
	if len(list) == 0 && e.count() > 0 {
		// The page of a web view lives in another process: GTK tells of it by its number only.
		var page dbusObject
		if call(e.dbusObject, e.s.bus, "org.a11y.atspi.Accessible.GetChildAtIndex", []any{int32(0)}, &page) {
			list = append(list, page)
		}
	}
	for _, o := range list {
		all = append(all, e.s.element(o))
	}
	return all
}

// walk goes through what is shown below an element, until it is told to stop. Of a page in a browser also
// that counts which must be scrolled to. An object that is shown may lie in one that says it is not.
func (e Element) walk(yield func(Element) bool, page bool) bool {
	for _, c := range e.children() {
		shows := c.has(showingState)
		if c.Role == DocumentWeb && !shows { // another tab
			continue
		}
		if shows || page && c.has(visibleState) {
			c.Name = c.named()
			if !yield(c) {
				return false
			}
		}
		if !c.walk(yield, page || c.Role == DocumentWeb) {
			return false
		}
	}
	return true
}

// hypertext stands in a text where an element lies in it.
const hypertext = "\uFFFC"

// Text is what an element says. Programs differ in how they divide a text between an element and those in it.
func (e Element) Text() string {
	var own string
	call(e.dbusObject, e.s.bus, "org.a11y.atspi.Text.GetText", []any{int32(0), int32(-1)}, &own)
	if own != "" && !strings.Contains(own, hypertext) {
		return own
	}
	children := e.children()
	if len(children) == 0 {
		return e.named()
	}
	if strings.Count(own, hypertext) == len(children) {
		for _, c := range children {
			own = strings.Replace(own, hypertext, c.Text()+" ", 1)
		}
		return own
	}
	var parts []string
	for _, c := range children {
		parts = append(parts, c.Text())
	}
	return strings.Join(parts, " ")
}

// integer is a property that is a number, 0 where there is none.
func (e Element) integer(name, property string) int {
	var n dbus.Variant
	call(e.dbusObject, e.s.bus, "org.freedesktop.DBus.Properties.Get", []any{"org.a11y.atspi." + name, property}, &n)
	count, _ := n.Value().(int32)
	return int(count)
}

// length is how many characters an element has.
func (e Element) length() int { return e.integer("Text", "CharacterCount") }

func (e Element) count() int { return e.integer("Accessible", "ChildCount") }

// live reports whether a screen reader announces what changes in an element (WAI-ARIA 1.2 §6.6.2).
func (e Element) live() bool {
	var attributes map[string]string
	call(e.dbusObject, e.s.bus, "org.a11y.atspi.Accessible.GetAttributes", nil, &attributes)
	return attributes["live"] != ""
}

// all yields an element and everything in it, shown or not.
func (e Element) all(yield func(Element) bool) bool {
	if !yield(e) {
		return false
	}
	for _, c := range e.children() {
		if !c.all(yield) {
			return false
		}
	}
	return true
}
