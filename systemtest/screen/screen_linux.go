// SPDX-License-Identifier: EUPL-1.2

// Package screen is an X screen with a window manager and an accessibility bus, for tests that use programs as a person
// with a screen reader does: by the roles and names of what is shown, and by keys.
package screen

import (
	"bufio"
	"bytes"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus/v5"

	"rinnova.example/go/systemtest"
)

// Screen is one screen. Its methods end the test when what they wait for does not come.
type Screen struct {
	Dir string   // of its sockets and temporary files, directly in /tmp
	Env []string // what a program needs to draw on it and to tell the bus

	t         testing.TB
	bus       *dbus.Conn
	artifacts string
}

// Large has room for every program of the tests.
const Large = "1280x960"

// Start starts an empty screen of a size in pixels, which ends with the test. Its pictures go to the folder artifacts,
// made where absent.
func Start(t testing.TB, artifacts, size string) *Screen {
	t.Helper()
	systemtest.Need(t, "xvfb", "Xvfb")
	systemtest.Need(t, "openbox", "openbox")
	systemtest.Need(t, "dbus", "dbus-daemon")
	systemtest.Need(t, "at-spi2-core", "/usr/libexec/at-spi-bus-launcher")
	systemtest.Need(t, "xdotool", "xdotool")
	systemtest.Need(t, "imagemagick", "import")
	systemtest.Need(t, "x11-utils", "xwininfo")
	s := &Screen{t: t, artifacts: artifacts}
	var err error
	if err = os.MkdirAll(artifacts, 0o755); err != nil {
		t.Fatal(err)
	}
	if s.Dir, err = os.MkdirTemp("/tmp", "screen"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(s.Dir) })
	number, tell, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer number.Close()
	// No auto-repeat: on a busy computer keys stay down for long.
	server := exec.Command("Xvfb", "-displayfd", "3", "-r", "-screen", "0", size+"x24", "-nolisten", "tcp")
	server.ExtraFiles = []*os.File{tell}
	systemtest.Start(t, server)
	tell.Close()
	line, err := bufio.NewReader(number).ReadString('\n')
	if err != nil {
		t.Fatalf("Xvfb: %v", err)
	}
	session := "unix:path=" + s.Dir + "/session"
	s.Env = []string{"DISPLAY=:" + strings.TrimSpace(line), "DBUS_SESSION_BUS_ADDRESS=" + session,
		"XDG_RUNTIME_DIR=" + s.Dir, "TMPDIR=" + s.Dir, "GTK_MODULES=gail:atk-bridge"}
	systemtest.Start(t, s.Command("openbox", "--startup", "touch "+s.Dir+"/managed"))
	systemtest.Start(t, s.Command("dbus-daemon", "--session", "--nofork", "--nopidfile", "--address="+session))
	own := s.connect(session)
	systemtest.Start(t, s.Command("/usr/libexec/at-spi-bus-launcher", "--launch-immediately"))
	var address string
	s.soon("the accessibility bus", func() bool {
		return call(dbusObject{"org.a11y.Bus", "/org/a11y/bus"}, own, "org.a11y.Bus.GetAddress", nil, &address) &&
			address != ""
	})
	s.bus = s.connect(address)
	s.soon("the window manager", func() bool { _, err := os.Stat(s.Dir + "/managed"); return err == nil })
	// A web view builds its tree only when a program listens.
	registry := s.bus.Object("org.a11y.atspi.Registry", "/org/a11y/atspi/registry")
	if err := registry.Call("org.a11y.atspi.Registry.RegisterEvent", 0, "object:children-changed").Err; err != nil {
		t.Fatalf("the accessibility bus takes no listener: %v", err)
	}
	return s
}

// left is how long what a program has started may stay after it.
const left = 5 * time.Second

// connect waits for a bus: its socket is there before it listens.
func (s *Screen) connect(address string) (c *dbus.Conn) {
	s.t.Helper()
	s.soon("the bus at "+address, func() (there bool) {
		var err error
		c, err = dbus.Connect(address)
		return err == nil
	})
	s.t.Cleanup(func() { c.Close() })
	return c
}

// patience is the time that a program of the screen may take to start on a busy computer.
const patience = 90 * time.Second

// soon waits for a part of the screen itself.
func (s *Screen) soon(what string, holds func() bool) {
	s.t.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("%s: not after %v", what, patience)
		}
	}
}

// Command is a program of this computer on the screen.
func (s *Screen) Command(name string, args ...string) *exec.Cmd {
	c := exec.Command(name, args...)
	c.Env = slices.DeleteFunc(append(os.Environ(), s.Env...), func(v string) bool {
		return strings.HasPrefix(v, "NO_AT_BRIDGE=")
	})
	c.WaitDelay = left
	return c
}

// run runs a program that must succeed.
func (s *Screen) run(c *exec.Cmd) {
	s.t.Helper()
	if out, err := c.CombinedOutput(); err != nil {
		s.t.Fatalf("%s: %v\n%s", strings.Join(c.Args, " "), err, out)
	}
}

// Shot takes a picture of the whole screen, when it has come to rest: without a graphics card programs paint
// late. A blinking cursor never rests.
func (s *Screen) Shot(name string) {
	s.t.Helper()
	file, err := filepath.Abs(filepath.Join(s.artifacts, name+".png"))
	if err != nil {
		s.t.Fatal(err)
	}
	var before []byte
	for range 3 {
		time.Sleep(time.Second)
		s.run(s.Command("import", "-window", "root", "-define", "png:exclude-chunks=date,time", file))
		now, err := os.ReadFile(file)
		if err != nil {
			s.t.Fatal(err)
		}
		if bytes.Equal(now, before) {
			return
		}
		before = now
	}
}

// Type presses keys, by xdotool: they reach whatever has the focus.
func (s *Screen) Type(text string) {
	s.t.Helper()
	s.run(s.Command("xdotool", "type", "--delay", "40", text))
}

// Key presses keys by their names, each with its modifiers: "ctrl+a".
func (s *Screen) Key(keys ...string) {
	s.t.Helper()
	s.run(s.Command("xdotool", append([]string{"key"}, keys...)...))
}

// Code types a code into the field for it, which is looked at before anybody takes the code.
func (s *Screen) Code(program, field, code string) {
	s.t.Helper()
	var typed time.Time
	s.Patiently("a code in "+field, func() bool {
		e, there := s.Look(program, PasswordText, field)
		if !there {
			return false
		}
		length := e.length()
		if length == len(code) || time.Since(typed) < 5*time.Second {
			return length == len(code)
		}
		var done bool
		call(e.dbusObject, s.bus, "org.a11y.atspi.Component.GrabFocus", nil, &done)
		if !e.has(focusedState) {
			return false
		}
		s.Key("ctrl+a", "BackSpace")
		s.Type(code)
		typed = time.Now()
		return false
	})
}

// Sent presses Return and waits until the code in a field has been taken: the field is gone, or empty for another one.
func (s *Screen) Sent(program, field string) {
	s.t.Helper()
	s.Key("Return")
	s.Patiently("the code is taken", func() bool {
		e, there := s.Look(program, PasswordText, field)
		return !there || e.length() == 0
	})
}

// programs are those on the bus whose names begin so.
func (s *Screen) programs(name string) (list []Element) {
	root := dbusObject{"org.a11y.atspi.Registry", "/org/a11y/atspi/accessible/root"}
	for _, p := range s.element(root).children() {
		if strings.HasPrefix(strings.ToLower(p.named()), strings.ToLower(name)) {
			list = append(list, p)
		}
	}
	return list
}

// Shown is all that a program shows, by the start of its name.
func (s *Screen) Shown(program string) func(yield func(Element) bool) {
	return func(yield func(Element) bool) {
		for _, p := range s.programs(program) {
			if !p.walk(yield, false) {
				return
			}
		}
	}
}

// Patiently waits until a fact holds: a browser may take its time on a busy computer. It keeps a
// picture of the screen when it gives up.
func (s *Screen) Patiently(what string, holds func() bool) {
	s.t.Helper()
	for end := time.Now().Add(2 * time.Minute); !holds(); time.Sleep(200 * time.Millisecond) {
		if time.Now().After(end) {
			s.Shot("lost")
			for e := range s.Shown("") {
				if e.Name != "" {
					s.t.Logf("shown: %d %q", e.Role, e.Name)
				}
			}
			s.t.Fatalf("%s: not after two minutes", what)
		}
	}
}

// Look finds what a program shows by role and one of some beginnings of its name, now.
func (s *Screen) Look(program string, role uint32, names ...string) (Element, bool) {
	for e := range s.Shown(program) {
		if e.Role == role && slices.ContainsFunc(names, func(n string) bool { return strings.HasPrefix(e.Name, n) }) {
			return e, true
		}
	}
	return Element{}, false
}

// Find waits until a program shows something.
func (s *Screen) Find(program string, role uint32, names ...string) Element {
	s.t.Helper()
	var e Element
	s.Patiently(program+" shows "+strings.Join(names, " or "),
		func() (found bool) { e, found = s.Look(program, role, names...); return })
	return e
}

// Press presses a button, or follows a link, and waits for what that must bring. An element that is drawn
// again between look and act takes the action and does nothing; so it is pressed again.
func (s *Screen) Press(program string, role uint32, names []string, brings func() bool) {
	s.t.Helper()
	var last time.Time
	s.Patiently("what "+names[0]+" brings", func() bool {
		if brings() {
			return true
		}
		if e, there := s.Look(program, role, names...); there && e.has(enabledState) &&
			time.Since(last) > 8*time.Second {
			var done bool
			call(e.dbusObject, s.bus, "org.a11y.atspi.Action.DoAction", []any{int32(0)}, &done)
			last = time.Now()
		}
		return false
	})
}

// Page waits until a browser shows a page with a title that starts so, and returns what the page says.
func (s *Screen) Page(browser, title string) string {
	s.t.Helper()
	text := s.Find(browser, DocumentWeb, title).Text()
	return strings.Join(strings.Fields(text), " ")
}

// Hears waits until a program announces a text to screen readers.
func (s *Screen) Hears(program, text string) {
	s.t.Helper()
	s.Patiently("the announcement "+text, func() bool {
		for _, p := range s.programs(program) {
			heard := false
			p.all(func(e Element) bool {
				if e.live() {
					e.all(func(c Element) bool {
						heard = strings.Contains(c.named(), text) || strings.Contains(c.Text(), text)
						return !heard
					})
				}
				return !heard
			})
			if heard {
				return true
			}
		}
		return false
	})
}

// Described waits until something of a role and name has the focus, and a screen reader reads a text with it.
func (s *Screen) Described(program string, role uint32, name, text string) {
	s.t.Helper()
	s.Patiently(name+" with the description "+text, func() bool {
		e, there := s.Look(program, role, name)
		return there && e.has(focusedState) && strings.Contains(e.description(), text)
	})
}

// Bounds returns where a program's window is with the top of its frame, in pixels of the screen.
func (s *Screen) Bounds(program string) image.Rectangle {
	s.t.Helper()
	out, err := s.Command("xwininfo", "-name", s.Find(program, Frame, "").Name).Output()
	if err != nil {
		s.t.Fatalf("xwininfo: %v", err)
	}
	number := func(name string) int {
		m := regexp.MustCompile(name + `:\s+(-?\d+)\n`).FindSubmatch(out)
		if m == nil {
			s.t.Fatalf("xwininfo tells no %s: %s", name, out)
		}
		n, _ := strconv.Atoi(string(m[1])) // the expression finds digits only
		return n
	}
	x, y := number("Absolute upper-left X"), number("Absolute upper-left Y")
	return image.Rect(x, y-number("Relative upper-left Y"), x+number("Width"), y+number("Height"))
}

// Close closes a program's window, as the cross in its frame does.
func (s *Screen) Close(program string) {
	s.t.Helper()
	title := s.Find(program, Frame, "").Name
	s.run(s.Command("xdotool", "search", "--sync", "--name", "^"+title+"$", "windowactivate", "--sync"))
	s.Key("--clearmodifiers", "alt+F4")
}
