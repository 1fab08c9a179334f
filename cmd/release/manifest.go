// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"aead.dev/minisign"

	"rinnova.example/go/citizen/update"
	"rinnova.example/go/durable"
	"rinnova.example/go/service/portal"
)

type manifestCommand struct {
	secret
	Dir     string `required:"" type:"path" placeholder:"DIR" help:"Folder of the packages."`
	Version string `required:"" help:"Version of the release, for example 1.2.0."`
	Minimum string `required:"" help:"The oldest version that is still looked after."`
	Serial  uint64 `required:"" help:"Number of the manifest; it only ever grows, over all releases."`
	Expires string `required:"" placeholder:"DATE" help:"The last day on which the manifest is in force, or an RFC 3339 time."`
	Issued  string `placeholder:"TIME" help:"RFC 3339; without, SOURCE_DATE_EPOCH or now."`
	Key     string `required:"" type:"path" placeholder:"FILE" help:"The release key's file."`
}

// Run signs every package that the download page would offer, and writes the manifest that lists them. It refuses a
// package of another version, a folder without packages, and a serial number that a manifest there has used for
// something else.
func (c *manifestCommand) Run(p *program) error {
	m := &update.Manifest{Serial: c.Serial, Version: c.Version, Minimum: c.Minimum}
	var err error
	if m.Issued, err = c.issued(); err != nil {
		return err
	}
	if m.Expires, err = expiry(c.Expires); err != nil {
		return err
	}
	key, err := c.read(c.Key)
	if err != nil {
		return err
	}
	names, err := c.packages(p)
	if err != nil {
		return err
	}
	signatures := map[string][]byte{}
	for _, n := range names {
		platform, _, _ := portal.PackageOf(n)
		f := update.File{Name: n, Platform: platform}
		if f.Size, f.SHA256, signatures[n], err = c.sign(key, n, m.Issued); err != nil {
			return err
		}
		m.Files = append(m.Files, f)
	}
	b, err := m.Encode()
	if err != nil {
		return err
	}
	if err := c.grows(m.Serial, b); err != nil {
		return err
	}
	signature, err := update.Sign(key, update.ManifestName, bytes.NewReader(b), m.Issued)
	if err != nil {
		return err
	}
	for _, n := range names {
		if err := durable.WriteFile(filepath.Join(c.Dir, n+update.SignatureSuffix), signatures[n], 0o644); err != nil {
			return err
		}
	}
	if err := errors.Join(durable.WriteFile(filepath.Join(c.Dir, update.ManifestName), b, 0o644),
		durable.WriteFile(filepath.Join(c.Dir, update.ManifestName+update.SignatureSuffix), signature,
			0o644)); err != nil {
		return err
	}
	fmt.Fprintf(p.out, "%s: version %s, serial %d, %d packages, expires %s\n", update.ManifestName, m.Version, m.Serial,
		len(names), m.Expires.UTC().Format(time.RFC3339))
	return nil
}

func (c *manifestCommand) issued() (time.Time, error) {
	if c.Issued != "" {
		return time.Parse(time.RFC3339, c.Issued)
	}
	if epoch := os.Getenv("SOURCE_DATE_EPOCH"); epoch != "" {
		seconds, err := strconv.ParseInt(epoch, 10, 64)
		return time.Unix(seconds, 0), err
	}
	return time.Now(), nil
}

// expiry reads a time, or a day, of which it takes the end.
func expiry(s string) (time.Time, error) {
	if t, err := time.Parse(time.DateOnly, s); err == nil {
		return t.AddDate(0, 0, 1).Add(-time.Second), nil
	}
	return time.Parse(time.RFC3339, s)
}

// packages lists the folder's packages by name, and prints the names of the files that it skips.
func (c *manifestCommand) packages(p *program) ([]string, error) {
	entries, err := os.ReadDir(c.Dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		n := e.Name()
		_, version, ok := portal.PackageOf(n)
		switch {
		case ok && e.Type().IsRegular() && !sameVersion(version, c.Version):
			return nil, fmt.Errorf("%s is of version %s", n, version)
		case ok && e.Type().IsRegular():
			names = append(names, n)
		case n != update.ManifestName && !strings.HasSuffix(n, update.SignatureSuffix):
			fmt.Fprintln(p.out, "passed over:", n)
		}
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no package in %s", c.Dir)
	}
	slices.Sort(names)
	return names, nil
}

// sameVersion allows for the forms that packaging tools give a version: ~ for the hyphen, and a revision after it.
func sameVersion(file, version string) bool {
	rest, ok := strings.CutPrefix(strings.ReplaceAll(file, "~", "-"), version)
	if !ok || rest == "" {
		return ok
	}
	_, err := strconv.ParseUint(strings.TrimPrefix(rest, "-"), 10, 16)
	return err == nil && strings.HasPrefix(rest, "-")
}

// sign returns a package's size, hash and signature.
func (c *manifestCommand) sign(key minisign.PrivateKey, name string, at time.Time) (int64, string, []byte, error) {
	f, err := os.Open(filepath.Join(c.Dir, name))
	if err != nil {
		return 0, "", nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return 0, "", nil, err
	}
	h := sha256.New()
	signature, err := update.Sign(key, name, io.TeeReader(f, h), at)
	return info.Size(), hex.EncodeToString(h.Sum(nil)), signature, err
}

// grows refuses a serial number that is not larger than that of the manifest in the folder, unless the manifests are
// the same.
func (c *manifestCommand) grows(serial uint64, b []byte) error {
	there, err := os.ReadFile(filepath.Join(c.Dir, update.ManifestName))
	if errors.Is(err, fs.ErrNotExist) || err == nil && bytes.Equal(there, b) {
		return nil
	}
	if err != nil {
		return err
	}
	m, err := update.Parse(there)
	if err != nil {
		return err
	}
	if serial <= m.Serial {
		return fmt.Errorf("the manifest in %s has serial %d: the next one must have more", c.Dir, m.Serial)
	}
	return nil
}
