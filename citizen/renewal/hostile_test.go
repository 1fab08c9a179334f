// SPDX-License-Identifier: EUPL-1.2

package renewal_test

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"rinnova.example/go/card/emulator"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/cmp"
)

// falsely is the service with a false Issue: it returns other certificates than it should.
type falsely struct {
	cmp.Authority
	issue    func(cmp.UpdateRequest) *x509.Certificate
	rejected int
}

func (f *falsely) Update(_ context.Context, r cmp.UpdateRequest) (*cmp.UpdateResponse, error) {
	return &cmp.UpdateResponse{Certificate: f.issue(r)}, nil
}

func (f *falsely) Confirm(_ context.Context, c cmp.ConfirmRequest) error {
	if !c.Accepted {
		f.rejected++
	}
	return nil
}

// A certificate other than the one requested is refused before any byte of it is written. If the message that brought
// it was authentic, the service is told.
func TestFalseCertificates(t *testing.T) {
	policy := func(oid asn1.ObjectIdentifier) pkix.Extension {
		type information struct{ ID asn1.ObjectIdentifier }
		return pkix.Extension{Id: asn1.ObjectIdentifier{2, 5, 29, 32}, Value: must(asn1.Marshal([]information{{oid}}))}
	}
	cns := asn1.ObjectIdentifier{1, 3, 76, 16, 2, 1}
	for i, c := range []struct {
		name     string
		change   func(*x509.Certificate, *service)
		key      bool // for another key
		foreign  bool // by another issuer
		want     string
		rejected int
	}{
		{"as it should be", func(*x509.Certificate, *service) {}, false, false, "", 0},
		{"another subject", func(c *x509.Certificate, _ *service) {
			other := pkix.Name{CommonName: "CLLDAA51A71H501O/6120900000001001.3SsHNs8uNFgeYKY73uk31/nMtfI="}
			c.RawSubject = must(asn1.Marshal(other.ToRDNSequence()))
		}, false, false, "certificate-unacceptable", 1},
		{"no later end", func(c *x509.Certificate, _ *service) { c.NotAfter = inWindow }, false, false,
			"certificate-unacceptable", 1},
		{"expired", func(c *x509.Certificate, s *service) {
			c.NotBefore, c.NotAfter = s.now.AddDate(-2, 0, 0), s.now.AddDate(-1, 0, 0)
		}, false, false, "certificate-unacceptable", 1},
		{"not yet valid", func(c *x509.Certificate, s *service) { c.NotBefore = s.now.AddDate(0, 0, 1) }, false, false,
			"certificate-unacceptable", 1},
		{"nonRepudiation", func(c *x509.Certificate, _ *service) { c.KeyUsage |= x509.KeyUsageContentCommitment },
			false, false, "certificate-unacceptable", 1},
		{"a server's", func(c *x509.Certificate,
			_ *service) {
			c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
		}, false, false, "certificate-unacceptable", 1},
		{"an authority's", func(c *x509.Certificate, _ *service) { c.IsCA, c.BasicConstraintsValid = true, true },
			false, false, "certificate-unacceptable", 1},
		{"a CIE's policy", func(c *x509.Certificate, _ *service) {
			c.ExtraExtensions = []pkix.Extension{policy(asn1.ObjectIdentifier{1, 3, 76, 47, 4})}
		}, false, false, "certificate-unacceptable", 1},
		{"another issuer", func(*x509.Certificate, *service) {}, false, true, "certificate-unacceptable", 1},
		{"another key", func(*x509.Certificate, *service) {}, true, false, "service-untrusted", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newService(t)
			card := s.card("ID2019", 1, inWindow)
			before := oldFiles(t, card)
			f := &falsely{Authority: s.Handler.Authority}
			f.issue = func(r cmp.UpdateRequest) *x509.Certificate {
				template := &x509.Certificate{SerialNumber: big.NewInt(int64(1000 + i)),
					RawSubject: r.OldCertificate.RawSubject,
					NotBefore:  s.now.Add(-time.Hour), NotAfter: s.now.AddDate(1, 0, 0),
					KeyUsage:        x509.KeyUsageDigitalSignature,
					ExtKeyUsage:     []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
					ExtraExtensions: []pkix.Extension{policy(cns)}}
				c.change(template, s)
				key := r.PublicKey
				if c.key {
					key = &take(2048, 7).PublicKey
				}
				issuer, signer := s.Current.Certificate(), s.root
				if c.foreign {
					issuer, signer = &x509.Certificate{Subject: pkix.Name{CommonName: "Altra CA (PROVA)"}},
						take(2048, 8)
				}
				return must(x509.ParseCertificate(must(x509.CreateCertificate(rand.Reader, template, issuer, key,
					signer))))
			}
			s.Handler.Authority = f
			journal, _ := memory()
			r := s.run(card, someone(), journal)
			r.Campaign = "prova"
			_, err := r.Run(t.Context())
			if code(err) != c.want || f.rejected != c.rejected {
				t.Errorf("%v, want %q; told of %d rejections", err, c.want, f.rejected)
			}
			if _, written := card.File("1400/9001/2002"); written != (c.want == "") {
				t.Error("something was written")
			}
			unchanged(t, card, before)
		})
	}
}

// A certificate that was issued and then revoked, or rejected, is not issued again for its key. The program makes
// another key and renews the card.
func TestRevokedBeforeInstalled(t *testing.T) {
	for i, name := range []string{"AC2018", "OT2015", "ID2019"} {
		s := newService(t)
		card := s.card(name, 120+i, inWindow)
		old, before := certificateOf(t, card), oldFiles(t, card)
		messages := 0
		s.exchange = func(w http.ResponseWriter, r *http.Request, next http.Handler) {
			if messages++; messages >= 2 { // each kup is lost
				next.ServeHTTP(discard{http.Header{}}, r)
				panic(http.ErrAbortHandler)
			}
			next.ServeHTTP(w, r)
		}
		journal, _ := memory()
		r := s.run(card, someone(), journal)
		r.Campaign = "prova"
		if _, err := r.Run(t.Context()); code(err) != "service-unreachable" {
			t.Fatal(err)
		}
		s.exchange = nil
		issued := must(s.Renewals(t.Context(), old))
		if len(issued) != 1 {
			t.Fatal(issued)
		}
		if err := s.Revoke(t.Context(), issued[0].DER, 4); err != nil {
			t.Fatal(err)
		}
		r = s.run(card, someone(), journal)
		r.Campaign = "prova"
		out, err := r.Run(t.Context())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if string(out.Certificate.Raw) == string(issued[0].DER) {
			t.Errorf("%s: the revoked certificate was installed", name)
		}
		settled(t, s, card, old, before, 3)
	}
}

func unchanged(t *testing.T, card *emulator.Card, before []byte) {
	t.Helper()
	if string(oldFiles(t, card)) != string(before) || card.Tries(0x10) != 3 {
		t.Error("the old credential's files or the PIN's counter changed")
	}
}

// An intercepting host is told apart from a service that is down.
func TestBetween(t *testing.T) {
	s := newService(t)
	intercepted := httptest.NewTLSServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer intercepted.Close()
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter,
		r *http.Request) {
		w.WriteHeader(http.StatusProxyAuthRequired)
	}))
	defer proxy.Close()
	body := func(n int) string {
		h := func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/pkixcmp")
			_, _ = w.Write(make([]byte, n))
		}
		server := httptest.NewServer(http.HandlerFunc(h))
		t.Cleanup(server.Close)
		return server.URL
	}
	slow := make(chan struct{})
	s.exchange = func(w http.ResponseWriter, r *http.Request, _ http.Handler) { <-slow }
	defer close(slow)
	known := x509.NewCertPool()
	known.AddCert(intercepted.Certificate())
	on := func(year int) *http.Client { // a computer with this date that trusts the intercepting host
		return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: known,
			Time: func() time.Time { return time.Date(year, 1, 1, 0, 0, 0, 0, time.UTC) }}}}
	}
	for i, c := range []struct {
		name, url string
		client    *http.Client
		want      string
	}{
		{"the computer's date is before the certificate", intercepted.URL, on(1960), "clock-wrong"},
		{"the computer's date is after the certificate", intercepted.URL, on(2200), "clock-wrong"},
		{"another TLS certificate", intercepted.URL, &http.Client{}, "tls-untrusted"},
		{"another TLS certificate, its own root trusted for another name",
			"https://localhost" + intercepted.URL[len("https://127.0.0.1"):],
			&http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: x509.NewCertPool()}}},
			"tls-untrusted"},
		{"a proxy that asks a password", "http://rinnova.example",
			&http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(must(url.Parse(proxy.URL)))}}, "proxy-auth"},
		{"a service that never answers", s.server.URL, &http.Client{Timeout: 200 * time.Millisecond},
			"service-unreachable"},
		{"a giant answer", body(10 << 20), &http.Client{}, "service-untrusted"},
		{"an answer that is no CMP message", body(100), &http.Client{}, "service-untrusted"},
	} {
		card := s.card("OT2015", 10+i, inWindow)
		who := someone()
		r := s.run(card, who, nil)
		r.Service = renewal.Service{URL: must(url.Parse(c.url)), HTTP: c.client}
		if _, err := r.Run(t.Context()); code(err) != c.want || who.typed != 0 {
			t.Errorf("%s: %v, want %s", c.name, err, c.want)
		}
	}
}
