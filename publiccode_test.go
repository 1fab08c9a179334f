// SPDX-License-Identifier: EUPL-1.2

package rinnova

import (
	"bytes"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
)

// publiccode is publiccode.yml 0.7 (github.com/publiccodeyml/publiccode.yml): the keys that this project has, each
// mandatory one among them. A key that is not here is an error.
type publiccode struct {
	PubliccodeYmlVersion string `yaml:"publiccodeYmlVersion"`
	Name                 string
	URL                  string `yaml:"url"`
	LandingURL           string `yaml:"landingURL"`
	SoftwareVersion      string `yaml:"softwareVersion"`
	Platforms            []string
	Categories           []string
	DevelopmentStatus    string `yaml:"developmentStatus"`
	SoftwareType         string `yaml:"softwareType"`
	IntendedAudience     struct {
		Countries, Scope []string
	} `yaml:"intendedAudience"`
	Organisation struct {
		URI string `yaml:"uri"`
	}
	Description map[string]struct {
		ShortDescription string `yaml:"shortDescription"`
		LongDescription  string `yaml:"longDescription"`
		Features         []string
	}
	Legal struct {
		License            string
		MainCopyrightOwner string `yaml:"mainCopyrightOwner"`
	}
	Maintenance struct {
		Type     string
		Contacts []struct{ Name, Email string }
	}
	Localisation struct {
		LocalisationReady  *bool    `yaml:"localisationReady"`
		AvailableLanguages []string `yaml:"availableLanguages"`
	}
}

// The lists of the standard's schema, as far as the project uses them.
var (
	statuses      = []string{"concept", "development", "beta", "stable", "obsolete"}
	softwareTypes = []string{
		"standalone/mobile", "standalone/iot", "standalone/desktop", "standalone/web", "standalone/backend",
		"standalone/other", "addon", "library", "configurationFiles",
	}
	platforms   = []string{"web", "windows", "mac", "linux", "ios", "android", "haiku"}
	scopes      = []string{"government", "healthcare", "local-authorities", "welfare"}
	maintenance = []string{"internal", "contract", "community", "none"}
	categories  = []string{"identity-management", "digital-citizenship", "it-security"}
	language    = regexp.MustCompile(`^[a-z]{2,3}(-[A-Za-z0-9]+)*$`) // BCP 47, simplified
)

// faults lists the violations of the standard.
func faults(content []byte) (list []string) {
	p := publiccode{}
	if err := yaml.NewDecoder(bytes.NewReader(content), yaml.Strict()).Decode(&p); err != nil {
		return []string{err.Error()}
	}
	check := func(ok bool, format string, args ...any) {
		if !ok {
			list = append(list, fmt.Sprintf(format, args...))
		}
	}
	among := func(key string, values, allowed []string) {
		check(len(values) > 0, "%s is missing", key)
		for _, v := range values {
			check(slices.Contains(allowed, v), "%s: %q", key, v)
		}
	}
	check(p.PubliccodeYmlVersion == "0.7", "publiccodeYmlVersion %q", p.PubliccodeYmlVersion)
	check(p.Name != "", "no name")
	for _, address := range []string{p.URL, p.LandingURL, p.Organisation.URI} {
		u, err := url.Parse(address)
		check(err == nil && u.Scheme == "https" && u.Host != "", "address %q", address)
	}
	among("developmentStatus", []string{p.DevelopmentStatus}, statuses)
	among("softwareType", []string{p.SoftwareType}, softwareTypes)
	among("platforms", p.Platforms, platforms)
	among("intendedAudience.scope", p.IntendedAudience.Scope, scopes)
	among("maintenance.type", []string{p.Maintenance.Type}, maintenance)
	among("categories", p.Categories, categories)
	check(p.Maintenance.Type != "community" && p.Maintenance.Type != "internal" || len(p.Maintenance.Contacts) > 0,
		"maintenance of that type has contacts")
	for _, c := range p.Maintenance.Contacts {
		check(c.Name != "" && strings.Contains(c.Email, "@"), "contact %v", c)
	}
	check(len(p.Description) > 0, "no description")
	for l, d := range p.Description {
		check(language.MatchString(l), "description in %q", l)
		short, long := utf8.RuneCountInString(d.ShortDescription), utf8.RuneCountInString(d.LongDescription)
		check(short >= 1 && short <= 150, "%s: shortDescription of %d characters", l, short)
		check(long >= 150 && long <= 10000, "%s: longDescription of %d characters", l, long)
		check(len(d.Features) > 0, "%s: no feature", l)
	}
	check(p.Legal.License == "EUPL-1.2", "licence %q", p.Legal.License)
	check(p.Localisation.LocalisationReady != nil, "no localisationReady")
	check(len(p.Localisation.AvailableLanguages) > 0, "no language")
	for _, l := range p.Localisation.AvailableLanguages {
		check(language.MatchString(l), "language %q", l)
	}
	return list
}

var versionLine = regexp.MustCompile(`(?m)^VERSION \?= (\S+)$`)

// TestPubliccode: publiccode.yml is one after the standard, and says the version and the languages of the programs.
func TestPubliccode(t *testing.T) {
	content, err := os.ReadFile("publiccode.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range faults(content) {
		t.Error(f)
	}
	var p publiccode
	if err := yaml.Unmarshal(content, &p); err != nil {
		t.Fatal(err)
	}
	makefile, err := os.ReadFile("Makefile")
	if err != nil {
		t.Fatal(err)
	}
	if m := versionLine.FindSubmatch(makefile); m == nil || string(m[1]) != p.SoftwareVersion {
		t.Errorf("softwareVersion %s, the Makefile has %s", p.SoftwareVersion, m)
	}
	texts, err := filepath.Glob("citizen/desktop/frontend/src/i18n/??.ts")
	if err != nil || len(texts) == 0 {
		t.Fatal("no catalogue of the window", err)
	}
	var languages []string
	for _, f := range texts {
		languages = append(languages, strings.TrimSuffix(filepath.Base(f), ".ts"))
	}
	if !slices.Equal(slices.Sorted(slices.Values(p.Localisation.AvailableLanguages)), languages) {
		t.Errorf("languages %v, the window has %v", p.Localisation.AvailableLanguages, languages)
	}
}

// Each of these changes makes the file one that the standard does not allow.
func TestPubliccodePlanted(t *testing.T) {
	content, err := os.ReadFile("publiccode.yml")
	if err != nil {
		t.Fatal(err)
	}
	for old, planted := range map[string]string{
		`publiccodeYmlVersion: "0.7"`:     `publiccodeYmlVersion: "0.2"`,
		"name: Rinnova\n":                 "",
		"developmentStatus: development":  "developmentStatus: nearly",
		"softwareType: standalone/":       "softwareType: ",
		"  license: EUPL-1.2":             "  licence: EUPL-1.2",
		"    shortDescription: Renews":    "    shortDescription: " + strings.Repeat("Renews ", 30),
		"localisationReady: true":         "repoOwner: none",
		"    - name: The Rinnova authors": "    - name: \"\"",
	} {
		if !bytes.Contains(content, []byte(old)) {
			t.Errorf("no %q in publiccode.yml", old)
		}
		if len(faults(bytes.Replace(content, []byte(old), []byte(planted), 1))) == 0 {
			t.Errorf("%q passes for %q", planted, old)
		}
	}
}
