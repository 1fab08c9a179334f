// SPDX-License-Identifier: EUPL-1.2

package errorreport

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime/quotedprintable"
)

// MaxMailed is what a report may have as mail carries it: encoded, with the head of its part.
const MaxMailed = 2 * MaxSize

// unwrap undoes what mail does to a file: the encodings of RFC 2045 §6.7 and §6.8, with the head of the part or of a
// message in front, as some programs save it, or PEM's lines, and ends of lines behind the file. A file that is none
// of these is returned as it is.
func unwrap(file []byte) []byte {
	if len(file) > 1 && file[0] == 0x30 && file[1] != '=' { // "0=82" is quoted-printable
		return bytes.TrimRight(file, "\r\n")
	}
	text := bytes.TrimLeft(bytes.ReplaceAll(file, []byte("\r\n"), []byte("\n")), "\xEF\xBB\xBF \t\n")
	bodies := [][]byte{text}
	for rest := text; ; { // the body begins after an empty line; of a message in parts, after a later one
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

// decoded reads lines of base64 up to the first that is none, or else quoted-printable; nil where it is neither.
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
