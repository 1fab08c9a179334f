// SPDX-License-Identifier: EUPL-1.2

package errorreport

import (
	"bytes"
	"encoding/base64"
	"encoding/pem"
	"mime/quotedprintable"
	"strings"
	"testing"
)

// TestUnwrap changes files as mail does: a ciphertext may end in any byte, in one of a line's end too.
func TestUnwrap(t *testing.T) {
	for _, last := range []byte{1, '\n', '\r'} {
		file := append([]byte{0x30, 0x82, 0x00, 0xFC, 0x00, '\n', '\r', '=', 0xFF},
			bytes.Repeat([]byte{0xA5, '.'}, 123)...)
		unwraps(t, append(file, last))
	}
	for _, other := range []string{"", "PK\x03\x04", "Buongiorno.\n\nNon funziona.", "\x00\x01",
		"\x30\x02\x00\x00more\n"} {
		if got := unwrap([]byte(other)); string(got) != other {
			t.Errorf("%q became %q", other, got)
		}
	}
}

func unwraps(t *testing.T, file []byte) {
	t.Helper()
	var lines strings.Builder
	for text := base64.StdEncoding.EncodeToString(file); text != ""; text = text[min(76, len(text)):] {
		lines.WriteString(text[:min(76, len(text))] + "\r\n")
	}
	encoded := lines.String()
	var quoted bytes.Buffer
	w := quotedprintable.NewWriter(&quoted)
	w.Binary = true
	if _, err := w.Write(file); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	const part = "Content-Type: application/pkcs7-mime; name=ErrorLogs.zip.p7e\r\n" +
		"Content-Transfer-Encoding: base64\r\n\r\n"
	for name, changed := range map[string]string{
		"nothing":             string(file),
		"an end of line more": string(file) + "\r\n",
		"base64":              encoded,
		"base64 in one line":  base64.StdEncoding.EncodeToString(file),
		"a part":              part + encoded,
		"a message in parts": "From: a@example\r\nTo: b@example\r\nMIME-Version: 1.0\r\n\r\n--x\r\n" +
			"Content-Type: text/plain\r\n\r\nBuongiorno.\r\n\r\n--x\r\n" + part + encoded + "\r\n--x--\r\n",
		"PEM":               string(pem.EncodeToMemory(&pem.Block{Type: "PKCS7", Bytes: file})),
		"a byte order mark": "\xEF\xBB\xBF" + encoded,
		"quoted-printable":  quoted.String(),
	} {
		if got := unwrap([]byte(changed)); !bytes.Equal(got, file) {
			t.Errorf("%s: %X, want %X", name, got, file)
		}
	}
}
