// SPDX-License-Identifier: EUPL-1.2

package update

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"golang.org/x/mod/semver"
)

// ErrRollback says that a manifest is older than the newest one seen, or differs from the one seen with the same
// serial number.
var ErrRollback = errors.New("a newer manifest was seen")

// ErrMemory says that the record of seen manifests cannot be read or written; without it an old manifest could pass
// for a new one.
var ErrMemory = errors.New("the record of seen manifests cannot be read or written")

// Memory keeps the highest manifest seen under each key. Read returns a file, or an error that is fs.ErrNotExist; Write
// replaces one so that after a power cut either the old or the new one is there.
type Memory struct {
	Read  func(name string) ([]byte, error)
	Write func(name string, data []byte) error
}

// memoryFile is the file's name in the folder of the program's state.
const memoryFile = "update.json"

// highest is the record of the newest manifest under one key.
type highest struct {
	Serial  uint64 `json:"serial"`
	Version string `json:"version"`
	SHA256  string `json:"sha256"` // of the manifest
}

func (m Memory) load() (map[string]highest, error) {
	all := map[string]highest{}
	b, err := m.Read(memoryFile)
	if errors.Is(err, fs.ErrNotExist) {
		return all, nil
	}
	if err == nil {
		d := json.NewDecoder(bytes.NewReader(b))
		d.DisallowUnknownFields()
		err = d.Decode(&all)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMemory, err)
	}
	return all, nil
}

func keyName(id uint64) string { return fmt.Sprintf("%016X", id) } // as minisign prints it

// admit compares a verified manifest with what was seen under any of the program's keys, and remembers it. A manifest
// of an earlier serial number or version is refused, and so is a second one of the same serial number.
func (m Memory) admit(keys Keys, id uint64, manifest *Manifest, raw []byte) error {
	all, err := m.load()
	if err != nil {
		return err
	}
	sum := sha256.Sum256(raw)
	now := highest{manifest.Serial, manifest.Version, hex.EncodeToString(sum[:])}
	for _, k := range keys {
		s, ok := all[keyName(k.ID())]
		switch {
		case !ok:
		case now.Serial < s.Serial, now.Serial == s.Serial && now.SHA256 != s.SHA256:
			return fmt.Errorf("%w: serial %d after %d", ErrRollback, now.Serial, s.Serial)
		case semver.Compare("v"+now.Version, "v"+s.Version) < 0:
			return fmt.Errorf("%w: version %s after %s", ErrRollback, now.Version, s.Version)
		}
	}
	if all[keyName(id)] == now {
		return nil
	}
	all[keyName(id)] = now
	b, err := json.Marshal(all)
	if err == nil {
		err = m.Write(memoryFile, b)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrMemory, err)
	}
	return nil
}
