// SPDX-License-Identifier: EUPL-1.2

package portal_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/json"
	"html"
	"io"
	"log/slog"
	"math/big"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"rinnova.example/go/catalogue"
	"rinnova.example/go/cmp"
	"rinnova.example/go/failure"
	"rinnova.example/go/holder"
	"rinnova.example/go/service/ca"
	"rinnova.example/go/service/portal"
	"rinnova.example/go/service/ra"
	"rinnova.example/go/service/store"
	"rinnova.example/go/trial"
)

// The person of docs/DOMAIN.md §5.1.
const (
	codiceFiscale = "SMPBNL78R47D612H"
	brunilde      = codiceFiscale + "/6090900000003001.3SsHNs8uNFgeYKY73uk31/nMtfI="
)

var clock = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// site is a trial login that listens, with the authorities behind it.
type site struct {
	*trial.Service
	t         *testing.T
	url       string
	roots     *x509.CertPool
	store     *store.Store
	legacy    *ca.Issuer
	legacyKey *rsa.PrivateKey
	current   *ca.Issuer
	authority *ra.Authority
	key       *rsa.PrivateKey // of every certificate here
	now       time.Time
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newKey(t *testing.T) *rsa.PrivateKey {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	check(t, err)
	return key
}

// keys are those of all sites' authorities.
var keys = &trial.Keys{}

func newSite(t *testing.T) *site {
	t.Helper()
	s := &site{t: t, now: clock, key: newKey(t)}
	var err error
	s.legacyKey, err = keys.Key("legacy", 2048)
	check(t, err)
	currentKey, err := keys.Key("current", 2048)
	check(t, err)
	authorities, err := trial.NewAuthorities(trial.AuthoritiesRequest{From: clock.AddDate(-8, 0, 0),
		Until: clock.AddDate(8, 0, 0),
		Keys:  keys, Current: currentKey})
	check(t, err)
	s.Service, err = trial.New(t.Context(),
		trial.Config{Authorities: authorities, Keys: keys, Clock: func() time.Time { return s.now }})
	check(t, err)
	t.Cleanup(func() { s.Close() })
	s.store, s.authority, s.legacy, s.current, s.roots = s.Store, s.Authority, s.Legacy, s.Current, s.Roots
	handler, config := s.Login()
	server := httptest.NewUnstartedServer(handler)
	server.TLS, server.Config.ErrorLog = config, slog.NewLogLogger(slog.DiscardHandler, slog.LevelDebug)
	server.StartTLS()
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func (s *site) responder() *ca.Responder {
	s.t.Helper()
	r, err := s.Responder()
	check(s.t, err)
	return r
}

// old is an old certificate that the registry knows.
func (s *site) old(change func(*ca.OldRequest)) *x509.Certificate {
	s.t.Helper()
	cn, err := holder.ParseCN(brunilde)
	check(s.t, err)
	r := ca.OldRequest{
		Administration: "Regione Esempio", GivenName: "BRUNILDE", Surname: "<ESEMPIO>", CN: cn,
		PublicKey: &s.key.PublicKey, Signature: x509.SHA1WithRSA,
		NotBefore: clock.AddDate(-5, 0, 0), NotAfter: clock.AddDate(0, 1, 0), PublicURL: "http://rinnova.example",
	}
	if change != nil {
		change(&r)
	}
	certificate, err := s.legacy.IssueOld(r)
	check(s.t, err)
	check(s.t, s.store.Register(s.t.Context(), certificate, "", clock))
	return certificate
}

// handmade is a certificate under the legacy root that ca would not issue.
func (s *site) handmade(commonName string, policies []x509.OID) *x509.Certificate {
	s.t.Helper()
	template := &x509.Certificate{
		SerialNumber: big.NewInt(77), Subject: pkix.Name{Country: []string{"IT"},
			OrganizationalUnit: []string{"Regione Esempio"}, CommonName: commonName},
		NotBefore: clock.AddDate(-1, 0, 0), NotAfter: clock.AddDate(1, 0, 0), Policies: policies,
		KeyUsage: x509.KeyUsageDigitalSignature, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, s.legacy.Certificate(), &s.key.PublicKey, s.legacyKey)
	check(s.t, err)
	certificate, err := x509.ParseCertificate(der)
	check(s.t, err)
	return certificate
}

// get asks for a page with a certificate, or none.
func (s *site) get(certificate *x509.Certificate, version uint16, accept, path string) (*http.Response, string) {
	s.t.Helper()
	transport := &http.Transport{TLSClientConfig: &tls.Config{
		RootCAs: s.roots, Time: func() time.Time { return clock }, MinVersion: version, MaxVersion: version,
		GetClientCertificate: func(info *tls.CertificateRequestInfo) (*tls.Certificate, error) {
			for _, issuer := range []*ca.Issuer{s.legacy, s.current} { // or a browser hides the card's certificate
				if !slices.ContainsFunc(info.AcceptableCAs,
					func(b []byte) bool { return string(b) == string(issuer.Certificate().RawSubject) }) {
					s.t.Error("an issuer is not named to the client")
				}
			}
			if certificate == nil {
				return &tls.Certificate{}, nil
			}
			return &tls.Certificate{Certificate: [][]byte{certificate.Raw}, PrivateKey: s.key}, nil
		},
	}}
	defer transport.CloseIdleConnections()
	request, err := http.NewRequest(http.MethodGet, s.url+path, nil)
	check(s.t, err)
	request.Header.Set("Accept", accept)
	request.Header.Set("X-Client-Cert", "forged") // counts for nothing
	response, err := (&http.Client{Transport: transport}).Do(request)
	check(s.t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	check(s.t, err)
	if strings.Contains(string(body), codiceFiscale) {
		s.t.Error("the codice fiscale stands in clear")
	}
	return response, string(body)
}

const browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"

func TestLogin(t *testing.T) {
	cns, err := x509.OIDFromInts([]uint64{1, 3, 76, 16, 2, 1})
	check(t, err)
	for reason, present := range map[string]func(*site) *x509.Certificate{
		"":               func(s *site) *x509.Certificate { return s.old(nil) },
		"no-certificate": func(*site) *x509.Certificate { return nil },
		"expired":        func(s *site) *x509.Certificate { s.now = clock.AddDate(0, 1, 1); return s.old(nil) },
		"not-yet-valid":  func(s *site) *x509.Certificate { s.now = clock.AddDate(-6, 0, 0); return s.old(nil) },
		"unknown-issuer": func(s *site) *x509.Certificate {
			key, err := rsa.GenerateKey(rand.Reader, 2048)
			check(t, err)
			stranger,
				err := ca.NewRoot(ca.RootRequest{Name: ca.Name{Organization: "Prova", OrganizationalUnit: "Prova",
				CommonName: "Vecchia"}, Key: key, NotBefore: clock, NotAfter: clock.AddDate(1, 0, 0)})
			check(t, err)
			s.legacy, stranger = stranger, s.legacy
			defer func() { s.legacy = stranger }()
			return s.old(nil)
		},
		"revoked": func(s *site) *x509.Certificate {
			c := s.old(nil)
			check(t, s.store.SetStatus(t.Context(), store.Sum(c.Raw), store.Revoked, 1, clock))
			return c
		},
		"suspended": func(s *site) *x509.Certificate {
			c := s.old(nil)
			check(t, s.store.SetStatus(t.Context(), store.Sum(c.Raw), store.Suspended, store.ReasonCertificateHold,
				clock))
			return c
		},
		"wrong-policy":      func(s *site) *x509.Certificate { return s.handmade(brunilde, nil) },
		"malformed-subject": func(s *site) *x509.Certificate { return s.handmade("Brunilde", []x509.OID{cns}) },
	} {
		t.Run("reason "+reason, func(t *testing.T) {
			s := newSite(t)
			certificate := present(s)
			status := http.StatusForbidden
			if reason == "" {
				status = http.StatusOK
			}
			for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
				response, body := s.get(certificate, version, "application/json", "/")
				var answer map[string]any
				check(t, json.Unmarshal([]byte(body), &answer))
				if response.StatusCode != status || response.Header.Get("Content-Type") != "application/json" ||
					response.Header.Get("Cache-Control") != "no-store" {
					t.Fatalf("%s, %v", response.Status, response.Header)
				}
				for _, key := range []string{"name", "codiceFiscaleMasked", "notBefore", "notAfter", "policy", "tls",
					"accepted", "reason"} {
					if _, ok := answer[key]; !ok || len(answer) != 8 {
						t.Fatalf("answer %s", body)
					}
				}
				if answer["accepted"] != (reason == "") || answer["reason"] != reason ||
					answer["tls"] != tls.VersionName(version) {
					t.Fatalf("answer %s", body)
				}
				if reason == "" && (answer["name"] != "BRUNILDE <ESEMPIO>" ||
					answer["codiceFiscaleMasked"] != "SMPBNL…2H" || answer["policy"] != "1.3.76.16.2.1" ||
					answer["notBefore"] != "2021-11-23T10:00:00Z" || answer["notAfter"] != "2026-12-23T10:00:00Z") {
					t.Fatalf("answer %s", body)
				}
				if (answer["notAfter"] == nil) != (certificate == nil) {
					t.Fatalf("answer %s", body)
				}
			}
			response, body := s.get(certificate, tls.VersionTLS12, browser, "/")
			if response.StatusCode != status || response.Header.Get("Content-Type") != "text/html; charset=utf-8" ||
				!strings.Contains(body, `<html lang="it">`) {
				t.Fatalf("%s, %v", response.Status, response.Header)
			}
			want := "Accesso riuscito"
			if reason != "" {
				want = "Accesso non riuscito"
				if !strings.Contains(body, "codice: "+reason) {
					t.Errorf("no code on the page:\n%s", body)
				}
			}
			if !strings.Contains(body, "<h1>"+want+"</h1>") {
				t.Errorf("no heading %q:\n%s", want, body)
			}
			why, _ := catalogue.Login(failure.Code(reason))
			for _, want := range []string{why.Why, "<dt>Collegamento</dt><dd>TLS 1.2</dd>"} {
				if !strings.Contains(html.UnescapeString(body), want) {
					t.Errorf("no %q on the page:\n%s", want, body)
				}
			}
			if (certificate == nil) == strings.Contains(body, "<dt>Rilasciato da</dt>") {
				t.Errorf("the issuer:\n%s", body)
			}
			if reason == "wrong-policy" && !strings.Contains(body, "(1.3.76.16.2.1): manca") ||
				reason == "expired" && !strings.Contains(body, "(1.3.76.16.2.1): presente; 2.999.1.1") {
				t.Errorf("the policies:\n%s", body)
			}
			if strings.Contains(body, codiceFiscale) {
				t.Error("the codice fiscale in clear")
			}
			if reason == "" && !strings.Contains(body, "BRUNILDE &lt;ESEMPIO&gt;") {
				t.Errorf("the name is not escaped:\n%s", body)
			}
		})
	}
}

// TestPage: one language, one heading, nothing from elsewhere, and a style sheet that its policy allows.
func TestPage(t *testing.T) {
	s := newSite(t)
	response, body := s.get(s.old(nil), tls.VersionTLS13, browser, "/")
	if !strings.Contains(body, `<a href="http://rinnova.example/guida">`) {
		t.Error("no link to the guide")
	}
	rest := regexp.MustCompile(`"http://rinnova.example/guida"|url\("data:[^"]*"\)`).ReplaceAllString(body, "")
	for _, word := range []string{"http:", "https:", "src=", "<script", "url("} {
		if strings.Contains(rest, word) {
			t.Errorf("%q on the page", word)
		}
	}
	_, sheet, _ := strings.Cut(body, "<style>")
	sheet, _, found := strings.Cut(sheet, "</style>")
	sum := sha256.Sum256([]byte(sheet))
	if !found || !strings.Contains(response.Header.Get("Content-Security-Policy"),
		"'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") {
		t.Error("the style sheet is not the one that the policy allows")
	}
	if response, _ := s.get(nil, tls.VersionTLS13, browser, "/altrove"); response.StatusCode != http.StatusNotFound {
		t.Errorf("another path: %s", response.Status)
	}
}

// TestRenewedLogin: a login with a renewed certificate proves it.
func TestRenewedLogin(t *testing.T) {
	s := newSite(t)
	card, err := rsa.GenerateKey(rand.Reader, 1024)
	check(t, err)
	old := s.old(func(r *ca.OldRequest) { r.PublicKey = &card.PublicKey })
	spki, err := x509.MarshalPKIXPublicKey(&s.key.PublicKey)
	check(t, err)
	response, err := s.authority.Update(t.Context(),
		cmp.UpdateRequest{OldCertificate: old, PublicKey: &s.key.PublicKey, SPKI: spki})
	check(t, err)
	answer, body := s.get(response.Certificate, tls.VersionTLS12, "application/json", "/")
	if answer.StatusCode != http.StatusOK {
		t.Fatal(body)
	}
	held, err := s.store.WithDigest(t.Context(), store.Sum(response.Certificate.Raw))
	check(t, err)
	if held.State != store.Proven {
		t.Fatalf("state %s", held.State)
	}
	// The old certificate beside it: while it is in date the page says so, and once it has ended it says what to do.
	newKey := s.key
	s.key = card
	if _, body = s.get(old, tls.VersionTLS12, browser, "/"); !strings.Contains(body,
		"Questo è il certificato vecchio.") || !strings.Contains(body, "Accesso riuscito") {
		t.Errorf("the old certificate: %s", body)
	}
	s.now = old.NotAfter.Add(time.Hour)
	if _, body = s.get(old, tls.VersionTLS12, browser, "/"); !strings.Contains(body, "La tessera risulta rinnovata") ||
		!strings.Contains(body, "Chiudi e riapri il browser") || !strings.Contains(body, "codice: expired") {
		t.Errorf("the old certificate out of date: %s", body)
	}
	s.key, s.now = newKey, clock
	check(t, s.store.SetStatus(t.Context(), held.Digest, store.Revoked, 0, clock))
	if answer, body = s.get(response.Certificate, tls.VersionTLS12, "application/json",
		"/"); answer.StatusCode != http.StatusForbidden || !strings.Contains(body, `"reason":"revoked"`) {
		t.Fatal(body)
	}
	s.store.Close()
	if answer, _ = s.get(response.Certificate, tls.VersionTLS12, "application/json",
		"/"); answer.StatusCode != http.StatusServiceUnavailable {
		t.Fatalf("without a database: %s", answer.Status)
	}
}

// TestEveryReasonHasText: each reason that ca has against a certificate has its advice at the login.
func TestEveryReasonHasText(t *testing.T) {
	for _, reason := range []ca.Reason{ca.WeakSignature, ca.WrongKey, ca.WrongPolicy, ca.WrongUsage,
		ca.UnknownExtension, ca.MalformedSubject,
		ca.NotHealthCard, ca.NotYetValid} {
		if a, ok := catalogue.Login(failure.Code(reason)); !ok || a.Why == "" || len(a.Do) == 0 {
			t.Errorf("no text for %s", reason)
		}
	}
}

func TestPublication(t *testing.T) {
	s := newSite(t)
	server := httptest.NewServer(portal.Publication(s.authority, s.responder(), s.current, s.legacy,
		http.NotFoundHandler()))
	defer server.Close()
	get := func(path, kind string) []byte {
		t.Helper()
		response, err := http.Get(server.URL + path)
		check(t, err)
		defer response.Body.Close()
		body, err := io.ReadAll(response.Body)
		check(t, err)
		if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != kind {
			t.Fatalf("%s: %s, %s", path, response.Status, response.Header.Get("Content-Type"))
		}
		return body
	}
	old := s.old(nil)
	check(t, s.store.SetStatus(t.Context(), store.Sum(old.Raw), store.Revoked, 1, clock))
	for path, issuer := range map[string]*ca.Issuer{"/crl/ca.crl": s.current, "/crl/legacy.crl": s.legacy} {
		list, err := x509.ParseRevocationList(get(path, "application/pkix-crl"))
		check(t, err)
		check(t, list.CheckSignatureFrom(issuer.Certificate()))
		if listed := len(list.RevokedCertificateEntries) == 1; listed != (issuer == s.legacy) {
			t.Errorf("%s has %d entries", path, len(list.RevokedCertificateEntries))
		}
	}
	for path, issuer := range map[string]*ca.Issuer{"/ca": s.current, "/legacy": s.legacy} {
		if string(get(path+".cer", "application/pkix-cert")) != string(issuer.Certificate().Raw) {
			t.Errorf("%s.cer", path)
		}
		certificates, err := ca.ParseCertificates(get(path+".pem", "application/x-pem-file"))
		check(t, err)
		if len(certificates) != 1 || !certificates[0].Equal(issuer.Certificate()) {
			t.Errorf("%s.pem", path)
		}
	}
	get("/cps", "text/plain; charset=utf-8")
}
