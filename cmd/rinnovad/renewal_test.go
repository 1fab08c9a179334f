// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"bufio"
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"rinnova.example/go/service/store/storetest"
	"rinnova.example/go/systemtest"
)

// running is a service in a process of its own.
type running struct {
	t                  *testing.T
	command            *exec.Cmd
	cmp, login, public string
	log                *strings.Builder
}

var readyLine = regexp.MustCompile(`^pronto cmp=(https://127\.0\.0\.1:\d+) login=(https://127\.0\.0\.1:\d+) public=(http://127\.0\.0\.1:\d+)\n$`)

func serve(t *testing.T, args ...string) *running {
	t.Helper()
	r := &running{t: t, command: exec.Command("rinnovad",
		append([]string{"serve", "--listen", "127.0.0.1:0", "--login", "127.0.0.1:0"}, args...)...),
		log: &strings.Builder{}}
	r.command.Stderr = r.log
	out, err := r.command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := r.command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.command.Process.Kill() })
	line, err := bufio.NewReader(out).ReadString('\n')
	m := readyLine.FindStringSubmatch(line)
	if m == nil {
		r.command.Process.Kill()
		r.command.Wait()
		t.Fatalf("ready line %q, %v\n%s", line, err, r.log)
	}
	r.cmp, r.login, r.public = m[1], m[2], m[3]
	return r
}

// stop ends the service as an operating system does, and expects exit code 0.
func (r *running) stop() {
	r.t.Helper()
	r.command.Process.Signal(syscall.SIGTERM)
	ended := make(chan error, 1)
	go func() { ended <- r.command.Wait() }()
	select {
	case err := <-ended:
		if err != nil {
			r.t.Fatalf("after SIGTERM: %v\n%s", err, r.log)
		}
	case <-time.After(20 * time.Second):
		r.t.Fatal("SIGTERM does not end the service")
	}
}

// do runs a program in dir and returns its output.
func do(t *testing.T, dir, program string, args ...string) string {
	t.Helper()
	if program == "openssl" {
		systemtest.Need(t, "openssl", "openssl")
	}
	c := exec.Command(program, args...)
	c.Dir = dir
	out, err := c.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func certificates(t *testing.T, dir string, place []string) []certificateLine {
	t.Helper()
	c := exec.Command("rinnovad", append([]string{"certificate", "list"}, place...)...)
	c.Dir = dir
	out, err := c.Output()
	if err != nil {
		t.Fatal(err)
	}
	var lines []certificateLine
	if err := json.Unmarshal(out, &lines); err != nil {
		t.Fatal(err)
	}
	return lines
}

// opensslConfig lets OpenSSL use a key of 1024 bits, as old cards have.
const opensslConfig = `openssl_conf = a
[a]
ssl_conf = b
[b]
system_default = c
[c]
CipherString = DEFAULT@SECLEVEL=0
`

// login authenticates with curl at the trial login. The answer has exactly the keys of the documented JSON.
func login(t *testing.T, dir, url, name, version string) map[string]any {
	t.Helper()
	systemtest.Need(t, "curl", "curl")
	c := exec.Command("curl", "-sS", "--noproxy", "*", "--tls-max", version, "--cacert", "s/tls.pem", "--cert",
		name+".pem", "--key", name+".key", "-H", "Accept: application/json", url)
	c.Dir = dir
	c.Env = append(os.Environ(), "OPENSSL_CONF="+filepath.Join(dir, "openssl.cnf"))
	out, err := c.Output()
	if err != nil {
		t.Fatalf("curl: %v\n%s", err, out)
	}
	var answer map[string]any
	if err := json.Unmarshal(out, &answer); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	for _, key := range []string{"name", "codiceFiscaleMasked", "notBefore", "notAfter", "policy", "tls", "accepted",
		"reason"} {
		if _, ok := answer[key]; !ok || len(answer) != 8 {
			t.Fatalf("answer %s", out)
		}
	}
	return answer
}

// logsIn logs in with the old certificate and with the new one.
func logsIn(t *testing.T, dir, address string, expired bool) {
	t.Helper()
	// The old certificate, still valid, logs in: a renewal does not revoke it.
	answer := login(t, dir, address, "old", "1.2")
	if answer["accepted"] == expired || expired && answer["reason"] != "expired" {
		t.Fatalf("old certificate: %v", answer)
	}
	for version, want := range map[string]string{"1.2": "TLS 1.2", "1.3": "TLS 1.3"} {
		answer = login(t, dir, address, "new", version)
		if answer["tls"] != want || answer["accepted"] != true || answer["reason"] != "" ||
			answer["codiceFiscaleMasked"] != "SMPBNL…2H" || answer["name"] != "BRUNILDE ESEMPIO" ||
			answer["policy"] != "1.3.76.16.2.1" {
			t.Fatalf("new certificate: %v", answer)
		}
	}
}

// TestRenewal renews with the client of OpenSSL and logs in with curl: only the service is our code.
func TestRenewal(t *testing.T) {
	cluster := storetest.PostgreSQL(t)
	for _, test := range []struct {
		name     string
		key      string
		clock    string
		dsn      string
		path     string
		issue    []string // further flags of the card
		campaign string
		notAfter string // as OpenSSL prints it, a pattern
	}{
		{"today", "rsa", "", "", ".well-known/cmp/p/prova", nil, "prova", `22:59:59|21:59:59`},
		{"P-256, SHA-1", "p256", "", "", ".well-known/cmp", []string{"--signature", "sha1"}, "prova",
			`22:59:59|21:59:59`},
		{"May 2020, expired", "rsa", "2020-05-25T10:00:00Z", "", ".well-known/cmp",
			[]string{"--not-after", "2020-03-31"}, "2020", `Jun 30 21:59:59 2020`},
		{"PostgreSQL", "p256", "", cluster.Database(t), ".well-known/cmp/keyupdate", []string{"--key-bits", "2048"},
			"prova", `22:59:59|21:59:59`},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "openssl.cnf"), []byte(opensslConfig), 0o600); err != nil {
				t.Fatal(err)
			}
			where := []string{"--dir", filepath.Join(dir, "s")}
			if test.clock != "" {
				where = append(where, "--clock", test.clock)
			}
			if test.dsn != "" {
				where = append(where, "--dsn", test.dsn)
			}
			do(t, dir, "rinnovad", append([]string{"init", "--key", test.key}, where...)...)
			service := serve(t, where...)
			do(t, dir, "rinnovad",
				append(append([]string{"card", "issue", "--series", "AC2014", "--out", "card.json", "--pem", "."},
					where...), test.issue...)...)
			do(t, dir, "openssl", "genrsa", "-out", "new.key", "2048")
			renew := func(out string) {
				t.Helper()
				do(t, dir, "openssl", "cmp", "-config", "", "-cmd", "kur", "-server",
					strings.TrimPrefix(service.cmp, "https://"), "-path", test.path, "-no_proxy", "127.0.0.1",
					"-tls_used", "-tls_trusted", "s/tls.pem", "-cert", "old.pem", "-key", "old.key", "-newkey",
					"new.key", "-trusted", "s/ca.pem", "-certout", out)
			}
			renew("new.pem")
			verify := []string{"verify", "-purpose", "sslclient", "-CAfile", "s/ca.pem"}
			if test.clock != "" {
				verify = append(verify, "-attime", "1590400800")
			}
			do(t, dir, "openssl", append(verify, "new.pem")...)
			if end := do(t, dir, "openssl", "x509", "-in", "new.pem", "-noout",
				"-enddate"); !regexp.MustCompile(test.notAfter).MatchString(end) {
				t.Errorf("%s, want %s", end, test.notAfter)
			}

			list := certificates(t, dir, where)
			if len(list) != 1 || list[0].State != "installed" || !list[0].Valid || list[0].Campaign != test.campaign {
				t.Fatalf("on record: %+v", list)
			}
			serial := strings.ToLower(strings.TrimSpace(do(t, dir, "openssl", "x509", "-in", "new.pem", "-noout",
				"-serial")))
			old := strings.ToLower(strings.ReplaceAll(do(t, dir, "openssl", "x509", "-in", "old.pem", "-noout",
				"-fingerprint", "-sha256"), ":", ""))
			if serial != "serial="+list[0].Serial || !strings.HasSuffix(strings.TrimSpace(old), "="+list[0].OldSHA256) {
				t.Fatalf("%s, %s, on record %+v", serial, old, list[0])
			}

			logsIn(t, dir, service.login, test.clock != "")
			if list = certificates(t, dir, where); list[0].State != "proven" {
				t.Fatalf("after the login: %+v", list)
			}

			// Another process, the same record: the same key gets the same certificate.
			before := service
			service.stop()
			service = serve(t, where...)
			if service.public != before.public {
				t.Errorf("published at %s, before at %s", service.public, before.public)
			}
			renew("again.pem")
			if a, b := do(t, dir, "cat", "new.pem"), do(t, dir, "cat", "again.pem"); a != b {
				t.Error("another certificate after a restart")
			}

			// Revoked: the list says so, and the login.
			do(t, dir, "rinnovad", append([]string{"certificate", "revoke", list[0].Serial}, where...)...)
			if answer := login(t, dir, service.login, "new", "1.2"); answer["accepted"] != false ||
				answer["reason"] != "revoked" {
				t.Fatalf("revoked: %v", answer)
			}
			crl := fetch(t, service.public+"/crl/ca.crl")
			if err := os.WriteFile(filepath.Join(dir, "ca.crl"), crl, 0o600); err != nil {
				t.Fatal(err)
			}
			text := do(t, dir, "openssl", "crl", "-inform", "der", "-in", "ca.crl", "-CAfile", "s/ca.pem", "-noout",
				"-text")
			if !strings.Contains(text, "verify OK") ||
				!strings.Contains(strings.ToLower(text), "serial number: "+list[0].Serial) {
				t.Fatalf("revocation list:\n%s", text)
			}
			service.stop()
			for _, secret := range []string{"SMPBNL78R47D612H", "SMPBNL", "ESEMPIO", "12345678"} {
				if strings.Contains(before.log.String()+service.log.String(), secret) {
					t.Error("the log names the person")
				}
			}
		})
	}
}

func fetch(t *testing.T, url string) []byte {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", url, response.Status, err)
	}
	return body
}

// TestRefusalIsReadable: OpenSSL prints the bit and an Italian sentence for a refusal, which it gets in a kup (RFC 9483
// §4.1.1), and our code is in that message.
func TestRefusalIsReadable(t *testing.T) {
	dir := t.TempDir()
	where := []string{"--dir", filepath.Join(dir, "s")}
	do(t, dir, "rinnovad", append([]string{"init"}, where...)...)
	do(t, dir, "rinnovad", append([]string{"card", "issue", "--series", "AC2014", "--out", "card.json", "--pem", "."},
		where...)...)
	do(t, dir, "rinnovad", append([]string{"campaign", "close", "prova"}, where...)...)
	do(t, dir, "openssl", "genrsa", "-out", "new.key", "2048")
	service := serve(t, where...)
	c := exec.Command("openssl", "cmp", "-config", "", "-cmd", "kur", "-server",
		strings.TrimPrefix(service.cmp, "https://"), "-path", ".well-known/cmp", "-no_proxy", "127.0.0.1",
		"-tls_used", "-tls_trusted", "s/tls.pem", "-cert", "old.pem", "-key", "old.key", "-newkey", "new.key",
		"-trusted", "s/ca.pem", "-certout", "new.pem", "-rspout", "rsp.der")
	c.Dir = dir
	out, err := c.CombinedOutput()
	if err == nil {
		t.Fatal("renewed although no campaign is open")
	}
	for _, word := range []string{"received KUP", "rejection", "Nessuna campagna di rinnovo è aperta", "SPID",
		"notAuthorized"} {
		if !strings.Contains(string(out), word) {
			t.Errorf("no %q in:\n%s", word, out)
		}
	}
	text := do(t, dir, "openssl", "asn1parse", "-inform", "DER", "-in", "rsp.der")
	if !strings.Contains(text, "UTF8STRING        :no-campaign") {
		t.Errorf("no code in:\n%s", text)
	}
	if list := certificates(t, dir, where); len(list) != 0 {
		t.Errorf("on record: %+v", list)
	}
	systemtest.Need(t, "curl", "curl")
	health := exec.Command("curl", "-sS", "--noproxy", "*", "--cacert", "s/tls.pem", service.cmp+"/healthz")
	health.Dir = dir
	if out, err := health.Output(); err != nil || string(out) != "ok\n" {
		t.Errorf("healthz: %q, %v", out, err)
	}
	if !strings.Contains(string(fetch(t, service.public+"/ca.pem")), "BEGIN CERTIFICATE") {
		t.Error("ca.pem is not published")
	}
	service.stop()
}
