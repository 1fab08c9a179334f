// SPDX-License-Identifier: EUPL-1.2

package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestWiring holds this package to wiring: few lines, short commands.
func TestWiring(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("%d files, %v", len(files), err)
	}
	const most, longest = 2500, 60
	lines := 0
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		lines += strings.Count(string(b), "\n")
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, file, b, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range parsed.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok || f.Recv == nil || f.Name.Name != "Run" {
				continue
			}
			if n := set.Position(f.End()).Line - set.Position(f.Pos()).Line + 1; n > longest {
				t.Errorf("%s: Run has %d lines, at most %d", set.Position(f.Pos()), n, longest)
			}
		}
	}
	if lines >= most {
		t.Errorf("%d lines, fewer than %d wanted", lines, most)
	}
}

// TestPlainProgramCarriesNoService: the program without the window is linked with neither an authority nor a
// database.
func TestPlainProgramCarriesNoService(t *testing.T) {
	linked := func(tags string) string {
		out, err := exec.Command("go", "list", "-deps", "-tags", tags, ".").Output()
		if err != nil {
			t.Fatalf("go list: %v", err)
		}
		return string(out)
	}
	plain, whole := linked(""), linked("development")
	for _, p := range []string{"rinnova.example/go/service/ca", "rinnova.example/go/service/store",
		"rinnova.example/go/trial", "modernc.org/sqlite"} {
		if strings.Contains(plain, p+"\n") {
			t.Errorf("the plain program links %s", p)
		}
		if !strings.Contains(whole, p+"\n") {
			t.Errorf("the program with the demonstration does not link %s: this test looks for the wrong name", p)
		}
	}
}
