// SPDX-License-Identifier: EUPL-1.2

package cns_test

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"errors"
	"testing"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/cns"
	"rinnova.example/go/card/emulator"
	"rinnova.example/go/card/iso7816"
)

// renewable runs f on a fresh card of each series that can be renewed.
func renewable(t *testing.T, f func(t *testing.T, series string, card *emulator.Card)) {
	n := 0
	for _, m := range cardmodel.Models() {
		if m.NotRenewable.Value != "" {
			continue
		}
		for _, s := range m.Sigle() {
			n++
			t.Run(s, func(t *testing.T) {
				card, err := emulator.Demo(s, rand.Reader)
				if err != nil {
					t.Fatal(err)
				}
				f(t, s, card)
			})
		}
	}
	if n == 0 {
		t.Fatal("no renewable series")
	}
}

// counting counts the commands, and replaces answers where a test asks for it.
type counting struct {
	*emulator.Card
	n, bytes int
	sent     [][]byte
}

func (c *counting) Transmit(b []byte) ([]byte, error) {
	c.n++
	c.sent = append(c.sent, bytes.Clone(b))
	r, err := c.Card.Transmit(b)
	c.bytes += len(b) + len(r)
	return r, err
}

func open(t *testing.T, card iso7816.Card) *cns.Session {
	t.Helper()
	s, err := cns.Open(card)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.ForgetPIN)
	return s
}

func unlocked(t *testing.T, card iso7816.Card) *cns.Session {
	t.Helper()
	s := open(t, card)
	if err := s.UnlockInBlock([]byte(emulator.DemoPIN), nil); err != nil {
		t.Fatal(err)
	}
	return s
}

// makePlace creates what is missing and generates a key in the first slot.
func makePlace(t *testing.T, s *cns.Session) (cardmodel.Slot, *rsa.PublicKey) {
	t.Helper()
	if d := s.DFToCreateWithPUK(); d != nil {
		if err := s.CreateWithPUK(*d, []byte(emulator.DemoPUK)); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.InBlock((*cns.Block).CreateDFs); err != nil {
		t.Fatal(err)
	}
	p := s.Model.NewSlots.Value[0]
	var k *rsa.PublicKey
	err := s.InBlock(func(b *cns.Block) (err error) {
		if s.Model.NewEnvironment.Value {
			if err := b.PutEnvironment(p); err != nil {
				return err
			}
		}
		if err := b.PutKeyObjects(p); err != nil {
			return err
		}
		if k, err = b.Generate(p); err != nil {
			return err
		}
		if err := b.WritePublicKey(p, k); err != nil {
			return err
		}
		return b.DeleteTemporary(p)
	})
	if err != nil {
		t.Fatal(err)
	}
	return p, k
}

func TestOpenIsFrugal(t *testing.T) {
	renewable(t, func(t *testing.T, _ string, card *emulator.Card) {
		c := &counting{Card: card}
		s := open(t, c)
		cert := s.Contents.Slots[0].Certificate.Certificate
		if cert == nil || s.Personal.Surname == "" {
			t.Fatalf("%+v", s.Contents)
		}
		if most := 9 + (len(cert.Raw)+254)/255; c.n > most {
			t.Errorf("%d commands, at most %d", c.n, most)
		}
	})
}

func TestPair(t *testing.T) {
	renewable(t, func(t *testing.T, series string, card *emulator.Card) {
		s := unlocked(t, card)
		p, k := makePlace(t, s)
		if k.N.BitLen() != 2048 {
			t.Errorf("%d bits", k.N.BitLen())
		}
		der := bytes.Clone(s.Contents.Slots[0].Certificate.Certificate.Raw) // any certificate will do
		err := s.InBlock(func(b *cns.Block) error {
			if ok, err := b.KeyMatches(p.Key, k); err != nil || !ok {
				t.Errorf("holds: %v %v", ok, err)
			}
			other := s.Contents.Slots[0].Certificate.Certificate.PublicKey.(*rsa.PublicKey)
			if ok, err := b.KeyMatches(p.Key, other); err != nil || ok {
				t.Errorf("holds another: %v %v", ok, err)
			}
			if err := b.PutKeyObjects(p); !errors.Is(err, cns.ErrKeyTaken) {
				t.Errorf("second objects: %v", err)
			}
			stored, temporary, err := b.PublicKeys(p)
			if err != nil || stored == nil || !stored.Equal(k) || temporary != nil {
				t.Errorf("public keys: %v %v %v", stored, temporary, err)
			}
			return b.WriteCertificate(p, der)
		})
		if err != nil {
			t.Fatal(err)
		}
		again := open(t, card)
		if c := again.Contents.Slots[1].Certificate.Certificate; c == nil || !bytes.Equal(c.Raw, der) {
			t.Errorf("read back: %+v", again.Contents.Slots[1])
		}
		if !again.Contents.HasSignatureDF || again.Contents.FreeBytes <= 0 {
			t.Errorf("%+v", again.Contents)
		}
	})
}

// crypto/rsa verifies the signatures, for every hash and padding that TLS may ask of the old and of a new key.
func TestSign(t *testing.T) {
	renewable(t, func(t *testing.T, _ string, card *emulator.Card) {
		s := unlocked(t, card)
		old := s.Contents.Slots[0]
		sig := s.Signer(old.Location.Key, old.Certificate.Certificate.PublicKey.(*rsa.PublicKey))
		d256, d384, d512 := sha256.Sum256(nil), sha512.Sum384(nil), sha512.Sum512(nil)
		for _, c := range []struct {
			digest []byte
			opts   crypto.SignerOpts
			fits   bool
		}{
			{d256[:], crypto.SHA256, true}, {d384[:], crypto.SHA384, true}, {d512[:], crypto.SHA512, true},
			{make([]byte, 36), crypto.Hash(0), true}, // TLS 1.0: MD5 and SHA-1
			{d256[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}, true},
			{d384[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA384}, true},
			{d256[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto, Hash: crypto.SHA256}, true},
			{d512[:], &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA512},
				sig.Public().(*rsa.PublicKey).Size() >= 130},
			{d256[:31], crypto.SHA256, false},
			{d256[:], crypto.SHA3_256, false},
		} {
			_, err := sig.Sign(rand.Reader, c.digest, c.opts) // Sign verifies what the card returned
			if (err == nil) != c.fits {
				t.Errorf("%v: %v", c.opts, err)
			}
		}
	})
}

func TestCodes(t *testing.T) {
	renewable(t, func(t *testing.T, _ string, card *emulator.Card) {
		c := &counting{Card: card}
		s := open(t, c)
		if err := s.InBlock(nil); !errors.Is(err, cns.ErrLocked) {
			t.Errorf("a block without the PIN: %v", err)
		}
		n := c.n
		for _, bad := range []string{"", "1234", "123456789", "12a45", "12 45", "１２３４５"} {
			if err := s.UnlockInBlock([]byte(bad), nil); !errors.Is(err, cns.ErrCodeFormat) {
				t.Errorf("%q: %v", bad, err)
			}
		}
		for _, b := range c.sent[n:] {
			if b[1] == 0x20 {
				t.Errorf("a malformed code was sent: %X", b)
			}
		}
		var refused *cns.CodeError
		for want := 2; want >= 0; want-- {
			if err := s.UnlockInBlock([]byte("54321"), nil); !errors.As(err, &refused) || refused.Tries != want ||
				refused.Code != cardmodel.PIN {
				t.Errorf("want %d left: %v", want, err)
			}
			if left, ok := s.Tries(cardmodel.PIN); !ok || left != want || card.Tries(0x10) != want {
				t.Errorf("%d left, the card says %d", left, card.Tries(0x10))
			}
		}
		if err := s.UnlockInBlock([]byte(emulator.DemoPIN), nil); !errors.As(err, &refused) || refused.Tries != 0 {
			t.Errorf("blocked: %v", err)
		}
		if s.HasPIN() {
			t.Error("unlocked with a blocked PIN")
		}
	})
}

// The PUK is sent once and authorises one command. A wrong PUK is not sent again.
func TestPUK(t *testing.T) {
	card, err := emulator.Demo("AC2014", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s := open(t, card)
	missing := s.DFToCreateWithPUK()
	if missing == nil {
		t.Fatal("nothing to create under the PUK")
	}
	tries := card.Tries(0x11)
	var refused *cns.CodeError
	if err := s.CreateWithPUK(*missing, []byte("87654321")); !errors.As(err, &refused) ||
		refused.Code != cardmodel.PUK ||
		refused.Tries != tries-1 || card.Tries(0x11) != tries-1 {
		t.Errorf("a wrong PUK: %v", err)
	}
	c := &counting{Card: card}
	s = open(t, c)
	if err := s.CreateWithPUK(*missing, []byte(emulator.DemoPUK)); err != nil {
		t.Fatal(err)
	}
	sent := 0
	for _, b := range c.sent {
		if b[1] == 0x20 {
			sent++
		}
	}
	if sent != 1 {
		t.Errorf("the PUK was sent %d times", sent)
	}
	c.sent = nil
	if err := s.CreateWithPUK(*missing, []byte(emulator.DemoPUK)); err != nil {
		t.Errorf("the right PUK: %v", err)
	}
	for _, b := range c.sent {
		if b[1] == 0x20 {
			t.Error("the PUK was sent for a DF that is there")
		}
	}
}

func TestOtherCard(t *testing.T) {
	one, err := emulator.Demo("ID2019", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	two, err := emulator.Demo("ID2019", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s := unlocked(t, one)
	c := &counting{Card: two}
	if err := s.Resume(c); !errors.Is(err, cns.ErrOtherCard) {
		t.Errorf("a session resumed with another card: %v", err)
	}
	if err := s.InBlock(func(*cns.Block) error { t.Error("ran on another card"); return nil }); !errors.Is(err,
		cns.ErrOtherCard) {
		t.Errorf("a block with another card: %v", err)
	}
	for _, b := range c.sent {
		if b[1] != 0xA4 && b[1] != 0xB0 {
			t.Errorf("sent %X to another card", b)
		}
	}
}

// warm is a card with an answer to reset that is not in the table.
type warm struct{ *emulator.Card }

func (warm) ATR() []byte { return []byte{0x3B, 0x80, 0x01, 0x81} }

func TestResumeAfterWarmReset(t *testing.T) {
	c, err := emulator.Demo("ID2019", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s := unlocked(t, c)
	m := s.Model
	if err := s.Resume(warm{c}); err != nil {
		t.Fatalf("the same card after a warm reset: %v", err)
	}
	if s.Model != m {
		t.Errorf("model %s, was %s", s.Model.ID, m.ID)
	}
	if err := s.InBlock(func(*cns.Block) error { return nil }); err != nil {
		t.Errorf("a block: %v", err)
	}
}

// A file that was cut short at any command does not parse as a certificate, and the next write completes it.
func TestCutWhileWriting(t *testing.T) {
	card, err := emulator.Demo("ID2019", rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s := unlocked(t, card)
	p, _ := makePlace(t, s)
	der := s.Contents.Slots[0].Certificate.Certificate.Raw
	for cut := 1; ; cut++ {
		trial := card.Clone()
		gone := &cutting{Card: trial, left: cut}
		s := open(t, trial)
		if err := s.UnlockInBlock([]byte(emulator.DemoPIN), nil); err != nil {
			t.Fatal(err)
		}
		if err := s.Resume(gone); err != nil && !errors.Is(err, iso7816.ErrCardGone) {
			t.Fatal(err)
		}
		err := s.InBlock(func(b *cns.Block) error { return b.WriteCertificate(p, der) })
		trial.Reset()
		after := open(t, trial)
		state := after.Contents.Slots[1].Certificate.State
		if err == nil {
			if state != cns.FileReadable {
				t.Errorf("whole, and the file is %s", state)
			}
			if cut < 15 {
				t.Errorf("only %d cuts", cut)
			}
			return
		}
		if !errors.Is(err, iso7816.ErrCardGone) {
			t.Fatalf("cut %d: %v", cut, err)
		}
		if state == cns.FileUnreadable || state == cns.FileCompressed {
			t.Errorf("cut %d: the file is %s", cut, state)
		}
		s = unlocked(t, trial)
		if err := s.InBlock(func(b *cns.Block) error { return b.WriteCertificate(p, der) }); err != nil {
			t.Errorf("cut %d, second run: %v", cut, err)
		}
		if c := open(t, trial).Contents.Slots[1].Certificate.Certificate; c == nil || !bytes.Equal(c.Raw, der) {
			t.Errorf("cut %d: not completed", cut)
		}
	}
}

// cutting passes a number of commands to the card; then the card is gone.
type cutting struct {
	*emulator.Card
	left int
}

func (c *cutting) Transmit(b []byte) ([]byte, error) {
	if c.left == 0 {
		return nil, iso7816.ErrCardGone
	}
	c.left--
	return c.Card.Transmit(b)
}
