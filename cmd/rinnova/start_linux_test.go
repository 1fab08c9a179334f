// SPDX-License-Identifier: EUPL-1.2

//go:build window || development

package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rinnova.example/go/systemtest"
	"rinnova.example/go/systemtest/screen"
)

// BenchmarkStart prints the time from the start of a process until the page has drawn its first state, and
// the memory of the process and of all that it started: each page of memory once (PSS), and as often as
// processes share it (RSS). The goal is one second.
func BenchmarkStart(b *testing.B) {
	b.Run("window", func(b *testing.B) {
		d := newDisplay(b, screen.Large)
		d.window("version")
		d.exits() // files are read from the disk once
		took := []int{}
		var pss, rss int
		for range max(b.N, 5) {
			p := d.window("window", "--several", "--print-drawn")
			took = append(took, int(d.says("drawn").Milliseconds()))
			pss, rss = memory(b, p.Process.Pid)
			d.close()
			d.exits()
		}
		slices.Sort(took)
		b.ReportMetric(float64(took[0]), "ms-least")
		b.ReportMetric(float64(took[len(took)/2]), "ms-median")
		b.ReportMetric(float64(pss)/1024, "MiB-PSS")
		b.ReportMetric(float64(rss)/1024, "MiB-RSS")
		b.ReportMetric(0, "ns/op")
	})
	b.Run("browser", func(b *testing.B) {
		path, err := windowProgram()
		if err != nil {
			b.Fatal(err)
		}
		chromium := systemtest.Need(b, "chromium", "chromium")[0]
		var listening, drawn []int
		var pss, browser int
		for range max(b.N, 5) {
			func() {
				began := time.Now()
				program := exec.Command(path, "window", "--browser", "--several", "--print-url", "--print-drawn")
				out, err := program.StdoutPipe()
				if err != nil {
					b.Fatal(err)
				}
				if err := program.Start(); err != nil {
					b.Fatal(err)
				}
				defer program.Wait()
				defer program.Process.Signal(os.Interrupt)
				lines := bufio.NewScanner(out)
				lines.Scan()
				url := lines.Text()
				listening = append(listening, int(time.Since(began).Milliseconds()))
				page := exec.Command(chromium, "--headless", "--no-sandbox", "--user-data-dir="+b.TempDir(),
					"--remote-debugging-port=0", url)
				if err := page.Start(); err != nil {
					b.Fatal(err)
				}
				defer page.Wait()
				defer page.Process.Signal(os.Interrupt)
				if !lines.Scan() || lines.Text() != "drawn" {
					b.Fatal(url, lines.Text())
				}
				drawn = append(drawn, int(time.Since(began).Milliseconds()))
				pss, _ = memory(b, program.Process.Pid)
				browser, _ = memory(b, page.Process.Pid)
			}()
		}
		slices.Sort(listening)
		slices.Sort(drawn)
		b.ReportMetric(float64(listening[len(listening)/2]), "ms-listening")
		b.ReportMetric(float64(drawn[0]), "ms-least")
		b.ReportMetric(float64(drawn[len(drawn)/2]), "ms-median")
		b.ReportMetric(float64(pss)/1024, "MiB-PSS")
		b.ReportMetric(float64(browser)/1024, "MiB-PSS-browser")
		b.ReportMetric(0, "ns/op")
	})
}

// memory sums up a process and its descendants, in KiB.
func memory(b *testing.B, root int) (pss, rss int) {
	b.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		b.Fatal(err)
	}
	children := map[int][]int{}
	for _, path := range stats {
		stat, err := os.ReadFile(path)
		if err != nil {
			continue // it ended
		}
		var pid, parent int
		var state string
		fmt.Sscan(string(stat), &pid)
		fmt.Sscan(string(stat[strings.LastIndexByte(string(stat), ')')+1:]), &state, &parent)
		children[parent] = append(children[parent], pid)
	}
	for next := []int{root}; len(next) > 0; next = next[1:] {
		next = append(next, children[next[0]]...)
		rollup, err := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", next[0]))
		if err != nil {
			continue
		}
		for _, line := range strings.Split(string(rollup), "\n") {
			var kib int
			if _, err := fmt.Sscanf(line, "Pss: %d kB", &kib); err == nil {
				pss += kib
			}
			if _, err := fmt.Sscanf(line, "Rss: %d kB", &kib); err == nil {
				rss += kib
			}
		}
	}
	if pss == 0 {
		b.Fatal("no memory was read")
	}
	return pss, rss
}
