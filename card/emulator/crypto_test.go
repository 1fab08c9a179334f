// SPDX-License-Identifier: EUPL-1.2

package emulator

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/hex"
	"fmt"
	"math/big"
	"testing"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/iso7816"
)

// digestInfo is that of SHA-256 (RFC 8017 §9.2, note 1) of a text.
func digestInfo(text string) ([]byte, []byte) {
	h := sha256.Sum256([]byte(text))
	prefix, _ := hex.DecodeString("3031300d060960864801650304020105000420")
	return append(prefix, h[:]...), h[:]
}

// public is block^e mod n, by crypto/rsa's own numbers.
func public(k *rsa.PublicKey, block []byte) []byte {
	x := new(big.Int).Exp(new(big.Int).SetBytes(block), big.NewInt(int64(k.E)), k.N)
	return x.FillBytes(make([]byte, k.Size()))
}

// Every series' old key signs what crypto/rsa verifies, in each way of sending the block (docs/CARDS.md §4.4, §5),
// also on a card read back from its state, which does not know the primes.
func TestSign(t *testing.T) {
	for _, series := range allSeries() {
		made := issued(t, series)
		key := issuedKey(t, series)
		state, err := made.encode()
		if err != nil {
			t.Fatal(err)
		}
		opened, err := decode(state)
		if err != nil {
			t.Fatal(err)
		}
		for name, c := range map[string]*Card{"made": made, "opened": opened} {
			ref := "10"
			if c.model.Backtrack.Value {
				ref = "90"
			}
			info, hash := digestInfo(series)
			block := pad(info, key.Size())
			must(t, c, "002000"+ref+"08"+pin, "0022F303")
			check := func(how string, got []byte) {
				t.Helper()
				if !bytes.Equal(public(&key.PublicKey, got), block) {
					t.Errorf("%s, %s, %s: not the signature", series, name, how)
				}
				if err := rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, hash, got); err != nil {
					t.Errorf("%s, %s, %s: %v", series, name, how, err)
				}
			}
			must(t, c, "0022F1B803830101")
			var got []byte
			for _, extended := range []bool{false, c.model.ExtendedLength.Value} {
				got, err = iso7816.Do(iso7816.Chain(c, extended),
					iso7816.Command{INS: 0x2A, P1: 0x80, P2: 0x86, Data: append([]byte{0}, block...), Ne: 256})
				if err != nil {
					t.Fatalf("%s: %v", series, err)
				}
				check(fmt.Sprint("decipher, extended ", extended), got)
			}
			must(t, c, "0022F1B603830101")
			got, err = iso7816.Do(iso7816.Chain(c, false),
				iso7816.Command{INS: 0x2A, P1: 0x9E, P2: 0x9A, Data: block, Ne: 256})
			if err != nil {
				t.Fatal(err)
			}
			check("sign", got)
			// Without Le the answer waits (docs/CARDS.md §4.4).
			commands := apdu("002A9E9A", block)
			must(t, c, commands[:len(commands)-1]...)
			want := fmt.Sprintf("61%02X", byte(key.Size()))
			if data, sw := send(t, c, commands[len(commands)-1]); sw != want || len(data) != 0 {
				t.Fatalf("%s: %s, want %s", series, sw, want)
			}
			if _, sw := send(t, c, "00C0000010"); sw != fmt.Sprintf("61%02X", byte(key.Size()-16)) {
				t.Errorf("%s: %s", series, sw)
			}
			check("in pieces", append(got[:16:16], must(t, c, fmt.Sprintf("00C00000%02X", byte(key.Size()-16)))...))
		}
	}
}

// A block not below the modulus cannot be deciphered (RFC 8017 §5.1.2).
func TestTooLarge(t *testing.T) {
	c := issued(t, "AC2014")
	must(t, c, "0020001008"+pin, "0022F303", "0022F1B803830101")
	n := issuedKey(t, "AC2014").N
	for _, x := range []struct {
		add int64
		sw  string
	}{{-1, "9000"}, {0, "6A80"}, {1, "6A80"}} {
		b := new(big.Int).Add(n, big.NewInt(x.add)).FillBytes(make([]byte, 128))
		if _, sw := send(t, c, fmt.Sprintf("002A80868100%X00", b)); sw != x.sw {
			t.Errorf("%+d: %s", x.add, sw)
		}
	}
}

// GENERATE KEY PAIR in both forms of result, for each algorithm, with a signature by the new key
// (docs/CARDS.md §6.3).
func TestGenerate(t *testing.T) {
	for _, x := range []struct {
		size      int
		algorithm byte
		exponent  string // bits, as the command has them
		bytes     string // of 65537
	}{
		{128, 0x0C, "0020", "00010001"}, {128, 0x88, "0000", "010001"},
		{256, 0x0C, "0020", "00010001"}, {256, 0x88, "0000", "010001"}, {256, 0x0C, "0040", "0000000000010001"},
	} {
		c := prepared(t, "OT2015")
		must(t, c, "0020001008"+pin, path(cardmodel.Path{0x1400, 0x8110}))
		for _, class := range []byte{0x20, 0x21} {
			b := oci(class, 0x1E, x.size, "1010FFFFFFFF10")
			b[8] = x.algorithm
			must(t, c, apdu("00DA016E", b)...)
		}
		must(t, c, "0022F303", "0022F1B80383011E")
		if _, sw := send(t, c, fmt.Sprintf("002A80868100%X00", plain(128))); x.algorithm == 0x0C && x.size == 128 &&
			sw != "6984" {
			t.Errorf("a key that was not generated answers %s", sw)
		}
		kind := "010000"
		if x.size == 128 {
			kind = "05FFFF"
		}
		must(t, c, fcp(kind, 512, 0x7EAE, cardmodel.Access{}))
		key := testKey(t, 8*x.size, 1)
		must(t, c, "0046001E08 201E7EAE0010"+x.exponent)
		must(t, c, path(cardmodel.Path{0x1400, 0x8110, 0x7EAE}))
		got, _ := c.File("1400/8110/7EAE")
		if x.size == 128 {
			first, second := must(t, c, "00B2010400"), must(t, c, "00B2020400")
			if want := fmt.Sprintf("10828100%X", key.N.Bytes()); fmt.Sprintf("%X", first) != want {
				t.Errorf("record 1 is %X", first)
			}
			n := len(x.bytes) / 2
			if want := fmt.Sprintf("11%02X%02X00%s", n+2, n+1, x.bytes); fmt.Sprintf("%X", second) != want {
				t.Errorf("record 2 is %X", second)
			}
		} else {
			n := len(x.bytes) / 2
			want := fmt.Sprintf("7F4982%04X81820100%X82%02X%s", 4+256+2+n, key.N.Bytes(), n, x.bytes)
			if !bytes.HasPrefix(got, mustHex(t, want)) || !allZero(got[len(want)/2:]) {
				t.Errorf("the file is %X", got)
			}
		}
		info, hash := digestInfo("new")
		op, mse, data := "002A8086", "0022F1B80383011E", append([]byte{0}, pad(info, x.size)...)
		if x.algorithm == 0x88 {
			op, mse, data = "002A9E9A", "0022F1B60383011E", info
		}
		must(t, c, mse)
		list := apdu(op, data)
		list[len(list)-1] += "00"
		sig := must(t, c, list...)
		if err := rsa.VerifyPKCS1v15(&key.PublicKey, crypto.SHA256, hash, sig); err != nil {
			t.Errorf("%d bytes, %02X: %v", x.size, x.algorithm, err)
		}
		if x.algorithm == 0x88 {
			must(t, c, "0022F1B80383011E")
			if _, sw := send(t, c, apdu("002A8086", append([]byte{0}, plain(128)...))[0]+"00"); sw != "6985" {
				t.Errorf("a signing key deciphers: %s", sw)
			}
		}
		if len(c.Keys()) != 3 || c.Keys()[0] != "1400/8110/10" || c.Keys()[1] != "1400/8110/1E" ||
			c.Keys()[2] != "MF/01" {
			t.Errorf("keys %v", c.Keys())
		}
	}
}

func mustHex(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func allZero(b []byte) bool { return len(bytes.Trim(b, "\x00")) == 0 }

// CHANGE KEY DATA brings a whole key of the caller's where CHANGE allows it (docs/CARDS.md §4.3).
func TestChangeKey(t *testing.T) {
	c := prepared(t, "AC2014")
	must(t, c, "0020001008"+pin, path(cardmodel.Path{0x1400, 0x8110}))
	for _, class := range []byte{0x20, 0x21} {
		must(t, c, apdu("00DA016E", oci(class, 0x1E, 128, "1010FF"))...)
	}
	k := testKey(t, 1024, 2)
	must(t, c, fmt.Sprintf("9024209E80%X", k.N.FillBytes(make([]byte, 128))),
		fmt.Sprintf("9024211E80%X", k.D.FillBytes(make([]byte, 128))))
	if _, sw := send(t, c, "9024209E0100"); sw != "6700" {
		t.Errorf("another length: %s", sw)
	}
	block := plain(128)
	must(t, c, "0022F303", "0022F1B80384011E")
	if got := must(t, c, fmt.Sprintf("002A80868100%X00", block)); !bytes.Equal(public(&k.PublicKey, got), block) {
		t.Error("not the key's result")
	}
}

// The certificate of a demonstration card belongs to its key (asn1 alone tells where it ends).
func TestDemo(t *testing.T) {
	for _, series := range allSeries() {
		c := issued(t, series)
		b, ok := c.File("1100/1101")
		if c.model.Elsewhere.Value != "" {
			if ok {
				t.Errorf("%s: the certificate lies elsewhere, and is at 1100/1101", series)
			}
			continue
		}
		if !ok || len(b) != 2048 {
			t.Fatal(series, len(b))
		}
		var whole asn1.RawValue
		rest, err := asn1.Unmarshal(b, &whole)
		if err != nil || !allZero(rest) || !bytes.Contains(whole.FullBytes, issuedKey(t, series).N.Bytes()) {
			t.Errorf("%s: %v", series, err)
		}
		id, _ := c.File("1000/1003")
		if !bytes.Contains(whole.FullBytes, id) {
			t.Errorf("%s: the certificate is of another card", series)
		}
	}
}
