// SPDX-License-Identifier: EUPL-1.2

package renewal_test

import (
	"os"
	"regexp"
	"slices"
	"testing"

	"rinnova.example/go/catalogue"
	"rinnova.example/go/citizen/renewal"
)

// TestPicture: README's picture shows the steps in order, and its light and dark versions differ only in colours.
func TestPicture(t *testing.T) {
	colour := regexp.MustCompile(`#[0-9a-f]{6}`)
	stepName := regexp.MustCompile(`font-size="12\.5" font-weight="600"[^>]*>([a-z]+)<`)
	var pictures []string
	for _, name := range []string{"system.svg", "system-dark.svg"} {
		b, err := os.ReadFile("../../docs/" + name)
		if err != nil {
			t.Fatal(err)
		}
		var shown []string
		for _, m := range stepName.FindAllSubmatch(b, -1) {
			shown = append(shown, string(m[1]))
		}
		if !slices.Equal(shown, renewal.Steps) {
			t.Errorf("%s shows the steps %v, they are %v", name, shown, renewal.Steps)
		}
		pictures = append(pictures, colour.ReplaceAllString(string(b), ""))
	}
	if pictures[0] != pictures[1] {
		t.Error("the dark picture differs in more than its colours")
	}
}

// TestStepTexts: each step has its texts in every language, and its name for the desk.
func TestStepTexts(t *testing.T) {
	for _, step := range renewal.Steps {
		for _, l := range catalogue.Languages() {
			if catalogue.Step(l, step) == "" {
				t.Errorf("step %s has no text in %s", step, l)
			}
		}
		if catalogue.DeskStep(step) == step {
			t.Errorf("step %s has no name for the desk", step)
		}
	}
}
