// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"rinnova.example/go/card/cns"
	"rinnova.example/go/failure"
)

// noCore is the soft and the hard limit of a process that leaves no core file (proc(5)).
var noCore = regexp.MustCompile(`Max core file size +0 +0 +bytes`)

// TestDumpsRefused asks the kernel whether other programs of the user may read the memory (prctl(2)).
func TestDumpsRefused(t *testing.T) {
	before, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	if err != nil {
		t.Fatal(err)
	}
	cns.RefuseDumps()
	if now, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0); err != nil || now != 0 {
		t.Errorf("dumpable %d, %v", now, err)
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, uintptr(before), 0, 0, 0); err != nil {
		t.Errorf("dumpable as before: %v", err)
	}
}

// TestInterruptedAtPIN: Ctrl-C at the prompt for the PIN ends the program at once, and nothing was changed.
func TestInterruptedAtPIN(t *testing.T) {
	const at = "2020-05-25T10:00:00Z"
	dir := t.TempDir()
	s, err := startService(filepath.Join(dir, "service"), "--clock", at)
	if err != nil {
		t.Fatal(err)
	}
	defer s.stop()
	card := filepath.Join(dir, "card.json")
	if out, err := exec.Command(filepath.Join(programs, "rinnovad"), "card", "issue", "--dir", s.dir, "--series",
		"AC2014",
		"--out", card, "--clock", at).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	cmd := exec.Command(filepath.Join(programs, "rinnova"), "renew", "--card", "emulated:"+card, "--clock", at,
		"--service", s.addresses["cmp"], "--ca", filepath.Join(s.dir, "ca.pem"),
		"--tls-ca", filepath.Join(s.dir, "tls.pem"), "--journal", filepath.Join(dir, "journal"))
	terminal, err := pty.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	shown := make(chan []byte)
	go func() {
		for {
			b := make([]byte, 4096)
			n, err := terminal.Read(b)
			if err != nil {
				close(shown)
				return
			}
			shown <- b[:n]
		}
	}()
	var screen []byte
	asked := false
	deadline := time.After(60 * time.Second)
	for open := true; open; {
		select {
		case b, ok := <-shown:
			screen, open = append(screen, b...), ok
			if !asked && bytes.Contains(screen, []byte("Codice PIN: ")) {
				asked = true
				limits, err := os.ReadFile(fmt.Sprintf("/proc/%d/limits", cmd.Process.Pid))
				if err != nil || !noCore.Match(limits) {
					t.Errorf("the program that asks for the PIN leaves a core file: %v\n%s", err, limits)
				}
				if _, err := terminal.Write([]byte{3}); err != nil { // Ctrl-C
					t.Fatal(err)
				}
			}
		case <-deadline:
			_ = cmd.Process.Kill()
			t.Fatalf("still running: %q", screen)
		}
	}
	err = cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != failure.ExitInterrupted {
		t.Errorf("ended with %v, want exit code %d: %q", err, failure.ExitInterrupted, screen)
	}
	for _, want := range []string{"Codice PIN: ", "Codice: interrupted (103)", "nulla è stato cambiato"} {
		if !bytes.Contains(screen, []byte(want)) {
			t.Errorf("%q is not shown: %q", want, screen)
		}
	}
}
