// SPDX-License-Identifier: EUPL-1.2

// Package portal serves the pages for people and relying sites: the trial login, and the files that are published over
// plain HTTP. It takes no decisions: ra judges certificates.
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
	"slices"
	"strconv"
	"strings"
	"time"

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

// login is the JSON answer; the page shows the same values.
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

// advice explains a refused login to the person, and what to do.
type advice struct {
	Why string
	Do  []string
}

// reopenBrowser is the most frequent advice: an open browser keeps the certificate that was chosen first.
const reopenBrowser = "Chiuda tutte le finestre del browser e lo riapra: finché resta aperto ricorda la scelta di prima."

const assistance = "Si rivolga all’assistenza della Sua Regione; nel frattempo può accedere ai servizi con SPID o con la carta d’identità elettronica."

// reasons has the advice for each code word of a refused login.
var reasons = map[string]advice{
	"no-certificate": {"Il browser non ha presentato alcun certificato.", []string{
		"Inserisca la tessera nel lettore, con il chip fino in fondo.", "Se il certificato della tessera è scaduto il browser non lo propone: lo rinnovi seguendo la guida.",
		"Controlli che il browser abbia il driver adatto alla sigla della tessera.", reopenBrowser, "Quando il browser chiede un certificato, scelga quello della tessera."}},
	"expired":                   {"Il certificato presentato è scaduto.", []string{"Se la tessera è stata rinnovata è stato scelto il certificato vecchio.", reopenBrowser, "Scelga il certificato con la scadenza più lontana.", "Se la tessera non è stata rinnovata, la rinnovi seguendo la guida."}},
	"unknown-issuer":            {"Il certificato presentato non è stato rilasciato da un ente riconosciuto per le tessere sanitarie.", []string{"Forse è stato scelto un altro certificato, per esempio quello di una firma digitale.", reopenBrowser, "Scelga il certificato della tessera."}},
	"revoked":                   {"Il certificato presentato è stato revocato: non vale più e non può tornare valido.", []string{"Se la tessera è stata rinnovata scelga il certificato nuovo, dopo aver chiuso e riaperto il browser.", assistance}},
	"suspended":                 {"Il certificato presentato è sospeso. La sospensione si può togliere.", []string{assistance}},
	"not-on-record":             {"Il certificato presentato non risulta rilasciato da questo servizio.", []string{assistance}},
	string(ca.NotYetValid):      {"Il certificato presentato non è ancora valido.", []string{"Controlli la data e l’ora del computer.", "Attenda il giorno in cui comincia la validità, scritto sotto."}},
	string(ca.WeakSignature):    {"Il certificato presentato è firmato con un algoritmo non ammesso.", []string{assistance}},
	string(ca.WrongKey):         {"La chiave del certificato presentato è di un tipo o di una lunghezza non ammessi.", []string{assistance}},
	string(ca.WrongPolicy):      {"Il certificato presentato non è un certificato di autenticazione CNS.", []string{"Forse è stato scelto un altro certificato della tessera, per esempio quello di firma.", reopenBrowser, "Scelga il certificato di autenticazione."}},
	string(ca.WrongUsage):       {"Il certificato presentato non serve per l’autenticazione.", []string{"Forse è stato scelto un altro certificato della tessera, per esempio quello di firma.", reopenBrowser, "Scelga il certificato di autenticazione."}},
	string(ca.UnknownExtension): {"Il certificato presentato contiene un’estensione critica sconosciuta.", []string{assistance}},
	string(ca.MalformedSubject): {"Il titolare nel certificato presentato non è scritto come in una TS-CNS.", []string{"Forse è stato scelto il certificato di un’altra carta.", reopenBrowser, "Scelga il certificato della tessera sanitaria."}},
	string(ca.NotHealthCard):    {"La carta presentata è una CNS, ma non è una tessera sanitaria.", []string{reopenBrowser, "Scelga il certificato della tessera sanitaria."}},
}

// loginView is the answer with the facts about the certificate that only the HTML page shows.
type loginView struct {
	login
	Advice   advice
	Issuer   string
	Serial   store.Serial
	Policies []string
	CNS      bool       // the CNS policy is among them
	Renewal  *time.Time // end of a certificate in use that has replaced this one
	Portal   string
}

//go:embed login.html
var loginHTML string

//go:embed style.css
var style string

var loginPage = template.Must(template.New("login").Funcs(template.FuncMap{
	"style": func() template.CSS { return template.CSS(style) },
	"rome":  func(t *time.Time) string { return t.In(campaign.Rome).Format("02/01/2006 15:04") },
}).Parse(loginHTML))

// contentPolicy allows the one style sheet in the page, by its hash, and nothing else.
var contentPolicy = func() string {
	sum := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}()

// Login serves the trial login (Prova di accesso): it shows the holder in the certificate of the TLS connection, in HTML
// or, for Accept: application/json, in JSON. The status is 200 if a relying site would accept the certificate, otherwise
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
			http.Error(w, "Il servizio non è disponibile in questo momento. Riprovi fra poco.", http.StatusServiceUnavailable)
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
			err = json.NewEncoder(&body).Encode(view.login)
		} else {
			err = loginPage.Execute(&body, view)
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

// judgeLogin judges the certificate of the connection. It ignores a certificate in a header.
func judgeLogin(r *http.Request, authority *ra.Authority) (loginView, error) {
	if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
		v := loginView{login: login{Reason: "no-certificate"}, Advice: reasons["no-certificate"], Portal: authority.PublicURL}
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
		login:  login{NotBefore: &notBefore, NotAfter: &notAfter, TLS: tls.VersionName(r.TLS.Version), Accepted: reason == "", Reason: reason},
		Advice: reasons[reason], Issuer: cert.Issuer.CommonName, Serial: store.SerialOf(cert.SerialNumber), Portal: authority.PublicURL,
	}
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
