// SPDX-License-Identifier: EUPL-1.2

package emulator

import (
	"bytes"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/gofrs/flock"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/durable"
)

// ErrInUse is the error for a file that another process, or another Card, holds. ErrState is the error for a file
// that is no emulated card, or an incomplete one.
var (
	ErrInUse = errors.New("the emulated card is in use")
	ErrState = errors.New("not an emulated card")
)

const (
	stateFormat  = "rinnova emulated card"
	stateVersion = 1
)

// state is the content of the file: all that a chip keeps without power.
type state struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
	Series  string `json:"series"`
	ATR     []byte `json:"atr"`
	MF      *file  `json:"mf"`
}

func (c *Card) encode() ([]byte, error) {
	b, err := json.Marshal(state{stateFormat, stateVersion, c.series, c.atr, c.root})
	if err != nil {
		return nil, err
	}
	return append(b, '\n'), nil
}

// decode reads a state and refuses one of another format or version, one cut short, and one in which
// files, objects and their sizes do not fit each other.
func decode(b []byte) (*Card, error) {
	var s state
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&s); err != nil {
		// The text of a JSON error may quote the file, which holds codes and keys.
		return nil, fmt.Errorf("%w: malformed or cut short", ErrState)
	}
	if s.Format != stateFormat {
		return nil, fmt.Errorf("%w: other format", ErrState)
	}
	if s.Version != stateVersion {
		return nil, fmt.Errorf("%w: version %d, this program reads %d", ErrState, s.Version, stateVersion)
	}
	if !bytes.HasSuffix(b, []byte("}\n")) || d.More() {
		return nil, fmt.Errorf("%w: malformed or cut short", ErrState)
	}
	model, _, ok := cardmodel.BySeries(s.Series)
	if !ok {
		return nil, fmt.Errorf("%w: series unknown to this program", ErrState)
	}
	if _, err := iso7816.Historical(s.ATR); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrState, err)
	}
	if s.MF == nil || s.MF.FID != masterFile || !s.MF.isDF() || !s.MF.adopt(nil, 0) {
		return nil, fmt.Errorf("%w: file system", ErrState)
	}
	c := &Card{series: s.Series, model: model, atr: s.ATR, root: s.MF, rand: rand.Reader,
		crt: &factors{keys: map[string]*rsa.PrivateKey{}}, verified: map[*object]int{}}
	c.drop()
	return c, nil
}

// adopt sets the links between the parts, which the file does not have, and reports whether the parts fit each other.
func (f *file) adopt(parent *file, depth int) bool {
	f.parent = parent
	if depth > 64 || f.Size < 0 || f.Size > 1<<20 {
		return false
	}
	switch f.Type[0] {
	case typeDF:
		if f.Data != nil || f.Records != nil {
			return false
		}
	case typeTransparent:
		if len(f.Data) != f.Size || f.Records != nil {
			return false
		}
	case typeTLV:
		if f.Data != nil || recordBytes(f.Records) > f.Size {
			return false
		}
	default:
		return false
	}
	if !f.isDF() && (f.Files != nil || f.Objects != nil || f.Environments != nil) {
		return false
	}
	for _, o := range f.Objects {
		if o == nil || o.Left > o.Tries || o.Class == classTest && o.Algorithm == algPIN && len(o.Value) != codeLength {
			return false
		}
		if key := o.Class == classModulus || o.Class == classExponent; key && len(o.Value) != 128 &&
			len(o.Value) != 256 {
			return false
		}
		o.in = f
	}
	if slices.Contains(f.Environments, nil) {
		return false
	}
	for _, x := range f.Files {
		if x == nil || !x.adopt(f, depth+1) {
			return false
		}
	}
	return true
}

// store is the file of a card.
type store struct {
	path   string
	lock   *flock.Flock
	closed bool
}

// Save creates the file, readable by its owner only, and fails with fs.ErrExist if it exists. The card stays in
// memory; Open returns the card of the file.
func (c *Card) Save(path string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	b, err := c.encode()
	if err != nil {
		return fmt.Errorf("encoding the emulated card: %w", err)
	}
	if err := create(path, b); err != nil {
		return fmt.Errorf("saving the emulated card: %w", err)
	}
	return durable.SyncFolder(filepath.Dir(path))
}

// Open reads a card from its file and keeps an exclusive lock (the file's name and .lock) until Close; if another
// program has it, the error is ErrInUse. After each command that changes non-volatile state, the file is replaced
// whole and durably before the answer leaves. Open refuses a file that it cannot parse with ErrState, and leaves it
// as it is.
func Open(path string) (*Card, error) {
	path, err := filepath.EvalSymlinks(path) // one lock however the file is called
	if err != nil {
		return nil, fmt.Errorf("opening the emulated card: %w", err)
	}
	lock := flock.New(path + ".lock")
	switch held, err := lock.TryLock(); {
	case err != nil:
		return nil, fmt.Errorf("opening the emulated card: locking: %w", err)
	case !held:
		return nil, fmt.Errorf("opening the emulated card: %w", ErrInUse)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		lock.Close()
		return nil, fmt.Errorf("opening the emulated card: %w", err)
	}
	c, err := decode(b)
	if err != nil {
		lock.Close()
		return nil, err
	}
	c.store = &store{path: path, lock: lock}
	return c, nil
}

// Close releases the file. Without a file it does nothing.
func (c *Card) Close() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.store == nil || c.store.closed {
		return nil
	}
	c.store.closed = true
	c.lose()
	return c.store.lock.Close()
}

// write replaces the file.
func (s *store) write(c *Card) error {
	b, err := c.encode()
	if err != nil {
		return fmt.Errorf("encoding the emulated card: %w", err)
	}
	if err := durable.WriteFile(s.path, b, 0o600); err != nil {
		return fmt.Errorf("writing the emulated card: %w", err)
	}
	return nil
}

// create creates a file that must not exist.
func create(path string, b []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		os.Remove(path)
	}
	return err
}
