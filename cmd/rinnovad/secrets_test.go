// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"bytes"
	"encoding/hex"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// TestSecrets: a service without the file gets one that its owner alone reads, and keeps it.
func TestSecrets(t *testing.T) {
	l := serviceDir{Dir: t.TempDir()}
	first, err := l.secrets()
	if err != nil || len(first) != 1 || len(first[0]) != secretSize || bytes.Equal(first[0], make([]byte, secretSize)) {
		t.Fatalf("%d secrets, %v", len(first), err)
	}
	again, err := l.secrets()
	if err != nil || len(again) != 1 || !bytes.Equal(again[0], first[0]) {
		t.Errorf("another secret the second time: %v", err)
	}
	file := filepath.Join(l.Dir, secretsName)
	if info, err := os.Stat(file); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	if err := l.makeSecrets(); err == nil {
		t.Error("a secret was overwritten")
	}
	line := func(b byte, n int) string { return hex.EncodeToString(bytes.Repeat([]byte{b}, n)) }
	for name, c := range map[string]struct {
		content string
		want    int
	}{
		"two, the first in use": {line(1, 32) + "\r\n\n" + line(2, 48), 2},
		"empty":                 {"\n", 0},
		"three":                 {strings.Repeat(line(1, 32)+"\n", 3), 0},
		"too short":             {line(1, 31), 0},
		"not hexadecimal":       {line(1, 32) + "\nsegreto", 0},
	} {
		if err := os.WriteFile(file, []byte(c.content), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := l.secrets()
		if len(got) != c.want || (err == nil) != (c.want > 0) {
			t.Errorf("%s: %d secrets, %v", name, len(got), err)
		}
		if c.want == 2 && (got[0][0] != 1 || got[1][0] != 2) {
			t.Errorf("%s: in another order", name)
		}
		if err != nil && (strings.Contains(err.Error(), "segreto") || strings.Contains(err.Error(), "0101")) {
			t.Errorf("%s: the error tells the secret: %v", name, err)
		}
	}
}
