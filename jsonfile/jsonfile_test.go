// SPDX-License-Identifier: EUPL-1.2

package jsonfile

import (
	"errors"
	"strings"
	"testing"
)

func TestRead(t *testing.T) {
	var a, b string
	object := Object{"A": &a, "Inner": Object{"B": &b}}
	if err := Read([]byte("\xef\xbb\xbf {\"A\": \"x\", \"Inner\": {\"B\": \"y\"}} \n"), object); err != nil ||
		a != "x" || b != "y" {
		t.Errorf("%q %q %v", a, b, err)
	}
	for text, name := range map[string]string{
		"": "", "[]": "", `{"A": "x"`: "", `{"A" "x"}`: "", `{} {}`: "", "{}\n// comment": "",
		`{"a": "x"}`: `"a"`, `{"A": "x", "A": "segreto"}`: `"A"`, `{"A": ["segreto"]}`: "A", `{"A": 1}`: "A",
		`{"A": {"B": "x"}}`: "A", `{"A": null}`: "A", `{"Inner": "segreto"}`: "Inner",
		`{"Inner": {"C": "segreto"}}`: `Inner."C"`, `{"Inner": {"B": true}}`: "Inner.B", `{"Inner": {"B": "x"}`: "",
		`{"Inner": {}, "Inner": {}}`: `"Inner"`,
	} {
		err := Read([]byte(text), Object{"A": &a, "Inner": Object{"B": &b}})
		var bad *Error
		if !errors.As(err, &bad) || bad.Name != name || strings.Contains(err.Error(), "segreto") {
			t.Errorf("%s: %v, want a fault of %q", text, err, name)
		}
	}
}
