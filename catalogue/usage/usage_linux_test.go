// SPDX-License-Identifier: EUPL-1.2

package usage_test

import (
	"io"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/creack/pty"
)

// TestHelpIsGrouped: flags stand under the headings of their groups, and the lines fit a terminal of 50 columns.
func TestHelpIsGrouped(t *testing.T) {
	main, side, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer main.Close()
	if err := pty.Setsize(side, &pty.Winsize{Cols: 50, Rows: 10}); err != nil {
		t.Fatal(err)
	}
	parseTo(t, side, "renew", "--help")
	side.Close()
	b, _ := io.ReadAll(main) // Linux ends it with EIO
	page := strings.ReplaceAll(string(b), "\r\n", "\n")
	for line := range strings.Lines(page) {
		if utf8.RuneCountInString(strings.TrimRight(line, "\n")) > 50 {
			t.Errorf("%q is longer than the terminal is wide", line)
		}
	}
	for _, heading := range []string{"\nOpzioni:\n", "\nTessera:\n  --card=", "\nServizio:\n  --proxy="} {
		if !strings.Contains(page, heading) {
			t.Errorf("no %q in:\n%s", heading, page)
		}
	}
}
