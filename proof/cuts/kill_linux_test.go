// SPDX-License-Identifier: EUPL-1.2

package cuts

import (
	"context"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"rinnova.example/go/card/emulator"
	"rinnova.example/go/cardfile"
	"rinnova.example/go/citizen/renewal"
)

// background is the child's context: only SIGKILL ends it.
var background = context.Background()

// killVariable tells the child of TestKill at which point it dies; it is unset for a run that goes on.
const killVariable = "RINNOVA_CUTS_KILL"

// TestMain lets the test binary be the program that is killed.
func TestMain(m *testing.M) {
	if spec, ok := os.LookupEnv(killVariable); ok {
		os.Exit(child(spec, os.Args[1], os.Args[2], os.Args[3]))
	}
	os.Exit(m.Run())
}

// dying is a card and a journal with a SIGKILL in them.
type dying struct {
	*emulator.Card
	kind  string
	left  int
	after bool
}

func (d *dying) point(kind string, do func()) {
	if kind != d.kind {
		do()
		return
	}
	d.left--
	if d.left == 0 && !d.after {
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	do()
	if d.left == 0 && d.after {
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
}

func (d *dying) Transmit(b []byte) (r []byte, err error) {
	d.point("card", func() { r, err = d.Card.Transmit(b) })
	return r, err
}

// child renews the card of a file with a journal in a folder, both on the real disk. spec is "journal 3 after", "card
// 17 before", or empty. It prints the number of points of each kind that it passed.
func child(spec, file, dir, service string) int {
	card, err := emulator.Open(file)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	d := &dying{Card: card}
	if spec != "" {
		f := strings.Fields(spec)
		d.kind, d.after = f[0], f[2] == "after"
		fmt.Sscan(f[1], &d.left)
	}
	ca, err := os.ReadFile(filepath.Join(dir, "ca.pem"))
	if err != nil {
		fmt.Println(err)
		return 1
	}
	block, _ := pem.Decode(ca)
	root, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	u, err := url.Parse(service)
	if err != nil {
		fmt.Println(err)
		return 1
	}
	journal := cardfile.In(filepath.Join(dir, "journal"))
	writes, write := 0, journal.Write
	journal.Write = func(name string, b []byte) (err error) {
		writes++
		d.point("journal", func() { err = write(name, b) })
		return err
	}
	r := &renewal.Renewal{Card: d, Service: renewal.Service{URL: u, HTTP: &http.Client{}},
		Anchors:  []*x509.Certificate{root},
		Prompter: &world{}, Journal: journal, Campaign: "prova", Now: func() time.Time { return start },
		Random: rand.Reader, Wait: nil}
	if _, err := r.Run(background); err != nil {
		fmt.Println(err)
		return 1
	}
	fmt.Printf("journal writes: %d\n", writes)
	return 0
}

// TestKill kills the program with SIGKILL from within, before and after every write of its journal and at commands to
// the card, with card and journal in files on the real disk. Then it runs the program again.
func TestKill(t *testing.T) {
	a, err := newAuthority()
	if err != nil {
		t.Fatal(err)
	}
	points, journals := 0, 0
	for _, series := range []string{"AC2018", "ID2019"} {
		var specs []string
		for n := 1; n <= 9; n++ {
			specs = append(specs, fmt.Sprintf("journal %d before", n), fmt.Sprintf("journal %d after", n))
		}
		for n := 20; n <= 120; n += 9 {
			specs = append(specs, fmt.Sprintf("card %d after", n))
		}
		for _, spec := range specs {
			w, err := a.newWorld(t.Context(), series)
			if err != nil {
				t.Fatal(err)
			}
			dir := t.TempDir()
			file := filepath.Join(dir, "card.json")
			if err := w.card.Save(file); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(dir, "ca.pem"),
				pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.Current.Certificate().Raw}),
				0o600); err != nil {
				t.Fatal(err)
			}
			server := httptest.NewServer(w.service.Handler)
			run := func(spec string) (string, error) {
				cmd := exec.Command(os.Args[0], file, dir, server.URL)
				cmd.Env = append(os.Environ(), killVariable+"="+spec)
				out, err := cmd.CombinedOutput()
				return string(out), err
			}
			out, err := run(spec)
			var exit *exec.ExitError
			switch {
			case errors.As(err, &exit) && exit.Sys().(syscall.WaitStatus).Signal() == syscall.SIGKILL:
				points++
				if strings.HasPrefix(spec, "journal") {
					journals++
				}
			case err == nil: // the run has fewer points than that
			default:
				t.Fatalf("%s, %s: %v: %s", series, spec, err, out)
			}
			if out, err := run(""); err != nil && !strings.Contains(out, "already-renewed") {
				t.Errorf("%s, %s, second run: %v: %s", series, spec, err, out)
			}
			server.Close()
			if w.card, err = emulator.Open(file); err != nil {
				t.Fatal(err)
			}
			w.card.SetFault(nil)
			if err := w.sound(); err != nil {
				t.Errorf("%s, %s: %v", series, spec, err)
			}
			if err := w.settled(); err != nil {
				t.Errorf("%s, %s: %v", series, spec, err)
			}
			w.card.Close()
			w.service.Close()
		}
	}
	t.Logf("killed at %d points, %d of them writes of the journal", points, journals)
	if points < 30 || journals < 20 {
		t.Errorf("only %d points, %d of the journal", points, journals)
	}
}
