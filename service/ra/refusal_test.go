// SPDX-License-Identifier: EUPL-1.2

package ra

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strconv"
	"testing"
)

// TestEveryReasonHasText reads the code words of ca and campaign from their sources: a new one without a text for
// the citizen fails here.
func TestEveryReasonHasText(t *testing.T) {
	words := map[string]bool{}
	for _, path := range []string{"../ca/reason.go", "../campaign/campaign.go", "refusal.go"} {
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, declaration := range file.Decls {
			constants, ok := declaration.(*ast.GenDecl)
			if !ok || constants.Tok != token.CONST {
				continue
			}
			for _, spec := range constants.Specs {
				for _, value := range spec.(*ast.ValueSpec).Values {
					literal, ok := value.(*ast.BasicLit)
					if !ok || literal.Kind != token.STRING {
						continue
					}
					word, err := strconv.Unquote(literal.Value)
					if err != nil {
						t.Fatal(err)
					}
					if word == otherWays || word == newKey || word == assistance {
						continue
					}
					words[word] = true
					if r := refuse(word); r.Text == "" || len(r.Text) >= 500 {
						t.Errorf("%s: text of %d bytes", word, len(r.Text))
					}
				}
			}
		}
	}
	if len(words) != len(refusals) {
		t.Errorf("%d code words, %d texts", len(words), len(refusals))
	}
}
