// SPDX-License-Identifier: EUPL-1.2

package guide_test

import (
	"bytes"
	"fmt"
	"image/png"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"rinnova.example/go/guide"
	"rinnova.example/go/systemtest"
)

var (
	picture = regexp.MustCompile(`<figure><img src="/figure/(figura-(\d\d)\.(?:svg|png))" width="(\d+)" height="(\d+)" ` +
		`alt="[^"]{10,}"><figcaption>Figura (\d+)</figcaption></figure>`)
	described = regexp.MustCompile(`<figure><p>[^<]{10,}</p><figcaption>Figura (\d+)</figcaption></figure>`)
	link      = regexp.MustCompile(`<a href="([^"]*)"`)
)

func text(t *testing.T, facts guide.Facts) string {
	t.Helper()
	html, err := guide.HTML(facts)
	if err != nil {
		t.Fatal(err)
	}
	return string(html)
}

// TestFigures: there are sixteen figures, each once. Those of the desktop and of the card are drawings. The others
// are screens of the program, or their descriptions if this build has none.
func TestFigures(t *testing.T) {
	page := text(t, guide.Facts{})
	found := map[string]int{}
	for _, m := range picture.FindAllStringSubmatch(page, -1) {
		name, number := m[1], m[5]
		if n, _ := strconv.Atoi(m[2]); fmt.Sprint(n) != number {
			t.Errorf("%s is figure %s", name, number)
		}
		found[number]++
		body, kind, ok := guide.Figure(name)
		switch {
		case !ok:
			t.Errorf("no %s", name)
		case kind == "image/svg+xml":
			if !bytes.Contains(body, fmt.Appendf(nil, `width="%s" height="%s"`, m[3], m[4])) {
				t.Errorf("%s has not the size %s × %s", name, m[3], m[4])
			}
		default:
			size, err := png.DecodeConfig(bytes.NewReader(body))
			if err != nil || fmt.Sprint(size.Width) != m[3] || fmt.Sprint(size.Height) != m[4] {
				t.Errorf("%s: %d × %d, %v", name, size.Width, size.Height, err)
			}
		}
	}
	words := 0
	for _, m := range described.FindAllStringSubmatch(page, -1) {
		found[m[1]]++
		words++
	}
	if guide.Complete() && words > 0 || !guide.Complete() && words != 12 {
		t.Errorf("%d figures in words", words)
	}
	for n := 1; n <= 16; n++ {
		if found[fmt.Sprint(n)] != 1 {
			t.Errorf("figure %d: %d times", n, found[fmt.Sprint(n)])
		}
	}
	for _, name := range []string{"", ".keep", "figura-00.png", "../guide.go", "figura-01.png"} {
		if _, _, ok := guide.Figure(name); ok {
			t.Errorf("a figure %q", name)
		}
	}
}

// TestScreens: this build shows every screen of the program.
func TestScreens(t *testing.T) {
	systemtest.NeedMade(t, filepath.Join("screens", "figura-16.png"), "figures")
	if page := text(t, guide.Facts{}); !guide.Complete() || described.MatchString(page) {
		t.Error("a figure in words")
	}
}

// TestLinks: without a portal beside it the guide links only to its own sections.
func TestLinks(t *testing.T) {
	for _, m := range link.FindAllStringSubmatch(text(t, guide.Facts{}), -1) {
		if !strings.HasPrefix(m[1], "#") {
			t.Errorf("a link to %s", m[1])
		}
	}
	page := text(t, guide.Facts{Portal: true, LoginURL: "https://prova.example/",
		Campaigns: []guide.Campaign{{ID: "2020", Title: `Proroga <b>"2020"</b>`, LegalBasis: "D.L. & altro",
			Open: true}}})
	for _, want := range []string{`<a href="/driver">Elenco driver</a>`, `<a href="https://prova.example/">`,
		`<a href="/campagne#campagna-2020">Proroga &lt;b&gt;`, "D.L. &amp; altro. Oggi è aperta."} {
		if !strings.Contains(page, want) {
			t.Errorf("no %s", want)
		}
	}
}
