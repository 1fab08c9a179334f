#!/usr/bin/python3
# SPDX-License-Identifier: EUPL-1.2
"""A person before a real window, on a display of their own: finds things by role and name on the accessibility bus, as
a screen reader does, and types by xdotool, since WebKit has no EditableText.

    real_window.py [--artifacts DIR] [--wait SECONDS] < COMMANDS

Each line of the standard input is a command in a shell's quoting; each is answered by a line, "ok …" or "no …", and the
first "no" ends it. Roles are those of AT-SPI ("heading", "push button", "password text"); a name is met by what begins
with it.

    start PROGRAM ARGUMENT…         starts a program, with this one's environment; answers its process id
    says LINE                       waits until the program printed a line; answers the milliseconds since its start
    see ROLE NAME                   waits until it is there; answers its name
    gone ROLE NAME                  waits until it is not
    press NAME [ROLE NAME]          presses a button, and again if what is named after it does not come
    type LABEL CODE                 types a code into a masked field and sees that it arrived
    hears TEXT                      waits until a status message says it
    shot NAME                       keeps the screen as DIR/NAME.png
    close                           closes the window as its frame does
    ended                           waits until the program ended; answers its exit code

Debian packages: xvfb openbox dbus at-spi2-core python3-gi xdotool imagemagick.
"""
import argparse
import hashlib
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import threading
import time

arguments = argparse.ArgumentParser()
arguments.add_argument("--artifacts", default=".")
arguments.add_argument("--wait", type=float, default=90, help="seconds until something is given up")
arguments.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
options = arguments.parse_args()


def outside():
    """Makes a display and a session bus, and runs this program in them: GTK would leave daemons behind in another's."""
    reader, writer = os.pipe()
    screen = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writer), "-screen", "0", "1280x960x24", "-nolisten", "tcp"],
        pass_fds=[writer], stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    os.close(writer)
    number = os.fdopen(reader).readline().strip()
    if not number:
        sys.exit("no display: Xvfb did not start")
    environment = os.environ | {"DISPLAY": ":" + number, "GTK_MODULES": "gail:atk-bridge"}
    environment.pop("NO_AT_BRIDGE", None)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        sys.exit(subprocess.call(
            ["dbus-run-session", "--", "/usr/bin/python3", *sys.argv, "--inside"],
            env=environment, stderr=None if os.environ.get("VERBOSE") else subprocess.DEVNULL))
    finally:
        screen.terminate()
        screen.wait()


if not options.inside:
    outside()

from gi.repository import Gio, GLib  # noqa: E402

class Lost(Exception):
    """What was waited for did not come."""


programs = []
VISIBLE, ENABLED, FOCUSED = 30, 8, 12  # AtspiStateType
ROLES = {  # AtspiRole
    16: "dialog", 23: "frame", 40: "password text", 43: "push button", 44: "radio button", 54: "status bar",
    75: "application", 79: "entry", 83: "heading", 88: "link",
}


class Node:
    """One accessible object. Everything is asked again each time: libatspi keeps what a page told before, and stands
    still on a tree that changes while it is read."""

    bus = None

    def __init__(self, name, path):
        self.name, self.path = name, path

    def call(self, interface, method, arguments=None, answer=None):
        reply = Node.bus.call_sync(
            self.name, self.path, interface, method, arguments, GLib.VariantType(answer) if answer else None,
            Gio.DBusCallFlags.NONE, 20000, None)
        return reply.unpack()[0] if answer else None

    def property(self, interface, name):
        interface = "org.a11y.atspi." + interface
        return self.call("org.freedesktop.DBus.Properties", "Get", GLib.Variant("(ss)", (interface, name)), "(v)")

    def children(self):
        list = self.call("org.a11y.atspi.Accessible", "GetChildren", None, "(a(so))")
        if not list and self.property("Accessible", "ChildCount"):
            # A web view's page lives in another process: GTK tells of it by its number only.
            list = [self.call("org.a11y.atspi.Accessible", "GetChildAtIndex", GLib.Variant("(i)", (0,)), "((so))")]
        return [Node(*child) for child in list]

    def role(self):
        number = self.call("org.a11y.atspi.Accessible", "GetRole", None, "(u)")  # WebKit gives it no name
        return ROLES.get(number, str(number))

    def label(self):
        return self.property("Accessible", "Name")

    def attributes(self):
        return self.call("org.a11y.atspi.Accessible", "GetAttributes", None, "(a{ss})")

    def state(self, number):
        words = self.call("org.a11y.atspi.Accessible", "GetState", None, "(au)")
        return bool(words[number // 32] >> number % 32 & 1)

    def text(self):
        return self.call("org.a11y.atspi.Text", "GetText", GLib.Variant("(ii)", (0, -1)), "(s)")

    def length(self):
        return self.property("Text", "CharacterCount")

    def act(self):
        return self.call("org.a11y.atspi.Action", "DoAction", GLib.Variant("(i)", (0,)), "(b)")

    def focus(self):
        return self.call("org.a11y.atspi.Component", "GrabFocus", None, "(b)")


def connect():
    """The accessibility bus has an address of its own, which the session's bus tells."""
    session = Gio.bus_get_sync(Gio.BusType.SESSION)
    address, = session.call_sync(
        "org.a11y.Bus", "/org/a11y/bus", "org.a11y.Bus", "GetAddress", None, GLib.VariantType("(s)"),
        Gio.DBusCallFlags.NONE, 20000, None).unpack()
    flags = Gio.DBusConnectionFlags.AUTHENTICATION_CLIENT | Gio.DBusConnectionFlags.MESSAGE_BUS_CONNECTION
    Node.bus = Gio.DBusConnection.new_for_address_sync(address, flags, None, None)
    # A web view builds its tree only when a program listens.
    Node("org.a11y.atspi.Registry", "/org/a11y/atspi/registry").call(
        "org.a11y.atspi.Registry", "RegisterEvent", GLib.Variant("(s)", ("object:children-changed",)))


def until(what, attempt, seconds=None):
    """Waits for an attempt to return something. What is drawn anew meanwhile is looked at again."""
    end = time.monotonic() + (seconds or options.wait)
    while True:
        try:
            found = attempt()
            if found:
                return found
        except GLib.Error:
            pass
        if time.monotonic() > end:
            raise Lost(what)
        time.sleep(0.1)


def walk(node):
    yield node
    for child in node.children():
        yield from walk(child)


def window():
    """The window's place on the bus, by the process that it belongs to."""
    for node in Node("org.a11y.atspi.Registry", "/org/a11y/atspi/accessible/root").children():
        process = Node("org.freedesktop.DBus", "/org/freedesktop/DBus").call(
            "org.freedesktop.DBus", "GetConnectionUnixProcessID", GLib.Variant("(s)", (node.name,)), "(u)")
        if programs and process == programs[-1].pid:
            return node


def tree():
    top = window()
    return walk(top) if top else ()


def look(role, name):
    """One element, in the page or scrolled out of it."""
    for node in tree():
        if node.role() == role and node.label().startswith(name) and node.state(VISIBLE):
            return node


def everything():
    try:
        return " | ".join(f"{n.role()} {n.label()!r}" for n in tree() if n.label())
    except GLib.Error as problem:
        return str(problem)


def see(role, name, seconds=None):
    return until(f"{role} {name!r}", lambda: look(role, name), seconds)


def press(name, role=None, then=None):
    def act():
        button = look("push button", name)
        return button and button.state(ENABLED) and button.act()

    until(f"a button {name!r} to press", act)
    for _ in range(3):
        if role is None:
            return
        try:
            see(role, then, options.wait / 3)
            return
        except Lost:
            # It was drawn again between look and act, or the answer is late: a second press is one too many at worst.
            try:
                act()
            except GLib.Error:
                pass
    see(role, then)


def typed(label, code):
    def attempt():
        field = see("password text", label)
        field.focus()
        if not field.state(FOCUSED):
            return False
        subprocess.run(
        ["xdotool", "key", "--clearmodifiers", "ctrl+a", "BackSpace", "type", "--delay", "30", code], check=True)
        try:
            return until(label, lambda: see("password text", label).length() == len(code), 5)
        except Lost:
            return False  # a key came before the field had the focus

    until(f"{label!r} to hold what was typed", attempt)


def hears(text):
    def attempt():
        for node in tree():
            if node.attributes().get("live") and any(text in n.label() or text in said(n) for n in walk(node)):
                return True

    until(f"the message {text!r}", attempt)


def said(node):
    try:
        return node.text()
    except GLib.Error:
        return ""  # it has no text


def shot(name):
    """Without a graphics card the web view paints late: the screen is kept once it stands still."""
    path, before = os.path.join(options.artifacts, name + ".png"), None
    for _ in range(8):
        time.sleep(0.4)
        subprocess.run(["import", "-window", "root", "-strip", path], check=True)
        with open(path, "rb") as file:
            now = hashlib.sha256(file.read()).digest()
        if now == before:
            return
        before = now


printed = {}  # line of the last program: milliseconds since its start


def start(*line):
    printed.clear()
    began = time.monotonic()
    programs.append(subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True))

    def read(out):
        for text in out:
            printed.setdefault(text.strip(), int((time.monotonic() - began) * 1000))

    threading.Thread(target=read, args=[programs[-1].stdout], daemon=True).start()
    return str(programs[-1].pid)


def says(line):
    until(f"the line {line!r}", lambda: line in printed)
    return str(printed[line])


def close():
    """Alt+F4 is what the window manager makes of the cross in the frame."""
    title = see("frame", "").label()
    subprocess.run(["xdotool", "search", "--sync", "--name", f"^{title}$", "windowactivate", "--sync"], check=True)
    subprocess.run(["xdotool", "key", "--clearmodifiers", "alt+F4"], check=True)


def ended():
    return str(programs[-1].wait(options.wait))


commands = {
    "start": start, "says": says, "press": press, "type": typed, "hears": hears, "shot": shot, "close": close,
    "ended": ended,
    "see": lambda role, name: see(role, name).label(),
    "gone": lambda role, name: until(f"no more {role} {name!r}", lambda: look(role, name) is None) and None,
}


def main():
    os.makedirs(options.artifacts, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        managed = os.path.join(folder, "managed")
        helpers = [
            subprocess.Popen(["/usr/libexec/at-spi-bus-launcher", "--launch-immediately"], stdout=subprocess.DEVNULL),
            subprocess.Popen(
                ["openbox", "--startup", f"touch {managed}"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL),
        ]
        try:
            until("a window manager", lambda: os.path.exists(managed))
            until("the accessibility bus", lambda: connect() or True)
            print("ok ready", flush=True)
            for line in sys.stdin:
                name, *words = shlex.split(line, comments=True) or [""]
                if not name:
                    continue
                try:
                    print("ok", commands[name](*words) or "", flush=True)
                except (Lost, subprocess.SubprocessError) as problem:
                    shot("window-lost")
                    print(f"no {name}: {problem}; here are: {everything()}".replace("\n", " "), flush=True)
                    return 1
            return 0
        finally:
            for process in programs + helpers:
                process.terminate()
            for process in programs + helpers:
                try:
                    process.wait(20)
                except subprocess.TimeoutExpired:
                    process.kill()


sys.exit(main())
