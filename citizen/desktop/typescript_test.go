// SPDX-License-Identifier: EUPL-1.2

package desktop

import (
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"rinnova.example/go/citizen/errorreport"
	"rinnova.example/go/citizen/renewal"
	"rinnova.example/go/failure"
)

var update = flag.Bool("update", false, "write the front end's types")

const typesFile = "frontend/src/generated/state.ts"

// TestTypeScript checks the front end's types against the Go types whose JSON the page gets. With -update it writes
// them.
func TestTypeScript(t *testing.T) {
	g := generator{t: t, docs: map[string]string{}, values: map[string][]string{}, emitted: map[string]string{}}
	for _, folder := range []string{".", "../doctor", "../errorreport", "../renewal", "../../operator"} {
		g.parse(folder)
	}
	g.add(reflect.TypeFor[State]())
	g.add(reflect.TypeFor[Diagnosis]())
	names := make([]string, 0, len(g.emitted))
	for n := range g.emitted {
		names = append(names, n)
	}
	slices.Sort(names)
	var b strings.Builder
	b.WriteString("// SPDX-License-Identifier: EUPL-1.2\n" +
		"// Code generated from the Go types of citizen/desktop by go test ./citizen/desktop -run TypeScript -update." +
		" DO NOT EDIT.\n")
	for _, n := range names {
		b.WriteString("\n" + g.emitted[n])
	}
	if *update {
		if err := os.MkdirAll(filepath.Dir(typesFile), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(typesFile, []byte(b.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	committed, err := os.ReadFile(typesFile)
	if err != nil {
		t.Fatal(err)
	}
	if string(committed) != b.String() {
		t.Errorf("%s is not what the Go types say; run go test ./citizen/desktop -run TypeScript -update", typesFile)
	}
}

// TestNoNull checks that no list of the state is null in JSON, as a nil slice would be.
func TestNoNull(t *testing.T) {
	now := time.Date(2020, 5, 25, 10, 0, 0, 0, time.UTC)
	for name, v := range map[string]any{
		"state": view(facts{}, now), "summary": newSummary(),
		"browsers":  newBrowsers(nil, nil),
		"diagnosis": newDiagnosis(Config{Now: func() time.Time { return now }}),
	} {
		for i, r := 0, reflect.ValueOf(v); i < r.NumField(); i++ {
			f := r.Type().Field(i)
			if r.Field(i).Kind() == reflect.Slice && r.Field(i).IsNil() &&
				!strings.Contains(f.Tag.Get("json"), "omitempty") {
				t.Errorf("%s: %s is null", name, f.Name)
			}
		}
	}
}

// TestReportNoNull checks that every list of an error report is omitted when it is empty, so that none is null.
func TestReportNoNull(t *testing.T) {
	for _, r := range []reflect.Type{reflect.TypeFor[errorreport.Report](), reflect.TypeFor[errorreport.Card](),
		reflect.TypeFor[errorreport.Failure](),
		reflect.TypeFor[errorreport.Step](), reflect.TypeFor[renewal.Login]()} {
		for i := range r.NumField() {
			if f := r.Field(i); f.Type.Kind() == reflect.Slice && !strings.Contains(f.Tag.Get("json"), "omitempty") {
				t.Errorf("%s.%s may be null", r, f.Name)
			}
		}
	}
}

// generator turns Go types into TypeScript. A type keeps its name; a type of another package whose name is taken gets
// its package's name as a prefix.
type generator struct {
	t       *testing.T
	docs    map[string]string   // by package.Type, and package.Type.Field
	values  map[string][]string // of a string type, in the order of the source
	emitted map[string]string
}

// parse reads the doc comments and the constants of a package.
func (g *generator) parse(folder string) {
	g.t.Helper()
	files, err := filepath.Glob(filepath.Join(folder, "*.go"))
	if err != nil || len(files) == 0 {
		g.t.Fatalf("%s: no Go files: %v", folder, err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments)
		if err != nil {
			g.t.Fatal(err)
		}
		for _, d := range f.Decls {
			if gen, ok := d.(*ast.GenDecl); ok {
				for _, s := range gen.Specs {
					g.spec(f.Name.Name, gen, s)
				}
			}
		}
	}
}

func (g *generator) spec(pkg string, d *ast.GenDecl, s ast.Spec) {
	switch s := s.(type) {
	case *ast.TypeSpec:
		key := pkg + "." + s.Name.Name
		doc := d.Doc
		if s.Doc != nil {
			doc = s.Doc
		}
		g.docs[key] = strings.Join(strings.Fields(doc.Text()), " ")
		fields, ok := s.Type.(*ast.StructType)
		if !ok {
			return
		}
		for _, f := range fields.Fields.List {
			text := f.Comment.Text()
			if text == "" {
				text = f.Doc.Text()
			}
			for _, n := range f.Names {
				g.docs[key+"."+n.Name] = strings.Join(strings.Fields(text), " ")
			}
		}
	case *ast.ValueSpec:
		kind, ok := s.Type.(*ast.Ident)
		if !ok || d.Tok != token.CONST {
			return
		}
		for _, v := range s.Values {
			l, ok := v.(*ast.BasicLit)
			if !ok {
				g.t.Fatalf("a constant of %s.%s is not written as a literal", pkg, kind.Name)
			}
			if text, err := strconv.Unquote(l.Value); err == nil {
				g.values[pkg+"."+kind.Name] = append(g.values[pkg+"."+kind.Name], text)
			}
		}
	}
}

// add emits a named type, and returns its name.
func (g *generator) add(r reflect.Type) string {
	pkg := r.PkgPath()[strings.LastIndex(r.PkgPath(), "/")+1:]
	key, name := pkg+"."+r.Name(), r.Name()
	if pkg == "errorreport" {
		name = "Report" + strings.TrimPrefix(name, "Report")
		if name == "Report" {
			name = "ReportContents"
		}
	}
	if _, done := g.emitted[name]; done {
		return name
	}
	g.emitted[name] = ""
	text := ""
	if doc := g.docs[key]; doc != "" {
		text = "/** " + doc + " */\n"
	}
	if r.Kind() == reflect.String {
		if len(g.values[key]) == 0 {
			g.t.Fatalf("%s has no constants", key)
		}
		text += "export type " + name + " ="
		for _, v := range g.values[key] {
			text += fmt.Sprintf("\n  | '%s'", v)
		}
		g.emitted[name] = text + "\n"
		return name
	}
	text += "export interface " + name + " {\n"
	for i := range r.NumField() {
		f := r.Field(i)
		tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if tag == "-" || !f.IsExported() {
			continue
		}
		if tag == "" {
			g.t.Fatalf("%s.%s has no JSON name", key, f.Name)
		}
		if strings.Contains(options, "omitempty") {
			tag += "?"
		}
		line := fmt.Sprintf("  %s: %s", tag, g.of(f.Type))
		if doc := g.docs[key+"."+f.Name]; doc != "" {
			line += " // " + doc
		}
		text += line + "\n"
	}
	g.emitted[name] = text + "}\n"
	return name
}

// of returns a type in TypeScript.
func (g *generator) of(r reflect.Type) string {
	switch r.Kind() {
	case reflect.Bool:
		return "boolean"
	case reflect.Int, reflect.Int64:
		return "number"
	case reflect.String:
		if r.PkgPath() == "" || r == reflect.TypeFor[failure.Code]() { // failures.ts has the codes
			return "string"
		}
		return g.add(r)
	case reflect.Slice:
		return g.of(r.Elem()) + "[]"
	case reflect.Map:
		return "Record<" + g.of(r.Key()) + ", " + g.of(r.Elem()) + ">"
	case reflect.Pointer:
		return g.of(r.Elem())
	case reflect.Struct:
		if r == reflect.TypeFor[time.Time]() {
			return "string"
		}
		return g.add(r)
	}
	g.t.Fatalf("no TypeScript for %s", r)
	return ""
}
