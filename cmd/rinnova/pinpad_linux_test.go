// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"

	"rinnova.example/go/card/emulator"
	"rinnova.example/go/card/pcsc/pcsctest"
	"rinnova.example/go/catalogue"
)

const (
	pinpadPIN = "24680"
	pinpadPUK = "13579246"
	pinpadNew = "71935"
)

// desk is a card in a reader with a keypad, and the service.
type desk struct {
	*pcsctest.Pinpad
	service *running
	file    string
	card    *emulator.Card
	home    string // with the ledger
	pull    func()
	shown   func(screen string) // called with all that was shown so far; nil for nothing
}

// newDesk issues a card of a series and inserts it. macros are those of the reader's driver.
func newDesk(t *testing.T, series string, macros ...string) *desk {
	t.Helper()
	d := &desk{Pinpad: pcsctest.StartPinpad(t, macros...), home: t.TempDir(),
		file: filepath.Join(t.TempDir(), "card.json")}
	var err error
	if d.service, err = startService(filepath.Join(t.TempDir(), "service")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.service.stop)
	if out, err := exec.Command(filepath.Join(programs, "rinnovad"), "card", "issue", "--dir", d.service.dir,
		"--series", series, "--out", d.file, "--key-bits", "1024", "--pin", pinpadPIN, "--puk",
		pinpadPUK).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if d.card, err = emulator.Open(d.file); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { d.card.Close() })
	d.pull = d.PlugCard(t, d.card)
	return d
}

// question is the line at which the program waits for a code, or for Enter where the reader asks for it.
var question = regexp.MustCompile(`(scrivi qui il codice \([^)]*\)|Codice P[IU][NK]|Nuovo PIN|Ripeti il nuovo PIN|` +
	`Scrivi SI per usarlo): $`)

// types runs the program at a terminal. It gives each question the next line of keys, and Enter where there is none
// left. It returns what was shown and the exit code, and fails the test if a code of the reader was shown or recorded.
func (d *desk) types(t *testing.T, keys []string, args ...string) (string, int) {
	t.Helper()
	record := filepath.Join(t.TempDir(), "record.txt")
	cmd := exec.Command(filepath.Join(programs, "rinnova"), append(args, "--record", record)...)
	cmd.Env = append(os.Environ(), "HOME="+d.home, "XDG_STATE_HOME="+d.home, "PIN="+pinpadPIN, "TERM=dumb",
		"RINNOVA_SERVICE="+d.service.addresses["cmp"], "RINNOVA_CA="+filepath.Join(d.service.dir, "ca.pem"),
		"RINNOVA_TLS_CA="+filepath.Join(d.service.dir, "tls.pem"))
	terminal, err := pty.Start(cmd)
	if err != nil {
		t.Fatal(err)
	}
	defer terminal.Close()
	stop := time.AfterFunc(2*time.Minute, func() { cmd.Process.Kill() })
	defer stop.Stop()
	var screen []byte
	answered := 0
	for b := make([]byte, 4096); ; {
		n, err := terminal.Read(b)
		if err != nil {
			break
		}
		screen = append(screen, b[:n]...)
		if d.shown != nil {
			d.shown(string(screen))
		}
		if question.Match(screen[answered:]) {
			answered = len(screen)
			line := ""
			if len(keys) > 0 {
				line, keys = keys[0], keys[1:]
			}
			time.Sleep(100 * time.Millisecond) // the echo is switched off after the question
			if _, err := terminal.WriteString(line + "\n"); err != nil {
				t.Fatal(err)
			}
		}
	}
	err = cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	recorded, err := os.ReadFile(record)
	if err != nil {
		t.Fatal(err)
	}
	d.secret(t, screen, recorded)
	return strings.ReplaceAll(string(screen), "\r\n", "\n"), cmd.ProcessState.ExitCode()
}

// secret fails the test if a code is in one of the texts, as digits or as the bytes of a command.
func (d *desk) secret(t *testing.T, texts ...[]byte) {
	t.Helper()
	for _, code := range []string{pinpadPIN, pinpadPUK, pinpadNew} {
		var command []byte
		for _, digit := range []byte(code) {
			command = append(command, '3', digit)
		}
		for _, text := range texts {
			if bytes.Contains(text, []byte(code)) || bytes.Contains(text, command) {
				t.Errorf("a code is in\n%s", text)
			}
		}
	}
}

func has(t *testing.T, screen string, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if !strings.Contains(screen, text) {
			t.Errorf("%q is not shown:\n%s", text, screen)
		}
	}
}

func (d *desk) asked(t *testing.T, want ...string) {
	t.Helper()
	if got := d.Entries(); !slices.Equal(got, want) {
		t.Errorf("the reader asked for %q, want %q", got, want)
	}
}

// TestPinpadRenewal renews at a reader with a keypad: the person types the PUK once and the PIN twice there, as the
// program said before, and nothing but Enter at the computer.
func TestPinpadRenewal(t *testing.T) {
	for series, row := range map[string]struct {
		typed   []string
		told    string
		entries int
	}{
		"AC2014": {[]string{pinpadPUK, pinpadPIN, pinpadPIN}, "il PUK una volta, poi il PIN 2 volte", 3},
		"ID2019": {[]string{pinpadPIN, pinpadPIN}, "il PIN 2 volte", 2},
	} {
		t.Run(series, func(t *testing.T) {
			d := newDesk(t, series)
			d.Types(row.typed...)
			screen, exit := d.types(t, nil, "renew")
			if exit != 0 {
				t.Errorf("exit code %d", exit)
			}
			has(t, screen, row.told, "Scrivi sul lettore il PIN, e conferma", textDone)
			d.asked(t, slices.Repeat([]string{"verify 5 8"}, row.entries)...)

			// A login is one entry: the card is held from the PIN to the signature.
			d.Types(pinpadPIN)
			screen, exit = d.types(t, nil, "verify")
			if exit != 0 {
				t.Errorf("verify: exit code %d", exit)
			}
			has(t, screen, "il PIN una volta", "Accesso riuscito")
			d.asked(t, "verify 5 8")
		})
	}
}

// TestPinpadMistakes: a wrong PIN, the cancel key, a code that is too short and the time that runs out are told apart;
// only the wrong PIN costs a try, and the ledger says so. In the second block the person is asked again too.
func TestPinpadMistakes(t *testing.T) {
	d := newDesk(t, "OT2015")
	d.Types("11111", "cancel", "123", "", pinpadPIN, "22222", pinpadPIN)
	screen, exit := d.types(t, nil, "renew")
	if exit != 0 {
		t.Errorf("exit code %d", exit)
	}
	told := []string{"Codice non corretto.\nRestano 2 tentativi.",
		"annullato con il tasto del lettore: nessun tentativo è stato usato.\nRestano 2 tentativi.",
		"troppe o troppo poche cifre: nessun tentativo è stato usato.\nRestano 2 tentativi.",
		"non è stato scritto in tempo sul lettore: nessun tentativo è stato usato.\nRestano 2 tentativi.",
		"Codice non corretto.\nRestano 2 tentativi.", textDone}
	rest := screen
	for _, text := range told {
		at := strings.Index(rest, text)
		if at < 0 {
			t.Fatalf("%q is not shown in its turn:\n%s", text, screen)
		}
		rest = rest[at+len(text):]
	}
	d.asked(t, slices.Repeat([]string{"verify 5 8"}, 7)...)
}

// TestPinpadLastTry: the last try is not asked at the reader without a consent.
func TestPinpadLastTry(t *testing.T) {
	d := newDesk(t, "OT2015")
	d.Types("11111", "22222", pinpadPIN, pinpadPIN)
	screen, exit := d.types(t, []string{"", "", "no"}, "renew")
	if exit != 5 {
		t.Errorf("exit code %d", exit)
	}
	has(t, screen, "Per il PIN resta un solo tentativo", "last-try")
	d.asked(t, "verify 5 8", "verify 5 8")
	if screen, exit = d.types(t, []string{"SI"}, "renew"); exit != 0 {
		t.Errorf("with a consent: exit code %d\n%s", exit, screen)
	}
	d.asked(t, "verify 5 8", "verify 5 8")
}

// TestPinpadNewPIN changes the PIN at the reader, and unblocks it there.
func TestPinpadNewPIN(t *testing.T) {
	d := newDesk(t, "OT2015")
	d.Types(pinpadPIN, pinpadNew, "71936", "11111", pinpadNew, pinpadNew, pinpadPIN, pinpadNew, pinpadNew)
	screen, exit := d.types(t, nil, "pin", "change")
	if exit != 0 {
		t.Errorf("exit code %d", exit)
	}
	has(t, screen, "Chiederà il PIN di adesso, poi due volte il nuovo PIN", "niente sequenze",
		"I due nuovi PIN scritti sul lettore non sono uguali: nessun tentativo è stato usato",
		"Codice non corretto.\nRestano 2 tentativi.", "PIN cambiato.")
	modify := []string{"old 5 8", "new 5 8", "again 5 8"}
	d.asked(t, slices.Concat(modify, modify, modify)...)

	d.Types("cancel", pinpadPUK, pinpadPIN, pinpadPIN)
	screen, exit = d.types(t, nil, "pin", "unblock")
	if exit != 0 {
		t.Errorf("exit code %d", exit)
	}
	has(t, screen, "Chiederà il PUK, poi due volte il nuovo PIN", "annullato con il tasto del lettore",
		"PIN sbloccato.")
	d.asked(t, slices.Concat([]string{"old 5 8"}, modify)...)

	d.Types(pinpadPIN)
	if screen, exit = d.types(t, nil, "verify"); exit != 0 {
		t.Errorf("a login with the PIN of the unblocking: %d\n%s", exit, screen)
	}
}

// TestPinpadOrKeyboard: what the reader cannot ask is typed at the computer, and says so; what a flag gives is not
// asked; and a person may choose the computer.
func TestPinpadOrKeyboard(t *testing.T) {
	d := newDesk(t, "OT2015", "-DNO_MODIFY")
	cmd := exec.Command(filepath.Join(programs, "rinnova"), "renew", "--pin-from", "env:PIN")
	cmd.Env = append(os.Environ(), "HOME="+d.home, "XDG_STATE_HOME="+d.home, "PIN="+pinpadPIN,
		"RINNOVA_SERVICE="+d.service.addresses["cmp"], "RINNOVA_CA="+filepath.Join(d.service.dir, "ca.pem"),
		"RINNOVA_TLS_CA="+filepath.Join(d.service.dir, "tls.pem"))
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("a PIN from a flag: %v\n%s", err, out)
	}
	d.asked(t)
	screen, exit := d.types(t, []string{pinpadPIN}, "verify")
	if exit != 0 {
		t.Errorf("a PIN typed at the computer: exit code %d", exit)
	}
	has(t, screen, "Premi Invio per scrivere sul lettore, o scrivi qui il codice", "Accesso riuscito")
	d.asked(t)
	screen, exit = d.types(t, []string{pinpadPIN, pinpadNew, pinpadNew}, "pin", "change")
	if exit != 0 {
		t.Errorf("a PIN changed at the computer: exit code %d", exit)
	}
	has(t, screen, "Il lettore ha una tastiera, ma non può chiedere questo codice", "PIN cambiato.")
	d.asked(t)
}

// TestPinpadUnusable: where the reader cannot ask for a code of this form, or does not take its description, the
// program says so and asks at the computer.
func TestPinpadUnusable(t *testing.T) {
	for name, macros := range map[string][]string{
		"6 digits at most":    {"-DMIN_PIN=4", "-DMAX_PIN=6"},
		"refuses a structure": {"-DREFUSES"},
	} {
		t.Run(name, func(t *testing.T) {
			d := newDesk(t, "OT2015", macros...)
			keys := []string{pinpadPIN}
			refuses := macros[0] == "-DREFUSES"
			if refuses {
				keys = []string{"", pinpadPIN} // Enter, to type at the reader
			}
			screen, exit := d.types(t, keys, "verify")
			if exit != 0 {
				t.Errorf("exit code %d", exit)
			}
			has(t, screen, "Il lettore ha una tastiera, ma non può chiedere questo codice", "Accesso riuscito")
			told := strings.Contains(screen, "non accetta i codici di questa tessera: nessun tentativo")
			if told != refuses {
				t.Errorf("a refusal is told: %t\n%s", told, screen)
			}
			d.asked(t)
		})
	}
}

// TestPinpadAfterReinsertion: the card is taken out after the renewal, and the login goes through the new connection,
// with one more entry at the reader.
func TestPinpadAfterReinsertion(t *testing.T) {
	d := newDesk(t, "OT2015")
	d.Types(pinpadPIN, pinpadPIN, pinpadPIN)
	out := false
	d.shown = func(screen string) {
		if !out && strings.Contains(screen, catalogue.Step(catalogue.Italian, "reinsert")) {
			out = true
			d.pull()
			waitReader(t, d.Readers[0], false)
			d.pull = d.PlugCard(t, d.card)
		}
	}
	screen, exit := d.types(t, nil, "renew", "--wait-reinsert", "--login")
	if exit != 0 {
		t.Errorf("exit code %d", exit)
	}
	has(t, screen, textDone, "Accesso riuscito")
	d.asked(t, "verify 5 8", "verify 5 8", "verify 5 8")
}
