// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"archive/zip"
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf16"

	"rinnova.example/go/card/emulator"
	"rinnova.example/go/citizen/errorreport"
	"rinnova.example/go/cmp"
	"rinnova.example/go/systemtest"
)

// Canaries: text that must never be in a report. The codice fiscale is an invented one with a right check character.
const (
	canaryPIN     = "86429753"
	canaryPUK     = "97531864"
	canarySurname = "CANARINI"
	canaryName    = "GELSOMINA"
	canaryCF      = "RSSMRA80A01H501U"
	canaryProxy   = "parola-del-proxy"
	canaryHome    = "casa-di-gelsomina-canarini"
)

// canary is a citizen's home with a card, beside a real service.
type canary struct {
	t       *testing.T
	home    string
	service *running
	number  string // of the card
	env     []string
}

// newCanary issues a card of a series to the canary.
func newCanary(t *testing.T, series string) *canary {
	t.Helper()
	home := filepath.Join(t.TempDir(), canaryHome)
	if err := os.Mkdir(home, 0o700); err != nil {
		t.Fatal(err)
	}
	s, err := startService(filepath.Join(t.TempDir(), "service"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.stop)
	h := &canary{t: t, home: home, service: s,
		env: append(os.Environ(), "HOME="+home, "XDG_STATE_HOME=", "USER="+canaryName,
			"CANARY_PIN="+canaryPIN, "CANARY_PUK="+canaryPUK)}
	card := filepath.Join(home, "card.json")
	if out, code := h.run("rinnovad", "card", "issue", "--dir", s.dir, "--series", series, "--out", card, "--pin",
		canaryPIN, "--puk", canaryPUK,
		"--surname", canarySurname, "--name", canaryName, "--codice-fiscale", canaryCF); code != 0 {
		t.Fatal(out)
	}
	c, err := emulator.Open(card)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	number, _ := c.File("1000/1003")
	if h.number = string(number); len(h.number) != 16 {
		t.Fatalf("card number %q", h.number)
	}
	return h
}

// run runs one of our programs at home and returns what it printed, and its exit code.
func (h *canary) run(program string, args ...string) (string, int) {
	h.t.Helper()
	c := exec.Command(filepath.Join(programs, program), args...)
	c.Dir, c.Env = h.home, h.env
	out, err := c.CombinedOutput()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		h.t.Fatal(err)
	}
	return string(out), c.ProcessState.ExitCode()
}

func (h *canary) renew(service string, more ...string) (string, int) {
	h.t.Helper()
	return h.run("rinnova",
		append([]string{"renew", "--card", "emulated:" + filepath.Join(h.home, "card.json"), "--service", service,
			"--ca", filepath.Join(h.service.dir, "ca.pem"), "--tls-ca", filepath.Join(h.service.dir, "tls.pem"),
			"--journal", filepath.Join(h.service.dir, "journal"), "--pin-from", "env:CANARY_PIN", "--puk-from",
			"env:CANARY_PUK"}, more...)...)
}

func (h *canary) desk() string { return filepath.Join(h.service.dir, "desk.pem") }

// archive opens the report at home with OpenSSL, and returns the ZIP and the contents of its files.
func (h *canary) archive() (all []byte, manifest errorreport.Report, transcript string) {
	h.t.Helper()
	systemtest.Need(h.t, "openssl", "openssl")
	c := exec.Command("openssl", "cms", "-decrypt", "-binary", "-inform", "DER", "-in", errorreport.FileName,
		"-inkey", filepath.Join(h.service.dir, "desk.key"), "-recip", h.desk())
	c.Dir = h.home
	b, err := c.Output()
	if err != nil {
		h.t.Fatalf("openssl: %v", err)
	}
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		h.t.Fatal(err)
	}
	all = b
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			h.t.Fatal(err)
		}
		content, err := io.ReadAll(r)
		if err != nil {
			h.t.Fatal(err)
		}
		all = append(all, content...)
		switch f.Name {
		case "manifest.json":
			if err := json.Unmarshal(content, &manifest); err != nil {
				h.t.Fatal(err)
			}
		case "transcript.txt":
			transcript = string(content)
		}
	}
	return all, manifest, transcript
}

// canaries are the forms in which a canary could be there.
func (h *canary) canaries() map[string][]string {
	forms := map[string][]string{}
	for _, s := range []string{canaryPIN, canaryPUK, canarySurname, canaryName, canaryCF, canaryProxy, canaryHome,
		h.number, "utente-proxy", h.home} {
		wide := []byte{}
		for _, u := range utf16.Encode([]rune(s)) {
			wide = append(wide, byte(u), byte(u>>8))
		}
		list := []string{s, hex.EncodeToString([]byte(s)), string(wide), url.QueryEscape(s)}
		for i := range 3 { // base64 at each of its three offsets, without the characters that depend on the neighbours
			e := base64.RawStdEncoding.EncodeToString(append(make([]byte, i), s...))
			list = append(list, e[4*((i+2)/3):len(e)-2])
		}
		forms[s] = list
	}
	return forms
}

// found names the canaries that are in a text, in any case of letters.
func (h *canary) found(text []byte) []string {
	var list []string
	lower := bytes.ToLower(text)
	for name, forms := range h.canaries() {
		for _, f := range forms {
			if bytes.Contains(lower, bytes.ToLower([]byte(f))) {
				list = append(list, name+" as "+f)
			}
		}
	}
	return list
}

// failing is a proxy of the service that answers one kind of message with an error that repeats every canary.
func (h *canary) failing(kind string) *httptest.Server {
	target, err := url.Parse(h.service.addresses["cmp"])
	if err != nil {
		h.t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.Transport = &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if m, err := cmp.ParseMessage(body); err == nil && m.Body.String() == kind {
			told := strings.Join([]string{canaryPIN, canarySurname, canaryCF, h.number, canaryHome}, " ")
			w.Header().Set("Content-Type", "text/html; name="+canaryCF)
			w.Header().Set("Location", "/"+canarySurname)
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprintln(w, told)
			return
		}
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		proxy.ServeHTTP(w, r)
	}))
	h.t.Cleanup(s.Close)
	return s
}

// TestReport: a real renewal fails late. The report has all facts for the desk, and none about the person.
func TestReport(t *testing.T) {
	for _, series := range []string{"AC2014", "OT2016", "ID2019"} {
		t.Run(series, func(t *testing.T) {
			t.Parallel()
			h := newCanary(t, series)
			out, code := h.renew(h.failing("certConf").URL, "--series", series, "--desk", h.desk(), "--record",
				filepath.Join(h.home, "record.txt"))
			if code != 1 || !strings.Contains(out, textFailed) || !strings.Contains(out, textErrorData) ||
				!strings.Contains(out, "Salvati, cifrati, in "+filepath.Join(h.home, errorreport.FileName)) {
				t.Fatalf("exit %d\n%s", code, out)
			}
			all, m, text := h.archive()
			if found := h.found(all); len(found) > 0 {
				t.Errorf("the report holds %s\n%s", strings.Join(found, ", "), text)
			}
			// The search works: it finds the data in the recording of an emulated card, which keeps files.
			record, err := os.ReadFile(filepath.Join(h.home, "record.txt"))
			if err != nil || len(h.found(record)) < 3 {
				t.Errorf("the search finds %v in the recording, %v", h.found(record), err)
			}

			if m.Failure.Code != "service-error" || m.Failure.Step != "confirm" || m.Card == nil ||
				m.Card.Series[0] != series || !m.Card.Emulated || m.System.OS == "" {
				t.Errorf("%+v", m)
			}
			kinds := ""
			for _, q := range m.Requests {
				if kinds += fmt.Sprintf("%s %d ", q.Kind,
					q.Status); !regexp.MustCompile(`^[0-9a-f]{32}$`).MatchString(q.ID) {
					t.Errorf("request %q", q.ID)
				}
			}
			if kinds != "genm 200 kur 200 certConf 404 " {
				t.Errorf("requests %s", kinds)
			}
			steps := map[string]errorreport.Step{}
			for _, s := range m.Steps {
				steps[s.Name] = s
			}
			if g := steps["generate"]; g.State != "done" || g.Exchanges < 5 || g.StatusWords["9000"] < 5 ||
				g.Ended == nil {
				t.Errorf("%+v", g)
			}
			if s := steps["confirm"]; s.State != "started" {
				t.Errorf("%+v", s)
			}
			for _, want := range []string{"; step generate started\n", "\n> 00A40", "]9000\n", "\n> 0046"} {
				if !strings.Contains(text, want) {
					t.Errorf("no %q in the transcript", want)
				}
			}

			out, code = h.run("rinnovad", "report", "open", errorreport.FileName, "--key",
				filepath.Join(h.service.dir, "desk.key"), "--certificate", h.desk(), "--replay", series)
			for _, want := range []string{"Cronologia\n", "fase «generazione della chiave»: fatta",
				"messaggio al servizio (conferma): risposta HTTP 404",
				"Causa probabile\n  Il servizio ha risposto con un errore HTTP",
				"Che cosa dire al cittadino\n  La tessera è integra.", " 0 diverse.\n"} {
				if code != 0 || !strings.Contains(out, want) {
					t.Errorf("exit %d, no %q in\n%s", code, want, out)
				}
			}
			if found := h.found([]byte(out)); len(found) > 1 { // the file's path is of this computer
				t.Errorf("the desk reads %v", found)
			}
		})
	}
}

// TestReportBehindProxy: the password of a proxy is neither in a report nor in the output.
func TestReportBehindProxy(t *testing.T) {
	h := newCanary(t, "ID2019")
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.Header.Get("Proxy-Authorization"), "Basic ") {
			t.Error("the proxy was not given the password")
		}
		http.Error(w, r.Header.Get("Proxy-Authorization")+canaryProxy, http.StatusProxyAuthRequired)
	}))
	defer proxy.Close()
	h.env = append(h.env, "HTTPS_PROXY=http://utente-proxy:"+canaryProxy+"@"+strings.TrimPrefix(proxy.URL, "http://"))
	out, code := h.renew("https://rinnova.example", "--desk", h.desk(), "--json")
	if code == 0 || strings.Contains(out, canaryProxy) {
		t.Fatalf("exit %d\n%s", code, out)
	}
	all, m, _ := h.archive()
	if found := h.found(all); len(found) > 0 {
		t.Errorf("the report holds %v", found)
	}
	if m.Failure.Step != "inspect" || len(m.Requests) != 1 || m.Requests[0].Status != 0 {
		t.Errorf("%+v %+v", m.Failure, m.Requests)
	}
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var event reportEvent
	if err := json.Unmarshal([]byte(lines[len(lines)-2]), &event); err != nil || event.Step != "report" ||
		event.State != "done" || filepath.Base(event.File) != errorreport.FileName || len(event.Contents) < 5 {
		t.Errorf("%v, %+v", err, event)
	}
	if !strings.Contains(lines[len(lines)-1], `"step":"result"`) {
		t.Errorf("last line %s", lines[len(lines)-1])
	}
}

// TestReportOnlyForADesk: nothing is said or written without a desk, after success, a wrong command, or
// where it cannot be sealed or saved; and never in clear.
func TestReportOnlyForADesk(t *testing.T) {
	h := newCanary(t, "ID2019")
	down := h.failing("genm").URL
	write := func(name, text string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const unsavedText = "I dati di errore non sono stati salvati: "
	for _, test := range []struct {
		name    string
		service string
		args    []string
		exit    int
		says    string
	}{
		{"no desk", down, nil, 1, ""},
		{"a wrong command", down, []string{"--desk", h.desk(), "--card", "x"}, 2, ""},
		{"no desk's file", down, []string{"--desk", filepath.Join(h.home, "missing.pem")}, 1, unsavedText},
		{"no certificate", down, []string{"--desk", write("desk.pem", "x")}, 1, unsavedText},
		{"the certificate of an authority", down, []string{"--desk", filepath.Join(h.service.dir, "ca.pem")}, 1,
			unsavedText},
		{"no folder", down, []string{"--desk", h.desk(), "--report", filepath.Join(h.home, "missing", "x.p7e")}, 1,
			unsavedText},
		{"out of date", down, []string{"--desk", h.desk(), "--clock", "2099-01-01T00:00:00Z"}, 1,
			"nessun certificato dell'assistenza è valido oggi"},
		{"success", h.service.addresses["cmp"], []string{"--desk", h.desk()}, 0, ""},
	} {
		before := listing(t, h.home)
		out, code := h.renew(test.service, test.args...)
		if code != test.exit || test.says == "" && strings.Contains(strings.ToLower(out), "dati di errore") ||
			!strings.Contains(out, test.says) {
			t.Errorf("%s: exit %d\n%s", test.name, code, out)
		}
		if after := listing(t, h.home); after != before {
			t.Errorf("%s: the home held\n%s\nnow\n%s", test.name, before, after)
		}
	}
	// The environment's desk, another name: saved there, and the older one replaced.
	h.env = append(h.env, "RINNOVA_DESK="+h.desk())
	h.service.stop()
	for range 2 {
		if out, code := h.run("rinnova", "renew", "--card", "emulated:ID2019", "--service", h.service.addresses["cmp"],
			"--ca", filepath.Join(h.service.dir, "ca.pem"),
			"--tls-ca", filepath.Join(h.service.dir, "tls.pem"), "--report", "altro.p7e"); code != 1 ||
			!strings.Contains(out, filepath.Join(h.home, "altro.p7e")) {
			t.Errorf("exit %d\n%s", code, out)
		}
	}
	if b, err := os.ReadFile(filepath.Join(h.home, "altro.p7e")); err != nil || len(b) < 500 || b[0] != 0x30 {
		t.Errorf("%d bytes, %v", len(b), err)
	}
}

// listing lists the files of a folder.
func listing(t *testing.T, dir string) string {
	t.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	names := ""
	for _, e := range list {
		names += e.Name() + "\n"
	}
	return names
}
