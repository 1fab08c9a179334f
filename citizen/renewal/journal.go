// SPDX-License-Identifier: EUPL-1.2

package renewal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"

	"rinnova.example/go/cmp"
	"rinnova.example/go/durable"
	"rinnova.example/go/holder"
)

// Journal stores the facts that the card cannot tell, in one file for each card. A renewal can be recovered without
// it. A file's name is a keyed hash of the card's number; its content is sealed with AES-256-GCM under a key derived
// from the same, so that without the card it reveals nothing.
type Journal struct {
	// Read returns the content of a file, or an error that is fs.ErrNotExist. Write replaces a file durably: after a
	// power cut either the old or the new content is there.
	Read  func(name string) ([]byte, error)
	Write func(name string, data []byte) error
}

// record is the journal's content about one renewal.
type record struct {
	Old         []byte           `json:"old"` // SHA-256 of the old certificate
	Campaign    string           `json:"campaign,omitempty"`
	Slot        int              `json:"slot,omitempty"`
	PublicKey   []byte           `json:"publicKey,omitempty"` // PKIX
	Certificate []byte           `json:"certificate,omitempty"`
	Transaction *cmp.Transaction `json:"transaction,omitempty"`
	Confirmed   bool             `json:"confirmed,omitempty"`
	PINTries    *int             `json:"pinTries,omitempty"` // as the card said last; nil once a code was accepted
	PUKTries    *int             `json:"pukTries,omitempty"`
}

// JournalIn returns a journal that stores its files in a folder. It creates the folder, with mode 0700, if it is
// absent.
func JournalIn(dir string) *Journal {
	folder := durable.Folder(dir)
	return &Journal{Read: folder.Read, Write: folder.Write}
}

const journalKeyFile = "key"

// keys returns the name of the card's file and its cipher. It creates the journal's own key if it is absent.
func (j *Journal) keys(id holder.IDCarta) (string, cipher.AEAD, error) {
	key, err := j.Read(journalKeyFile)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(key) != 32 {
		key = make([]byte, 32)
		rand.Read(key)
		err = j.Write(journalKeyFile, key)
	}
	if err != nil {
		return "", nil, err
	}
	mac := func(purpose string) []byte {
		h := hmac.New(sha256.New, key)
		h.Write([]byte(purpose + "|" + string(id)))
		return h.Sum(nil)
	}
	block, err := aes.NewCipher(mac("seal"))
	if err != nil {
		return "", nil, err
	}
	aead, err := cipher.NewGCMWithRandomNonce(block)
	return hex.EncodeToString(mac("name")[:16]) + ".journal", aead, err
}

// load returns the card's record, an empty one where there is none. A file that cannot be decrypted or parsed (an old
// format, damage, another key) is an error, and the caller continues without a record.
func (j *Journal) load(id holder.IDCarta) (record, error) {
	name, aead, err := j.keys(id)
	if err != nil {
		return record{}, err
	}
	sealed, err := j.Read(name)
	if errors.Is(err, fs.ErrNotExist) {
		return record{}, nil
	}
	if err != nil {
		return record{}, err
	}
	plain, err := aead.Open(nil, nil, sealed, nil)
	if err != nil {
		return record{}, fmt.Errorf("journal file does not open: %w", err)
	}
	var r record
	if err := json.Unmarshal(plain, &r); err != nil {
		return record{}, fmt.Errorf("journal file: %w", err)
	}
	return r, nil
}

func (j *Journal) save(id holder.IDCarta, r record) error {
	name, aead, err := j.keys(id)
	if err != nil {
		return err
	}
	plain, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return j.Write(name, aead.Seal(nil, nil, plain, nil))
}
