// SPDX-License-Identifier: EUPL-1.2

package tries_test

import (
	"os"
	"path/filepath"
	"testing"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/tries"
	"rinnova.example/go/cardfile"
	"rinnova.example/go/holder"
)

const id holder.IDCarta = "6000900000000001" // an invented card (docs/DOMAIN.md §5.1)

func left(n int) *int { return &n }

func same(a, b *int) bool { return a == b || a != nil && b != nil && *a == *b }

func TestLedger(t *testing.T) {
	l := tries.Ledger{Files: cardfile.In(t.TempDir())}
	spend := func() error { return l.Spend(id, cardmodel.PIN) }
	keep := func(n *int) func() error { return func() error { return l.Keep(id, cardmodel.PIN, n) } }
	for _, row := range []struct {
		name       string
		act        func() error
		pin        *int
		generation uint64
	}{
		{"an unknown number is not counted", spend, nil, 0},
		{"refused, two left", keep(left(2)), left(2), 0},
		{"a VERIFY without an answer", spend, left(1), 0},
		{"the last try", spend, left(1), 0},
		{"a write to the card", func() error { return l.Raise(id) }, left(1), 1},
		{"the PUK is another code", func() error { return l.Keep(id, cardmodel.PUK, left(0)) }, left(1), 1},
		{"accepted", keep(nil), nil, 1},
		{"a new PIN is sent", func() error { return l.Sent(id, true) }, nil, 1},
	} {
		if err := row.act(); err != nil {
			t.Fatalf("%s: %v", row.name, err)
		}
		if e, err := l.Read(id); err != nil || !same(e.PIN, row.pin) || e.Generation != row.generation {
			t.Errorf("%s: %+v, %v", row.name, e, err)
		}
	}
	if e, _ := l.Read(id); !same(e.PUK, left(0)) {
		t.Errorf("tries of the PUK: %v", e.PUK)
	}
	if e, _ := l.Read(id); !e.NewPIN {
		t.Error("the new PIN was not noted")
	}
	if e, err := l.Read("6000900000000002"); err != nil || e != (tries.Entry{}) {
		t.Errorf("another card: %+v, %v", e, err)
	}
}

// TestUnreadable: no try is taken of an entry that cannot be read, and the card's own answer replaces it.
func TestUnreadable(t *testing.T) {
	dir := t.TempDir()
	l := tries.Ledger{Files: cardfile.In(dir)}
	if err := l.Keep(id, cardmodel.PIN, left(2)); err != nil {
		t.Fatal(err)
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.tries"))
	if err != nil || len(names) != 1 {
		t.Fatalf("files %v, %v", names, err)
	}
	if err := os.WriteFile(names[0], []byte("damaged"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := l.Spend(id, cardmodel.PIN); err == nil {
		t.Error("a try was taken")
	}
	if _, err := l.Read(id); err == nil {
		t.Error("the entry was read")
	}
	if err := l.Keep(id, cardmodel.PIN, left(1)); err != nil {
		t.Fatal(err)
	}
	if e, err := l.Read(id); err != nil || !same(e.PIN, left(1)) {
		t.Errorf("%+v, %v", e, err)
	}
}

func TestNoFiles(t *testing.T) {
	var l tries.Ledger
	if err := l.Keep(id, cardmodel.PIN, left(2)); err != nil {
		t.Errorf("keep: %v", err)
	}
	if e, err := l.Read(id); err != nil || e != (tries.Entry{}) {
		t.Errorf("%+v, %v", e, err)
	}
}
