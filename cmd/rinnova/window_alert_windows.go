// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"os"

	"golang.org/x/sys/windows"
)

// alert shows a failure in a box if the program has no error output, as when it was started from an icon.
func alert(text string) {
	if _, err := os.Stderr.Stat(); err == nil {
		return
	}
	body, err := windows.UTF16PtrFromString(text)
	if err != nil {
		return
	}
	title, err := windows.UTF16PtrFromString("Rinnova")
	if err != nil {
		return
	}
	windows.MessageBox(0, body, title, windows.MB_OK|windows.MB_ICONERROR|windows.MB_SETFOREGROUND)
}
