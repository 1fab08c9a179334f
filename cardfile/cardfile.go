// SPDX-License-Identifier: EUPL-1.2

// Package cardfile keeps a program's facts about cards, in one sealed file for each card and kind of facts. A file's
// name is a keyed hash of the card's number; its content is sealed with AES-256-GCM under a key derived from the same.
// So the files reveal nothing without the card.
package cardfile

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

	"rinnova.example/go/durable"
	"rinnova.example/go/holder"
)

// Files is a folder with these files.
type Files struct {
	// Read returns the content of a file, or an error that is fs.ErrNotExist. Write replaces a file durably: after a
	// power cut either the old or the new content is there.
	Read  func(name string) ([]byte, error)
	Write func(name string, data []byte) error
	// Lock keeps other programs from the folder until unlock; nil where no other program uses it.
	Lock func() (unlock func(), err error)
}

// In returns the files of a folder. The first write creates the folder, with mode 0700, if it is absent.
func In(dir string) *Files {
	folder := durable.Folder(dir)
	return &Files{Read: folder.Read, Write: folder.Write, Lock: folder.Lock}
}

// Load reads the file of a card and kind into v, which encoding/json decodes. The error for an absent file is
// fs.ErrNotExist. A file that cannot be decrypted or parsed (an old format, damage, another key) is another error.
func (f *Files) Load(id holder.IDCarta, kind string, v any) error {
	key, err := f.Read(keyFile)
	if err != nil {
		return err
	}
	name, aead, err := seal(key, id, kind)
	if err != nil {
		return err
	}
	sealed, err := f.Read(name)
	if err != nil {
		return err
	}
	plain, err := aead.Open(nil, nil, sealed, nil)
	if err != nil {
		return fmt.Errorf("%s file does not open: %w", kind, err)
	}
	if err := json.Unmarshal(plain, v); err != nil {
		return fmt.Errorf("%s file: %w", kind, err)
	}
	return nil
}

// Save replaces the file of a card and kind by v, which encoding/json encodes. It creates the folder's key if there is
// none, and replaces one of another length.
func (f *Files) Save(id holder.IDCarta, kind string, v any) error {
	unlock, err := f.lock()
	if err != nil {
		return err
	}
	defer unlock()
	return f.save(id, kind, v)
}

// Update loads the file into v, calls change, which changes v, and saves v, while no other program uses the folder. An
// absent file leaves v as it is. After any other error of Load it changes and saves nothing.
func (f *Files) Update(id holder.IDCarta, kind string, v any, change func()) error {
	unlock, err := f.lock()
	if err != nil {
		return err
	}
	defer unlock()
	if err := f.Load(id, kind, v); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	change()
	return f.save(id, kind, v)
}

func (f *Files) lock() (func(), error) {
	if f.Lock == nil {
		return func() {}, nil
	}
	return f.Lock()
}

func (f *Files) save(id holder.IDCarta, kind string, v any) error {
	key, err := f.Read(keyFile)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(key) != keySize {
		key = make([]byte, keySize)
		rand.Read(key)
		err = f.Write(keyFile, key)
	}
	if err != nil {
		return err
	}
	name, aead, err := seal(key, id, kind)
	if err != nil {
		return err
	}
	plain, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return f.Write(name, aead.Seal(nil, nil, plain, nil))
}

const (
	keyFile = "key"
	keySize = 32
)

// seal returns the name of a card's file and its cipher.
func seal(key []byte, id holder.IDCarta, kind string) (string, cipher.AEAD, error) {
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
	return hex.EncodeToString(mac("name")[:16]) + "." + kind, aead, err
}
