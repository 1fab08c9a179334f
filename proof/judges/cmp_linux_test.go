// SPDX-License-Identifier: EUPL-1.2

package judges

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rinnova.example/go/systemtest"
)

// openssls are the two versions that judge: this computer's, and Debian 13's in its root.
func openssls(w *workshop) map[string]func(args ...string) *exec.Cmd {
	return map[string]func(args ...string) *exec.Cmd{
		"3.0": func(args ...string) *exec.Cmd { return w.here("openssl", args...) },
		"3.5": func(args ...string) *exec.Cmd { return w.there("openssl", args...) },
	}
}

// OpenSSL's client renews: with the old key in a file, and with the old key on a card, which it reaches
// through OpenSC. It confirms, and logs in with the new certificate.
func TestOpenSSLClient(t *testing.T) {
	at := opensc026(t)
	for name, c := range map[string]struct{ series, key string }{
		"key in a file": {"AC2014", "card/old.key"},
		"key on a card": {"ID2019", "org.openssl.engine:pkcs11:pkcs11:object=CNS0;type=private;pin-value=12345"},
	} {
		t.Run(name, func(t *testing.T) {
			w := opened(t, at)
			s := w.serve("")
			s.issue("card", c.series)
			if c.key != "card/old.key" {
				w.output(w.here("rm", "card/old.key"))
				w.insert("card.json")
			}
			w.output(w.there("openssl", "genrsa", "-out", "new.key", "2048"))
			out := w.output(w.there("openssl", "cmp", "-config", "", "-cmd", "kur", "-server",
				strings.TrimPrefix(s.cmp, "https://"),
				"-path", ".well-known/cmp/p/prova", "-tls_used", "-tls_trusted", "s/tls.pem", "-trusted", "s/ca.pem",
				"-cert", "card/old.pem", "-key", c.key, "-newkey", "new.key", "-certout", "new.pem"))
			if !strings.Contains(out, "sending CERTCONF") || !strings.Contains(out, "received PKICONF") {
				t.Errorf("not confirmed:\n%s", out)
			}
			serial := strings.ToLower(strings.TrimSpace(w.output(w.there("openssl", "x509", "-in", "new.pem", "-noout",
				"-serial"))))
			list := s.certificates()
			if len(list) != 1 || list[0].State != "installed" || "serial="+list[0].Serial != serial {
				t.Fatalf("%s, on record %+v", serial, list)
			}
			var l login
			w.answer(w.output(w.there("curl", "-sS", "--cacert", "s/tls.pem", "--cert", "new.pem", "--key", "new.key",
				"-H", "Accept: application/json", s.login)), &l)
			if !l.Accepted || !l.NotAfter.Equal(list[0].NotAfter) {
				t.Errorf("%+v", l)
			}
		})
	}
}

// authority is a root in the workshop's folder and its key.
type authority struct {
	w           *workshop
	certificate *x509.Certificate
	key         crypto.Signer
}

func (w *workshop) authority(name string) *authority {
	w.Helper()
	block, _ := pem.Decode(w.read(name + ".key"))
	key, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		w.Fatal(err)
	}
	return &authority{w, w.certificate(name + ".pem"), key.(crypto.Signer)}
}

func (w *workshop) certificate(name string) *x509.Certificate {
	w.Helper()
	block, _ := pem.Decode(w.read(name))
	c, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		w.Fatal(err)
	}
	return c
}

// issue writes a certificate of 300 days.
func (a *authority) issue(file string, c x509.Certificate, key crypto.PublicKey) {
	a.w.Helper()
	c.NotBefore, c.NotAfter = time.Now().Add(-time.Hour), time.Now().AddDate(0, 0, 300)
	c.KeyUsage = x509.KeyUsageDigitalSignature
	der, err := x509.CreateCertificate(rand.Reader, &c, a.certificate, key, a.key)
	if err != nil {
		a.w.Fatal(err)
	}
	a.w.write(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
}

// Our program renews against a CMP server that is not ours, OpenSSL's mock, which answers our question
// about the standing with an error and gives out the one certificate it was started with. So there are two
// runs. In the first that is another's certificate, and all that remains is the key made on the card:
// OpenSSL 3.0 sees by itself that issuer and serial are not the old certificate's and refuses, 3.5 gives
// it out and our program will not have it. The second, with a certificate for that key, is finished.
func TestOpenSSLServer(t *testing.T) {
	at := opensc026(t)
	for version, first := range map[string]result{
		"3.0": {Code: "service-refused", Exit: 6},
		"3.5": {Code: "service-untrusted", Exit: 1},
	} {
		t.Run(version, func(t *testing.T) {
			w := opened(t, at)
			s := w.serve("")
			s.issue("card", "AC2014")
			root, old := w.authority("s/legacy"), w.certificate("card/old.pem")
			signer, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			der, err := x509.MarshalPKCS8PrivateKey(signer)
			if err != nil {
				t.Fatal(err)
			}
			w.write("signer.key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
			root.issue("signer.pem", x509.Certificate{SerialNumber: big.NewInt(77),
				Subject:            pkix.Name{CommonName: "mock"},
				UnknownExtKeyUsage: []asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 28}}}, // id-kp-cmcRA
				signer.Public())

			renew := func(response string) (steps []string, r result, log string) {
				port := freePort(t)
				c := openssls(w)[version]("cmp", "-config", "", "-port", port, "-srv_cert", "signer.pem", "-srv_key",
					"signer.key",
					"-srv_trusted", "s/legacy.pem", "-rsp_cert", response)
				said := new(lines)
				c.Stdout, c.Stderr = said, said
				stop := systemtest.Start(t, c)
				eventually(t, "the mock listens", func() bool { return strings.Contains(said.String(), "ACCEPT") })
				out, _ := w.here("rinnova", "renew", "--card", "emulated:card.json", "--service",
					"http://127.0.0.1:"+port+"/pkix/", "--ca", "s/legacy.pem",
					"--pin-from", "env:PIN", "--puk-from", "env:PUK", "--json").CombinedOutput()
				stop()
				steps, r = w.events(string(out))
				return steps, r, said.String()
			}
			steps, r, log := renew("signer.pem")
			if r.Code != first.Code || r.Exit != first.Exit || r.Failed != "request" ||
				!slices.Contains(steps, "generate") {
				t.Fatalf("%q, %+v\n%s", steps, r, log)
			}

			card := w.emulated("card.json")
			stored, _ := card.File("1400/8108/8010")
			card.Close()
			var public asn1.RawValue
			if _, err := asn1.Unmarshal(stored, &public); err != nil {
				t.Fatal(err)
			}
			key, err := x509.ParsePKCS1PublicKey(public.FullBytes)
			if err != nil {
				t.Fatal(err)
			}
			root.issue("new.pem", x509.Certificate{SerialNumber: old.SerialNumber, RawSubject: old.RawSubject,
				ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
				Policies:    []x509.OID{policyCNS}}, key)
			steps, r, log = renew("new.pem")
			if r.Code != "done" || steps[len(steps)-1] != "confirm" {
				t.Fatalf("%q, %+v\n%s", steps, r, log)
			}
			card = w.emulated("card.json")
			if again, _ := card.File("1400/8108/8010"); !bytes.Equal(again, stored) {
				t.Error("another key was made")
			}
			if on, _ := card.File("1400/9010"); !bytes.HasPrefix(on, w.certificate("new.pem").Raw) {
				t.Error("the certificate is not on the card")
			}
		})
	}
}

var policyCNS = func() x509.OID {
	o, err := x509.ParseOID("1.3.76.16.2.1")
	if err != nil {
		panic(err)
	}
	return o
}()

// lines is what a running program prints.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// asn1parse reads every message of a whole renewal, ours and the service's.
func TestMessagesAreASN1(t *testing.T) {
	w := opened(t, opensc026(t))
	s := w.serve("")
	s.issue("card", "OT2015")
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(w.read("s/tls.pem"))
	client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}}
	to := s.cmp
	var messages []string
	between := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		keep := func(b []byte) {
			name := fmt.Sprintf("message%d.der", len(messages))
			messages = append(messages, name)
			w.write(name, b)
		}
		sent, err := io.ReadAll(r.Body)
		if err != nil {
			t.Errorf("the request does not read: %v", err)
		}
		keep(sent)
		res, err := client.Post(to+r.URL.Path, r.Header.Get("Content-Type"), bytes.NewReader(sent))
		if err != nil {
			t.Errorf("the request does not pass: %v", err)
			return
		}
		defer res.Body.Close()
		answer, err := io.ReadAll(res.Body)
		if err != nil {
			t.Errorf("the answer does not read: %v", err)
		}
		keep(answer)
		rw.Header().Set("Content-Type", res.Header.Get("Content-Type"))
		rw.Write(answer)
	}))
	defer between.Close()
	s.cmp = between.URL
	if _, r := w.events(w.output(w.here("rinnova", s.renew("emulated:card.json")...))); r.Code != "done" {
		t.Fatalf("%+v", r)
	}
	bodies := map[string]bool{}
	for _, m := range messages {
		for version, openssl := range openssls(w) {
			out := w.output(openssl("asn1parse", "-inform", "DER", "-in", m))
			if strings.Contains(out, ":BAD ") || strings.Contains(out, "rror") {
				t.Errorf("OpenSSL %s, %s:\n%s", version, m, out)
			}
			for line := range strings.Lines(out) {
				// Of the elements at depth 1 the first with a context tag is the body; protection and extraCerts
				// follow.
				if i := strings.Index(line, "cont [ "); i >= 0 && strings.Contains(line, ":d=1 ") {
					bodies[strings.TrimSpace(line[i:])] = true
					break
				}
			}
		}
	}
	// genm 21, genp 22, kur 7, kup 8, certConf 24, pkiConf 19 (RFC 9810 §5.1.2).
	for _, tag := range []int{21, 22, 7, 8, 24, 19} {
		if !bodies[fmt.Sprintf("cont [ %d ]", tag)] {
			t.Errorf("no body %d among %v", tag, bodies)
		}
	}
}

// OpenSSL accepts every certificate of the authority that renews, today's and those of a campaign that is
// past, at its time.
func TestCertificatesByOpenSSL(t *testing.T) {
	at := opensc026(t)
	for name, c := range map[string]struct{ clock, time, series, place, campaign string }{
		"today":    {"", "", "ACe2021", "1400/9001/2002", "prova"},
		"May 2020": {"2020-05-25T10:00:00Z", "1590401000", "AC2018", "1400/9010", "2020"},
	} {
		t.Run(name, func(t *testing.T) {
			w := opened(t, at)
			s := w.serve(c.clock)
			s.issue("card", c.series, notAfter(c.clock)...)
			args := []string{"--series", c.series}
			if c.clock != "" {
				args = append(args, "--clock", c.clock)
			}
			if _,
				r := w.events(w.output(w.here("rinnova",
				s.renew("emulated:card.json", args...)...))); r.Code != "done" || r.Campaign != c.campaign {
				t.Fatalf("%+v", r)
			}
			on, _ := w.emulated("card.json").File(c.place)
			w.write("new.der", on)
			for version, openssl := range openssls(w) {
				w.output(openssl("x509", "-inform", "DER", "-in", "new.der", "-out", "new.pem"))
				for file, purpose := range map[string]string{"new.pem": "sslclient", "s/cmp.pem": "any",
					"s/ca.pem": "any"} {
					verify := []string{"verify", "-x509_strict", "-purpose", purpose, "-CAfile", "s/ca.pem"}
					if c.time != "" {
						verify = append(verify, "-attime", c.time)
					}
					if out := w.output(openssl(append(verify, file)...)); !strings.Contains(out, file+": OK") {
						t.Errorf("OpenSSL %s: %s", version, out)
					}
					text := w.output(openssl("x509", "-in", file, "-noout", "-text"))
					if strings.Contains(text, "rror") || !strings.Contains(text, "Signature Algorithm: ") {
						t.Errorf("OpenSSL %s, %s:\n%s", version, file, text)
					}
					if file == "new.pem" {
						for _, want := range []string{"Policy: 1.3.76.16.2.1", "TLS Web Client Authentication",
							"X509v3 Key Usage: critical\n                Digital Signature\n"} {
							if !strings.Contains(text, want) {
								t.Errorf("OpenSSL %s: no %q in\n%s", version, want, text)
							}
						}
					}
				}
				// At another time it is not valid: verify does look at the clock.
				w.exits(2, openssl("verify", "-CAfile", "s/ca.pem", "-attime", "2000000000", "new.pem"))
			}
		})
	}
}

// notAfter makes a card of a past campaign: it ends a week later.
func notAfter(clock string) []string {
	if clock == "" {
		return nil
	}
	now, _ := time.Parse(time.RFC3339, clock)
	return []string{"--not-after", now.AddDate(0, 0, 6).Format(time.DateOnly)}
}
