// SPDX-License-Identifier: EUPL-1.2

package errorreport

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime/quotedprintable"
)

// MaxMailed is the largest report in the encodings of mail, with the headers of its part, in bytes.
const MaxMailed = 2 * MaxSize

// unwrap decodes a file that was saved from mail: the encodings of RFC 2045 §6.7 and §6.8, with the headers of the
// part or of the message in front, as some programs save it; PEM lines; and line ends behind the file. It returns any
// other file unchanged.
func unwrap(file []byte) []byte {
	if len(file) > 1 && file[0] == 0x30 && file[1] != '=' { // "0=82" is quoted-printable
		n, err := wholeLength(file)
		if err != nil || len(bytes.Trim(file[n:], "\r\n")) > 0 {
			return file
		}
		return file[:n] // and no byte less: the ciphertext may end in 0A or 0D
	}
	text := bytes.TrimLeft(bytes.ReplaceAll(file, []byte("\r\n"), []byte("\n")), "\xEF\xBB\xBF \t\n")
	bodies := [][]byte{text}
	for rest := text; ; { // the body starts after an empty line; in a multipart message, after a later one
		_, body, found := bytes.Cut(rest, []byte("\n\n"))
		if !found {
			break
		}
		bodies, rest = append(bodies, body), body
	}
	for _, body := range bodies {
		if b := decoded(body); len(b) > 0 && b[0] == 0x30 {
			return b
		}
	}
	return file
}

// decoded decodes the leading lines of base64, or else quoted-printable; it returns nil where the body is neither.
func decoded(body []byte) []byte {
	var lines []byte
	for line := range bytes.Lines(body) {
		line = bytes.TrimSpace(line)
		if bytes.HasPrefix(line, []byte("-----BEGIN ")) {
			continue
		}
		if len(line) == 0 || bytes.HasPrefix(line, []byte("--")) {
			break
		}
		lines = append(lines, line...)
	}
	if b, err := base64.StdEncoding.DecodeString(string(lines)); err == nil {
		return b
	}
	if b, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(body))); err == nil {
		return b
	}
	return nil
}
