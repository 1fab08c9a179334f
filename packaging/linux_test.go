// SPDX-License-Identifier: EUPL-1.2

package packaging

import (
	"bytes"
	"context"
	"crypto/sha256"
	"debug/elf"
	"encoding/hex"
	"fmt"
	"image/color"
	"image/png"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"rinnova.example/go/systemtest"
)

// installed is where each file goes, and where it comes from; a source of "" is made by nfpm. The mode is 0755 for
// programs, 0644 for the rest.
var installed = map[string]string{
	"/etc/rinnova/settings.json":                               "linux/settings.json",
	"/usr/bin/rinnova":                                         work + "/linux-amd64/rinnova",
	"/usr/bin/rinnova-window":                                  work + "/linux-amd64/rinnova-window",
	"/usr/lib/rinnova/librinnova-pkcs11.so":                    work + "/linux-amd64/librinnova-pkcs11.so",
	"/usr/lib/rinnova/rinnova-pkcs11":                          work + "/linux-amd64/rinnova-pkcs11",
	"/usr/share/p11-kit/modules/rinnova.module":                "linux/rinnova.module",
	"/usr/share/applications/rinnova.desktop":                  "linux/rinnova.desktop",
	"/usr/share/bash-completion/completions/rinnova":           work + "/manual/rinnova.bash",
	"/usr/share/fish/vendor_completions.d/rinnova.fish":        work + "/manual/rinnova.fish",
	"/usr/share/icons/hicolor/48x48/apps/rinnova.png":          work + "/icons/48.png",
	"/usr/share/icons/hicolor/64x64/apps/rinnova.png":          work + "/icons/64.png",
	"/usr/share/icons/hicolor/128x128/apps/rinnova.png":        work + "/icons/128.png",
	"/usr/share/icons/hicolor/256x256/apps/rinnova.png":        work + "/icons/256.png",
	"/usr/share/icons/hicolor/scalable/apps/rinnova.svg":       "../citizen/desktop/frontend/public/icon.svg",
	"/usr/share/man/man1/rinnova.1.gz":                         work + "/manual/rinnova.1.gz",
	"/usr/share/man/man1/rinnova-window.1.gz":                  work + "/manual/rinnova-window.1.gz",
	"/usr/share/metainfo/example.rinnova.rinnova.metainfo.xml": work + "/example.rinnova.rinnova.metainfo.xml",
}

// only lists the entries that one of the two has and the other has not.
var only = map[string]map[string]string{
	deb: {"/usr/share/zsh/vendor-completions/_rinnova": work + "/manual/_rinnova",
		"/usr/share/doc/rinnova/copyright": work + "/copyright", "/usr/share/doc/rinnova/changelog.Debian.gz": ""},
	rpm: {"/usr/share/zsh/site-functions/_rinnova": work + "/manual/_rinnova",
		"/usr/share/licenses/rinnova/LICENSE": "../LICENSE"},
}

func contents(file string) map[string]string {
	all := map[string]string{}
	for _, m := range []map[string]string{installed, only[file]} {
		for k, v := range m {
			all[k] = v
		}
	}
	return all
}

// program reports whether a file of the package is started.
func program(name string) bool {
	return strings.HasPrefix(name, "/usr/bin/") || name == "/usr/lib/rinnova/rinnova-pkcs11"
}

func TestDebianContents(t *testing.T) {
	systemtest.NeedMade(t, out, "packages")
	dir := t.TempDir()
	run(t, "dpkg-deb", "-x", deb, dir)
	want := contents(deb)
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		name := strings.TrimPrefix(path, dir)
		source, ok := want[name]
		if !ok {
			t.Error("not expected:", name)
		} else if source != "" {
			same(t, path, source)
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		mode := fs.FileMode(0o644)
		if program(name) {
			mode = 0o755
		}
		if info.Mode() != mode {
			t.Errorf("%s has mode %v", name, info.Mode())
		}
		delete(want, name)
		return nil
	})
	if err != nil || len(want) > 0 {
		t.Errorf("missing from the package: %v, %v", err, want)
	}
	for line := range strings.Lines(run(t, "dpkg-deb", "-c", deb)) {
		if f := strings.Fields(line); f[1] != "root/root" && f[1] != "0/0" {
			t.Errorf("not owned by root: %s", line)
		}
	}
	field := func(name string) string { return strings.TrimSpace(run(t, "dpkg-deb", "-f", deb, name)) }
	for name, want := range map[string]string{"Package": "rinnova", "Version": tilde + "-1", "Architecture": "amd64",
		"Recommends": "pcscd, libccid"} {
		if field(name) != want {
			t.Errorf("%s: %q", name, field(name))
		}
	}
	if s := run(t, "dpkg-deb", "-I", deb, "conffiles"); s != "/etc/rinnova/settings.json\n" {
		t.Errorf("%q", s)
	}
}

func TestFedoraContents(t *testing.T) {
	systemtest.NeedMade(t, out, "packages")
	want := contents(rpm)
	for line := range strings.Lines(run(t, "rpm", "-qp", "--dump", rpm)) {
		f := strings.Fields(line) // path size mtime digest mode owner group isconfig isdoc rdev symlink
		source, ok := want[f[0]]
		if !ok {
			t.Error("not expected:", f[0])
			continue
		}
		delete(want, f[0])
		mode := "0100644"
		if program(f[0]) {
			mode = "0100755"
		}
		if h := sha256.Sum256(read(t, source)); f[3] != hex.EncodeToString(h[:]) || f[4] != mode || f[5] != "root" ||
			f[6] != "root" || (f[7] == "1") != strings.HasPrefix(f[0], "/etc/") {
			t.Errorf("wrong digest, mode, owner or kind: %s", line)
		}
	}
	if len(want) > 0 {
		t.Error("missing:", want)
	}
	if s := run(t, "rpm", "-qp", "--queryformat", "%{NAME} %{VERSION} %{RELEASE} %{ARCH} %{LICENSE} %{BUILDHOST}",
		rpm); s != "rinnova "+tilde+" 1 x86_64 EUPL-1.2 rinnova.example" {
		t.Errorf("the package describes itself as %q", s)
	}
	for query, want := range map[string][]string{"--requires": {"gtk3", "webkit2gtk4.1", "pcsc-lite-libs"},
		"--recommends": {"pcsc-lite", "pcsc-lite-ccid"}} {
		got := strings.Fields(run(t, "rpm", "-qp", query, rpm))
		for _, w := range want {
			if !slices.Contains(got, w) {
				t.Errorf("%s: %q lacks %s", query, got, w)
			}
		}
	}
	run(t, "rpm", "-K", "--nosignature", rpm)
}

// Lintian and the checkers of desktop entries and software metadata have no complaints.
func TestCheckers(t *testing.T) {
	systemtest.NeedMade(t, out, "packages")
	if s := run(t, "lintian", "--allow-root", "--fail-on", "error,warning", deb); s != "" {
		t.Errorf("lintian: %s", s)
	}
	if s := run(t, "desktop-file-validate", "linux/rinnova.desktop"); s != "" {
		t.Errorf("the desktop entry: %s", s)
	}
	dir := t.TempDir()
	run(t, "dpkg-deb", "-x", deb, dir)
	run(t, "appstreamcli", "validate-tree", "--no-net", dir)
}

// Every library that a program is linked with comes from a direct or indirect dependency of our package.
func TestDependencies(t *testing.T) {
	systemtest.NeedMade(t, out, "packages")
	depends := map[string]bool{}
	var follow func(list string)
	name := regexp.MustCompile(`^[a-z0-9][a-z0-9+.-]+`)
	follow = func(list string) {
		for _, group := range strings.Split(list, ",") {
			for _, one := range strings.Split(group, "|") {
				p := name.FindString(strings.TrimSpace(one))
				if p == "" || depends[p] {
					continue
				}
				b, err := exec.Command("dpkg-query", "-W", "-f", "${Depends}", p).Output()
				if err != nil {
					continue // the other half of an alternative
				}
				depends[p] = true
				follow(string(b))
			}
		}
	}
	follow(run(t, "dpkg-deb", "-f", deb, "Depends"))
	n := 0
	for _, program := range []string{"rinnova", "rinnova-window"} {
		f, err := elf.Open(filepath.Join(work, "linux-amd64", program))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		libraries, err := f.ImportedLibraries()
		if err != nil {
			t.Fatal(err)
		}
		if program == "rinnova" {
			libraries = append(libraries, "libpcsclite.so.1") // opened when it runs
		}
		if f.Type != elf.ET_DYN {
			t.Errorf("%s is not position-independent", program)
		}
		for _, l := range libraries {
			n++
			owner, _, _ := strings.Cut(run(t, "dpkg-query", "-S", "*/x86_64-linux-gnu/"+l), ":")
			if !depends[owner] {
				t.Errorf("%s needs %s of %s, which ours does not depend on", program, l, owner)
			}
		}
	}
	if n < 8 {
		t.Error("few libraries:", n)
	}
}

// names lists what is in the folders that a package may write to.
func names(t *testing.T) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for _, root := range []string{"/etc", "/usr", "/opt", "/lib", "/var/lib/dpkg/info", "/var/spool"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if path == "/usr/local" || strings.Contains(path, "__pycache__") {
				return fs.SkipDir
			}
			if err == nil {
				all[path] = true
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// The package is installed as people do it, used, removed and purged, and no file of it remains. Needs root.
func TestInstalledAndPurged(t *testing.T) {
	systemtest.NeedMade(t, out, "packages")
	systemtest.NeedRoot(t)
	if exec.Command("dpkg", "-s", "rinnova").Run() == nil {
		t.Fatal("rinnova is installed already")
	}
	before := names(t)
	purge := func() ([]byte, error) { return exec.Command("dpkg", "--purge", "rinnova").CombinedOutput() }
	t.Cleanup(func() { purge() })
	path, err := filepath.Abs(deb)
	if err != nil {
		t.Fatal(err)
	}
	// Systems without manuals, such as containers, are configured to keep ours.
	run(t, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "-qq", "--no-install-recommends", "-o",
		"DPkg::Lock::Timeout=300", "-o", "APT::Sandbox::User=root",
		"-o", "Dpkg::Options::=--path-include=/usr/share/man/*", "-o",
		"Dpkg::Options::=--path-include=/usr/share/doc/*", path)
	for name := range contents(deb) {
		if _, err := os.Stat(name); err != nil {
			t.Errorf("not installed: %v", err)
		}
	}
	for _, program := range []string{"/usr/bin/rinnova", "/usr/bin/rinnova-window"} {
		if s := run(t, program, "version"); s != "rinnova "+version+"\n" {
			t.Errorf("%s: %q", program, s)
		}
	}
	if s := run(t, "/usr/bin/rinnova", "models"); !strings.Contains(s, "ATR") {
		t.Errorf("models: %.100q", s)
	}
	systemtest.Need(t, "p11-kit", "p11-kit")
	if s := run(t, "p11-kit", "list-modules"); !strings.Contains(s,
		"rinnova: /usr/lib/rinnova/librinnova-pkcs11.so\n    library-description: TS-CNS\n") {
		t.Errorf("p11-kit loads %s", s)
	}
	for _, page := range []string{"rinnova", "rinnova-window"} {
		if s := run(t, "man", "-w", page); s != "/usr/share/man/man1/"+page+".1.gz\n" {
			t.Errorf("the manual page is %q", s)
		}
		systemtest.Need(t, "man-db", "man")
		b, err := exec.Command("man", "--warnings", "-P", "cat", page).CombinedOutput()
		if err != nil || !bytes.Contains(b, []byte("NOME\n")) || bytes.Contains(b, []byte("warning")) {
			t.Errorf("man %s: %v %.300s", page, err, b)
		}
	}
	for shell, line := range map[string][]string{
		"bash": {"--norc", "-c",
			`source /usr/share/bash-completion/completions/rinnova; COMP_WORDS=(rinnova renew --puk); COMP_CWORD=2; _rinnova; printf '%s\n' "${COMPREPLY[@]}"`},
		"fish": {"--no-config", "-c",
			`source /usr/share/fish/vendor_completions.d/rinnova.fish; complete -C 'rinnova renew --puk'`},
		"zsh": {"-f", "-c", zshAsks},
	} {
		if s := run(t, shell, line...); !strings.Contains(s, "--puk-from") || strings.Contains(s, "--pin-from") {
			t.Errorf("%s: %q", shell, s)
		}
	}
	window(t)
	if err := os.WriteFile("/etc/rinnova/settings.json", []byte(`{"UpdateCheck": "off"}`+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	run(t, "dpkg", "--remove", "rinnova")
	for name := range contents(deb) {
		if _, err := os.Stat(name); (err == nil) != (name == "/etc/rinnova/settings.json") {
			t.Errorf("after removing: %s %v", name, err)
		}
	}
	if b, err := purge(); err != nil {
		t.Fatalf("%v: %s", err, b)
	}
	for n := range names(t) {
		if !before[n] {
			t.Error("left behind:", n)
		}
	}
}

// zshAsks presses the tab key in a zsh of its own.
const zshAsks = `zmodload zsh/zpty
zpty z 'TERM=vt100 zsh -f -i'
zpty -w z 'PS1=; fpath=(/usr/share/zsh/vendor-completions $fpath); autoload -Uz compinit; compinit -u -D; print ready-$((1+1))'
zpty -r -m z line '*ready-2*'
zpty -w -n z $'rinnova renew --puk\t'
for n in {1..600}; do
	while zpty -r -t z line; do seen+=$line; done
	[[ $seen == *--puk-from* ]] && break
	sleep 0.1
done
print -r -- $seen
zpty -d z`

// window opens the window from its desktop entry, on a display of its own, and finds it by its name and class.
func window(t *testing.T) {
	t.Helper()
	home := t.TempDir()
	entry := string(read(t, "/usr/share/applications/rinnova.desktop"))
	m := regexp.MustCompile(`(?m)^Exec=(.*)$`).FindStringSubmatch(entry)
	class := regexp.MustCompile(`(?m)^StartupWMClass=(.*)$`).FindStringSubmatch(entry)
	if m == nil || class == nil {
		t.Fatal(entry)
	}
	systemtest.Need(t, "xvfb", "xvfb-run")
	systemtest.Need(t, "xdotool", "xdotool")
	systemtest.Need(t, "openbox", "openbox")
	systemtest.Need(t, "imagemagick", "import")
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, "xvfb-run", "-a", "-s", "-screen 0 1280x960x24 -nolisten tcp", "dbus-run-session", "--", "sh", "-c", fmt.Sprintf(`
		openbox >/dev/null 2>&1 & manager=$!
		%s >/dev/null 2>&1 & window=$!
		for n in $(seq 240); do # a window may go while it is asked for its name
			id=$(xdotool search --onlyvisible --class '^%s$' | tail -n 1)
			test -z "$id" || name=$(xdotool getwindowname "$id") && test -n "$name" && break
			sleep 0.5
		done
		echo "window: $name"
		for n in $(seq 120); do # until the page is drawn: text takes more bytes than an empty page
			import -window root "$HOME/window.png"
			test $(stat -c %%s "$HOME/window.png") -lt 20000 || break
			sleep 0.5
		done
		kill $window $manager
		wait $window`, m[1], class[1]))
	c.Env = append(os.Environ(), "HOME="+home, "XDG_CACHE_HOME="+home, "XDG_STATE_HOME="+home, "NO_AT_BRIDGE=1")
	var out bytes.Buffer
	c.Stdout = &out
	err := c.Run()
	if name := out.String(); !regexp.MustCompile(`(?m)^window: Rinnova$`).MatchString(name) {
		t.Errorf("the window's name is %q (%v)", name, err)
	}
	b := read(t, filepath.Join(home, "window.png"))
	picture, err := png.Decode(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	drawn := 0
	for y := range picture.Bounds().Dy() {
		for x := range picture.Bounds().Dx() {
			if c := color.RGBAModel.Convert(picture.At(x, y)); c == (color.RGBA{0x0b, 0x55, 0x63, 0xff}) {
				drawn++
			}
		}
	}
	if drawn < 50000 {
		t.Errorf("the page's head is not drawn: %d points of its colour", drawn)
	}
	if keep := os.Getenv("WINDOW_PNG"); keep != "" {
		if err := os.WriteFile(keep, b, 0o644); err != nil {
			t.Errorf("the picture of the window: %v", err)
		}
	}
}
