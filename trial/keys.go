// SPDX-License-Identifier: EUPL-1.2

package trial

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"sync"
)

// Keys makes RSA keys by name, each once: making them costs most of a test's time. The zero value is ready, and several
// services may share one. A nil *Keys makes a new key each time.
type Keys struct {
	mu   sync.Mutex
	made map[string]func() (*rsa.PrivateKey, error)
}

// Key returns the key of a name, with a modulus of so many bits.
func (k *Keys) Key(name string, bits int) (*rsa.PrivateKey, error) {
	if k == nil {
		return rsa.GenerateKey(rand.Reader, bits)
	}
	name = fmt.Sprint(name, " of ", bits)
	k.mu.Lock()
	once := k.made[name]
	if once == nil {
		once = sync.OnceValues(func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, bits) })
		if k.made == nil {
			k.made = map[string]func() (*rsa.PrivateKey, error){}
		}
		k.made[name] = once
	}
	k.mu.Unlock()
	return once()
}

// Generator returns what GENERATE KEY PAIR of an emulated card draws from: the keys "name 1", "name 2" and so on; after
// n of them it begins again, unless n is 0.
func (k *Keys) Generator(name string, n int) func(bits int) (*rsa.PrivateKey, error) {
	next := 0
	return func(bits int) (*rsa.PrivateKey, error) {
		if next++; n > 0 && next > n {
			next = 1
		}
		return k.Key(fmt.Sprint(name, " ", next), bits)
	}
}
