// SPDX-License-Identifier: EUPL-1.2

package terminal

import (
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// echoOff waits until the terminal does not echo: before that a code would be shown.
func echoOff(t *testing.T, tty *os.File) {
	t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(5 * time.Millisecond) {
		state, err := unix.IoctlGetTermios(int(tty.Fd()), unix.TCGETS)
		if err != nil {
			t.Fatal(err)
		}
		if state.Lflag&unix.ECHO == 0 {
			return
		}
		if time.Now().After(end) {
			t.Fatal("the terminal echoes while a code is typed")
		}
	}
}
