// SPDX-License-Identifier: EUPL-1.2

//go:build window || development

package main

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"rinnova.example/go/card/emulator"
	"rinnova.example/go/card/pcsc/pcsctest"
	"rinnova.example/go/systemtest"
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

// display is a person before a real window (real_window.py): each line is a command, answered by a line.
type display struct {
	t    testing.TB
	in   io.Writer
	out  *bufio.Scanner
	said bytes.Buffer
}

func newDisplay(t testing.TB, env ...string) *display {
	t.Helper()
	systemtest.Need(t, "libwebkit2gtk-4.1-dev", "/usr/lib/*/pkgconfig/webkit2gtk-4.1.pc")
	systemtest.Need(t, "xvfb", "Xvfb")
	systemtest.Need(t, "python3-gi", "python3", "/usr/lib/python3/dist-packages/gi/__init__.py")
	front := filepath.Join("..", "..", "citizen", "desktop", "frontend")
	systemtest.NeedMade(t, filepath.Join(front, "dist", "index.html"), "frontend")
	cmd := exec.Command("/usr/bin/python3", filepath.Join(front, "test", "real_window.py"), "--artifacts",
		filepath.Join(front, "artifacts"))
	d := &display{t: t}
	home := t.TempDir()
	cmd.Env = append(append(os.Environ(), "HOME="+home, "XDG_STATE_HOME="+home, "XDG_CACHE_HOME="+home,
		"XDG_DOWNLOAD_DIR="+home, "VERBOSE=1"), env...)
	cmd.Stderr = &d.said
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	d.in, d.out = in, bufio.NewScanner(out)
	d.out.Buffer(nil, 1<<20)
	t.Cleanup(func() {
		in.Close()
		err := cmd.Wait()
		if err != nil || t.Failed() {
			t.Errorf("the display: %v\n%s", err, d.said.Bytes())
		}
	})
	d.answer("start")
	return d
}

func (d *display) answer(command string) string {
	d.t.Helper()
	if !d.out.Scan() || !strings.HasPrefix(d.out.Text(), "ok") {
		d.t.Fatalf("%s: %s", command, d.out.Text())
	}
	return strings.TrimSpace(strings.TrimPrefix(d.out.Text(), "ok"))
}

// do gives one command and returns the answer.
func (d *display) do(words ...string) string {
	d.t.Helper()
	for i, w := range words {
		words[i] = "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
	}
	line := strings.Join(words, " ")
	if _, err := io.WriteString(d.in, line+"\n"); err != nil {
		d.t.Fatal(line, err)
	}
	return d.answer(line)
}

// window starts the program with the window and returns its process.
func (d *display) window(args ...string) int {
	d.t.Helper()
	path, err := windowProgram()
	if err != nil {
		d.t.Fatal(err)
	}
	pid, err := strconv.Atoi(d.do(append([]string{"start", path}, args...)...))
	if err != nil {
		d.t.Fatal(err)
	}
	return pid
}

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
	d := newDisplay(t, "RINNOVA_SERVICE="+s.addresses["cmp"], "RINNOVA_CA="+filepath.Join(s.dir, "ca.pem"),
		"RINNOVA_TLS_CA="+filepath.Join(s.dir, "tls.pem"))
	file := issued(t, s, "AC2014")
	before := oldFiles(t, file)
	d.window() // bare, as a citizen starts it
	d.do("see", "heading", "Inserisci la tessera")
	d.do("shot", "real-1-no-card")
	pull := plug(t, stack, file)
	d.do("see", "heading", "La tua tessera")
	d.do("shot", "real-2-card")
	d.do("press", "RINNOVA", "password text", "Codice PIN")
	d.do("type", "Codice PIN", "24680")
	d.do("shot", "real-3-pin")
	d.do("press", "PROSEGUI", "password text", "Codice PUK")
	d.do("shot", "real-4-puk")
	// The service keeps silent, so that the renewal stands where the key was made and no certificate came.
	if err := syscall.Kill(s.pid, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Kill(s.pid, syscall.SIGCONT) })
	d.do("type", "Codice PUK", "13579246")
	d.do("press", "PROSEGUI", "heading", "Rinnovo del certificato in corso, attendere...")
	d.do("hears", "Richiesta del certificato in corso ...")
	d.do("shot", "real-5-running")
	d.do("close")
	d.do("see", "heading", "Chiudere durante il rinnovo?")
	d.do("hears",
		"Il rinnovo si ferma qui. La tessera resta integra, con il certificato attuale, e al prossimo inserimento "+
			"potrai riprendere da dove si è fermato.")
	d.do("shot", "real-6-closing")
	d.do("press", "CONTINUA IL RINNOVO", "heading", "Rinnovo del certificato in corso, attendere...")
	d.do("close")
	d.do("see", "heading", "Chiudere durante il rinnovo?")
	d.do("press", "CHIUDI COMUNQUE")
	if code := d.do("ended"); code != "0" {
		t.Errorf("exit code %s", code)
	}
	if err := syscall.Kill(s.pid, syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	d.window()
	d.do("see", "heading", "Un rinnovo di questa tessera è rimasto a metà")
	d.do("shot", "real-7-begun")
	d.do("press", "RIPRENDI IL RINNOVO", "password text", "Codice PIN")
	d.do("type", "Codice PIN", "24680")
	d.do("press", "PROSEGUI", "heading", "Certificato rinnovato con successo")
	d.do("shot", "real-8-done")
	pull()
	d.do("press", "Salta l’attesa")
	pull = plug(t, stack, file)
	d.do("press", "PROVA L’ACCESSO")
	d.do("hears", "Accesso riuscito: ")
	d.do("shot", "real-9-entered")
	d.do("press", "CHIUDI", "heading", "Nessun certificato rinnovabile presente nella carta: ")
	d.do("close")
	if code := d.do("ended"); code != "0" {
		t.Errorf("exit code %s", code)
	}
	pull()
	if !bytes.Equal(oldFiles(t, file), before) {
		t.Error("the old credential's files changed")
	}
}

// TestRealWindowDemonstration renews in the demonstration's window, by roles and names alone, and hears what
// is announced.
func TestRealWindowDemonstration(t *testing.T) {
	d := newDisplay(t)
	d.window("window", "--demo", "--several", "--pause", (10 * time.Minute).String())
	d.do("see", "heading", "Inserisci la tessera")
	d.do("shot", "demo-1-no-card")
	d.do("press", "Inserisci una tessera nuova", "heading", "La tua tessera")
	d.do("hears", "La tua tessera")
	d.do("press", "RINNOVA", "password text", "Codice PIN")
	d.do("type", "Codice PIN", emulator.DemoPIN)
	d.do("press", "PROSEGUI", "password text", "Codice PUK")
	d.do("type", "Codice PUK", emulator.DemoPUK)
	d.do("press", "PROSEGUI", "heading", "Rinnovo del certificato in corso, attendere...")
	d.do("hears", "Generazione chiave in corso ...")
	d.do("see", "heading", "Certificato rinnovato con successo")
	d.do("press", "Togli la tessera", "push button", "Salta l’attesa")
	d.do("press", "Salta l’attesa")
	d.do("hears", "Inserisci di nuovo la tessera.")
	d.do("press", "Reinserisci la stessa tessera", "push button", "PROVA L’ACCESSO")
	d.do("press", "PROVA L’ACCESSO")
	d.do("hears", "Accesso riuscito: BRUNILDE ESEMPIO")
	d.do("shot", "demo-2-entered")
	d.do("press", "CHIUDI", "heading", "Nessun certificato rinnovabile presente nella carta: ")
	d.do("close")
	if code := d.do("ended"); code != "0" {
		t.Errorf("exit code %s", code)
	}
}
