// SPDX-License-Identifier: EUPL-1.2

// Package demonstration runs the service's own program on this computer, for a renewal of an emulated card.
package demonstration

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/failure"
)

// Service is the path of the service's program, rinnovad. The errors of its methods are *renewal.Failure.
type Service string

// Find looks for rinnovad in the folder of this program.
func Find() (Service, error) {
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	name := "rinnovad"
	if runtime.GOOS == "windows" {
		name += ".exe"
	}
	path := filepath.Join(filepath.Dir(self), name)
	if _, err := os.Stat(path); err != nil {
		return "", Failed(err)
	}
	return Service(path), nil
}

// Failed gives an error of the demonstration its code.
func Failed(err error) error { return &renewal.Failure{Code: failure.DemoFailed, Err: err} }

// Run executes one command to its end.
func (s Service) Run(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, string(s), args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return Failed(fmt.Errorf("%w: %s", err, strings.TrimSpace(string(out))))
	}
	return nil
}

// Serve starts the service on free ports and waits for its ready line: «pronto» and name=address pairs. It returns
// the addresses, and the function that stops the service.
func (s Service) Serve(ctx context.Context, dir string, clock []string) (map[string]string, func(), error) {
	ctx, cancel := context.WithCancel(ctx)
	cmd := exec.CommandContext(ctx, string(s),
		append([]string{"serve", "--dir", dir, "--listen", "127.0.0.1:0", "--login", "127.0.0.1:0"}, clock...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	if runtime.GOOS == "windows" {
		cmd.Cancel = cmd.Process.Kill
	}
	cmd.WaitDelay = 5 * time.Second
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		cancel()
		return nil, nil, Failed(err)
	}
	stop := func() { cancel(); cmd.Wait() }
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "pronto ") {
		stop()
		return nil, nil, Failed(fmt.Errorf("no ready line: %w", err))
	}
	go func() { _, _ = io.Copy(io.Discard, out) }() // or the service would wait for a reader of its log
	addresses := map[string]string{}
	for _, f := range strings.Fields(line)[1:] {
		if name, url, ok := strings.Cut(f, "="); ok {
			addresses[name] = url
		}
	}
	return addresses, stop, nil
}
