# SPDX-License-Identifier: EUPL-1.2
"""A renewal by role and name only, as a screen reader finds its way; xdotool types, since WebKit has no EditableText."""
import os
import subprocess
import time

import gi

gi.require_version("Atspi", "2.0")
from gi.repository import Atspi

started = time.time()


def walk(node):
    try:
        yield node
        for i in range(node.get_child_count()):
            child = node.get_child_at_index(i)
            if child is not None:
                yield from walk(child)
    except Exception:  # the page was drawn anew meanwhile
        return


def program():
    desktop = Atspi.get_desktop(0)
    for i in range(desktop.get_child_count()):
        one = desktop.get_child_at_index(i)
        if one and "rinnova" in (one.get_name() or "").lower():
            return one


def find(role, name, seconds=30, needed=True):
    end = time.time() + seconds
    while time.time() < end:
        root = program()
        for node in walk(root) if root else ():
            try:
                if node.get_role_name() == role and node.get_name().startswith(name) and node.get_state_set().contains(Atspi.StateType.SHOWING):
                    return node
            except Exception:
                continue
        time.sleep(0.2)
    if not needed:
        return None
    shot("lost")
    raise SystemExit(f"not found: {role} {name}; " + " | ".join(n.get_name() for n in walk(program()) if n.get_role_name() == "heading"))


def press(name):
    assert Atspi.Action.do_action(find("push button", name), 0), name


def type_code(label, code):
    Atspi.Component.grab_focus(find("password text", label))
    time.sleep(0.3)
    subprocess.run(["xdotool", "type", code], check=True)
    time.sleep(0.3)
    press("PROSEGUI")


def shot(name):
    time.sleep(2.5)  # without a graphics card the web view paints late
    subprocess.run(["import", "-window", "root", f"{os.environ['ARTIFACTS']}/window-{name}.png"], check=True)


find("heading", "Inserisci la tessera")
print(f"usable after {time.time() - started:.2f} s")
shot("start")
for _ in range(3):  # an element that was drawn anew between look and act takes the action and does nothing
    press("Inserisci una tessera nuova")
    if find("heading", "La tua tessera", 10, needed=False):
        break
find("heading", "La tua tessera")
shot("card")
press("RINNOVA")
type_code("Codice PIN", "12345")
find("password text", "Codice PUK")
shot("puk")
type_code("Codice PUK", "12345678")
find("heading", "Certificato rinnovato con successo")
press("Togli la tessera")
press("Salta l’attesa")
press("Reinserisci la stessa tessera")
press("PROVA L’ACCESSO")
shot("done")
press("CHIUDI")
find("heading", "Nessun certificato rinnovabile presente nella carta: ")
print("a whole renewal by the accessibility bus: ok")
