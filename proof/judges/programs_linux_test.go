// SPDX-License-Identifier: EUPL-1.2

package judges

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"rinnova.example/go/systemtest"
)

// programs is the folder of our own programs, built as published: without cgo.
var programs string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if programs, err = os.MkdirTemp("", "judges"); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer os.RemoveAll(programs)
		build := exec.Command("go", "build", "-o", programs, "../../cmd/rinnova", "../../cmd/rinnovad",
			"../../cmd/vcns")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "%v: %v\n%s", build, err, out)
			return 1
		}
		return m.Run()
	}())
}

// workshop is a folder for programs on this computer and in the root. Names of files are relative to it, and so are
// the same for both.
type workshop struct {
	testing.TB
	dir string
	at  *stack // where the cards are; nil: only in files
}

// opened returns a workshop with the home folder that its programs share.
func opened(t testing.TB, at *stack) *workshop {
	t.Helper()
	w := &workshop{t, t.TempDir(), at}
	if err := os.Mkdir(filepath.Join(w.dir, "home"), 0o700); err != nil {
		t.Fatal(err)
	}
	return w
}

// codes are the card's PIN and PUK as "rinnovad card issue" sets them, for programs that take them from
// the environment.
var codes = []string{"PIN=12345", "PUK=12345678"}

// here is a program on this computer.
func (w *workshop) here(name string, args ...string) *exec.Cmd {
	if _, err := os.Stat(filepath.Join(programs, name)); err == nil {
		name = filepath.Join(programs, name)
	}
	c := exec.Command(name, args...)
	c.Dir = w.dir
	c.Env = append(append(os.Environ(), codes...), "HOME="+filepath.Join(w.dir, "home"), "XDG_CACHE_HOME=",
		"XDG_STATE_HOME=", "LC_ALL=C.UTF-8", "no_proxy=*")
	return c
}

// there is a program where the cards are.
func (w *workshop) there(name string, args ...string) *exec.Cmd {
	c := within(w.at.root, map[string]string{"mnt": w.dir, "opt": programs, "run": w.at.run}, "env",
		append([]string{"-C", "/mnt", name}, args...)...)
	c.Env = append(codes, "PATH=/opt:/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/mnt/home", "LC_ALL=C.UTF-8",
		"PKCS11_MODULE_PATH="+w.at.module, "no_proxy=*")
	return c
}

// output runs a program that must succeed and returns its output.
func (w *workshop) output(c *exec.Cmd) string {
	w.Helper()
	out, err := c.CombinedOutput()
	if err != nil {
		w.Fatalf("%s: %v\n%s", strings.Join(c.Args, " "), err, out)
	}
	return string(out)
}

// exits runs a program that must end with a code and returns its output.
func (w *workshop) exits(code int, c *exec.Cmd) string {
	w.Helper()
	out, err := c.CombinedOutput()
	if c.ProcessState == nil || c.ProcessState.ExitCode() != code {
		w.Fatalf("%s: %v, want exit code %d\n%s", strings.Join(c.Args, " "), err, code, out)
	}
	return string(out)
}

func (w *workshop) read(name string) []byte {
	w.Helper()
	b, err := os.ReadFile(filepath.Join(w.dir, name))
	if err != nil {
		w.Fatal(err)
	}
	return b
}

func (w *workshop) write(name string, b []byte) {
	w.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), b, 0o600); err != nil {
		w.Fatal(err)
	}
}

// eventually waits until a fact holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); !holds(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: not after 30 seconds", what)
		}
	}
}

// service is a rinnovad of the workshop's folder "s".
type service struct {
	w                  *workshop
	clock              []string
	cmp, login, public string
	stop               func()
}

var readyLine = regexp.MustCompile(`^pronto cmp=(https://127\.0\.0\.1:\d+) login=(https://127\.0\.0\.1:\d+) public=(http://\S+)`)

// serve starts the service, and makes it if the folder is absent. clock is "" for today. flags go to the service and
// take precedence.
func (w *workshop) serve(clock string, flags ...string) *service {
	w.Helper()
	s := &service{w: w}
	if clock != "" {
		s.clock = []string{"--clock", clock}
	}
	if _, err := os.Stat(filepath.Join(w.dir, "s")); err != nil {
		w.output(w.here("rinnovad", append([]string{"init", "--dir", "s"}, s.clock...)...))
	}
	c := w.here("rinnovad", append([]string{"serve", "--dir", "s", "--listen", "127.0.0.1:0", "--login", "127.0.0.1:0"},
		append(s.clock, flags...)...)...)
	out, err := c.StdoutPipe()
	if err != nil {
		w.Fatal(err)
	}
	s.stop = systemtest.Start(w, c)
	line, err := bufio.NewReader(out).ReadString('\n')
	m := readyLine.FindStringSubmatch(line)
	if m == nil {
		w.Fatalf("ready line %q, %v", line, err)
	}
	s.cmp, s.login, s.public = m[1], m[2], m[3]
	return s
}

// issue makes an emulated card, FILE.json, and its old certificate and key in the folder FILE.
func (s *service) issue(file, series string, args ...string) {
	s.w.Helper()
	line := append([]string{"card", "issue", "--dir", "s", "--series", series, "--out", file + ".json", "--pem", file},
		s.clock...)
	s.w.output(s.w.here("rinnovad", append(line, args...)...))
}

// certificate is one of those that the service has on record.
type certificate struct {
	Serial, OldSHA256, State, Campaign string
	Valid                              bool
	NotBefore, NotAfter                time.Time
}

// certificates lists what the service has issued.
func (s *service) certificates() []certificate {
	s.w.Helper()
	var list []certificate
	out := s.w.output(s.w.here("rinnovad", append([]string{"certificate", "list", "--dir", "s"}, s.clock...)...))
	s.w.answer(out, &list)
	return list
}

// common are the flags of rinnova for this service.
func (s *service) common(card string) []string {
	return []string{"--card", card, "--service", s.cmp, "--ca", "s/ca.pem", "--tls-ca", "s/tls.pem", "--json",
		"--pin-from", "env:PIN"}
}

// renew returns the arguments of rinnova for a renewal with both codes.
func (s *service) renew(card string, args ...string) []string {
	return append(append([]string{"renew", "--puk-from", "env:PUK"}, s.common(card)...), args...)
}

// result is the last event of "rinnova renew --json".
type result struct {
	Step, Code, Failed, Campaign string
	Exit, Slot                   int
	NotAfter                     time.Time
}

// events parses the output of "rinnova renew --json": the steps that began, and the result.
func (w *workshop) events(out string) (steps []string, r result) {
	w.Helper()
	for line := range strings.Lines(out) {
		var e struct {
			result
			State string
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			w.Fatalf("%v in %q", err, line)
		}
		if e.State == "started" {
			steps = append(steps, e.Step)
		}
		r = e.result
	}
	if r.Step != "result" {
		w.Fatalf("no result in\n%s", out)
	}
	return steps, r
}

// answer reads JSON that a program printed.
func (w *workshop) answer(out string, into any) {
	w.Helper()
	if err := json.Unmarshal([]byte(out), into); err != nil {
		w.Fatalf("%v in %q", err, out)
	}
}

// freePort is a port without a listener.
func freePort(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	return port
}
