// SPDX-License-Identifier: EUPL-1.2

package catalogue_test

import (
	"strings"
	"testing"

	"rinnova.example/go/catalogue"
)

// TestRecordingSentences: each language has each sentence, with as many values as the Italian one.
func TestRecordingSentences(t *testing.T) {
	values := func(l catalogue.Language, s catalogue.Sentence) (n int) {
		defer func() {
			if recover() != nil {
				n = -1
			}
		}()
		for n = range 6 {
			if text, ok := try(l, s, n); ok {
				if strings.TrimSpace(text) == "" || formal[l] != nil && formal[l].MatchString(text) {
					t.Errorf("%s in %s: %q", s, l, text)
				}
				return n
			}
		}
		return -1
	}
	if len(catalogue.RecordingSentences()) < 30 {
		t.Fatalf("%d sentences", len(catalogue.RecordingSentences()))
	}
	for _, s := range catalogue.RecordingSentences() {
		want := values(catalogue.Italian, s)
		for _, l := range catalogue.Languages() {
			if got := values(l, s); got != want || got < 0 {
				t.Errorf("%s in %s takes %d values, in Italian %d", s, l, got, want)
			}
		}
	}
	if got := catalogue.Recording(catalogue.Italian, catalogue.RecordingRead, "1400", 16, 0); got !=
		"1400: letti 16 byte dal byte 0" {
		t.Errorf("a sentence with its values: %s", got)
	}
}

// try fills a sentence with n values, and reports false if it takes another number.
func try(l catalogue.Language, s catalogue.Sentence, n int) (text string, ok bool) {
	defer func() { ok = recover() == nil }()
	return catalogue.Recording(l, s, make([]any, n)...), true
}
