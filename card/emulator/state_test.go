// SPDX-License-Identifier: EUPL-1.2

package emulator

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/iso7816"
)

// opened is a prepared card that lives in a file.
func opened(t *testing.T) (*Card, string) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "card")
	if err := prepared(t, "OT2015").Save(name); err != nil {
		t.Fatal(err)
	}
	c, err := Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, name
}

func reopen(t *testing.T, c *Card, name string) *Card {
	t.Helper()
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	c, err := Open(name)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestState(t *testing.T) {
	c, name := opened(t)
	info, err := os.Stat(name)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Fatal(info.Mode(), err)
	}
	if err := c.Save(name); !errors.Is(err, fs.ErrExist) {
		t.Errorf("an existing file was saved over: %v", err)
	}
	must(t, c, "0020001008"+pin, path(cardmodel.Path{0x1400, 0x9010}), "00D6000002AABB",
		path(cardmodel.Path{0x1400, 0x8110}), "00E40000027EAD", "00DA016D0F 830104 86020000 8F06000000000000",
		"0024001010"+pin+"3637383930FFFFFF", path(cardmodel.Path{0x1400, 0x8110, 0x0505}), "00E20000030301CC")
	send(t, c, "0020001108"+wrongPUK)
	c = reopen(t, c, name)
	if b, _ := c.File("1400/9010"); b[0] != 0xAA || b[1] != 0xBB {
		t.Errorf("%X", b[:2])
	}
	if _, ok := c.File("1400/8110/7EAD"); ok {
		t.Error("the deleted file is back")
	}
	if b, _ := c.File("1400/8110/0505"); fmt.Sprintf("%X", b) != "0102AABB0301CC" {
		t.Errorf("%X", b)
	}
	if c.Tries(0x11) != 9 || c.Tries(0x10) != 3 {
		t.Errorf("tries of the PUK %d, of the PIN %d", c.Tries(0x11), c.Tries(0x10))
	}
	if _, sw := send(t, c, "0020001008"+pin); sw != "63C2" {
		t.Errorf("the old PIN: %s", sw)
	}
	must(t, c, "0020001008 3637383930FFFFFF", path(cardmodel.Path{0x1400, 0x8110}), "0022F304")
	if got := strings.Join(c.Keys(), " "); got != "1400/8110/10 MF/01" {
		t.Errorf("keys at %s", got)
	}
	// A command that changes nothing does not write.
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	must(t, c, "00A4000C023F00")
	if _, err := os.Stat(name); !errors.Is(err, fs.ErrNotExist) {
		t.Error("SELECT wrote the file")
	}
	must(t, c, "0024001010 3637383930FFFFFF"+pin)
	if _, err := os.Stat(name); err != nil {
		t.Errorf("the file of the card: %v", err)
	}
	// Where the file cannot be written the card gives no answer.
	if err := os.RemoveAll(filepath.Dir(name)); err != nil {
		t.Fatal(err)
	}
	if a, err := c.Transmit(mustHex(t, "0020001008"+wrongPIN)); err == nil || errors.Is(err, iso7816.ErrCardGone) {
		t.Errorf("%X %v", a, err)
	}
	if _, err := c.Transmit(mustHex(t, "00A4000C023F00")); !errors.Is(err, iso7816.ErrCardGone) {
		t.Errorf("a command to a closed card: %v", err)
	}
}

func TestLock(t *testing.T) {
	c, name := opened(t)
	must(t, c, "0024001010"+pin+pin) // the file is another one now; the lock must hold all the same
	if _, err := Open(name); !errors.Is(err, ErrInUse) {
		t.Errorf("a second Open: %v", err)
	}
	link := name + "-too"
	if err := os.Symlink(name, link); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(link); !errors.Is(err, ErrInUse) {
		t.Errorf("by another name: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	c.Reset()
	if _, err := c.Transmit(mustHex(t, "00A4000C023F00")); !errors.Is(err, iso7816.ErrCardGone) {
		t.Errorf("a closed card: %v", err)
	}
	d, err := Open(link)
	if err != nil {
		t.Fatal(err)
	}
	d.Close()
	if _, err := Open(name + "-none"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// A file that is no complete card is refused and left as it is, and so is the rest of a write that a crash cut.
func TestRefusedState(t *testing.T) {
	c, name := opened(t)
	c.Close()
	good, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	bad := map[string][]byte{
		"empty": {}, "text": []byte("not a card\n"), "another JSON": []byte("{}\n"), "null": []byte("null\n"),
		"a newer version":   bytes.Replace(good, []byte(`"version":1`), []byte(`"version":2`), 1),
		"an unknown series": bytes.Replace(good, []byte(`"OT2015"`), []byte(`"XX1999"`), 1),
		"a foreign field":   bytes.Replace(good, []byte(`"version":1`), []byte(`"version":1,"x":1`), 1),
		"a wrong size":      bytes.Replace(good, []byte(`"size":400`), []byte(`"size":500`), 1),
		"no file system": []byte(`{"format":"rinnova emulated card","version":1,"series":"OT2015","atr":"OwCB","mf":null}
`),
		"something behind": append(append([]byte(nil), good...), good...),
	}
	for i := 1; i < 20; i++ {
		bad[fmt.Sprint("cut short ", i)] = good[:len(good)*i/20]
	}
	bad["without its last byte"] = good[:len(good)-1]
	for what, b := range bad {
		if bytes.Equal(b, good) {
			t.Fatalf("%s: nothing was changed", what)
		}
		if err := os.WriteFile(name, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(name); !errors.Is(err, ErrState) {
			t.Errorf("%s: %v", what, err)
		}
		if now, _ := os.ReadFile(name); !bytes.Equal(now, b) {
			t.Errorf("%s: the file was changed", what)
		}
	}
	if err := os.WriteFile(name, good, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name+".tmp", good[:100], 0o600); err != nil {
		t.Fatal(err)
	}
	c, err = Open(name)
	if err != nil {
		t.Fatal(err)
	}
	send(t, c, "0020001008"+wrongPIN)
	if c = reopen(t, c, name); c.Tries(0x10) != 2 {
		t.Errorf("%d tries left", c.Tries(0x10))
	}
}

const childEnv = "RINNOVA_EMULATOR_CHILD"

// TestMain lets the test binary be the process that TestKill kills.
func TestMain(m *testing.M) {
	if name := os.Getenv(childEnv); name != "" {
		child(name)
	}
	os.Exit(m.Run())
}

// child counts up in the card's certificate file until it is killed, and prints each number after the card has
// answered.
func child(name string) {
	c, err := Open(name)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	b, _ := c.File("1400/9010")
	n := binary.BigEndian.Uint32(b)
	for _, x := range []iso7816.Command{
		{INS: 0x20, P2: 0x10, Data: []byte("12345\xFF\xFF\xFF")},
		{INS: 0xA4, P1: 8, P2: 0x0C, Data: []byte{0x14, 0x00, 0x90, 0x10}},
	} {
		if _, err := iso7816.Do(c, x); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	for {
		n++
		if _, err := iso7816.Do(c, iso7816.Command{INS: 0xD6,
			Data: binary.BigEndian.AppendUint32(nil, n)}); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(n)
	}
}

// A process killed between or within commands loses no change that the card had answered, and it releases its lock.
func TestKill(t *testing.T) {
	c, name := opened(t)
	c.Close()
	for round := range 5 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childEnv+"="+name)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Duration(150+37*round)*time.Millisecond, func() { cmd.Process.Kill() })
		said := 0
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			if said, err = strconv.Atoi(lines.Text()); err != nil {
				t.Fatal(lines.Text())
			}
		}
		cmd.Wait()
		if said == 0 {
			t.Fatal("killed before it had done anything")
		}
		c, err := Open(name)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		b, _ := c.File("1400/9010")
		if kept := int(binary.BigEndian.Uint32(b)); kept != said && kept != said+1 {
			t.Errorf("round %d: %d kept, %d answered", round, kept, said)
		}
		c.Close()
	}
}
