// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rinnova.example/go/card/cardmodel"
	"rinnova.example/go/card/emulator"
	"rinnova.example/go/card/pcsc"
	"rinnova.example/go/card/pcsc/pcsctest"
	"rinnova.example/go/systemtest"
)

// openscModule is where Debian puts OpenSC's PKCS#11 module.
const openscModule = "/usr/lib/x86_64-linux-gnu/opensc-pkcs11.so"

// plug puts the card of a file into a reader by vcns, another program, and returns a function that pulls it.
func plug(t *testing.T, stack *pcsctest.Stack, file string) (pull func()) {
	t.Helper()
	cmd := exec.Command(filepath.Join(programs, "vcns"), "--vpcd", stack.Addrs[0], "--card", file)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	pulled := false
	pull = func() {
		if pulled {
			return
		}
		pulled = true
		cmd.Process.Signal(os.Interrupt)
		cmd.Wait()
		waitReader(t, stack.Readers[0], false)
	}
	t.Cleanup(pull)
	waitReader(t, stack.Readers[0], true)
	return pull
}

func waitReader(t *testing.T, name string, present bool) {
	t.Helper()
	for range 100 {
		readers, err := pcsc.Readers()
		if err == nil {
			for _, r := range readers {
				if r.Name == name && r.Present == present {
					return
				}
			}
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("reader %s never had present=%v", name, present)
}

// citizen runs the program as a process, with the codes in the environment, and returns output and exit code.
func citizen(t *testing.T, s *running, args ...string) (string, int) {
	t.Helper()
	cmd := exec.Command(filepath.Join(programs, "rinnova"), args...)
	home := t.TempDir()
	cmd.Env = append(os.Environ(), "HOME="+home, "XDG_STATE_HOME="+home, "PIN=24680", "PUK=13579246",
		"RINNOVA_SERVICE="+s.addresses["cmp"],
		"RINNOVA_CA="+filepath.Join(s.dir, "ca.pem"), "RINNOVA_TLS_CA="+filepath.Join(s.dir, "tls.pem"))
	out, err := cmd.CombinedOutput()
	if err != nil && cmd.ProcessState == nil {
		t.Fatal(err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// opensc runs one of OpenSC's tools on the first reader with a cache of its own.
func opensc(t *testing.T, home string, name string, args ...string) (string, error) {
	t.Helper()
	systemtest.Need(t, "opensc", name)
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "HOME="+home, "XDG_CACHE_HOME="+filepath.Join(home, ".cache"))
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// TestRenewThroughReader renews every series through pcscd, with the card in another process, and lets
// OpenSC look at the old pair before and after.
func TestRenewThroughReader(t *testing.T) {
	stack := pcsctest.Start(t)
	s, err := startService(filepath.Join(t.TempDir(), "service"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	n := 0
	for _, m := range cardmodel.Models() {
		for _, series := range m.Sigle() {
			if m.NotRenewable.Value != "" {
				continue
			}
			n++
			t.Run(series, func(t *testing.T) {
				file := filepath.Join(t.TempDir(), "card.json")
				if out, err := exec.Command(filepath.Join(programs, "rinnovad"), "card", "issue", "--dir", s.dir,
					"--series", series,
					"--out", file, "--pin", "24680", "--puk", "13579246", "--key-bits",
					"1024").CombinedOutput(); err != nil {
					t.Fatalf("%v: %s", err, out)
				}
				before := oldFiles(t, file)
				pull := plug(t, stack, file)
				reader := "pcsc:" + stack.Readers[0]
				asBefore(t, "before")

				out, exit := citizen(t, s, "status", "--card", reader, "--json")
				var status statusJSON
				if json.Unmarshal([]byte(out), &status) != nil || exit != 0 || !status.Renewable ||
					status.Model != m.ID || status.Reader != stack.Readers[0] {
					t.Fatalf("status: %d %s", exit, out)
				}
				if out, exit = citizen(t, s, "renew", "--card", reader, "--pin-from", "env:PIN", "--puk-from",
					"env:PUK", "--login"); exit != 0 || !strings.Contains(out, textDone) {
					t.Fatalf("renew: %d %s", exit, out)
				}
				asBefore(t, "after")
				if out, exit = citizen(t, s, "verify", "--pin-from", "env:PIN", "--json"); exit != 0 ||
					!strings.Contains(out, `"accepted":true`) {
					t.Errorf("verify: %d %s", exit, out)
				}
				if out, exit = citizen(t, s, "renew", "--card", reader, "--pin-from", "env:PIN", "--puk-from",
					"env:PUK"); exit != 3 || !strings.Contains(out, "already-renewed") {
					t.Errorf("second renewal: %d %s", exit, out)
				}
				pull()
				if !bytes.Equal(oldFiles(t, file), before) {
					t.Error("the old credential's files changed")
				}
			})
		}
	}
	if n != 8 {
		t.Fatalf("%d series", n)
	}
}

// asBefore checks that OpenSC lists the pair made at issue and signs with it.
func asBefore(t *testing.T, when string) {
	t.Helper()
	home := t.TempDir()
	out, err := opensc(t, home, "pkcs15-tool", "-D")
	for _, want := range []string{"X.509 Certificate [CNS0]", "Private RSA Key [CNS0]", "EF_DatiPersonali"} {
		if err != nil || !strings.Contains(out, want) {
			t.Fatalf("pkcs15-tool %s: no %q: %v\n%s", when, want, err, out)
		}
	}
	out, err = opensc(t, home, "pkcs11-tool", "--module", openscModule, "--login", "--pin", "24680", "--test")
	// OpenSC asks 100 random bytes of chips that give 32 at a time: only that may fail.
	errs := strings.Count(out, "ERR:") - strings.Count(out,
		"ERR: C_GenerateRandom(buf1,100) failed: CKR_DATA_LEN_RANGE")
	if err != nil || errs != 0 || !strings.Contains(out, "testing key 0 (CNS0)") ||
		!strings.Contains(out, "SHA256-RSA-PKCS: OK") || strings.Contains(out, "failed: CKR_FUNCTION") {
		t.Errorf("pkcs11-tool %s: %v\n%s", when, err, out)
	}
}

func oldFiles(t *testing.T, file string) []byte {
	t.Helper()
	c, err := emulator.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var all []byte
	for _, p := range []string{"1000/1003", "1100/1101", "1100/1102"} {
		b, ok := c.File(p)
		if !ok {
			t.Fatalf("%s is absent", p)
		}
		all = append(all, b...)
	}
	return all
}

// Without a card, without a reader service, with two cards: each has its code and exit code 4 or 2.
func TestNoCard(t *testing.T) {
	stack := pcsctest.Start(t)
	s := &running{addresses: map[string]string{}}
	if out, exit := citizen(t, s, "status"); exit != 4 || !strings.Contains(out, "no-card") {
		t.Errorf("%d %s", exit, out)
	}
	if out, exit := citizen(t, s, "readers", "--json"); exit != 0 ||
		!strings.Contains(out, fmt.Sprintf("%q", stack.Readers[1])) {
		t.Errorf("%d %s", exit, out)
	}
	stack.StopService(t)
	if out, exit := citizen(t, s, "status"); exit != 4 || !strings.Contains(out, "no-smartcard-service") {
		t.Errorf("%d %s", exit, out)
	}
}
