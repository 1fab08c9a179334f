// SPDX-License-Identifier: EUPL-1.2

// Package portal holds the service's pages for people and relying sites: the trial login, and what is published
// over plain HTTP. It decides nothing: certificates are judged by ra.
package portal

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"html/template"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"rinnova/ca"
	"rinnova/campaign"
	"rinnova/ra"
)

// LoginTLS is the configuration of the trial login's listener. The client's certificate is asked for and not
// verified by crypto/tls, which would end the handshake without a reason. The issuers are named to the client, old and
// new, since a browser hides the certificates of others. TLS 1.2 stays on: many cards cannot make the RSA-PSS
// signatures that TLS 1.3 wants. Sessions are not resumed: every login is a signature by the card.
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

// login is what the page says, and the whole of the JSON answer.
type login struct {
	Name                string     `json:"name"`
	CodiceFiscaleMasked string     `json:"codiceFiscaleMasked"`
	NotBefore           *time.Time `json:"notBefore"` // null without a certificate
	NotAfter            *time.Time `json:"notAfter"`
	Policy              string     `json:"policy"`
	TLS                 string     `json:"tls"`
	Accepted            bool       `json:"accepted"`
	Reason              string     `json:"reason"`
}

// reasons tells the person what each code word of a refused login means.
var reasons = map[string]string{
	"no-certificate":            "Il browser non ha presentato un certificato. Inserisca la tessera nel lettore, chiuda tutte le finestre del browser, lo riapra e scelga il certificato della tessera.",
	"expired":                   "Il certificato presentato è scaduto. Se la tessera è stata rinnovata, chiuda tutte le finestre del browser, lo riapra e scelga il certificato nuovo.",
	"unknown-issuer":            "Il certificato presentato non è stato rilasciato da un ente riconosciuto per le tessere sanitarie.",
	"revoked":                   "Il certificato presentato è stato revocato.",
	"suspended":                 "Il certificato presentato è sospeso.",
	"not-on-record":             "Il certificato presentato non risulta rilasciato da questo servizio.",
	string(ca.NotYetValid):      "Il certificato presentato non è ancora valido. Controlli anche la data del computer.",
	string(ca.WeakSignature):    "Il certificato presentato è firmato con un algoritmo non ammesso.",
	string(ca.WrongKey):         "La chiave del certificato presentato è di un tipo o di una lunghezza non ammessi.",
	string(ca.WrongPolicy):      "Il certificato presentato non è un certificato di autenticazione CNS.",
	string(ca.WrongUsage):       "Il certificato presentato non serve per l'autenticazione.",
	string(ca.UnknownExtension): "Il certificato presentato contiene un'estensione critica sconosciuta.",
	string(ca.MalformedSubject): "Il titolare nel certificato presentato non è scritto come in una TS-CNS.",
	string(ca.NotHealthCard):    "La carta presentata non è una tessera sanitaria.",
}

//go:embed login.html
var loginHTML string

//go:embed style.css
var style string

var loginPage = template.Must(template.New("login").Funcs(template.FuncMap{
	"style":  func() template.CSS { return template.CSS(style) },
	"reason": func(code string) string { return reasons[code] },
	"rome":   func(t *time.Time) string { return t.In(campaign.Rome).Format("02/01/2006 15:04") },
}).Parse(loginHTML))

// contentPolicy allows the one style sheet in the page, by its hash, and nothing else.
var contentPolicy = func() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}()

// Login is the trial login (Prova di accesso): it shows who the certificate of the TLS connection says its holder is,
// in HTML or, to Accept: application/json, in JSON; 200 when a site of interest would let the person in, 403 with a
// reason when not. The codice fiscale is masked.
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
		answer, err := judge(r, authority)
		if err != nil {
			http.Error(w, "Il servizio non è disponibile in questo momento. Riprovi fra poco.", http.StatusServiceUnavailable)
			return
		}
		status := http.StatusOK
		if !answer.Accepted {
			status = http.StatusForbidden
		}
		var body bytes.Buffer
		kind := "text/html; charset=utf-8"
		if wantsJSON(r.Header.Get("Accept")) {
			kind = "application/json"
			err = json.NewEncoder(&body).Encode(answer)
		} else {
			err = loginPage.Execute(&body, answer)
		}
		if err != nil {
			http.Error(w, "La pagina non può essere composta.", http.StatusInternalServerError)
			return
		}
		for name, value := range map[string]string{
			"Content-Type": kind, "Content-Length": strconv.Itoa(body.Len()), "Content-Language": "it", "Vary": "Accept",
			"Cache-Control": "no-store", "Content-Security-Policy": contentPolicy, "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
		} {
			w.Header().Set(name, value)
		}
		w.WriteHeader(status)
		w.Write(body.Bytes())
	})
}

// judge has the certificate of the connection judged. A certificate forwarded in a header counts for nothing.
func judge(r *http.Request, authority *ra.Authority) (login, error) {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		l := login{Reason: "no-certificate"}
		if r.TLS != nil {
			l.TLS = tls.VersionName(r.TLS.Version)
		}
		return l, nil
	}
	cert := r.TLS.PeerCertificates[0]
	holder, reason, err := authority.Login(r.Context(), cert)
	if err != nil {
		return login{}, err
	}
	notBefore, notAfter := cert.NotBefore.UTC(), cert.NotAfter.UTC()
	l := login{NotBefore: &notBefore, NotAfter: &notAfter, TLS: tls.VersionName(r.TLS.Version), Accepted: reason == "", Reason: reason}
	if holder != nil {
		l.Name = strings.TrimSpace(holder.GivenName + " " + holder.Surname)
		l.CodiceFiscaleMasked = holder.CN.CodiceFiscale.Masked()
		l.Policy = ca.PolicyCNS
	}
	return l, nil
}

// wantsJSON says whether a client asks for JSON by name. A browser does not.
func wantsJSON(accept string) bool {
	for _, one := range strings.Split(accept, ",") {
		if kind, _, err := mime.ParseMediaType(one); err == nil && kind == "application/json" {
			return true
		}
	}
	return false
}
