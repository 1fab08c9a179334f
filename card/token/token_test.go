// SPDX-License-Identifier: EUPL-1.2

package token

import (
	"bytes"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/cns"
	"rinnova.example/go/card/emulator"
	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/card/pinpad"
	"rinnova.example/go/card/tries"
	"rinnova.example/go/cardfile"
	"rinnova.example/go/trial"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wants(t testing.TB, name string, err error, want RV) {
	t.Helper()
	if rvOf(err) != want {
		t.Errorf("%s: %v, want %v", name, err, want)
	}
}

// computer has one reader, and counts the commands to the card in it.
type computer struct {
	*testing.T
	module   *Module
	ledger   tries.Ledger
	dir      string
	card     *trial.Card
	commands []byte // instruction bytes
	begin    func() // at the next transaction, after it has begun
	end      func() // at its end, before it
	counter  uint16
	in       bool
	pad      *pinpad.Pinpad // nil for a reader without a keypad
}

func (c *computer) ATR() []byte { return c.card.ATR() }

func (c *computer) Begin() error {
	err := c.card.Begin()
	if f := c.begin; f != nil {
		c.begin = nil
		f()
	}
	return err
}

func (c *computer) End(reset bool) error {
	if f := c.end; f != nil {
		c.end = nil
		f()
	}
	return c.card.End(reset)
}

func (c *computer) Transmit(command []byte) ([]byte, error) {
	if !c.in {
		return nil, iso7816.ErrCardGone
	}
	c.commands = append(c.commands, command[1])
	return c.card.Transmit(command)
}

// verifies returns the number of VERIFY commands so far.
func (c *computer) verifies() int { return bytes.Count(c.commands, []byte{iso7816.INSVerify}) }

func (c *computer) pull() {
	c.in = false
	c.counter++
}

func (c *computer) insert(card *trial.Card) {
	card.Reinsert()
	c.card, c.in = card, true
	c.counter++
}

var keys trial.Keys

// issue returns a card of a series with its old pair.
func issue(t testing.TB, series string) *trial.Card {
	t.Helper()
	service, err := trial.New(t.Context(), trial.Config{Keys: &keys})
	check(t, err)
	t.Cleanup(func() { check(t, service.Close()) })
	now := time.Now()
	card, err := service.Issue(t.Context(), trial.CardRequest{Series: series, Key: series,
		NotBefore: now.AddDate(-5, 0, 0), NotAfter: now.AddDate(0, 1, 0)})
	check(t, err)
	return card
}

// newComputer returns a computer with a card in its reader.
func newComputer(t *testing.T, series string) *computer {
	c := &computer{T: t, dir: t.TempDir()}
	c.ledger = tries.Ledger{Files: cardfile.In(c.dir)}
	c.insert(issue(t, series))
	c.module = New(Config{
		Readers: func() ([]Reader, error) { return []Reader{{"reader", c.in, c.counter}}, nil },
		Connect: func(string) (iso7816.Card, *pinpad.Pinpad, func(), error) { return c, c.pad, func() {}, nil },
		Ledger:  c.ledger, Now: time.Now, Idle: time.Minute}, 8)
	t.Cleanup(c.module.Close)
	return c
}

func (c *computer) open() uint64 {
	c.Helper()
	h, err := c.module.OpenSession(0, sessionSerial)
	check(c, err)
	return h
}

func (c *computer) find(h uint64, template ...Attribute) []uint64 {
	c.Helper()
	check(c, c.module.FindObjectsInit(h, template))
	list, err := c.module.FindObjects(h, 100)
	check(c, err)
	check(c, c.module.FindObjectsFinal(h))
	return list
}

func class(n uint64) Attribute { return Attribute{attrClass, encode(n, 8)} }

func (c *computer) value(h, object, kind uint64) []byte {
	c.Helper()
	list, err := c.module.Attributes(h, object, []Wanted{{kind, 4096}})
	check(c, err)
	return list[0].Value
}

// TestListing lists a token without VERIFY. The card is read once, and a poll sends no command.
func TestListing(t *testing.T) {
	c := newComputer(t, "AC2014")
	h := c.open()
	sent := len(c.commands)
	if sent == 0 {
		t.Fatal("the card was not read")
	}
	for range 3 {
		if list := c.find(h); len(list) != 3 { // profile, certificate, public key
			t.Errorf("%d objects", len(list))
		}
		info, err := c.module.TokenInfo(0)
		check(t, err)
		want := "BRUNILDE scade " + c.card.Certificate.NotAfter.UTC().Format("02/01/2006")
		if info.Label != want || info.Serial != c.card.Number {
			t.Errorf("label %q, serial number %q", info.Label, info.Serial)
		}
		if _, err := c.module.SlotEvent(); rvOf(err) != NoEvent {
			t.Errorf("event: %v", err)
		}
	}
	if len(c.commands) != sent || c.verifies() != 0 {
		t.Errorf("%d commands after the first reading, %d VERIFY", len(c.commands)-sent, c.verifies())
	}
	certificate := c.find(h, class(classCertificate))
	public := c.find(h, class(classPublicKey))
	if len(certificate) != 1 || len(public) != 1 || len(c.find(h, class(classPrivateKey))) != 0 {
		t.Fatal("want a certificate and a public key, and no private key before a login")
	}
	if !bytes.Equal(c.value(h, certificate[0], attrValue), c.card.Certificate.Raw) {
		t.Error("another certificate")
	}
	if !bytes.Equal(c.value(h, certificate[0], attrID), c.value(h, public[0], attrID)) {
		t.Error("certificate and public key have different identifiers")
	}
	if p := c.find(h, class(classProfile), Attribute{attrProfileID, encode(uint64(4), 8)}); len(p) != 1 {
		t.Error("no profile object")
	}
}

// TestSign signs with every mechanism; crypto/rsa verifies. Each signature is one block with one VERIFY.
func TestSign(t *testing.T) {
	for _, series := range []string{"AC2014", "ID2019", "OT2016", "ACe2021"} {
		t.Run(series, func(t *testing.T) {
			c := newComputer(t, series)
			h := c.open()
			check(t, c.module.Login(h, userNormal, []byte(trial.PIN)))
			private := c.find(h, class(classPrivateKey))
			if len(private) != 1 {
				t.Fatalf("%d private keys", len(private))
			}
			public := &c.card.Key.PublicKey
			message := bytes.Repeat([]byte("messaggio"), 300)
			for number, kind := range mechanisms {
				hash := kind.hash
				if kind.pss && hash == 0 {
					hash = crypto.SHA256
				}
				data := message
				if kind.hash == 0 {
					h := sha256.Sum256(message)
					data = h[:]
				}
				salts := []int{0}
				if kind.pss {
					salts = []int{0, 20, hash.Size()}
				}
				for _, salt := range salts {
					mech := Mechanism{Number: number}
					if kind.pss {
						mech.HasPSS, mech.Len = true, uint64(salt)
						for n, p := range pssHashes {
							if p.hash == hash {
								mech.Hash, mech.MGF = n, p.mgf
							}
						}
						if public.Size() < hash.Size()+salt+2 {
							err := c.module.SignInit(h, private[0], mech)
							wants(t, "a salt that does not fit", err, MechanismParamInvalid)
							continue
						}
					}
					before := c.verifies()
					check(t, c.module.SignInit(h, private[0], mech))
					half := len(data) / 2
					_, _, err := c.module.Operate(h, false, Part, data[:half], 0)
					check(t, err)
					_, _, err = c.module.Operate(h, false, Part, data[half:], 0)
					check(t, err)
					_, signature, err := c.module.Operate(h, false, End, nil, 512)
					check(t, err)
					if n := c.verifies() - before; n != 1 {
						t.Errorf("mechanism %X: %d VERIFY", number, n)
					}
					verify(t, public, number, hash, kind, data, salt, signature)
				}
			}
		})
	}
}

func verify(t *testing.T, public *rsa.PublicKey, number uint64, hash crypto.Hash, kind mechanism, data []byte, salt int,
	signature []byte) {
	t.Helper()
	digest := data
	if kind.hash != 0 {
		w := kind.hash.New()
		w.Write(data)
		digest = w.Sum(nil)
	}
	var err error
	switch {
	case kind.pss:
		options := &rsa.PSSOptions{SaltLength: salt, Hash: hash}
		if salt == 0 {
			options.SaltLength = rsa.PSSSaltLengthAuto // crypto/rsa has no other name for no salt
		}
		err = rsa.VerifyPSS(public, hash, digest, signature, options)
	case number == mechRSAX509:
		if block := exp(public, signature); !bytes.Equal(block, bytes.TrimLeft(digest, "\x00")) {
			t.Errorf("raw signature of %X", block)
		}
	default:
		err = rsa.VerifyPKCS1v15(public, kind.hash, digest, signature)
	}
	if err != nil {
		t.Errorf("mechanism %X, salt %d: %v", number, salt, err)
	}
}

func TestDecrypt(t *testing.T) {
	c := newComputer(t, "ID2019")
	h := c.open()
	check(t, c.module.Login(h, userNormal, []byte(trial.PIN)))
	key := c.find(h, class(classPrivateKey))[0]
	sealed := encrypt(&c.card.Key.PublicKey, "chiave di sessione")
	check(t, c.module.DecryptInit(h, key, Mechanism{Number: mechRSAPKCS}))
	n, _, err := c.module.Operate(h, true, Whole, sealed, 4)
	if wants(t, "a small buffer", err, BufferTooSmall); n != 18 {
		t.Errorf("length %d", n)
	}
	used := len(c.commands)
	_, plain, err := c.module.Operate(h, true, Whole, sealed, n)
	check(t, err)
	if string(plain) != "chiave di sessione" || len(c.commands) != used {
		t.Errorf("decrypted %q with %d more commands", plain, len(c.commands)-used)
	}
	check(t, c.module.DecryptInit(h, key, Mechanism{Number: mechRSAPKCS}))
	_, _, err = c.module.Operate(h, true, Whole, sealed[1:], 512)
	wants(t, "a byte less", err, EncryptedDataLenRange)
}

// TestTries: the token never sends the last try, nor a PIN that was refused before.
func TestTries(t *testing.T) {
	c := newComputer(t, "AC2018")
	h := c.open()
	login := func(pin string) error { return c.module.Login(h, userNormal, []byte(pin)) }
	reference := must(cns.Open(c.card)).Model.Code(cardmodel.PIN).Reference
	wants(t, "too short", login("12"), PINLenRange)
	wants(t, "letters", login("abcde"), PINInvalid)
	if c.verifies() != 0 {
		t.Fatal("a malformed PIN was sent")
	}
	wants(t, "wrong", login("00000"), PINIncorrect)
	wants(t, "the same again", login("00000"), PINIncorrect)
	if c.verifies() != 1 || c.card.Tries(reference) != 2 {
		t.Errorf("%d VERIFY, %d tries left", c.verifies(), c.card.Tries(reference))
	}
	info, err := c.module.TokenInfo(0)
	check(t, err)
	if info.Flags&tokenUserPINCountLow == 0 || info.Flags&tokenUserPINFinalTry != 0 {
		t.Errorf("flags %X with two tries", info.Flags)
	}
	wants(t, "another wrong", login("11111"), PINIncorrect)
	for _, pin := range []string{"22222", trial.PIN} {
		wants(t, "the last try", login(pin), PINLocked)
	}
	if c.verifies() != 2 || c.card.Tries(reference) != 1 {
		t.Errorf("%d VERIFY, %d tries left", c.verifies(), c.card.Tries(reference))
	}
	if info, err = c.module.TokenInfo(0); err != nil || info.Flags&tokenUserPINFinalTry == 0 {
		t.Errorf("flags %X with one try, %v", info.Flags, err)
	}
	// Another process, and another insertion, know it from the ledger.
	c.pull()
	c.insert(c.card)
	h = c.open()
	wants(t, "after reinsertion", login(trial.PIN), PINLocked)
	// After a success of another program of ours the ledger is full again.
	check(t, must(cns.Open(c.card)).UnlockInBlock([]byte(trial.PIN), nil))
	check(t, c.ledger.Keep(id(c), cardmodel.PIN, nil))
	c.pull()
	c.insert(c.card)
	h = c.open()
	check(t, login(trial.PIN))
}

func id(c *computer) (id holderID) { return holderID(c.card.Number) }

// TestTwoPrograms: the try is taken and the answer kept while the card is ours, so that of two programs with two tries
// left one sends its PIN.
func TestTwoPrograms(t *testing.T) {
	c := newComputer(t, "AC2014")
	h := c.open()
	left := 1
	c.begin = func() { check(t, c.ledger.Keep(id(c), cardmodel.PIN, &left)) } // the other program came first
	wants(t, "the second program", c.module.Login(h, userNormal, []byte(trial.PIN)), PINLocked)
	if c.verifies() != 0 {
		t.Error("the last try was sent")
	}
	check(t, c.ledger.Keep(id(c), cardmodel.PIN, nil))
	kept := false
	c.end = func() {
		e, err := c.ledger.Read(id(c))
		kept = err == nil && e.PIN != nil && *e.PIN == 2
	}
	wants(t, "a wrong PIN", c.module.Login(h, userNormal, []byte("00000")), PINIncorrect)
	if !kept {
		t.Error("the card was given back before its answer was kept")
	}
}

// TestKeptPINNotSent: a signature whose kept PIN may not be sent ends the login.
func TestKeptPINNotSent(t *testing.T) {
	c := newComputer(t, "AC2014")
	h := c.open()
	check(t, c.module.Login(h, userNormal, []byte(trial.PIN)))
	key := c.find(h, class(classPrivateKey))[0]
	check(t, c.module.SignInit(h, key, Mechanism{Number: mechRSAPKCS}))
	left := 1
	check(t, c.ledger.Keep(id(c), cardmodel.PIN, &left))
	before := c.verifies()
	_, _, err := c.module.Operate(h, false, Whole, []byte("x"), 512)
	wants(t, "a signature", err, PINLocked)
	_, state, _, err := c.module.SessionInfo(h)
	if err != nil || state != stateReadOnlyPublic || c.verifies() != before {
		t.Errorf("state %d, %d VERIFY, %v", state, c.verifies()-before, err)
	}
}

// TestLedgerOutOfOrder: without a ledger one PIN is sent for each insertion.
func TestLedgerOutOfOrder(t *testing.T) {
	c := newComputer(t, "AC2014")
	check(t, c.ledger.Keep(id(c), cardmodel.PIN, nil))
	names, err := filepath.Glob(filepath.Join(c.dir, "*.tries"))
	if err != nil || len(names) != 1 {
		t.Fatalf("files %v, %v", names, err)
	}
	c.module.ledger.Files = &cardfile.Files{Read: func(string) ([]byte, error) { return nil, io.ErrUnexpectedEOF },
		Write: func(string, []byte) error { return io.ErrShortWrite }}
	for range 2 {
		h := c.open()
		before := c.verifies()
		wants(t, "a wrong PIN", c.module.Login(h, userNormal, []byte("00000")), PINIncorrect)
		wants(t, "a second PIN", c.module.Login(h, userNormal, []byte(trial.PIN)), PINLocked)
		if n := c.verifies() - before; n != 1 {
			t.Errorf("%d VERIFY for one insertion", n)
		}
		if c.card.Tries(0x10) == 1 {
			break
		}
		c.pull()
		c.insert(c.card)
	}
}

// TestReinsertion ends the sessions of a card that was taken out, and wipes the PIN.
func TestReinsertion(t *testing.T) {
	c := newComputer(t, "OT2016")
	h := c.open()
	check(t, c.module.Login(h, userNormal, []byte(trial.PIN)))
	c.pull()
	c.insert(c.card) // between two calls
	wants(t, "a session of before", c.module.FindObjectsInit(h, nil), DeviceRemoved)
	wants(t, "and once more", c.module.FindObjectsInit(h, nil), SessionHandleInvalid)
	if slot, err := c.module.SlotEvent(); err != nil || slot != 0 {
		t.Errorf("event of slot %d, %v", slot, err)
	}
	h = c.open()
	if len(c.find(h, class(classPrivateKey))) != 0 {
		t.Error("the login outlived the card")
	}
	c.pull()
	_, err := c.module.OpenSession(0, sessionSerial)
	wants(t, "an empty reader", err, TokenNotPresent)
	other := issue(t, "ID2019")
	c.insert(other)
	if info, err := c.module.TokenInfo(0); err != nil || info.Serial != other.Number {
		t.Errorf("another card: %+v, %v", info, err)
	}
}

// TestMoved: a change by another program of ours makes the token forget PIN and files before either is used.
func TestMoved(t *testing.T) {
	c := newComputer(t, "AC2014")
	h := c.open()
	check(t, c.module.Login(h, userNormal, []byte(trial.PIN)))
	key := c.find(h, class(classPrivateKey))[0]
	check(t, c.module.SignInit(h, key, Mechanism{Number: mechRSAPKCS}))
	before := c.verifies()
	check(t, c.ledger.Raise(id(c)))
	_, _, err := c.module.Operate(h, false, Whole, []byte("x"), 512)
	wants(t, "a signature", err, DeviceRemoved)
	if c.verifies() != before {
		t.Error("the kept PIN was sent")
	}
	h = c.open()
	check(t, c.ledger.Raise(id(c)))
	wants(t, "a search", c.module.FindObjectsInit(h, nil), DeviceRemoved)
	h = c.open()
	check(t, c.ledger.Raise(id(c)))
	_, _, _, err = c.module.SessionInfo(h) // by which NSS looks whether its objects are still those of the card
	wants(t, "a poll", err, DeviceRemoved)
	if slot, err := c.module.SlotEvent(); err != nil || slot != 0 {
		t.Errorf("no event: %d, %v", slot, err)
	}
	check(t, c.module.Login(c.open(), userNormal, []byte(trial.PIN)))
}

// TestChangedPIN: a PIN that other software changed costs one try, and is forgotten.
func TestChangedPIN(t *testing.T) {
	c := newComputer(t, "AC2014")
	h := c.open()
	check(t, c.module.Login(h, userNormal, []byte(trial.PIN)))
	key := c.find(h, class(classPrivateKey))[0]
	for _, command := range []string{"00A4000C023F00", "0024001010" + pad(trial.PIN) + pad("54321")} {
		answer, err := c.card.Transmit(unhex(t, command))
		if err != nil || !bytes.HasSuffix(answer, []byte{0x90, 0}) {
			t.Fatalf("%s: %X, %v", command, answer, err)
		}
	}
	sign := func() error {
		if err := c.module.SignInit(h, key, Mechanism{Number: mechRSAPKCS}); err != nil {
			return err
		}
		_, _, err := c.module.Operate(h, false, Whole, []byte("x"), 512)
		return err
	}
	wants(t, "the kept PIN", sign(), PINIncorrect)
	wants(t, "afterwards", sign(), KeyHandleInvalid) // a private object is not seen without a login
	if n := c.card.Tries(0x10); n != 2 {
		t.Errorf("%d tries left", n)
	}
	check(t, c.module.Login(h, userNormal, []byte("54321")))
}

// TestIdle wipes the PIN of a host that does not use it.
func TestIdle(t *testing.T) {
	c := newComputer(t, "AC2014")
	c.module.idle = 50 * time.Millisecond
	h := c.open()
	c.module.mu.Lock()
	check(t, c.module.Login(h, userNormal, []byte(trial.PIN)))
	c.module.mu.Unlock()
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		c.module.mu.Lock()
		_, state, _, err := c.module.SessionInfo(h)
		c.module.mu.Unlock()
		check(t, err)
		if state == stateReadOnlyPublic {
			return
		}
		if time.Now().After(end) {
			t.Fatal("the PIN is still kept")
		}
	}
}

// TestForeign: a card that is no whole CNS is no token, and is asked once for each insertion.
func TestForeign(t *testing.T) {
	for name, card := range map[string]func(*computer) iso7816.Card{
		"a bank card":            func(c *computer) iso7816.Card { return foreign{c} },
		"a number of letters":    func(c *computer) iso7816.Card { return damaged{c, "x"} },
		"a file that is refused": func(c *computer) iso7816.Card { return damaged{c, ""} },
	} {
		t.Run(name, func(t *testing.T) {
			c := newComputer(t, "AC2014")
			c.module.drop(0)
			connects := 0
			c.module.connect = func(string) (iso7816.Card, *pinpad.Pinpad, func(), error) {
				connects++
				return card(c), nil, func() {}, nil
			}
			for range 3 {
				_, err := c.module.TokenInfo(0)
				wants(t, name, err, TokenNotRecognized)
			}
			if connects != 1 {
				t.Errorf("%d connections", connects)
			}
		})
	}
}

type foreign struct{ *computer }

func (foreign) ATR() []byte { return []byte{0x3B, 0x65, 0, 0, 0x20, 0x63, 0xCB, 0xA0, 0} }

// damaged answers READ BINARY with a text, or with a memory failure.
type damaged struct {
	*computer
	text string
}

func (d damaged) Transmit(command []byte) ([]byte, error) {
	switch {
	case command[1] != iso7816.INSReadBinary:
		return d.computer.Transmit(command)
	case d.text == "":
		return []byte{0x65, 0x81}, nil
	}
	return append(bytes.Repeat([]byte("x"), int(command[4])), 0x90, 0x00), nil
}

// TestSeriesWithoutLogin: a model with assumed facts about its PIN lists its certificate, and takes no PIN.
func TestSeriesWithoutLogin(t *testing.T) {
	c := newComputer(t, "AC2014")
	h := c.open()
	model := *c.module.slots[0].token.session.Model
	model.NotRenewable.Value = "series-not-renewable"
	model.Environment.Source = "assumed: nothing is published"
	c.module.slots[0].token.session.Model = &model
	wants(t, "a login", c.module.Login(h, userNormal, []byte(trial.PIN)), FunctionNotSupported)
	if c.verifies() != 0 {
		t.Error("the PIN was sent")
	}
	if info, err := c.module.TokenInfo(0); err != nil || info.Flags&tokenLoginRequired != 0 {
		t.Errorf("flags %X, %v", info.Flags, err)
	}
}

// TestServe speaks the wire, and ends at a malformed frame.
func TestServe(t *testing.T) {
	config := Config{Readers: func() ([]Reader, error) { return nil, nil }, Now: time.Now, Idle: time.Minute}
	for _, row := range []struct {
		name, frame, answer string
		err                 string
	}{
		{"the slots", "0C000000" + "01080100" + "0000000000000000",
			"18000000" + "0000000000000000" + "0100000000000000" + "0000000000000000", ""},
		{"another version", "0C000000" + "02080100" + "0000000000000000", "", "version 2"},
		{"no CK_ULONG", "0C000000" + "01050100" + "0000000000000000", "", "CK_ULONG"},
		{"an argument too few", "04000000" + "01080100", "", "arguments"},
		{"an argument too many", "14000000" + "01080100" + strings.Repeat("00", 16), "", "arguments"},
		{"no function", "0C000000" + "0108FF00" + "0000000000000000", "", "arguments"},
		{"too long", "01000100", "", "bytes"},
		{"too short", "03000000", "", "bytes"},
	} {
		t.Run(row.name, func(t *testing.T) {
			host, helper := net.Pipe()
			ended := make(chan error, 1)
			go func() {
				ended <- Serve(helper, config)
				helper.Close()
			}()
			go func() { _, _ = host.Write(unhex(t, row.frame)) }()
			answer := make([]byte, len(row.answer)/2)
			_, err := io.ReadFull(host, answer)
			if row.answer != "" && (err != nil || !bytes.Equal(answer, unhex(t, row.answer))) {
				t.Errorf("answer %X, %v", answer, err)
			}
			if row.err == "" {
				host.Close()
			}
			switch err := <-ended; {
			case row.err == "" && err != nil, row.err != "" && err == nil:
				t.Errorf("ended with %v", err)
			case err != nil && !strings.Contains(err.Error(), row.err):
				t.Errorf("ended with %v, want %q", err, row.err)
			}
			host.Close()
		})
	}
}

// FuzzCall: no request makes the helper panic, and none sends a PIN that is not in it.
func FuzzCall(f *testing.F) {
	for function := range 26 {
		f.Add(function, bytes.Repeat([]byte{0, 0, 0, 0, 0, 0, 0, 0}, 8))
	}
	card := must(emulator.Demo("AC2014", rand.Reader))
	f.Fuzz(func(t *testing.T, function int, b []byte) {
		m := New(Config{Readers: func() ([]Reader, error) { return []Reader{{"reader", true, 1}}, nil },
			Connect: func(string) (iso7816.Card, *pinpad.Pinpad, func(), error) { return card, nil, func() {}, nil },
			Now:     time.Now, Idle: time.Minute}, 8)
		defer m.Close()
		h, err := m.OpenSession(0, sessionSerial)
		check(t, err)
		_, _ = m.answer(function, &arguments{rest: b})
		_, _ = m.answer(function, &arguments{rest: append(encode(h, 8), b...)})
	})
}

// TestIdentifier computes the SHA-1 of the public key as RFC 5280 §4.2.1.2 has it: the RSAPublicKey alone.
func TestIdentifier(t *testing.T) {
	c := issue(t, "AC2014")
	der := x509.MarshalPKCS1PublicKey(&c.Key.PublicKey)
	want := sha1Sum(der)
	if got := keyIdentifier(c.Certificate); !bytes.Equal(got, want) {
		t.Errorf("identifier %X, want %X", got, want)
	}
	var n asn1.RawValue
	number := derInteger(c.Certificate.SerialNumber)
	if rest, err := asn1.Unmarshal(number, &n); err != nil || len(rest) > 0 || n.Tag != asn1.TagInteger {
		t.Errorf("serial number %X", number)
	}
}
