// SPDX-License-Identifier: EUPL-1.2

package update

import (
	"bytes"
	"crypto/rand"
	"errors"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"aead.dev/minisign"
)

var today = time.Date(2027, 3, 1, 12, 0, 0, 0, time.UTC)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// signer is a maintainer with a key.
type signer struct {
	private minisign.PrivateKey
	public  minisign.PublicKey
}

func newSigner() signer {
	public, private, err := minisign.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return signer{private, public}
}

func (s signer) sign(b []byte) []byte {
	return must(Sign(s.private, ManifestName, bytes.NewReader(b), today))
}

func release(serial uint64, version string) *Manifest {
	return &Manifest{Serial: serial, Version: version, Minimum: "0.1.0", Issued: today.AddDate(0, -1, 0),
		Expires: today.AddDate(0, 2, 0), Files: []File{
			{"rinnova_1.0.0_amd64.deb", "debian-amd64", 10, strings.Repeat("ab", 32)},
			{"rinnova-1.0.0-x64.msi", "windows-x64", 20, strings.Repeat("cd", 32)},
			{"rinnova-1.0.0-x64-user.msi", "windows-x64-user", 20, strings.Repeat("cd", 32)},
			{"rinnova-1.0.0-darwin-arm64.tar.gz", "macos-arm64", 20, strings.Repeat("cd", 32)},
		}}
}

// site publishes a folder and records the requests.
type site struct {
	*httptest.Server
	files map[string][]byte
	asked []*http.Request
	serve http.HandlerFunc // in place of the files
}

func newSite(t *testing.T) *site {
	s := &site{files: map[string][]byte{}}
	s.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.asked = append(s.asked, r)
		b, ok := s.files[r.URL.Path]
		switch {
		case s.serve != nil:
			s.serve(w, r)
		case !ok:
			http.NotFound(w, r)
		default:
			w.Header().Set("Content-Type", "application/octet-stream")
			w.Write(b)
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *site) publish(by signer, m *Manifest) {
	b := must(m.Encode())
	s.files["/scarica/manifest.json"], s.files["/scarica/manifest.json.minisig"] = b, by.sign(b)
}

// kept returns a memory in a map.
func kept() (Memory, map[string][]byte) {
	files := map[string][]byte{}
	return Memory{
		Read: func(name string) ([]byte, error) {
			if b, ok := files[name]; ok {
				return b, nil
			}
			return nil, fs.ErrNotExist
		},
		Write: func(name string, b []byte) error { files[name] = b; return nil },
	}, files
}

func (s *site) checker(keys ...signer) *Checker {
	m, _ := kept()
	c := &Checker{Transport: s.Client().Transport, Memory: m, Now: func() time.Time { return today }}
	for _, k := range keys {
		c.Keys = append(c.Keys, k.public)
	}
	return c
}

func (s *site) check(t *testing.T, c *Checker) (*Manifest, error) {
	return c.Check(t.Context(), must(url.Parse(s.URL+"/.well-known/cmp?x=y")))
}

// The request is the same for everybody, and the folder lies at the root whatever the service's path is.
func TestRequestSaysNothing(t *testing.T) {
	s, k := newSite(t), newSigner()
	s.publish(k, release(1, "1.0.0"))
	m, err := s.check(t, s.checker(k))
	if err != nil || m.Version != "1.0.0" {
		t.Fatal(m, err)
	}
	var paths []string
	for _, r := range s.asked {
		paths = append(paths, r.Method+" "+r.RequestURI)
		for name, values := range r.Header {
			if want := map[string]string{"User-Agent": "rinnova",
				"Accept-Encoding": "identity"}[name]; len(values) != 1 || values[0] != want {
				t.Errorf("%s: %q", name, values)
			}
		}
	}
	if !slices.Equal(paths, []string{"GET /scarica/manifest.json.minisig", "GET /scarica/manifest.json"}) {
		t.Errorf("requests: %q", paths)
	}
}

// Only the maintainers' newest manifest is accepted.
func TestRefused(t *testing.T) {
	k, foreign := newSigner(), newSigner()
	good := must(release(5, "1.0.0").Encode())
	expired := release(5, "1.0.0")
	expired.Issued, expired.Expires = today.AddDate(-1, 0, 0), today.Add(-time.Second)
	future := release(5, "1.0.0")
	future.Issued = today.AddDate(0, 0, 2)
	for _, c := range []struct {
		name                string
		manifest, signature []byte
		want                error
	}{
		{"as it should be", good, k.sign(good), nil},
		{"foreign key", good, foreign.sign(good), ErrSignature},
		{"another byte", append(bytes.Clone(good), ' '), k.sign(good), ErrSignature},
		{"no signature", good, nil, ErrSignature},
		{"half a signature", good, k.sign(good)[:120], ErrSignature},
		{"of the old kind", good, minisign.SignWithComments(k.private, good, "timestamp:1\tfile:manifest.json", "x"),
			ErrSignature},
		{"of another file", good, must(Sign(k.private, "rinnova-1.0.0-x64.msi", bytes.NewReader(good), today)),
			ErrSignature},
		{"another trusted comment", good,
			bytes.Replace(k.sign(good), []byte("timestamp:18"), []byte("timestamp:19"), 1), ErrSignature},
		{"no JSON", []byte("{"), k.sign([]byte("{")), ErrManifest},
		{"nothing", nil, k.sign(nil), ErrManifest},
		{"too long", append(bytes.Clone(good), bytes.Repeat([]byte(" "), maxManifest)...), k.sign(good), ErrSize},
		{"a signature that is too long", good, append(k.sign(good), bytes.Repeat([]byte(" "), maxSignature)...),
			ErrSize},
		{"expired", must(expired.Encode()), k.sign(must(expired.Encode())), ErrExpired},
		{"of the day after tomorrow", must(future.Encode()), k.sign(must(future.Encode())), ErrExpired},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t)
			s.files["/scarica/manifest.json"], s.files["/scarica/manifest.json.minisig"] = c.manifest, c.signature
			checker := s.checker(k)
			m, err := s.check(t, checker)
			if !errors.Is(err, c.want) || (m == nil) != (err != nil) {
				t.Errorf("%v, %v", m, err)
			}
			if all, err := checker.Memory.load(); err != nil || len(all) > 0 != (c.want == nil) {
				t.Errorf("remembered %v, %v", all, err)
			}
		})
	}
}

// A redirect is not followed, and a page is no file.
func TestPortals(t *testing.T) {
	other := newSite(t)
	for name, serve := range map[string]http.HandlerFunc{
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, other.URL+r.URL.Path, http.StatusFound)
		},
		"page": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			w.Write([]byte("login"))
		},
		"error":        func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
		"nothing more": func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.serve = serve
			var status *StatusError
			if _, err := s.check(t, s.checker(newSigner())); !errors.As(err, &status) ||
				status.Status == http.StatusOK {
				t.Errorf("the page of a portal passes: %v", err)
			}
		})
	}
	if len(other.asked) > 0 {
		t.Error("another host was asked")
	}
}

func TestAddresses(t *testing.T) {
	for address, want := range map[string]string{
		"https://rinnova.example/a/b?c": "https://rinnova.example/scarica/",
		"https://rinnova.example:8443":  "https://rinnova.example:8443/scarica/",
		"http://127.0.0.1:8080":         "http://127.0.0.1:8080/scarica/",
		"http://[::1]:80/":              "http://[::1]:80/scarica/",
		"http://localhost":              "http://localhost/scarica/",
		"http://rinnova.example":        "", "http://127.0.0.1.rinnova.example": "", "ftp://127.0.0.1": "",
		"https:///x": "",
		"":           "",
	} {
		got := ""
		if f, err := packagesURL(must(url.Parse(address))); err == nil {
			got = f.String()
		} else if !errors.Is(err, ErrAddress) {
			t.Errorf("wrong kind of error: %v", err)
		}
		if got != want {
			t.Errorf("%s: %q, want %q", address, got, want)
		}
	}
}

// The serial number and the version never go back, also when a second key takes over; the same manifest again is fine.
func TestNoWayBack(t *testing.T) {
	old, next := newSigner(), newSigner()
	s := newSite(t)
	c := s.checker(old, next)
	for _, step := range []struct {
		by      signer
		serial  uint64
		version string
		want    error
	}{
		{old, 5, "1.0.0", nil},
		{old, 5, "1.0.0", nil},
		{old, 4, "1.0.0", ErrRollback},
		{old, 4, "2.0.0", ErrRollback},
		{old, 5, "1.0.1", ErrRollback}, // another one of the same number
		{old, 6, "0.9.0", ErrRollback}, // a later number, an earlier version
		{old, 6, "1.0.0-rc.1", ErrRollback},
		{next, 5, "1.0.1", ErrRollback},
		{next, 7, "1.0.1", nil},
		{old, 6, "1.0.1", ErrRollback},
		{next, 8, "1.0.1", nil},
	} {
		s.publish(step.by, release(step.serial, step.version))
		if _, err := s.check(t, c); !errors.Is(err, step.want) {
			t.Errorf("%d %s: %v", step.serial, step.version, err)
		}
	}
	// A program that no longer holds the old key still knows what it saw under the new one.
	s.publish(next, release(6, "1.0.0"))
	c.Keys = Keys{next.public}
	if _, err := s.check(t, c); !errors.Is(err, ErrRollback) {
		t.Errorf("an older manifest under the next key: %v", err)
	}
}

// Without a memory an old manifest could pass, so the check fails.
func TestMemoryFails(t *testing.T) {
	s, k := newSite(t), newSigner()
	s.publish(k, release(5, "1.0.0"))
	c := s.checker(k)
	c.Memory.Write = func(string, []byte) error { return fs.ErrPermission }
	if m, err := s.check(t, c); m != nil || !errors.Is(err, ErrMemory) {
		t.Errorf("without a memory: %v, %v", m, err)
	}
	for _, damaged := range []string{"", "{", "[]", `{"00":{"serial":"x"}}`, `{"00":{"number":1}}`} {
		c.Memory.Read = func(string) ([]byte, error) { return []byte(damaged), nil }
		if m, err := s.check(t, c); m != nil || !errors.Is(err, ErrMemory) {
			t.Errorf("%q: %v, %v", damaged, m, err)
		}
	}
}

func TestCompare(t *testing.T) {
	m := release(1, "1.2.0")
	m.Minimum = "1.1.0"
	for version, want := range map[string]Status{"1.2.0": Current, "1.3.0-dev": Current, "1.2.0-dev": Newer,
		"1.1.0": Newer, "1.1.9": Newer,
		"1.1.0-dev": Unsupported, "1.0.9": Unsupported, "0.1.0-dev": Unsupported, "main": Newer, "": Newer} {
		if got := m.Compare(version); got != want {
			t.Errorf("%s: %s, want %s", version, got, want)
		}
	}
}

func TestFor(t *testing.T) {
	m := release(1, "1.0.0")
	for computer, want := range map[string]int{"windows/amd64": 2, "linux/amd64": 1, "darwin/arm64": 1,
		"linux/arm64": 0, "windows/386": 0, "plan9/amd64": 0} {
		system, processor, _ := strings.Cut(computer, "/")
		if got := len(m.For(system, processor)); got != want {
			t.Errorf("%s: %d packages, want %d", computer, got, want)
		}
	}
}

func TestManifestRefuses(t *testing.T) {
	for name, spoil := range map[string]func(*Manifest){
		"serial":             func(m *Manifest) { m.Serial = 0 },
		"version":            func(m *Manifest) { m.Version = "v1.0.0" },
		"short version":      func(m *Manifest) { m.Version = "1.0" },
		"version with marks": func(m *Manifest) { m.Version = "1.0.0\u202e" },
		"minimum":            func(m *Manifest) { m.Minimum = "" },
		"newer minimum":      func(m *Manifest) { m.Minimum = "1.0.1" },
		"times":              func(m *Manifest) { m.Expires = m.Issued },
		"path":               func(m *Manifest) { m.Files[0].Name = "../x" },
		"address":            func(m *Manifest) { m.Files[0].Name = "https://x" },
		"size":               func(m *Manifest) { m.Files[0].Size = -1 },
		"short hash":         func(m *Manifest) { m.Files[0].SHA256 = "ab" },
		"upper case":         func(m *Manifest) { m.Files[0].SHA256 = strings.Repeat("AB", 32) },
		"platform":           func(m *Manifest) { m.Files[0].Platform = "Windows 11" },
		"twice":              func(m *Manifest) { m.Files[0].Name = m.Files[1].Name },
	} {
		m := release(1, "1.0.0")
		spoil(m)
		if b, err := m.Encode(); !errors.Is(err, ErrManifest) {
			t.Errorf("%s: %s, %v", name, b, err)
		}
	}
	if _, err := Parse([]byte(`{"format":2}`)); !errors.Is(err, ErrManifest) {
		t.Errorf("an unknown format: %v", err)
	}
	b := must(release(1, "1.0.0").Encode())
	if _, err := Parse(bytes.Replace(b, []byte("{"), []byte(`{"later": 1,`), 1)); err != nil {
		t.Error("a member that a later version adds: ", err)
	}
}

func TestKeys(t *testing.T) {
	a, b := newSigner().public.String(), newSigner().public.String()
	for text, want := range map[string]int{"": 0, " ": 0, a: 1, a + "," + b: 2, a + ", " + b + ",": 2, "x": -1,
		a[:50]: -1} {
		keys, err := ParseKeys(text)
		if err != nil != (want < 0) || err == nil && len(keys) != want {
			t.Errorf("%q: %d, %v", text, len(keys), err)
		}
	}
}

// FuzzManifest parses, writes and parses: the two manifests are equal.
func FuzzManifest(f *testing.F) {
	f.Add(must(release(1, "1.0.0").Encode()))
	f.Add([]byte(`{"format":1,"serial":1,"version":"1.0.0","minimum":"1.0.0","issued":"2020-01-01T00:00:00+01:00","expires":"2021-01-01T00:00:00Z","files":[]}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Parse(b)
		if err != nil {
			return
		}
		once, err := m.Encode()
		if err != nil {
			return // times that fall together in whole seconds
		}
		again, err := Parse(once)
		if err != nil {
			t.Fatal(err)
		}
		if twice, err := again.Encode(); err != nil || !bytes.Equal(once, twice) {
			t.Errorf("%s\n%s\n%v", once, twice, err)
		}
	})
}
