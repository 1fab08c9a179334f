// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/creack/pty"

	"rinnova.example/go/card/emulator"
	"rinnova.example/go/card/pcsc/pcsctest"
	"rinnova.example/go/citizen/recordings"
)

// TestRecordThroughReader: a person at a terminal records a card through pcscd, gives the sigla, sees the text and
// agrees. The card is the same afterwards, and the recording is that of an emulator, because the reader is a virtual
// one.
func TestRecordThroughReader(t *testing.T) {
	stack := pcsctest.Start(t)
	card, err := emulator.Demo("AC2018", nil)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "card.json")
	if err := card.Save(file); err != nil {
		t.Fatal(err)
	}
	if err := card.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pull := plug(t, stack, file)
	to := filepath.Join(t.TempDir(), "AC2018.transcript")
	cmd := exec.Command(filepath.Join(programs, "rinnova"), "record", to, "--card", "pcsc:"+stack.Readers[0])
	cmd.Env = append(os.Environ(), "HOME="+t.TempDir())
	terminal, err := pty.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	if _, err := fmt.Fprint(terminal, "ac 2018\nsi\n"); err != nil {
		t.Fatal(err)
	}
	shown, _ := io.ReadAll(terminal) // a terminal ends with an error
	if err := cmd.Wait(); err != nil {
		t.Fatalf("%v: %s", err, shown)
	}
	saved, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(bytes.ReplaceAll(shown, []byte("\r\n"), []byte("\n")), saved) {
		t.Errorf("the terminal did not show what was saved: %s", shown)
	}
	if !strings.HasPrefix(string(saved), "# transcript: 1\n# series: AC2018\n# source: emulator\n") {
		t.Errorf("header of %.120s", saved)
	}
	if _, err := recordings.Open(to); err != nil {
		t.Error("the recording does not pass its check:", err)
	}
	out, exit := citizen(t, &running{addresses: map[string]string{}}, "replay", "--check", to)
	if exit != 0 || !strings.Contains(out, "si può dare") {
		t.Errorf("replay --check: %d %s", exit, out)
	}
	pull()
	if after, err := os.ReadFile(file); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the card has changed: %v", err)
	}
}
