// SPDX-License-Identifier: EUPL-1.2

package portal_test

import (
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"rinnova.example/go/service/campaign"
	"rinnova.example/go/service/portal"
	"rinnova.example/go/systemtest"
	"rinnova.example/go/trial"
)

// pagesOf serves everything that the plain listener serves.
func (s *site) pagesOf(packages *portal.Packages) string {
	s.t.Helper()
	server := httptest.NewServer(portal.Publication(s.authority, s.responder(), s.current, s.legacy,
		portal.Pages(s.authority, packages, s.current, s.legacy)))
	s.t.Cleanup(server.Close)
	return server.URL
}

func fetch(t *testing.T, address string) (*http.Response, string) {
	t.Helper()
	response, err := http.Get(address)
	check(t, err)
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	check(t, err)
	return response, string(body)
}

// tree is a page taken apart.
type tree struct {
	elements []*html.Node
	ids      map[string]int
	text     string
}

func parse(t *testing.T, body string) tree {
	t.Helper()
	root, err := html.Parse(strings.NewReader(body))
	check(t, err)
	p := tree{ids: map[string]int{}}
	var text strings.Builder
	for n := range root.Descendants() {
		switch n.Type {
		case html.TextNode:
			text.WriteString(n.Data)
		case html.ElementNode:
			p.elements = append(p.elements, n)
			if id := attribute(n, "id"); id != "" {
				p.ids[id]++
			}
		}
	}
	p.text = strings.Join(strings.Fields(text.String()), " ")
	return p
}

func attribute(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func content(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// packagesFolder has one package for some platforms.
func packagesFolder(t *testing.T, s *site) (string, *portal.Packages) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"rinnova-0.2.0-x64.msi": "x64", "rinnova_0.2.0_amd64.deb": "deb",
		"rinnova_0.2.0_amd64.deb.asc": "signature"} {
		check(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644))
	}
	assemble(t, dir, s.current.Certificate())
	p, err := portal.OpenPackages(dir, s.current.Certificate())
	check(t, err)
	t.Cleanup(func() { p.Close() })
	return dir, p
}

// oneOfEach checks that a page has one of each landmark.
func oneOfEach(t *testing.T, count map[string]int) {
	t.Helper()
	if count["h1"] != 1 || count["main"] != 1 || count["header"] != 1 || count["footer"] != 1 {
		t.Errorf("h1, main, header, footer: %d %d %d %d", count["h1"], count["main"], count["header"],
			count["footer"])
	}
}

// TestPages: every page stands by itself, is well made, and leads somewhere.
func TestPages(t *testing.T) {
	s := newSite(t)
	_, packages := packagesFolder(t, s)
	base := s.pagesOf(packages)
	outside := []string{s.authority.LoginURL, portal.SourceURL, assistance.Page, "mailto:" + assistance.Mail,
		"tel:+39060000"}
	fragments := map[string]map[string]int{}
	for _, p := range portal.PageList {
		_, body := fetch(t, base+p.Path)
		fragments[p.Path] = parse(t, body).ids
	}
	for _, p := range append(slices.Clone(portal.PageList),
		portal.Page{Path: "/altrove", Title: portal.NotFoundPage.Title}) {
		t.Run(p.Title, func(t *testing.T) {
			response, body := fetch(t, base+p.Path)
			want := http.StatusOK
			if p.Path == "/altrove" {
				want = http.StatusNotFound
			}
			if response.StatusCode != want || response.Header.Get("Content-Type") != "text/html; charset=utf-8" ||
				response.Header.Get("Content-Language") != "it" {
				t.Fatalf("%s %v", response.Status, response.Header)
			}
			if policy := response.Header.Get("Content-Security-Policy"); !strings.HasPrefix(policy,
				"default-src 'none';") || strings.Contains(policy, "script") || strings.Contains(policy, "unsafe") {
				t.Errorf("policy %q", policy)
			}
			tree := parse(t, body)
			level, first := 0, ""
			count := map[string]int{}
			for _, n := range tree.elements {
				count[n.Data]++
				for _, a := range n.Attr {
					if strings.HasPrefix(a.Key, "on") || a.Key == "style" || strings.Contains(a.Val, "ZgotmplZ") {
						t.Errorf("attribute %s=%q", a.Key, a.Val)
					}
				}
				switch n.Data {
				case "html":
					if attribute(n, "lang") != "it" {
						t.Error("no language")
					}
				case "title":
					if content(n) != p.Title+" – Rinnova" {
						t.Errorf("title %q", content(n))
					}
				case "h1", "h2", "h3", "h4":
					now := int(n.Data[1] - '0')
					if now > level+1 || content(n) == "" {
						t.Errorf("heading %s %q after level %d", n.Data, content(n), level)
					}
					level = now
					if now == 1 && content(n) != p.Title {
						t.Errorf("heading %q", content(n))
					}
				case "img":
					if len(attribute(n, "alt")) < 10 && attribute(n, "src") != "/icona.svg" ||
						attribute(n, "width") == "" || attribute(n, "height") == "" {
						t.Errorf("picture %s without a text or a size", attribute(n, "src"))
					}
					if r, _ := fetch(t, base+attribute(n, "src")); r.StatusCode != http.StatusOK ||
						!strings.HasPrefix(r.Header.Get("Content-Type"), "image/") {
						t.Errorf("picture %s: %s", attribute(n, "src"), r.Status)
					}
				case "link":
					if r, _ := fetch(t, base+attribute(n, "href")); r.StatusCode != http.StatusOK {
						t.Errorf("%s: %s", attribute(n, "href"), r.Status)
					}
				case "nav":
					if attribute(n, "aria-label") == "" {
						t.Error("a navigation without a name")
					}
				case "th":
					if attribute(n, "scope") == "" {
						t.Errorf("table heading %q without scope", content(n))
					}
				case "script", "iframe", "form", "object", "embed", "base":
					t.Errorf("<%s>", n.Data)
				case "a":
					href := attribute(n, "href")
					if first == "" {
						first = href
					}
					if content(n) == "" || href == "" {
						t.Errorf("link %q with the text %q", href, content(n))
					}
					if slices.Contains(outside, href) {
						continue
					}
					u, err := url.Parse(href)
					check(t, err)
					if u.IsAbs() {
						t.Errorf("link to another site: %s", href)
						continue
					}
					if u.Path == "" {
						u.Path = p.Path
					} else if r, _ := fetch(t, base+u.Path); r.StatusCode != http.StatusOK {
						t.Errorf("link %s: %s", href, r.Status)
					}
					if u.Fragment != "" && tree.ids[u.Fragment] == 0 && fragments[u.Path][u.Fragment] == 0 {
						t.Errorf("link %s leads to no place", href)
					}
				}
			}
			oneOfEach(t, count)
			if first != "#contenuto" { // the first stop of the keyboard skips to the content
				t.Errorf("the first link is %q", first)
			}
			for id, n := range tree.ids {
				if n > 1 {
					t.Errorf("id %s %d times", id, n)
				}
			}
			if !strings.Contains(tree.text, "la validità della TEAM, sul retro, non cambia") { // R36
				t.Error("not a word on the TEAM")
			}
		})
	}
}

// TestRequiredTexts: what the guide of 2020 and its requirements want said (T1 to T21, R1, R2, R3, R8, R9, R31).
func TestRequiredTexts(t *testing.T) {
	s := newSite(t)
	_, packages := packagesFolder(t, s)
	base := s.pagesOf(packages)
	for address, wants := range map[string][]string{
		"/driver": {
			"Elenco driver", "Scarica il tool RINNOVA", "copiare nella barra degli indirizzi del browser",
			s.authority.PublicURL + "/scarica/rinnova-latest-windows-x64.msi",
			s.authority.PublicURL + "/scarica/rinnova-latest-debian-amd64.deb",
			"rinnova-0.2.0-x64.msi", "rinnova_0.2.0_amd64.deb.asc",
			"nessuna firma separata pubblicata", "SHA-256",
			"non è ancora pubblicato per Windows a 64 bit, per il solo utente che installa", "IDProtect", "asepkcs",
			"bit4id xpki", "Disinstallare",
		},
		"/guida": {
			"«Elenco driver»", "«Scarica il tool RINNOVA»", "Cliccare su ESEGUI e attendere l’installazione.",
			"ESEGUI era il bottone dei browser del 2020", "Chiudere tutte le finestre e riavviare il computer.",
			"Nel 2020 il riavvio attivava ciò che era stato installato.",
			"Rilevata modifica ai dispositivi. Caricamento in corso..",
			"Nessun certificato rinnovabile presente nella carta: ...",
			"RINNOVA", "Rinnovo certificato", "Autenticazione", "Inserisci il PIN corretto per continuare il rinnovo",
			"Codice PIN", "INDIETRO", "PROSEGUI",
			"Rinnovo del certificato in corso, attendere...", "Generazione chiave in corso ...",
			"Inserisci il PUK corretto per continuare il rinnovo", "Codice PUK",
			"Rinnovo certificato non riuscito", "questi dati di errore", "ErrorLogs.zip.p7e",
			"Certificato rinnovato con successo", "CHIUDI",
			"Generazione filesystem di firma in corso ...", "Installazione certificato in corso ...",
			"Per le tessere la cui scadenza è compresa tra il 01/01/2020 e il 30/06/2020, la scadenza è prorogata al " +
				"30/06/2020",
			"è necessario procedere all’estensione del certificato per continuare ad utilizzarle come strumento di " +
				"autenticazione",
			"art. 12, comma 1, del D.L. n. 9 del 2 marzo 2020", "AC2013, AC2014 o AC2018", "circa un minuto",
			"20/05/2020", "SPID",
			"Non cambia la validità della TEAM",
		},
		"/siti": {"1.3.76.16.2.1", "http://rinnova.example/ocsp", "http://rinnova.example/crl/ca.crl",
			"http://rinnova.example/crl/legacy.crl", "docs/RELYING-SITE.md"},
		"/accessibilita": {"Bozza"},
		"/privacy":       {"Bozza"},
	} {
		_, body := fetch(t, base+address)
		tree := parse(t, body)
		all := tree.text
		for _, n := range tree.elements {
			if n.Data == "img" {
				all += " " + attribute(n, "alt")
			}
		}
		for _, want := range wants {
			if !strings.Contains(all, want) {
				t.Errorf("%s lacks %q", address, want)
			}
		}
	}
	// Fifteen steps, each once.
	_, body := fetch(t, base+"/guida")
	tree := parse(t, body)
	for n := 1; n <= 15; n++ {
		if tree.ids[fmt.Sprintf("passo-%d", n)] != 1 {
			t.Errorf("step %d", n)
		}
	}
	// Every series that the program knows has a driver named.
	_, body = fetch(t, base+"/driver")
	for _, sigla := range trial.Series() {
		if !strings.Contains(body, sigla) {
			t.Errorf("no driver for %s", sigla)
		}
	}
	for _, p := range portal.PageList {
		if _, body := fetch(t, base+p.Path); strings.Contains(strings.ToUpper(body), "SOGEI") {
			t.Errorf("%s has the other tool's name", p.Path)
		}
	}
}

// TestNothingPublished: without a folder the page says so for every platform.
func TestNothingPublished(t *testing.T) {
	s := newSite(t)
	base := s.pagesOf(nil)
	_, body := fetch(t, base+"/driver")
	for _, p := range portal.Platforms {
		if !strings.Contains(body, "<li>"+p.Title+"</li>") {
			t.Errorf("no word on %s", p.Title)
		}
	}
	if !strings.Contains(body, "Scarica il tool RINNOVA: non è ancora pubblicato per") ||
		strings.Contains(body, portal.DownloadPath) {
		t.Errorf("the page without packages: %s", body)
	}
	if r, _ := fetch(t, base+"/scarica/rinnova-latest-windows-x64.msi"); r.StatusCode != http.StatusNotFound {
		t.Errorf("a package that is not there: %s", r.Status)
	}
}

// TestCampaignPage: the page follows the clock and the record.
func TestCampaignPage(t *testing.T) {
	s := newSite(t)
	base := s.pagesOf(nil)
	state := func(id string) string {
		t.Helper()
		_, body := fetch(t, base+"/campagne")
		m := regexp.MustCompile(`(?s)id="campagna-` + id + `">.*?<p class="state">(.*?)</p>`).FindStringSubmatch(body)
		if m == nil {
			t.Fatalf("no campaign %s:\n%s", id, body)
		}
		return m[1]
	}
	const ask = "Si può rinnovare adesso? "
	said := func(id string) string {
		return strings.TrimPrefix(strings.NewReplacer("<strong>", "", "</strong>", "").Replace(state(id)), ask)
	}
	if said("2020") != "No" || said("prova") != "Sì" {
		t.Error("today")
	}
	s.now = time.Date(2020, time.May, 25, 10, 0, 0, 0, time.UTC)
	if said("2020") != "Sì, fino al 30/06/2020" || !strings.HasPrefix(said("2022"), "No: dal ") {
		t.Error("in May 2020")
	}
	_, body := fetch(t, base+"/campagne")
	for _, want := range []string{"dal 20/05/2020 fino al 30/06/2020", "dal 01/01/2020 al 30/06/2020",
		"D.L. 2 marzo 2020, n. 9, art. 12, comma 1", "AC2013, AC2014, AC2018, OT2015, OT2016, ID2019",
		"Situazione al 25/05/2020"} {
		if !strings.Contains(parse(t, body).text, want) {
			t.Errorf("no %q", want)
		}
	}
	for _, c := range campaign.Shipped() {
		if c.ID == "2020" {
			c.Version, c.OpenTo = 2, s.now.AddDate(0, 0, -2)
			check(t, s.store.AddCampaign(t.Context(), c, s.now))
		}
	}
	if said("2020") != "No" {
		t.Error("closed by a new version")
	}
	s.store.Close()
	if r, _ := fetch(t, base+"/campagne"); r.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("without a database: %s", r.Status)
	}
}

// TestSecurityText: the fields that RFC 9116 §2.5 demands.
func TestSecurityText(t *testing.T) {
	s := newSite(t)
	base := s.pagesOf(nil)
	response, body := fetch(t, base+"/.well-known/security.txt")
	if response.StatusCode != http.StatusOK || response.Header.Get("Content-Type") != "text/plain; charset=utf-8" {
		t.Fatal(response.Status, response.Header)
	}
	fields := map[string]string{}
	for line := range strings.Lines(body) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ": "); ok && !strings.HasPrefix(line, "#") {
			fields[name] = value
		}
	}
	expires, err := time.Parse(time.RFC3339, fields["Expires"])
	check(t, err)
	if !expires.After(clock.AddDate(0, 3, 0)) || !expires.Before(clock.AddDate(1, 0, 0)) {
		t.Errorf("security.txt expires at %s", expires)
	}
	if fields["Contact"] != "mailto:"+portal.SecurityContact ||
		fields["Canonical"] != s.authority.PublicURL+"/.well-known/security.txt" ||
		fields["Preferred-Languages"] != "it, en" {
		t.Errorf("security.txt says %v", fields)
	}
}

// needBrowser makes sure of a browser, of the modules in package.json here that drive it, and of the pages' style.
func needBrowser(t *testing.T) {
	t.Helper()
	systemtest.Need(t, "npm", "npm", "node")
	systemtest.Need(t, "chromium", "chromium")
	systemtest.NeedMade(t, filepath.Join("dist", "stile.css"), "frontend")
	if _, err := os.Stat(filepath.Join("node_modules", "axe-core", "axe.min.js")); err != nil {
		if out, err := exec.Command("npm", "ci", "--no-audit", "--no-fund").CombinedOutput(); err != nil {
			t.Fatalf("npm ci: %v\n%s", err, out)
		}
	}
}

// TestAxe: axe-core in a real browser finds nothing on any page, wide, at 320 pixels, dark, with forced colours and
// more contrast, and nothing is wider than the window.
func TestAxe(t *testing.T) {
	needBrowser(t)
	s := newSite(t)
	_, packages := packagesFolder(t, s)
	base := s.pagesOf(packages)
	addresses := []string{s.url + "/", base + "/altrove"}
	for _, p := range portal.PageList {
		addresses = append(addresses, base+p.Path)
	}
	const pictures = "../../citizen/desktop/frontend/artifacts/portal"
	check(t, os.MkdirAll(pictures, 0o755))
	out, err := exec.Command("node", append([]string{filepath.Join("testdata", "axe.mjs"), "package.json", pictures},
		addresses...)...).Output()
	if err != nil {
		if failed, ok := err.(*exec.ExitError); ok {
			t.Fatalf("%v\n%s", err, failed.Stderr)
		}
		t.Fatal(err)
	}
	var found []struct {
		URL        string
		Look       string
		Rules      int // that passed
		Violations []string
		Overflow   int
	}
	check(t, json.Unmarshal(out, &found))
	if len(found) != 5*len(addresses) {
		t.Fatalf("%d results for %d pages", len(found), len(addresses))
	}
	for _, f := range found {
		if f.Rules < 10 || len(f.Violations) > 0 || f.Overflow > 0 {
			t.Errorf("%s at %s: %d rules passed, %d pixels too wide, %v", f.URL, f.Look, f.Rules, f.Overflow,
				f.Violations)
		}
	}
}

// TestHostIsNotEchoed: no answer repeats the Host header, which the client writes; the address to copy is the
// operator's.
func TestHostIsNotEchoed(t *testing.T) {
	s := newSite(t)
	dir := t.TempDir()
	check(t, os.WriteFile(filepath.Join(dir, "rinnova-0.1.0-x64.msi"), []byte("installer"), 0o644))
	assemble(t, dir, s.current.Certificate())
	packages, err := portal.OpenPackages(dir, s.current.Certificate())
	check(t, err)
	t.Cleanup(func() { packages.Close() })
	handler := portal.Publication(s.authority, s.responder(), s.current, s.legacy,
		portal.Pages(s.authority, packages, s.current, s.legacy))
	paths := []string{"//driver", portal.DownloadPath, "/.well-known/security.txt", "/nessuna", portal.TrustListPath}
	for _, p := range portal.PageList {
		paths = append(paths, p.Path)
	}
	for _, state := range []*tls.ConnectionState{nil, {}} {
		for _, path := range paths {
			r, w := httptest.NewRequest(http.MethodGet, path, nil), httptest.NewRecorder()
			r.Host, r.TLS = "intruso.example", state
			handler.ServeHTTP(w, r)
			if strings.Contains(w.Body.String(), "intruso") || strings.Contains(fmt.Sprint(w.Header()), "intruso") {
				t.Errorf("%s, TLS %v: the answer names the Host", path, state != nil)
			}
			want := s.authority.PublicURL
			if state != nil {
				want = "https://rinnova.example"
			}
			if path == "/driver" && !strings.Contains(w.Body.String(), want+portal.DownloadPath) {
				t.Errorf("TLS %v: the page does not name %s", state != nil, want)
			}
		}
	}
}
