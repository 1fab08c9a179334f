// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"os"
	"strconv"
	"strings"
	"syscall"
)

// closeInherited closes the descriptors that the host's process left open, its listening sockets among them. The Go
// runtime's own are anonymous inodes.
func closeInherited() {
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return
	}
	for _, e := range entries {
		n, err := strconv.Atoi(e.Name())
		if err != nil || n <= 2 {
			continue
		}
		target, err := os.Readlink("/proc/self/fd/" + e.Name())
		if err == nil && !strings.HasPrefix(target, "anon_inode:") {
			_ = syscall.Close(n)
		}
	}
}
