// SPDX-License-Identifier: EUPL-1.2

package judges

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"rinnova.example/go/service/campaign"
	"rinnova.example/go/systemtest"
	"rinnova.example/go/systemtest/screen"
)

// assembles makes a service's operator.json and, by one of packaging's scripts, its packages in the folder packages,
// from the programs that make packages compiled.
func (w *workshop) assembles(service, script string) {
	w.Helper()
	const compiled = "../../dist/work"
	systemtest.NeedMade(w, compiled, "packages")
	if err := os.Mkdir(filepath.Join(w.dir, "packages"), 0o755); err != nil {
		w.Fatal(err)
	}
	w.output(w.here("rinnovad", "init", "--dir", "s"))
	w.output(w.here("rinnovad", "operator", "--dir", "s", "--service", service, "--telephone", "+39 06 0000",
		"--out", "packages/operator.json"))
	work, err := os.MkdirTemp("../../dist", "work-") // wixl takes relative paths only
	if err != nil {
		w.Fatal(err)
	}
	w.Cleanup(func() { os.RemoveAll(work) })
	w.output(exec.Command("cp", "-a", compiled+"/.", work))
	version := os.Getenv("VERSION")
	if version == "" {
		version = "0.1.0-dev"
	}
	c := exec.Command("../../packaging/" + script)
	c.Env = append(os.Environ(), "VERSION="+version, "WORK=dist/"+filepath.Base(work),
		"OUT="+filepath.Join(w.dir, "packages"),
		"OPERATOR="+filepath.Join(w.dir, "packages", "operator.json"))
	w.output(c)
	sums := w.here("sh", "-c", "sha256sum -- * >../SHA256SUMS && mv ../SHA256SUMS .") // as packaging/build.sh ends
	sums.Dir = filepath.Join(w.dir, "packages")
	w.output(sums)
}

// downloaded returns the package that the browser saved, once it is whole.
func (x *rootScreen) downloaded() (name string, ok bool) {
	found, _ := filepath.Glob(filepath.Join(x.w.dir, "home", "*", "*.deb"))
	for _, partial := range []string{"*.crdownload", "*.part"} {
		if list, _ := filepath.Glob(filepath.Join(x.w.dir, "home", "*", partial)); len(list) > 0 {
			return "", false
		}
	}
	if len(found) == 0 {
		return "", false
	}
	name, err := filepath.Rel(x.w.dir, found[0])
	return name, err == nil
}

// desktopCommand returns the command of the installed desktop entry: a double click on the icon starts it.
func (w *workshop) desktopCommand() string {
	w.Helper()
	b, err := os.ReadFile(filepath.Join(w.at.root, "usr/share/applications/rinnova.desktop"))
	m := regexp.MustCompile(`(?m)^Exec=(\S+)$`).FindSubmatch(b)
	if err != nil || m == nil {
		w.Fatalf("no command in the desktop entry: %v", err)
	}
	return string(m[1])
}

// The guide from step 1 to step 15: a citizen goes to the portal of a running service, downloads and installs the
// program, starts it by its icon, renews the card, has the program add its module to the browser, and logs in. Nothing
// is typed but the PIN, and the home folder is empty before.
func TestGuide(t *testing.T) {
	at := stackIn(t, browsers)
	w := opened(t, at)
	address := "127.0.0.1:" + freePort(t)
	w.assembles("https://"+address, "linux.sh")
	s := w.serve("", "--listen", address, "--packages", "packages")
	x := w.screen("guide")
	remove := func() { w.output(w.there("dpkg", "--purge", "rinnova")) }
	remove() // of a test that was ended in its middle
	t.Cleanup(remove)
	for _, b := range []*browser{chromium, newFirefox} {
		t.Run(b.name, func(t *testing.T) {
			home := filepath.Join(w.dir, "home")
			if err := os.RemoveAll(home); err != nil {
				t.Fatal(err)
			}
			if err := os.Mkdir(home, 0o700); err != nil {
				t.Fatal(err)
			}
			if b == chromium {
				x.trusts("home/.pki/nssdb")
			} else {
				policies := t.TempDir()
				if err := os.WriteFile(filepath.Join(policies, "policies.json"), []byte(firefoxPolicies),
					0o600); err != nil {
					t.Fatal(err)
				}
				x.files["usr/share/firefox-esr/distribution"] = policies
			}
			x.followsGuide(s, b, "card-"+b.name)
			remove()
		})
	}
}

// followsGuide has a citizen with a new card of ID2019 follow the guide.
func (x *rootScreen) followsGuide(s *service, b *browser, card string) {
	w := x.w
	w.Helper()
	s.issue(card, "ID2019", "--not-after", expired())

	// 1: the portal, the list of drivers, the download.
	closes := systemtest.Start(w, b.open(x, s.public+"/"))
	x.Page(b.name, "Rinnovo del certificato della TS-CNS")
	x.Shot(b.name + "-1-portal")
	x.Press(b.name, screen.Link, []string{"Elenco driver"},
		func() bool { _, there := x.Look(b.name, screen.DocumentWeb, "Elenco driver"); return there })
	x.Shot(b.name + "-1-drivers")
	file := ""
	x.Press(b.name, screen.Link, []string{"Scarica il tool RINNOVA"}, func() (saved bool) {
		file, saved = x.downloaded()
		return saved
	})
	// 2, 3: what a double click on the file does, once the administrator's password is given.
	w.output(w.there("dpkg", "-i", file))
	// 5: the windows are closed. 6 to 8: the reader is there, the program is started by its icon, the card inserted.
	closes()
	window := x.there(w.desktopCommand())
	pull := w.insert(card + ".json")
	// 8 to 14.
	r := x.renews(s, window, b.name+"-14-reinserted", func() {
		pull()
		x.Press("rinnova", screen.Button, []string{"Salta l’attesa"},
			func() bool { _, there := x.Look("rinnova", screen.Button, "Salta l’attesa"); return !there })
		pull = w.insert(card + ".json")
		x.addsModule(b.name + "-14-browsers")
	})
	// 15: the browser is opened again.
	closes = systemtest.Start(w, b.open(x, s.login))
	x.chooses(b, b.name+"-15", r.Serial)
	must(w, x.Page(b.name, "Accesso riuscito"), "BRUNILDE ESEMPIO",
		"valido fino al "+r.NotAfter.In(campaign.Rome).Format("02/01/2006 15:04"))
	x.Shot(b.name + "-15-welcome")
	closes()
	pull()
	w.untried(card + ".json")
}
