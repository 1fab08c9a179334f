// SPDX-License-Identifier: EUPL-1.2

package emulator

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// plain is a PKCS#1 block of n bytes, below any modulus of that length.
func plain(n int) []byte {
	return append([]byte{0x00, 0x01}, append(bytes.Repeat([]byte{0xFF}, n-3), 0x00)...)
}

var ociMark = regexp.MustCompile(`<oci(\w\w):(\w\w)>`)

// spell writes out the marks that stand for long data in the tables. A command with an oci is a chain.
func spell(t *testing.T, s string) []string {
	t.Helper()
	if m := ociMark.FindStringSubmatch(s); m != nil {
		class, _ := strconv.ParseUint(m[1], 16, 8)
		id, _ := strconv.ParseUint(m[2], 16, 8)
		return apdu(strings.TrimSuffix(s, m[0]), oci(byte(class), byte(id), 256, "1010FFFFFFFF10"))
	}
	long := append([]byte{0}, plain(256)...)
	s = strings.NewReplacer("<pin>", pin, "<puk>", puk, "<wrongpin>", wrongPIN, "<wrongpuk>", wrongPUK,
		"<plain127>", fmt.Sprintf("%X", plain(127)), "<plain128>", fmt.Sprintf("%X", plain(128)),
		"<block128>", fmt.Sprintf("00%X", plain(128)), "<block256>", fmt.Sprintf("%X", long),
		"<block256a>", fmt.Sprintf("%X", long[:255]), "<block256b>", fmt.Sprintf("%X", long[255:])).Replace(s)
	if strings.Contains(s, "<") {
		t.Fatalf("unknown mark in %q", s)
	}
	return []string{s}
}

// commands splits a cell at its semicolons; spaces within a command are for the eye.
func commands(t *testing.T, cell string) []string {
	t.Helper()
	var list []string
	for c := range strings.SplitSeq(cell, ";") {
		list = append(list, spell(t, strings.ReplaceAll(c, " ", ""))...)
	}
	return list
}

// Each row has a command on an object in five states of the card, with the status words of docs/CARDS.md. The card of
// a renewable series has the DFs and objects of its first slot, with a key.
func TestAccess(t *testing.T) {
	names, err := os.ReadDir(filepath.Join("testdata", "access"))
	if err != nil || len(names) == 0 {
		t.Fatal("no tables", err)
	}
	cards := map[string]*Card{}
	for _, n := range names {
		if filepath.Ext(n.Name()) != ".txt" {
			t.Fatalf("unknown file %s", n.Name())
		}
		b, err := os.ReadFile(filepath.Join("testdata", "access", n.Name()))
		if err != nil {
			t.Fatal(err)
		}
		rows := 0
		for line := range strings.Lines(string(b)) {
			line = strings.TrimSpace(line)
			if line == "" || line[0] == '#' {
				continue
			}
			rows++
			cell := strings.Split(line, "|")
			if len(cell) != 5 {
				t.Fatalf("%s: %d cells in %q", n.Name(), len(cell), line)
			}
			for i := range cell {
				cell[i] = strings.TrimSpace(cell[i])
			}
			series, file, want := cell[1], cell[2], strings.Fields(cell[4])
			if len(want) != 5 {
				t.Fatalf("%s: %d status words in %q", n.Name(), len(want), line)
			}
			if cards[series] == nil {
				cards[series] = issued(t, series)
				if cards[series].model.NotRenewable.Value == "" {
					cards[series] = prepared(t, series)
				}
			}
			for i, state := range []string{"no code", "PIN", "PUK", "wrong DF", "blocked"} {
				c := cards[series].Clone()
				ref, pukRef := "10", "11"
				if c.model.Backtrack.Value {
					ref, pukRef = "90", "91"
				}
				switch state {
				case "PIN", "wrong DF":
					must(t, c, "002000"+ref+"08"+pin)
				case "PUK":
					must(t, c, "002000"+pukRef+"08"+puk)
				case "blocked":
					for range 3 {
						send(t, c, "002000"+ref+"08"+wrongPIN)
					}
				}
				switch f := c.at(file); {
				case f == nil:
					t.Fatalf("%s: no file %s", n.Name(), file)
				case state == "wrong DF":
					must(t, c, "00A4080C021000")
				case f == c.root:
					must(t, c, "00A4000C023F00")
				default:
					must(t, c, path(f.path()))
				}
				list := commands(t, cell[3])
				// The commands before the last one, or before the chain that ends with it, have to succeed. In a
				// chain whose command is refused, the answers to the earlier parts are not compared.
				var sw string
				for j, x := range list {
					if _, sw = send(t, c, x); j < len(list)-1 && sw != "9000" {
						t.Errorf("%s §%s %s, %s: %.40s answers %s", n.Name(), cell[0], series, state, x, sw)
					}
				}
				if sw != want[i] {
					t.Errorf("%s §%s %s, %s, %s: %.60s answers %s, want %s", n.Name(), cell[0], series, file, state,
						cell[3], sw, want[i])
				}
			}
		}
		if rows == 0 {
			t.Errorf("%s is empty", n.Name())
		}
	}
}

// Forms that docs/CARDS.md does not describe, or describes for another kind of chip, with their status words.
var refused = []struct{ series, command, sw, why string }{
	{"AC2014", "00", "6700", "no command APDU"},
	{"AC2014", "00A400", "6700", "no command APDU"},
	{"AC2014", "00A4000C033F00", "6700", "Lc over the end"},
	{"AC2014", "00A4000C023F000000", "6700", "bytes behind Le"},
	{"AC2014", "00A4000C", "6700", "SELECT MF without its identifier"},
	{"AC2014", "00A4000C021100", "6A86", "SELECT of another file with P1 00"},
	{"AC2014", "00A4050C021100", "6A86", "SELECT with P1 05"},
	{"AC2014", "00A40804021100", "6A86", "SELECT with P2 04, an FCP"},
	{"AC2014", "00A4080C0411001101 00 00", "6700", "bytes behind Le"},
	{"AC2014", "00A4080C03110011", "6700", "SELECT by half an identifier"},
	{"AC2014", "00A4080C", "6700", "SELECT by no path"},
	{"AC2014", "00A4080C043F001100", "6A82", "SELECT by path with 3F00 in it"},
	{"AC2014", "00A4030C021100", "6700", "SELECT of the parent with data"},
	{"AC2014", "00A4040C04A0000005", "6700", "SELECT by an AID of four bytes"},
	{"AC2014", "00A4040C05A000000530", "6A82", "SELECT by an AID that is not there"},
	{"AC2014", "00B0810010", "6A86", "READ BINARY with a short identifier"},
	{"AC2014", "00B00000", "6700", "READ BINARY without Le"},
	{"AC2014", "00B000000101", "6700", "READ BINARY with data"},
	{"AC2014", "00B1000000", "6D00", "READ BINARY, odd INS"},
	{"AC2014", "00B2010500", "6A86", "READ RECORD, all from a number on"},
	{"AC2014", "00B2010C00", "6A86", "READ RECORD with a short identifier"},
	{"AC2014", "00D6800001 30", "6A86", "UPDATE BINARY with a short identifier"},
	{"AC2014", "00D60000", "6700", "UPDATE BINARY without data"},
	{"AC2014", "00D0000001 30", "6D00", "WRITE BINARY"},
	{"AC2014", "000E0000", "6D00", "ERASE BINARY"},
	{"AC2014", "00E20100020100", "6A86", "APPEND RECORD with P1 01"},
	{"AC2014", "00DC0102020100", "6A86", "UPDATE RECORD with P2 02"},
	{"AC2014", "00E03800 02 6F00", "6A86", "CREATE FILE with P1 38, as on the LASER applet"},
	{"AC2014", "00E00000", "6700", "CREATE FILE without FCP"},
	{"AC2014", "00E00000026F00", "6A80", "CREATE FILE with an empty FCP"},
	{"AC2014", "00E000000F 6F0D 81020010 8203020000 83021500", "6A80", "CREATE FILE, linear fixed"},
	{"AC2014", "00E000000F 6F0D 81020010 8203060000 83021500", "6A80", "CREATE FILE, cyclic"},
	{"AC2014", "00E000000F 6F0D 81020010 8203380000 83023F00", "6A80", "CREATE FILE, identifier of the MF"},
	{"AC2014", "00E000000F 6F0D 81020010 8203380000 8302FFFF", "6A80", "CREATE FILE, reserved identifier"},
	{"AC2014", "00E0000012 6F10 81020010 8203380000 83021500 990100", "6A80", "CREATE FILE, unknown tag"},
	{"AC2014", "00E0000013 6F11 81020010 81020010 8203380000 83021500", "6A80", "CREATE FILE, size twice"},
	{"AC2014", "00E000000C 6F0A 8203380000 83021500 00", "6A80", "CREATE FILE, a template that is no run of TLVs"},
	{"AC2014", "00E401000411001101", "6A86", "DELETE FILE with P1 01"},
	{"AC2014", "00E4000004 11001101", "6700", "DELETE FILE by path"},
	{"AC2014", "0020011008" + pin, "6A86", "VERIFY with P1 01"},
	{"AC2014", "0020001005 3132333435", "6700", "VERIFY without padding"},
	{"AC2014", "0020000008" + pin, "6A88", "VERIFY without a reference"},
	{"AC2014", "0024021008" + pin, "6A86", "CHANGE REFERENCE DATA with P1 02"},
	{"AC2014", "0024001008" + pin, "6700", "CHANGE REFERENCE DATA with half its data"},
	{"AC2014", "002C041008" + pin, "6A86", "RESET RETRY COUNTER with P1 04"},
	{"AC2014", "002C001008" + puk, "6700", "RESET RETRY COUNTER with half its data"},
	{"AC2014", "00220303", "6A86", "MSE RESTORE with P1 03, as on CardOS"},
	{"AC2014", "002241B803830101", "6A86", "MSE SET with P1 41, as on CardOS and ChipDoc"},
	{"AC2014", "0022F1B703830101", "6A86", "MSE SET of a key agreement"},
	{"AC2014", "0022F1B80483020001", "6700", "MSE SET with a reference of two bytes"},
	{"AC2014", "0022F1B803850101", "6A80", "MSE SET with tag 85"},
	{"AC2014", "0022F30301 00", "6700", "MSE RESTORE with data"},
	{"AC2014", "002A868002 0001", "6A86", "PSO ENCIPHER"},
	{"AC2014", "002A9E8A02 0001", "6A86", "PSO with a padding in P2, as on the LASER applet"},
	{"AC2014", "002A90A002 0001", "6A86", "PSO HASH"},
	{"AC2014", "002A8086", "6700", "PSO without data"},
	{"AC2014", "0047000000", "6D00", "GENERATE KEY PAIR with INS 47, as on the LASER applet"},
	{"AC2014", "0046010008 20017EAD00100020", "6A86", "GENERATE KEY PAIR with P1 01"},
	{"AC2014", "0046100008 20017EAD00100020", "6A86", "P2 is another key"},
	{"AC2014", "0046000007 20017EAD001000", "6700", "GENERATE KEY PAIR with seven bytes"},
	{"AC2014", "0046000008 21017EAD00100020", "6A80", "not a PSO object"},
	{"AC2014", "0046000008 20017EAD00100010", "6A80", "65537 does not fit 16 bits"},
	{"AC2014", "0046000008 20017EAD00100048", "6A80", "an exponent over 64 bits"},
	{"AC2014", "00DA016C01 00", "6A86", "PUT DATA of another template"},
	{"AC2014", "00DA026E01 00", "6A86", "PUT DATA with P1 02"},
	{"AC2014", "00DB3FFF01 00", "6D00", "PUT DATA, odd INS"},
	{"AC2014", "00DA016E03 830210", "6A80", "an object cut short"},
	{"AC2014", "00DA016D06 830103860200", "6A80", "an environment without keys"},
	{"AC2014", "00DA016F04 84020001", "6A80", "an AID of two bytes"},
	{"AC2014", "9024220100", "6A86", "CHANGE KEY DATA of class 22"},
	{"AC2014", "9024210500", "6A88", "CHANGE KEY DATA of a key that is not there"},
	{"AC2014", "9020001008" + pin, "6E00", "class 90 with another INS"},
	{"AC2014", "0084010008", "6A86", "GET CHALLENGE with P1 01"},
	{"AC2014", "00840000", "6700", "GET CHALLENGE without Le"},
	{"AC2014", "0082000008 0000000000000000", "6D00", "EXTERNAL AUTHENTICATE"},
	{"AC2014", "0088000008 0000000000000000", "6D00", "INTERNAL AUTHENTICATE"},
	{"AC2014", "00CA018108", "6D00", "GET DATA where there is none"},
	{"CRS", "00CA008108", "6A86", "GET DATA with P1 00"},
	{"AC2014", "00C0000100", "6A86", "GET RESPONSE with P2 01"},
	{"AC2014", "10C0000000", "6E00", "GET RESPONSE in a chain"},
	{"AC2014", "0070000001", "6D00", "MANAGE CHANNEL"},
	{"AC2014", "01A4000C023F00", "6E00", "a logical channel"},
	{"AC2014", "0CA4000C023F00", "6E00", "secure messaging"},
	{"AC2014", "80100000", "6E00", "life cycle toggle of CardOS"},
	{"CRS", "80EA0000", "6E00", "logout of CardOS"},
	{"AC2014", "B0F50000", "6E00", "erase all files of Incrypto34"},
	{"AC2014", "B0FC000003", "6E00", "list files of Incrypto34"},
	{"CRS", "8016020003", "6E00", "list files of CardOS"},
	{"AC2014", "10D6000001 30", "6884", "UPDATE BINARY in a chain"},
	{"AC2014", "102A8086", "6700", "a part of a chain without data"},
	{"AC2014", "00B00000000010", "6700", "extended length on a card without it"},
	{"AC2014", "00A4080C0000021100", "6700", "extended length on a card without it, although short would do"},
}

func TestRefused(t *testing.T) {
	cards := map[string]*Card{}
	for _, r := range refused {
		if cards[r.series] == nil {
			cards[r.series] = issued(t, r.series)
		}
		c := cards[r.series].Clone()
		before, _ := c.encode()
		data, sw := send(t, c, r.command)
		if sw != r.sw || len(data) != 0 {
			t.Errorf("%s: %s answers %X %s, want %s", r.why, r.command, data, sw, r.sw)
		}
		if after, _ := c.encode(); !bytes.Equal(before, after) {
			t.Errorf("%s: the refused command changed the card", r.why)
		}
	}
}

// The forms of an OCI that are not those documented get 6A80 (docs/CARDS.md §6.1; §9 row 7 and 16).
func TestOCI(t *testing.T) {
	good := oci(0x20, 0x12, 128, "1010FFFFFFFF00")
	c := prepared(t, "AC2014")
	at := []string{"0020001008" + pin, path(c.model.NewSlots.Value[0].Key.DF)}
	long := oci(0x20, 0x12, 256, "1010FF")
	short := func(b []byte, from int, with ...byte) []byte {
		return append(append(append([]byte(nil), b[:from]...), with...), b[from+len(with):]...)
	}
	value := bytes.IndexByte(good, 0x8F)
	valueLong := bytes.IndexByte(long, 0x8F)
	for _, x := range []struct {
		name string
		data []byte
		sw   string
	}{
		{"128 bytes, 7 of access", good, "9000"},
		{"128 bytes, 3 of access", oci(0x20, 0x12, 128, "1010FF"), "9000"},
		{"128 bytes, 10 of access", oci(0x20, 0x12, 128, "1010FFFFFFFF00FFFFFF"), "9000"},
		{"256 bytes", long, "9000"},
		{"with 8B", append(append(append([]byte(nil), good[:value]...),
			append([]byte{0x8B, 0x10}, bytes.Repeat([]byte{0xFF}, 16)...)...), good[value:]...), "9000"},
		{"4 of access", oci(0x20, 0x12, 128, "1010FFFF"), "6A80"},
		{"class 22", oci(0x22, 0x12, 128, "1010FF"), "6A80"},
		{"modulus as the last component", short(good, 6, 0x02), "6A80"},
		{"algorithm 03", short(good, 8, 0x03), "6A80"},
		{"a use counter", short(good, 10, 0x05), "6A80"},
		{"BER length around 128 bytes", append(append(append([]byte(nil), good[:value]...), 0x8F, 0x81),
			good[value+1:]...), "6A80"},
		{"256 bytes without the inner length",
			append(append(append([]byte(nil), long[:valueLong]...), 0x8F, 0x82, 0x01, 0x00), long[valueLong+8:]...),
			"6A80"},
		{"a byte too many", append(append([]byte(nil), good...), 0xFF), "6A80"},
		{"a byte too few", good[:len(good)-1], "6A80"},
		{"empty", []byte{}, "6A80"},
	} {
		k := c.Clone()
		must(t, k, at...)
		list := apdu("00DA016E", x.data)
		must(t, k, list[:len(list)-1]...)
		if _, sw := send(t, k, list[len(list)-1]); sw != x.sw {
			t.Errorf("%s: %s, want %s", x.name, sw, x.sw)
		}
	}
}
