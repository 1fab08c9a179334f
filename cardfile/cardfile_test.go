// SPDX-License-Identifier: EUPL-1.2

package cardfile_test

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"rinnova.example/go/cardfile"
	"rinnova.example/go/holder"
)

// Invented cards (docs/DOMAIN.md §5.1).
const one, two holder.IDCarta = "6000900000000001", "6000900000000002"

type facts struct {
	Count int    `json:"count"`
	Word  string `json:"word,omitempty"`
}

func TestFiles(t *testing.T) {
	dir := t.TempDir()
	files := cardfile.In(dir)
	var f facts
	if err := files.Load(one, "test", &f); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
	if err := files.Save(one, "test", facts{7, "canary"}); err != nil {
		t.Fatal(err)
	}
	if err := files.Load(one, "test", &f); err != nil || f != (facts{7, "canary"}) {
		t.Errorf("loaded %+v, %v", f, err)
	}
	for _, other := range []struct {
		id   holder.IDCarta
		kind string
	}{{two, "test"}, {one, "other"}} {
		if err := files.Load(other.id, other.kind, &f); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s of another: %v", other.kind, err)
		}
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(e.Name(), string(one)) || bytes.Contains(b, []byte(one)) ||
			bytes.Contains(b, []byte("canary")) {
			t.Errorf("%s tells of the card", e.Name())
		}
	}
}

// TestDamaged: a file that does not open is an error of Load and Update, which leave it, and Save replaces it.
func TestDamaged(t *testing.T) {
	dir := t.TempDir()
	files := cardfile.In(dir)
	if err := files.Save(one, "test", facts{Count: 1}); err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.test"))
	if err != nil || len(names) != 1 {
		t.Fatalf("files %v, %v", names, err)
	}
	b, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(names[0], b, 0o600); err != nil {
		t.Fatal(err)
	}
	var f facts
	if err := files.Load(one, "test", &f); err == nil || errors.Is(err, fs.ErrNotExist) {
		t.Errorf("load: %v", err)
	}
	if err := files.Update(one, "test", &f, func() { t.Error("changed") }); err == nil {
		t.Error("updated")
	}
	if after, err := os.ReadFile(names[0]); err != nil || !bytes.Equal(after, b) {
		t.Errorf("the file was changed: %v", err)
	}
	if err := files.Save(one, "test", facts{Count: 2}); err != nil {
		t.Fatal(err)
	}
	if err := files.Load(one, "test", &f); err != nil || f.Count != 2 {
		t.Errorf("loaded %+v, %v", f, err)
	}
}

// TestUpdate: no update of several programs is lost, and all of them have one key.
func TestUpdate(t *testing.T) {
	dir := t.TempDir()
	var programs sync.WaitGroup
	for range 8 {
		programs.Go(func() {
			files := cardfile.In(dir)
			for range 10 {
				var f facts
				if err := files.Update(one, "test", &f, func() { f.Count++ }); err != nil {
					t.Errorf("update: %v", err)
				}
			}
		})
	}
	programs.Wait()
	var f facts
	if err := cardfile.In(dir).Load(one, "test", &f); err != nil || f.Count != 80 {
		t.Errorf("%d of 80 updates, %v", f.Count, err)
	}
}
