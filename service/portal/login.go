// SPDX-License-Identifier: EUPL-1.2

// Package portal serves the pages for people and relying sites: the trial login, and the files that are published over
// plain HTTP. It takes no decisions: ra judges certificates.
package portal

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	_ "embed" // login.html
	"encoding/base64"
	"encoding/json"
	"html/template"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"rinnova.example/go/catalogue"
	"rinnova.example/go/failure"
	"rinnova.example/go/login"
	"rinnova.example/go/service/ca"
	"rinnova.example/go/service/campaign"
	"rinnova.example/go/service/ra"
	"rinnova.example/go/service/store"
)

// LoginTLS returns the configuration of the trial login's listener. It requests the client's certificate without
// verifying it, since crypto/tls would end the handshake without a reason. It names the issuers, old and new, to the
// client, since a browser hides the certificates of others. TLS 1.2 stays enabled: many cards cannot make the RSA-PSS
// signatures of TLS 1.3. Sessions are not resumed, so that every login is a signature by the card.
func LoginTLS(server tls.Certificate, issuers []*x509.Certificate) *tls.Config {
	pool := x509.NewCertPool()
	for _, issuer := range issuers {
		pool.AddCert(issuer)
	}
	return &tls.Config{
		Certificates:           []tls.Certificate{server},
		MinVersion:             tls.VersionTLS12,
		ClientAuth:             tls.RequestClientCert,
		ClientCAs:              pool,
		SessionTicketsDisabled: true,
	}
}

// loginView is the answer with the facts about the certificate that only the HTML page shows.
type loginView struct {
	login.Answer
	Advice   catalogue.Advice
	Issuer   string
	Serial   store.Serial
	Policies []string
	CNS      bool       // the CNS policy is among them
	Renewal  *time.Time // end of a certificate in use that has replaced this one
	Portal   string
}

//go:embed login.html
var loginHTML string

// style is the style sheet in the page, which loads nothing: each connection asks for the certificate.
var style = func() string {
	b, err := dist.ReadFile("dist/accesso.css")
	if err != nil {
		return "" // this build has none
	}
	return string(b)
}()

var loginPage = template.Must(template.New("login").Funcs(template.FuncMap{
	"style": func() template.CSS { return template.CSS(style) },
	"rome":  func(t *time.Time) string { return t.In(campaign.Rome).Format("02/01/2006 15:04") },
}).Parse(loginHTML))

// contentPolicy allows the one style sheet in the page, by its hash, and nothing else.
var contentPolicy = func() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}()

// Login serves the trial login (Prova di accesso): it shows the holder in the certificate of the TLS connection, in
// HTML or, for Accept: application/json, in JSON. The status is 200 if a relying site would accept the certificate,
// otherwise
// 403 with a reason. The codice fiscale is masked.
func Login(authority *ra.Authority) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.Error(w, "Pagina inesistente.", http.StatusNotFound)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "Metodo non ammesso.", http.StatusMethodNotAllowed)
			return
		}
		view, err := judgeLogin(r, authority)
		if err != nil {
			http.Error(w, "Il servizio non è disponibile in questo momento. Riprova fra poco.",
				http.StatusServiceUnavailable)
			return
		}
		status := http.StatusOK
		if !view.Accepted {
			status = http.StatusForbidden
		}
		var body bytes.Buffer
		kind := "text/html; charset=utf-8"
		if wantsJSON(r.Header.Get("Accept")) {
			kind = "application/json"
			err = json.NewEncoder(&body).Encode(view.Answer)
		} else {
			err = loginPage.Execute(&body, view)
		}
		if err != nil {
			http.Error(w, "La pagina non può essere composta.", http.StatusInternalServerError)
			return
		}
		for name, value := range map[string]string{
			"Content-Type": kind, "Content-Length": strconv.Itoa(body.Len()), "Content-Language": "it",
			"Vary":          "Accept",
			"Cache-Control": "no-store", "Content-Security-Policy": contentPolicy, "X-Content-Type-Options": "nosniff",
			"Referrer-Policy": "no-referrer",
		} {
			w.Header().Set(name, value)
		}
		w.WriteHeader(status)
		w.Write(body.Bytes())
	})
}

// judgeLogin judges the certificate of the connection. It ignores a certificate in a header.
func judgeLogin(r *http.Request, authority *ra.Authority) (loginView, error) {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		v := loginView{Answer: login.Answer{Reason: failure.NoCertificate}, Portal: authority.PublicURL}
		v.Advice, _ = catalogue.Login(v.Reason)
		if r.TLS != nil {
			v.TLS = tls.VersionName(r.TLS.Version)
		}
		return v, nil
	}
	cert := r.TLS.PeerCertificates[0]
	holder, reason, err := authority.Login(r.Context(), cert)
	if err != nil {
		return loginView{}, err
	}
	notBefore, notAfter := cert.NotBefore.UTC(), cert.NotAfter.UTC()
	v := loginView{
		Answer: login.Answer{NotBefore: &notBefore, NotAfter: &notAfter, TLS: tls.VersionName(r.TLS.Version),
			Accepted: reason == "", Reason: reason},
		Issuer: cert.Issuer.CommonName, Serial: store.SerialOf(cert.SerialNumber), Portal: authority.PublicURL,
	}
	v.Advice, _ = catalogue.Login(reason)
	for _, p := range cert.Policies {
		v.Policies = append(v.Policies, p.String())
	}
	v.CNS = slices.Contains(v.Policies, ca.PolicyCNS)
	if holder != nil {
		v.Name = strings.TrimSpace(holder.GivenName + " " + holder.Surname)
		v.CodiceFiscaleMasked = holder.CN.CodiceFiscale.Masked()
		v.Policy = ca.PolicyCNS
	}
	renewals, err := authority.Store.RenewalsOf(r.Context(), store.Sum(cert.Raw))
	if err != nil {
		return loginView{}, err
	}
	for _, c := range renewals {
		if c.State.Confirmed() && c.Status == store.Active && authority.Clock().Before(c.NotAfter) {
			v.Renewal = &c.NotAfter
		}
	}
	return v, nil
}

// wantsJSON reports whether a client accepts JSON by name. A browser does not.
func wantsJSON(accept string) bool {
	for _, one := range strings.Split(accept, ",") {
		if kind, _, err := mime.ParseMediaType(one); err == nil && kind == "application/json" {
			return true
		}
	}
	return false
}
