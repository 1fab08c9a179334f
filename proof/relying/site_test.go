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
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
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

// world is a site of interest, the service with its portal, and those who come.
type world struct {
	*Site
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

// newWorld makes the authorities, the certificates that knock, and runs the document's script.
func newWorld(t testing.TB) *world {
	t.Helper()
	now := time.Now()
	w := &world{clients: map[string]tls.Certificate{"": {}}}
	currentKey := key(t)
	authorities, err := trial.NewAuthorities(trial.AuthoritiesRequest{From: now.AddDate(-10, 0, 0),
		Until: now.AddDate(10, 0, 0), Current: currentKey})
	check(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	check(t, err)
	address := "http://" + listener.Addr().String()
	service, err := trial.New(t.Context(), trial.Config{Authorities: authorities, PublicURL: address})
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
			NotBefore: now.AddDate(-5, 0, 0), NotAfter: now.AddDate(0, 1, 0), PublicURL: address})
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
			OCSPServer:  []string{address + ca.OCSPPath},
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
	w.Site = NewSite(t, address, ca.EncodeCertificate(certificate), keyPEM)
	return w
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
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+w.Address+"/servizio", nil)
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
			w.apache(row.host)
			w.judge(false)
		})
	}
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
	w.Apache()
	client := w.clients["renewed"]
	certificate, err := x509.ParseCertificate(client.Certificate[0])
	check(t, err)
	keyPEM, err := ca.EncodeKey(client.PrivateKey.(crypto.Signer))
	check(t, err)
	w.write("nuovo.pem", string(ca.EncodeCertificate(certificate)))
	w.write("nuovo.key", string(keyPEM))
	out, err := exec.Command("curl", "-sSk", "--noproxy", "*", "--cert", w.dir+"/nuovo.pem", "--key",
		w.dir+"/nuovo.key", "https://"+w.Address+"/").CombinedOutput()
	if err != nil || string(out) != "Benvenuto, "+codiceFiscale+"\n" {
		t.Errorf("curl: %v\n%s", err, out)
	}
	if !strings.Contains(blocks(t, "console", 1)[0],
		"openssl s_client -connect servizi.example:443 -tls1_2 -cert nuovo.pem -key nuovo.key") {
		t.Fatal("the document has another command")
	}
	systemtest.Need(t, "openssl", "openssl")
	c := exec.Command("openssl", "s_client", "-connect", w.Address, "-tls1_2", "-cert", "nuovo.pem", "-key",
		"nuovo.key")
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
