// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// BenchmarkSize prints the cost of a renewal for the computer: the peak of resident memory of `rinnova renew` and of
// an idle `rinnovad serve`, and the size of the program that `make build` makes. The goals are 60 MB, 60 MB and 20
// MB.
func BenchmarkSize(b *testing.B) {
	dir := b.TempDir()
	s, err := startService(filepath.Join(dir, "service"))
	if err != nil {
		b.Fatal(err)
	}
	defer s.stop()
	for b.Loop() {
		b.ReportMetric(peak(b, s.pid), "MB-rinnovad-idle")
		file := filepath.Join(b.TempDir(), "card.json")
		if out, err := exec.Command(filepath.Join(programs, "rinnovad"), "card", "issue", "--dir", s.dir, "--series",
			"AC2014",
			"--out", file, "--pin", "24680", "--puk", "13579246").CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
		cmd := exec.Command(filepath.Join(programs, "rinnova"), "renew", "--card", "emulated:"+file, "--pin-from",
			"env:PIN", "--puk-from", "env:PUK",
			"--service", s.addresses["cmp"], "--ca", filepath.Join(s.dir, "ca.pem"), "--tls-ca",
			filepath.Join(s.dir, "tls.pem"), "--journal", dir)
		cmd.Env = append(os.Environ(), "PIN=24680", "PUK=13579246")
		if out, err := cmd.CombinedOutput(); err != nil {
			b.Fatalf("%v: %s", err, out)
		}
		b.ReportMetric(float64(cmd.ProcessState.SysUsage().(*syscall.Rusage).Maxrss)/1024, "MB-renew")
	}
	small := filepath.Join(dir, "rinnova")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", small, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
	info, err := os.Stat(small)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(info.Size())/(1<<20), "MB-program")
	b.ReportMetric(0, "ns/op")
}

// peak is the high-water mark of a process' resident memory in MB.
func peak(b *testing.B, pid int) float64 {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		var kB float64
		if n, _ := fmt.Sscanf(line, "VmHWM: %f kB", &kB); n == 1 {
			return kB / 1024
		}
	}
	b.Fatal("no VmHWM")
	return 0
}
