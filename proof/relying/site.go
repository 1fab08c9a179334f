// SPDX-License-Identifier: EUPL-1.2

package relying

import (
	"fmt"
	"io"
	random "math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"rinnova.example/go/systemtest"
)

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// document is the page that sites are given.
func document(t testing.TB) string {
	t.Helper()
	b, err := os.ReadFile("../../docs/RELYING-SITE.md")
	check(t, err)
	return string(b)
}

// blocks returns the fenced blocks of a language, in order; the test says how many it knows.
func blocks(t testing.TB, language string, known int) []string {
	t.Helper()
	var found []string
	for _, m := range regexp.MustCompile("(?ms)^```"+language+"\n(.*?)^```$").FindAllStringSubmatch(document(t), -1) {
		found = append(found, m[1])
	}
	if len(found) != known {
		t.Fatalf("%d blocks of %s in the document, the tests know %d", len(found), language, known)
	}
	return found
}

// replace replaces a text, which must be there.
func replace(t testing.TB, s, old, new string) string {
	t.Helper()
	if !strings.Contains(s, old) {
		t.Fatalf("no %q in the block:\n%s", old, s)
	}
	return strings.ReplaceAll(s, old, new)
}

// free returns an address that nothing listens on. It lies below the ports that outgoing connections are given, which
// would take it before the server does.
func free(t testing.TB) string {
	t.Helper()
	for range 100 {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 20000+random.IntN(10000)))
		if err == nil {
			defer l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("no free port")
	return ""
}

// Site is a site of interest: a web server with the document's configuration and a service behind it, both on this
// computer until the test ends.
type Site struct {
	testing.TB
	Address string // of the web server: host and port
	dir     string // the document calls it /etc/rinnova
	portal  string // the document's script takes roots and lists of revoked certificates from it
	app     string // address of the service behind the web server
}

// NewSite makes the folder of a site: its TLS certificate and key, its page for those who come without a card, and what
// the document's script fetches from the portal.
func NewSite(t testing.TB, portal string, certificate, key []byte) *Site {
	t.Helper()
	s := &Site{TB: t, Address: free(t), dir: t.TempDir(), portal: portal, app: free(t)}
	check(t, os.Chmod(s.dir, 0o755))
	check(t, os.Chmod(filepath.Dir(s.dir), 0o755))
	s.write("sito.pem", string(certificate))
	s.write("sito.key", string(key))
	check(t, os.Mkdir(filepath.Join(s.dir, "pagine"), 0o755))
	s.write("pagine/accesso.html", explanation)
	systemtest.NeedRoot(t)
	systemtest.Need(t, "openssl", "openssl")
	systemtest.Need(t, "curl", "curl")
	script := s.adapt(blocks(t, "sh", 1)[0])
	out, err := exec.Command("sh", "-c", replace(t, script, "http://rinnova.example", portal)).CombinedOutput()
	if err != nil {
		t.Fatalf("the script: %v\n%s", err, out)
	}
	return s
}

const explanation = "Per entrare occorre la tessera.\n"

func (s *Site) write(name, content string) {
	s.Helper()
	check(s, os.WriteFile(filepath.Join(s.dir, name), []byte(content), 0o644))
}

// adapt puts the folder of the test into a block.
func (s *Site) adapt(block string) string { return replace(s, block, "/etc/rinnova", s.dir) }

// start runs a program until the test ends and waits until it listens.
func (s *Site) start(address string, c *exec.Cmd) {
	s.Helper()
	var log strings.Builder
	c.Stdout, c.Stderr = &log, &log
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	check(s, c.Start())
	var exit error
	ended := make(chan struct{})
	go func() { exit = c.Wait(); close(ended) }()
	s.Cleanup(func() {
		_ = c.Process.Signal(syscall.SIGTERM) // it may have ended
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			_ = c.Process.Kill()
			<-ended
			s.Errorf("%s does not end", c.Path)
		}
		if s.Failed() {
			errors, _ := os.ReadFile(filepath.Join(s.dir, "errori.log"))
			s.Logf("%s:\n%s%s", c.Path, log.String(), errors)
		}
	})
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
			return
		}
		select {
		case <-ended:
			s.Fatalf("%s ended: %v\n%s", c.Path, exit, log.String())
		default:
		}
		if time.Now().After(deadline) {
			s.Fatalf("%s does not listen: %v", c.Path, err)
		}
	}
}

// Apache runs Apache with the list of revoked certificates. The service behind it greets whom Apache names.
func (s *Site) Apache() { s.Helper(); s.apache(blocks(s, "apache", 2)[0]) }

// Nginx runs nginx with the list of revoked certificates, and behind it the document's program, which it compiles.
func (s *Site) Nginx() { s.Helper(); s.nginx(blocks(s, "nginx", 2)[0]) }

// behind stands for the service: it greets whom the web server names.
func (s *Site) behind() {
	s.Helper()
	listener, err := net.Listen("tcp", s.app)
	check(s, err)
	app := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		io.WriteString(rw, "Benvenuto, "+strings.Join(r.Header.Values("X-Codice-Fiscale"), "+")+"\n")
	}))
	app.Listener.Close()
	app.Listener = listener
	app.Start()
	s.Cleanup(app.Close)
}

var enmod = regexp.MustCompile("`a2enmod ([a-z_ ]+)`")

// apache runs the document's virtual host with the modules that it names.
func (s *Site) apache(host string) {
	s.Helper()
	named := enmod.FindStringSubmatch(document(s))
	if named == nil {
		s.Fatal("no a2enmod in the document")
	}
	s.behind()
	// Debian's own configuration has these already.
	systemtest.Need(s, "apache2-bin", "apache2")
	modules := append([]string{"mpm_event", "authz_core", "dir", "mime"}, strings.Fields(named[1])...)
	var c strings.Builder
	for _, m := range modules {
		c.WriteString("LoadModule " + m + "_module /usr/lib/apache2/modules/mod_" + m + ".so\n")
	}
	c.WriteString("User www-data\nGroup www-data\nServerName localhost\nPidFile " + s.dir + "/apache.pid\nErrorLog " +
		s.dir + "/errori.log\nTypesConfig /etc/mime.types\nDefaultRuntimeDir " + s.dir + "\nListen " + s.Address +
		"\n")
	host = replace(s, replace(s, s.adapt(host), "*:443", s.Address), "http://rinnova.example", s.portal)
	c.WriteString(replace(s, host, "127.0.0.1:8000", s.app))
	s.write("apache.conf", c.String())
	s.start(s.Address, exec.Command("apache2", "-d", s.dir, "-f", s.dir+"/apache.conf", "-DFOREGROUND"))
}

// nginx runs the document's server, and behind it the document's program.
func (s *Site) nginx(server string) {
	s.Helper()
	systemtest.Need(s, "nginx-light", "nginx")
	dir := s.TempDir()
	check(s, os.WriteFile(filepath.Join(dir, "main.go"),
		[]byte(replace(s, blocks(s, "go", 1)[0], "127.0.0.1:8000", s.app)), 0o600))
	out, err := exec.Command("go", "build", "-o", filepath.Join(dir, "app"),
		filepath.Join(dir, "main.go")).CombinedOutput()
	if err != nil {
		s.Fatalf("the program: %v\n%s", err, out)
	}
	s.start(s.app, exec.Command(filepath.Join(dir, "app")))
	server = replace(s, s.adapt(server), "listen 443", "listen "+s.Address)
	s.write("nginx.conf", "daemon off;\nuser www-data;\npid "+s.dir+"/nginx.pid;\nerror_log "+s.dir+
		"/errori.log info;\nevents {}\nhttp {\naccess_log off;\nclient_body_temp_path "+s.dir+
		"/body;\nproxy_temp_path "+s.dir+"/proxy;\nfastcgi_temp_path "+s.dir+"/fastcgi;\nuwsgi_temp_path "+s.dir+
		"/uwsgi;\nscgi_temp_path "+s.dir+"/scgi;\n"+
		replace(s, server, "127.0.0.1:8000", s.app)+"}\n")
	s.start(s.Address, exec.Command("nginx", "-e", "stderr", "-p", s.dir, "-c", s.dir+"/nginx.conf"))
}
