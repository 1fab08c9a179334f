// SPDX-License-Identifier: EUPL-1.2

package portal_test

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"rinnova.example/go/systemtest"
)

// stepOf returns the first words of what a figure belongs to: its step, or else the paragraph before it.
func stepOf(figure *html.Node) string {
	for n := figure.Parent; n != nil; n = n.Parent {
		if n.Data == "li" && strings.HasPrefix(attribute(n, "id"), "passo-") {
			return opening(content(n))
		}
	}
	for n := figure.PrevSibling; n != nil; n = n.PrevSibling {
		if n.Type == html.ElementNode {
			return opening(content(n))
		}
	}
	return ""
}

// opening returns the first four words of a text.
func opening(text string) string {
	words := strings.Fields(text)
	return strings.Join(words[:min(4, len(words))], " ")
}

// TestPrint: on paper every figure of the guide is on the sheet of its step, and links to other pages are not printed.
func TestPrint(t *testing.T) {
	needBrowser(t)
	systemtest.Need(t, "poppler-utils", "pdftotext")
	base := newSite(t).pagesOf(nil)
	file := filepath.Join("..", "..", "citizen", "desktop", "frontend", "artifacts", "portal", "guida.pdf")
	if out, err := exec.Command("node", filepath.Join("testdata", "print.mjs"), "package.json", base+"/guida",
		file).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := exec.Command("pdftotext", "-raw", file, "-").Output()
	check(t, err)
	var sheets []string
	for sheet := range strings.SplitSeq(strings.TrimRight(string(out), "\f"), "\f") {
		sheets = append(sheets, strings.Join(strings.Fields(sheet), " "))
	}
	if len(sheets) < 3 {
		t.Fatalf("%d sheets", len(sheets))
	}
	together := func(step, caption string) {
		t.Helper()
		number := regexp.MustCompile(regexp.QuoteMeta(caption) + `\b`)
		if step == "" || caption == "" || !slices.ContainsFunc(sheets, func(sheet string) bool {
			return strings.Contains(sheet, step) && number.MatchString(sheet)
		}) {
			t.Errorf("%q and %q are not on one sheet", step, caption)
		}
	}
	_, body := fetch(t, base+"/guida")
	figures := 0
	for _, e := range parse(t, body).elements {
		if e.Data == "figure" {
			figures++
			together(stepOf(e), content(e.LastChild))
		}
	}
	if figures != 16 {
		t.Errorf("%d figures", figures)
	}
	all := strings.Join(sheets, " ")
	for _, link := range []string{"Vai al contenuto", "Stato delle campagne", "Note legali"} {
		if !strings.Contains(body, link) || strings.Contains(all, link) {
			t.Errorf("the link %q is printed, or not on the page", link)
		}
	}
}
