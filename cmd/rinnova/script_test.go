// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"rinnova.example/go/card/emulator"
)

// programs is where the programs were built for this run of the tests.
var programs string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		dir, err := os.MkdirTemp("", "rinnova-test-")
		if err != nil {
			panic(err)
		}
		defer os.RemoveAll(dir)
		programs = dir
		// This computer's own settings are none of the tests'.
		none := filepath.Join(dir, "settings.json")
		if err := os.WriteFile(none, []byte("{}"), 0o644); err != nil {
			panic(err)
		}
		os.Setenv("RINNOVA_SETTINGS", none)
		os.Setenv("XDG_CONFIG_HOME", filepath.Join(dir, "config")) // nor are this user's settings
		build := exec.Command("go", "build", "-o", dir+string(filepath.Separator), "rinnova.example/go/cmd/rinnova",
			"rinnova.example/go/cmd/rinnovad", "rinnova.example/go/cmd/vcns", "rinnova.example/go/cmd/release")
		build.Env = append(os.Environ(), "CGO_ENABLED=0")
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "%s\n", out)
			return 1
		}
		return m.Run()
	}())
}

// running is a service that was started for a test.
type running struct {
	dir       string
	addresses map[string]string
	pid       int
	stop      func()
}

// startService makes a service in a folder, where there is none yet, and starts it.
func startService(dir string, clock ...string) (*running, error) { return startServiceWith(dir, clock) }

// startServiceWith gives serve more flags.
func startServiceWith(dir string, clock []string, flags ...string) (*running, error) {
	rinnovad := filepath.Join(programs, "rinnovad")
	if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
		if out, err := exec.Command(rinnovad,
			append([]string{"init", "--dir", dir}, clock...)...).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("init: %w: %s", err, out)
		}
	}
	cmd := exec.Command(rinnovad,
		append([]string{"serve", "--dir", dir, "--listen", "127.0.0.1:0", "--login", "127.0.0.1:0"},
			slices.Concat(clock, flags)...)...)
	var log bytes.Buffer
	cmd.Stderr = &log
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		cmd.Process.Kill()
		cmd.Wait()
		return nil, fmt.Errorf("serve: %w: %s", err, log.Bytes())
	}
	go io.Copy(io.Discard, out)
	s := &running{dir: dir, addresses: map[string]string{}, pid: cmd.Process.Pid}
	for _, f := range strings.Fields(line) {
		if name, url, ok := strings.Cut(f, "="); ok {
			s.addresses[name] = url
		}
	}
	s.stop = sync.OnceFunc(func() {
		cmd.Process.Signal(os.Interrupt)
		done := make(chan struct{})
		go func() { cmd.Wait(); close(done) }()
		select {
		case <-done:
		case <-time.After(10 * time.Second):
			cmd.Process.Kill()
			<-done
		}
	})
	return s, nil
}

// TestScripts runs every script of testdata. Commands of ours beside testscript's: "service [CLOCK [FLAG…]]" starts
// a service with more flags and sets RINNOVA_SERVICE, LOGIN, RINNOVA_CA and RINNOVA_TLS_CA, CLOCK - being now;
// "noservice" stops it; "exits N COMMAND…" runs a command that must end with that exit code; "keyed FILE VERSION NAME"
// builds rinnova of that version as NAME, with the release keys of the file; "closedproxy" starts a proxy that wants a
// password, at PROXY, and "script NAME" serves a script that chooses it; "oldcopy CARD FOLDER" puts an old copy of the
// card's first certificate there, as OpenSC keeps it.
func TestScripts(t *testing.T) {
	if scripts, err := filepath.Glob("testdata/*.txtar"); err != nil || len(scripts) == 0 {
		t.Fatal("no scripts", err)
	}
	services := map[string]*running{} // by the script's folder; scripts run side by side
	var mu sync.Mutex
	testscript.Run(t, testscript.Params{
		Dir: "testdata",
		Setup: func(e *testscript.Env) error {
			e.Setenv("PATH", programs+string(os.PathListSeparator)+os.Getenv("PATH"))
			e.Setenv("HOME", e.WorkDir)
			e.Setenv("XDG_CONFIG_HOME", filepath.Join(e.WorkDir, "config"))
			e.Setenv("RINNOVA_SETTINGS", os.Getenv("RINNOVA_SETTINGS"))
			e.Setenv("XDG_STATE_HOME", filepath.Join(e.WorkDir, "state"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"service": func(ts *testscript.TestScript, _ bool, args []string) {
				var clock, flags []string
				if len(args) > 0 && args[0] != "-" {
					clock = []string{"--clock", args[0]}
				}
				if len(args) > 1 {
					flags = args[1:]
				}
				s, err := startServiceWith(ts.MkAbs("service"), clock, flags...)
				ts.Check(err)
				ts.Defer(s.stop)
				mu.Lock()
				defer mu.Unlock()
				services[ts.Getenv("WORK")] = s
				ts.Setenv("RINNOVA_SERVICE", s.addresses["cmp"])
				ts.Setenv("LOGIN", s.addresses["login"])
				ts.Setenv("RINNOVA_CA", filepath.Join(s.dir, "ca.pem"))
				ts.Setenv("RINNOVA_TLS_CA", filepath.Join(s.dir, "tls.pem"))
			},
			"noservice": func(ts *testscript.TestScript, _ bool, _ []string) {
				mu.Lock()
				defer mu.Unlock()
				services[ts.Getenv("WORK")].stop()
			},
			"keyed": func(ts *testscript.TestScript, _ bool, args []string) {
				var keys []string
				for line := range strings.Lines(ts.ReadFile(args[0])) {
					if !strings.HasPrefix(line, "untrusted comment:") {
						keys = append(keys, strings.TrimSpace(line))
					}
				}
				build := exec.Command("go", "build", "-ldflags",
					"-X main.version="+args[1]+" -X main.releaseKeys="+strings.Join(keys, ","), "-o", ts.MkAbs(args[2]),
					"rinnova.example/go/cmd/rinnova")
				build.Env = append(os.Environ(), "CGO_ENABLED=0")
				if out, err := build.CombinedOutput(); err != nil {
					ts.Fatalf("%s", out)
				}
			},
			"closedproxy": func(ts *testscript.TestScript, _ bool, _ []string) {
				s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter,
					_ *http.Request) {
					w.WriteHeader(http.StatusProxyAuthRequired)
				}))
				ts.Defer(s.Close)
				ts.Setenv("PROXY", s.URL)
			},
			"oldcopy": func(ts *testscript.TestScript, _ bool, args []string) {
				c, err := emulator.Open(ts.MkAbs(args[0]))
				ts.Check(err)
				defer c.Close()
				number, _ := c.File("1000/1003")
				name := strings.TrimSpace(string(number)) + "_NODATA_11001101" // as OpenSC 0.23 names it
				ts.Check(os.WriteFile(filepath.Join(ts.MkAbs(args[1]), name), []byte("old"), 0o600))
			},
			"script": func(ts *testscript.TestScript, _ bool, args []string) {
				text := "function FindProxyForURL(url, host) { return 'PROXY " +
					strings.TrimPrefix(ts.Getenv("PROXY"), "http://") + "' }"
				s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
					w.Write([]byte(text))
				}))
				ts.Defer(s.Close)
				ts.Setenv(args[0], s.URL)
			},
			"exits": func(ts *testscript.TestScript, _ bool, args []string) {
				want, err := strconv.Atoi(args[0])
				ts.Check(err)
				err = ts.Exec(args[1], args[2:]...)
				got := 0
				var exit *exec.ExitError
				if errors.As(err, &exit) {
					got = exit.ExitCode()
				} else {
					ts.Check(err)
				}
				if got != want {
					ts.Fatalf("exit code %d, want %d", got, want)
				}
			},
		},
	})
}
