// SPDX-License-Identifier: EUPL-1.2

package renewal_test

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strings"
	"testing"
)

// TestSecretsOfMemory searches all writable memory of a child process, live or freed, stacks included: while
// the PIN is kept it is there, and after the run neither PIN nor PUK is.
func TestSecretsOfMemory(t *testing.T) {
	s := newService(t)
	card := canaryCard(t, s, "AC2014", 1)
	kept, after := 0, map[string]int{}
	result, stderr := child(t, s, card, "renew", "", func(p *os.Process, kind byte, command []byte) {
		switch {
		case kind == wireSend && command[1] == 0x46: // GENERATE KEY PAIR: the PIN is kept
			kept = inMemory(t, p.Pid, canaryPIN)[canaryPIN]
		case kind == endOfRun:
			after = inMemory(t, p.Pid, canaryPIN, canaryPUK, "SMPBNL78R47D612H")
		}
	})
	if result != "done" {
		t.Fatalf("%q %s", result, stderr)
	}
	if kept == 0 || after["SMPBNL78R47D612H"] == 0 {
		t.Errorf("the search finds nothing: %d, %v", kept, after)
	}
	if after[canaryPIN] > 0 || after[canaryPUK] > 0 {
		t.Errorf("left in memory: PIN %d times, PUK %d times", after[canaryPIN], after[canaryPUK])
	}
}

// inMemory counts words in the writable memory of a process that waits.
func inMemory(t *testing.T, pid int, words ...string) map[string]int {
	t.Helper()
	maps := must(os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid)))
	mem := must(os.Open(fmt.Sprintf("/proc/%d/mem", pid)))
	defer mem.Close()
	found := map[string]int{}
	lines := bufio.NewScanner(bytes.NewReader(maps))
	for lines.Scan() {
		var from, to int64
		var mode string
		fmt.Sscanf(lines.Text(), "%x-%x %s", &from, &to, &mode)
		if !strings.HasPrefix(mode, "rw") {
			continue
		}
		const piece = 1 << 20
		buffer := make([]byte, piece+16)
		for ; from < to; from += piece {
			n, err := mem.ReadAt(buffer[:min(int64(len(buffer)), to-from)], from)
			if err != nil {
				continue // a guard page
			}
			for _, w := range words {
				found[w] += bytes.Count(buffer[:min(n, piece+len(w)-1)], []byte(w))
			}
		}
	}
	return found
}
