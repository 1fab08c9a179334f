// SPDX-License-Identifier: EUPL-1.2

package relying

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"math/big"
	random "math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"rinnova.example/go/cmp"
	"rinnova.example/go/holder"
	"rinnova.example/go/service/ca"
	"rinnova.example/go/service/portal"
	"rinnova.example/go/service/store"
	"rinnova.example/go/systemtest"
	"rinnova.example/go/trial"
)

// The person of docs/DOMAIN.md §5.1.
const (
	codiceFiscale = "SMPBNL78R47D612H"
	brunilde      = codiceFiscale + "/6090900000003001.3SsHNs8uNFgeYKY73uk31/nMtfI="
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

// world is the service with its portal, and the folder of a site of interest.
type world struct {
	testing.TB
	dir     string // what the document calls /etc/rinnova
	portal  string
	site    string // address of the web server under test
	app     string // address of what stands behind it
	roots   *x509.CertPool
	current *ca.Issuer
	service *trial.Service
	clients map[string]tls.Certificate
}

func key(t testing.TB) *rsa.PrivateKey {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, 2048)
	check(t, err)
	return k
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

// newWorld makes the authorities, the certificates that knock, and runs the document's script.
func newWorld(t testing.TB) *world {
	t.Helper()
	now := time.Now()
	w := &world{TB: t, dir: t.TempDir(), site: free(t), app: free(t), clients: map[string]tls.Certificate{"": {}}}
	check(t, os.Chmod(w.dir, 0o755))
	check(t, os.Chmod(filepath.Dir(w.dir), 0o755))
	currentKey := key(t)
	authorities, err := trial.NewAuthorities(trial.AuthoritiesRequest{From: now.AddDate(-10, 0, 0),
		Until: now.AddDate(10, 0, 0), Current: currentKey})
	check(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	w.portal = "http://" + listener.Addr().String()
	service, err := trial.New(t.Context(), trial.Config{Authorities: authorities, PublicURL: w.portal})
	check(t, err)
	t.Cleanup(func() { service.Close() })
	responder, err := service.Responder()
	check(t, err)
	legacy, db, authority := service.Legacy, service.Store, service.Authority
	w.current, w.service = service.Current, service
	server := &http.Server{Handler: portal.Publication(authority, responder, w.current, legacy,
		portal.Pages(authority, nil, w.current, legacy))}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })

	renewed := func() tls.Certificate {
		oldKey, newKey := key(t), key(t)
		cn, err := holder.ParseCN(brunilde)
		check(t, err)
		old, err := legacy.IssueOld(ca.OldRequest{Administration: "Regione Esempio", GivenName: "BRUNILDE",
			Surname: "ESEMPIO", CN: cn, PublicKey: &oldKey.PublicKey, Signature: x509.SHA256WithRSA,
			NotBefore: now.AddDate(-5, 0, 0), NotAfter: now.AddDate(0, 1, 0), PublicURL: w.portal})
		check(t, err)
		check(t, db.Register(t.Context(), old, "", now))
		spki, err := x509.MarshalPKIXPublicKey(&newKey.PublicKey)
		check(t, err)
		response, err := authority.Update(t.Context(),
			cmp.UpdateRequest{OldCertificate: old, PublicKey: &newKey.PublicKey, SPKI: spki})
		check(t, err)
		w.clients["not yet renewed"] = tls.Certificate{Certificate: [][]byte{old.Raw}, PrivateKey: oldKey}
		return tls.Certificate{Certificate: [][]byte{response.Certificate.Raw}, PrivateKey: newKey}
	}
	w.clients["revoked"] = renewed()
	check(t, db.SetStatus(t.Context(), store.Sum(w.clients["revoked"].Certificate[0]), store.Revoked,
		store.ReasonUnspecified, now))
	w.clients["renewed"] = renewed()

	// Certificates that ca would not issue: each has one fault and is otherwise like a renewed one.
	like, err := x509.ParseCertificate(w.clients["renewed"].Certificate[0])
	check(t, err)
	policies := slices.DeleteFunc(slices.Clone(like.Extensions),
		func(e pkix.Extension) bool { return e.Id.String() != "2.5.29.32" })
	longer, err := x509.OIDFromInts([]uint64{1, 3, 76, 16, 2, 1, 1})
	check(t, err)
	handmade := func(name string, issuer *x509.Certificate, issuerKey crypto.Signer, change func(*x509.Certificate)) {
		k := key(t)
		c := &x509.Certificate{
			SerialNumber: big.NewInt(int64(1000 + len(w.clients))),
			Subject:      pkix.Name{Country: []string{"IT"}, CommonName: brunilde}, ExtraExtensions: policies,
			NotBefore: now.AddDate(-1, 0, 0), NotAfter: now.AddDate(1, 0, 0), KeyUsage: x509.KeyUsageDigitalSignature,
			ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
			OCSPServer:  []string{w.portal + ca.OCSPPath},
		}
		change(c)
		der, err := x509.CreateCertificate(rand.Reader, c, issuer, &k.PublicKey, issuerKey)
		check(t, err)
		certificate, err := x509.ParseCertificate(der)
		check(t, err)
		check(t, db.Register(t.Context(), certificate, "", now)) // for OCSP: only the fault under test is left
		w.clients[name] = tls.Certificate{Certificate: [][]byte{der}, PrivateKey: k}
	}
	own := w.current.Certificate()
	handmade("no policy", own, currentKey, func(c *x509.Certificate) { c.ExtraExtensions = nil })
	handmade("longer policy", own, currentKey,
		func(c *x509.Certificate) { c.ExtraExtensions, c.Policies = nil, []x509.OID{longer} })
	handmade("another common name", own, currentKey,
		func(c *x509.Certificate) { c.Subject.CommonName = "Brunilde " + codiceFiscale })
	handmade("another purpose", own, currentKey,
		func(c *x509.Certificate) { c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageEmailProtection} })
	handmade("expired", own, currentKey, func(c *x509.Certificate) { c.NotAfter = now.Add(-time.Hour) })
	strangerKey := key(t)
	stranger, err := trial.NewAuthorities(trial.AuthoritiesRequest{From: now.AddDate(-10, 0, 0),
		Until: now.AddDate(10, 0, 0), Current: strangerKey})
	check(t, err)
	handmade("stranger's", stranger.Current.Certificate(), strangerKey, func(*x509.Certificate) {}) // of the same name

	certificate, err := x509.ParseCertificate(service.Server.Certificate[0])
	check(t, err)
	w.roots = service.Roots
	keyPEM, err := ca.EncodeKey(service.Server.PrivateKey.(crypto.Signer))
	check(t, err)
	w.write("sito.pem", string(ca.EncodeCertificate(certificate)))
	w.write("sito.key", string(keyPEM))
	check(t, os.Mkdir(filepath.Join(w.dir, "pagine"), 0o755))
	w.write("pagine/accesso.html", "Per entrare occorre la tessera.\n")

	systemtest.NeedRoot(t)
	systemtest.Need(t, "openssl", "openssl")
	systemtest.Need(t, "curl", "curl")
	script := w.adapt(blocks(t, "sh", 1)[0])
	out, err := exec.Command("sh", "-c", replace(t, script, "http://rinnova.example", w.portal)).CombinedOutput()
	if err != nil {
		t.Fatalf("the script: %v\n%s", err, out)
	}
	return w
}

func (w *world) write(name, content string) {
	w.Helper()
	check(w, os.WriteFile(filepath.Join(w.dir, name), []byte(content), 0o644))
}

// adapt puts the folder of the test into a block.
func (w *world) adapt(block string) string { return replace(w, block, "/etc/rinnova", w.dir) }

// start runs a program until the test ends and waits until it listens.
func (w *world) start(address string, c *exec.Cmd) {
	w.Helper()
	var log strings.Builder
	c.Stdout, c.Stderr = &log, &log
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	check(w, c.Start())
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	w.Cleanup(func() {
		c.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(20 * time.Second):
			c.Process.Kill()
			<-ended
			w.Errorf("%s does not end", c.Path)
		}
		if w.Failed() {
			errors, _ := os.ReadFile(filepath.Join(w.dir, "errori.log"))
			w.Logf("%s:\n%s%s", c.Path, log.String(), errors)
		}
	})
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			conn.Close()
			return
		}
		select {
		case err := <-ended:
			ended <- err
			w.Fatalf("%s ended: %v\n%s", c.Path, err, log.String())
		default:
		}
		if time.Now().After(deadline) {
			w.Fatalf("%s does not listen: %v", c.Path, err)
		}
	}
}

// errRefused: the connection ended before a page.
var errRefused = errors.New("refused in the handshake")

// get asks the site for a page with one of the certificates.
func (w *world) get(client string, version uint16, header http.Header) (int, string, error) {
	w.Helper()
	certificate, ok := w.clients[client]
	if !ok {
		w.Fatalf("no client %q", client)
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{
		RootCAs: w.roots, ServerName: "localhost", MinVersion: version, MaxVersion: version,
		GetClientCertificate: func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &certificate, nil },
	}}
	defer transport.CloseIdleConnections()
	ctx, cancel := context.WithTimeout(w.Context(), 20*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+w.site+"/servizio", nil)
	check(w, err)
	for name, values := range header {
		r.Header[name] = values
	}
	answer, err := transport.RoundTrip(r)
	if err != nil {
		if ctx.Err() != nil {
			w.Fatal(err)
		}
		return 0, err.Error(), errRefused
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	check(w, err)
	return answer.StatusCode, string(body), nil
}

const explanation = "Per entrare occorre la tessera.\n"

// judge sends everybody to the site. friendly reports whether the server shows a page to those whose certificate it
// refuses.
func (w *world) judge(friendly bool) {
	w.Helper()
	other := url.PathEscape(string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE",
		Bytes: w.clients["another purpose"].Certificate[0]})))
	forged := http.Header{"X-Codice-Fiscale": {"RSSMRA80A01H501U"}, "X-Client-Cert": {other}}
	for _, client := range []string{"renewed", "not yet renewed"} {
		for _, header := range []http.Header{nil, forged} {
			status, body, err := w.get(client, tls.VersionTLS12, header)
			if err != nil || status != http.StatusOK || body != "Benvenuto, "+codiceFiscale+"\n" {
				w.Errorf("%s: %d %q %v", client, status, body, err)
			}
		}
	}
	for _, client := range []string{"", "no policy", "longer policy", "another common name"} {
		for _, header := range []http.Header{nil, forged} {
			if status, body, err := w.get(client, tls.VersionTLS12, header); err != nil ||
				status != http.StatusForbidden || body != explanation {
				w.Errorf("%q: %d %q %v", client, status, body, err)
			}
		}
	}
	for _, client := range []string{"expired", "revoked", "stranger's", "another purpose"} {
		status, body, err := w.get(client, tls.VersionTLS12, forged)
		if friendly && (err != nil || status != http.StatusForbidden || body != explanation) ||
			!friendly && err == nil {
			w.Errorf("%q: %d %q %v", client, status, body, err)
		}
	}
	for _, client := range []string{"", "renewed"} {
		if status, body, err := w.get(client, tls.VersionTLS13, nil); err == nil ||
			!strings.Contains(body, "protocol version") {
			w.Errorf("TLS 1.3, %q: %d %q", client, status, body)
		}
	}
	for name, want := range map[string]string{"accessi.log": "TLSv1.2 SUCCESS", "errori.log": ""} {
		log, err := os.ReadFile(filepath.Join(w.dir, name))
		check(w, err)
		if !strings.Contains(string(log), want) || strings.Contains(string(log), "SMPBNL") ||
			strings.Contains(string(log), "6090900000003001") {
			w.Errorf("%s:\n%s", name, log)
		}
	}
}

// behind stands for the service: it greets whom the web server names.
func (w *world) behind() {
	w.Helper()
	listener, err := net.Listen("tcp", w.app)
	check(w, err)
	app := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		io.WriteString(rw, "Benvenuto, "+strings.Join(r.Header.Values("X-Codice-Fiscale"), "+")+"\n")
	}))
	app.Listener.Close()
	app.Listener = listener
	app.Start()
	w.Cleanup(app.Close)
}

var enmod = regexp.MustCompile("`a2enmod ([a-z_ ]+)`")

// apache runs the document's virtual host with the modules that it names.
func (w *world) apache(host string) {
	w.Helper()
	named := enmod.FindStringSubmatch(document(w))
	if named == nil {
		w.Fatal("no a2enmod in the document")
	}
	// Debian's own configuration has these already.
	systemtest.Need(w, "apache2-bin", "apache2")
	modules := append([]string{"mpm_event", "authz_core", "dir", "mime"}, strings.Fields(named[1])...)
	var c strings.Builder
	for _, m := range modules {
		c.WriteString("LoadModule " + m + "_module /usr/lib/apache2/modules/mod_" + m + ".so\n")
	}
	c.WriteString("User www-data\nGroup www-data\nServerName localhost\nPidFile " + w.dir + "/apache.pid\nErrorLog " +
		w.dir + "/errori.log\nTypesConfig /etc/mime.types\nDefaultRuntimeDir " + w.dir + "\nListen " + w.site + "\n")
	host = replace(w, replace(w, w.adapt(host), "*:443", w.site), "http://rinnova.example", w.portal)
	c.WriteString(replace(w, host, "127.0.0.1:8000", w.app))
	w.write("apache.conf", c.String())
	w.start(w.site, exec.Command("apache2", "-d", w.dir, "-f", w.dir+"/apache.conf", "-DFOREGROUND"))
}

var listLines = regexp.MustCompile(`(?m)^    SSLCARevocation(Check|File) .*\n`)

func TestApache(t *testing.T) {
	b := blocks(t, "apache", 2)
	for _, row := range []struct{ name, host string }{
		{"list", b[0]},
		{"OCSP", strings.Replace(listLines.ReplaceAllString(b[0], ""), "    SSLEngine on\n", "    SSLEngine on\n"+b[1],
			1)},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t)
			w.behind()
			w.apache(row.host)
			w.judge(false)
		})
	}
}

// nginx runs the document's server, and behind it the document's program.
func (w *world) nginx(server string) {
	w.Helper()
	systemtest.Need(w, "nginx-light", "nginx")
	dir := w.TempDir()
	check(w, os.WriteFile(filepath.Join(dir, "main.go"),
		[]byte(replace(w, blocks(w, "go", 1)[0], "127.0.0.1:8000", w.app)), 0o600))
	out, err := exec.Command("go", "build", "-o", filepath.Join(dir, "app"),
		filepath.Join(dir, "main.go")).CombinedOutput()
	if err != nil {
		w.Fatalf("the program: %v\n%s", err, out)
	}
	w.start(w.app, exec.Command(filepath.Join(dir, "app")))
	server = replace(w, w.adapt(server), "listen 443", "listen "+w.site)
	w.write("nginx.conf", "daemon off;\nuser www-data;\npid "+w.dir+"/nginx.pid;\nerror_log "+w.dir+
		"/errori.log info;\nevents {}\nhttp {\naccess_log off;\nclient_body_temp_path "+w.dir+
		"/body;\nproxy_temp_path "+w.dir+"/proxy;\nfastcgi_temp_path "+w.dir+"/fastcgi;\nuwsgi_temp_path "+w.dir+
		"/uwsgi;\nscgi_temp_path "+w.dir+"/scgi;\n"+
		replace(w, server, "127.0.0.1:8000", w.app)+"}\n")
	w.start(w.site, exec.Command("nginx", "-e", "stderr", "-p", w.dir, "-c", w.dir+"/nginx.conf"))
}

func TestNginx(t *testing.T) {
	b := blocks(t, "nginx", 2)
	for _, row := range []struct{ name, server string }{
		{"list", b[0]},
		{"OCSP", strings.Replace(b[0], regexp.MustCompile(`(?m)^    ssl_crl .*\n`).FindString(b[0]), b[1], 1)},
	} {
		t.Run(row.name, func(t *testing.T) {
			w := newWorld(t)
			w.nginx(row.server)
			w.judge(true)
		})
	}
}

// TestClients: curl and OpenSSL's own client, which are not Go's TLS, log in at Apache.
func TestClients(t *testing.T) {
	systemtest.Need(t, "curl", "curl")
	w := newWorld(t)
	w.behind()
	w.apache(blocks(t, "apache", 2)[0])
	client := w.clients["renewed"]
	certificate, err := x509.ParseCertificate(client.Certificate[0])
	check(t, err)
	keyPEM, err := ca.EncodeKey(client.PrivateKey.(crypto.Signer))
	check(t, err)
	w.write("nuovo.pem", string(ca.EncodeCertificate(certificate)))
	w.write("nuovo.key", string(keyPEM))
	out, err := exec.Command("curl", "-sSk", "--noproxy", "*", "--cert", w.dir+"/nuovo.pem", "--key",
		w.dir+"/nuovo.key", "https://"+w.site+"/").CombinedOutput()
	if err != nil || string(out) != "Benvenuto, "+codiceFiscale+"\n" {
		t.Errorf("curl: %v\n%s", err, out)
	}
	if !strings.Contains(blocks(t, "console", 1)[0],
		"openssl s_client -connect servizi.example:443 -tls1_2 -cert nuovo.pem -key nuovo.key") {
		t.Fatal("the document has another command")
	}
	c := exec.Command("openssl", "s_client", "-connect", w.site, "-tls1_2", "-cert", "nuovo.pem", "-key", "nuovo.key")
	c.Dir = w.dir
	if out, err = c.CombinedOutput(); err != nil {
		t.Fatalf("openssl s_client: %v\n%s", err, out)
	}
	for _, want := range []string{"Acceptable client certificate CA names",
		"CN = " + w.current.Certificate().Subject.CommonName,
		fmt.Sprintf("CN = %q", trial.LegacyName.CommonName), "Protocol  : TLSv1.2"} {
		if !strings.Contains(strings.ReplaceAll(string(out), "CN=", "CN = "), want) {
			t.Errorf("no %q in\n%s", want, out)
		}
	}
}
