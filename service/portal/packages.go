// SPDX-License-Identifier: EUPL-1.2

package portal

import (
	"cmp"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"rinnova.example/go/operator"
	"rinnova.example/go/pemfile"
)

// DownloadPath is the path of the packages: each file under its own name, and the newest of each platform under a
// stable name.
const DownloadPath = "/scarica/"

// manifestName is the signed list of the published packages, which programs request; it is a file in the same folder.
const manifestName = "manifest.json"

// platform is a kind of package that the page offers.
type platform struct {
	ID    string // in the stable name, rinnova-latest-ID.EXT
	Title string
	ext   string
	arch  *regexp.Regexp // the part of a file name after the version
}

// platforms in the order of the page. The file names are those of the packaging tools:
// rinnova-1.2.3-x64.msi, rinnova_1.2.3_amd64.deb, rinnova-1.2.3-1.x86_64.rpm, rinnova-1.2.3-linux-amd64.tar.gz.
var platforms = []platform{
	{"windows-x64", "Windows a 64 bit", ".msi", regexp.MustCompile(`^(windows-)?(x64|amd64)$`)},
	{"windows-x64-user", "Windows a 64 bit, per il solo utente che installa", ".msi",
		regexp.MustCompile(`^(windows-)?((x64|amd64)-(per-?)?user|(per-?)?user-(x64|amd64))$`)},
	{"windows-x86", "Windows a 32 bit", ".msi", regexp.MustCompile(`^(windows-)?(x86|386)$`)},
	{"debian-amd64", "Debian e Ubuntu, a 64 bit", ".deb", regexp.MustCompile(`^amd64$`)},
	{"debian-arm64", "Debian e Ubuntu, ARM a 64 bit", ".deb", regexp.MustCompile(`^arm64$`)},
	{"fedora-x86_64", "Fedora e derivate, a 64 bit", ".rpm", regexp.MustCompile(`^x86_64$`)},
	{"fedora-aarch64", "Fedora e derivate, ARM a 64 bit", ".rpm", regexp.MustCompile(`^aarch64$`)},
	{"macos-arm64", "macOS con processore Apple, riga di comando", ".tar.gz",
		regexp.MustCompile(`^(darwin|macos)-(arm64|aarch64)$`)},
	{"macos-amd64", "macOS con processore Intel, riga di comando", ".tar.gz",
		regexp.MustCompile(`^(darwin|macos)-(amd64|x86_64)$`)},
	{"linux-amd64", "Linux a 64 bit, riga di comando", ".tar.gz", regexp.MustCompile(`^linux-(amd64|x86_64)$`)},
	{"linux-arm64", "Linux ARM a 64 bit, riga di comando", ".tar.gz", regexp.MustCompile(`^linux-(arm64|aarch64)$`)},
}

// platformOf returns the platform of the computer that a browser's User-Agent names, "" where one package is not enough
// to tell: macOS hides its processor, and a Linux may use packages of either kind.
func platformOf(agent string) string {
	has := func(words ...string) bool {
		return slices.ContainsFunc(words, func(w string) bool { return strings.Contains(agent, w) })
	}
	switch {
	case has("Windows NT") && has("Win64", "WOW64", "x64"):
		return "windows-x64"
	case has("Windows NT"):
		return "windows-x86"
	case has("Android"):
		return ""
	case has("Ubuntu", "Debian") && has("x86_64"):
		return "debian-amd64"
	case has("Ubuntu", "Debian") && has("aarch64"):
		return "debian-arm64"
	case has("Fedora") && has("x86_64"):
		return "fedora-x86_64"
	case has("Fedora") && has("aarch64"):
		return "fedora-aarch64"
	}
	return ""
}

// stable returns the file name that does not change with the version.
func (p platform) stable() string { return "rinnova-latest-" + p.ID + p.ext }

var (
	packageName  = regexp.MustCompile(`^rinnova[-_](\d+\.\d+\.\d+)((?:[-~+](?:dev|alpha|beta|rc)[0-9A-Za-z.]*)?(?:-\d+)?)[-_.]([0-9A-Za-z_-]+)$`)
	versionParts = regexp.MustCompile(`\d+|[A-Za-z]+`)
	// publicName matches files that may be published: no folders, no hidden files.
	publicName = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z._~+-]{0,127}$`)
)

// signatures are the extensions of detached signatures.
var signatures = []string{".asc", ".sig", ".minisig", ".p7s"}

// Packages is a folder of installers that were assembled for one operator: "make packages OPERATOR=FILE" leaves the
// operator's file and the sums of all files beside them. Every page reads the folder again, so copying a file into it,
// and its line into the sums, publishes the file.
type Packages struct {
	root   *os.Root
	issuer *x509.Certificate

	mu   sync.Mutex
	sums map[string]digest
}

type digest struct {
	size    int64
	changed time.Time
	sha256  string
}

// Errors of OpenPackages.
var (
	// ErrNoService is the error for packages that know no service, and for a file that the sums do not name.
	ErrNoService = errors.New("the packages know no service")
	// ErrOtherService is the error for packages that know another service.
	ErrOtherService = errors.New("the packages are of another service")
)

// sumsName is the file of sums, as sha256sum writes them.
const sumsName = "SHA256SUMS"

// OpenPackages opens the folder of packages for the service that issues under issuer. It refuses a folder that does not
// exist; one without an operator's file, or with a package that its sums do not name, is ErrNoService; an operator's
// file that does not have issuer among its roots is ErrOtherService.
func OpenPackages(dir string, issuer *x509.Certificate) (*Packages, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	p := &Packages{root: root, issuer: issuer, sums: map[string]digest{}}
	if err := p.check(); err != nil {
		root.Close()
		return nil, err
	}
	return p, nil
}

// check refuses packages that the sums do not name, or name with another sum.
func (p *Packages) check() error {
	_, assembled, err := p.assembly()
	if err != nil {
		return err
	}
	names, err := p.names()
	if err != nil {
		return err
	}
	for name := range names {
		if _, _, isPackage := PackageOf(name); !isPackage {
			continue
		}
		d, err := p.digest(name)
		if err != nil {
			return err
		}
		if assembled[name] != d.sha256 {
			return fmt.Errorf("%w: %s has another sum, or none, in %s", ErrNoService, name, sumsName)
		}
	}
	return nil
}

// assembly returns the operator's file, and the sums of what was assembled with it.
func (p *Packages) assembly() (operator.Operator, map[string]string, error) {
	none := func(err error) (operator.Operator, map[string]string, error) { return operator.Operator{}, nil, err }
	b, err := p.root.ReadFile(operator.Name)
	if err != nil {
		return none(fmt.Errorf("%w: %w", ErrNoService, err))
	}
	o, err := operator.Parse(b)
	if err != nil {
		return none(fmt.Errorf("%w: %s: %w", ErrNoService, operator.Name, err))
	}
	roots, err := pemfile.Certificates([]byte(o.CA))
	if err != nil {
		return none(err)
	}
	if !slices.ContainsFunc(roots, p.issuer.Equal) {
		return none(fmt.Errorf("%w: %s", ErrOtherService, o.Service))
	}
	text, err := p.root.ReadFile(sumsName)
	if err != nil {
		return none(fmt.Errorf("%w: %w", ErrNoService, err))
	}
	sums := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if sum, name, ok := strings.Cut(strings.TrimRight(line, "\r\n"), "  "); ok {
			sums[name] = sum
		}
	}
	if sum := sha256.Sum256(b); sums[operator.Name] != hex.EncodeToString(sum[:]) {
		return none(fmt.Errorf("%w: %s has another sum, or none, in %s", ErrNoService, operator.Name, sumsName))
	}
	return o, sums, nil
}

// operator returns the operator's file; it is empty for a nil Packages, and while the folder has none that can be used.
func (p *Packages) operator() operator.Operator {
	if p == nil {
		return operator.Operator{}
	}
	o, _, err := p.assembly()
	if err != nil {
		return operator.Operator{}
	}
	return o
}

// Close closes the folder.
func (p *Packages) Close() error { return p.root.Close() }

// published is the newest package of a platform; File is "" when there is none.
type published struct {
	platform
	File      string
	Version   string
	Size      int64
	SHA256    string
	Signature string // name of the detached signature, or ""
}

func (p published) Latest() string    { return DownloadPath + p.stable() }
func (p published) Versioned() string { return DownloadPath + p.File }

// Megabytes returns the size for people, in units of a million bytes.
func (p published) Megabytes() string {
	return strings.Replace(strconv.FormatFloat(float64(p.Size)/1e6, 'f', 1, 64), ".", ",", 1)
}

// list returns every platform with its newest package of this service. A nil Packages has none.
func (p *Packages) list() ([]published, error) {
	all := make([]published, len(platforms))
	for n, kind := range platforms {
		all[n].platform = kind
	}
	if p == nil {
		return all, nil
	}
	files, err := p.names()
	if err != nil {
		return nil, err
	}
	_, assembled, err := p.assembly()
	if err != nil && !errors.Is(err, ErrNoService) && !errors.Is(err, ErrOtherService) {
		return nil, err
	}
	for name := range files {
		for n := range all {
			version, ok := all[n].versionOf(name)
			if !ok || all[n].File != "" && compareVersions(version, all[n].Version) <= 0 {
				continue
			}
			d, err := p.digest(name)
			if err != nil {
				return nil, err
			}
			if assembled[name] == d.sha256 {
				all[n].File, all[n].Version = name, version
			}
		}
	}
	for n := range all {
		one := &all[n]
		if one.File == "" {
			continue
		}
		d, err := p.digest(one.File)
		if err != nil {
			return nil, err
		}
		one.Size, one.SHA256 = d.size, d.sha256
		for _, ending := range signatures {
			if files[one.File+ending] {
				one.Signature = one.File + ending
				break
			}
		}
	}
	return all, nil
}

// names returns the files that may be published.
func (p *Packages) names() (map[string]bool, error) {
	entries, err := fs.ReadDir(p.root.FS(), ".")
	if err != nil {
		return nil, err
	}
	files := map[string]bool{}
	for _, e := range entries {
		if e.Type().IsRegular() && publicName.MatchString(e.Name()) {
			files[e.Name()] = true
		}
	}
	return files, nil
}

// versionOf returns the version of a file for the platform; ok is false for other files.
func (p platform) versionOf(name string) (version string, ok bool) {
	stem, ok := strings.CutSuffix(name, p.ext)
	if !ok {
		return "", false
	}
	m := packageName.FindStringSubmatch(stem)
	if m == nil || !p.arch.MatchString(m[3]) {
		return "", false
	}
	return m[1] + m[2], true
}

// PackageOf returns the platform of the download page and the version of a file by its name; ok is false for other
// files.
func PackageOf(name string) (platform, version string, ok bool) {
	for _, p := range platforms {
		if version, ok := p.versionOf(name); ok {
			return p.ID, version, true
		}
	}
	return "", "", false
}

// compareVersions orders versions by their three numbers; a version with dev, alpha, beta or rc comes before the
// release. It compares the rest, as a package's revision, as text, and numbers in it by value.
func compareVersions(a, b string) int {
	x, y := versionParts.FindAllString(a, -1), versionParts.FindAllString(b, -1)
	for n := 0; n < len(x) && n < len(y); n++ {
		i, errX := strconv.Atoi(x[n])
		j, errY := strconv.Atoi(y[n])
		c := strings.Compare(x[n], y[n])
		switch {
		case errX == nil && errY == nil:
			c = cmp.Compare(i, j)
		case errX == nil:
			c = 1 // a revision comes after a word
		case errY == nil:
			c = -1
		}
		if c != 0 {
			return c
		}
	}
	longer := func(z []string, n int) int {
		if len(z) > n && z[n][0] >= 'A' { // a word makes it earlier than the release
			return -1
		}
		return len(z) - n
	}
	n := min(len(x), len(y))
	return cmp.Compare(longer(x, n), longer(y, n))
}

// digest returns size and SHA-256 of a file. It computes them again when the file has changed.
func (p *Packages) digest(name string) (digest, error) {
	f, err := p.root.Open(name)
	if err != nil {
		return digest{}, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return digest{}, err
	}
	p.mu.Lock() // two requests must not hash the same file
	defer p.mu.Unlock()
	if d, ok := p.sums[name]; ok && d.size == info.Size() && d.changed.Equal(info.ModTime()) {
		return d, nil
	}
	h := sha256.New()
	n, err := io.Copy(h, f)
	if err != nil {
		return digest{}, err
	}
	if n != info.Size() {
		return digest{}, fmt.Errorf("%s: %d bytes read of %d", name, n, info.Size())
	}
	d := digest{n, info.ModTime(), hex.EncodeToString(h.Sum(nil))}
	p.sums[name] = d
	return d, nil
}

// may reports whether a file is no package, or is a package that was assembled for this service.
func (p *Packages) may(name string) bool {
	if _, _, isPackage := PackageOf(name); !isPackage {
		return true
	}
	_, assembled, err := p.assembly()
	if err != nil {
		return false
	}
	d, err := p.digest(name)
	return err == nil && assembled[name] == d.sha256
}

// downloadTime bounds one download; the server's own limit is for pages.
const downloadTime = time.Hour

// ServeHTTP serves a file of the folder, by its own name or by a platform's stable one.
func (p *Packages) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := strings.TrimPrefix(r.URL.Path, DownloadPath)
	stable := slices.IndexFunc(platforms, func(k platform) bool { return k.stable() == name })
	if stable >= 0 {
		all, err := p.list()
		if err != nil {
			http.Error(w, "I programmi non sono disponibili in questo momento.", http.StatusServiceUnavailable)
			return
		}
		name = all[stable].File
	}
	if p == nil || !publicName.MatchString(name) || !p.may(name) {
		http.Error(w, "Questo programma non è pubblicato.", http.StatusNotFound)
		return
	}
	f, err := p.root.Open(name)
	if err != nil {
		http.Error(w, "Questo programma non è pubblicato.", http.StatusNotFound)
		return
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		http.Error(w, "Questo programma non è pubblicato.", http.StatusNotFound)
		return
	}
	if err := http.NewResponseController(w).SetWriteDeadline(time.Now().Add(downloadTime)); err != nil {
		http.Error(w, "Il programma non può essere inviato.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	switch {
	case name == manifestName: // programs read it
		h.Set("Content-Type", "application/json")
	case strings.HasSuffix(name, ".minisig"):
		h.Set("Content-Type", "text/plain; charset=utf-8")
	default:
		h.Set("Content-Type", "application/octet-stream")
		h.Set("Content-Disposition", `attachment; filename="`+name+`"`)
	}
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-cache")
	http.ServeContent(w, r, name, info.ModTime(), f)
}
