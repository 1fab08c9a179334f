#!/bin/sh
# SPDX-License-Identifier: EUPL-1.2
# A whole renewal in the real window, under Xvfb, by the accessibility bus alone. Screenshots stay in artifacts.
# Packages: xvfb openbox dbus at-spi2-core gir1.2-atspi-2.0 python3-gi xdotool imagemagick.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$here/../artifacts"
window=$(realpath "$1")
export DISPLAY=":$((90 + $$ % 900))" ARTIFACTS="$here/../artifacts" GTK_MODULES=gail:atk-bridge
Xvfb "$DISPLAY" -screen 0 1280x960x24 -nolisten tcp >/dev/null 2>&1 &
xvfb=$!
trap 'kill $xvfb' EXIT
sleep 1
# Without a session of its own GTK leaves daemons behind.
timeout 180 dbus-run-session -- sh -c '
	/usr/libexec/at-spi-bus-launcher --launch-immediately & bus=$!
	openbox >/dev/null 2>&1 & manager=$!
	sleep 0.5
	"$1" window --demo --several --fast --pause 3s >/dev/null 2>&1 & window=$!
	/usr/bin/python3 "$2/real_window.py"; result=$?
	kill $window $manager $bus
	exit $result' sh "$window" "$here"
