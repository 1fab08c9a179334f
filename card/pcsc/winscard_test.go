// SPDX-License-Identifier: EUPL-1.2

package pcsc

import (
	"bytes"
	"encoding/hex"
	"errors"
	"runtime"
	"slices"
	"strings"
	"testing"

	"rinnova.example/go/card/pinpad"
)

// Sizes of SCARD_READERSTATE as the systems' C headers give them: pcsclite.h (8-byte unsigned long,
// rgbAtr[33], padded), macOS winscard.h (#pragma pack(1), rgbAtr[33]), winscard.h of the Windows SDK
// (rgbAtr[36]).
func TestReaderStateSize(t *testing.T) {
	want, ok := map[string]int{
		"linux/amd64": 80, "linux/arm64": 80,
		"darwin/amd64": 61, "darwin/arm64": 61,
		"windows/amd64": 64, "windows/arm64": 64, "windows/386": 56,
	}[runtime.GOOS+"/"+runtime.GOARCH]
	if !ok || stateSize != want {
		t.Errorf("SCARD_READERSTATE has %d bytes on %s/%s, want %d", stateSize, runtime.GOOS, runtime.GOARCH, want)
	}
}

// CM_IOCTL_GET_FEATURE_REQUEST, SCARD_CTL_CODE(3400): 42000000h + 3400 in pcsc-lite's reader.h and in Apple's PCSC;
// CTL_CODE(FILE_DEVICE_SMARTCARD = 31h, 3400, METHOD_BUFFERED, FILE_ANY_ACCESS) in the Windows SDK, 31h<<16 + 3400<<2.
func TestControlCode(t *testing.T) {
	want := map[string]uintptr{"linux": 0x42000D48, "darwin": 0x42000D48, "windows": 0x00313520}[runtime.GOOS]
	if got := controlCode(pinpad.GetFeatureRequest); got != want {
		t.Errorf("%08X on %s, want %08X", got, runtime.GOOS, want)
	}
}

func TestSplitNames(t *testing.T) {
	for _, test := range []struct {
		in   string
		want []string
	}{
		{"", nil},
		{"\x00", nil},
		{"a\x00\x00", []string{"a"}},
		{"Virtual PCD 00 00\x00Lettore è\x00\x00", []string{"Virtual PCD 00 00", "Lettore è"}},
		{"a\x00\x00behind the end\x00", []string{"a"}},
		{"a\x00cut", []string{"a"}},
	} {
		var buf []char
		for part := range strings.SplitAfterSeq(test.in, "\x00") {
			name := encodeName(strings.TrimSuffix(part, "\x00"))
			if !strings.HasSuffix(part, "\x00") {
				name = name[:len(name)-1]
			}
			buf = append(buf, name...)
		}
		if got := splitNames(buf); !slices.Equal(got, test.want) {
			t.Errorf("%q: %q, want %q", test.in, got, test.want)
		}
	}
}

func TestFind(t *testing.T) {
	names := []string{"Reader A", "Reader B", "0"}
	for text, want := range map[string]string{
		"Reader B": "Reader B", "1": "Reader B", "2": "0", "01": "Reader B",
		"0": "0", // an exact name goes before a number
	} {
		if got, err := find(names, text); err != nil || got != want {
			t.Errorf("%q: %q, %v, want %q", text, got, err, want)
		}
	}
	for _, text := range []string{"", "3", "-1", "+1", "1x", "Reader", "reader b", "99999999999999999999"} {
		if got, err := find(names, text); !errors.Is(err, ErrNoReader) {
			t.Errorf("%q: %q, %v, want ErrNoReader", text, got, err)
		}
	}
	if _, err := find(nil, "0"); !errors.Is(err, ErrNoReader) {
		t.Errorf("no reader at all: %v", err)
	}
}

// ISO/IEC 7816-3 §12.2: what goes over T=0 for each short form of a command.
func TestTPDU(t *testing.T) {
	for in, want := range map[string]string{
		"00440000":             "0044000000",           // case 1: P3 is 00
		"00B0000010":           "00B0000010",           // case 2
		"00A40000023F00":       "00A40000023F00",       // case 3
		"00A40000023F0000":     "00A40000023F00",       // case 4: no Le
		"002A9E9A0301020300":   "002A9E9A03010203",     // case 4
		"00D60000000100AA":     "00D60000000100AA",     // extended: as it is
		"00D600000001 00AA 00": "00D600000001 00AA 00", // extended
	} {
		b, err := hex.DecodeString(strings.ReplaceAll(in, " ", ""))
		w, err2 := hex.DecodeString(strings.ReplaceAll(want, " ", ""))
		if err != nil || err2 != nil {
			t.Fatal(err, err2)
		}
		before := bytes.Clone(b)
		if got := tpdu(b); !bytes.Equal(got, w) {
			t.Errorf("%s: %X, want %s", in, got, want)
		}
		if !bytes.Equal(b, before) {
			t.Errorf("%s: the caller's command was changed", in)
		}
	}
}

func TestExchanged(t *testing.T) {
	const empty = 0x0010
	for _, test := range []struct {
		before, after uint32
		want          bool
	}{
		{0x00010000 | statePresent, 0x00030000 | statePresent, true},
		{0x00010000 | statePresent, 0x00010000 | statePresent | stateInUse, false},
		{0x00010000 | statePresent, 0x00020000 | empty, false},
		{0x00020000 | empty, 0x00030000 | statePresent, false},
		{0x00020000 | empty, 0x00040000 | empty, false},
		{0xFFFF0000 | statePresent, 0x00000000 | statePresent, true}, // the counter begins again
	} {
		if got := exchanged(test.before, test.after); got != test.want {
			t.Errorf("%08X, %08X: %v", test.before, test.after, got)
		}
	}
}

// Codes and names from winerror.h and pcsclite.h.
func TestFault(t *testing.T) {
	for rv, want := range map[code]error{
		0x8010001D: ErrNoService,    // SCARD_E_NO_SERVICE
		0x8010001E: ErrNoService,    // SCARD_E_SERVICE_STOPPED
		0x80100003: ErrNoService,    // SCARD_E_INVALID_HANDLE
		0x80100009: ErrNoReader,     // SCARD_E_UNKNOWN_READER
		0x80100017: ErrNoReader,     // SCARD_E_READER_UNAVAILABLE
		0x8010002E: ErrNoReader,     // SCARD_E_NO_READERS_AVAILABLE
		0x8010000C: ErrNoCard,       // SCARD_E_NO_SMARTCARD
		0x80100069: ErrNoCard,       // SCARD_W_REMOVED_CARD
		0x80100066: ErrMute,         // SCARD_W_UNRESPONSIVE_CARD
		0x80100067: ErrMute,         // SCARD_W_UNPOWERED_CARD
		0x8010000F: ErrMute,         // SCARD_E_PROTO_MISMATCH
		0x8010006A: ErrNotPermitted, // SCARD_W_SECURITY_VIOLATION
		0x8010000B: ErrBusy,         // SCARD_E_SHARING_VIOLATION
		0x80100068: ErrReset,        // SCARD_W_RESET_CARD
	} {
		if err := fault(rv); !errors.Is(err, want) ||
			!strings.Contains(err.Error(),
				strings.ToUpper(hex.EncodeToString([]byte{byte(rv >> 24), byte(rv >> 16), byte(rv >> 8), byte(rv)}))) {
			t.Errorf("%08X: %v, want %v", uint32(rv), err, want)
		}
	}
	if err := fault(0x80100016); errors.Is(err, ErrNoService) || errors.Is(err, ErrNoCard) ||
		!strings.Contains(err.Error(), "80100016") {
		t.Errorf("SCARD_E_NOT_TRANSACTED: %v", err)
	}
}
