// SPDX-License-Identifier: EUPL-1.2

package errorreport

import (
	"archive/zip"
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"rinnova.example/go/card/transcript"
	"rinnova.example/go/durable"
)

// Reasons for which Open refuses a file.
var (
	ErrTooLarge     = errors.New("larger than a report can be")
	ErrTruncated    = errors.New("the file is cut short")
	ErrForeign      = errors.New("not an error report of this program")
	ErrNotRecipient = errors.New("sealed for another key")
	ErrTampered     = errors.New("the file was changed after it was sealed")
	ErrNewer        = errors.New("written by a newer program")
)

// Names inside the ZIP.
const (
	manifestName   = "manifest.json"
	transcriptName = "transcript.txt"
)

// Sealed is a report that only the desk can read. Nothing else is ever saved.
type Sealed []byte

// Seal encrypts a report and its transcript, which may be nil, for the recipients that are in date. It refuses a
// report with a malformed field, and, with ErrTooLarge, a file larger than MaxSize.
func Seal(r *Report, t *transcript.Transcript, recipients Recipients, random io.Reader) (Sealed, error) {
	valid, err := recipients.at(r.Created)
	if err != nil {
		return nil, err
	}
	manifest, err := r.encode()
	if err != nil {
		return nil, err
	}
	files := []packed{{manifestName, manifest}}
	if t != nil {
		files = append(files, packed{transcriptName, redact(t).Encode()})
	}
	archive, err := pack(files, r.Created)
	if err != nil {
		return nil, err
	}
	sealed, err := seal(len(archive), func(head []byte) []byte {
		copy(archive[len(archive)-digestSize:], digest(head, archive))
		return archive
	}, valid, random)
	if err != nil {
		return nil, err
	}
	if len(sealed) > MaxSize {
		return nil, ErrTooLarge
	}
	return sealed, nil
}

// Save writes the file, whole or not at all, with mode 0600. It replaces a file of that name.
func (s Sealed) Save(path string) error { return durable.WriteFile(path, s, 0o600) }

type packed struct {
	name    string
	content []byte
}

// The archive's comment is a digest, in hexadecimal, of the file up to the ciphertext and of the archive up to the
// comment, because CBC does not detect changes. It does not prove who made the file: all that have the desk's
// certificate can seal one.
const digestSize = 2 * sha256.Size

func digest(head, archive []byte) []byte {
	h := sha256.New()
	h.Write(head)
	h.Write(archive[:len(archive)-digestSize])
	return hex.AppendEncode(nil, h.Sum(nil))
}

func pack(files []packed, at time.Time) ([]byte, error) {
	var b bytes.Buffer
	w := zip.NewWriter(&b)
	total := 0
	for _, f := range files {
		if total += len(f.content); total > MaxSize {
			return nil, ErrTooLarge
		}
		e, err := w.CreateHeader(&zip.FileHeader{Name: f.name, Method: zip.Deflate, Modified: at})
		if err != nil {
			return nil, err
		}
		if _, err := e.Write(f.content); err != nil {
			return nil, err
		}
	}
	if err := errors.Join(w.SetComment(strings.Repeat("0", digestSize)), w.Close()); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// Open decrypts a file with a desk's key and parses it. The certificate selects the recipient; it may be nil, but
// then a changed recipient looks like another key. Open refuses a file with ErrTooLarge, ErrTruncated, ErrForeign,
// ErrNotRecipient, ErrTampered or ErrNewer. It also reads a file in the encodings of mail.
func Open(file []byte, key crypto.Decrypter, certificate *x509.Certificate) (*Report, *transcript.Transcript, error) {
	if len(file) > MaxMailed {
		return nil, nil, ErrTooLarge
	}
	if file = unwrap(file); len(file) > MaxSize {
		return nil, nil, ErrTooLarge
	}
	e, err := parseEnvelope(file)
	if err != nil {
		return nil, nil, err
	}
	archive, err := e.open(key, certificate)
	if err != nil {
		return nil, nil, err
	}
	if len(archive) < digestSize || !bytes.Equal(archive[len(archive)-digestSize:], digest(e.head, archive)) {
		return nil, nil, ErrTampered
	}
	return unpack(archive)
}

// unpack reads the manifest from an archive, and then the transcript if the manifest has one.
func unpack(archive []byte) (*Report, *transcript.Transcript, error) {
	bad := func(what string) error { return fmt.Errorf("%w: %s", ErrForeign, what) }
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		return nil, nil, bad("no archive")
	}
	if len(z.File) == 0 || len(z.File) > 2 || z.File[0].Name != manifestName ||
		len(z.File) == 2 && z.File[1].Name != transcriptName {
		return nil, nil, bad("other files in the archive")
	}
	left := int64(MaxSize)
	var contents [][]byte
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			return nil, nil, bad("archive")
		}
		b, err := io.ReadAll(io.LimitReader(r, left+1)) // the sizes in the archive may be false
		if left -= int64(len(b)); left < 0 {
			return nil, nil, ErrTooLarge
		}
		if err != nil {
			return nil, nil, bad("archive")
		}
		contents = append(contents, b)
	}
	report, err := parseManifest(contents[0])
	if err != nil {
		return nil, nil, err
	}
	if (report.Transcript != nil) != (len(contents) == 2) {
		return nil, nil, bad("transcript")
	}
	if report.Transcript == nil {
		return report, nil, nil
	}
	t, err := transcript.Parse(contents[1])
	if err != nil {
		return nil, nil, bad("transcript")
	}
	return report, t, nil
}

func parseManifest(b []byte) (*Report, error) {
	var version struct {
		Format int `json:"format"`
	}
	if err := json.Unmarshal(b, &version); err != nil {
		return nil, fmt.Errorf("%w: %s", ErrForeign, manifestName)
	}
	if version.Format > Format {
		return nil, ErrNewer
	}
	r := new(Report)
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(r); err != nil || d.More() {
		return nil, fmt.Errorf("%w: %s", ErrForeign, manifestName)
	}
	if err := r.check(); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrForeign, err)
	}
	return r, nil
}
