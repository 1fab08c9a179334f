// SPDX-License-Identifier: EUPL-1.2

package durable_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"testing"

	"rinnova.example/go/durable"
)

func TestWriteFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	for _, content := range []string{"one", "", "three"} {
		if err := durable.WriteFile(path, []byte(content), 0o640); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != content {
			t.Errorf("read %q, %v; want %q", got, err, content)
		}
	}
	i, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if runtime.GOOS != "windows" && i.Mode().Perm() != 0o640 {
		t.Errorf("mode %o", i.Mode().Perm())
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// TestWriteFileFails: a file that cannot be replaced stays as it is, and no other file is left in the folder.
func TestWriteFileFails(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "folder")
	if err := os.MkdirAll(filepath.Join(path, "inside"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := durable.WriteFile(path, []byte("x"), 0o600); err == nil {
		t.Error("a folder was replaced by a file")
	}
	if err := durable.WriteFile(filepath.Join(dir, "none", "file"), nil, 0o600); err == nil {
		t.Error("a file was written into a folder that does not exist")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

// TestReaderSeesWhole: a reader sees an old content or a new one while the file is replaced.
func TestReaderSeesWhole(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	contents := [][]byte{bytes.Repeat([]byte("a"), 1<<16), bytes.Repeat([]byte("b"), 1<<15)}
	if err := durable.WriteFile(path, contents[0], 0o600); err != nil {
		t.Fatal(err)
	}
	var writer sync.WaitGroup
	writer.Go(func() {
		for n := range 50 {
			if err := durable.WriteFile(path, contents[n%2], 0o600); err != nil {
				t.Errorf("write %d: %v", n, err)
			}
		}
	})
	for range 200 {
		got, err := os.ReadFile(path)
		if err != nil || !bytes.Equal(got, contents[0]) && !bytes.Equal(got, contents[1]) {
			t.Fatalf("%d bytes, %v", len(got), err)
		}
	}
	writer.Wait()
}

func TestFolder(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "state")
	folder := durable.Folder(path)
	if _, err := folder.Read("file"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a file of no folder: %v", err)
	}
	if err := folder.Write("file", []byte("one")); err != nil {
		t.Fatal(err)
	}
	if got, err := folder.Read("file"); err != nil || string(got) != "one" {
		t.Errorf("read %q, %v", got, err)
	}
	for name, mode := range map[string]fs.FileMode{path: 0o700, filepath.Join(path, "file"): 0o600} {
		if i, err := os.Stat(name); err != nil || runtime.GOOS != "windows" && i.Mode().Perm() != mode {
			t.Errorf("%s: %v, %v", name, i, err)
		}
	}
}
