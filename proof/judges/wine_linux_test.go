// SPDX-License-Identifier: EUPL-1.2

package judges

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"rinnova.example/go/card/emulator"
	"rinnova.example/go/systemtest"
)

// wine runs programs for Windows of 64 and of 32 bits. It has only the DLLs of Wine's 32-bit half, beside the 64-bit
// ones. So a 32-bit program too uses the 64-bit smart-card library, and no 32-bit Debian is needed. (With the package
// wine32 SCardEstablishContext fails.)
var wine = &layer{
	name:     "wine",
	below:    cards,
	packages: []string{"wine", "wine64"},
	setup: `dpkg --add-architecture i386 && apt-get update -q && cd /tmp && apt-get download -q libwine:i386 && dpkg --remove-architecture i386 &&
dpkg-deb --fsys-tarfile libwine_*_i386.deb | tar -x ./usr/lib/i386-linux-gnu/wine/i386-windows && rm libwine_*_i386.deb &&
cp -alf usr/lib/i386-linux-gnu/wine/i386-windows /usr/lib/x86_64-linux-gnu/wine/ && rm -r usr && apt-get clean`,
}

// prefix is the folder of one computer with Windows, in the folder of our programs. Making one takes long: the tests
// of a run share it and restore its state.
const prefix = "wine"

// windowsEnv is Wine's environment: without a display, without its offer to fetch .NET and a browser, and without a
// copy of the Start menu for Linux.
var windowsEnv = []string{"WINEPREFIX=/opt/" + prefix, "WINEDEBUG=-all",
	"WINEDLLOVERRIDES=mscoree,mshtml,winemenubuilder.exe=", "XDG_RUNTIME_DIR=/run", "TERM=xterm"}

// windows is a workshop on a computer with Windows and a reader.
func windows(t testing.TB) *workshop {
	t.Helper()
	w := opened(t, stackIn(t, wine))
	t.Cleanup(w.shutdown)
	if _, err := os.Stat(filepath.Join(programs, prefix)); err != nil {
		began := time.Now()
		w.ran(0, w.under("wineboot", "--init"))
		w.shutdown()
		t.Logf("%s: a new Windows after %v", strings.TrimSpace(w.output(w.under("wine", "--version"))),
			time.Since(began).Round(time.Second))
	}
	return w
}

// ran runs a program under Wine that must end with a code, and returns its output. The output goes to a file, because
// a part of Windows that the program starts would keep a pipe open for long.
func (w *workshop) ran(code int, c *exec.Cmd) string {
	w.Helper()
	f, err := os.CreateTemp(w.dir, "printed")
	if err != nil {
		w.Fatal(err)
	}
	defer os.Remove(f.Name())
	defer f.Close()
	c.Stdout, c.Stderr = f, f
	err = c.Run()
	out := w.read(filepath.Base(f.Name()))
	if c.ProcessState == nil || c.ProcessState.ExitCode() != code {
		w.Fatalf("%s: %v, want exit code %d\n%s", strings.Join(c.Args, " "), err, code, out)
	}
	return string(out)
}

// shutdown ends Windows, which writes the registry. Services of Wine see the folder of the workshop
// that started them, and no other.
func (w *workshop) shutdown() {
	w.Helper()
	w.under("wineserver", "-k").Run() // fails where nothing runs any more
	w.output(w.under("wineserver", "-w"))
}

// under is a program of the root in Wine's environment.
func (w *workshop) under(name string, args ...string) *exec.Cmd {
	c := w.there(name, args...)
	c.Env = append(c.Env, windowsEnv...)
	return c
}

// exe is a program for Windows; drive Z: is the root, and relative names mean the workshop's folder.
func (w *workshop) exe(name string, args ...string) *exec.Cmd {
	return w.under("wine", append([]string{name}, args...)...)
}

// The folders of the installers' programs and icons. Wine has no Start menu and no desktop that all users share.
const (
	programs64   = `C:\Program Files\Rinnova\`
	programs32   = `C:\Program Files (x86)\Rinnova\`
	startMenu    = `C:\users\root\AppData\Roaming\Microsoft\Windows\Start Menu\Programs\`
	programsUser = `C:\users\root\AppData\Local\Programs\Rinnova\`
)

// installer copies one of the installers that "make packages" made into the workshop: x64, x86 or x64-user.
func (w *workshop) installer(name string) { w.Helper(); w.take("packages", name) }

// take copies one of the installers of a folder of dist into the workshop.
func (w *workshop) take(folder, name string) {
	w.Helper()
	made, err := filepath.Glob("../../dist/" + folder + "/rinnova-*-" + name + ".msi")
	if err != nil || len(made) != 1 {
		w.Fatalf("%d installers for %s in dist/%s: run make packages", len(made), name, folder)
	}
	b, err := os.ReadFile(made[0])
	if err != nil {
		w.Fatal(err)
	}
	w.write(name+".msi", b)
}

// msiexec is Windows Installer without a person before it.
func (w *workshop) msiexec(args ...string) *exec.Cmd {
	return w.exe("msiexec", append(args, "/qn", "/l*v", `Z:\mnt\msi.log`)...)
}

// install installs with public properties, and uninstalls when the test ends.
func (w *workshop) install(name string, properties ...string) {
	w.Helper()
	w.installer(name)
	began := time.Now()
	w.ran(0, w.msiexec(append([]string{"/i", `Z:\mnt\` + name + ".msi"}, properties...)...))
	w.Logf("%s installed after %v", name, time.Since(began).Round(100*time.Millisecond))
	w.Cleanup(func() { w.ran(0, w.msiexec("/x", `Z:\mnt\`+name+".msi")) })
}

// terminal runs a line on a terminal of its own and types an answer at a prompt. It returns the terminal's output.
func (w *workshop) terminal(c *exec.Cmd, prompt, answer string) string {
	w.Helper()
	in, err := c.StdinPipe()
	if err != nil {
		w.Fatal(err)
	}
	shown := &lines{}
	c.Stdout, c.Stderr = shown, shown
	if err := c.Start(); err != nil {
		w.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	eventually(w, prompt, func() bool { return strings.Contains(shown.String(), prompt) })
	// Characters typed while Wine still sets up the terminal would be shown.
	time.Sleep(time.Second)
	fmt.Fprint(in, answer)
	select {
	case err = <-ended:
	case <-time.After(2 * time.Minute):
		c.Process.Kill()
		err = fmt.Errorf("no end after two minutes")
	}
	if err != nil {
		w.Fatalf("%s: %v\n%s", strings.Join(c.Args, " "), err, shown)
	}
	return shown.String()
}

// oldFiles returns the files of the old pair of an emulated card.
func (w *workshop) oldFiles(file string) []byte {
	w.Helper()
	card, err := emulator.Open(filepath.Join(w.dir, file))
	if err != nil {
		w.Fatal(err)
	}
	defer card.Close()
	if pin, puk := card.Tries(0x10), card.Tries(0x11); pin != 3 || puk != 10 {
		w.Errorf("%d tries of the PIN and %d of the PUK are left", pin, puk)
	}
	var all []byte
	for _, p := range []string{"1000/1003", "1100/1101", "1100/1102"} {
		b, ok := card.File(p)
		if !ok {
			w.Fatalf("no EF %s", p)
		}
		all = append(all, b...)
	}
	return all
}

// settings are the installer's properties by which an administrator names this service.
func (s *service) settings() []string {
	return []string{"SERVICE=" + s.cmp, `CA=Z:\mnt\s\ca.pem`, `TLSCA=Z:\mnt\s\tls.pem`}
}

// An operator's installer names the programs' service; an administrator's settings take precedence.
func TestWindowsOperator(t *testing.T) {
	w := windows(t)
	w.furnish()
	for _, c := range []struct{ name, folder string }{{"x64", programs64}, {"x86", programs32},
		{"x64-user", programsUser}} {
		t.Run(c.name, func(t *testing.T) {
			if c.name == "x86" {
				systemtest.Need32Bit(t)
			}
			w := &workshop{t, w.dir, w.at}
			before := w.machine()
			w.installer(c.name)
			w.ran(0, w.msiexec("/i", `Z:\mnt\`+c.name+".msi"))
			if out := w.ran(2, w.exe(c.folder+"rinnova.exe", "service")); !strings.Contains(out, "service-not-given") {
				t.Errorf("without an operator: %s", out)
			}
			w.take("operator", c.name) // takes the other's place
			w.ran(0, w.msiexec("/i", `Z:\mnt\`+c.name+".msi"))
			out := w.ran(0, w.exe(c.folder+"rinnova.exe", "service"))
			if !strings.Contains(out, "Servizio: https://rinnovo.example") ||
				!strings.Contains(out, c.folder+"operator.json") {
				t.Errorf("the program knows %s", out)
			}
			out = w.ran(2, w.exe(c.folder+"rinnova.exe", "service", "--service", "https://other.example"))
			if !strings.Contains(out, "ca-needed") {
				t.Errorf("the roots of one operator for the service of another: %s", out)
			}
			w.ran(0, w.msiexec("/x", `Z:\mnt\`+c.name+".msi"))
			if left := w.left(before); len(left) > 0 {
				t.Errorf("left behind:\n%s", strings.Join(left, "\n"))
			}
		})
	}
}

// Installed on Windows with an administrator's settings, the command line's program lists readers, renews a card
// through winscard.dll, logs in with it and refuses to renew it again, in 64 bits and in 32, and with the PIN typed at
// the console.
func TestWindowsRenewal(t *testing.T) {
	w := windows(t)
	s := w.serve("")
	for _, c := range []struct {
		msi, folder, series string
		typed               bool
	}{{"x64", programs64, "ID2019", false}, {"x64", programs64, "OT2016", true}, {"x86", programs32, "AC2014", false}} {
		t.Run(c.msi+"/"+c.series, func(t *testing.T) {
			if c.msi == "x86" {
				systemtest.Need32Bit(t)
			}
			w := &workshop{t, w.dir, w.at}
			s := &service{w: w, cmp: s.cmp, login: s.login}
			w.install(c.msi, s.settings()...)
			exe, file := c.folder+"rinnova.exe", c.series+".json"
			renew := []string{"renew", "--json", "--pin-from", "env:PIN", "--puk-from", "env:PUK", "--series", c.series}
			s.issue(c.series, c.series)
			before := w.oldFiles(file)
			pull := w.insert(file)

			if out := w.ran(0, w.exe(exe, "readers")); !strings.Contains(out,
				"0  Virtual PCD 00 00: tessera inserita") {
				t.Errorf("readers: %s", out)
			}
			var status struct {
				Renewable bool
				Reason    string
			}
			if w.answer(w.ran(0, w.exe(exe, "status", "--json")), &status); !status.Renewable {
				t.Fatalf("status: %+v", status)
			}
			if c.typed {
				line := "stty rows 50 cols 200; exec wine '" + exe + "' renew --series " + c.series
				out := w.terminal(w.under("script", "-q", "-e", "-c", line, "/dev/null"), "Codice PIN:", "12345\r")
				if !strings.Contains(out, "Certificato rinnovato con successo") ||
					!strings.Contains(out, "Il nuovo certificato è valido fino al") || strings.Contains(out, "12345") {
					t.Errorf("at the console:\n%s", out)
				}
			} else if _, r := w.events(w.ran(0, w.exe(exe, append(renew, "--login")...))); r.Code != "done" ||
				r.Slot != 1 {
				t.Fatalf("%+v", r)
			}
			var l login
			w.answer(w.ran(0, w.exe(exe, "verify", "--json", "--pin-from", "env:PIN")), &l)
			if !l.Accepted || l.NotAfter.Before(time.Now().AddDate(0, 6, 0)) {
				t.Errorf("login: %+v", l)
			}
			if _, r := w.events(w.ran(3, w.exe(exe, renew...))); r.Code != "already-renewed" {
				t.Errorf("second renewal: %+v", r)
			}
			pull()
			if !bytes.Equal(w.oldFiles(file), before) {
				t.Error("the old credential's files changed")
			}
			if out := w.ran(4, w.exe(exe, "status")); !strings.Contains(out, "Codice: no-card") {
				t.Errorf("without a card: %s", out)
			}
			t.Logf("%s renewed, logged in, not renewed again by %s", c.series, exe)
		})
	}
}

// The guide on Windows: a citizen goes to the portal of a running service, downloads and installs the program, starts
// it from the Start menu, renews the card and tries the login. Nothing is typed but the codes. This Windows has no
// WebView2: the program opens the citizen's browser instead, and ends by itself when the page is closed.
func TestWindowsGuide(t *testing.T) {
	const pages = "../../citizen/desktop/frontend/test/"
	script, err := filepath.Abs(pages + "windows.js")
	if err != nil {
		t.Fatal(err)
	}
	portal, err := filepath.Abs(pages + "download.js")
	if err != nil {
		t.Fatal(err)
	}
	w := windows(t)
	server := "127.0.0.1:" + freePort(t)
	w.assembles("https://"+server, "msi.sh")
	s := w.serve("", "--listen", server, "--packages", "packages")
	installer := strings.TrimSpace(w.output(w.here("node", portal, s.public+"/", w.dir, "windows-guide")))
	w.ran(0, w.msiexec("/i", `Z:\mnt\`+installer))
	t.Cleanup(func() { w.ran(0, w.msiexec("/x", `Z:\mnt\`+installer)) })
	const series = "AC2018" // asks for the sigla and for the PUK
	s.issue("card", series)
	before := w.oldFiles("card.json")
	pull := w.insert("card.json")

	// Wine hands an address to the system's xdg-open.
	if err := os.Mkdir(filepath.Join(w.dir, "bin"), 0o755); err != nil {
		t.Fatal(err)
	}
	w.write("bin/xdg-open",
		[]byte("#!/bin/sh\nprintf '%s' \"$1\" >/mnt/address.part && mv /mnt/address.part /mnt/address\n"))
	if err := os.Chmod(filepath.Join(w.dir, "bin/xdg-open"), 0o755); err != nil {
		t.Fatal(err)
	}
	c := w.exe("start", startMenu+"Rinnova.lnk")
	c.Env = append(c.Env, "PATH=/mnt/bin:/usr/sbin:/usr/bin:/sbin:/bin")
	if err := c.Run(); err != nil { // without pipes, which the program would keep
		t.Fatal(err)
	}
	var address string
	eventually(t, "the program opens the browser", func() bool {
		b, err := os.ReadFile(filepath.Join(w.dir, "address"))
		address = string(b)
		return err == nil
	})
	if !opensOnce.MatchString(address) {
		t.Fatalf("address %q", address)
	}
	// A request without the secret gets only the files of the page.
	origin, _, _ := strings.Cut(address, "#")
	for url, want := range map[string]string{origin: "200", origin + "api/state": "403", origin + "api/enter": "403"} {
		if got := w.output(w.here("curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", url)); got != want {
			t.Errorf("%s: %s, want %s", url, got, want)
		}
	}

	running := func() bool { return strings.Contains(w.ran(0, w.exe("tasklist")), "rinnova-window.exe") }
	if !running() {
		t.Fatal("Windows does not list the program")
	}
	page := w.here("node", script, address, series, "windows-guide")
	out, err := page.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	said := &lines{}
	page.Stderr = said
	systemtest.Start(t, page)
	last := ""
	for line := bufio.NewScanner(out); line.Scan(); {
		switch last = line.Text(); last {
		case "remove":
			pull()
		case "insert":
			pull = w.insert("card.json")
		}
	}
	if last != "renewed" {
		t.Fatalf("the page ended after %q:\n%s", last, said)
	}
	// At once if the page said that it closes, in 45 seconds if the browser left it no time.
	for end := time.Now().Add(2 * time.Minute); running(); time.Sleep(time.Second) {
		if time.Now().After(end) {
			t.Fatal("the program did not end with its page")
		}
	}
	pull()
	if !bytes.Equal(w.oldFiles("card.json"), before) {
		t.Error("the old credential's files changed")
	}
	if list := s.certificates(); len(list) != 1 || list[0].State != "proven" || !list[0].Valid {
		t.Errorf("on record: %+v", list)
	}
	t.Log("screens in citizen/desktop/frontend/artifacts/windows-guide-*.png")
}

var opensOnce = regexp.MustCompile(`^http://127\.0\.0\.1:\d+/#[A-Z2-7]{26}$`)

// machine is the disk of a computer with Windows: paths of files, and the registry's values by hive, key and name.
func (w *workshop) machine() map[string]string {
	w.Helper()
	w.shutdown()
	all := map[string]string{}
	at := filepath.Join(programs, prefix)
	err := filepath.WalkDir(at, func(path string, d os.DirEntry, err error) error {
		all[strings.TrimPrefix(path, at)] = ""
		return err
	})
	if err != nil || len(all) < 1000 {
		w.Fatalf("%d files: %v", len(all), err)
	}
	for _, hive := range []string{"system", "user"} {
		b, err := os.ReadFile(filepath.Join(at, hive+".reg"))
		if err != nil {
			w.Fatal(err)
		}
		key := ""
		for line := range strings.Lines(string(b)) {
			line = strings.TrimRight(line, "\n")
			switch {
			case strings.HasPrefix(line, "["):
				key, _, _ = strings.Cut(line, "] ")
				key = hive + key + "]"
				all[key] = ""
			case strings.HasPrefix(line, `"`) || strings.HasPrefix(line, "@"):
				name, value, _ := strings.Cut(line, "=")
				all[key+name] = value
			}
		}
	}
	return all
}

// changes lists what differs between two states of a computer.
func changes(before, after map[string]string) (list []string) {
	for k := range before {
		if _, ok := after[k]; !ok {
			list = append(list, "- "+k)
		}
	}
	for k, v := range after {
		if was, ok := before[k]; !ok {
			list = append(list, "+ "+k+" "+v)
		} else if was != v {
			list = append(list, "! "+k+" "+was+" -> "+v)
		}
	}
	slices.Sort(list)
	return list
}

// Wine's own marks in what the installers leave: what a start sets, empty places of its installer, and the folder for
// a user's programs, which a real profile has from the beginning.
var winesOwn = regexp.MustCompile(`"DriverDateData"|NetworkCards\]$|AppData/Local/Programs $|windows/Installer $|Microsoft/Installer $|Installer\\\\((UserData\\\\S-[0-9-]+\\\\)?(Components|Products|Features|UpgradeCodes))?\] $`)

// left lists the changes on the computer, except Wine's own marks.
func (w *workshop) left(before map[string]string) []string {
	w.Helper()
	return slices.DeleteFunc(changes(before, w.machine()), winesOwn.MatchString)
}

// version returns the version of the one Rinnova that Windows lists among its programs.
func version(t testing.TB, machine map[string]string) string {
	t.Helper()
	var found []string
	for k, v := range machine {
		if entry, ok := strings.CutSuffix(k, `"DisplayName"`); ok && v == `"Rinnova"` &&
			strings.Contains(k, `CurrentVersion\\Uninstall\\`) {
			found = append(found, strings.Trim(machine[entry+`"DisplayVersion"`], `"`))
		}
	}
	if len(found) != 1 {
		t.Fatalf("installed versions of Rinnova: %q", found)
	}
	return found[0]
}

// newer makes the installers of another version, from the same programs, in the workshop's folder "newer".
func (w *workshop) newer(version string) {
	w.Helper()
	top, err := filepath.Abs("../..")
	if err != nil {
		w.Fatal(err)
	}
	dir := filepath.Join(w.dir, "newer")
	for _, folder := range []string{"windows-amd64", "windows-386", "icons"} {
		if err := errors.Join(os.MkdirAll(dir, 0o755),
			os.Symlink(filepath.Join(top, "dist/work", folder), filepath.Join(dir, folder))); err != nil {
			w.Fatal(err)
		}
	}
	work, err := filepath.Rel(top, dir) // wixl takes no other names
	if err != nil {
		w.Fatal(err)
	}
	build := exec.Command("../../packaging/msi.sh")
	build.Env = append(os.Environ(), "VERSION="+version, "OUT="+dir, "WORK="+work)
	w.output(build)
}

// furnish puts a file on the citizen's desktop and a policy of another program into the registry, because Wine's
// Windows Installer removes what is empty.
func (w *workshop) furnish() {
	w.Helper()
	desktop := filepath.Join(programs, prefix, "drive_c/users/root/Desktop")
	if err := errors.Join(os.MkdirAll(desktop, 0o755),
		os.WriteFile(filepath.Join(desktop, "note.txt"), nil, 0o644)); err != nil {
		w.Fatal(err)
	}
	w.ran(0, w.exe("reg", "add", `HKLM\Software\Policies\Esempio`, "/v", "Prova", "/d", "1", "/f"))
}

// The installers put programs, icons and an administrator's settings in their places, replace an older version and
// keep its settings, and refuse to replace a newer one. After the removal no file of theirs is left.
func TestWindowsInstaller(t *testing.T) {
	w := windows(t)
	w.furnish()
	w.newer("9.0.0")
	const service, proxy = "https://rinnovo.example/cmp", "http://proxy.example:3128"
	for _, c := range []struct{ msi, folder, key string }{
		{"x64", programs64, `system[Software\\Rinnova]`},
		{"x64-user", programsUser, `user[Software\\Rinnova]`},
		{"x86", programs32, `system[Software\\Wow6432Node\\Rinnova]`},
	} {
		t.Run(c.msi, func(t *testing.T) {
			if c.msi == "x86" {
				systemtest.Need32Bit(t)
			}
			w := &workshop{t, w.dir, w.at}
			before := w.machine()
			w.installer(c.msi)
			older, newer := `Z:\mnt\`+c.msi+".msi", `Z:\mnt\newer\rinnova-9.0.0-`+c.msi+".msi"
			folder := strings.ReplaceAll(strings.TrimPrefix(c.folder, "C:"), `\`, "/")
			check := func(m map[string]string, want string) {
				t.Helper()
				for _, p := range []string{folder + "rinnova.exe", folder + "rinnova-window.exe",
					folder + "LICENSE.txt",
					strings.ReplaceAll(strings.TrimPrefix(startMenu, "C:"), `\`, "/") + "Rinnova.lnk",
					"/users/root/Desktop/Rinnova.lnk"} {
					if _, ok := m["/drive_c"+p]; !ok {
						t.Errorf("no %s", p)
					}
				}
				if got := version(t, m); got != want {
					t.Errorf("installed is version %s, want %s", got, want)
				}
				for name, value := range map[string]string{"Service": service, "Proxy": proxy, "CA": `C:\\ca.pem`} {
					if got := m[c.key+`"`+name+`"`]; got != `"`+value+`"` {
						t.Errorf("setting %s is %s, want %s", name, got, value)
					}
				}
				policy, set := m[`system[Software\\Policies\\Mozilla\\Firefox\\SecurityDevices\\Add]"Rinnova"`]
				if set != (c.msi == "x64") || set && policy != `"C:\\Program Files\\Rinnova\\rinnova-pkcs11.dll"` {
					t.Errorf("Firefox's policy is %s", policy)
				}
				if v, ok := m[c.key+`"TLSCA"`]; ok {
					t.Errorf("setting TLSCA, which was not given, is %s", v)
				}
				for k := range m {
					if _, was := before[k]; !was && strings.HasPrefix(k,
						"/drive_c/Program Files") != strings.HasPrefix(folder, "/Program Files") &&
						strings.Contains(k, "/Rinnova/") {
						t.Errorf("%s is there too", k)
					}
				}
				if out := w.ran(0, w.exe(c.folder+"rinnova.exe", "version")); !strings.HasPrefix(out, "rinnova ") {
					t.Errorf("version: %s", out)
				}
			}
			w.ran(0, w.msiexec("/i", older, "SERVICE="+service, "PROXY="+proxy, `CA=C:\ca.pem`, "FIREFOX=1"))
			m := w.machine()
			was := version(t, m)
			check(m, was)
			w.ran(0, w.msiexec("/i", newer))
			check(w.machine(), "9.0.0")
			w.ran(1603&0xFF, w.msiexec("/i", older)) // ERROR_INSTALL_FAILURE; Linux keeps 8 bits
			check(w.machine(), "9.0.0")
			w.ran(0, w.msiexec("/x", newer))
			if left := w.left(before); len(left) > 0 {
				t.Errorf("left behind:\n%s", strings.Join(left, "\n"))
			}
			t.Logf("%s: %s installed, replaced by 9.0.0, not brought back, removed", c.msi, was)
		})
	}
}
