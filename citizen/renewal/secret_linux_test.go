// SPDX-License-Identifier: EUPL-1.2

package renewal_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"
	"syscall"
	"testing"
	"time"

	"rinnova.example/go/card/emulator"
	"rinnova.example/go/card/iso7816"
	"rinnova.example/go/citizen/renewal"
)

// TestSecretsOfProgram runs rinnova with canaries from an environment variable, a file and a pipe, and searches its
// output, as text and as JSON, its recording and its journal for them.
func TestSecretsOfProgram(t *testing.T) {
	dir := t.TempDir()
	build := exec.Command("go", "build", "-o", dir+string(filepath.Separator), "rinnova.example/go/cmd/rinnova",
		"rinnova.example/go/cmd/rinnovad")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	run := func(name string, args ...string) *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), filepath.Join(dir, name), args...)
		cmd.Dir = dir
		return cmd
	}
	if out, err := run("rinnovad", "init", "--dir", "service", "--clock", canaryClock).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	var log bytes.Buffer
	serve := run("rinnovad", "serve", "--dir", "service", "--listen", "127.0.0.1:0", "--login", "127.0.0.1:0",
		"--clock", canaryClock)
	serve.Stderr = &log
	ready := must(serve.StdoutPipe())
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 4096)
	n, _ := ready.Read(line)
	go io.Copy(&bytes.Buffer{}, ready)
	var service string
	for f := range strings.FieldsSeq(string(line[:n])) {
		if u, ok := strings.CutPrefix(f, "cmp="); ok {
			service = u
		}
	}
	for i, c := range []struct {
		pin, puk string
		want     string
	}{
		{canaryPIN, canaryPUK, "done"}, {wrongPIN, canaryPUK, "pin-wrong"}, {noPIN, canaryPUK, "pin-format"},
		{canaryPIN, wrongPUK, "puk-wrong"}, {canaryPIN, noPIN, "puk-format"},
	} {
		for j, from := range []string{"env:", "file:", "fd:"} {
			name := fmt.Sprintf("%s, codes from %s", c.want, from)
			card := fmt.Sprintf("card-%d-%d.json", i, j)
			if out, err := run("rinnovad", "card", "issue", "--dir", "service", "--series", "AC2014", "--out", card,
				"--pin", canaryPIN, "--puk", canaryPUK, "--clock", canaryClock).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			args := []string{"renew", "--card", "emulated:" + card, "--service", service, "--ca", "service/ca.pem",
				"--tls-ca", "service/tls.pem", "--campaign", "prova",
				"--clock", canaryClock, "--journal", "journal-" + card, "--record", "record-" + card}
			if j%2 == i%2 {
				args = append(args, "--json")
			}
			cmd := run("rinnova")
			switch from {
			case "env:":
				cmd.Env = append(os.Environ(), "CANARY_PIN="+c.pin, "CANARY_PUK="+c.puk)
				args = append(args, "--pin-from", "env:CANARY_PIN", "--puk-from", "env:CANARY_PUK")
			case "file:":
				for name, code := range map[string]string{"pin": c.pin, "puk": c.puk} {
					if err := os.WriteFile(filepath.Join(dir, name), []byte(code+"\n"), 0o600); err != nil {
						t.Fatal(err)
					}
				}
				args = append(args, "--pin-from", "file:pin", "--puk-from", "file:puk")
			case "fd:":
				cmd.ExtraFiles = []*os.File{pipe(t, c.pin), pipe(t, c.puk)}
				args = append(args, "--pin-from", "fd:3", "--puk-from", "fd:4")
			}
			cmd.Args = append(cmd.Args, args...)
			var out, errOut bytes.Buffer
			cmd.Stdout, cmd.Stderr = &out, &errOut
			cmd.Run() // other tests check its exit code; this one checks its output
			if said := out.String() + errOut.String(); !strings.Contains(said, c.want) &&
				!(c.want == "done" && strings.Contains(said, "Certificato rinnovato")) {
				t.Fatalf("%s: %s", name, said)
			}
			clean(t, name+", stdout", out.Bytes())
			clean(t, name+", stderr", errOut.Bytes())
			record, err := os.ReadFile(filepath.Join(dir, "record-"+card))
			if err != nil || !bytes.Contains(record, []byte("> 0020001008[8]")) && c.want != "pin-format" {
				t.Fatal(name, err)
			}
			clean(t, name+", the record", record)
			files := map[string][]byte{}
			for _, f := range must(filepath.Glob(filepath.Join(dir, "journal-"+card, "*"))) {
				files[filepath.Base(f)] = must(os.ReadFile(f))
				clean(t, name+", "+filepath.Base(f), files[filepath.Base(f)])
			}
			issued := must(emulator.Open(filepath.Join(dir, card)))
			id, _ := issued.File("1000/1003")
			issued.Close()
			opened := unsealed(t, files, string(id))
			for kind, plain := range opened {
				clean(t, name+", "+kind+" unsealed", plain)
			}
			if c.want == "done" && len(opened) != 2 {
				t.Errorf("%d files about the card, want its journal and its tries", len(opened))
			}
		}
	}
	serve.Process.Signal(os.Interrupt)
	serve.Wait()
	clean(t, "the service's log", log.Bytes())
}

func pipe(t *testing.T, content string) *os.File {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	w.WriteString(content)
	w.Close()
	return r
}

// A child process of the test runs a renewal: its card is at the other end of two pipes, its codes come from a third,
// and its environment says what it does and when.
const (
	canaryClock = "2020-05-25T10:00:00Z"

	childDoes  = "RINNOVA_TEST_CHILD"
	childURL   = "RINNOVA_TEST_SERVICE"
	childRoot  = "RINNOVA_TEST_ROOT"
	childDump  = "RINNOVA_TEST_DUMP"
	endOfRun   = 'X'
	wireBegin  = 'B'
	wireEnd    = 'E'
	wireReset  = 'R'
	wireATR    = 'A'
	wireSend   = 'T'
	wireFailed = 'F'
)

func init() {
	if os.Getenv(childDoes) != "" {
		childMain(os.Getenv(childDoes))
		os.Exit(0)
	}
}

// farCard is a card at the other end of the child's standard input and output.
type farCard struct{}

// ask sends a kind, a length and bytes, and receives the same. It does not copy the caller's bytes.
func (farCard) ask(kind byte, b []byte) ([]byte, error) {
	head := [3]byte{kind, byte(len(b) >> 8), byte(len(b))}
	os.Stdout.Write(head[:])
	os.Stdout.Write(b)
	if _, err := io.ReadFull(os.Stdin, head[:]); err != nil {
		return nil, err
	}
	answer := make([]byte, int(head[1])<<8|int(head[2]))
	if _, err := io.ReadFull(os.Stdin, answer); err != nil {
		return nil, err
	}
	if head[0] == wireFailed {
		return nil, iso7816.ErrCardGone
	}
	return answer, nil
}

func (c farCard) ATR() []byte                       { b, _ := c.ask(wireATR, nil); return b }
func (c farCard) Transmit(b []byte) ([]byte, error) { return c.ask(wireSend, b) }
func (c farCard) Begin() error                      { _, err := c.ask(wireBegin, nil); return err }
func (c farCard) End(reset bool) error {
	kind := byte(wireEnd)
	if reset {
		kind = wireReset
	}
	_, err := c.ask(kind, nil)
	return err
}

// piped is a person who types codes of eight digits from the third pipe.
type piped struct{ does string }

func (p piped) typed() ([]byte, error) {
	b := make([]byte, 8)
	_, err := io.ReadFull(os.NewFile(3, "codes"), b)
	return b, err
}

func (p piped) PIN(context.Context, renewal.CodeRequest) ([]byte, error) { return p.typed() }

func (p piped) PUK(context.Context, renewal.CodeRequest) ([]byte, error) {
	b, err := p.typed()
	if p.does == "panic in the Prompter" {
		defer func() { fmt.Fprintln(os.Stderr, len(b)) }() // the code is alive on the stack
		panic("provoked")
	}
	return b, err
}

func (piped) Consent(context.Context, renewal.Question) (string, error) {
	return "", renewal.ErrNoInput
}

func childMain(does string) {
	clock, err := time.Parse(time.RFC3339, canaryClock)
	if err != nil {
		panic(err)
	}
	root := must(x509.ParseCertificate(must(os.ReadFile(os.Getenv(childRoot)))))
	r := &renewal.Renewal{Card: farCard{},
		Service: renewal.Service{URL: must(url.Parse(os.Getenv(childURL))), HTTP: http.DefaultClient},
		Anchors: []*x509.Certificate{root}, Prompter: piped{does}, Campaign: "prova", Random: rand.Reader,
		Now:  func() time.Time { return clock },
		Wait: func(ctx context.Context, d time.Duration) error { return ctx.Err() },
		Events: func(e renewal.Event) {
			if does == "panic in Events" && e.Step == "generate" {
				panic("provoked")
			}
		}}
	out, err := r.Run(context.Background())
	result := []byte("done")
	if err != nil {
		result = []byte(renewal.Classify(err).Code)
	} else {
		out.Session.ForgetPIN()
	}
	if name := os.Getenv(childDump); name != "" {
		runtime.GC()
		f := must(os.Create(name))
		debug.WriteHeapDump(f.Fd())
		f.Close()
	}
	farCard{}.ask(endOfRun, result)
	runtime.KeepAlive(out)
}

// child runs a child process on a card. Before an answer goes back, at may inspect the waiting process, or end it and
// return true so that no answer goes back.
func child(t *testing.T, s *service, card *emulator.Card, does, dump string,
	at func(p *os.Process, kind byte, command []byte) (silent bool)) (result string, stderr []byte) {
	t.Helper()
	root := filepath.Join(t.TempDir(), "root")
	if err := os.WriteFile(root, s.Current.Certificate().Raw, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), must(os.Executable()))
	cmd.Env = append(os.Environ(), "GOTRACEBACK=all", childDoes+"="+does, childURL+"="+s.server.URL, childRoot+"="+root,
		childDump+"="+dump)
	cmd.ExtraFiles = []*os.File{pipe(t, canaryPIN+canaryPUK)}
	in, out := must(cmd.StdinPipe()), must(cmd.StdoutPipe())
	var errOut bytes.Buffer
	cmd.Stderr = &errOut
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for {
		head := make([]byte, 3)
		if _, err := io.ReadFull(out, head); err != nil {
			break
		}
		b := make([]byte, int(head[1])<<8|int(head[2]))
		if _, err := io.ReadFull(out, b); err != nil {
			break
		}
		var answer []byte
		var err error
		switch head[0] {
		case wireATR:
			answer = card.ATR()
		case wireSend:
			answer, err = card.Transmit(b)
		case wireBegin:
			err = card.Begin()
		case wireEnd, wireReset:
			err = card.End(head[0] == wireReset)
		case endOfRun:
			result = string(b)
		}
		if err != nil {
			head[0] = wireFailed
		}
		if at(cmd.Process, head[0], b) {
			continue
		}
		in.Write([]byte{head[0], byte(len(answer) >> 8), byte(len(answer))})
		in.Write(answer)
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result, errOut.Bytes()
}

// TestSecretsOfCrash lets a child process crash while it holds codes: in the Prompter, in Events, and during a
// VERIFY. The trace of all goroutines does not show them.
func TestSecretsOfCrash(t *testing.T) {
	for i, does := range []string{"panic in the Prompter", "panic in Events", "quit in VERIFY"} {
		s := newService(t)
		card := canaryCard(t, s, "AC2014", i)
		result, stderr := child(t, s, card, does, "", func(p *os.Process, kind byte, command []byte) bool {
			if does != "quit in VERIFY" || kind != wireSend || command[1] != 0x20 {
				return false
			}
			p.Signal(syscall.SIGQUIT)
			return true
		})
		if result != "" || !bytes.Contains(stderr, []byte("goroutine 1 ")) ||
			!bytes.Contains(stderr, []byte("renewal.(*run)")) {
			t.Errorf("%s: no crash: %q %s", does, result, stderr)
		}
		clean(t, does, stderr)
	}
}

// TestSecretsOfHeap searches the heap dump of a child process that has renewed.
func TestSecretsOfHeap(t *testing.T) {
	s := newService(t)
	card := canaryCard(t, s, "AC2014", 1)
	dump := filepath.Join(t.TempDir(), "heap")
	result, stderr := child(t, s, card, "renew", dump, func(*os.Process, byte, []byte) bool { return false })
	if result != "done" {
		t.Fatalf("%q %s", result, stderr)
	}
	b := must(os.ReadFile(dump))
	if !bytes.HasPrefix(b, []byte("go1.7 heap dump\n")) || !bytes.Contains(b, []byte("SMPBNL78R47D612H")) {
		t.Fatal("no heap dump, or not of the session")
	}
	for i, c := range []string{canaryPIN, canaryPUK} {
		if n := bytes.Count(b, []byte(c)); n > 0 {
			t.Errorf("code %d is left %d times on the heap", i+1, n)
		}
	}
}

// TestSecretsOfMemory searches all writable memory of a child process, live or freed, with the stacks. It finds the
// PIN while the PIN is kept, and neither PIN nor PUK after the run.
func TestSecretsOfMemory(t *testing.T) {
	s := newService(t)
	card := canaryCard(t, s, "AC2014", 1)
	kept, after := 0, map[string]int{}
	result, stderr := child(t, s, card, "renew", "", func(p *os.Process, kind byte, command []byte) bool {
		switch {
		case kind == wireSend && command[1] == 0x46: // GENERATE KEY PAIR: the PIN is kept
			kept = inMemory(t, p.Pid, canaryPIN)[canaryPIN]
		case kind == endOfRun:
			after = inMemory(t, p.Pid, canaryPIN, canaryPUK, "SMPBNL78R47D612H")
		}
		return false
	})
	if result != "done" {
		t.Fatalf("%q %s", result, stderr)
	}
	if kept == 0 || after["SMPBNL78R47D612H"] == 0 {
		t.Errorf("the search finds nothing: %d, %v", kept, after)
	}
	if after[canaryPIN] > 0 || after[canaryPUK] > 0 {
		t.Errorf("left in memory: PIN %d times, PUK %d times", after[canaryPIN], after[canaryPUK])
	}
}

// inMemory counts words in the writable memory of a waiting process.
func inMemory(t *testing.T, pid int, words ...string) map[string]int {
	t.Helper()
	maps := must(os.ReadFile(fmt.Sprintf("/proc/%d/maps", pid)))
	mem := must(os.Open(fmt.Sprintf("/proc/%d/mem", pid)))
	defer mem.Close()
	found := map[string]int{}
	lines := bufio.NewScanner(bytes.NewReader(maps))
	for lines.Scan() {
		var from, to int64
		var mode string
		fmt.Sscanf(lines.Text(), "%x-%x %s", &from, &to, &mode)
		if !strings.HasPrefix(mode, "rw") {
			continue
		}
		const piece = 1 << 20
		buffer := make([]byte, piece+16)
		for ; from < to; from += piece {
			n, err := mem.ReadAt(buffer[:min(int64(len(buffer)), to-from)], from)
			if err != nil {
				continue // a guard page
			}
			for _, w := range words {
				found[w] += bytes.Count(buffer[:min(n, piece+len(w)-1)], []byte(w))
			}
		}
	}
	return found
}
