// SPDX-License-Identifier: EUPL-1.2

package renewal_test

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
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

	"rinnova/emulator"
	"rinnova/iso7816"
	"rinnova/renewal"
	"rinnova/transcript"
)

// The canaries: codes of eight digits that occur nowhere by chance.
const (
	canaryPIN   = "70913582"
	canaryPUK   = rightPUK
	wrongPIN    = "60718293"
	wrongPUK    = "50617284"
	noPIN       = "4142a434"
	canaryClock = "2020-05-25T10:00:00Z"
)

var canaries = []string{canaryPIN, canaryPUK, wrongPIN, wrongPUK, noPIN}

// forms are the ways in which a code may stand in bytes: as typed, in hexadecimal, as Go prints a slice,
// as a register or a word of a stack prints, in base64 at each of its three alignments.
func forms(code string) []string {
	b := []byte(code)
	list := []string{code, hex.EncodeToString(b), strings.ToUpper(hex.EncodeToString(b)), fmt.Sprintf("%016x", binary.LittleEndian.Uint64(b)),
		strings.Trim(fmt.Sprint(b), "[]"), strings.Trim(fmt.Sprintf("%#v", b), "[]byte{}"), strings.Trim(fmt.Sprintf("% X", b), " ")}
	for i := range 3 {
		s := base64.RawStdEncoding.EncodeToString(append(make([]byte, i), b...))
		list = append(list, s[(8*i+5)/6:len(s)-1])
	}
	return list
}

// leak returns the canary that is found in bytes, by its number, and its form; 0 for none. The canary
// itself is not to stand in the test's output.
func leak(b []byte) (canary int, form int) {
	for i, c := range canaries {
		for j, f := range forms(c) {
			if bytes.Contains(b, []byte(f)) {
				return i + 1, j + 1
			}
		}
	}
	return 0, 0
}

func clean(t *testing.T, where string, b []byte) {
	t.Helper()
	if canary, form := leak(b); canary > 0 {
		t.Errorf("%s holds code %d in form %d", where, canary, form)
	}
}

func TestForms(t *testing.T) {
	for _, c := range canaries {
		for _, planted := range []string{"PIN " + c + ".", fmt.Sprintf("0020001008%X", c), fmt.Sprintf("%x", c), fmt.Sprintf("%v", []byte("x"+c)), fmt.Sprintf("%#v", []byte("x"+c)),
			fmt.Sprintf("rax    0x%x", binary.LittleEndian.Uint64([]byte(c))), base64.StdEncoding.EncodeToString([]byte("a" + c + "bcd")),
			base64.StdEncoding.EncodeToString([]byte("ab" + c + "b")), base64.StdEncoding.EncodeToString([]byte(c + "\xFF"))} {
			if n, _ := leak([]byte(planted)); n == 0 || canaries[n-1] != c {
				t.Errorf("%q is not found", planted)
			}
		}
	}
	if n, _ := leak([]byte("70913583 3133353739323437")); n != 0 {
		t.Error("found what is not there")
	}
}

// canaryCard is a card whose codes are canaries.
func canaryCard(t *testing.T, s *service, series string, number int) *emulator.Card {
	t.Helper()
	card := s.card(series, number, inWindow)
	change := iso7816.Command{INS: 0x24, P2: 0x10, Data: []byte(rightPIN + "\xFF\xFF\xFF" + canaryPIN)}
	if _, err := iso7816.Do(card, change); err != nil {
		t.Fatal(err)
	}
	card.Reset()
	return card
}

// TestSecrets searches everything that runs leave behind for the codes that were typed: transcripts of
// both kinds, the journal sealed and unsealed, events, and every failure with all that it wraps.
func TestSecrets(t *testing.T) {
	ended := map[string]bool{}
	for i, c := range []struct {
		name  string
		pins  []string
		puks  []string
		fault func(n int, command []byte) emulator.Fault
	}{
		{name: "renewed", pins: []string{canaryPIN}, puks: []string{canaryPUK}},
		{name: "wrong PIN", pins: []string{wrongPIN, wrongPIN, canaryPIN}},
		{name: "malformed PIN", pins: []string{noPIN}},
		{name: "malformed PUK", pins: []string{canaryPIN}, puks: []string{noPIN}},
		{name: "wrong PUK", pins: []string{canaryPIN}, puks: []string{wrongPUK}},
		{name: "blocked", pins: []string{wrongPIN}, fault: lying(0x20, emulator.Fault{SW: 0x6983})},
		{name: "odd answer to VERIFY", pins: []string{canaryPIN}, fault: lying(0x20, emulator.Fault{SW: 0x6F00})},
		{name: "wrong length of VERIFY", pins: []string{canaryPIN}, fault: lying(0x20, emulator.Fault{SW: 0x6700})},
		{name: "pulled in VERIFY", pins: []string{canaryPIN}, fault: lying(0x20, emulator.Fault{Cut: emulator.CutAfter})},
		{name: "pulled in CREATE", pins: []string{canaryPIN}, puks: []string{canaryPUK}, fault: lying(0xE0, emulator.Fault{Cut: emulator.CutBefore})},
		{name: "CREATE refused", pins: []string{canaryPIN}, puks: []string{canaryPUK}, fault: lying(0xE0, emulator.Fault{SW: 0x6A84})},
		{name: "wrong signature", pins: []string{canaryPIN}, fault: lying(0x2A, emulator.Fault{SW: 0x9000})},
		{name: "write lost", pins: []string{canaryPIN}, puks: []string{canaryPUK}, fault: lying(0xD6, emulator.Fault{DropWrite: true})},
	} {
		for j, withhold := range []transcript.Withhold{transcript.Secrets, transcript.Files} {
			name := fmt.Sprintf("%s, transcript %d", c.name, j)
			s := newService(t)
			card := canaryCard(t, s, "AC2014", i)
			card.SetFault(c.fault)
			var record bytes.Buffer
			rec, err := transcript.NewRecorder(card, &record, withhold)
			if err != nil {
				t.Fatal(err)
			}
			journal, files := memory()
			who := &person{pins: c.pins, puks: c.puks}
			r := s.run(rec, who, journal)
			r.Campaign = "prova"
			r.Events = func(e renewal.Event) {
				rec.Note(e.Step + " " + e.State)
				clean(t, name+", an event", fmt.Appendf(nil, "%v %+v %#v", e, e, e))
			}
			out, err := r.Run(t.Context())
			if who.typed == 0 {
				t.Fatal(name, err)
			}
			ended[code(err)] = true
			if err == nil {
				out.Session.Forget()
				clean(t, name+", the outcome", fmt.Appendf(nil, "%+v %#v %+v %#v", out, out, out.Session, out.Session))
			}
			for _, e := range unwrapped(err) {
				clean(t, fmt.Sprintf("%s, error %T", name, e), fmt.Appendf(nil, "%v %+v %#v %s %q", e, e, e, e, e))
			}
			if !bytes.Contains(record.Bytes(), []byte("> 00200010")) {
				t.Errorf("%s: no VERIFY in the transcript", name)
			}
			clean(t, name+", the transcript", record.Bytes())
			clean(t, name+", the service's log", s.log.Bytes())
			for file, b := range files {
				clean(t, name+", journal file "+file, b)
			}
			id, _ := card.File("1000/1003")
			if plain := unsealed(t, files, string(id)); plain != nil {
				clean(t, name+", the journal unsealed", plain)
			}
		}
	}
	for _, want := range []string{"", "pin-wrong", "pin-format", "puk-format", "puk-wrong", "pin-blocked", "card-error", "card-removed", "no-room", "card-wrong-key", "card-write"} {
		if !ended[want] {
			t.Errorf("no run ended with %q", want)
		}
	}
}

// lying is a card that does one thing wrong at each command of one instruction.
func lying(ins byte, f emulator.Fault) func(int, []byte) emulator.Fault {
	return func(_ int, command []byte) emulator.Fault {
		if command[1] == ins {
			return f
		}
		return emulator.Fault{}
	}
}

// unwrapped is an error and all that it wraps.
func unwrapped(err error) []error {
	if err == nil {
		return nil
	}
	list := []error{err}
	switch x := err.(type) {
	case interface{ Unwrap() error }:
		list = append(list, unwrapped(x.Unwrap())...)
	case interface{ Unwrap() []error }:
		for _, e := range x.Unwrap() {
			list = append(list, unwrapped(e)...)
		}
	}
	return list
}

// unsealed opens a card's journal file as journal.go describes it; nil where there is none.
func unsealed(t *testing.T, files map[string][]byte, id string) []byte {
	t.Helper()
	mac := func(purpose string) []byte {
		h := hmac.New(sha256.New, files["key"])
		h.Write([]byte(purpose + "|" + id))
		return h.Sum(nil)
	}
	sealed, ok := files[hex.EncodeToString(mac("name")[:16])+".journal"]
	if !ok {
		if len(files) > 1 {
			t.Fatal("the journal file is not found")
		}
		return nil
	}
	block := must(aes.NewCipher(mac("seal")))
	plain, err := must(cipher.NewGCMWithRandomNonce(block)).Open(nil, nil, sealed, nil)
	if err != nil || !bytes.Contains(plain, []byte(`"old":`)) {
		t.Fatal("the journal does not open", err)
	}
	return plain
}

// TestSecretsOfProgram runs rinnova itself, with canaries from an environment variable, a file and a pipe,
// and searches what it prints, as text and as JSON, what it records and its journal.
func TestSecretsOfProgram(t *testing.T) {
	dir := t.TempDir()
	build := exec.Command("go", "build", "-o", dir+string(filepath.Separator), "rinnova/cmd/rinnova", "rinnova/cmd/rinnovad")
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
	serve := run("rinnovad", "serve", "--dir", "service", "--listen", "127.0.0.1:0", "--login", "127.0.0.1:0", "--clock", canaryClock)
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
		{canaryPIN, canaryPUK, "done"}, {wrongPIN, canaryPUK, "pin-wrong"}, {noPIN, canaryPUK, "pin-format"}, {canaryPIN, wrongPUK, "puk-wrong"}, {canaryPIN, noPIN, "puk-format"},
	} {
		for j, from := range []string{"env:", "file:", "fd:"} {
			name := fmt.Sprintf("%s, codes from %s", c.want, from)
			card := fmt.Sprintf("card-%d-%d.json", i, j)
			if out, err := run("rinnovad", "card", "issue", "--dir", "service", "--series", "AC2014", "--out", card, "--pin", canaryPIN, "--puk", canaryPUK, "--clock", canaryClock).CombinedOutput(); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			args := []string{"renew", "--card", "emulated:" + card, "--service", service, "--ca", "service/ca.pem", "--tls-ca", "service/tls.pem", "--campaign", "prova",
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
			cmd.Run() // its exit code is tested elsewhere; what it says is looked at here
			if said := out.String() + errOut.String(); !strings.Contains(said, c.want) && !(c.want == "done" && strings.Contains(said, "Certificato rinnovato")) {
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
			if plain := unsealed(t, files, string(id)); plain != nil {
				clean(t, name+", the journal unsealed", plain)
			} else if c.want == "done" {
				t.Error("no journal")
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

// A child process of the test is a program that renews: its card is at the other end of two pipes, its
// codes come from a third, and what it does at which moment is in its environment.
const (
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

// ask sends a kind, a length and bytes, and gets the same. The caller's bytes are not copied.
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

// piped is a person who types what comes through the third pipe, eight digits each time.
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
	r := &renewal.Renewal{Card: farCard{}, Service: renewal.Service{URL: must(url.Parse(os.Getenv(childURL))), HTTP: http.DefaultClient},
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
		out.Session.Forget()
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

// child runs a child process on a card. Before an answer to the card's command goes back, at is asked,
// and may look at the process or end it.
func child(t *testing.T, s *service, card *emulator.Card, does, dump string, at func(p *os.Process, kind byte, command []byte)) (result string, stderr []byte) {
	t.Helper()
	root := filepath.Join(t.TempDir(), "root")
	if err := os.WriteFile(root, s.current.Certificate().Raw, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), must(os.Executable()))
	cmd.Env = append(os.Environ(), "GOTRACEBACK=all", childDoes+"="+does, childURL+"="+s.server.URL, childRoot+"="+root, childDump+"="+dump)
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
		at(cmd.Process, head[0], b)
		in.Write([]byte{head[0], byte(len(answer) >> 8), byte(len(answer))})
		in.Write(answer)
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return result, errOut.Bytes()
}

// TestSecretsOfCrash has a child process crash while it holds codes: in the Prompter, in Events, and
// while a VERIFY is on its way. The trace of all goroutines does not show them.
func TestSecretsOfCrash(t *testing.T) {
	for i, does := range []string{"panic in the Prompter", "panic in Events", "quit in VERIFY"} {
		s := newService(t)
		card := canaryCard(t, s, "AC2014", i)
		result, stderr := child(t, s, card, does, "", func(p *os.Process, kind byte, command []byte) {
			if does == "quit in VERIFY" && kind == wireSend && command[1] == 0x20 {
				p.Signal(syscall.SIGQUIT)
				p.Wait()
			}
		})
		if result != "" || !bytes.Contains(stderr, []byte("goroutine 1 ")) || !bytes.Contains(stderr, []byte("renewal.(*run)")) {
			t.Errorf("%s: no crash: %q %s", does, result, stderr)
		}
		clean(t, does, stderr)
	}
}

// TestSecretsOfHeap searches the heap of a child process that has renewed. While its PIN is kept it is
// found there, so that the search is known to find it.
func TestSecretsOfHeap(t *testing.T) {
	s := newService(t)
	card := canaryCard(t, s, "AC2014", 1)
	dump := filepath.Join(t.TempDir(), "heap")
	result, stderr := child(t, s, card, "renew", dump, func(*os.Process, byte, []byte) {})
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
