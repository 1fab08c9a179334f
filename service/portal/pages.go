// SPDX-License-Identifier: EUPL-1.2

package portal

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	"rinnova.example/go/guide"
	"rinnova.example/go/operator"
	"rinnova.example/go/service/ca"
	"rinnova.example/go/service/campaign"
	"rinnova.example/go/service/ra"
)

// SourceURL is the address of the source code, which the licence (EUPL-1.2, article 5) requires a network service to
// offer. The default is an example domain (RFC 2606): an installation sets its own at link time.
var SourceURL = "https://codice.rinnova.example/"

// securityContact is fictitious, as all of the trial's names are.
const securityContact = "sicurezza@rinnova.example"

//go:embed pages/*.html
var pageFiles embed.FS

// dist is the style sheet, the fonts and the icon that make portal makes, from the window's own package of Bootstrap
// Italia. Without it the folder holds one empty file, and the pages have no style.
//
//go:embed all:dist
var dist embed.FS

// Styled reports whether this build has the style sheet.
func Styled() bool {
	_, err := dist.ReadFile("dist/stile.css")
	return err == nil
}

// page is a page of the portal. Its text is pages/<file>.html, which defines the template "main".
type page struct {
	Path  string
	Title string
	file  string
	Menu  bool // in the navigation at the top; the others are at the foot
}

var pages = []page{
	{"/", "Rinnovo del certificato della TS-CNS", "home", true},
	{"/driver", "Elenco driver", "driver", true},
	{"/guida", "Guida per il rinnovo", "guida", true},
	{"/campagne", "Stato delle campagne", "campagne", true},
	{"/siti", "Per i siti che accettano la tessera", "siti", true},
	{"/accessibilita", "Accessibilità", "accessibilita", false},
	{"/privacy", "Informativa sulla privacy", "privacy", false},
	{"/note-legali", "Note legali", "note", false},
}

// notFoundPage is the page for unknown paths.
var notFoundPage = page{"", "Pagina inesistente", "assente", false}

// view holds the values that a page can show.
type view struct {
	page
	Pages     []page
	Base      string // scheme and host of the request
	PublicURL string // the one in certificates
	LoginURL  string
	SourceURL string
	Contact   string
	Desk      operator.Contact // the assistance
	Now       time.Time
	Packages  []published
	Mine      *published // the package for the computer that asks, as far as its browser tells; nil where not known
	Campaigns []campaignRow
	Roots     []rootRow
	Policy    string
	CRL       string
	LegacyCRL string
	OCSP      string
	Bundle    string
	Guide     template.HTML
	Styled    bool // this build has the style sheet and the icon
}

// Published reports whether there is a package to download.
func (v view) Published() bool { return len(v.Unpublished()) < len(v.Packages) }

// Unpublished returns the titles of the platforms without a package.
func (v view) Unpublished() []string {
	var titles []string
	for _, p := range v.Packages {
		if p.File == "" {
			titles = append(titles, p.Title)
		}
	}
	return titles
}

type campaignRow struct {
	campaign.Campaign
	OpenNow bool
	at      time.Time
}

// Now is the answer to the question whether the campaign accepts renewals now, and until or from when.
func (c campaignRow) Now() string {
	day := func(t time.Time) string { return t.In(campaign.Rome).Format("02/01/2006") }
	switch {
	case c.OpenNow && c.OpenTo.IsZero():
		return "Sì"
	case c.OpenNow:
		return "Sì, fino al " + day(c.OpenTo)
	case c.OpenFrom.After(c.at):
		return "No: dal " + day(c.OpenFrom)
	}
	return "No"
}

type rootRow struct {
	Name        string
	Title       string
	Certificate *x509.Certificate
	SHA256      string
}

var pageFunctions = template.FuncMap{
	"day": func(t time.Time) string { return t.In(campaign.Rome).Format("02/01/2006") },
	"key": func(c *x509.Certificate) string {
		if c.PublicKeyAlgorithm == x509.RSA {
			return "RSA"
		}
		return "ECDSA P-256"
	},
	"dial": operator.Dial,
	"list": func(s []string) string { return strings.Join(s, ", ") },
}

var pageTemplates = func() map[string]*template.Template {
	all := map[string]*template.Template{}
	for _, p := range append(slices.Clone(pages), notFoundPage) {
		all[p.Path] = template.Must(template.New("layout.html").Funcs(pageFunctions).ParseFS(pageFiles,
			"pages/layout.html", "pages/"+p.file+".html"))
	}
	return all
}()

// Pages serves the portal: Elenco driver with the packages (nil: none is published), the guide, the state of the
// campaigns, the information for relying sites, and the notices of a public site. Pages need no script and load nothing
// from other sites.
func Pages(authority *ra.Authority, packages *Packages, current, legacy *ca.Issuer) http.Handler {
	mux := http.NewServeMux()
	show := func(p page, status int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			var body bytes.Buffer
			v, err := newView(r, p, authority, packages, current, legacy)
			if err == nil {
				err = pageTemplates[p.Path].Execute(&body, v)
			}
			if err != nil {
				authority.Log.ErrorContext(r.Context(), "page not made", "page", p.Path, "error", err)
				http.Error(w, "La pagina non è disponibile in questo momento.", http.StatusServiceUnavailable)
				return
			}
			w.Header().Set("Vary", "User-Agent") // the package for this computer
			sendPage(w, "text/html; charset=utf-8", "no-cache", status, body.Bytes())
		}
	}
	mux.HandleFunc("/", show(notFoundPage, http.StatusNotFound))
	mux.HandleFunc("GET /{$}", show(pages[0], http.StatusOK))
	for _, p := range pages[1:] {
		mux.HandleFunc("GET "+p.Path, show(p, http.StatusOK))
	}
	for _, name := range distFiles() {
		body, err := dist.ReadFile(path.Join("dist", name))
		if err != nil {
			panic(err) // the name is from the same file system
		}
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, _ *http.Request) {
			sendPage(w, kinds[path.Ext(name)], "max-age=3600", http.StatusOK, body)
		})
	}
	mux.HandleFunc("GET /figure/{name}", func(w http.ResponseWriter, r *http.Request) {
		picture, kind, ok := guide.Figure(r.PathValue("name"))
		if !ok {
			show(notFoundPage, http.StatusNotFound)(w, r)
			return
		}
		sendPage(w, kind, "max-age=3600", http.StatusOK, picture)
	})
	mux.Handle("GET "+DownloadPath+"{name}", packages)
	mux.HandleFunc("GET /.well-known/security.txt", func(w http.ResponseWriter, r *http.Request) {
		sendPage(w, "text/plain; charset=utf-8", "no-cache", http.StatusOK,
			securityText(base(r, authority, packages), authority.Clock()))
	})
	return mux
}

// kinds are the media types of what make portal makes.
var kinds = map[string]string{".css": "text/css; charset=utf-8", ".woff2": "font/woff2", ".svg": "image/svg+xml"}

// distFiles returns the names of what make portal made.
func distFiles() []string {
	entries, err := dist.ReadDir("dist")
	if err != nil {
		panic(err) // the directive above is at fault
	}
	var names []string
	for _, e := range entries {
		if kinds[path.Ext(e.Name())] != "" {
			names = append(names, e.Name())
		}
	}
	return names
}

func sendPage(w http.ResponseWriter, kind, cache string, status int, body []byte) {
	for name, value := range map[string]string{
		"Content-Type": kind, "Content-Length": strconv.Itoa(len(body)), "Cache-Control": cache,
		"Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; " +
			"base-uri 'none'; " +
			"form-action 'none'; frame-ancestors 'none'",
		"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer",
	} {
		w.Header().Set(name, value)
	}
	if strings.HasPrefix(kind, "text/html") {
		w.Header().Set("Content-Language", "it")
	}
	w.WriteHeader(status)
	w.Write(body)
}

// base returns the scheme and host of addresses to copy, as the operator configured them: over TLS those of
// operator.json, otherwise, or without one, those in certificates. The client's Host header is not used.
func base(r *http.Request, authority *ra.Authority, packages *Packages) string {
	if r.TLS != nil {
		if u, err := url.Parse(packages.operator().Service); err == nil && u.Scheme == "https" {
			return "https://" + u.Host
		}
	}
	return authority.PublicURL
}

func newView(r *http.Request, p page, authority *ra.Authority, packages *Packages, current, legacy *ca.Issuer) (view,
	error) {
	v := view{
		page: p, Pages: pages, Base: base(r, authority, packages), PublicURL: authority.PublicURL,
		LoginURL:  authority.LoginURL,
		SourceURL: SourceURL, Contact: securityContact, Desk: packages.operator().Contact,
		Now: authority.Clock(), Policy: ca.PolicyCNS, CRL: authority.PublicURL + ca.CRLPath,
		LegacyCRL: authority.PublicURL + ca.LegacyCRLPath, Styled: Styled(),
		OCSP: authority.PublicURL + ca.OCSPPath, Bundle: bundlePath,
	}
	var err error
	if v.Packages, err = packages.list(); err != nil {
		return view{}, err
	}
	if i := slices.IndexFunc(v.Packages, func(p published) bool {
		return p.File != "" && p.ID == platformOf(r.UserAgent())
	}); i >= 0 {
		v.Mine = &v.Packages[i]
	}
	known, err := authority.Store.Campaigns(r.Context())
	if err != nil {
		return view{}, err
	}
	for _, c := range known {
		v.Campaigns = append(v.Campaigns, campaignRow{c, c.Open(v.Now), v.Now})
	}
	if v.Guide, err = v.guide(); err != nil {
		return view{}, err
	}
	for _, root := range []rootRow{
		{Name: "ca", Title: "Autorità che rilascia i certificati rinnovati", Certificate: current.Certificate()},
		{Name: "legacy", Title: "Autorità dei certificati precedenti", Certificate: legacy.Certificate()},
	} {
		root.SHA256 = fmt.Sprintf("%x", sha256.Sum256(root.Certificate.Raw))
		v.Roots = append(v.Roots, root)
	}
	return v, nil
}

// guide returns the guide with what this service knows.
func (v view) guide() (template.HTML, error) {
	facts := guide.Facts{Portal: true, LoginURL: v.LoginURL}
	for _, c := range v.Campaigns {
		facts.Campaigns = append(facts.Campaigns, guide.Campaign{ID: c.ID, Title: c.Title, LegalBasis: c.LegalBasis,
			Open: c.OpenNow})
	}
	return guide.HTML(facts)
}

// securityLife is the validity of security.txt: RFC 9116 §2.5.5 recommends less than a year.
const securityLife = 180 * 24 * time.Hour

func securityText(base string, now time.Time) []byte {
	return fmt.Appendf(nil,
		"# Contatto di fantasia: questo è un servizio di prova.\nContact: mailto:%s\nExpires: %s\n"+
			"Preferred-Languages: it, en\nCanonical: %s/.well-known/security.txt\n",
		securityContact, now.Add(securityLife).UTC().Truncate(24*time.Hour).Format(time.RFC3339), base)
}
