// SPDX-License-Identifier: EUPL-1.2

package cmp

import (
	"bytes"
	"cmp"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"rinnova.example/go/systemtest"
)

// folder holds the PEM files of openssl's command lines below.
type folder string

func newFolder(t *testing.T) folder {
	t.Helper()
	f, dir := pki(), folder(t.TempDir())
	dir.certificate(t, "ca.pem", f.currentCA.Certificate)
	dir.certificate(t, "oldca.pem", f.legacyCA.Certificate)
	dir.certificate(t, "foreign.pem", f.foreignCA.Certificate)
	for name, c := range map[string]Credential{
		"old": f.old2048, "old1024": f.old1024, "oldec": f.oldEC, "other": f.other, "nokid": f.noKeyID, "ra": f.signer,
	} {
		dir.certificate(t, name+".pem", c.Certificate)
		dir.key(t, name+".key", c.Key)
	}
	expired := certify(f.legacyCA, f.spare,
		&x509.Certificate{Subject: f.old2048.Certificate.Subject, NotAfter: now.Add(-time.Minute)})
	dir.certificate(t, "expired.pem", expired.Certificate)
	dir.key(t, "expired.key", expired.Key)
	dir.key(t, "new.key", f.newRSA)
	dir.key(t, "newec.key", f.newEC)
	return dir
}

func (d folder) write(t *testing.T, name, kind string, der []byte) {
	t.Helper()
	block := pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	if err := os.WriteFile(filepath.Join(string(d), name), block, 0o600); err != nil {
		t.Fatal(err)
	}
}

func (d folder) certificate(t *testing.T, name string, c *x509.Certificate) {
	t.Helper()
	d.write(t, name, "CERTIFICATE", c.Raw)
}

func (d folder) key(t *testing.T, name string, key crypto.Signer) {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	d.write(t, name, "PRIVATE KEY", der)
}

// openssl runs a command in the folder and returns its output and its error.
func (d folder) openssl(t *testing.T, args string, more ...string) (string, error) {
	t.Helper()
	systemtest.Need(t, "openssl", "openssl")
	cmd := exec.CommandContext(t.Context(), "openssl", append(strings.Fields(args), more...)...)
	cmd.Dir = string(d)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (d folder) readCertificate(t *testing.T, name string) *x509.Certificate {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(string(d), name))
	if err != nil {
		t.Fatal(err)
	}
	block, _ := pem.Decode(text)
	cert, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	return cert
}

// command returns the common part of openssl's client commands against our Handler at addr.
func command(addr string) string {
	return "cmp -no_proxy 127.0.0.1 -server " + addr + " "
}

func TestOpenSSLClient(t *testing.T) {
	dir := newFolder(t)
	const kur, path = "-cmd kur -trusted ca.pem -certout out.pem ", "-path .well-known/cmp/p/2020 "
	const usual = kur + path + "-cert old.pem -key old.key -newkey new.key "
	no := &Refusal{CertRevoked, "revoked", "Il certificato è già stato revocato: perché non è più valido."}
	for _, c := range []struct {
		name string
		args string
		a    *authority // nil: one that issues at once
		want *Refusal   // nil: a certificate, confirmed
		body BodyType   // of the refusal; 0: kup
	}{
		{name: "RSA 2048", args: usual},
		{name: "RSA 1024", args: kur + path + "-cert old1024.pem -key old1024.key -newkey new.key"},
		{name: "P-256", args: kur + path + "-cert oldec.pem -key oldec.key -newkey newec.key"},
		{name: "expired certificate", args: kur + path + "-cert expired.pem -key expired.key -newkey new.key"},
		{name: "certificate without key identifier", args: kur + path +
			"-cert nokid.pem -key nokid.key -newkey newec.key"},
		{name: "signer pinned", args: strings.Replace(usual, "-trusted ca.pem", "-srvcert ra.pem", 1)},
		{name: "SHA-384", args: usual + "-digest sha384"},
		{name: "SHA-512", args: usual + "-digest sha512"},
		{name: "path with operation", args: kur +
			"-path .well-known/cmp/p/2020/keyupdate -cert old.pem -key old.key -newkey new.key"},
		{name: "path without campaign", args: kur +
			"-path .well-known/cmp/ -cert old.pem -key old.key -newkey new.key"},
		{name: "template with much else", args: usual + "-days 10 -sans 127.0.0.1 -subject /CN=altri"},
		{name: "implicitConfirm asked and not granted", args: usual + "-implicit_confirm"},
		{name: "chain along", args: usual + "-extracerts oldca.pem"},
		{name: "waiting", args: usual, a: &authority{wait: 1, after: time.Second}},
		{name: "waiting and polling", args: usual, a: &authority{wait: 3, after: time.Second}},
		{name: "refused", args: usual, a: &authority{fail: no}, want: no},
		{name: "refused after polling", args: usual, a: &authority{wait: 1, after: time.Second, fail: no}, want: no},
		{name: "internal failure", args: usual, a: &authority{fail: errors.New("x")}, want: refusalSystem},
		{name: "no POPO", args: usual + "-popo -1", want: refusalPOPO},
		{name: "POPO raVerified", args: usual + "-popo 0", want: refusalRAVerified},
		{name: "POPO by encryption", args: usual + "-popo 2", want: refusalPOPO},
		{name: "SHA-1", args: usual + "-digest sha1", want: refusalSHA1, body: BodyError},
		{name: "oldCertID of another", args: usual + "-oldcert other.pem", want: refusalOldCertificate},
		{name: "old key again", args: kur + path + "-cert old.pem -key old.key", want: refusalSameKey},
		{name: "MAC", args: kur + path + "-ref 1 -secret pass:segreto -oldcert old.pem -newkey new.key",
			want: refusalMAC, body: BodyError},
		{name: "unprotected", args: usual + "-unprotected_requests", want: refusalUnprotected, body: BodyError},
		{name: "ir", args: strings.Replace(usual, "-cmd kur", "-cmd ir", 1), want: refusalMessageType,
			body: BodyError},
		{name: "cr", args: strings.Replace(usual, "-cmd kur", "-cmd cr", 1), want: refusalMessageType,
			body: BodyError},
		{name: "rr", args: "-cmd rr -trusted ca.pem -oldcert old.pem " + path + "-cert old.pem -key old.key",
			want: refusalMessageType, body: BodyError},
	} {
		t.Run(c.name, func(t *testing.T) {
			for _, name := range []string{"out.pem", "1.der", "2.der"} {
				os.Remove(filepath.Join(string(dir), name))
			}
			if c.a == nil {
				c.a = new(authority)
			}
			client, _ := serve(t, c.a)
			addr, _ := url.Parse(client.URL)
			out, err := dir.openssl(t, command(addr.Host)+c.args+" -rspout 1.der,2.der")
			if c.want != nil {
				last, err2 := os.ReadFile(filepath.Join(string(dir), "2.der"))
				if err2 != nil {
					last, err2 = os.ReadFile(filepath.Join(string(dir), "1.der"))
				}
				if err2 != nil {
					t.Fatalf("%v\n%s", err2, out)
				}
				body, got := refusalIn(t, last)
				// OpenSSL prints the text unchanged.
				if err == nil || !strings.Contains(out, c.want.Text) || got != *c.want ||
					body != cmp.Or(c.body, BodyKeyUpdateResponse) {
					t.Errorf("%v, %v %+v, want %+v\n%s", err, body, got, c.want, out)
				}
				if len(c.a.confirmed) != 0 || c.a.fail == nil && len(c.a.updates) != 0 {
					t.Error("it reached the authority")
				}
				return
			}
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			got := dir.readCertificate(t, "out.pem")
			if len(c.a.issued) != 1 || len(c.a.confirmed) != 1 {
				t.Fatalf("%d issued, %d confirmed", len(c.a.issued), len(c.a.confirmed))
			}
			hash := sha256.Sum256(got.Raw)
			if conf := c.a.confirmed[0]; !conf.Accepted || !bytes.Equal(conf.CertificateHash, hash[:]) {
				t.Errorf("confirmation %+v", conf)
			}
			for _, issued := range c.a.issued {
				if !issued.Equal(got) {
					t.Error("openssl wrote another certificate")
				}
			}
		})
	}
}

// A client that cannot build a chain for its new certificate rejects it in the certConf.
func TestOpenSSLClientRejects(t *testing.T) {
	dir, a := newFolder(t), new(authority)
	client, _ := serve(t, a)
	addr, _ := url.Parse(client.URL)
	out, err := dir.openssl(t, command(addr.Host)+"-path .well-known/cmp -cmd kur -trusted ca.pem -certout out.pem "+
		"-cert old.pem -key old.key -newkey new.key -out_trusted foreign.pem")
	if err == nil || len(a.confirmed) != 1 || a.confirmed[0].Accepted || a.confirmed[0].Reason == "" {
		t.Errorf("%v, confirmations %+v\n%s", err, a.confirmed, out)
	}
}

func TestOpenSSLGeneralMessage(t *testing.T) {
	dir := newFolder(t)
	const protected = " -cert old.pem -key old.key"
	const unprotected = " -unprotected_requests -subject /CN=x -recipient /CN=y"
	for _, c := range []struct {
		args string
		want *Refusal
		sees InformRequest
	}{
		{"-infotype caCerts" + protected, nil, InformRequest{CACerts: true}},
		{"-infotype caCerts" + unprotected, nil, InformRequest{CACerts: true}},
		{"-infotype certReqTemplate" + unprotected, nil, InformRequest{Template: true}},
		{unprotected, nil, InformRequest{}},
		{"-infotype signKeyPairTypes" + unprotected, refusalInfoType, InformRequest{}},
	} {
		a := &authority{inform: &InformResponse{
			CACerts: []*x509.Certificate{pki().currentCA.Certificate}, Template: &Template{"RSA", 2048},
			Standing: &Standing{Decision: "unknown"}, Campaigns: []Campaign{{ID: "2020"}}, Service: &ServiceFacts{},
		}}
		client, _ := serve(t, a)
		addr, _ := url.Parse(client.URL)
		out, err := dir.openssl(t, command(addr.Host)+
			"-path .well-known/cmp -cmd genm -trusted ca.pem -rspout genp.der "+c.args)
		if c.want != nil {
			if err == nil || !strings.Contains(out, string(c.want.Code)) {
				t.Errorf("%s: %v\n%s", c.args, err, out)
			}
			continue
		}
		if err != nil || len(a.informs) != 1 || a.informs[0].CACerts != c.sees.CACerts ||
			a.informs[0].Template != c.sees.Template {
			t.Errorf("%s: %v, authority saw %+v\n%s", c.args, err, a.informs, out)
			continue
		}
		// asn1parse reads our genp and finds the template's key length as in RFC 9810 §5.3.19.16.
		text, err := dir.openssl(t, "asn1parse -inform DER -in genp.der")
		if err != nil || !strings.Contains(text, ":1.3.6.1.5.5.7.5.1.12") ||
			!strings.Contains(text, "INTEGER           :0800") {
			t.Errorf("%s: asn1parse: %v\n%s", c.args, err, text)
		}
	}
}

// mock starts OpenSSL's mock server, which stops with the test, and returns a client for it. It answers a kur of old
// for newKey with a certificate of old's issuer and serial number, since it compares these.
func mock(t *testing.T, dir folder, old Credential, newKey crypto.Signer, args string) (*Client, *x509.Certificate) {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: old.Certificate.SerialNumber, RawSubject: old.Certificate.RawSubject,
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(time.Hour),
	}, pki().legacyCA.Certificate, newKey.Public(), pki().legacyCA.Key)
	if err != nil {
		t.Fatal(err)
	}
	dir.write(t, "rsp.pem", "CERTIFICATE", der)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(l.Addr().String())
	l.Close()
	systemtest.Need(t, "openssl", "openssl")
	cmd := exec.Command("openssl",
		strings.Fields("cmp -srv_cert ra.pem -srv_key ra.key -srv_trusted oldca.pem -rsp_cert rsp.pem -port "+port+" "+
			args)...)
	cmd.Dir = string(dir)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal("openssl is the judge of these tests: ", err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if t.Failed() {
			t.Logf("mock server:\n%s", out.String())
		}
	})
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return &Client{URL: "http://127.0.0.1:" + port + "/pkix/", HTTP: &http.Client{Transport: &patient{}}}, cert
}

// patient is a transport that waits until a server that has just started listens.
type patient struct{ http.Transport }

func (p *patient) RoundTrip(r *http.Request) (*http.Response, error) {
	for deadline := time.Now().Add(10 * time.Second); ; {
		resp, err := p.Transport.RoundTrip(r)
		if !errors.Is(err, syscall.ECONNREFUSED) || time.Now().After(deadline) {
			return resp, err
		}
		time.Sleep(20 * time.Millisecond)
		if r.Body, err = r.GetBody(); err != nil {
			return nil, err
		}
	}
}

func TestOpenSSLMockServer(t *testing.T) {
	f := pki()
	for _, c := range []struct {
		name  string
		old   Credential
		key   crypto.Signer
		args  string
		waits []time.Duration
	}{
		{"RSA 2048", f.old2048, f.newRSA, "", nil},
		{"RSA 1024", f.old1024, f.newRSA, "", nil},
		{"P-256", f.oldEC, f.newEC, "", nil},
		{"no key identifier", f.noKeyID, f.newEC, "", nil},
		{"one poll", f.oldEC, f.newEC, "-poll_count 1 -check_after 1", []time.Duration{time.Second}},
		{"three polls", f.oldEC, f.newEC, "-poll_count 3 -check_after 2",
			[]time.Duration{time.Second, 2 * time.Second, 2 * time.Second}},
	} {
		t.Run(c.name, func(t *testing.T) {
			client, want := mock(t, newFolder(t), c.old, c.key, c.args)
			tr := newTransaction(t)
			der, err := tr.UpdateRequest(c.old, c.key, []byte("posto"), now, rand.Reader)
			var waits []time.Duration
			var got *x509.Certificate
			for got == nil && len(waits) < 10 {
				answer := post(t, client, der, err)
				tr = journalled(t, tr)
				resp, err2 := tr.UpdateResponse(answer, f.trust())
				if err2 != nil {
					t.Fatal(err2)
				}
				if got = resp.Certificate; got == nil {
					waits = append(waits, resp.CheckAfter)
					der, err = tr.PollRequest(c.old, now, rand.Reader)
				}
			}
			if got == nil || !got.Equal(want) || !slices.Equal(waits, c.waits) {
				t.Fatalf("certificate %v after %v", got, waits)
			}
			der, err = tr.ConfirmRequest(c.old, got, true, "", now, rand.Reader)
			if err := tr.ConfirmResponse(post(t, client, der, err), f.trust()); err != nil {
				t.Errorf("the answer to the confirmation: %v", err)
			}
		})
	}
}

func TestOpenSSLMockServerRefuses(t *testing.T) {
	f := pki()
	for _, c := range []struct {
		args string
		want error // or a *Refusal, compared by value
	}{
		{"-send_error", &Refusal{BadRequest, CodeUnspecified, "error processing message"}},
		{"-pkistatus 2 -failurebits 67108864 -statusstring perché",
			&Refusal{DuplicateCertReq, CodeUnspecified, "perché"}},
		{"-pkistatus 2 -failure 0", &Refusal{BadAlg, CodeUnspecified, ""}},
		{"-send_unprotected", ErrUntrusted},
		{"-srv_cert other.pem -srv_key other.key", ErrUntrusted},
	} {
		t.Run(c.args, func(t *testing.T) {
			client, _ := mock(t, newFolder(t), f.oldEC, f.newEC, c.args)
			tr := newTransaction(t)
			der, err := tr.UpdateRequest(f.oldEC, f.newEC, nil, now, rand.Reader)
			resp, err := tr.UpdateResponse(post(t, client, der, err), f.trust())
			var want, got *Refusal
			if errors.As(c.want, &want) {
				if !errors.As(err, &got) || *got != *want {
					t.Errorf("%#v, want %#v", err, want)
				}
			} else if !errors.Is(err, c.want) || resp != nil {
				t.Errorf("%v, want %v", err, c.want)
			}
		})
	}
}

// OpenSSL's mock server understands a rejection and a genm, whose items it repeats.
func TestOpenSSLMockServerOther(t *testing.T) {
	f := pki()
	client, _ := mock(t, newFolder(t), f.oldEC, f.newEC, "-accept_unprotected")
	for _, q := range []InformRequest{{CACerts: true}, {Template: true}, {Campaigns: true}, {ServiceFacts: true},
		{StandingOf: make([]byte, 32)}} {
		tr := newTransaction(t)
		der, err := tr.GeneralRequest(q, rand.Reader)
		resp, err := tr.GeneralResponse(post(t, client, der, err), f.trust())
		if err != nil {
			t.Errorf("%+v: %v", q, err)
		} else if resp.CACerts != nil || resp.Template != nil || resp.Campaigns != nil || resp.Standing != nil ||
			resp.Service != nil {
			t.Errorf("%+v: %+v", q, resp)
		}
	}
	tr := newTransaction(t)
	der, err := tr.UpdateRequest(f.oldEC, f.newEC, nil, now, rand.Reader)
	resp, err := tr.UpdateResponse(post(t, client, der, err), f.trust())
	if err != nil {
		t.Fatal(err)
	}
	der, err = tr.ConfirmRequest(f.oldEC, resp.Certificate, false, "scade troppo presto", now, rand.Reader)
	if err := tr.ConfirmResponse(post(t, client, der, err), f.trust()); err != nil {
		t.Errorf("the answer to the rejection: %v", err)
	}
}

// TestASN1Parse parses one message of each body with openssl, our own object identifiers included.
func TestASN1Parse(t *testing.T) {
	f := pki()
	a := &authority{wait: 2, after: time.Second, inform: &InformResponse{
		Standing:  &Standing{Decision: "waiting", Position: 5, Ticket: []byte("posto"), CheckAfter: time.Minute},
		Campaigns: []Campaign{{ID: "2020", OpenTo: now}},
	}}
	client, _ := serve(t, a)
	dir := folder(t.TempDir())
	seen := make(map[BodyType]bool)
	arc := new(big.Int)
	arc.SetString("106a1eb932e14701abefefdd3d1c3f59", 16)
	judge := func(der []byte) {
		m, err := ParseMessage(der)
		if err != nil {
			t.Fatal(err)
		}
		seen[m.Body] = true
		if err := os.WriteFile(filepath.Join(string(dir), "m.der"), der, 0o600); err != nil {
			t.Fatal(err)
		}
		text, err := dir.openssl(t, "asn1parse -inform DER -in m.der")
		if err != nil || strings.Contains(text, ":BAD ") || strings.Contains(text, "Error") {
			t.Errorf("%v: %v\n%s", m.Body, err, text)
		}
		if o := fmt.Sprintf(":2.25.%v.", arc); strings.Contains(text, o) != (m.Body == BodyGeneralMessage ||
			m.Body == BodyGeneralResponse || m.Body == BodyKeyUpdateRequest) {
			t.Errorf("%v: own identifiers\n%s", m.Body, text)
		}
	}
	exchange := func(der []byte, err error) []byte {
		answer := post(t, client, der, err)
		judge(der)
		judge(answer)
		return answer
	}
	tr := newTransaction(t)
	exchange(tr.GeneralRequest(InformRequest{CACerts: true, Template: true, Campaigns: true,
		StandingOf: make([]byte, 32), ServiceFacts: true}, rand.Reader))
	tr = newTransaction(t)
	var cert *x509.Certificate
	for answer := exchange(tr.UpdateRequest(f.old2048, f.newRSA, []byte("posto"), now,
		rand.Reader)); ; answer = exchange(tr.PollRequest(f.old2048, now, rand.Reader)) {
		resp, err := tr.UpdateResponse(answer, f.trust())
		if err != nil {
			t.Fatal(err)
		}
		if cert = resp.Certificate; cert != nil {
			break
		}
	}
	exchange(tr.ConfirmRequest(f.old2048, cert, false, "scaduto", now, rand.Reader))
	a.fail = &Refusal{BadRequest, "no", "Perché no."}
	exchange(tr.ConfirmRequest(f.old2048, cert, true, "", now, rand.Reader))
	for _, b := range []BodyType{BodyKeyUpdateRequest, BodyKeyUpdateResponse, BodyPKIConfirm, BodyGeneralMessage,
		BodyGeneralResponse, BodyError, BodyCertConfirm, BodyPollRequest, BodyPollResponse} {
		if !seen[b] {
			t.Errorf("no %v was made", b)
		}
	}
}
