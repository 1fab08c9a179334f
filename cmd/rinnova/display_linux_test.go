// SPDX-License-Identifier: EUPL-1.2

//go:build window || development

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"image"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"rinnova.example/go/card/emulator"
	"rinnova.example/go/card/pcsc/pcsctest"
	"rinnova.example/go/systemtest"
	"rinnova.example/go/systemtest/screen"
)

// windowProgram builds the program with the window, as `make window` does: what that compiled is used again.
var windowProgram = sync.OnceValues(func() (string, error) {
	path := filepath.Join(programs, "rinnova-window")
	build := exec.Command("go", "build", "-trimpath", "-buildmode=pie", "-tags", "desktop,production,webkit2_41,window",
		"-ldflags", "-s -w", "-o", path, "rinnova.example/go/cmd/rinnova")
	build.Env = append(os.Environ(), "CGO_ENABLED=1")
	if out, err := build.CombinedOutput(); err != nil {
		return "", &exec.Error{Name: string(out), Err: err}
	}
	return path, nil
})

// display is a person before a real window.
type display struct {
	*screen.Screen
	t    testing.TB
	home string
	env  []string
	last *shownProgram
}

// shownProgram is a program with a window.
type shownProgram struct {
	*exec.Cmd
	began time.Time
	ended chan error

	mu      sync.Mutex
	printed map[string]time.Duration // its lines, by the time since its start
}

func newDisplay(t testing.TB, size string, env ...string) *display {
	t.Helper()
	systemtest.Need(t, "libwebkit2gtk-4.1-dev", "/usr/lib/*/pkgconfig/webkit2gtk-4.1.pc")
	front := filepath.Join("..", "..", "citizen", "desktop", "frontend")
	systemtest.NeedMade(t, filepath.Join(front, "dist", "index.html"), "frontend")
	return &display{Screen: screen.Start(t, filepath.Join(front, "artifacts"), size), t: t, home: t.TempDir(),
		env: env}
}

// window starts the program with the window.
func (d *display) window(args ...string) *shownProgram {
	d.t.Helper()
	path, err := windowProgram()
	if err != nil {
		d.t.Fatal(err)
	}
	p := &shownProgram{Cmd: d.Command(path, args...), ended: make(chan error, 1), printed: map[string]time.Duration{}}
	p.Env = append(append(p.Env, "HOME="+d.home, "XDG_STATE_HOME="+d.home, "XDG_CACHE_HOME="+d.home,
		"XDG_DOWNLOAD_DIR="+d.home), d.env...)
	var log bytes.Buffer
	p.Stderr = &log
	out, err := p.StdoutPipe()
	if err != nil {
		d.t.Fatal(err)
	}
	p.began = time.Now()
	if err := p.Start(); err != nil {
		d.t.Fatal(err)
	}
	go func() {
		for lines := bufio.NewScanner(out); lines.Scan(); {
			p.mu.Lock()
			p.printed[lines.Text()] = time.Since(p.began)
			p.mu.Unlock()
		}
		p.ended <- p.Wait()
	}()
	d.t.Cleanup(func() {
		_ = p.Process.Signal(syscall.SIGTERM) // an error where it has ended
		select {
		case <-p.ended:
		case <-time.After(20 * time.Second):
			_ = p.Process.Kill()
		}
		if d.t.Failed() {
			d.t.Logf("%s:\n%s", path, log.Bytes())
		}
	})
	d.last = p
	return p
}

// says waits for a line of the program's output.
func (d *display) says(line string) (after time.Duration) {
	d.t.Helper()
	d.Patiently("the line "+line, func() bool {
		d.last.mu.Lock()
		defer d.last.mu.Unlock()
		var there bool
		after, there = d.last.printed[line]
		return there
	})
	return after
}

// exits waits until the program has ended, and wants no error.
func (d *display) exits() {
	d.t.Helper()
	select {
	case err := <-d.last.ended:
		d.last.ended <- nil
		if err != nil {
			d.t.Errorf("the program ended with %v", err)
		}
	case <-time.After(2 * time.Minute):
		d.t.Fatal("the program did not end")
	}
}

// windowName is how the bus names the program with the window.
const windowName = "rinnova"

func (d *display) see(heading string) { d.Find(windowName, screen.Heading, heading) }

// goes presses a button and waits for a heading.
func (d *display) goes(button, heading string) { d.becomes(button, screen.Heading, heading) }

// becomes presses a button and waits for something of a role.
func (d *display) becomes(button string, role uint32, name string) {
	d.t.Helper()
	d.Press(windowName, screen.Button, []string{button}, func() bool {
		_, there := d.Look(windowName, role, name)
		return there
	})
}

// pressed presses a button until it is gone.
func (d *display) pressed(button string) {
	d.t.Helper()
	d.Find(windowName, screen.Button, button)
	d.Press(windowName, screen.Button, []string{button}, func() bool {
		_, there := d.Look(windowName, screen.Button, button)
		return !there
	})
}

func (d *display) types(label, code string) { d.Code(windowName, label, code) }
func (d *display) hears(text string)        { d.Hears(windowName, text) }
func (d *display) close()                   { d.Close(windowName) }

// TestRealWindow renews in the real window through pcscd, with the card and the service in other processes:
// without a card, inserted, both codes typed, closed in the middle, begun again, renewed, taken out, put
// back, logged in, closed. Everything is found by role and name.
func TestRealWindow(t *testing.T) {
	stack := pcsctest.Start(t)
	s, err := startService(filepath.Join(t.TempDir(), "service"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	d := newDisplay(t, screen.Large, "RINNOVA_SERVICE="+s.addresses["cmp"],
		"RINNOVA_CA="+filepath.Join(s.dir, "ca.pem"), "RINNOVA_TLS_CA="+filepath.Join(s.dir, "tls.pem"))
	file := issued(t, s, "AC2014")
	before := oldFiles(t, file)
	d.window() // bare, as a citizen starts it
	d.see("Inserisci la tessera")
	d.Shot("real-1-no-card")
	pull := plug(t, stack, file)
	d.see("La tua tessera")
	d.Shot("real-2-card")
	d.becomes("RINNOVA", screen.PasswordText, "Codice PIN")
	d.types("Codice PIN", "24680")
	d.Shot("real-3-pin")
	d.becomes("PROSEGUI", screen.PasswordText, "Codice PUK")
	d.Shot("real-4-puk")
	// The service does not answer, so that the renewal waits with a new key and without a certificate.
	if err := syscall.Kill(s.pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Kill(s.pid, syscall.SIGCONT) })
	d.types("Codice PUK", "13579246")
	d.goes("PROSEGUI", "Rinnovo del certificato in corso, attendere...")
	d.hears("Richiesta del certificato in corso ...")
	d.Shot("real-5-running")
	d.close()
	d.see("Chiudere durante il rinnovo?")
	d.hears("Il rinnovo si ferma qui. La tessera resta integra, con il certificato attuale, e al prossimo " +
		"inserimento potrai riprendere da dove si è fermato.")
	d.Shot("real-6-closing")
	d.goes("CONTINUA IL RINNOVO", "Rinnovo del certificato in corso, attendere...")
	d.close()
	d.see("Chiudere durante il rinnovo?")
	d.pressed("CHIUDI COMUNQUE")
	d.exits()
	if err := syscall.Kill(s.pid, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	d.window()
	d.see("Un rinnovo di questa tessera è rimasto a metà")
	d.Shot("real-7-begun")
	d.becomes("RIPRENDI IL RINNOVO", screen.PasswordText, "Codice PIN")
	d.types("Codice PIN", "24680")
	d.goes("PROSEGUI", "Certificato rinnovato con successo")
	d.Shot("real-8-done")
	pull()
	d.pressed("Salta l’attesa")
	pull = plug(t, stack, file)
	d.pressed("PROVA L’ACCESSO")
	d.hears("Accesso riuscito: ")
	d.Shot("real-9-entered")
	d.goes("CHIUDI", "Nessun certificato rinnovabile presente nella carta: ")
	d.close()
	d.exits()
	pull()
	if !bytes.Equal(oldFiles(t, file), before) {
		t.Error("the old credential's files changed")
	}
}

// TestRealWindowDemonstration renews in the demonstration's window, by roles and names alone, and hears what
// is announced.
func TestRealWindowDemonstration(t *testing.T) {
	d := newDisplay(t, screen.Large)
	d.window("window", "--demo", "--several", "--pause", (10 * time.Minute).String())
	d.see("Inserisci la tessera")
	d.Shot("demo-1-no-card")
	d.goes("Inserisci una tessera nuova", "La tua tessera")
	d.hears("La tua tessera")
	d.becomes("RINNOVA", screen.PasswordText, "Codice PIN")
	d.types("Codice PIN", emulator.DemoPIN)
	d.becomes("PROSEGUI", screen.PasswordText, "Codice PUK")
	d.types("Codice PUK", emulator.DemoPUK)
	d.goes("PROSEGUI", "Rinnovo del certificato in corso, attendere...")
	d.hears("Generazione chiave in corso ...")
	d.see("Certificato rinnovato con successo")
	d.becomes("Togli la tessera", screen.Button, "Salta l’attesa")
	d.pressed("Salta l’attesa")
	d.hears("Inserisci di nuovo la tessera.")
	d.becomes("Reinserisci la stessa tessera", screen.Button, "PROVA L’ACCESSO")
	d.pressed("PROVA L’ACCESSO")
	d.hears("Accesso riuscito: BRUNILDE ESEMPIO")
	d.Shot("demo-2-entered")
	d.goes("CHIUDI", "Nessun certificato rinnovabile presente nella carta: ")
	d.close()
	d.exits()
}

// TestRealWindowPIN changes the PIN and unblocks it in the demonstration's window, by roles and names alone, and hears
// what is announced.
func TestRealWindowPIN(t *testing.T) {
	const chosen, other = "80357", "91524603"
	d := newDisplay(t, screen.Large)
	d.window("window", "--demo", "--several")
	d.see("Inserisci la tessera")
	d.goes("Inserisci una tessera nuova", "La tua tessera")
	d.becomes("Cambia il PIN", screen.PasswordText, "Codice PIN")
	d.types("Codice PIN", emulator.DemoPIN)
	d.becomes("PROSEGUI", screen.PasswordText, "Nuovo PIN")
	for _, weak := range []string{"11111", chosen} {
		d.types("Nuovo PIN", weak)
		d.types("Ripeti il nuovo PIN", weak)
		if weak != chosen {
			d.Key("Return")
			d.Described(windowName, screen.PasswordText, "Nuovo PIN",
				"Il nuovo PIN ripete le stesse cifre: si indovina facilmente.")
		}
	}
	d.goes("PROSEGUI", "PIN cambiato")
	d.goes("CHIUDI", "La tua tessera")
	d.becomes("Ho dimenticato il PIN", screen.PasswordText, "Codice PUK")
	d.types("Codice PUK", emulator.DemoPUK)
	d.becomes("PROSEGUI", screen.PasswordText, "Nuovo PIN")
	d.types("Nuovo PIN", other)
	d.types("Ripeti il nuovo PIN", other)
	d.goes("PROSEGUI", "PIN sbloccato")
	d.Shot("real-pin-unblocked")
	d.goes("CHIUDI", "La tua tessera")
	d.close()
	d.exits()
}

// TestRealWindowFits: the window with its frame leaves room for the system's bar of 48 pixels, and is wholly on the
// screen.
func TestRealWindowFits(t *testing.T) {
	for _, c := range []struct{ width, height int }{{1366, 660}, {1024, 600}} {
		size := fmt.Sprintf("%dx%d", c.width, c.height)
		t.Run(size, func(t *testing.T) {
			d := newDisplay(t, size)
			d.window("window", "--demo", "--several")
			d.see("Inserisci la tessera")
			var b image.Rectangle
			d.Patiently("the window's size", func() bool {
				b = d.Bounds(windowName)
				return b.Dx() == 1000 && b.Dy() >= c.height-100 && b.Dy() <= c.height-48 &&
					b.In(image.Rect(0, 0, c.width, c.height-48))
			})
			d.Shot("real-" + size)
		})
	}
}
