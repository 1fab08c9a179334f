// SPDX-License-Identifier: EUPL-1.2

package judges

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"rinnova.example/go/systemtest"
)

// layer is a Debian 13 root: the contents of the layer below, and further packages. Each is a folder of its own in
// the cache, so that a test which needs few packages does not wait for the others.
type layer struct {
	name     string
	below    *layer // nil: Debian's smallest root
	packages []string
	setup    string // shell commands, run in the root after its packages came
}

// cards is the smart-card stack and the programs that use a card. Its virtual reader listens on ports of
// its own, since the root shares the network with the computer's own stack. They lie below the ports that outgoing
// connections are given.
var cards = &layer{
	name:     "cards",
	packages: []string{"opensc", "pcscd", "vsmartcard-vpcd", "curl", "openssl", "libengine-pkcs11-openssl"},
	setup:    "sed -i 's/0x8C7B/0x3E6B/' /etc/reader.conf.d/vpcd && grep -q 0x3E6B /etc/reader.conf.d/vpcd",
}

// recipe has all that decides the contents of a layer. A root keeps the recipe that it was made by.
func (l *layer) recipe() string {
	s := "trixie\n"
	if l.below != nil {
		s = l.below.recipe()
	}
	return s + l.name + ": " + strings.Join(l.packages, " ") + "\n" + l.setup + "\n"
}

const recipeFile = "etc/rinnova-recipe"

// roots is the folder of the layers, under a lock that this process holds until it ends: one process at a time makes
// or uses layers, because their virtual reader has one address.
var roots = sync.OnceValues(func() (string, error) {
	if os.Geteuid() != 0 {
		return "", fmt.Errorf("the Debian 13 root of the judges needs root")
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "rinnova")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	lock, err := os.OpenFile(filepath.Join(dir, "trixie.lock"), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return "", err
	}
	for {
		err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX)
		if err != syscall.EINTR {
			held = lock
			return dir, err
		}
	}
})

var held *os.File // the lock ends with the process

// root returns the layer's folder. It makes the layer if it is absent or was made by another recipe; an incomplete
// one has another name.
func (l *layer) root() (string, error) {
	dir, err := roots()
	if err != nil {
		return "", err
	}
	root := filepath.Join(dir, "trixie-"+l.name)
	if made, err := os.ReadFile(filepath.Join(root, recipeFile)); err == nil && string(made) == l.recipe() {
		return root, nil
	}
	making := root + ".making"
	if err := remove(making); err != nil {
		return "", err
	}
	if l.below == nil {
		err = bootstrap(making)
	} else {
		var below string
		if below, err = l.below.root(); err == nil {
			err = run(exec.Command("cp", "-a", below, making))
		}
	}
	if err != nil {
		return "", err
	}
	// No service is started by the packages that come.
	if err := os.WriteFile(filepath.Join(making, "usr/sbin/policy-rc.d"), []byte("#!/bin/sh\nexit 101\n"),
		0o755); err != nil {
		return "", err
	}
	install := "export DEBIAN_FRONTEND=noninteractive && apt-get update -q && " +
		"apt-get install -q -y --no-install-recommends " + strings.Join(l.packages, " ") + " && apt-get clean && " +
		l.setup
	if err := run(within(making, nil, "sh", "-c", install)); err != nil {
		return "", err
	}
	if err := os.WriteFile(filepath.Join(making, recipeFile), []byte(l.recipe()), 0o644); err != nil {
		return "", err
	}
	if err := remove(root); err != nil {
		return "", err
	}
	return root, os.Rename(making, root)
}

// bootstrap makes Debian's smallest root, from the mirror that this computer's apt uses. Only its own process sees
// its mounts, which end with it.
func bootstrap(dir string) error {
	out, err := exec.Command("apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE)", "Created-By: Packages",
		"Origin: Debian").Output()
	if err != nil {
		return fmt.Errorf("apt-get indextargets: %w", err)
	}
	mirror := ""
	for line := range strings.Lines(string(out)) {
		uri, release, _ := strings.Cut(strings.TrimSpace(line), " ")
		if mirror == "" && !strings.Contains(release, "-") { // neither security nor updates, which hold no whole system
			mirror = uri
		}
	}
	if mirror == "" {
		return fmt.Errorf("apt knows no Debian mirror: run apt-get update")
	}
	return run(exec.Command("unshare", "--mount", "debootstrap", "--variant=minbase", "trixie", dir, mirror))
}

// remove deletes a root, and nothing that is mounted in it.
func remove(dir string) error { return run(exec.Command("rm", "-rf", "--one-file-system", dir)) }

// run runs a command that makes a root. All its processes are killed when this one ends, which frees the
// lock. The signal and the namespace do it; the signal comes when the starting thread ends.
func run(c *exec.Cmd) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	contained := exec.Command("unshare", append([]string{"--pid", "--fork", "--kill-child"}, c.Args...)...)
	contained.Env = c.Env
	contained.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if out, err := contained.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w\n%s", strings.Join(c.Args, " "), err, out[max(0, len(out)-4000):])
	}
	return nil
}

// within returns a command inside a root. Its mounts are its own and end with it: the system's folders, and binds,
// folders of this computer by their places in the root. The command replaces the shell that mounts, so that the
// process is the command's own.
func within(root string, binds map[string]string, name string, args ...string) *exec.Cmd {
	script := `set -e; root=$1; shift
for d in proc sys dev; do mount --rbind /$d "$root/$d"; done
while [ "$1" != -- ]; do mount --bind "$2" "$root/$1"; shift 2; done; shift
exec chroot "$root" "$@"`
	line := []string{"--mount", "sh", "-c", script, "sh", root}
	for at, from := range binds {
		line = append(line, at, from)
	}
	c := exec.Command("unshare", append(append(line, "--", name), args...)...)
	c.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LC_ALL=C.UTF-8"}
	for _, v := range []string{"http_proxy", "https_proxy"} {
		if p := os.Getenv(v); p != "" {
			c.Env = append(c.Env, v+"="+p)
		}
	}
	return c
}

// TestRoots makes each absent layer, and checks every layer against its recipe.
func TestRoots(t *testing.T) {
	systemtest.NeedRoot(t)
	systemtest.Need(t, "debootstrap", "debootstrap")
	for _, l := range []*layer{cards, licences, browsers, wine} {
		began := time.Now()
		root, err := l.root()
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%s after %v", l.name, time.Since(began).Round(time.Second))
		for _, p := range l.packages {
			out, err := within(root, nil, "dpkg-query", "-W", "-f", "${Status} ${Version}", p).CombinedOutput()
			if err != nil || !strings.HasPrefix(string(out), "install ok installed ") {
				t.Errorf("%s: %v\n%s", p, err, out)
			}
			t.Logf("%s %s", p, out)
		}
	}
}
