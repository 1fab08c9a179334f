// SPDX-License-Identifier: EUPL-1.2

// Package update tells whether a newer version of the program is published. It reads a manifest that the maintainers
// signed in minisign's format. It downloads only the manifest and its signature, and installs nothing. It knows
// nothing of cards.
package update

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"aead.dev/minisign"
	"golang.org/x/mod/semver"
)

// Errors of a manifest. With each of them it is not known whether there is a newer version.
var (
	ErrSignature = errors.New("the manifest is not signed by a key of this program")
	ErrManifest  = errors.New("malformed manifest")
)

// ManifestName is the manifest's file; its signature stands beside it, with SignatureSuffix added to the name.
const (
	ManifestName    = "manifest.json"
	SignatureSuffix = ".minisig"
)

// Sizes of what is read, in bytes.
const (
	maxManifest  = 256 << 10
	maxSignature = 2 << 10
)

// format is the version of the manifest's layout; others are refused. Unknown members are ignored.
const format = 1

// Manifest describes one release. Its serial number grows with every signed manifest. It is in force only between
// Issued and Expires.
type Manifest struct {
	Format  int       `json:"format"`
	Serial  uint64    `json:"serial"`
	Version string    `json:"version"` // Semantic Versioning 2.0.0, without v
	Minimum string    `json:"minimum"` // the oldest version that is still looked after
	Issued  time.Time `json:"issued"`
	Expires time.Time `json:"expires"`
	Files   []File    `json:"files"`
}

// File is one package of the release.
type File struct {
	Name     string `json:"name"`
	Platform string `json:"platform"` // as on the download page: windows-x64, debian-amd64, ...
	Size     int64  `json:"size"`     // bytes
	SHA256   string `json:"sha256"`   // lower case hexadecimal
}

var (
	fileName     = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z._~+-]{0,127}$`)
	platformName = regexp.MustCompile(`^[0-9a-z][0-9a-z_-]{0,63}$`)
)

// check refuses a manifest that contradicts itself or contains text that must not be shown to a person.
func (m *Manifest) check() error {
	version := func(s string) bool { return len(s) <= 64 && semver.IsValid("v"+s) && strings.Count(s, ".") >= 2 }
	switch {
	case m.Format != format:
		return fmt.Errorf("%w: format %d", ErrManifest, m.Format)
	case m.Serial == 0:
		return fmt.Errorf("%w: no serial number", ErrManifest)
	case !version(m.Version) || !version(m.Minimum):
		return fmt.Errorf("%w: a malformed version", ErrManifest)
	case semver.Compare("v"+m.Minimum, "v"+m.Version) > 0:
		return fmt.Errorf("%w: the minimum is newer than the version", ErrManifest)
	case m.Issued.IsZero() || !m.Issued.Before(m.Expires):
		return fmt.Errorf("%w: it expires before it is issued", ErrManifest)
	}
	seen := map[string]bool{}
	for _, f := range m.Files {
		sum, err := hex.DecodeString(f.SHA256)
		if !fileName.MatchString(f.Name) || !platformName.MatchString(f.Platform) || f.Size <= 0 || err != nil ||
			len(sum) != 32 || f.SHA256 != strings.ToLower(f.SHA256) || seen[f.Name] {
			return fmt.Errorf("%w: file %q", ErrManifest, f.Name)
		}
		seen[f.Name] = true
	}
	return nil
}

// Encode returns the manifest's bytes, the same for the same manifest, or why it is malformed.
func (m *Manifest) Encode() ([]byte, error) {
	c := *m
	c.Format, c.Issued, c.Expires = format, m.Issued.UTC().Truncate(time.Second), m.Expires.UTC().Truncate(time.Second)
	c.Files = slices.Clone(m.Files)
	slices.SortFunc(c.Files, func(a, b File) int { return strings.Compare(a.Name, b.Name) })
	if err := c.check(); err != nil {
		return nil, err
	}
	b, err := json.MarshalIndent(c, "", "  ")
	return append(b, '\n'), err
}

// Parse reads a manifest whose signature was verified.
func Parse(b []byte) (*Manifest, error) {
	m := &Manifest{}
	if err := json.Unmarshal(b, m); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrManifest, err)
	}
	return m, m.check()
}

// For lists the packages for an operating system and processor, by Go's names for them.
func (m *Manifest) For(system, processor string) []File {
	systems := map[string][]string{"windows": {"windows"}, "linux": {"debian", "fedora", "linux"},
		"darwin": {"macos"}}[system]
	processors := map[string][]string{"amd64": {"x64", "amd64", "x86_64"}, "arm64": {"arm64", "aarch64"},
		"386": {"x86", "386"}}[processor]
	var list []File
	for _, f := range m.Files {
		part := strings.Split(f.Platform, "-")
		if len(part) >= 2 && slices.Contains(systems, part[0]) && slices.Contains(processors, part[1]) {
			list = append(list, f)
		}
	}
	return list
}

// Published is a package with the address where a service publishes it.
type Published struct {
	File
	Address string `json:"address"`
}

// Published lists the packages of For with their addresses at a service. It lists none for an address that
// packagesURL refuses.
func (m *Manifest) Published(service *url.URL, system, processor string) []Published {
	folder, err := packagesURL(service)
	if err != nil {
		return nil
	}
	var list []Published
	for _, f := range m.For(system, processor) {
		list = append(list, Published{f, folder.JoinPath(f.Name).String()})
	}
	return list
}

// Status is how a version compares with a manifest.
type Status string

const (
	Current     Status = "current"
	Newer       Status = "newer"       // there is one
	Unsupported Status = "unsupported" // there is one, and the present one is not looked after any more
)

// Compare compares a program's version with the manifest, in the order of Semantic Versioning 2.0.0 §11. A malformed
// version is older than any, but never unsupported.
func (m *Manifest) Compare(version string) Status {
	own := "v" + version
	switch {
	case semver.IsValid(own) && semver.Compare(own, "v"+m.Minimum) < 0:
		return Unsupported
	case semver.Compare(own, "v"+m.Version) < 0:
		return Newer
	}
	return Current
}

// Keys are the public keys that may sign a manifest: several, so that one can take another's place.
type Keys []minisign.PublicKey

// ParseKeys reads keys in minisign's one-line form, separated by commas. No text is no key.
func ParseKeys(s string) (Keys, error) {
	var keys Keys
	for one := range strings.SplitSeq(s, ",") {
		if one = strings.TrimSpace(one); one == "" {
			continue
		}
		var k minisign.PublicKey
		if err := k.UnmarshalText([]byte(one)); err != nil {
			return nil, err
		}
		keys = append(keys, k)
	}
	return keys, nil
}

// Verify reads a manifest if one of the keys signed it as a manifest, and says which. A signature of the old kind,
// over the bytes themselves, is refused: a signature of any file would serve as one of its hash. So is one that was
// made for a file of another name.
func (k Keys) verify(manifest, signature []byte) (*Manifest, uint64, error) {
	var s minisign.Signature
	if err := s.UnmarshalText(signature); err != nil {
		return nil, 0, fmt.Errorf("%w: %w", ErrSignature, err)
	}
	if s.Algorithm != minisign.HashEdDSA ||
		!slices.Contains(strings.Split(s.TrustedComment, "\t"), "file:"+ManifestName) {
		return nil, 0, ErrSignature
	}
	for _, key := range k {
		if minisign.Verify(key, manifest, signature) {
			m, err := Parse(manifest)
			return m, key.ID(), err
		}
	}
	return nil, 0, ErrSignature
}

// Sign returns the signature of a file of that name, as `minisign -S` writes it: the same bytes for the same time.
func Sign(key minisign.PrivateKey, name string, content io.Reader, at time.Time) ([]byte, error) {
	r := minisign.NewReader(content)
	if _, err := io.Copy(io.Discard, r); err != nil {
		return nil, err
	}
	return r.SignWithComments(key, fmt.Sprintf("timestamp:%d\tfile:%s\thashed", at.Unix(), name), "signature of "+name),
		nil
}
