// SPDX-License-Identifier: EUPL-1.2

package judges

import (
	"bufio"
	"bytes"
	"context"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/godbus/dbus/v5"
)

// screen is an X screen of this computer with a window manager and an accessibility bus. Programs of the
// root draw on it and tell the bus what they show: both meet in /tmp, which the root gets from here.
type screen struct {
	w         *workshop
	env       []string
	files     map[string]string // of this computer, by their places in the root
	bus       *dbus.Conn
	artifacts string
}

// screen starts an empty screen. Pictures of it go to a folder of the front end's artifacts.
func (w *workshop) screen(artifacts string) *screen {
	w.Helper()
	x := &screen{w: w, files: map[string]string{},
		artifacts: filepath.Join("../../citizen/desktop/frontend/artifacts", artifacts)}
	if err := os.MkdirAll(x.artifacts, 0o755); err != nil {
		w.Fatal(err)
	}
	dir, err := os.MkdirTemp("/tmp", "screen")
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { os.RemoveAll(dir) })
	number, tell, err := os.Pipe()
	if err != nil {
		w.Fatal(err)
	}
	defer number.Close()
	// No auto-repeat: on a busy computer keys stay down for long.
	server := w.here("Xvfb", "-displayfd", "3", "-r", "-screen", "0", "1280x960x24", "-nolisten", "tcp")
	server.ExtraFiles = []*os.File{tell}
	start(w, server)
	tell.Close()
	line, err := bufio.NewReader(number).ReadString('\n')
	if err != nil {
		w.Fatalf("Xvfb: %v", err)
	}
	session := "unix:path=" + dir + "/session"
	x.env = []string{"DISPLAY=:" + strings.TrimSpace(line), "DBUS_SESSION_BUS_ADDRESS=" + session,
		"XDG_RUNTIME_DIR=" + dir, "TMPDIR=" + dir}
	start(w, x.drawn("openbox"))
	start(w, x.drawn("dbus-daemon", "--session", "--nofork", "--nopidfile", "--address="+session))
	eventually(w, "the session's bus is there", func() bool { _, err := os.Stat(dir + "/session"); return err == nil })
	start(w, x.drawn("/usr/libexec/at-spi-bus-launcher", "--launch-immediately"))
	own := x.connect(session)
	var address string
	eventually(w, "the accessibility bus is there", func() bool {
		return call(dbusObject{"org.a11y.Bus", "/org/a11y/bus"}, own, "org.a11y.Bus.GetAddress", nil, &address) &&
			address != ""
	})
	x.bus = x.connect(address)
	return x
}

// left is how long what a program has started may stay after it.
const left = 5 * time.Second

func (x *screen) connect(address string) *dbus.Conn {
	x.w.Helper()
	c, err := dbus.Connect(address)
	if err != nil {
		x.w.Fatalf("D-Bus: %v", err)
	}
	x.w.Cleanup(func() { c.Close() })
	return c
}

// drawn is a program of this computer on the screen.
func (x *screen) drawn(name string, args ...string) *exec.Cmd {
	c := x.w.here(name, args...)
	c.Env = append(c.Env, x.env...)
	c.WaitDelay = left
	return c
}

// there is a program of the root on the screen.
func (x *screen) there(name string, args ...string) *exec.Cmd {
	w := x.w
	binds := map[string]string{"mnt": w.dir, "opt": programs, "run": w.at.run, "tmp": "/tmp"}
	maps.Copy(binds, x.files)
	c := within(w.at.root, binds, "env", append([]string{"-C", "/mnt", name}, args...)...)
	c.Env = append(append(w.there(name).Env, x.env...), "LANGUAGE=it", "ACCESSIBILITY_ENABLED=1",
		"GNOME_ACCESSIBILITY=1", "GTK_MODULES=gail:atk-bridge")
	c.WaitDelay = left
	return c
}

// shot takes a picture of the whole screen, when it has come to rest: without a graphics card programs paint
// late. A blinking cursor never rests.
func (x *screen) shot(name string) {
	x.w.Helper()
	file, err := filepath.Abs(filepath.Join(x.artifacts, name+".png"))
	if err != nil {
		x.w.Fatal(err)
	}
	var before []byte
	for range 3 {
		time.Sleep(time.Second)
		x.w.output(x.drawn("import", "-window", "root", "-define", "png:exclude-chunks=date,time", file))
		now, err := os.ReadFile(file)
		if err != nil {
			x.w.Fatal(err)
		}
		if bytes.Equal(now, before) {
			return
		}
		before = now
	}
}

// types presses keys, by xdotool: they reach whatever has the focus.
func (x *screen) types(text string) {
	x.w.Helper()
	x.w.output(x.drawn("xdotool", "type", "--delay", "40", text))
}

func (x *screen) key(keys ...string) {
	x.w.Helper()
	x.w.output(x.drawn("xdotool", append([]string{"key"}, keys...)...))
}

// code types a code into the field for it, which is looked at before anybody takes the code.
func (x *screen) code(program, field, code string) {
	x.w.Helper()
	var typed time.Time
	x.patiently("a code in "+field, func() bool {
		e, there := x.look(program, passwordRole, field)
		if !there {
			return false
		}
		length := e.length()
		if length == len(code) || time.Since(typed) < 5*time.Second {
			return length == len(code)
		}
		var done bool
		call(e.dbusObject, x.bus, "org.a11y.atspi.Component.GrabFocus", nil, &done)
		if !e.has(focusedState) {
			return false
		}
		x.key("ctrl+a", "BackSpace")
		x.types(code)
		typed = time.Now()
		return false
	})
}

// Roles and states of AT-SPI 2 (atspi-constants.h) that the tests know.
const (
	listItemRole    = 32
	passwordRole    = 40
	buttonRole      = 43
	headingRole     = 83
	linkRole        = 88
	documentWebRole = 95

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

// element is something on the screen as a screen reader has it.
type element struct {
	dbusObject
	x    *screen
	role uint32
	name string // of what walk has shown
}

func (x *screen) element(o dbusObject) element {
	e := element{dbusObject: o, x: x}
	call(o, x.bus, "org.a11y.atspi.Accessible.GetRole", nil, &e.role)
	return e
}

func (e element) named() string {
	var name dbus.Variant
	call(e.dbusObject, e.x.bus, "org.freedesktop.DBus.Properties.Get", []any{"org.a11y.atspi.Accessible", "Name"},
		&name)
	s, _ := name.Value().(string)
	return s
}

func (e element) has(state int) bool {
	var set []uint32
	return call(e.dbusObject, e.x.bus, "org.a11y.atspi.Accessible.GetState", nil, &set) && len(set) > state/32 &&
		set[state/32]>>(state%32)&1 == 1
}

func (e element) children() []element {
	var list []dbusObject
	call(e.dbusObject, e.x.bus, "org.a11y.atspi.Accessible.GetChildren", nil, &list)
	var all []element
	for _, o := range list {
		all = append(all, e.x.element(o))
	}
	return all
}

// walk goes through what is shown below an element, until it is told to stop. Of a page in a browser also
// that counts which must be scrolled to. An object that is shown may lie in one that says it is not.
func (e element) walk(yield func(element) bool, page bool) bool {
	for _, c := range e.children() {
		shows := c.has(showingState)
		if c.role == documentWebRole && !shows { // another tab
			continue
		}
		if shows || page && c.has(visibleState) {
			c.name = c.named()
			if !yield(c) {
				return false
			}
		}
		if !c.walk(yield, page || c.role == documentWebRole) {
			return false
		}
	}
	return true
}

// shown is all that a program shows, by the start of its name.
func (x *screen) shown(program string) func(yield func(element) bool) {
	return func(yield func(element) bool) {
		for _, p := range x.element(dbusObject{"org.a11y.atspi.Registry",
			"/org/a11y/atspi/accessible/root"}).children() {
			if strings.HasPrefix(strings.ToLower(p.named()), strings.ToLower(program)) && !p.walk(yield, false) {
				return
			}
		}
	}
}

// hypertext stands in a text where an element lies in it.
const hypertext = "\uFFFC"

// text is what an element says. Programs differ in how they divide a text between an element and those in it.
func (e element) text() string {
	var own string
	call(e.dbusObject, e.x.bus, "org.a11y.atspi.Text.GetText", []any{int32(0), int32(-1)}, &own)
	if own != "" && !strings.Contains(own, hypertext) {
		return own
	}
	children := e.children()
	if len(children) == 0 {
		return e.named()
	}
	if strings.Count(own, hypertext) == len(children) {
		for _, c := range children {
			own = strings.Replace(own, hypertext, c.text()+" ", 1)
		}
		return own
	}
	var parts []string
	for _, c := range children {
		parts = append(parts, c.text())
	}
	return strings.Join(parts, " ")
}

// patiently waits until a fact holds: a browser may take its time on a busy computer. It keeps a
// picture of the screen when it gives up.
func (x *screen) patiently(what string, holds func() bool) {
	x.w.Helper()
	for end := time.Now().Add(2 * time.Minute); !holds(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(end) {
			x.shot("lost")
			for _, program := range []string{"Chromium", "Firefox", "rinnova"} {
				for e := range x.shown(program) {
					if e.name != "" {
						x.w.Logf("%s shows %d %q", program, e.role, e.name)
					}
				}
			}
			x.w.Fatalf("%s: not after two minutes", what)
		}
	}
}

// look finds what a program shows by role and one of some beginnings of its name, now.
func (x *screen) look(program string, role uint32, names ...string) (element, bool) {
	for e := range x.shown(program) {
		if e.role == role && slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(e.name, n) }) {
			return e, true
		}
	}
	return element{}, false
}

// find waits until a program shows something.
func (x *screen) find(program string, role uint32, names ...string) element {
	x.w.Helper()
	var e element
	x.patiently(program+" shows "+strings.Join(names, " or "),
		func() (found bool) { e, found = x.look(program, role, names...); return })
	return e
}

// press presses a button, or follows a link, and waits for what that must bring. An element that is drawn
// again between look and act takes the action and does nothing; so it is pressed again.
func (x *screen) press(program string, role uint32, names []string, brings func() bool) {
	x.w.Helper()
	var last time.Time
	x.patiently("what "+names[0]+" brings", func() bool {
		if brings() {
			return true
		}
		if e, there := x.look(program, role, names...); there && time.Since(last) > 8*time.Second {
			var done bool
			call(e.dbusObject, x.bus, "org.a11y.atspi.Action.DoAction", []any{int32(0)}, &done)
			last = time.Now()
		}
		return false
	})
}

// length is how many characters an element has.
func (e element) length() int {
	var n dbus.Variant
	call(e.dbusObject, e.x.bus, "org.freedesktop.DBus.Properties.Get", []any{"org.a11y.atspi.Text", "CharacterCount"},
		&n)
	count, _ := n.Value().(int32)
	return int(count)
}

// page waits until a browser shows a page with a title that starts so, and returns what the page says.
func (x *screen) page(browser, title string) string {
	x.w.Helper()
	text := x.find(browser, documentWebRole, title).text()
	return strings.Join(strings.Fields(text), " ")
}
