// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"rinnova.example/go/card/emulator"
	"rinnova.example/go/card/pcsc"
	"rinnova.example/go/card/pcsc/pcsctest"
	"rinnova.example/go/systemtest"
)

// plug starts vcns as a process of its own and waits until the reader has the card.
func plug(t *testing.T, stack *pcsctest.Stack, name string) (*exec.Cmd, *buffer) {
	t.Helper()
	cmd := exec.Command(os.Args[0], "--vpcd", stack.Addrs[0], "--card", name)
	cmd.Env = append(os.Environ(), "VCNS_CHILD=1")
	out := new(buffer)
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		list, err := pcsc.Readers()
		if err == nil && len(list) > 0 && list[0].Present {
			return cmd, out
		}
		if time.Now().After(end) {
			t.Fatalf("the card does not show: %v\n%s", err, out)
		}
	}
}

// OpenSC spends a try through the system's reader. The file has it after SIGTERM and after SIGKILL. vcns ends with 0
// on SIGTERM and when the reader goes.
func TestStack(t *testing.T) {
	systemtest.Need(t, "opensc", "pkcs15-tool")
	name := cardFile(t, "OT2015")
	stack := pcsctest.Start(t)
	tries := func() int {
		c, err := emulator.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		return c.Tries(0x10)
	}
	verify := func(pin string) {
		tool := exec.Command("pkcs15-tool", "--reader", stack.Readers[0], "--verify-pin", "--auth-id", "01", "--pin",
			pin)
		tool.Env = append(os.Environ(), "HOME="+t.TempDir())
		out, err := tool.CombinedOutput()
		if (err == nil) != (pin == emulator.DemoPIN) || !strings.Contains(string(out), "PIN") && err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
	}
	cmd, out := plug(t, stack, name)
	verify("55555")
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil || out.String() != "pronto OT2015 "+stack.Addrs[0]+"\n" {
		t.Errorf("%v %q", err, out)
	}
	if n := tries(); n != 2 {
		t.Errorf("%d tries left", n)
	}
	gone(t)
	cmd, _ = plug(t, stack, name)
	verify("55555")
	cmd.Process.Kill()
	cmd.Wait()
	if n := tries(); n != 1 {
		t.Errorf("%d tries left", n)
	}
	gone(t)
	cmd, out = plug(t, stack, name)
	verify(emulator.DemoPIN)
	stack.StopService(t)
	if err := cmd.Wait(); err != nil {
		t.Errorf("after the reader went: %v %q", err, out)
	}
	if n := tries(); n != 3 {
		t.Errorf("%d tries left", n)
	}
}

// gone waits until pcscd has seen that the card is out.
func gone(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		if list, err := pcsc.Readers(); err == nil && len(list) > 0 && !list[0].Present {
			return
		}
		if time.Now().After(end) {
			t.Fatal("the card does not go")
		}
	}
}
