// SPDX-License-Identifier: EUPL-1.2

package driver

import (
	"bytes"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"rinnova.example/go/card/cns"
	"rinnova.example/go/login"
	"rinnova.example/go/systemtest"
	"rinnova.example/go/trial"
)

// scene is a renewed card in a reader, a site that asks for its certificate, and a user's programs.
type scene struct {
	*host
	site *httptest.Server
	new  *x509.Certificate // of the card's pairs
	old  *x509.Certificate
}

// uri returns the RFC 7512 URI of a pair's objects, without their type.
func uri(c *x509.Certificate) string {
	id := sha1.Sum(x509.MarshalPKCS1PublicKey(c.PublicKey.(*rsa.PublicKey))) // RFC 5280 §4.2.1.2, method 1
	return "pkcs11:id=" + strings.ReplaceAll(fmt.Sprintf(" % x", id), " ", "%")
}

const request = "GET / HTTP/1.0\r\nHost: localhost\r\nAccept: application/json\r\n\r\n"

// accepted checks the site's answer, which is somewhere in a program's output.
func (s *scene) accepted(out string, c *x509.Certificate) {
	s.Helper()
	found := regexp.MustCompile(`\{[^{}]*"accepted"[^{}]*\}`).FindString(out)
	var answer login.Answer
	if err := json.Unmarshal([]byte(found), &answer); err != nil {
		s.Fatalf("%v in\n%s", err, out)
	}
	if !answer.Accepted || answer.NotAfter == nil || !answer.NotAfter.Equal(c.NotAfter) || answer.TLS != "TLS 1.3" {
		s.Errorf("the site answers %+v to a certificate until %v", answer, c.NotAfter)
	}
}

func (s *scene) port() string {
	_, port, err := net.SplitHostPort(s.site.Listener.Addr().String())
	check(s, err)
	return port
}

// gnutls: p11tool lists both certificates, and gnutls-cli logs in.
func gnutls(s *scene) {
	systemtest.Need(s, "gnutls-bin", "p11tool", "gnutls-cli")
	list := s.run("p11tool", "--provider", s.module, "--list-all-certs", "pkcs11:manufacturer=Rinnova")
	if strings.Count(list, "Type: X.509 Certificate") != 2 {
		s.Errorf("p11tool lists\n%s", list)
	}
	c := s.command("gnutls-cli", "--provider", s.module, "--insecure", "--priority", "NORMAL:+VERS-TLS1.3", "--port",
		s.port(), "--x509certfile", uri(s.new)+";type=cert",
		"--x509keyfile", uri(s.new)+";type=private?pin-value="+trial.PIN, "127.0.0.1")
	input, typed, err := os.Pipe() // it stays open: its end would end the connection before the answer
	check(s, err)
	defer input.Close()
	defer typed.Close()
	_, err = typed.WriteString(request)
	check(s, err)
	c.Stdin = input
	s.accepted(s.output(c), s.new)
}

// nss: modutil adds the module, certutil sees usable pairs, and tstclnt logs in.
func nss(s *scene) {
	systemtest.Need(s, "libnss3-tools", "modutil", "certutil", "tstclnt")
	check(s, os.Mkdir(filepath.Join(s.home, "nss"), 0o700))
	store := "sql:" + filepath.Join(s.home, "nss")
	s.run("certutil", "-N", "-d", store, "--empty-password")
	s.run("modutil", "-dbdir", store, "-add", "Rinnova", "-libfile", s.module, "-force")
	pin := s.write("pin", trial.PIN+"\n", 0o600)
	list := s.run("certutil", "-L", "-h", "all", "-d", store, "-f", pin)
	pairs := regexp.MustCompile(`(?m)^(\S.*:.*?) +u,u,u *$`).FindAllStringSubmatch(list, -1)
	if len(pairs) != 2 {
		s.Fatalf("pairs: %q in\n%s", pairs, list)
	}
	c := s.command("tstclnt", "-h", "127.0.0.1", "-p", s.port(), "-d", store, "-n", pairs[0][1], "-w", trial.PIN,
		"-V", "tls1.3:tls1.3", "-o", "-A", s.write("request", request, 0o600))
	s.accepted(s.output(c), s.new)
}

// java: keytool lists both pairs, and signs a request with the new key.
func java(s *scene) {
	systemtest.Need(s, "openjdk-17-jre-headless", "keytool")
	config := s.write("java.cfg", "name = Rinnova\nlibrary = "+s.module+"\nslotListIndex = 0\n", 0o600)
	pin := s.write("pin", trial.PIN, 0o600)
	keytool := func(args ...string) string {
		return s.run("keytool", append(args, "-keystore", "NONE", "-storetype", "PKCS11", "-addprovider", "SunPKCS11",
			"-providerArg", config, "-storepass:file", pin)...)
	}
	list := keytool("-list")
	if strings.Count(list, "PrivateKeyEntry") != 2 {
		s.Errorf("keytool lists\n%s", list)
	}
	alias := regexp.MustCompile(`(?m)^(.*), PrivateKeyEntry`).FindAllStringSubmatch(list, -1)
	for _, a := range alias {
		block, _ := pem.Decode([]byte(keytool("-certreq", "-alias", a[1])))
		if block == nil {
			s.Fatalf("no request for %q", a[1])
		}
		r, err := x509.ParseCertificateRequest(block.Bytes)
		check(s, err)
		check(s, r.CheckSignature())
	}
}

// ssh: a server that knows the card's keys lets the user in.
func ssh(s *scene) {
	systemtest.Need(s, "openssh-server", "/usr/sbin/sshd")
	systemtest.Need(s, "openssh-client", "ssh", "ssh-keygen")
	systemtest.NeedRoot(s)
	check(s, os.MkdirAll("/run/sshd", 0o755)) // of sshd's service
	host := filepath.Join(s.home, "host-key")
	s.run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", host)
	keys := s.write("keys", s.run("ssh-keygen", "-D", s.module), 0o600)
	ask := s.write("ask", "#!/bin/sh\necho x >>\"$HOME/asked\"\necho "+trial.PIN+"\n", 0o700)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	check(s, err)
	_, port, err := net.SplitHostPort(l.Addr().String())
	check(s, err)
	check(s, l.Close())
	defer systemtest.Start(s, s.command("/usr/sbin/sshd", "-D", "-e", "-f", "/dev/null", "-h", host, "-o",
		"ListenAddress=127.0.0.1:"+port, "-o", "PidFile=none", "-o", "StrictModes=no", "-o", "UsePAM=no", "-o",
		"PasswordAuthentication=no", "-o", "PermitRootLogin=prohibit-password", "-o", "AuthorizedKeysFile="+keys))()
	for range 100 {
		if c, err := net.Dial("tcp", "127.0.0.1:"+port); err == nil {
			c.Close()
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	c := s.command("ssh", "-F", "none", "-I", s.module, "-p", port, "-o", "StrictHostKeyChecking=no", "-o",
		"UserKnownHostsFile=/dev/null", "-o", "IdentityFile=none", "root@127.0.0.1", "echo in")
	c.Env = append(c.Env, "SSH_ASKPASS="+ask, "SSH_ASKPASS_REQUIRE=force")
	if out := s.output(c); !strings.HasSuffix(out, "in\n") {
		s.Errorf("ssh: %s", out)
	}
	asked, err := os.ReadFile(filepath.Join(s.home, "asked"))
	check(s, err)
	if string(asked) != "x\n" {
		s.Errorf("the PIN was asked %d times", len(asked)/2)
	}
}

// p11kit: a program in a container, as flatpak's are, uses the card by p11-kit's socket.
func p11kit(s *scene) {
	systemtest.Need(s, "p11-kit", "p11-kit", "/usr/libexec/p11-kit/p11-kit-server")
	client := systemtest.Need(s, "p11-kit-modules", "/usr/lib/*/pkcs11/p11-kit-client.so")[0]
	socket := filepath.Join(s.home, "socket")
	server := s.command("p11-kit", "server", "--foreground", "--name", socket, "--provider", s.module,
		"pkcs11:manufacturer=Rinnova")
	server.Stdout = new(bytes.Buffer)
	defer systemtest.Start(s, server)()
	for range 100 {
		if _, err := os.Stat(socket); err == nil {
			break
		}
		time.Sleep(50 * time.Millisecond)
	}
	c := s.command("pkcs11-tool", "--module", client, "--login", "--pin", trial.PIN, "--test")
	c.Env = append(c.Env, "P11_KIT_SERVER_ADDRESS=unix:path="+socket)
	if out := s.output(c); !strings.Contains(out, "No errors") || strings.Count(out, "testing key ") != 4 {
		s.Errorf("by p11-kit's client:\n%s", out)
	}
}

// musl: a host of another C library loads the module.
func musl(s *scene) {
	systemtest.Need(s, "musl-tools", "musl-gcc")
	program := filepath.Join(s.home, "host")
	s.run("musl-gcc", "-I", "/usr/include/p11-kit-1", "-o", program, "testdata/host.c")
	if out := s.run(program, s.module, trial.PIN, "fork-after"); out != "ok\n" {
		s.Errorf("the host said %q", out)
	}
}

// openssl lets OpenSSL use the old keys of 1024 bits.
const openssl = `openssl_conf = all
[all]
ssl_conf = ssl
[ssl]
system_default = default
[default]
CipherString = DEFAULT:@SECLEVEL=0
`

// curl logs in by OpenSSL's PKCS #11 engine, with each pair.
func curl(s *scene) {
	systemtest.Need(s, "curl", "curl")
	systemtest.Need(s, "libengine-pkcs11-openssl", "/usr/lib/*/engines-3/pkcs11.so")
	config := s.write("openssl.cnf", openssl, 0o600)
	for _, pair := range []*x509.Certificate{s.new, s.old} {
		s.accepted(s.engineLogin(s.site.URL, config, uri(pair)), pair)
	}
}

// engineLogin returns the site's answer to curl, which uses OpenSSL's configuration and the pair of a URI.
func (h *host) engineLogin(site, config, pair string) string {
	h.Helper()
	c := h.command("curl", "-sS", "--insecure", "--engine", "pkcs11",
		"--cert-type", "ENG", "--cert", pair+";type=cert",
		"--key-type", "ENG", "--key", pair+";type=private;pin-value="+trial.PIN,
		"-H", "Accept: application/json", site)
	c.Env = append(c.Env, "OPENSSL_CONF="+config, "PKCS11_MODULE_PATH="+h.module)
	return h.output(c)
}

// TestPrograms has each program that knows PKCS #11 use a renewed card of each layout.
func TestPrograms(t *testing.T) {
	st := newStage(t)
	site := st.site(t)
	for _, series := range []string{"AC2014", "OT2015", "ID2019"} {
		t.Run(series, func(t *testing.T) {
			card := st.renewed(t, series)
			defer st.plug(t, card)()
			session, err := cns.Open(card)
			check(t, err)
			s := scene{site: site}
			for _, slot := range session.Contents.Slots[:2] {
				s.old, s.new = s.new, slot.Certificate.Certificate
			}
			if s.new.NotAfter.Before(s.old.NotAfter) {
				s.old, s.new = s.new, s.old
			}
			for name, program := range map[string]func(*scene){"curl": curl, "gnutls": gnutls, "nss": nss, "java": java,
				"ssh": ssh, "p11-kit": p11kit, "musl": musl} {
				t.Run(name, func(t *testing.T) {
					s := s
					s.host = newHost(t)
					program(&s)
				})
			}
			left(t, card, 3)
		})
	}
}
