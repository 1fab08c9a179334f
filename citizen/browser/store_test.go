// SPDX-License-Identifier: EUPL-1.2

package browser

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"rinnova.example/go/systemtest"
)

const library = "/usr/lib/rinnova/" + Library

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// home makes files in a new home folder; a file's name that ends with a slash is a folder.
func home(t *testing.T, files map[string]string) Home {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if strings.HasSuffix(name, "/") {
			check(t, os.MkdirAll(path, 0o700))
		}
		check(t, os.MkdirAll(filepath.Dir(path), 0o700))
		if !strings.HasSuffix(name, "/") {
			check(t, os.WriteFile(path, []byte(content), 0o600))
		}
	}
	return Home{Folder: dir, Settings: filepath.Join(dir, ".config"), Installed: func(string) bool { return false }}
}

// nss is a list as modutil of NSS 3.87 leaves it, with OpenSC.
const nss = `library=
name=NSS Internal PKCS #11 Module
parameters=configdir='sql:a' certPrefix='' keyPrefix='' secmod='secmod.db' flags= 
NSS=Flags=internal,critical trustOrder=75 cipherOrder=100 slotParams=(1={slotFlags=[RSA] askpw=any timeout=30})

library=/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so
name=OpenSC

`

// TestAddRemove adds our module and removes it: every other byte of the list stays.
func TestAddRemove(t *testing.T) {
	for name, before := range map[string]string{
		"a browser that was used":     nss,
		"without an end":              strings.TrimRight(nss, "\n"),
		"blanks for an empty line":    strings.Replace(nss, "\n\nlibrary", "\n \t\nlibrary", 1),
		"ends of lines of Windows":    strings.ReplaceAll(nss, "\n", "\r\n"),
		"our module of another place": nss + "library=/opt/" + Library + "\nname=Rinnova\n\n",
	} {
		t.Run(name, func(t *testing.T) {
			h := home(t, map[string]string{".pki/nssdb/pkcs11.txt": before, ".config/chromium/": ""})
			list, err := Find(h)
			check(t, err)
			if len(list) != 1 || list[0].Modules[0].Name != "OpenSC" {
				t.Fatalf("found %+v", list)
			}
			for range 2 { // adding twice is adding once
				check(t, list[0].Add(library))
			}
			file := filepath.Join(h.Folder, ".pki/nssdb/pkcs11.txt")
			want := nss + "library=" + library + "\nname=Rinnova\n\n"
			if b, err := os.ReadFile(file); err != nil || string(b) != want {
				t.Errorf("added: %v\n%s", err, b)
			}
			check(t, list[0].Remove())
			if b, err := os.ReadFile(file); err != nil || string(b) != nss {
				t.Errorf("removed: %v\n%s", err, b)
			}
		})
	}
}

// TestCleanHome adds the module before the browser's first start, and leaves nothing after its removal.
func TestCleanHome(t *testing.T) {
	h := home(t, nil)
	if list, err := Find(h); err != nil || len(list) != 0 {
		t.Errorf("no browser: %+v, %v", list, err)
	}
	h.Installed = func(program string) bool { return program == "chromium" }
	list, err := Find(h)
	check(t, err)
	check(t, list[0].Add(library))
	if list, err = Find(h); err != nil || !list[0].Ours {
		t.Errorf("after: %+v, %v", list, err)
	}
	check(t, list[0].Remove())
	if entries, err := os.ReadDir(h.Folder); err != nil || len(entries) != 0 {
		t.Errorf("left: %v, %v", entries, err)
	}
}

// TestFind finds the stores of each packaging, and the browsers that are open.
func TestFind(t *testing.T) {
	h := home(t, map[string]string{
		".config/google-chrome/":                                   "",
		".mozilla/firefox/abc.default/prefs.js":                    "",
		".mozilla/firefox/Crash Reports/x":                         "",
		".mozilla/firefox/open.default/times.json":                 "",
		".mozilla/firefox/crashed.default/times.json":              "",
		"snap/firefox/common/.mozilla/firefox/s/cert9.db":          "",
		".var/app/org.mozilla.firefox/.mozilla/firefox/f/cert9.db": "",
		"snap/chromium/current/.pki/nssdb/pkcs11.txt":              nss,
	})
	profiles := filepath.Join(h.Folder, ".mozilla/firefox")
	check(t, os.Symlink(fmt.Sprintf("127.0.1.1:+%d", os.Getpid()), filepath.Join(profiles, "open.default/lock")))
	check(t, os.Symlink(fmt.Sprintf("127.0.1.1:+%d", ended(t)), filepath.Join(profiles, "crashed.default/lock")))
	lock := filepath.Join(h.Settings, "google-chrome/SingletonLock")
	check(t, os.Symlink(fmt.Sprintf("pc-di-brunilde-%d", os.Getpid()), lock))
	list, err := Find(h)
	check(t, err)
	got := map[string]string{}
	for _, s := range list {
		name, err := filepath.Rel(h.Folder, s.Folder)
		check(t, err)
		got[name] = fmt.Sprint(s.Browser, " ", s.Confined, " ", s.Running)
	}
	want := map[string]string{
		".pki/nssdb":                                      "Chromium, Chrome, Edge  true",
		".mozilla/firefox/abc.default":                    "Firefox  false",
		".mozilla/firefox/open.default":                   "Firefox  true",
		".mozilla/firefox/crashed.default":                "Firefox  false",
		"snap/firefox/common/.mozilla/firefox/s":          "Firefox snap false",
		".var/app/org.mozilla.firefox/.mozilla/firefox/f": "Firefox flatpak false",
		"snap/chromium/current/.pki/nssdb":                "Chromium snap false",
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("found %v\nwant  %v", got, want)
	}
	for _, s := range list {
		err := s.Add(library)
		switch {
		case s.Confined != "" && !errors.Is(err, ErrConfined), s.Running && !errors.Is(err, ErrRunning),
			s.Confined == "" && !s.Running && err != nil:
			t.Errorf("%s: %v", s.Folder, err)
		}
	}
}

// ended returns the number of a process that has ended.
func ended(t *testing.T) int {
	t.Helper()
	systemtest.Need(t, "coreutils", "true")
	c := exec.Command("true")
	check(t, c.Run())
	return c.Process.Pid
}

// TestNSS: NSS completes the list that we make in a clean home, and finds the module in it.
func TestNSS(t *testing.T) {
	systemtest.Need(t, "libnss3-tools", "certutil", "modutil")
	h := home(t, nil)
	h.Installed = func(program string) bool { return program == "chromium" }
	list, err := Find(h)
	check(t, err)
	check(t, list[0].Add(library))
	for _, command := range [][]string{
		{"certutil", "-N", "-d", "sql:" + list[0].Folder, "--empty-password"}, // opens for writing, as a browser does
		{"modutil", "-dbdir", "sql:" + list[0].Folder, "-rawlist"},
	} {
		out, err := exec.Command(command[0], command[1:]...).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %v\n%s", command, err, out)
		}
		if command[0] == "modutil" && (!strings.Contains(string(out), `name="Rinnova"`) ||
			!strings.Contains(string(out), "NSS Internal")) {
			t.Errorf("modutil: %s", out)
		}
	}
}
