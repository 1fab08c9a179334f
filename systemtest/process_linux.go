// SPDX-License-Identifier: EUPL-1.2

package systemtest

import (
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Start starts a program that runs until the test ends, or is stopped before. With the test's process it
// ends too: that signal comes when the starting thread ends, hence the goroutine that keeps it.
func Start(t testing.TB, c *exec.Cmd) (stop func()) {
	t.Helper()
	if c.Stderr == nil {
		log := new(strings.Builder)
		c.Stderr = log
		t.Cleanup(func() {
			if t.Failed() {
				t.Logf("%s:\n%s", strings.Join(c.Args, " "), log)
			}
		})
	}
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	started, ended := make(chan error), make(chan struct{})
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(ended)
		err := c.Start()
		started <- err
		if err == nil {
			c.Wait()
		}
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	stop = func() {
		c.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			c.Process.Kill()
			<-ended
			t.Errorf("%s did not end when asked", c.Args[0])
		}
	}
	t.Cleanup(stop)
	return stop
}
