// SPDX-License-Identifier: EUPL-1.2

package terminal

import (
	"bytes"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/creack/pty"
)

// TestPaper writes on a terminal of 30 columns, and into a file.
func TestPaper(t *testing.T) {
	const text = "Il certificato è al suo posto: nulla è stato cambiato."
	written := func(env string) string {
		t.Setenv("NO_COLOR", env)
		t.Setenv("TERM", "xterm")
		main, side, err := pty.Open()
		if err != nil {
			t.Fatal(err)
		}
		defer main.Close()
		if err := pty.Setsize(side, &pty.Winsize{Cols: 30, Rows: 10}); err != nil {
			t.Fatal(err)
		}
		p := NewPaper(side)
		p.Bad("Non riuscito")
		p.Line(text)
		p.Good("Fatto")
		p.Line("Ora esegui `rinnova renew --card pcsc:2 --last-try`.")
		side.Close()
		b, _ := io.ReadAll(main) // Linux ends it with EIO
		return strings.ReplaceAll(string(b), "\r\n", "\n")
	}
	const command = "Ora esegui\n`rinnova renew --card pcsc:2 --last-try`.\n" // copied whole
	const lines = "Il certificato è al suo posto:\nnulla è stato cambiato.\n"
	want := "\x1b[1;31mNon riuscito\x1b[0m\n" + lines + "\x1b[1;32mFatto\x1b[0m\n" + command
	if got := written(""); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got, want := written("1"), "Non riuscito\n"+lines+"Fatto\n"+command; got != want {
		t.Errorf("with NO_COLOR: %q, want %q", got, want)
	}
	var b bytes.Buffer
	NewPaper(&b).Line(text)
	if b.String() != text+"\n" {
		t.Errorf("in memory: %q", b.String())
	}
	f, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	NewPaper(f).Bad(text)
	if got, err := os.ReadFile(f.Name()); err != nil || string(got) != text+"\n" {
		t.Errorf("in a file: %q, %v", got, err)
	}
}
